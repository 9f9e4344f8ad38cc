#!/bin/sh
# Runs when a run's unit is over, whatever ended it: writes down what systemd knows of that, for the
# unit itself is soon forgotten.
#
# usage: ended.sh RUN_FOLDER
PATH=/usr/bin:/bin
umask 077

# A name and a value a line; of memory what its group counted, for systemd does not always say.
{
  echo "result $SERVICE_RESULT"
  echo "code $EXIT_CODE"
  echo "status $EXIT_STATUS"
  echo "invocation $INVOCATION_ID"
  while IFS=: read -r id names group; do
    case $names in
    '')
      cd "/sys/fs/cgroup$group" || continue
      cat memory.events && echo "max $(cat memory.max)"
      ;;
    memory)
      cd "/sys/fs/cgroup/memory$group" || continue
      cat memory.oom_control
      echo "oom $(cat memory.failcnt)"
      echo "max $(cat memory.limit_in_bytes)"
      ;;
    esac
  done </proc/self/cgroup 2>/dev/null
} >"$1/ended.new" && mv -f "$1/ended.new" "$1/ended"

# The holder writes the ending. One that was killed could not, and its program was killed with it.
case $EXIT_CODE in killed | dumped) ;; *) exit ;; esac
[ -s "$1/exit" ] && exit
read -r main rest <"$1/unit" && read -r holder <"$1/holder" && [ "$main" = "$holder" ] || exit
case $EXIT_STATUS in
HUP) echo 129 ;;
INT) echo 130 ;;
QUIT) echo 131 ;;
ABRT) echo 134 ;;
SEGV) echo 139 ;;
TERM) echo 143 ;;
*) echo 137 ;;
esac >"$1/exit"
