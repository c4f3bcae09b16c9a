#!/usr/bin/env python3
"""
Run the conformance suite of mq-engine(7) against a helper, whoever wrote it:

    python3 tests/engine/conform.py [--queue NAME] [--set KEY=VALUE]... [--table] HELPER URL

It reads what the helper announces, tries each claim, and sees that the rest is refused. The output
is TAP; the status is 1 if anything failed. Without --queue each case makes a queue of its own, if
the helper can make queues; they stay. With --queue all cases use that one, which is emptied first.
--table adds a table of the capabilities for the manual page of the engine.
"""

import argparse
import re
import sys
import time

sys.dont_write_bytecode = True
from conformance import opening, pushing, taking, looking
from conformance.case import CASES, Context, Skip
from conformance.peer import Fail
from conformance.table import table


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--queue", metavar="NAME", help="use this queue for all cases")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[],
                        help="what the helper is told before 'open'")
    parser.add_argument("--suffix", metavar="TEXT", default="",
                        help="the end of the names of queues that are made")
    parser.add_argument("--queues-have", metavar="CAP,-CAP", default="",
                        help="what these queues can beside what is announced, and what they cannot")
    parser.add_argument("--only", metavar="PATTERN", help="only cases whose title matches")
    parser.add_argument("--table", action="store_true", help="print the table, too")
    parser.add_argument("helper")
    parser.add_argument("url")
    return parser.parse_args()


def run(context, needs, function):
    """Skip, Fail or None, as the case ends."""
    try:
        for cap in needs:
            context.need(cap)
        context.queue = context.new_queue()
        if not (context.fixed is None and context.can("make")) and context.can("take"):
            context.drain()
        function(context)
        return None
    except (Skip, Fail) as end:
        return end
    except OSError as end:
        return Fail(str(end))


def last_words(context):
    """What the helpers of a case said on their standard error."""
    text = b"".join(p.said for p in context.peers).decode("utf-8", "replace")
    return "".join("\n# stderr: %s" % line for line in text.splitlines()[:5])


def main():
    args = arguments()
    settings = dict({"url": args.url, "timeout": "10000", "create": "yes"},
                    **dict(s.partition("=")[::2] for s in args.set))
    context = Context(args.helper, settings, args.queue, args.suffix, args.queues_have.split(","))
    cases = [c for c in CASES if not args.only or re.search(args.only, c[0])]
    print("1..%d" % len(cases))
    try:
        words = context.a.frames[0].words
    except (Fail, OSError) as e:
        print("Bail out! %s" % e)
        sys.exit(1)
    capabilities = dict(context.caps)
    print("# %s %s: %s" % (words[2], words[3], " ".join(
        k + ("=" + v if v else "") for k, v in sorted(capabilities.items()))))
    results = []
    for number, (title, caps, needs, function) in enumerate(cases, 1):
        start = time.monotonic()
        end = run(context, needs, function)
        took = " (%.1f s)" % (time.monotonic() - start) if time.monotonic() - start > 1 else ""
        if end is None:
            print("ok %d - %s%s" % (number, title, took))
        elif isinstance(end, Skip):
            print("ok %d - %s # SKIP %s" % (number, title, end))
        else:
            print("not ok %d - %s%s\n# %s%s" % (number, title, took, end, last_words(context)))
        sys.stdout.flush()
        results.append((caps, end))
        context.clean(not isinstance(end, Fail))
    context.clean(False)
    if args.table:
        print("\n".join(table(capabilities, results)))
    sys.exit(1 if any(isinstance(end, Fail) for _, end in results) else 0)


if __name__ == "__main__":
    main()
