"""A spool as the files in it say, by the rules of spool-format.md, and rooms with a copy of one to run commands in."""
import json
import os
import re
import shutil
import subprocess

from scenarios import GONE

INJECT = os.environ["MQ_BUILD"] + "/sweep/inject"
REMOTE = os.environ["MQ_BUILD"] + "/preload/remote.so"
MQ = os.environ["MQ_BIN"]
NAME = re.compile(r"\d{8}T\d{6}\.\d{6}Z,([0-9a-f-]{36}),s(\d+)((,[a-zA-Z][A-Za-z0-9.-]*)*)")
STATES = ("ready", "delayed", "claimed", "held", "dead", "done", "waiting")
# What a command that dies, or meets an error, may leave: spool-format.md section 11, severity info.
LITTER = {"stale-tmp", "half-bucket", "orphan-record", "orphan-reply", "bad-counters", "no-bucket", "half-queue", "orphan-turn", "stuck-turn", "stale-latest", "half-ended", "unfinished-push", "old-key"}


class Failure(Exception):
    pass


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
        for root, dirs, files in os.walk(f"{spool}/{queue}/once"):
            # What no marker names was not accepted.
            named = [os.readlink(f"{root}/{f}") for f in files if os.path.islink(f"{root}/{f}")]
            for name in files:
                if name in named:
                    look(f"{root}/{name}", name, f"{queue}/once", found)
        new = f"{spool}/{queue}/new"
        for name in os.listdir(new) if os.path.isdir(new) else ():
            if not name.startswith("."):
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
    if "f" in fields:    # acknowledged: it will not be delivered again
        return
    found.setdefault(data[int(fields.get("h", 0)):], []).append(place)


def replaced(wanted, found):
    """How many were pushed, and are gone because the next of their key was."""
    return sum(body not in found for body, (before, after, *_) in wanted.items() if before is GONE and after is GONE)


class Room:
    """A directory with a copy of a scenario's spool (or with what is there), in which to run commands."""

    def __init__(self, template, directory):
        self.dir = directory
        if template:
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
        # Only a network file system loses an answer, and mq looks which it is.
        if action == "lost":
            words = ["env", "LD_PRELOAD=" + REMOTE, *words]
        p = self.run([INJECT, self.spool, str(n), action, report, *words], scenario.stdin.encode())
        if p.returncode in (70, 64) and p.stderr.startswith(b"inject:"):
            raise Failure(p.stderr.decode())
        return p, open(report).read()


def environment(directory):
    return dict(os.environ, TMPDIR=directory, MQ_SPOOL=directory + "/spool", MQ_CONF="/dev/null", HOME=directory,
                PATH=os.path.dirname(MQ) + ":" + os.environ["PATH"])


def prepare(scenario, directory):
    template = f"{directory}/template"
    os.makedirs(template + "/spool")
    subprocess.run(["bash", "-e", "-c", scenario.setup], cwd=template, env=environment(template), check=True)
    return template


def judge_links(scenario, room, ended, printed):
    """What is accepted is in all of its places once the next command has completed it; else in all of them or as before.  No queue has it twice."""
    ids = len(re.findall(rb"[0-9a-f-]{36}", printed))
    once(scenario, room)
    repair = room.mq("fsck", "--repair")
    if repair.returncode != 0:
        raise Failure(f"fsck --repair: {repair.stdout.decode()}")
    p = room.run(["sh", "-c", "exec " + scenario.links])
    if p.returncode != 0:
        raise Failure(f"{scenario.links}: exit {p.returncode}: {p.stderr.decode()}")
    found = once(scenario, room)
    arrived = 0
    for body, (before, after) in scenario.places.items():
        at = sorted(found.get(body, []))
        if at not in (before, after):
            raise Failure(f"{body!r} is in {at}")
        if at != after and (ended or scenario.links == scenario.command):
            raise Failure(f"it had ended with 0, but {body!r} is in {at}")
        arrived += at == after
    if scenario.command.startswith("mq push") and arrived < ids:
        raise Failure(f"{ids} ids were printed, and {arrived} messages have arrived")


def once(scenario, room):
    found = places(room.spool, scenario.places)
    for body, at in found.items():
        queues = [p.split("/")[0] for p in at if not p.endswith("/done")]
        if len(set(queues)) < len(queues):
            raise Failure(f"{body!r} stands in {at}")
    return found


def fsck(room):
    p = room.mq("fsck", "--json")
    if p.returncode not in (0, 1):
        raise Failure(f"fsck: exit {p.returncode}: {p.stderr.decode()}")
    return [json.loads(line) for line in p.stdout.splitlines()]


def again(scenario, room):
    p = room.run(["sh", "-c", scenario.command], scenario.stdin.encode())
    found = places(room.spool, scenario.places)
    if p.returncode != 0:
        raise Failure(f"the same command again: exit {p.returncode}: {p.stderr.decode()}")
    for body, (before, after, *between) in scenario.places.items():
        if found.get(body) != [after]:
            raise Failure(f"after the same command again {body!r} stands in {found.get(body)}")


def aftermath(scenario, room):
    """The next commands: fsck, push, and pop until there is no more."""
    if not os.path.isdir(room.spool):
        os.mkdir(room.spool)
    if "repair" not in scenario.name:
        for finding in fsck(room):
            if finding["id"] == "wrong-mode" and "mode" in scenario.name:
                continue    # a change of modes takes many steps
            if finding["id"] not in LITTER and not (scenario.edits and finding["id"] == "duplicate-id"):
                raise Failure(f"fsck finds {finding}")
    if scenario.again:
        again(scenario, room)
    p = room.mq("fsck", "--repair")
    left = fsck(room)
    if left:
        raise Failure(f"after fsck --repair fsck finds {left}")
    before = places(room.spool, scenario.places)
    room.mq("init", "q", "paused=no", "max_messages=99", "keep=no", "latest=no", "order_dead=skip")
    p = room.mq("push", "-q", "q", "-m", "next")
    if p.returncode != 0:
        raise Failure(f"the next push fails: {p.stderr.decode()}")
    popped = []
    for _ in range(3):      # a second time for what a dead holder had claimed
        p = room.mq("pop", "q", "-n", "99", "-0")
        if p.returncode not in (0, 1):
            raise Failure(f"the next pop fails: {p.stderr.decode()}")
        popped += p.stdout.split(b"\0")[:-1]
    after = places(room.spool, scenario.places)
    for body in scenario.places:
        # What was kept goes with the first pop, as that is what keep=no asks for.
        had, has = ([p for p in found.get(body, ()) if not p.endswith("/done")] for found in (before, after))
        if popped.count(body) + len(has) != len(had):
            raise Failure(f"{body!r} was in {before.get(body)}, popped {popped.count(body)} times, is in {after.get(body)}")
        if "q/ready" in after.get(body, ()):
            raise Failure(f"{body!r} is ready, but pop does not give it")
    if popped.count(b"next") != 1:
        raise Failure(f"the next message was popped {popped.count(b'next')} times")
