#!/usr/bin/env python3
"""usage: terminal.py [REGEX KEYS]... -- COMMAND [ARG...]

Run a command on a terminal of its own, 80 by 24.  Each time that what came since the last
keys matches REGEX, KEYS are typed (Python escapes: \\x03 is Ctrl-C).  All that the command
wrote goes to stdout; the exit status is its own, 128+N after signal N, 124 after a minute.
"""
import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time

split = sys.argv.index("--")
script = [(re.compile(r.encode()), k.encode().decode("unicode_escape").encode())
          for r, k in zip(sys.argv[1:split:2], sys.argv[2:split:2])]
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    os.execvp(sys.argv[split + 1], sys.argv[split + 1:])
seen, end = b"", time.monotonic() + 60
while time.monotonic() < end:
    if not select.select([fd], [], [], 1)[0]:
        continue
    try:
        data = os.read(fd, 65536)
    except OSError:     # all ends of the terminal are closed
        break
    if not data:
        break
    sys.stdout.buffer.write(data)
    seen += data
    if script and script[0][0].search(seen):
        os.write(fd, script.pop(0)[1])
        seen = b""
else:
    os.kill(pid, 9)
    sys.exit(124)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.stdout.flush()
sys.exit(128 - status if status < 0 else status)
