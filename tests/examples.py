#!/usr/bin/env python3
"""examples.py PAGE: run the EXAMPLES of a manual page as a reader would type them.

Literal blocks of the section; "$ " starts a command, "> " goes on with it, other
lines are what it prints: a line "..." stands for any lines, "..." in a line for any text.
"""
import os
import re
import subprocess
import sys
import tempfile


def examples(page):
    section, inside, commands = "", False, []
    for line in open(page, encoding="utf8").read().split("\n"):
        if line.startswith(".Sh "):
            section = line[4:]
        elif line.startswith(".Bd -literal") and section == "EXAMPLES":
            inside = True
        elif line.startswith(".Ed"):
            inside = False
        elif inside:
            line = line.replace("\\&", "").replace("\\-", "-").replace("\\e", "\\")
            if line.startswith("$ "):
                commands.append((line[2:], []))
            elif line.startswith("> ") and not commands[-1][1]:
                commands[-1] = (commands[-1][0] + "\n" + line[2:], [])
            else:
                commands[-1][1].append(line)
    return commands


def matches(wanted, got):
    if not wanted:
        return not got
    if wanted[0] == "...":
        return any(matches(wanted[1:], got[n:]) for n in range(len(got) + 1))
    pattern = ".*".join(re.escape(part) for part in wanted[0].split("..."))
    return bool(got) and re.fullmatch(pattern, got[0]) is not None and matches(wanted[1:], got[1:])


def main(page):
    commands, failed = examples(page), 0
    if not commands:
        sys.exit(page + ": no examples")
    top = tempfile.mkdtemp(prefix="examples.", dir=os.environ.get("TMPDIR"))
    os.mkdir(top + "/work")
    script = "".join("{ %s\n} >%s/%d 2>%s/%d.err\n" % (text, top, n, top, n)
                     for n, (text, _) in enumerate(commands))
    env = dict(os.environ, MQ_SPOOL=top + "/spool", MQ_CONF=top + "/no.conf", HOME=top)
    subprocess.run(["sh", "-c", script], cwd=top + "/work", env=env,
                   stdin=subprocess.DEVNULL, timeout=60)
    for n, (text, wanted) in enumerate(commands):
        got = open("%s/%d" % (top, n), encoding="utf8", errors="replace").read().split("\n")
        if got[-1] == "":
            got.pop()
        if not matches(wanted, got):
            failed += 1
            print("%s: $ %s\n  wanted %s\n  got    %s\n  stderr %s" % (os.path.basename(page),
                  text, wanted, got, open("%s/%d.err" % (top, n)).read()))
    sys.exit(failed > 0)


main(sys.argv[1])
