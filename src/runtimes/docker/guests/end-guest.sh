#!/bin/sh
# Sends a signal to all that a guest started in its container. What holds it is spared, for that
# records the end; with `all` nothing is, and its session goes.
#
# usage: end-guest.sh SOCKET GUEST SIGNAL [all]
exec 2>/dev/null
[ "$4" != all ] || tmux -S "$1" kill-session -t "=$2"
for each in /proc/[0-9]*; do
  grep -qsF -e "DROVER_RUN=$2" "$each/environ" || continue
  line=''
  IFS= read -r line <"$each/cmdline"
  case "$4 $line" in
  ' '*/terminal.sh*"/guests/$2"*) ;;
  *) kill -s "$3" "${each##*/}" ;;
  esac
done
exit 0
