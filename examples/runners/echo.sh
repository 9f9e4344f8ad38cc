#!/bin/sh
# An agent in plain sh: says back what it is told, and counts the messages of its conversation. It
# takes JSON apart with sed, which is enough for this protocol: each line is one object, and a text
# is never shown to the shell. Where jq is there, use that.
#
# usage: drover run ndjson "Hello" --wait -- sh examples/runners/echo.sh
field() { printf '%s\n' "$line" | sed -nE "s/.*[{,]\"$1\":\"(([^\"\\]|\\\\.)*)\".*/\1/p"; }

session=${DROVER_SESSION:-$DROVER_NEW_SESSION}
memory=$DROVER_STATE/$session.txt
if [ -n "${DROVER_SESSION:-}" ] && [ ! -e "$memory" ]; then
  echo "there is no conversation $session" >&2
  exit 1
fi
: >>"$memory"

printf '{"type":"ready","protocol":1,"session":"%s","can":["resume"]}\n' "$session"
while IFS= read -r line; do
  case $(field type) in
    stop) break ;;
    ping) echo '{"type":"pong"}' ;;
    query)
      id=$(field id)
      printf '{"type":"agent_started","id":"%s"}\n' "$id"
      field text >>"$memory"
      count=$(($(wc -l <"$memory")))
      printf '{"type":"agent_stopped","id":"%s","reply":"%s: %s"}\n' "$id" "$count" "$(field text)"
      ;;
  esac
done
