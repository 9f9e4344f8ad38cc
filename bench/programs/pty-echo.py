"""Types keys into a program under a pty and waits for each to be shown.

usage: pty-echo.py PROGRAM ARG...   Each line of input is a count; each line of output a JSON list of ms.
"""
import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios
import time

KEY = b"#"
WAIT_SECONDS = 10


def drain(terminal, quiet_seconds):
    while select.select([terminal], [], [], quiet_seconds)[0]:
        os.read(terminal, 65536)


def type_key(terminal):
    begun = time.perf_counter()
    os.write(terminal, KEY)
    shown = b""
    while KEY not in shown:
        if not select.select([terminal], [], [], WAIT_SECONDS)[0]:
            raise SystemExit("a key was not shown")
        shown = os.read(terminal, 65536)
    return (time.perf_counter() - begun) * 1000


def main():
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(sys.argv[1], sys.argv[1:])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    drain(terminal, 0.5)
    for line in sys.stdin:
        print(json.dumps([type_key(terminal) for _ in range(int(line))]), flush=True)
        drain(terminal, 0.02)


main()
