#!/usr/bin/env python3
"""recipes.py PAGE DIR [SECTION]: the displays of mq-recipes(7), as files.

Below DIR/SECTION (in lower case, with "-" for what is not a letter): a display that begins
with "#!" is a script in bin/, named by the last .Pa before it; the N-th one that begins with a
prompt is typed-N, a script of what is typed; the N-th of all others is NAME-N, named likewise.
"""
import os
import re
import sys


def displays(page):
    section = name = display = None
    for line in open(page, encoding="utf8").read().split("\n"):
        if line.startswith(".Sh "):
            section, name = re.sub("[^a-z]+", "-", line[4:].lower()), None
        elif line.startswith(".Bd -literal"):
            display = []
        elif line.startswith(".Ed"):
            yield section, name, display
            display = None
        elif display is not None:
            display.append(line.replace("\\&", "").replace("\\-", "-").replace("\\e", "\\"))
        elif line.startswith(".Pa "):
            name = os.path.basename(line.split()[1])


def main(page, top, wanted=None):
    seen = {}
    for section, name, lines in displays(page):
        if wanted not in (None, section):
            continue
        script = lines[0].startswith("#!")
        if re.match("[#$] ", lines[0]):
            name = "typed"
            for n, line in enumerate(lines):
                if line[:2] not in ("# ", "$ ", "> "):
                    sys.exit("%s: not to be typed: %s" % (section, line))
                lines[n] = line[2:]
        if not script:
            seen[section, name] = seen.get((section, name), 0) + 1
            name += "-%d" % seen[section, name]
        path = os.path.join(top, section, "bin" if script else "", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "x", encoding="utf8") as file:
            file.write("\n".join(lines) + "\n")
        os.chmod(path, 0o755 if script else 0o644)


main(*sys.argv[1:])
