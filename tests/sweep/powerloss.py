#!/usr/bin/env python3
"""usage: powerloss.py [--all] [SCENARIO...]

For each verb that changes a queue: record its calls (strace), and build every
spool that a power failure could leave, as ALICE does (Pillai and others, OSDI
2014, "All file systems are not created equal").  The file system is the worst
that POSIX allows: what was not synced may be lost, alone or with other things,
and in any order: the bytes of a file (none, zeros, or half of them), and each
entry of a directory.  A rename is one thing, done or not done; what is synced
takes along what it stands on.

Then, in each of these spools,
  - every message that was there before is there, once, with all its bytes,
    unless it was acknowledged or removed on purpose;
  - if the command had ended with 0, or printed the id, its message is there, and
    what an operator moved is where it was moved to;
  - nothing half written can be seen; the next commands work (spool.py).

Where more than a few things are undetermined not all sets of them are built, but
all with one missing or one there, and of these a sample, unless there is --all.

At the end the same with an mq the syncs of which do nothing: of files, of
directories, and both.  Each must be found out.
"""
import itertools
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from scenarios import GONE, SCENARIOS
from spool import Failure, Room, aftermath, judge_links, places, prepare, replaced

TRACED = "openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlinkat,unlink,unlinkat,rmdir," \
    "write,pwrite64,writev,ftruncate,fallocate,fsync,fdatasync,syncfs,sync"
LINE = re.compile(r"(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)(?:<((?:\\x..)*)>)?(.*)")
ARG = re.compile(r'\s*(?:(?:\d+|AT_FDCWD)<((?:\\x..)*)>(?:\(deleted\))?|"((?:\\x..)*)"|[^,]+)')
# Of so many undetermined things all sets are built.
EXHAUSTIVE = 5
SAMPLE = 2 if os.environ.get("MQ_SAN") else 3    # spools at each point, without --all
# A claim, an ack or the like may be undone: spool-format.md section 6.
UNSYNCED = ("claim", "ack", "extend", "nack", "pop", "work")


def text(hexed):
    return bytes.fromhex(hexed.replace("\\x", ""))


class Op:
    """One change: data of one inode, or entries of directories.  needs: ops without which it cannot be."""

    def __init__(self, kind, **kw):
        self.kind, self.needs, self.durable = kind, set(), None
        self.__dict__.update(kw)


class Recorder:
    """The calls of a command, as ops on inodes; durable: at which op's time it became so."""

    def __init__(self, root):
        self.root, self.ops, self.marks = root, [], []
        self.inodes = {}        # path: inode number; directories too
        self.made = {}          # inode: op that made it
        self.entry = {}         # path: last op that changed it
        self.count = itertools.count(1)
        self.before = set()
        for top, dirs, files in os.walk(root):
            self.inodes[top] = next(self.count)
            self.before.add(self.inodes[top])
            for name in files:
                self.inodes[f"{top}/{name}"] = next(self.count)
        if root not in self.inodes:
            self.inodes[os.path.dirname(root)] = 0

    def add(self, op, paths, inode):
        for path in paths:
            if path in self.entry:
                op.needs.add(self.entry[path])
            self.entry[path] = op
            # What was put into a directory is in it under its old name, too; paths tell only of the new one.
            parent = self.entry.get(os.path.dirname(path))
            if parent is not None and parent.kind == "rename":
                op.needs.add(parent)
        if inode in self.made and self.made[inode] is not op:
            op.needs.add(self.made[inode])
        op.dirs = {os.path.dirname(p) for p in paths}
        op.dir_inodes = {self.inodes.get(d) for d in op.dirs}
        self.ops.append(op)

    def make(self, path, kind):
        inode = next(self.count)
        self.inodes[path] = inode
        op = Op(kind, path=path, inode=inode)
        self.made[inode] = op
        self.add(op, [path], inode)

    def move(self, old, new, keep):
        if old == new or old not in self.inodes:
            return
        inode = self.inodes[old]
        self.add(Op("link" if keep else "rename", old=old, new=new, inode=inode), [old, new], inode)
        for path in [p for p in self.inodes if p == old or p.startswith(old + "/")]:
            self.inodes[new + path[len(old):]] = self.inodes[path]
            if path in self.entry and path != old:
                self.entry[new + path[len(old):]] = self.entry[path]
            if not keep:
                del self.inodes[path]

    def sync(self, inode, everything=False):
        now = len(self.ops)
        todo = [o for o in self.ops if o.durable is None and
                (everything or o.kind == "data" and o.inode == inode or o.kind != "data" and inode in o.dir_inodes)]
        while todo:
            op = todo.pop()
            if op.durable is None:
                op.durable = now
                todo += op.needs

    def feed(self, line):
        match = LINE.match(line)
        if not match or int(match[3]) < 0:
            return
        call, result = match[1], int(match[3])
        args = [m for m in ARG.finditer(match[2])]
        def path(at, name):
            given = text(args[name][2]).decode(errors="surrogateescape")
            base = text(args[at][1]).decode(errors="surrogateescape") if at is not None and args[at][1] else os.getcwd()
            return os.path.normpath(os.path.join(base, given))
        def fd(i):
            return text(args[i][1] or "").decode(errors="surrogateescape")
        inside = lambda p: p == self.root or p.startswith(self.root + "/")
        if call == "openat":
            p = path(0, 1)
            if "O_CREAT" in match[2] and inside(p) and p not in self.inodes:
                self.make(p, "create")
        elif call == "symlinkat" and inside(path(1, 2)):
            self.make(path(1, 2), "symlink")
            self.ops[-1].text = text(args[0][2]).decode()
        elif call == "mkdirat" and inside(path(0, 1)):
            self.make(path(0, 1), "mkdir")
        elif call == "mkdir" and inside(path(None, 0)):
            self.make(path(None, 0), "mkdir")
        elif call in ("renameat2", "renameat", "linkat"):
            self.move(path(0, 1), path(2, 3), call == "linkat")
        elif call == "unlinkat" and path(0, 1) in self.inodes:
            p = path(0, 1)
            self.add(Op("unlink", path=p, inode=self.inodes[p]), [p], self.inodes[p])
            del self.inodes[p]
        elif call in ("write", "pwrite64", "fallocate", "ftruncate"):
            if fd(0) in self.inodes and inside(fd(0)):
                inode = self.inodes[fd(0)]
                data = text(args[1][2])[:result] if call in ("write", "pwrite64") else bytes(int(args[-1][0]))
                op = Op("data", inode=inode, data=data, append=call == "write")
                if inode in self.made:
                    op.needs.add(self.made[inode])
                self.ops.append(op)
            elif call == "write" and args[0][0].strip().startswith("1<"):
                self.marks.append((len(self.ops), text(args[1][2])))
        elif call in ("fsync", "fdatasync", "syncfs", "sync") and "INJECTED" not in match[5]:
            self.sync(self.inodes.get(fd(0)) if call != "sync" else None, call in ("syncfs", "sync"))
        elif call not in ("openat", "open", "mkdir", "mkdirat", "unlinkat", "write", "fsync", "fdatasync", "syncfs", "sync"):
            if self.root in match[2]:
                raise Failure(f"a call that is not understood: {line}")


def subsets(things):
    """Which of the undetermined ops are on disk."""
    if len(things) <= EXHAUSTIVE:
        for n in range(len(things) + 1):
            yield from map(set, itertools.combinations(things, n))
        return
    whole = set(things)
    yield whole
    yield set()
    for thing in things:
        yield {thing}
        yield whole - {thing}


def states(recorder, t):
    """The sets of ops that may be on disk when the power fails after t calls, each with what became of unsynced data."""
    done = recorder.ops[:t]
    sure = {o for o in done if o.durable is not None and o.durable <= t}
    open_ = [o for o in done if o not in sure and o.kind != "data"]
    seen = set()
    for some in subsets(open_):
        have = sure | some
        # What something stands on is there with it.
        have = frozenset(o for o in have if o.kind == "data" or o.needs <= have)
        if have in seen:
            continue
        seen.add(have)
        loose = [o for o in done if o.kind == "data" and o not in sure and any(n in have for n in o.needs)]
        for how in ("none", "zeros", "half", "all") if loose else ("all",):
            yield have, how


def build(recorder, template, directory, have, how, t):
    """The spool with these ops on disk."""
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(template, directory, symlinks=True, ignore=shutil.ignore_patterns("spool"))
    old, new = recorder.root, directory + "/spool"
    data = {}
    for op in recorder.ops[:t]:
        if op.kind == "data":
            sure = op.durable is not None and op.durable <= t
            piece = op.data if sure or how == "all" else \
                {"none": b"", "zeros": bytes(len(op.data)), "half": op.data[:len(op.data) // 2]}[how]
            data[op.inode] = data.get(op.inode, b"") + piece if op.append else piece
    tree = {}       # path below the spool: None for a directory, else the bytes
    for top, dirs, files in os.walk(template + "/spool"):
        at = top[len(template + "/spool"):]
        tree[at] = None
        for name in files:
            if os.path.islink(f"{top}/{name}"):
                tree[f"{at}/{name}"] = os.readlink(f"{top}/{name}")
                continue
            with open(f"{top}/{name}", "rb") as f:
                tree[f"{at}/{name}"] = f.read()
    for op in recorder.ops[:t]:
        if op not in have or op.kind == "data":
            continue
        if op.kind in ("mkdir", "create"):
            tree[op.path[len(old):]] = None if op.kind == "mkdir" else data.get(op.inode, b"")
        elif op.kind == "symlink":
            tree[op.path[len(old):]] = op.text
        elif op.kind == "unlink":
            tree.pop(op.path[len(old):], None)
        else:
            source, target = op.old[len(old):], op.new[len(old):]
            for path in [p for p in tree if p == source or p.startswith(source + "/")]:
                tree[target + path[len(source):]] = tree[path] if op.kind == "link" else tree.pop(path)
    for path in sorted(tree):
        # What lies in a directory that is not on disk cannot be reached.
        if not os.path.isdir(os.path.dirname(new + path)):
            continue
        if tree[path] is None:
            os.mkdir(new + path)
        elif isinstance(tree[path], str):
            os.symlink(tree[path], new + path)
        else:
            with open(new + path, "wb") as f:
                f.write(tree[path])
    # What is made has its mode at once, so that of a name is the one it had in the end, or before.
    for path in tree:
        for whose in (old, template + "/spool"):
            if os.path.exists(whose + path) and os.path.exists(new + path) and not os.path.islink(new + path):
                shutil.copymode(whose + path, new + path)
                break


def judge(scenario, room, ended, printed):
    if scenario.links:
        return judge_links(scenario, room, ended, printed)
    spool = room.spool
    found = places(spool, scenario.places) if os.path.isdir(spool) else {}
    verb = scenario.command.split()[1]
    for body, (before, after, *between) in scenario.places.items():
        at = found.get(body, [GONE])
        if len(at) != 1:
            raise Failure(f"{body!r} stands in {at}")
        if at[0] not in (before, after, *between):
            raise Failure(f"{body!r} is in {at[0]}")
        if at[0] is GONE and before is not GONE and after is not GONE:
            raise Failure(f"{body!r} is gone")
        if ended and before is GONE and at[0] not in (after, *scenario.or_else):
            raise Failure(f"the push had ended with 0, but {body!r} is in {at[0]}")
        if ended and verb in ("retry", "hold", "bury", "mv") and at[0] not in (after, *scenario.or_else):
            raise Failure(f"{verb} had ended with 0, but {body!r} is in {at[0]}")
    if printed and scenario.pushes:
        there = sum(len(found.get(b, ())) for b, w in scenario.places.items() if w[0] is GONE)
        if there + replaced(scenario.places, found) < len(re.findall(rb"[0-9a-f-]{36}", printed)):
            raise Failure("the id was printed, but the message is not there")


def whole(lines):
    """Of two processes at once strace cuts a call in two lines; a call counts when it ends."""
    begun = {}
    for line in lines:
        pid = line.split(" ", 1)[0]
        if line.endswith("<unfinished ...>\n"):
            begun[pid] = line[:-len("<unfinished ...>\n")]
        elif match := re.match(r"\d+ +<\.\.\. \w+ resumed>(.*)", line):
            yield begun.pop(pid, "") + match[1] + "\n"
        else:
            yield line


def record(scenario, template, directory, inject):
    room = Room(template, directory)
    trace = directory + "/trace"
    argv = ["strace", "-f", "-qq", "-y", "-xx", "-s", "1000000", "-e", "trace=" + TRACED]
    for call in inject:
        argv += ["-e", f"inject={call}:retval=0"]
    recorder = Recorder(room.spool)
    env = dict(room.env, ASAN_OPTIONS="detect_leaks=0")     # it cannot trace what is traced
    p = subprocess.run([*argv, "-o", trace, "sh", "-c", "exec " + scenario.command], cwd=room.dir, env=env,
                       input=scenario.stdin.encode(), capture_output=True, timeout=120)
    if p.returncode != (scenario.asks or 0):
        raise Failure(f"{scenario.command}: exit {p.returncode}: {p.stderr.decode()}")
    with open(trace) as lines:
        for line in whole(lines):
            recorder.feed(line)
    return recorder


def lose(scenario, directory, every, inject=(), enough=None):
    """(spools, [failures])"""
    template = prepare(scenario, directory)
    try:
        recorder = record(scenario, template, directory + "/record", inject)
    except Failure as e:
        return 1, [f"{scenario.name}: {e}"]
    total, failures, looked = 0, [], set()
    times = range(len(recorder.ops) + 1)
    for t in reversed(times) if enough else times:
        ended = t == len(recorder.ops)
        printed = b"".join(out for at, out in recorder.marks if at <= t)
        possible = list(states(recorder, t))
        if not every and not enough and len(possible) > SAMPLE:
            possible = possible[:2] + random.sample(possible[2:], SAMPLE - 2)
        for have, how in possible:
            key = (have, how, ended, printed, tuple(o.durable is not None and o.durable <= t for o in recorder.ops[:t] if o.kind == "data"))
            if key in looked:
                continue
            looked.add(key)
            build(recorder, template, directory + "/room", have, how, t)
            total += 1
            try:
                room = Room(None, directory + "/room")
                judge(scenario, room, ended, printed)
                aftermath(scenario, room)
            except Failure as e:
                lost = [f"{o.kind} {getattr(o, 'new', getattr(o, 'path', ''))[len(recorder.root):]}"
                        for o in recorder.ops[:t] if o not in have and o.kind != "data"]
                failures.append(f"{scenario.name}: after {t} of {len(recorder.ops)} changes, data {how}, lost {lost}: {e}")
                if enough and len(failures) >= enough:
                    return total, failures
    return total, failures


def main():
    random.seed(1)
    every = "--all" in sys.argv
    names = [a for a in sys.argv[1:] if a != "--all"]
    chosen = [s for s in SCENARIOS if (not names or s.name in names) and not s.reads and not s.broken]
    with tempfile.TemporaryDirectory(prefix="powerloss.") as top, ThreadPoolExecutor(os.cpu_count()) as pool:
        os.chmod(top, 0o711)    # for commands that run as another user
        jobs = [pool.submit(lose, s, f"{top}/{i}", every) for i, s in enumerate(chosen)]
        results = [job.result() for job in jobs]
        failures = [f for _, found in results for f in found]
        print("\n".join(failures))
        summary = f"{len(chosen)} commands, {sum(n for n, _ in results)} spools: {len(failures)} lost, doubled or half visible"
        if not names:
            # A push that syncs no file, no directory, nothing at all.
            found = []
            for what, name, calls in (("file and directory", "push", ("fsync",)), ("a directory", "bury", ("fsync",)),
                                      ("a batch", "push many", ("syncfs",)), ("a drop box", "push to a drop box", ("syncfs",))):
                for scenario in (s for s in chosen if s.name == name):
                    if lose(scenario, f"{top}/wrong-{name}", every, calls, enough=1)[1]:
                        found.append(what)
                    else:
                        failures.append(f"without the sync of {what}: nothing was found")
                        print(failures[-1])
            summary += f"; planted and found: no sync of {', of '.join(found)}"
        print(summary)
    sys.exit(bool(failures))


main()
