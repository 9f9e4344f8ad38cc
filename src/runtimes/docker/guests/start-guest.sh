#!/bin/sh
# Brings a guest up at a terminal in a container that runs: on the one tmux server that guests share
# there, which ends with the last of them. Says the pane's process.
#
# usage: start-guest.sh CHOOSE_TERM SOCKET CONFIG GUEST
#
# It ends with 73 where there is no tmux, and with 74 where there is no place for its socket.
umask 077
command -v tmux >/dev/null 2>&1 || exit 73
mkdir -p -m 700 "${2%/*}" && [ -w "${2%/*}" ] || exit 74
. "$1"
exec tmux -u -S "$2" -f /dev/null start-server ';' source-file "$3" ';' \
  display-message -p -t "=$4:" '#{pane_pid}'
