#!/bin/sh
# Holds one program for Drover: follows `in` into its stdin, appends what it says to `out` and
# `err`, and writes how it ended to `exit`. It needs no daemon.
#
# usage: holder.sh RUN_FOLDER FIRST_RING PROGRAM [ARG...]
#
# A ring is a line in the FIFO `bell`: r (a little came), c (much came), q (no more will come).
# Whoever rings q makes the file `end` first, or `exit`, for rings before there is a bell are lost.
#
# Only the feeder has variables, for a variable of ours could be one of the program's environment.

# Signals for the program reach its whole group; whoever must outlive them catches them. A caught
# signal is back to its default in the program, an ignored one would not be.
trap : HUP INT QUIT TERM

# The claim. Whoever makes this file first decides: we go on, or the daemon that gave us up.
set -C
{ echo "$$" >"$1/holder"; } 2>/dev/null || exit 75
set +C

# A part of the pipeline has no trap of its own until it has set one: what comes before must be
# ignored, not caught, or a TERM kills the part that is to write `exit`. The mark `stop` tells of it.
trap '' HUP INT QUIT TERM

{
  run=$1 ring=$2
  [ -p "$run/bell" ] || PATH=/usr/bin:/bin:$PATH mkfifo -m 600 "$run/bell"
  exec 3<"$run/in" 4<>"$run/bell"
  while :; do
    [ -e "$run/end" ] || [ -e "$run/exit" ] && ring=q
    case $ring in
    r)
      # The shell's own read costs no process. It stops at the end of the file; a piece of a
      # line is passed on as it is.
      while IFS= read -r line <&3; do printf '%s\n' "$line"; done
      printf %s "$line"
      ;;
    *) PATH=/usr/bin:/bin:$PATH cat <&3 ;;
    esac
    [ "$ring" = q ] && exit
    read -r ring <&4
  done
} | {
  trap : HUP INT QUIT TERM
  # In a subshell, so that what the shell has to say of a death does not go to `err`. A TERM that
  # came before it was there is lost on it, so whoever sends one makes the file `stop` first.
  ([ -e "$1/stop" ] && exit 143; exec >>"$1/out" 2>>"$1/err" && shift 2 && exec "$@")
  set -- "$1" "$?"
  umask 077
  # Its program is over, so there may be variables. Where `kills` names a file that counts whom the system
  # ended for want of memory, what it says now is part of the record, for soon nobody can ask any more.
  if [ "$2" != 0 ] && [ -r "$1/kills" ] && read -r file <"$1/kills"; then
    while read -r name count; do
      [ "$name" = oom_kill ] && [ "$count" != 0 ] && echo "$count" >"$1/oom"
    done <"$file"
  fi
  # Where the holder itself was killed, its feeder may have been too, and what its program did then is
  # no ending of its own. Only Linux tells.
  if { read -r _ _ state _ <"/proc/$$/stat" && [ "$state" != Z ]; } 2>/dev/null || ! [ -d /proc/self ]; then
    echo "$2" >"$1/exit"
  fi
  echo q 1<>"$1/bell"
}
