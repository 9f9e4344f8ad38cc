# Run as an agent's user inside of somebody's container, as `sh -c`: finds what belongs to a run, by the
# mark that it carries and by its session, and by nothing else.
#
# usage: end-run.sh list INSTANCE
#        end-run.sh term|kill|all RUN_FOLDER RUN_ID PID START_TIME
#        end-run.sh alive PID START_TIME
#
# alive says whether that process lives, `alive` or `dead`. list says `found PID RUN COMMAND` for each process of a home. term sends TERM to all of the run; kill sends
# KILL, and spares the shells that hold it, for they record the ending; all spares nobody. Says how many
# were left, `left COUNT`.
order=$1
PATH=$PATH:/usr/local/bin:/usr/bin:/bin
exec 2>/dev/null
newline='
'
# Processes that have this line in their environment.
marked() {
  if printf 'a\0b\0' | grep -qzxF b; then
    grep -lzxF "$1" /proc/[0-9]*/environ
  else
    for each in /proc/[0-9]*; do
      case $newline$(tr '\0' '\n' <"$each/environ")$newline in
      *"$newline$1$newline"*) echo "$each/environ" ;;
      esac
    done
  fi
}
if [ "$order" = list ]; then
  for file in $(marked "DROVER_INSTANCE=$2"); do
    folder=${file%/environ}
    read -r name <"$folder/comm" && tr '\0' '\n' <"$file" | while IFS= read -r line; do
      case $line in
      DROVER_RUN=*) echo "found ${folder#/proc/} ${line#*=} $name" ;;
      esac
    done
  done
  exit
fi

if [ "$order" = alive ]; then
  started=$3
  read -r line <"/proc/$2/stat" && set -- ${line##*) }
  [ "${20}" = "$started" ] && [ "$1" != Z ] && echo alive || echo dead
  exit
fi

run=$2 id=$3 pid=$4 start=$5
is_holder() {
  case $(tr '\0' ' ' <"/proc/$1/cmdline") in
  *"/hold.sh $run "* | *"/holder.sh $run "*) return 0 ;;
  esac
  return 1
}
# Of its session as long as its leader lives: later the number may be somebody else's.
members() {
  read -r line <"/proc/$pid/stat" && set -- ${line##*) } && [ "${20}" = "$start" ] || return
  for each in /proc/[0-9]*; do
    read -r line <"$each/stat" && set -- ${line##*) }
    [ "$4" = "$pid" ] && [ "$1" != Z ] && echo "${each#/proc/}"
  done
}
targets() {
  {
    members
    marked "DROVER_RUN=$id" | while read -r file; do
      file=${file%/environ}
      echo "${file#/proc/}"
    done
  } | while read -r each; do
    [ "$order" = kill ] && is_holder "$each" || echo "$each"
  done
}
if [ "$order" = term ]; then
  : >"$run/stop"
  for each in $(targets); do
    kill -TERM "$each"
  done
  exit
fi
round=0 left=''
while [ "$round" -lt 20 ]; do
  left=$(targets)
  [ -n "$left" ] || break
  for each in $left; do
    kill -KILL "$each"
  done
  round=$((round + 1))
done
set -- $left
echo "left $#"
