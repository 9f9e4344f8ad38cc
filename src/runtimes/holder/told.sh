#!/bin/sh
# Becomes what a file says, with that environment and no other.
#
# usage: env -i /bin/sh told.sh FILE
#
# The file holds one thing a line: d FOLDER to start in, e NAME=VALUE to export, a ARG for the next
# argument, then go. A line that begins with + is the beginning of the next one, a newline between
# them. The file is removed: it may hold secrets. The two variables' names are among those callers
# can't use.
exec 0<"$1" || exit 75
PATH=/usr/bin:/bin rm -f -- "$1"
shift
while IFS= read -r drover_line; do
  case $drover_line in
  +*)
    drover_text=$drover_text${drover_line#+}'
'
    continue
    ;;
  d*)
    cd "$drover_text${drover_line#d}" || exit 75
    # Where the unit was is nobody's matter.
    unset OLDPWD
    ;;
  e*) export "$drover_text${drover_line#e}" ;;
  a*) set -- "$@" "$drover_text${drover_line#a}" ;;
  go) exec /bin/sh "$@" </dev/null ;;
  esac
  drover_text=
done
exit 75
