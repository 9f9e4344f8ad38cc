#!/usr/bin/env python3
"""An agent in Python: says back what it is told, and counts the messages of its conversation.

usage: drover run ndjson "Hello" --wait -- python3 examples/runners/echo.py
"""
import json
import os
import pathlib
import sys


def say(**line):
    print(json.dumps(line), flush=True)  # without the flush Python keeps it to itself


session = os.environ.get("DROVER_SESSION") or os.environ["DROVER_NEW_SESSION"]
memory = pathlib.Path(os.environ["DROVER_STATE"], f"{session}.txt")
if "DROVER_SESSION" in os.environ and not memory.exists():
    sys.exit(f"there is no conversation {session}")
memory.touch()

say(type="ready", protocol=1, session=session, can=["resume"])
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "stop":
        break
    if message["type"] == "ping":
        say(type="pong")
    if message["type"] == "query":
        say(type="agent_started", id=message["id"])
        with memory.open("a") as conversation:
            conversation.write(json.dumps(message["text"]) + "\n")
        count = len(memory.read_text().splitlines())
        say(type="agent_stopped", id=message["id"], reply=f"{count}: {message['text']}")
