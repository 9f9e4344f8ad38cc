# Run as an agent's user inside of somebody's container, as `sh -c`: writes the files that it is told of
# on its input, and becomes the shell that holds the run (`hold.sh`), which reads on there. What is cut
# off begins nothing.
#
# usage: begin.sh RUN_FOLDER ENV_FILE
#
# A line each: f FILE to write, t TEXT that it has, + TEXT for one more line of that, then go. Says
# `unmade FILE` where one can't be written.
usual=$(umask)
umask 077
PATH=$PATH:/usr/local/bin:/usr/bin:/bin
fail() {
  printf 'unmade %s\n' "$1"
  exit
}
cd "$1" 2>/dev/null || fail "$1"
file=''
while IFS= read -r line; do
  text=${line#?}
  case $line in
  f*)
    file=$text
    # Somebody may have put a link there.
    rm -f "$file" 2>/dev/null
    mkdir -p "${file%/*}" 2>/dev/null
    { exec 5>"$file"; } 2>/dev/null || fail "$file"
    ;;
  t*) printf %s "$text" >&5 ;;
  +*) printf '\n%s' "$text" >&5 ;;
  go) break ;;
  esac
done
[ "$line" = go ] || exit
exec 5>&-
: >in && : >out && : >err && mkfifo -m 600 bell life || fail "$1"
cd /
umask "$usual"
exec /bin/sh "$1/hold.sh" "$1" "$2"
