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
    one of several messages has left none but those whose ids it printed;
  - a push whose sync failed does not say that it was done;
  - a message may be gone only if the command had given its body to stdout;
  - an error is not taken for an empty queue (exit 1), nor for less in a listing;
  - fsck finds only the litter of a crash; after fsck --repair it finds nothing;
  - then the next commands work: push and pop until the queue is empty.

Without --all the kills are those before and after each call that changes
something; these calls fail with one of the errors, not with each of them, and
of the others every fourth.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

INJECT = os.environ["MQ_BUILD"] + "/sweep/inject"
MQ = os.environ["MQ_BIN"]
SANITIZED = bool(os.environ.get("MQ_SAN"))
NAME = re.compile(r"\d{8}T\d{6}\.\d{6}Z,([0-9a-f-]{36}),s(\d+)((,[a-zA-Z][A-Za-z0-9.-]*)*)")
STATES = ("ready", "delayed", "claimed", "held", "dead", "done")
# What a command that dies, or meets an error, may leave: spool-format.md section 11, severity info.
LITTER = {"stale-tmp", "half-bucket", "orphan-record", "bad-counters", "no-bucket", "half-queue"}
ERRORS = ("EIO", "ENOSPC", "EMFILE", "EACCES", "EINTR", "ESTALE", "EDQUOT", "ENOMEM")
CHANGES = re.compile("mkdir|unlink|rename|link|rmdir|write|sync|truncate|allocate|chmod|chown|sendfile|copy_file_range")
RATES = re.compile(rb'"rates":.*')  # of the counters, which are advice
GONE = None
SHIFT = ord(os.urandom(1))


class Failure(Exception):
    pass


class Scenario:
    """name; shell commands that make the spool; the command; {body: (before, after, in between...)}.

    reads: it changes nothing.  or_else: where a message may be after exit 0, too, when an error came.
    broken: not mq, but a program with a fault that must be found.
    """

    def __init__(self, name, setup, command, places, stdin="", reads=False, or_else=(), broken=False):
        self.name, self.setup, self.command, self.stdin = name, setup, command, stdin
        self.places = {b.encode(): p for b, p in places.items()}
        self.reads, self.or_else, self.broken = reads, or_else, broken
        self.pushes = any(p[0] is GONE for p in places.values())


def S(*args, **kw):
    SCENARIOS.append(Scenario(*args, **kw))


SCENARIOS = []
INIT = "mq init q backoff=0s attempts=2; mq init to; "
HANDLE = "$(cat handle)"
CLAIM = INIT + "mq push -q q -m one; mq push -q q -m two; mq claim q >handle; "
FAILED = CLAIM + "mq nack q --reason=first " + HANDLE + "; mq hold -q q --all; mq retry -q q --all --keep-attempts; "
READY, CLAIMED = "q/ready", "q/claimed"
TWO = ("q/ready", "q/ready")

# ---- push ----
S("push", INIT, "mq push q -m one", {"one": (GONE, READY)})
S("push to a new spool", "rm -r spool", "mq push q -m one", {"one": (GONE, READY)})
S("push to a new queue", "mq init other", "mq push q -m one", {"one": (GONE, READY)})
S("push with all options", INIT, "mq push q -p 0 -d 1h -x 2h -H 'A: b'", {"one": (GONE, "q/delayed")}, "one")
S("push a file", INIT + "echo one >file; ", "mq push q file", {"one\n": (GONE, READY)})
S("push lines", INIT, "mq push q -l", {"one": (GONE, READY), "two": (GONE, READY)}, "one\ntwo\n")
S("push a batch at once", INIT, "mq push q -l --atomic", {"one": (GONE, READY), "two": (GONE, READY)}, "one\ntwo\n")
S("push a delayed batch at once", INIT, "mq push q -l --atomic -d 1h",
  {"one": (GONE, "q/delayed"), "two": (GONE, "q/delayed")}, "one\ntwo\n")
S("push to a limited queue", INIT + "mq init q max_messages=2; mq push -q q -m one; ", "mq push q -m two", {"one": TWO, "two": (GONE, READY)})
# ---- consumers ----
S("pop", INIT + "mq push -q q -m one; ", "mq pop q", {"one": (READY, GONE, CLAIMED)})
S("pop many", INIT + "mq push -q q -m one; mq push -q q -m two; ", "mq pop q -n 2 -l",
  {"one": (READY, GONE, CLAIMED), "two": (READY, GONE, CLAIMED)})
S("pop and keep", INIT + "mq init q keep=1d; mq push -q q -m one; ", "mq pop q", {"one": (READY, "q/done", CLAIMED)}, or_else=(GONE,))
S("claim", INIT + "mq push -q q -m one; ", "mq claim q", {"one": (READY, CLAIMED)})
S("claim of a dropped file", INIT + "echo one >spool/q/new/file; ", "mq claim q", {"one\n": ("q/new", CLAIMED, READY)})
S("claim what is due", INIT + "mq push -q q -d 1ms -m one; sleep 0.01; ", "mq claim q", {"one": ("q/delayed", CLAIMED, READY)})
S("claim what has lapsed", INIT + "mq push -q q -m one; mq claim q --lease 1ms >/dev/null; sleep 0.01; ", "mq claim q",
  {"one": (CLAIMED, CLAIMED, READY, "q/delayed")})
S("a claim lapses for the last time", INIT + "mq init q attempts=1; mq push -q q -m one; mq push -q q -m two; "
  "mq claim q --lease 1ms >/dev/null; sleep 0.01; ", "mq claim q", {"one": (CLAIMED, "q/dead"), "two": (READY, CLAIMED)}, or_else=(CLAIMED,))
S("claim with what has expired", INIT + "mq init q expired=dead; mq push -q q -x 1ms -m one; mq push -q q -m two; sleep 0.01; ",
  "mq claim q", {"one": (READY, "q/dead"), "two": (READY, CLAIMED)})
S("ack", CLAIM, "mq ack q " + HANDLE, {"one": (CLAIMED, GONE), "two": TWO})
S("ack and keep", CLAIM + "mq init q keep=1d; ", "mq ack q " + HANDLE, {"one": (CLAIMED, "q/done"), "two": TWO}, or_else=(GONE,))
S("nack", CLAIM, "mq nack q --reason=text " + HANDLE, {"one": (CLAIMED, READY, "q/delayed"), "two": TWO})
S("nack with a delay", CLAIM, "mq nack q --delay=1h " + HANDLE, {"one": (CLAIMED, "q/delayed"), "two": TWO})
S("nack uncounted", CLAIM, "mq nack q --no-count " + HANDLE, {"one": (CLAIMED, READY), "two": TWO})
S("nack for the last time", CLAIM, "mq nack q --dead " + HANDLE, {"one": (CLAIMED, "q/dead"), "two": TWO})
S("nack to a dead-letter queue", CLAIM + "mq init q dead_queue=to; ", "mq nack q --dead " + HANDLE,
  {"one": (CLAIMED, "to/ready"), "two": TWO}, or_else=("q/dead",))
S("extend", CLAIM, "mq extend q " + HANDLE + " 2h", {"one": (CLAIMED, CLAIMED), "two": TWO})
S("extend below the bucket", INIT + "mq push -q q -m one; mq claim --lease 1h q >handle; ", "mq extend q " + HANDLE + " 1m",
  {"one": (CLAIMED, CLAIMED)})
# ---- work: what is acknowledged was printed by its handler ----
S("work", INIT + "mq push -q q -m one; mq push -q q -m two; ", "mq work q --drain -- cat",
  {"one": (READY, GONE, CLAIMED), "two": (READY, GONE, CLAIMED)})
S("work with headers", INIT + "mq push -q q -H 'A: b' -m one; ", "mq work q --drain -- cat",
  {"one": (READY, GONE, CLAIMED, "q/delayed")}, or_else=("q/delayed", "q/dead"))
S("work that fails", INIT + "mq push -q q -m one; mq push -q q -m two; ", "mq work q --drain -- sh -c 'echo no >&2; exit 1'",
  {"one": (READY, "q/dead", CLAIMED, "q/delayed"), "two": (READY, "q/dead", CLAIMED, "q/delayed")})
S("work that gives up", INIT + "mq push -q q -m one; ", "mq work q --drain -- sh -c 'exit 65'",
  {"one": (READY, "q/dead", CLAIMED)})
# ---- operators ----
S("retry", CLAIM + "mq nack q --dead " + HANDLE + "; ", "mq retry q --all", {"one": ("q/dead", READY), "two": TWO})
S("retry of a delayed one", INIT + "mq push -d 1h q -m one >id; ", "mq retry q $(cat id)", {"one": ("q/delayed", READY)})
S("bury", INIT + "mq push q -m one >id; mq push -q q -m two; ", "mq bury q $(cat id)", {"one": (READY, "q/dead"), "two": TWO})
S("hold", INIT + "mq push q -m one >id; mq push -q q -m two; ", "mq hold q $(cat id)", {"one": (READY, "q/held"), "two": TWO})
S("rm", INIT + "mq push q -m one >id; mq push -q q -m two; ", "mq rm q $(cat id)", {"one": (READY, GONE), "two": TWO})
S("mv", INIT + "mq push q -m one >id; mq push -q q -m two; ", "mq mv q to $(cat id)", {"one": (READY, "to/ready"), "two": TWO})
S("mv to a new queue", INIT + "mq push q -m one >id; ", "mq mv q fresh $(cat id)", {"one": (READY, "fresh/ready")})
S("mv of a dead letter", CLAIM + "mq nack q --dead " + HANDLE + "; ", "mq mv q to --state dead", {"one": ("q/dead", "to/dead"), "two": TWO})
# ---- programs that are wrong, to see that it is found ----
IN_PLACE = "b=$(echo spool/q/ready/5*); printf one >$b/${b#*.},01a1fd8d-186b-7c8b-a836-f4f938e4f30c,s3"
S("a producer that writes in place", INIT, f"sh -c '{IN_PLACE}'", {"one": (GONE, READY)}, broken=True)
S("a producer that does not look at errors", INIT, f"sh -c 'mq ls >/dev/null; {IN_PLACE} 2>/dev/null; exit 0'",
  {"one": (GONE, READY)}, broken=True)
# ---- policy ----
S("init", INIT + "mq push -q q -m two; ", "mq init q attempts=7", {"two": TWO})
S("init with a mode", INIT + "mq push -q q -m two; ", "mq init q mode=0660", {"two": TWO})
S("pause", INIT + "mq push -q q -m two; ", "mq pause q", {"two": TWO})
S("resume", INIT + "mq push -q q -m two; mq pause q; ", "mq resume q", {"two": TWO})
# ---- repairs ----
S("repair of a torn message", INIT + "mq push -q q -m one; mq push -q q -m two; for f in spool/q/ready/*/*; do printf more >>$f; break; done; ",
  "mq fsck q --repair", {"onemore": (READY, "q/dead"), "two": TWO})
S("repair of fields and places", CLAIM + "for f in spool/q/claimed/*/*; do mv $f $(echo spool/q/ready/5*); done; ",
  "mq fsck q --repair", {"one": (READY, READY), "two": TWO})
S("repair of directories", INIT + "mq push -q q -m two; rmdir spool/q/held/* spool/q/dead/* spool/q/dead spool/q/done/*; "
  "mkdir spool/q/ready/+3.20260101T000000.000000Z", "mq fsck q --repair", {"two": TWO})
# ---- what only reads ----
FULL = CLAIM + "mq push q -d 1h -m three >/dev/null; mq push q -m four >four; mq bury -q q $(cat four); "
HELD = {"one": (CLAIMED, CLAIMED), "two": TWO, "three": ("q/delayed", "q/delayed"), "four": ("q/dead", "q/dead")}
for argv in ("mq ls --ids q", "mq ls", "mq peek q", "mq peek q $(cat four)", "mq dead --ids q", "mq stat --json q", "mq config q",
             "mq wait --ready q", "mq fsck q"):
    S(argv, FULL, argv, HELD, reads=True)


def places(spool, wanted):
    """{body: [queue/state of each file that a reader would see]}; a file nobody asked for is an error."""
    found = {}
    for queue in sorted(os.listdir(spool)):
        if queue.startswith("."):
            continue
        for state in STATES:
            for root, dirs, files in os.walk(f"{spool}/{queue}/{state}"):
                for name in files:
                    look(f"{root}/{name}", name, f"{queue}/{state}", found)
        new = f"{spool}/{queue}/new"
        for name in os.listdir(new) if os.path.isdir(new) else ():
            found.setdefault(open(f"{new}/{name}", "rb").read(), []).append(f"{queue}/new")
    found.pop(b"next", None)    # see aftermath()
    for body in found:
        if body not in wanted:
            raise Failure(f"{body!r} in {found[body]} is none of the messages")
    return found


def look(path, name, place, found):
    match = NAME.fullmatch(name)
    if not match:
        raise Failure(f"{place}: the name {name} does not parse")
    data = open(path, "rb").read()
    fields = {f[0]: f[1:] for f in match[3].split(",")[1:]}
    torn = len(data) != int(match[2])
    if torn and not data.endswith(b"more"):
        raise Failure(f"{path} has {len(data)} bytes, not {match[2]}")
    if ("c" in fields) != place.endswith("claimed") and not place.endswith("ready"):
        raise Failure(f"{place}: {name} has wrong fields")
    found.setdefault(data[int(fields.get("h", 0)):], []).append(place)


class Room:
    """A directory with a copy of a scenario's spool, in which to run commands."""

    def __init__(self, template, directory):
        self.dir = directory
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(template, directory, symlinks=True)
        self.spool = directory + "/spool"
        self.env = environment(directory)

    def run(self, argv, stdin=b""):
        return subprocess.run(argv, cwd=self.dir, env=self.env, input=stdin, capture_output=True, timeout=60)

    def mq(self, *argv, stdin=b""):
        return self.run([MQ, *argv], stdin)

    def inject(self, scenario, n, action):
        """(exit status, stdout, stderr, the call that was hit or None)"""
        report = self.dir + "/report"
        words = ["sh", "-c", "exec " + scenario.command]
        p = self.run([INJECT, self.spool, str(n), action, report, *words], scenario.stdin.encode())
        if p.returncode in (70, 64) and p.stderr.startswith(b"inject:"):
            raise Failure(p.stderr.decode())
        return p, open(report).read()


def environment(directory):
    return dict(os.environ, MQ_SPOOL=directory + "/spool", MQ_CONF="/dev/null", HOME=directory,
                PATH=os.path.dirname(MQ) + ":" + os.environ["PATH"])


def prepare(scenario, directory):
    template = f"{directory}/template"
    os.makedirs(template + "/spool")
    subprocess.run(["bash", "-e", "-c", scenario.setup], cwd=template, env=environment(template), check=True)
    return template


def judge(scenario, room, p, action, hit):
    """Raises Failure if the command, or what it left, breaks a promise."""
    wanted = scenario.places
    found = places(room.spool, wanted) if os.path.isdir(room.spool) else {}
    ok, killed = p.returncode == 0, action == "kill"
    if not killed and p.returncode > 128:
        raise Failure("it crashed")
    if not killed and p.returncode == 70:
        raise Failure("it calls this an internal error")
    if not killed and p.returncode != 0 and not p.stderr and "fsck" not in scenario.command:
        raise Failure("it failed and said nothing")
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
        if action == "lost" and before is GONE and p.returncode != 0 and "/tmp/" in hit:
            raise Failure("it was done, and it says no")
        if before is GONE and not killed and at is not GONE and p.returncode not in (0, 71) and "-l" not in scenario.command.split():
            raise Failure(f"the push failed, but {body!r} is in {at}")
        if before is GONE and p.returncode == 71 and at is GONE:
            raise Failure(f"exit 71, but {body!r} is nowhere")
        if at is GONE and gone_by_work and body not in p.stdout:
            raise Failure(f"{body!r} is gone, and was not delivered")
    if scenario.pushes:
        ids = re.findall(rb"[0-9a-f-]{36}", p.stdout)
        there = sum(len(found.get(b, ())) for b, w in wanted.items() if w[0] is GONE)
        if there < len(ids):
            raise Failure("it printed the id of a message that is not there")
        if there > len(ids) and not killed and p.returncode not in (0, 71):
            raise Failure("it failed, but left a message whose id it has not printed")
        if ok and re.search(r" (fsync|fdatasync|syncfs) ", hit) and action.startswith("E"):
            raise Failure("a sync failed, and it says that all is well")
    elif p.returncode == 1 and not killed and "fsck" not in scenario.command:
        raise Failure("it says that there is nothing, and should tell the error")
    if scenario.reads and ok and RATES.sub(b"", p.stdout) != RATES.sub(b"", scenario.expected):
        raise Failure(f"exit 0, but the output is {p.stdout!r}, not {scenario.expected!r}")


def fsck(room):
    p = room.mq("fsck", "--json")
    if p.returncode not in (0, 1):
        raise Failure(f"fsck: exit {p.returncode}: {p.stderr.decode()}")
    return [json.loads(line) for line in p.stdout.splitlines()]


def aftermath(scenario, room):
    """The next commands: fsck, push, and pop until there is no more."""
    if not os.path.isdir(room.spool):
        os.mkdir(room.spool)
    if "repair" not in scenario.name:
        for finding in fsck(room):
            if finding["id"] not in LITTER:
                raise Failure(f"fsck finds {finding}")
    p = room.mq("fsck", "--repair")
    left = fsck(room)
    if left:
        raise Failure(f"after fsck --repair fsck finds {left}")
    before = places(room.spool, scenario.places)
    room.mq("init", "q", "paused=no", "max_messages=9", "keep=no")
    p = room.mq("push", "-q", "q", "-m", "next")
    if p.returncode != 0:
        raise Failure(f"the next push fails: {p.stderr.decode()}")
    popped = []
    for _ in range(2):      # a second time for what a dead holder had claimed
        p = room.mq("pop", "q", "-n", "9", "-0")
        if p.returncode not in (0, 1):
            raise Failure(f"the next pop fails: {p.stderr.decode()}")
        popped += p.stdout.split(b"\0")[:-1]
    after = places(room.spool, scenario.places)
    for body in scenario.places:
        if popped.count(body) + len(after.get(body, ())) != len(before.get(body, ())):
            raise Failure(f"{body!r} was in {before.get(body)}, popped {popped.count(body)} times, is in {after.get(body)}")
        if "q/ready" in after.get(body, ()):
            raise Failure(f"{body!r} is ready, but pop does not give it")
    if popped.count(b"next") != 1:
        raise Failure(f"the next message was popped {popped.count(b'next')} times")


def plan(scenario, mode, every, calls):
    """What to do at which call: pairs of a number and an action."""
    if mode == "fail":
        for n in range(1, len(calls) + 1):
            if not every and n % 4 and not CHANGES.match(calls[n - 1]):
                continue
            for action in (*ERRORS, "short") if every else [ERRORS[(n + SHIFT) % len(ERRORS)]]:
                if action != "short" or "write" in calls[n - 1]:
                    yield n, action
            if calls[n - 1].startswith("renameat2 "):
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
    if p.returncode != 0 or len(calls) < (2 if scenario.broken else 10):
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
        jobs = [(s, pool.submit(sweep, s, mode, every, f"{top}/{i}")) for i, s in enumerate(chosen)]
        results = [job.result() for _, job in jobs]
    for (s, _), (total, failures) in zip(jobs, results):
        for failure in failures:
            print(failure)
    failed = sum(len(f) for _, f in results)
    print(f"{len(chosen)} commands, {sum(t for t, _ in results)} runs, {failed} failures")
    sys.exit(failed != 0)


main()
