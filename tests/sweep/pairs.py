#!/usr/bin/env python3
"""usage: pairs.py [--all] [-v] verbs|users|clock [WORLD...]

Two commands at once: one is stopped before one of its system calls (see inject.c), the other runs to its end, and then the
first goes on, or is killed; or it is killed there, and the other runs after it.  meetings.py says which commands meet, and in
which spool.  What stands where is read from the files, by the rules of spool-format.md, not asked of mq.

  lost      a message is gone without a command that may end it having said so (0), or having been killed meanwhile; or
            it was removed as "not the latest" while no newer one of its key stood;
  doubled   an id stands twice in a queue, or is delivered twice, or two messages of one key are claimed at a time;
  changed   a command that was refused (1, 66, 69, 75) has changed something: a message, a turn, a latest, a record;
  order     a message of a key was delivered while an earlier one was unfinished;
  stuck     what is left is not all delivered by plain pops once the leases are over, or fsck is not content after a repair;
  neither   what both said, and what became of it, is neither what the one after the other gives nor the other way round,
            and not what one of them gives alone while the other was refused.

Without --all: the same sample each time, of the moments before the calls that change something.
"""
import hashlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

import spool
from meetings import CLOCK, WORLDS
from spool import INJECT, LITTER, MQ, NAME, Failure, Room, prepare

KINDS = ("lost", "doubled", "changed", "order", "stuck", "neither")
CHANGES = re.compile("mkdir|unlink|rename|link|rmdir|write|sync|truncate|allocate|chmod|chown|sendfile|copy_file_range")
STATES = ("ready", "delayed", "claimed", "held", "dead", "done", "waiting")
UNFINISHED = ("ready", "waiting", "delayed", "claimed")
REFUSED = (1, 66, 69, 75)
SHARES = {"verbs": 0.012, "users": 0.15, "clock": 0.06}      # of all moments, in a run without --all


class Fault(Failure):
    def __init__(self, kind, text):
        super().__init__(f"{kind}: {text}")
        self.kind = kind


class Message:
    def __init__(self, queue, state, name, path):
        match = NAME.fullmatch(name)
        if not match:
            raise Fault("neither", f"{queue}/{state}: the name {name} does not parse")
        fields = {f[0]: f[1:] for f in match[3].split(",")[1:]}
        with open(path, "rb") as f:
            self.body = f.read()[int(fields.get("h", 0)):].rstrip(b"\n")
        self.queue, self.state, self.id, self.fields = queue, state, match[1], fields
        # What is over is acknowledged; what is decided is won by who ends it, and anybody may go on from there.
        self.key, self.over, self.decided = fields.get("K"), "f" in fields, "f" in fields or "F" in fields

    def loose(self):
        """Without what hangs on the moment, and whether it waits for its turn here or there."""
        f, state = self.fields, "ready" if self.state == "waiting" else self.state
        return (self.queue, state, self.body, self.key, f.get("a"), f.get("d"), f.get("r"), f.get("p"), "x" in f, "y" in f)


class Snapshot:
    """All of a spool that counts; nobody changes it meanwhile."""

    def __init__(self, top):
        self.messages, self.turns, self.latest, self.records, self.files = [], {}, {}, {}, {}
        for queue in sorted(os.listdir(top)):
            if not queue.startswith("."):
                self.read(f"{top}/{queue}", queue)

    def read(self, top, queue):
        for state in STATES:
            for root, _, names in os.walk(f"{top}/{state}"):
                self.messages += [Message(queue, state, name, f"{root}/{name}") for name in names]
        for name in self.list(f"{top}/new"):
            self.files[queue, "new", name] = open(f"{top}/new/{name}", "rb").read()
        for order in self.list(f"{top}/turns"):
            for entry in self.list(f"{top}/turns/{order}"):
                self.turns[queue, order] = entry[:36]
        for order in self.list(f"{top}/latest"):
            self.latest[queue, order] = NAME.search(os.readlink(f"{top}/latest/{order}"))[1]
        for root, _, names in os.walk(f"{top}/failures"):
            for name in names:
                self.records[queue, name] = re.findall(rb"^Reason: (.*)", open(f"{root}/{name}", "rb").read(), re.M)
        for root, _, names in os.walk(f"{top}/once"):
            # What a marker names, and is not yet where it belongs, was accepted.
            named = [os.readlink(f"{root}/{n}") for n in names if os.path.islink(f"{root}/{n}")]
            self.messages += [Message(queue, "once", n, f"{root}/{n}") for n in names if n in named]
        for what in ("subscriptions", "topics", "replies"):
            for root, _, names in os.walk(f"{top}/{what}"):
                for name in names:
                    self.files[queue, root[len(top):], name] = open(f"{root}/{name}", "rb").read()
        conf = f"{top}/queue.conf"
        self.files[queue, "", "queue.conf"] = sorted(open(conf, "rb").read().splitlines()) if os.path.exists(conf) else b""

    @staticmethod
    def list(path):
        return [n for n in os.listdir(path) if not n.startswith(".")] if os.path.isdir(path) else []

    def standing(self):
        """{(queue, id): message}, of what is not over."""
        return {(m.queue, m.id): m for m in self.messages if not m.over}

    def ids(self):
        return {m.id: m for m in self.messages if not m.over}

    def loose(self):
        messages = [m.loose() for m in self.messages if not m.over]
        messages += [(q, "ready", body.rstrip(b"\n"), *[None] * 5, False, False) for (q, what, _), body in self.files.items() if what == "new"]
        return (sorted(messages, key=repr), sorted((k, v) for k, v in self.files.items() if k[1] not in ("new", "/topics")))

    def strict(self, ended=()):
        """All, but what hangs on messages that are decided: somebody else may end them."""
        keys = {m.key for m in ended if m.key}
        ids = {m.id for m in ended}
        messages = sorted((m.queue, m.state, m.id, m.body, sorted(m.fields.items())) for m in self.messages if m.id not in ids and m.key not in keys)
        turns, latest = ({k: v for k, v in d.items() if k[1] not in keys} for d in (self.turns, self.latest))
        return messages, turns, latest, {k: v for k, v in self.records.items() if k[1] not in ids}, self.files

    def difference(self, other):
        ended = [m for m in self.messages if m.decided]
        for what, mine, others in zip(("messages", "turns", "latest", "records", "files"), self.strict(ended), other.strict(ended)):
            if mine != others:
                if what == "messages":
                    return f"{[m[:2] + m[3:] for m in mine if m not in others]} became {[m[:2] + m[3:] for m in others if m not in mine]}"
                return f"{what}: {mine} became {others}"
        return None

    def policies(self):
        return [line.decode() for (_, _, name), lines in self.files.items() if name == "queue.conf" for line in lines]

    def names(self):
        return {m.id: m.body.decode() for m in self.messages}


def said(p, names):
    """What a command said, with the bodies of the messages that were there in place of ids."""
    out = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", lambda m: names.get(m[0], "NEW"), p.stdout.decode(errors="replace"))
    out = re.sub(r"\d{8}T\d{6}\.\d{6}Z", "KEY", out)
    return p.returncode, re.sub(r",[0-9a-f]{16},", ",TOKEN,", out)


class Done:
    """A command that has ended."""

    def __init__(self, room, name):
        self.returncode = None
        self.out, self.err = f"{room.dir}/{name}.out", f"{room.dir}/{name}.err"

    @property
    def stdout(self):
        return open(self.out, "rb").read()

    @property
    def stderr(self):
        return open(self.err, "rb").read()


def start(room, name, argv):
    done = Done(room, name)
    with open(done.out, "wb") as out, open(done.err, "wb") as err:
        done.process = subprocess.Popen(argv, cwd=room.dir, env=room.env, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)
    done.timer = threading.Timer(120, lambda: os.killpg(done.process.pid, signal.SIGKILL))
    done.timer.start()
    return done


def finish(done, timeout=None):
    try:
        done.returncode = done.process.wait(timeout)
    except subprocess.TimeoutExpired:
        return False
    if not done.timer.is_alive():
        raise Fault("stuck", "it hangs")
    done.timer.cancel()
    return True


def shell(command):
    return ["sh", "-c", "exec " + command]


def meet(room, a, b, n, mode):
    """(a, b, line of the call or "", snapshots before b, after b, at the end, whether b had to wait for a)"""
    report = room.dir + "/report"
    one = start(room, "a", [INJECT, room.spool, str(n), mode, report, *shell(a.command)])
    waited = False
    if mode == "kill":
        finish(one)
    else:
        stopped = os.waitid(os.P_PID, one.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        if stopped.si_code != os.CLD_STOPPED:
            finish(one)
            return one, None, "", None, None, None, False
    before = Snapshot(room.spool)
    two = start(room, "b", shell(b.command))
    if mode == "kill":
        finish(two)
    else:
        # What waits for a lock of the one that is stopped goes on beside it.
        waited = not finish(two, 3)
        after = None if waited else Snapshot(room.spool)
        os.kill(one.process.pid, signal.SIGCONT)
        finish(one)
        if waited:
            finish(two)
    end = Snapshot(room.spool)
    return one, two, open(report).read(), before, end if mode == "kill" else after, end, waited


# ---- what must hold ----

def must_stand(world, who, verb, p, ends, before, after, seen=None):
    """What is gone from before to after was ended by the command, or replaced by a newer one of its key.

    seen: what the command saw before it was stopped.
    """
    left = after.ids()
    out = p.stdout if p else b""
    for m in before.ids().values():
        if m.id in left or m.body in ends or verb.consumes and m.body in out or world.expires and m.body == b"one" or replaced(m, before, after) or seen and (replaced(m, seen, after) or elsewhere(m, seen)):
            continue
        raise Fault("lost", f"{m.body!r} of {m.queue}/{m.state} is gone with {who}")


def replaced(m, before, after):
    """By a newer one of its key, that stood, in a queue that keeps the latest."""
    return m.key and any(n.key == m.key and n.id > m.id and not n.over and b"latest = yes" in before.files[n.queue, "", "queue.conf"]
                         for n in before.messages + after.messages if n.state != "done")


def elsewhere(m, seen):
    """In another queue, under the same id, which then is enough."""
    return any(n.id == m.id and n.queue != m.queue for n in seen.messages)


def must_be_single(world, when, s, limit=None):
    seen, keys, claims = set(), set(), 0
    for m in s.messages:
        if (m.queue, m.id) in seen and "duplicate-id" not in world.litter:
            raise Fault("doubled", f"{when} {m.body!r} stands twice in {m.queue}")
        seen.add((m.queue, m.id))
        if m.state == "claimed" and not m.decided:
            claims += 1
            if m.key and (m.queue, m.key) in keys:
                raise Fault("doubled", f"{when} two messages of one key are claimed in {m.queue}")
            keys.add((m.queue, m.key))
    if limit is not None and claims > limit:
        raise Fault("doubled", f"{when} {claims} are claimed, and max_in_flight is {limit}")


def judge(world, alone, a, b, mode, met):
    one, two, _, before, after, end, waited = met
    killed = mode != "stop"
    if world.group == "users":
        if two.returncode != 0:
            raise Fault("stuck", "the second user cannot go on")
        return
    for p in (two,) if killed else (one, two):
        if p.returncode > 128 or p.returncode < 0 or p.returncode in (70, 64):
            raise Fault("neither", f"exit {p.returncode}")
    ends_a = a.ends if killed or one.returncode == 0 else set()
    ends_b = b.ends if two.returncode == 0 else set()
    if one.returncode != 0:     # it may take back what it made
        ends_a = ends_a | {m.body for m in before.messages} - {m.body for m in alone.start.messages}
    must_stand(world, "the first", a, one, ends_a, alone.start, before)
    if waited:
        must_stand(world, "both", a, one, ends_a | ends_b, before, end)
    else:
        must_stand(world, "the second", b, two, ends_b, before, after)
        must_stand(world, "the first", a, one, ends_a, after, end, before)
        must_be_single(world, "after the second", after)
    must_be_single(world, "before the second", before)
    must_be_single(world, "in the end", end, None if killed else world.limit)
    if not waited and two.returncode in REFUSED and not b.seeks and not b.checks:
        changed = before.difference(after)
        if changed:
            raise Fault("changed", f"the second was refused ({two.returncode}), yet {changed}")
    if killed:
        return
    if not waited and one.returncode in REFUSED and not a.seeks and not a.checks and alone.start.difference(before) is None:
        changed = after.difference(end)
        if changed:
            raise Fault("changed", f"the first was refused ({one.returncode}), yet {changed}")
    # Of several deeds each is by itself: others may come between them.
    if not any(v.several or v.seeks and world.over for v in (a, b)):
        serial(alone, a, b, one, two, before, end)


def serial(alone, a, b, one, two, before, end):
    """As if one had come after the other; or one alone, and the other was refused."""
    names = alone.start.names()
    says = (None if a.checks else said(one, names)), (None if b.checks else said(two, names))
    result = end.loose()
    if (*says, result) in (alone.first_second, alone.second_first):
        return
    # Whoever wants the same end goes on with what is decided, and so ends it; by force, an operator takes it from there.
    same = a is b and says[0] == says[1] or (says[1], result) == alone.second
    if same and (says[0], result) == alone.first and any(m.decided for m in before.messages):
        return
    taken = b.forces or any(v == "latest = yes" for v in alone.start.policies())
    true = says in (alone.first_second[:2], alone.second_first[:2]) or b.forces and one.returncode == two.returncode == 0
    if taken and true and mild(result) in (mild(alone.first_second[2]), mild(alone.second_first[2])):
        return
    if one.returncode in REFUSED and (says[1], result) == alone.second:
        return
    if two.returncode in REFUSED and (says[0], result) == alone.first:
        return
    if {one.returncode, two.returncode} <= set(REFUSED) and result == alone.start.loose():
        return
    refused = one.returncode in REFUSED or two.returncode in REFUSED
    raise Fault("changed" if refused and not (a.seeks or b.seeks) else "neither", f"{says}: {show(result)}\n    first, second: {show(alone.first_second)}\n    second, first: {show(alone.second_first)}")


def mild(result):
    """In which queue each is; not in which state it was when an operator took it by force, or when it was no longer to be replaced."""
    messages, files = result
    return sorted((queue, body) for queue, _, body, *_ in messages), files


def show(result):
    return re.sub(r"(, None)+", "", re.sub(r", (False|None), (False|None)", "", repr(result)))


def room_of(template, directory):
    """With the owners of all files, and the links between them."""
    shutil.rmtree(directory, ignore_errors=True)
    subprocess.run(["cp", "-a", template, directory], check=True)
    return Room(None, directory)


class Alone:
    """What the two commands do one after the other."""

    def __init__(self, template, directory, a, b):
        self.start = Snapshot(template + "/spool")
        self.first, self.first_second = self.run(template, directory, a, b)
        self.second, self.second_first = self.run(template, directory, b, a)
        self.second_first = (self.second_first[1], self.second_first[0], self.second_first[2])

    def run(self, template, directory, a, b):
        """((what a says, what is then), (what a and then b say, what is then))"""
        room, results, says = room_of(template, directory), [], []
        for verb in (a, b):
            p = room.run(shell(verb.command))
            says.append(None if verb.checks else said(p, self.start.names()))
            results.append((*says, Snapshot(room.spool).loose()))
        return results


# ---- and afterwards ----

def fsck(room, *options):
    p = room.mq("fsck", "--json", *options)
    if p.returncode not in (0, 1):
        raise Fault("stuck", f"fsck: exit {p.returncode}: {p.stderr.decode()}")
    return [json.loads(line) for line in p.stdout.splitlines()]


def aftermath(world, room, orderly, end):
    for finding in fsck(room):
        if finding["id"] not in LITTER | world.litter:
            raise Fault("stuck", f"fsck finds {finding}")
    room.mq("fsck", "--repair")
    left = fsck(room)
    if left:
        raise Fault("stuck", f"after fsck --repair fsck finds {left}")
    queues = [q for q in sorted(os.listdir(room.spool)) if not q.startswith(".") and not os.path.isdir(f"{room.spool}/{q}/subscriptions")]
    for q in queues:
        room.mq("init", q, "paused=no", "attempts=1000", "backoff=0s", "keep=no", "latest=no", "max_in_flight=1000", "order_dead=skip")
    popped = {}
    drain(room, room.env, queues, orderly, popped)
    env = room.env
    if os.environ.get("MQ_SAN"):
        for q in queues:
            room.mq("retry", q, "--all", "--state=claimed,delayed", "--force")
    else:
        env = dict(env, LD_PRELOAD=CLOCK, CLOCK_FILE="later")
    drain(room, env, queues, orderly, popped)
    final = Snapshot(room.spool)
    for m in final.messages:
        if m.state in UNFINISHED and m.queue in queues:
            raise Fault("stuck", f"{m.body!r} is still in {m.queue}/{m.state}, and pop does not give it")
    must_be_single(world, "after the last pop", final)
    for (q, i), m in end.standing().items():
        if popped.get((q, i), 0) > 1:
            raise Fault("doubled", f"{m.body!r} was popped {popped[q, i]} times")
        if m.state in UNFINISHED and q in queues and (q, i) not in popped and (q, i) not in final.standing() and not world.expires and not replaced(m, end, end):
            raise Fault("lost", f"{m.body!r} of {q}/{m.state} was not popped")


def drain(room, env, queues, orderly, popped):
    empty = {q: 0 for q in queues}
    while min(empty.values()) < 2:      # twice, since the one may bring back what another waits for
        for q in queues:
            before = Snapshot(room.spool) if orderly else None
            p = subprocess.run([MQ, "pop", q, "--json"], cwd=room.dir, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
            if p.returncode not in (0, 1):
                raise Fault("stuck", f"pop: exit {p.returncode}: {p.stderr.decode()}")
            empty[q] = empty[q] + 1 if p.returncode else 0
            if p.returncode:
                continue
            i = json.loads(p.stdout)["id"]
            popped[q, i] = popped.get((q, i), 0) + 1
            if orderly:
                keep_order(before, Snapshot(room.spool), q, i)


def keep_order(before, after, queue, i):
    """No earlier one of its key was unfinished, nor is it then: it may have expired meanwhile."""
    m, there = before.standing().get((queue, i)), after.standing()
    for n in before.messages:
        left = there.get((queue, n.id))
        if m and m.key and n.key == m.key and n.queue == queue and n.id < i and n.state in UNFINISHED and not n.over and n.fields.get("F") != "d" and left and left.state in UNFINISHED:
            raise Fault("order", f"{m.body!r} was delivered while {n.body!r} was in {n.state}")


# ---- all of it ----

def draw(text):
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / (1 << 48)


def plan(world, name_a, name_b, calls, every, share):
    """Before each call that changes something, or some of them; with --all the one is also stopped after it."""
    for n, call in enumerate(calls, 1):
        for mode in world.modes():
            if every or world.planted:
                chosen = CHANGES.match(call) or mode == "stop" and n > 1 and CHANGES.match(calls[n - 2])
            else:
                # One that is stopped and goes on shows the most.
                often = world.weight(name_a, name_b) * {"verbs": 2 if mode == "stop" else 0.5}.get(world.group, 1)
                chosen = CHANGES.match(call) and draw(f"{world.name} {name_a} {name_b} {n} {mode}") < share * often
            if chosen:
                yield n, mode


def sweep(world, name_a, names_b, template, directory, every, share):
    """For each pair of the one command with the others: (number of moments, [(kind, text)])"""
    room = room_of(template, directory)
    room.run([INJECT, room.spool, "0", "list", room.dir + "/report", *shell(world.verbs[name_a].command)])
    calls = [line.split(" ", 1)[1] for line in open(room.dir + "/report").read().splitlines()]
    return [sweep_pair(world, name_a, name_b, template, directory, list(plan(world, name_a, name_b, calls, every, share))) for name_b in names_b]


def sweep_pair(world, name_a, name_b, template, directory, todo):
    if not todo:
        return 0, []
    a, b = world.verbs[name_a], world.verbs[name_b]
    alone, total, faults = None if world.group == "users" else Alone(template, directory, a, b), 0, []
    for n, mode in todo:
        room = room_of(template, directory)
        hit, met = "", None
        try:
            met = meet(room, a, b, n, mode)
            hit = met[2]
            if not hit:
                continue    # it made fewer calls this time
            total += 1
            judge(world, alone, a, b, mode, met)
            if world.group != "users":
                aftermath(world, room, not a.rejoins and not b.rejoins, met[5])
        except Fault as e:
            says = "" if met is None or met[1] is None else f"exit {met[0].returncode}, {met[1].returncode}\n    {met[0].stderr!r}, {met[1].stderr!r}"
            faults.append((e.kind, f"{world.name}: {name_a} / {name_b}: {mode} at {hit.strip().replace(room.spool, '')}: {e}\n    {says}"))
    return total, faults


def let_in(top):
    """Other users come to the rooms and to mq, wherever it was built."""
    os.chmod(top, 0o711)
    os.mkdir(top + "/bin", 0o755)
    shutil.copy(MQ, top + "/bin/mq")
    spool.MQ = top + "/bin/mq"


def sum_up(group, chosen, met, stops, kinds):
    pairs = sum(len(w.pairs()) for w in chosen)
    if group == "users":
        return f"{met} of {pairs} commands of one user, with four masks, killed at {stops} calls: the other could not go on {len(kinds)} times"
    figures = ", ".join(f"{kinds.count(kind)} {text}" for kind, text in zip(KINDS, (
        "lost", "doubled", "refused but changed", "out of order", "stuck", "neither one after the other nor the other way round")))
    what = "commands and steps of the clock" if group == "clock" else "pairs of commands"
    return f"{met} of {pairs} {what} in {len(chosen)} spools, {stops} stops: {figures}"


def main():
    args = sys.argv[1:]
    every, verbose = "--all" in args, "-v" in args
    group, *names = [a for a in args if not a.startswith("-")]
    chosen = [w for w in WORLDS if w.group == group and (not names or w.name in names)]
    with tempfile.TemporaryDirectory(prefix="pairs.") as top, ThreadPoolExecutor(os.cpu_count()) as pool:
        if group == "users":
            let_in(top)
        jobs = []
        share = 1 if every else float(os.environ.get("SHARE", 1 if names else SHARES[group]))
        for i, world in enumerate(chosen):
            template = prepare(world, f"{top}/{i}")
            for clock, seconds in (("late", 7200), ("later", 30 * 86400)):
                with open(f"{template}/{clock}", "w") as f:
                    f.write(f"0 {seconds}\n")
            for a, pairs in itertools.groupby(world.pairs(), lambda pair: pair[0]):
                jobs.append((world, pool.submit(sweep, world, a, [b for _, b in pairs], template, f"{top}/{i}/room.{a}", every, share)))
        results = []
        for w, job in jobs:
            for total, faults in job.result():
                results.append((w, total, faults))
                for _, text in faults:
                    if verbose or not w.planted:
                        print(text, flush=True)
    planted = [w for w in chosen if w.planted]
    faults = [f for w, _, fs in results if not w.planted for f in fs]
    missed = [w.name for w in planted if w.planted not in {kind for x, _, fs in results if x is w for kind, _ in fs}]
    if missed:
        print(f"planted and not found: {', '.join(missed)}")
    if verbose:
        for w in chosen:
            print(f"# {w.name}: {sum(t for x, t, _ in results if x is w)} stops, {sum(len(f) for x, _, f in results if x is w)} faults")
    print(sum_up(group, chosen, sum(t > 0 for _, t, _ in results), sum(t for _, t, _ in results), [f[0] for f in faults]) +
          "".join(f"; planted and found: {w.name}" for w in planted if w.name not in missed))
    sys.exit(bool(faults or missed))


main()
