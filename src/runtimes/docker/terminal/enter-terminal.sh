#!/bin/sh
# First process of a pane in a container: reads what its run's `launch` says, and becomes what holds
# the program. The environment and the arguments never go through tmux, which has bounds for them.
#
# usage: enter-terminal.sh READ_LAUNCH RUN_FOLDER TERMINAL TMUX SOCKET TARGET UNSET
umask 077
drover_run=$2 drover_terminal=$3 drover_tmux=$4 drover_socket=$5 drover_target=$6 drover_unset=$7
exec 3<"$drover_run/launch" || exit 71
unset DROVER_TERM
. "$1"
: >"$drover_run/launch"
exec /bin/sh "$drover_terminal" "$drover_run" "$drover_tmux" "$drover_socket" "$drover_target" \
  "$PWD" "$drover_unset" "$@"
