# Run as an agent's user inside of somebody's container, as `sh -c`: tells how a run stands, carries
# what its program says out, from an offset on, and its input in. Any number of these may come one
# after the other, or at once: each byte has one place.
#
# usage: courier.sh RUN_FOLDER look|claim|carry OUT_OFFSET ERR_OFFSET IN_END
#
# First it says `drover gone`, or `drover PID START_TIME alive|dead IN OUT ERR EXIT OOM CLAIM`, sizes in
# bytes and - for what is not there. For claim it takes away first what did not begin. To carry means:
# what is in `out` and `err` goes to its own output and error, also what comes yet, until the holder is
# gone; its input goes to the end of `in`. Where it ends at IN_END, no more will come; where before
# that, whoever gave it is gone, and so is the courier.
run=$1 order=$2 out=$3 err=$4 end=$5
umask 077
PATH=$PATH:/usr/local/bin:/usr/bin:/bin LC_ALL=C
exec 3<&0 8>&2 2>/dev/null
# A shell on its way up may be yet to make it.
if [ "$order" = claim ] && ! [ -d "$run" ]; then
  umask 066
  mkdir -p -m 700 "$run"
  umask 077
fi
cd "$run" || {
  echo 'drover gone'
  exit
}
[ "$order" != claim ] || (set -C && echo none >holder)
size() {
  stat -c %s "$1" || wc -c <"$1"
}
# Its end is the holder's, however that came.
exec 4<>life 5<life 4>&-
alive=dead
if read -r pid start <pid && read -r line <"/proc/$pid/stat"; then
  set -- ${line##*) }
  case $1:${20} in
  [ZX]:*) ;;
  *:"$start") alive=alive ;;
  esac
fi
read -r exit <exit || exit=-
read -r claim <holder || claim=-
[ -e oom ] && oom=oom || oom=-
in=$(size in)
echo "drover ${pid:--} ${start:--} $alive ${in:-0} $(size out) $(size err) $exit $oom $claim"
[ "$order" = carry ] || exit
if [ "$alive" = dead ]; then
  tail -c "+$((out + 1))" out
  tail -c "+$((err + 1))" err >&8
  exit
fi

# That of coreutils is told by the system of what comes; on layered file systems it looks itself, as
# often as it is bid. That of busybox looks once a second, whatever it is bid.
if tail --version >/dev/null; then
  often='-s 0.1' seldom='-s 0.5'
else
  often='' seldom=''
fi
tail -c "+$((out + 1))" $often -f out </dev/null 8>&- &
tail -c "+$((err + 1))" $seldom -f err </dev/null >&8 8>&- &
{
  while read -r _ <&5; do :; done
  kill -KILL 0
} &
# Every piece is written at its place, not at the end: a courier that was given up may still write
# the same bytes.
exec 6<>in
dd bs=1 skip="$in" count=0 <&6
while said=$(dd bs=65536 count=1 <&3 2>&1 >&6); do
  case $said in
  0+0*) break ;;
  esac
  echo c 1<>bell
done
if [ -n "$end" ] && [ "$(size in)" -ge "$end" ]; then
  : >end
  echo q 1<>bell
  wait
fi
kill -KILL 0
