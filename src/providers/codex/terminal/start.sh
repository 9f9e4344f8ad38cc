#!/bin/sh
# Starts Codex at a terminal, and beside it who notes when it is up: Codex has no hook for that, but
# touches a file of the thread once it can be typed to.
# usage: start.sh NODE NOTE_PROGRAM FOLDER DATA PROGRAM [ARGUMENT...]
# DATA is noted with that; `gone`: its session is, and so nothing is started.
node=$1 note=$2 folder=$3 data=$4
shift 4
if [ "$data" = gone ]; then
  echo '{}' | "$node" "$note" note SessionGone
  exit 1
fi
: >"$DROVER_RUN_FOLDER/up"
("$node" "$note" await "$folder" "$data" </dev/null >/dev/null 2>&1 &)
exec "$@"
