#!/bin/sh
# Becomes what a file says, with that environment and no other.
#
# usage: env -i /bin/sh become.sh FILE
#
# The file says one thing a line: d FOLDER to start in, e NAME=VALUE to export, a ARG for the next
# argument, + TEXT for one more line of the last of these, go. It is removed, for it may hold secrets.
# The variables' names are among those that callers can't use.
exec 3<"$1" || exit 75
PATH=/usr/bin:/bin rm -f -- "$1"
set --
drover_kind='' drover_text='' drover_newline='
'
while IFS= read -r drover_line <&3; do
  case $drover_line in
  +*)
    drover_text=$drover_text$drover_newline${drover_line#+}
    continue
    ;;
  esac
  case $drover_kind in
  d) cd "$drover_text" || exit 75 ;;
  e) export "$drover_text" ;;
  a) set -- "$@" "$drover_text" ;;
  esac
  drover_kind=${drover_line%"${drover_line#?}"} drover_text=${drover_line#?}
  [ "$drover_line" = go ] && break
done
[ "$drover_line" = go ] || exit 75
exec 3<&-
# Where the unit was is nobody's matter.
unset OLDPWD
exec /bin/sh "$@" </dev/null
