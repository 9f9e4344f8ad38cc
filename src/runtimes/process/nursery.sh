#!/bin/sh
# Makes shells that wait to become holders (spare.sh), each in a session of its own. It is small, so
# a fork of it costs nearly nothing, where one of the daemon takes as long as all else of a start.
#
# usage: nursery.sh FOLDER SPARE_SCRIPT
#
# A line is the numbers of the next spares; each is told what to become over the FIFO of its number.
# When the input ends, so has the daemon: those that still wait are sent away, and the folder goes.
cd "$1" || exit 75
while read -r numbers; do
  # shellcheck disable=SC2086
  mkfifo -m 600 $numbers || break
  for number in $numbers; do setsid -f /bin/sh "$2" "$1/$number" || break 2; done
done
for bell in *; do [ -p "$bell" ] && printf '\nend\n' 1<>"$bell"; done
cd / && rm -rf -- "$1"
