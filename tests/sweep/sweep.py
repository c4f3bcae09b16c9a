#!/usr/bin/env python3
"""usage: sweep.py [--all] kill|fail [SCENARIO...]

For each verb that changes a queue: kill it before each of its system calls, or
let each of them fail, and look whether anything was lost, doubled, half done or
wrongly reported.  The places where a message may be are read from the directory,
by the rules of spool-format.md, not asked of mq.

A scenario says where each message, known by its body, stands before the command
and where after it.  Whatever happens to the command, each must be in one of the
two places (or where it may be in between), once, with all its bytes; and
  - exit 0 means that all of them are where they belong afterwards;
  - a push that fails has left nothing, unless it says 71: "done, not certain";
    one of several messages has left none but those whose ids it printed (an import prints none);
  - a push whose sync failed does not say that it was done;
  - a message may be gone only if the command had given its body to stdout;
  - an error is not taken for an empty queue (exit 1), nor for less in a listing;
  - fsck finds only the litter of a crash; after fsck --repair it finds nothing;
  - then the next commands work: push and pop until the queue is empty.

Without --all the kills are half of those before and after each call that changes
something; these calls fail with one of the errors, not with each of them, and
of the others every tenth.
"""
import os
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from scenarios import GONE, PLACE, SCENARIOS
from spool import Failure, Room, aftermath, judge_links, places, prepare, replaced

ERRORS = ("EIO", "ENOSPC", "EMFILE", "EACCES", "EINTR", "ESTALE", "EDQUOT", "ENOMEM")
CHANGES = re.compile("mkdir|unlink|rename|link|rmdir|write|sync|truncate|allocate|chmod|chown|sendfile|copy_file_range")
# Rates of the counters, which are advice; the first members of an archive, which tell the time.
CHANGING = re.compile(rb'"rates":.*|(?s:^mq-export\0.*?queue\.conf\0.{501})')


def judge(scenario, room, p, action, hit):
    """Raises Failure if the command, or what it left, breaks a promise."""
    wanted = scenario.places
    found = places(room.spool, wanted) if os.path.isdir(room.spool) else {}
    ok, killed = p.returncode == (scenario.asks or 0), action == "kill"
    if not killed and p.returncode > 128:
        raise Failure("it crashed")
    if not killed and p.returncode == 70:
        raise Failure("it calls this an internal error")
    if not killed and not ok and not p.stderr and "fsck" not in scenario.command:
        raise Failure("it failed and said nothing")
    if scenario.links:
        if ok and not killed and not p.stderr and re.search(r" (fsync|fdatasync|syncfs) ", hit) and action.startswith("E"):
            raise Failure("a sync failed, and it says that all is well")
        return judge_links(scenario, room, ok and not killed, p.stdout)
    for body, (before, after, *between) in wanted.items():
        at = found.get(body, [GONE])
        if len(at) != 1:
            raise Failure(f"{body!r} stands in {at}")
        at = at[0]
        gone_by_work = after is GONE and before is not GONE and scenario.command.split()[1] in ("pop", "work")
        if at not in (before, after, *between, *scenario.or_else):
            raise Failure(f"{body!r} is in {at}")
        if ok and not killed and at not in (after, *scenario.or_else):
            raise Failure(f"exit 0, but {body!r} is in {at}")
        if action == "lost" and before is GONE and not ok and "/tmp/" in hit:
            raise Failure("it was done, and it says no")
        if before is GONE and not killed and at is not GONE and p.returncode not in (0, 71) and scenario.asks is None and not {"-l", "import"} & set(scenario.command.split()):
            raise Failure(f"the push failed, but {body!r} is in {at}")
        if before is GONE and after is not GONE and p.returncode == 71 and at is GONE:
            raise Failure(f"exit 71, but {body!r} is nowhere")
        if at is GONE and gone_by_work and body not in p.stdout:
            raise Failure(f"{body!r} is gone, and was not delivered")
    if scenario.answers:
        check_answer(scenario, room, found, ok, killed)
    if scenario.edits and all(found.get(body, [GONE]) == [GONE] for body in wanted):
        raise Failure("no version is left")
    if scenario.pushes:
        ids = re.findall(rb"[0-9a-f-]{36}", p.stdout)
        there = sum(len(found.get(b, ())) for b, w in wanted.items() if w[0] is GONE)
        if there + replaced(wanted, found) < len(ids):
            raise Failure("it printed the id of a message that is not there")
        if "import" not in scenario.command and there > len(ids) and not killed and p.returncode not in (0, 71):
            raise Failure("it failed, but left a message whose id it has not printed")
        if ok and re.search(r" (fsync|fdatasync|syncfs) ", hit) and action.startswith("E"):
            raise Failure("a sync failed, and it says that all is well")
    elif p.returncode == 1 and scenario.asks != 1 and not killed and "fsck" not in scenario.command:
        raise Failure("it says that there is nothing, and should tell the error")
    if scenario.reads and ok and CHANGING.sub(b"", p.stdout) != CHANGING.sub(b"", scenario.expected):
        raise Failure(f"exit 0, but the output is {p.stdout!r}, not {scenario.expected!r}")


def check_answer(scenario, room, found, ok, killed):
    answer = f"{room.spool}/{PLACE}/answer"
    there = os.path.exists(answer)
    if there and open(answer, "rb").read() != scenario.answers.encode():
        raise Failure("a part of an answer, or another one, is given")
    if not there and any(w[0] is not GONE and w[1] is GONE and body not in found for body, w in scenario.places.items()):
        raise Failure("the request is gone, and not answered")
    if not scenario.places and not killed and there != ok:
        raise Failure("it says that the answer was given, or not, and it is not so")


def plan(scenario, mode, every, calls):
    """What to do at which call: pairs of a number and an action.  Without --all every third one; sanitized it is slow: every sixth."""
    thin = 1 if every else 6 if os.environ.get("MQ_SAN") else 3
    return ((n, action) for n, action in plan_all(scenario, mode, every, calls) if (n + len(scenario.name)) % thin == 0)


def plan_all(scenario, mode, every, calls):
    if mode == "fail":
        for n in range(1, len(calls) + 1):
            if not every and n % 10 and not CHANGES.match(calls[n - 1]):
                continue
            for action in (*ERRORS, "short") if every else [ERRORS[(n + len(scenario.name)) % len(ERRORS)]]:
                if action != "short" or "write" in calls[n - 1]:
                    yield n, action
            if calls[n - 1].startswith("renameat2 ") and not os.environ.get("MQ_SAN"):
                yield n, "lost"
        return
    for n in range(1, len(calls) + 1):
        if every or CHANGES.match(calls[n - 1]) or n > 1 and CHANGES.match(calls[n - 2]):
            yield n, "kill"


def sweep(scenario, mode, every, directory):
    """(number of runs, [failures])"""
    template = prepare(scenario, directory)
    room = Room(template, directory + "/room")
    p, report = room.inject(scenario, 0, "list")
    calls = [line.split(" ", 1)[1] for line in report.splitlines()]
    if p.returncode != (scenario.asks or 0) or len(calls) < (2 if scenario.broken else 10):
        return 1, [f"{scenario.name}: {scenario.command}: {len(calls)} calls, exit {p.returncode}: {p.stderr.decode()}"]
    if scenario.reads:
        scenario.expected = room.run(["sh", "-c", scenario.command]).stdout
    total, failures = 0, []
    if scenario.broken:
        mode, every = "fail" if "errors" in scenario.name else "kill", True
    for n, action in plan(scenario, mode, every, calls):
        room = Room(template, directory + "/room")
        p, hit = room.inject(scenario, n, action)
        if not hit:
            continue    # it made fewer calls this time
        total += 1
        try:
            judge(scenario, room, p, action, hit)
            aftermath(scenario, room)
        except Failure as e:
            failures.append(f"{scenario.name}: {action} at {hit.strip().replace(room.spool, '')}: exit {p.returncode}: {e}\n"
                            f"    stderr: {p.stderr.decode(errors='replace').strip()}")
    if scenario.broken:
        return total, [] if failures else [f"{scenario.name}: nothing was found in {total} runs"]
    return total, failures


def main():
    args = sys.argv[1:]
    every = "--all" in args
    mode, *names = [a for a in args if a != "--all"]
    chosen = [s for s in SCENARIOS if (not names or s.name in names) and not (mode == "kill" and s.reads)]
    with tempfile.TemporaryDirectory(prefix="sweep.") as top, ThreadPoolExecutor(os.cpu_count()) as pool:
        os.chmod(top, 0o711)    # for commands that run as another user
        jobs = [(s, pool.submit(sweep, s, mode, every, f"{top}/{i}")) for i, s in enumerate(chosen)]
        results = [job.result() for _, job in jobs]
    for (s, _), (total, failures) in zip(jobs, results):
        for failure in failures:
            print(failure)
    failed = sum(len(f) for _, f in results)
    planted = "; ".join(s.name for s in chosen if s.broken)
    print(f"{mode}: {len(chosen)} commands, {sum(t for t, _ in results)} runs: {failed} lost, doubled, half visible, untrue or hanging; "
          f"planted and found: {planted}")
    sys.exit(failed != 0)


main()
