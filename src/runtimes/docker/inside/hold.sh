#!/bin/sh
# Begins a run inside of somebody's container, and holds it: in a session of its own, since an engine
# gives each program that it runs there one. It needs no daemon, no engine, and nobody who listens.
#
# usage: hold.sh RUN_FOLDER ENV_FILE
#
# Its input says what to run, one thing a line: d FOLDER to start in, e NAME=VALUE to export, a ARG for
# the next argument, + TEXT for one more line of the last of these, go. Before it come the container's
# own environment, /etc/profile, ~/.ssh/environment and ENV_FILE, which may be empty; it wins. The
# variables' names are among those that callers can't use.
#
# Says `up PID START_TIME`, or `no-folder`, or nothing. As long as it lives it holds the FIFO `life` open.
trap : HUP INT QUIT TERM
drover_run=$1 drover_file=$2
exec 3<&0 </dev/null
PATH=${PATH:-/usr/local/bin:/usr/bin:/bin}
export PATH
trap '[ "$?" = 72 ] && echo no-folder' EXIT
# A profile may end its shell, so it has one of its own, from which comes what it exports and its mask.
# Where it sets HOME or PATH, it may.
if [ -r /etc/profile ]; then
  : >"$drover_run/login"
  (. /etc/profile && { export -p && printf 'umask ' && umask; } >"$drover_run/login") </dev/null >/dev/null 2>&1 &&
    . "$drover_run/login"
  : >"$drover_run/login"
fi

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

. "$drover_run/read-launch.sh"
trap - EXIT
# Programs that the system ended here for want of memory.
drover_count() {
  for drover_text in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
    while read -r drover_kind drover_killed; do
      [ "$drover_kind" = oom_kill ] && return
    done <"$drover_text"
  done
  drover_killed=0
}
{
  drover_count
  drover_before=$drover_killed
  read -r drover_line <"/proc/$$/stat"
} 2>/dev/null
drover_line=${drover_line##*) }
drover_field=3
while [ "$drover_field" -lt 22 ]; do
  drover_line=${drover_line#* } drover_field=$((drover_field + 1))
done
exec 9<>"$drover_run/life"
echo "$$ ${drover_line%% *}" >"$drover_run/pid" || exit
echo "up $$ ${drover_line%% *}"
exec >/dev/null 2>&1
# Its input is empty yet, and what comes is rung for; what rings too early is found by the first look.
/bin/sh "$drover_run/holder.sh" "$drover_run" r "$@" 9>&-
read -r drover_line <"$drover_run/exit"
if [ "$drover_line" = 137 ] && drover_count && [ "$drover_killed" != "$drover_before" ]; then
  : >"$drover_run/oom"
fi
