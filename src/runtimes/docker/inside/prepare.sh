# Run as root inside of somebody's container, as `sh -c`: finds the user that programs are to run as,
# and makes what is to be that user's own. Changes nothing that is there already.
#
# usage: prepare.sh USER HOME WORK_FOLDER FOLDER...
#
# HOME is for a user that has none; it and each FOLDER are made where they are not there, open to their
# user alone; those above them may be passed through. WORK_FOLDER has to be there.
#
# Says `user UID GID NAME`, `home FOLDER` and `ready`, or one line that tells what is wrong: `missing
# PROGRAM...`, `no-user`, `no-folder FOLDER`, `unmade FOLDER`.
user=$1 spare=$2 work=$3
shift 3
umask 077
PATH=$PATH:/usr/local/bin:/usr/bin:/bin
fail() {
  printf '%s\n' "$*"
  exit
}
missing=''
for program in cat chown dd mkdir mkfifo rm rmdir tail tr; do
  command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
done
[ -z "$missing" ] || fail "missing$missing"

wanted=${user%%:*} uid='' gid='' name='' home=''
while IFS=: read -r each _ number group _ folder _; do
  if [ "$each" = "$wanted" ] || { [ -z "$uid" ] && [ "$number" = "$wanted" ]; }; then
    uid=$number gid=$group name=$each home=$folder
    [ "$each" = "$wanted" ] && break
  fi
done 2>/dev/null </etc/passwd
case $uid$wanted in
*[!0-9]*) [ -n "$uid" ] || fail no-user ;;
*) [ -n "$uid" ] || uid=$wanted gid=0 name=$wanted ;;
esac
case $user in
*:*[!0-9]*)
  while IFS=: read -r each _ number _; do
    [ "$each" = "${user#*:}" ] && gid=$number
  done 2>/dev/null </etc/group
  ;;
*:*) gid=${user#*:} ;;
esac

make() {
  [ -d "$1" ] && return
  above "${1%/*}"
  mkdir -m 700 "$1" 2>/dev/null && chown -h "$uid:$gid" "$1" || [ -d "$1" ] || fail "unmade $1"
}
above() {
  [ -z "$1" ] || [ -d "$1" ] && return
  above "${1%/*}"
  mkdir -m 711 "$1" 2>/dev/null || [ -d "$1" ] || fail "unmade $1"
}
for folder in "$@"; do
  make "$folder"
done
if [ -z "$home" ] || ! [ -d "$home" ]; then
  make "$spare"
  home=$spare
fi
[ -d "$work" ] || fail "no-folder $work"
printf 'user %s %s %s\nhome %s\nready\n' "$uid" "$gid" "$name" "$home"
