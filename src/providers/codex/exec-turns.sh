#!/bin/sh
# Keeps a conversation with a program that ends after each turn: `codex exec --json`.
#
#   exec-turns.sh new|resume|fork SESSION PROGRAM ARGUMENT...
#
# A line of its input is one turn: the session to go on with, or `-` where none is known yet, and the
# prompt in base64. The program gets the prompt as its input; what it prints is printed. A line of
# our own tells that we listen, and one after each turn how the program ended.

mode=$1 session=$2
shift 2
printf '{"type":"drover.ready","mode":"%s"}\n' "$mode"
while read -r known prompt; do
  if [ "$known" != - ]; then
    mode=resume session=$known
  fi
  if [ "$mode" = new ]; then
    printf %s "$prompt" | base64 -d | "$@" -
  else
    printf %s "$prompt" | base64 -d | "$@" "$mode" "$session" -
  fi
  printf '{"type":"drover.ended","code":%d}\n' $?
done
