#!/bin/sh
# Waits to become a holder. A shell that is there already costs a start neither a fork of the
# daemon nor a wait; and it ends by itself when the daemon does, for then its input ends.
#
# It is told one thing a line: d FOLDER to start in, u NAME to unset, e NAME=VALUE to export,
# a ARG for the next argument, go. The one variable's name is among those callers can't use.
while IFS= read -r drover_line; do
  case $drover_line in
  d*) cd "${drover_line#d}" || exit 75 ;;
  u*) unset "${drover_line#u}" ;;
  e*) export "${drover_line#e}" ;;
  a*) set -- "$@" "${drover_line#a}" ;;
  go) exec /bin/sh "$@" </dev/null ;;
  esac
done
exit 75
