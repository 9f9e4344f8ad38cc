# Run as an agent's user inside of somebody's container, as `sh -c`: writes the files that it is told of
# on its input, and becomes the shell that holds the run (`hold.sh`), which reads on there. What is cut
# off begins nothing.
#
# usage: begin.sh RUN_FOLDER ENV_FILE HOLD_SCRIPT READ_SCRIPT HOLDER_SCRIPT FOLDER...
#
# RUN_FOLDER and each FOLDER are made where they are not there, as `prepare.sh` makes them, as far as
# their user may. The scripts are given whole, for a shell reads its input byte by byte.
#
# A line each: f FILE to write, t TEXT that it has, + TEXT for one more line of that, then go. Says
# `unmade FILE` where one can't be written. It is on the way to a program's first word, so it asks
# for few other programs.
PATH=$PATH:/usr/local/bin:/usr/bin:/bin
fail() {
  printf 'unmade %s\n' "$1"
  exit
}
for program in cat dd mkdir mkfifo rm tail tr; do
  command -v "$program" >/dev/null 2>&1 || fail "$program"
done
run=$1 login=$2 hold=$3 read=$4 holder=$5
shift 5
set -- "$run" "$@"
for file in "$@"; do
  shift
  [ -d "$file" ] || set -- "$@" "$file"
done
# Those above them may be passed through.
[ $# = 0 ] || (umask 066 && exec mkdir -p -m 700 "$@") 2>/dev/null || fail "$1"
cd "$run" 2>/dev/null || fail "$run"
{ umask >umask && read -r usual <umask; } 2>/dev/null || fail "$run"
umask 077
{ printf %s "$hold" >hold.sh && printf %s "$read" >read-launch.sh && printf %s "$holder" >holder.sh; } 2>/dev/null || fail "$run"
file=''
while IFS= read -r line; do
  text=${line#?}
  case $line in
  f*)
    file=$text
    # Somebody may have put a link there.
    ! [ -e "$file" ] && ! [ -L "$file" ] || rm -f "$file" 2>/dev/null
    [ -d "${file%/*}" ] || mkdir -p "${file%/*}" 2>/dev/null
    { exec 5>"$file"; } 2>/dev/null || fail "$file"
    ;;
  t*) printf %s "$text" >&5 ;;
  +*) printf '\n%s' "$text" >&5 ;;
  go) break ;;
  esac
done
[ "$line" = go ] || exit
exec 5>&-
: >in && : >out && : >err && mkfifo -m 600 bell life || fail "$run"
cd /
umask "$usual"
exec /bin/sh "$run/hold.sh" "$run" "$login"
