#!/bin/sh
# First process of an agent's own container: begins the run whose folder is given, holds it, and
# ends with it, and with it all that is left inside. It needs no daemon and no engine.
#
# usage: /bin/sh entry.sh RUN_FOLDER HOLDER ENV_FILE [bare]
#
# RUN_FOLDER/launch says what to run, one thing a line: d FOLDER to start in, e NAME=VALUE to export,
# a ARG for the next argument, + TEXT for one more line of the last of these, go. It is emptied, for
# it may hold secrets. Before it come the image's own environment, /etc/profile, ~/.ssh/environment
# and ENV_FILE, which may be empty; it wins. With `bare` there is no /etc/profile.
# The variables' names are among those that callers can't use.
#
# TERM ends everything inside, gently; USR1 at once, and that is then the ending on record.
#
# Where RUN_FOLDER/tmux.conf is, the program has a terminal of tmux; see terminal/hold-terminal.sh.
#
# It ends with 70 where it can't write to the folder, with 71 where nothing says what to run, with 72
# where the folder to start in is not there, and with 73 where a program is missing that the holder needs.
drover_run=$1 drover_holder=$2 drover_file=$3 drover_killed=''
[ -w "$drover_run" ] && [ -w "$drover_run/out" ] || exit 70
[ -s "$drover_run/launch" ] || exit 71
# Whoever is to end before it has begun has ended by that.
trap 'trap - EXIT; echo 143 >"$drover_run/exit"; exit 143' TERM
drover_line=$PATH PATH=/usr/bin:/bin:$PATH
command -v cat >/dev/null 2>&1 && command -v mkfifo >/dev/null 2>&1 || exit 73
PATH=$drover_line
# Where the system counts what it ends in here for want of memory: the holder looks there at the end.
for drover_text in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
  [ -r "$drover_text" ] && echo "$drover_text" >"$drover_run/kills"
done

# Who we are, by the system's own lists: to ask a program takes longer.
drover_user=agent
while read -r drover_kind drover_text _; do
  [ "$drover_kind" = Uid: ] && break
done </proc/self/status
while IFS=: read -r drover_line _ drover_kind _; do
  [ "$drover_kind" = "$drover_text" ] && drover_user=$drover_line && break
done </etc/passwd
export USER="$drover_user" LOGNAME="$drover_user" PATH="${PATH:-/usr/local/bin:/usr/bin:/bin}"

# One that ends the shell is left out.
if [ -r /etc/profile ] && [ "$4" != bare ]; then
  trap 'trap - EXIT; exec /bin/sh "$0" "$1" "$2" "$3" bare' EXIT
  . /etc/profile </dev/null >/dev/null 2>&1
  trap - EXIT
fi
exec 3<"$drover_run/launch" || exit 71

# Lines of NAME=VALUE, as they stand; all others are passed over.
for drover_text in "$HOME/.ssh/environment" "$drover_file"; do
  [ -f "$drover_text" ] && [ -r "$drover_text" ] || continue
  while IFS= read -r drover_line || [ -n "$drover_line" ]; do
    case ${drover_line%%=*} in
    "$drover_line" | '' | [0-9]* | *[!A-Za-z0-9_]* | *UID | PPID | *OPTS) ;;
    *) export "$drover_line" ;;
    esac
  done <"$drover_text"
done

if [ -e "$drover_run/tmux.conf" ]; then
  exec 3<&-
  drover_sockets=/tmp/.drover-terminal
  . "${0%/*}/terminal/hold-terminal.sh"
else
  . "${0%/*}/read-launch.sh"
  : >"$drover_run/launch"
  trap 'kill -TERM -1' TERM
  trap 'drover_killed=1; kill -KILL -1' USR1
  /bin/sh "$drover_holder" "$drover_run" c "$@" </dev/null >/dev/null 2>&1 &
  # A signal ends a wait early.
  while kill -0 "$!" 2>/dev/null; do
    wait "$!"
  done
fi
# What holds the program was killed with the rest: then nobody else can tell.
if [ -n "$drover_killed" ] && ! [ -s "$drover_run/exit" ] && ! [ -s "$drover_run/ended" ]; then
  echo 137 >"$drover_run/exit"
fi
