#!/bin/sh
# A client of tmux that ends with its daemon. Left to itself, one that still has something to say to
# a daemon that is dead stays for ever, and its terminal keeps its size, or takes no more output.
#
# usage: client.sh TMUX [ARG...], with an input of its own as 3 that ends with the daemon
exec 4<&0
"$@" <&4 3<&- 4<&- &
exec </dev/null >/dev/null 2>&1 4<&-
read -r _ <&3
# Nobody has waited for it, so this number is still its own.
kill -KILL "$!"
