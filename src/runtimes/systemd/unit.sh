#!/bin/sh
# The main process of a run's unit: writes down who and where it is, then becomes the holder, with
# nothing of the manager's environment.
#
# usage: unit.sh BECOME_SCRIPT RUN_FOLDER
(
  umask 077
  {
    echo "$$ $INVOCATION_ID"
    for file in "/proc/$$/stat" "/proc/$$/cgroup"; do
      while IFS= read -r line; do printf '%s\n' "$line"; done <"$file"
    done
  } >"$2/unit"
) || exit 75
exec /usr/bin/env -i /bin/sh "$1" "$2/launch"
