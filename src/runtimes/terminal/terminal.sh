#!/bin/sh
# Holds one program for Drover at a terminal of tmux: it is the first process of its pane. The
# program has the terminal; the strokes in `in` are typed there, and how it ended is written to
# `exit`. It needs no daemon.
#
# usage: terminal.sh RUN_FOLDER TMUX SOCKET TARGET FOLDER UNSET PROGRAM [ARG...]
#
# UNSET are the names of variables that tmux has put there. What the program says comes to `out` by
# the pane's pipe, a `cat` that tmux starts before it reads the first byte.
#
# The bell tells what it does in holder.sh, and two things more: x, the program is over (in `ended` is
# how); z, all that came from the terminal is in `out`, and no more will come. Only then `ended` is
# made `exit`.
#
# Only the feeder has variables, for a variable of ours could be one of the program's environment.

# Our own words are nobody's output.
exec 2>/dev/null

# As in holder.sh: the program's group gets its signals, and we live on to tell how it ended.
trap : HUP INT QUIT TERM

# The claim. Whoever makes this file first decides: we go on, or the daemon that gave us up.
set -C
{ echo "$$" >"$1/holder"; } || exit 75
set +C

[ -p "$1/bell" ] || PATH=/usr/bin:/bin:$PATH mkfifo -m 600 "$1/bell"
# Open before there is a feeder: a ring that nobody has open is lost.
exec 4<>"$1/bell"

[ -z "${DROVER_SHELL+there}" ] || export SHELL="$DROVER_SHELL"
# shellcheck disable=SC2086
unset DROVER_SHELL TMUX TMUX_PANE $6
cd "$5" || exit 75
unset OLDPWD

trap '' HUP INT QUIT TERM
{
  # The same file for all: its place in the input is what was done. Sizes are bytes.
  run=$1 tmux=$2 socket=$3 target=$4
  set --
  PATH=/usr/bin:/bin:$PATH
  place=0 line='' header='' ended='' ring='' next=''
  exec 3<"$run/in"

  # Whether a record of so many bytes is whole; one that is not is finished by a later ring.
  is_there() { [ $((place + $1 + 1)) -le "$(wc -c <"$run/in")" ]; }

  # Its bytes, and the newline behind them.
  body() {
    [ "$1" = 0 ] || head -c "$1" <&3
    read -r _ <&3
  }

  type_in() { "$tmux" -S "$socket" load-buffer -b "$target" - ';' paste-buffer -d "$@" -b "$target" -t "=$target:" 3<&- 4<&-; }

  perform() {
    case $1 in
    paste) body "$2" | type_in -p ;;
    keys) body "$2" | type_in -r ;;
    pause) sleep "$(($2 / 1000)).$(printf %03d $(($2 % 1000)))" ;;
    answer)
      mkdir -p -m 700 "$run/answers"
      body "$3" >"$run/answers/.$2.new" && mv -f "$run/answers/.$2.new" "$run/answers/$2"
      # Open both ways, it never waits for who is to hear it.
      [ ! -p "$run/answers/$2.bell" ] || echo r 1<>"$run/answers/$2.bell"
      ;;
    esac
  }

  # Every record that is whole.
  feed() {
    while :; do
      if [ -z "$header" ]; then
        IFS= read -r part <&3 || { line=$line$part; return; }
        header=$line$part line=''
        place=$((place + ${#header} + 1))
      fi
      # shellcheck disable=SC2086
      set -- $header
      size=0
      case $1 in
      paste | keys) size=$2 ;;
      answer) size=$3 ;;
      esac
      [ "$1" = pause ] || is_there "$size" || return
      perform "$@"
      [ "$1" = pause ] || place=$((place + size + 1))
      header=''
    done
  }

  umask 077
  while [ "$ring" != z ]; do
    if [ "$ring" != x ]; then
      feed
      # The end of the input is a key, once.
      if [ -z "$ended" ] && [ -e "$run/end" ]; then
        ended=1
        printf '\004' | type_in -r
      fi
    fi
    read -r next <&4
    # What was rung before the program was over is no more to be done.
    [ "$ring" = x ] && [ "$next" != z ] || ring=$next
  done
  [ -e "$run/ended" ] && mv -f "$run/ended" "$run/exit"
} </dev/null >/dev/null &
trap : HUP INT QUIT TERM
exec 4<&-

# In a subshell, so that what the shell has to say of a death is not the program's. A TERM that came
# before it was there is lost on it, so whoever sends one makes the file `stop` first.
([ -e "$1/stop" ] && exit 143; exec 2>&1 && shift 6 && exec "$@")
set -- "$1" "$?"
# As in holder.sh: what the system ended for want of memory.
if [ "$2" = 137 ] && [ -r "$1/kills" ] && read -r file <"$1/kills"; then
  while read -r name count; do
    [ "$name" = oom_kill ] && [ "$count" != 0 ] && echo "$count" >"$1/oom"
  done <"$file"
fi
# A terminal that is gone took the program with it: that is no ending of its own.
[ -t 0 ] && { umask 077; echo "$2" >"$1/ended"; }
# The terminal is let go of before we go: at its end tmux has read all of it, where a death is told to
# tmux at once, and what the system still had in hand would be lost. The end comes to us as a HUP. One
# who was left behind may keep the terminal open; there we go all the same.
exec </dev/null >/dev/null
echo x 1<>"$1/bell"
PATH=/usr/bin:/bin:$PATH sleep 2 &
wait "$!"
kill "$!"
