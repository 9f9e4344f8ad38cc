#!/bin/sh
# Waits to become a holder. A shell that is there already costs a start no wait for one.
#
# usage: spare.sh FIFO
#
# It says its number and its FIFO once it can be told. It is told one thing a line: d FOLDER to start
# in, u NAME to unset, e NAME=VALUE to export, a ARG for the next argument, then go; or end. The one
# variable's name is among those callers can't use.
exec 0<>"$1" || exit 75
echo "$$ $1"
exec >/dev/null
shift
while IFS= read -r drover_line; do
  case $drover_line in
  d*)
    cd "${drover_line#d}" || exit 75
    # Where the daemon was is nobody's matter.
    unset OLDPWD
    ;;
  u*) unset "${drover_line#u}" ;;
  go) exec /bin/sh "$@" </dev/null ;;
  end) exit 75 ;;
  e*) export "${drover_line#e}" ;;
  a*) set -- "$@" "${drover_line#a}" ;;
  esac
done
exit 75
