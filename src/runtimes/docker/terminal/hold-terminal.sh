# shellcheck shell=sh
# The part of entry.sh for a program at a terminal; to be read in by `.`. Runs a tmux server of the
# container's own by RUN_FOLDER/tmux.conf, and ends with it, once how the program ended is on record.
#
# It ends with 75 where there is no tmux, and with 74 where there is no place for its socket.
#
# usage: . hold-terminal.sh, with drover_run and drover_sockets set
drover_tmux=$(command -v tmux) || exit 75
rm -rf -- "$drover_sockets"
mkdir -m 700 "$drover_sockets" || exit 74

. "${0%/*}/terminal/choose-term.sh"

# Of one process: its parent, and its command line without what is between the words.
look() {
  drover_pid=${1##*/} drover_parent='' drover_line=''
  while read -r drover_key drover_value _; do
    [ "$drover_key" = PPid: ] && drover_parent=$drover_value && break
  done <"$1/status"
  IFS= read -r drover_line <"$1/cmdline"
}

# Sends a signal to the program and all it started, wherever that went. Spared are those who have its
# last words in hand and record its end: the server, what it started itself, and what holds the
# program. So are others that came from outside.
strike() {
  drover_ours=" 1 $drover_server " drover_holders=' '
  for drover_each in /proc/[0-9]*; do
    look "$drover_each"
    [ "$drover_parent" = "$drover_server" ] && drover_ours="$drover_ours$drover_pid "
    case $drover_line in
    */terminal.sh"$drover_run"*) drover_holders="$drover_holders$drover_pid " ;;
    esac
  done
  for drover_each in /proc/[0-9]*; do
    look "$drover_each"
    case "$drover_ours$drover_holders" in *" $drover_pid "*) continue ;; esac
    [ "$drover_parent" = 0 ] && continue
    case $drover_holders in
    *" $drover_parent "*) ;;
    *) case "${drover_ours#" 1"}" in *" $drover_parent "*) continue ;; esac ;;
    esac
    kill -s "$1" "$drover_pid"
  done
} 2>/dev/null

drover_server=-1
trap 'strike TERM' TERM
trap 'drover_killed=1; strike KILL' USR1
"$drover_tmux" -D -u -S "$drover_sockets/tmux" -f "$drover_run/tmux.conf" </dev/null >/dev/null 2>&1 &
drover_server=$!
# It reads the file once a client comes, and listens in a moment.
drover_count=0
until "$drover_tmux" -N -S "$drover_sockets/tmux" start-server </dev/null >/dev/null 2>&1; do
  drover_count=$((drover_count + 1))
  [ "$drover_count" -lt 500 ] && kill -0 "$drover_server" 2>/dev/null || break
  sleep 0.01 2>/dev/null || sleep 1
done
# A signal ends a wait early.
while kill -0 "$drover_server" 2>/dev/null; do
  wait "$drover_server"
done
# What it said last is on its way to the record.
drover_count=0
while [ -s "$drover_run/ended" ] && [ "$drover_count" -lt 60 ]; do
  drover_count=$((drover_count + 1))
  sleep 0.05 2>/dev/null || sleep 1
done
