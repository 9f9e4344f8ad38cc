#!/bin/sh
# What Claude Code calls at a terminal, a hook of Drover's. It needs no daemon: it notes what it was
# told, one line of JSON, and waits for an answer where one is due.
#
# usage: hook.sh KIND RUN_FOLDER     the hook's JSON comes by stdin
#
#   note   {"note": JSON}
#   ready  the same, with the size of the transcript; and a second line {"ready": true} once its
#          input is on the screen. It is to be called in the background.
#   watch  nothing; it is told to call `status` when its own record of its state changes
#   status {"idle": TIME}, Unix ms, where it does nothing since then, and that for a while
#   ask    {"ask": ID, "note": JSON}, and what comes to the file answers/ID is its answer; then
#          {"answered": ID}

exec 2>/dev/null
umask 077
PATH=/usr/bin:/bin:$PATH
kind=$1 run=$2

# One write of one process to a file that is open for appending: whole, whoever else appends.
append() {
  cat >"$run/.note.$$"
  dd bs="$(wc -c <"$run/.note.$$")" count=1 <"$run/.note.$$" >>"$run/notes"
  rm -f "$run/.note.$$"
}

# The hook's JSON as one line, behind these fields.
note() {
  { printf '{%s"note":' "$1"; printf %s "$told" | tr -d '\n'; echo '}'; } | append
}

# Since when it does nothing, Unix ms; nothing while it does something.
idle_since() { sed -n 's/.*"status":"idle".*"statusUpdatedAt":\([0-9]*\).*/\1/p' "$record"; }

told=$(cat)
# What it keeps of itself while it runs.
record=${CLAUDE_CONFIG_DIR:-$HOME/.claude}/sessions/$PPID.json
case $kind in
note) note '' ;;
ready)
  transcript=$(printf %s "$told" | sed -n 's/.*"transcript_path":"\([^"\\]*\)".*/\1/p')
  size=0
  [ ! -f "$transcript" ] || size=$(wc -c <"$transcript")
  note "\"size\":$((size)),"
  # It says `idle` there when it reads keys; before, a key is lost on it.
  tries=0
  until grep -q '"status":"idle"' "$record"; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] && kill -0 "$PPID" && sleep 0.1 || exit 0
  done
  echo '{"ready":true}' | append
  ;;
watch)
  case $record in
  *[\"\\]*) ;;
  *) printf '{"hookSpecificOutput":{"hookEventName":"SessionStart","watchPaths":["%s"]}}' "$record" ;;
  esac
  ;;
status)
  since=$(idle_since)
  [ -n "$since" ] && sleep 1.5 && [ "$since" = "$(idle_since)" ] && echo "{\"idle\":$since}" | append
  ;;
ask)
  mkdir -p "$run/answers"
  tries=0
  until mkfifo "$run/answers/ask-$$-$tries.bell"; do
    tries=$((tries + 1))
    [ "$tries" -lt 1000 ] || exit 0
  done
  id=ask-$$-$tries
  # Open before it is asked, so that no ring is lost.
  exec 3<>"$run/answers/$id.bell"
  note "\"ask\":\"$id\","
  while [ ! -e "$run/answers/$id" ]; do
    read -r _ <&3
  done
  echo "{\"answered\":\"$id\"}" | append
  cat "$run/answers/$id"
  ;;
esac
exit 0
