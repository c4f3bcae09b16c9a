#!/usr/bin/env python3
"""examples.py PAGE: run the EXAMPLES of a manual page as a reader would type them.

Literal blocks of the section; "$ " starts a command, "> " goes on with it, other
lines are what it prints: a line "..." stands for any lines, "..." in a line for any text.

Of a page of section 7, or one in Markdown, it is all literal blocks that begin with a command, and
what they print is what a terminal shows, standard error included; columns may be wider or narrower
than on the page.
"""
import os
import re
import subprocess
import sys
import tempfile


def on_terminal(page):
    return page.endswith((".7", ".md"))


def examples(page):
    section, whole = "", on_terminal(page)
    inside, first, commands = False, False, []
    text = open(page, encoding="utf8").read()
    if page.endswith(".md"):
        text = re.sub("(?ms)^```\\w*\n(.*?)^```$", r".Bd -literal\n\1.Ed", text)
    for line in text.split("\n"):
        if line.startswith(".Sh "):
            section = line[4:]
        elif line.startswith(".Bd -literal"):
            inside, first = section == "EXAMPLES" and not whole, whole
        elif line.startswith(".Ed"):
            inside = first = False
        else:
            inside, first = inside or (first and line.startswith("$ ")), False
            if not inside:
                continue
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


def run(commands, top, options):
    """[standard output, standard error] of each"""
    script = "".join("{ %s\n} >%s/%d 2>%s/%d.err\n" % (text, top, n, top, n)
                     for n, (text, _) in enumerate(commands))
    subprocess.run(["sh", "-c", script], stdin=subprocess.DEVNULL, timeout=60, **options)
    return [[open("%s/%d%s" % (top, n, end), encoding="utf8", errors="replace").read()
             for end in ("", ".err")] for n in range(len(commands))]


def run_on_terminal(commands, options):
    """[what the terminal shows, ""] of each"""
    mark = "\1%d\2"
    script = "".join("printf '\\001%d\\002'\n%s\n" % (n, text)
                     for n, (text, _) in enumerate(commands))
    terminal = os.path.join(os.path.dirname(os.path.abspath(__file__)), "terminal.py")
    shown = subprocess.run([sys.executable, terminal, "--", "sh", "-c", script],
                           stdout=subprocess.PIPE, **options).stdout
    shown = shown.decode("utf8", "replace").replace("\r\n", "\n")
    shown = re.sub("\33\\[[0-9;]*m", "", shown)
    for _, wanted in commands:
        wanted[:] = [re.sub(" +", " ", line) for line in wanted]
    shown = re.sub(" +", " ", shown)
    return [[(re.findall("%s([^\1]*)" % (mark % n), shown) or ["(not reached)"])[0], ""]
            for n in range(len(commands))]


def main(page):
    commands, failed = examples(page), 0
    if not commands:
        sys.exit(page + ": no examples")
    top = tempfile.mkdtemp(prefix="examples.", dir=os.environ.get("TMPDIR"))
    os.mkdir(top + "/work")
    options = {"cwd": top + "/work", "env": dict(os.environ, MQ_SPOOL=top + "/spool",
                                                 MQ_CONF=top + "/no.conf", HOME=top)}
    results = run_on_terminal(commands, options) if on_terminal(page) else \
        run(commands, top, options)
    for (text, wanted), (printed, errors) in zip(commands, results):
        got = printed.split("\n")
        if got[-1] == "":
            got.pop()
        if not matches(wanted, got):
            failed += 1
            print("%s: $ %s\n  wanted %s\n  got    %s\n  stderr %s" % (os.path.basename(page),
                  text, wanted, got, errors))
    sys.exit(failed > 0)


main(sys.argv[1])
