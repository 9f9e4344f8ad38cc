#!/bin/sh
# First process of an agent's own container: begins the run whose folder is given, holds it, and
# ends with it, and with it all that is left inside. It needs no daemon and no engine.
#
# usage: /bin/sh entry.sh RUN_FOLDER HOLDER ENV_FILE
#
# RUN_FOLDER/launch says what to run, one thing a line: d FOLDER to start in, e NAME=VALUE to export,
# a ARG for the next argument, + TEXT for one more line of the last of these, go. It is removed, for
# it may hold secrets. Before it come the image's own environment, /etc/profile, ~/.ssh/environment
# and ENV_FILE, which may be empty; it wins. The variables' names are among those that callers can't use.
#
# TERM ends everything inside, gently; USR1 at once, and that is then the ending on record.
#
# It ends with 70 where it can't write to the folder, with 71 where nothing says what to run, and with
# 72 where the folder to start in is not there.
umask 077
drover_run=$1 drover_holder=$2 drover_file=$3 drover_killed=''
[ -w "$drover_run" ] && [ -w "$drover_run/out" ] || exit 70
exec 3<"$drover_run/launch" || exit 71
PATH=${PATH:-/usr/local/bin:/usr/bin:/bin}
rm -f -- "$drover_run/launch"
USER=$(id -un 2>/dev/null) || USER=agent
LOGNAME=$USER
export USER LOGNAME PATH

. "${0%/*}/read-launch.sh"

trap 'kill -TERM -1' TERM
trap 'drover_killed=1; kill -KILL -1' USR1
/bin/sh "$drover_holder" "$drover_run" c "$@" </dev/null >/dev/null 2>&1 &
# A signal ends a wait early.
while kill -0 "$!" 2>/dev/null; do
  wait "$!"
done
# The holder was killed with the rest: then nobody else can tell.
if [ -n "$drover_killed" ] && ! [ -s "$drover_run/exit" ]; then
  echo 137 >"$drover_run/exit"
fi
