#!/usr/bin/env python3
"""usage: bench.py [--full] [ROW...]

What mq costs, beside the bare system calls (floor.c) and beside whichever of
redis-server, beanstalkd, sqlite3, filespooler, nq and python3-dirq are installed.
All that is compared runs in turns, round by round, in one run on one file system;
what counts are the ratios of the medians.  A table goes to stdout, the figures to
$MQ_BUILD/bench/result.json.
"""
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

MQ, BUILD = os.environ["MQ_BIN"], os.environ["MQ_BUILD"]
FLOOR = BUILD + "/bench/floor"
BODY = "a message of some forty bytes, not more."
ENV = {"PATH": os.path.dirname(MQ) + ":" + os.environ["PATH"], "MQ_CONF": "/dev/null", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
NULL = os.open("/dev/null", os.O_RDWR)
results = []


def has(program):
    return shutil.which(program) is not None


def spawn(argv, env=ENV, stdin=NULL, expect=0):
    """Seconds that a command took."""
    begin = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, env, file_actions=[(os.POSIX_SPAWN_DUP2, stdin, 0), (os.POSIX_SPAWN_DUP2, NULL, 1)])
    _, status = os.waitpid(pid, 0)
    took = time.perf_counter() - begin
    if os.waitstatus_to_exitcode(status) != expect:
        sys.exit(f"{' '.join(argv)}: exit {os.waitstatus_to_exitcode(status)}")
    return took


def mq(spool, *args, **kw):
    return spawn([MQ, "-s", spool, *args], **kw)


def floor(*args):
    """{"push": seconds, ...} as floor.c says."""
    out = subprocess.run([FLOOR, *map(str, args)], capture_output=True, check=True, env=ENV, text=True).stdout
    return {k: int(v) / 1e9 for k, v in (line.split() for line in out.splitlines())}


def turns(rounds, contenders):
    """{name: [seconds of each round]}, all of them in each round."""
    times = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            times[name].append(run())
    return times


def row(group, name, times, base, bound=None, unit=1e6, what="us", n=1):
    """One line: median, its ratio to each of base, the bounds that are asked."""
    median = statistics.median(times[name]) / n
    low, high = (statistics.quantiles(times[name], n=4)[i] / n if len(times[name]) > 2 else median for i in (0, 2))
    ratios = {b: median / (statistics.median(times[b]) / n) for b in base if b in times and b != name}
    results.append({"group": group, "name": name, "median_us": median * 1e6, "quartiles_us": [low * 1e6, high * 1e6], "ratios": ratios,
                    "bounds": bound or {}})
    said = "  ".join(f"{r:.2f} of {b}" + (f" (asked: {bound[b]:.2f}{'' if r <= bound[b] else ', MISSED'})" if bound and b in bound else "")
                     for b, r in ratios.items())
    print(f"{group:<11} {name:<24} {median * unit:>9.1f} {what} ({low * unit:.0f} to {high * unit:.0f})  {said}", flush=True)


class Server:
    """A server of our own that ends with us."""

    def __init__(self, argv, ready, env=None, seconds=4):
        self.after = lambda: None
        self.p = subprocess.Popen(argv, stdout=NULL, stderr=NULL, env=env or ENV)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if ready():
                return
            time.sleep(0.02)
        sys.exit(f"{argv[0]} does not come up")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.p.send_signal(signal.SIGTERM)
        self.p.wait()
        self.after()


def redis(top, fsync):
    where = f"{top}/redis-{fsync}"
    os.mkdir(where)
    return where + "/sock", Server([shutil.which("redis-server"), "--port", "0", "--unixsocket", where + "/sock", "--dir", where,
                                    "--appendonly", "yes", "--appendfsync", fsync, "--save", ""], lambda: os.path.exists(where + "/sock"))


def port_open(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def beanstalkd(top, *args):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    os.mkdir(f"{top}/bs{port}")
    return port, Server([shutil.which("beanstalkd"), "-l", "127.0.0.1", "-p", str(port), "-b", f"{top}/bs{port}", *args], lambda: port_open(port))


# ---- rows -----------------------------------------------------------------------------------------------------------

def oneshot(top, full):
    """One command, one message."""
    spool = top + "/spool"
    mq(spool, "init", "never", "sync=never")
    for queue in ("q", "never"):
        mq(spool, "init", queue)
        subprocess.run([MQ, "-s", spool, "push", "-q", "-l", queue], input="x\n" * 300, text=True, check=True, env=ENV)
    for _ in range(50):
        spawn([FLOOR, "push1", top + "/f"])
    push = {"empty program": lambda: spawn([FLOOR, "nothing"]), "floor": lambda: spawn([FLOOR, "push1", top + "/f"]),
            "mq push": lambda: mq(spool, "push", "-q", "q", "-m", BODY), "mq push, sync=never": lambda: mq(spool, "push", "-q", "never", "-m", BODY)}
    pop = {"floor": lambda: spawn([FLOOR, "pop1", top + "/f"]), "mq pop": lambda: mq(spool, "pop", "q")}
    with tempfile.TemporaryDirectory(dir=top) as t:
        server = None
        if has("redis-server"):
            sock, server = redis(t, "always")
            cli = shutil.which("redis-cli")
            push["redis-cli, always"] = lambda: spawn([cli, "-s", sock, "LPUSH", "l", BODY])
            pop["redis-cli, always"] = lambda: spawn([cli, "-s", sock, "RPOP", "l"])
        if has("sqlite3"):
            sql = shutil.which("sqlite3")
            subprocess.run([sql, t + "/db", "PRAGMA journal_mode=WAL; CREATE TABLE m (i INTEGER PRIMARY KEY, b TEXT)"], check=True, stdout=NULL)
            full_ = "PRAGMA synchronous=FULL; "
            push["sqlite3, full"] = lambda: spawn([sql, t + "/db", full_ + f"INSERT INTO m (b) VALUES ('{BODY}')"])
            pop["sqlite3, full"] = lambda: spawn([sql, t + "/db", full_ + "DELETE FROM m WHERE i = (SELECT min(i) FROM m) RETURNING b"])
        if has("fspl"):
            fspl = shutil.which("fspl")
            subprocess.run([fspl, "queue-init", "-q", t + "/fq"], check=True, stdout=NULL)
            # As its manual does it.
            put = f"{fspl} prepare -s {t}/seq -i - | {fspl} queue-write -q {t}/fq"
            push["filespooler"] = lambda: spawn(["/bin/sh", "-c", put])
            pop["filespooler"] = lambda: spawn([fspl, "queue-process", "-q", t + "/fq", "--maxjobs", "1", "true"])
        if has("nq"):
            os.mkdir(t + "/nq")
            push["nq"] = lambda: spawn([shutil.which("nq"), "-q", "true"], env=dict(ENV, NQDIR=t + "/nq"))
        n = 150 if full else 60
        pushed = turns(n, push)
        popped = turns(n, pop)
        if server:
            server.__exit__()
    peers = ("redis-cli, always", "sqlite3, full", "filespooler", "nq")
    asked = dict.fromkeys(peers, 0.5)
    for name in push:
        row("push 1", name, pushed, () if name != "mq push" else ("floor", *peers), dict(asked, floor=1.5))
    for name in pop:
        row("pop 1", name, popped, () if name != "mq pop" else ("floor", *peers), dict(asked, floor=1.5))
    handles = [subprocess.run([MQ, "-s", spool, "claim", "q"], capture_output=True, text=True, env=ENV).stdout.strip() for _ in range(n)]
    acks = turns(n, {"mq ack": lambda: mq(spool, "ack", "q", handles.pop()), "empty program": push["empty program"]})
    row("ack 1", "mq ack", acks, ("empty program",))


def inprocess(top, full):
    """One process, many messages one by one: push; take, read, ack."""
    n, rounds = (5000, 5) if full else (1000, 5)
    servers, contenders = [], {}
    count = iter(range(10 ** 9))

    def fresh():
        d = f"{top}/d{next(count)}"
        os.mkdir(d)
        return d

    for sync in ("nosync", "sync"):
        k = n if sync == "nosync" else n // 5
        contenders[f"floor, {sync}"] = lambda s=sync, k=k: (floor("each", fresh(), k, s), k)
        contenders[f"mq, {sync}"] = lambda s=sync, k=k: (floor("mq", fresh(), k, s), k)
    # What a power cut may take can live in memory, as the peers' messages do that are not synced.
    shm = tempfile.TemporaryDirectory(prefix="mqbench.", dir="/dev/shm")
    contenders["mq on tmpfs, nosync"] = lambda: (floor("mq", f"{shm.name}/{next(count)}", n, "nosync"), n)
    if has("redis-server"):
        for fsync, sync in (("no", "nosync"), ("always", "sync")):
            path, server = redis(top, fsync)
            servers.append(server)

            def by_redis(p=path, k=n if sync == "nosync" else n // 5):
                subprocess.run([shutil.which("redis-cli"), "-s", p, "DEL", "s"], stdout=NULL, env=ENV)
                return floor("redis", p, k), k
            contenders[f"redis streams, {sync}"] = by_redis
    if has("beanstalkd"):
        for args, sync in ((("-F",), "nosync"), (("-f0",), "sync")):
            port, server = beanstalkd(top, *args)
            servers.append(server)
            contenders[f"beanstalkd, {sync}"] = lambda p=port, k=n if sync == "nosync" else n // 5: (floor("beanstalkd", p, k), k)
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import dirq"], stderr=NULL).returncode == 0:
        code = """if 1:
            import sys, time
            from dirq.QueueSimple import QueueSimple
            q, n = QueueSimple(sys.argv[1]), int(sys.argv[2])
            t = time.perf_counter_ns()
            for i in range(n): q.add(sys.argv[3])
            print("push", time.perf_counter_ns() - t)
            t = time.perf_counter_ns()
            for name in q:
                if q.lock(name):
                    q.get(name)
                    q.remove(name)
            print("take", time.perf_counter_ns() - t)
            """

        def dirq():
            out = subprocess.run([python, "-c", code, fresh() + "/q", str(n), BODY], capture_output=True, text=True, check=True).stdout
            return {a: int(b) / 1e9 for a, b in (line.split() for line in out.splitlines())}, n
        contenders["dirq, nosync"] = dirq
    times = {"push": {}, "take": {}, "both": {}}
    # Not in the same turns: what waits to be written would be paid by the next one that syncs, and slow the others.
    for sync in ("nosync", "sync"):
        for _ in range(rounds):
            for name in (c for c in contenders if c.endswith(", " + sync)):
                got, k = contenders[name]()
                for part in ("push", "take"):
                    times[part].setdefault(name, []).append(got[part] / k)
                times["both"].setdefault(name, []).append((got["push"] + got["take"]) / k)
    for server in servers:
        server.__exit__()
    for sync, bound in (("nosync", {"floor, nosync": 1.3}), ("sync", {"floor, sync": 1.3})):
        bound = dict(bound, **{f"{p}, {sync}": 1.0 for p in ("redis streams", "beanstalkd", "dirq")})
        for part in ("push", "take", "both"):
            for name in contenders:
                if name.endswith(", " + sync):
                    base = {b: r for b, r in bound.items() if not (b.startswith("floor") and "tmpfs" in name)}
                    row(part + " n", name, times[part], base if name.startswith("mq") else (),
                        base if part == "both" else None)
    shm.cleanup()


def bulk(top, full):
    """Many lines into one push, synced."""
    n = 100000 if full else 20000
    lines = "".join(f"{i} {BODY}\n" for i in range(n))
    with open(top + "/lines", "w") as f:
        f.write(lines)
    count = iter(range(1000))

    def push():
        fd = os.open(top + "/lines", os.O_RDONLY)
        took = mq(top + "/bulk", "push", "-q", "-l", f"q{next(count)}", stdin=fd)
        os.close(fd)
        return took

    def bare():
        d = f"{top}/b{next(count)}"
        os.mkdir(d)
        return floor("bulk", d, n)["push"]
    times = turns(5, {"floor": bare, "mq push -l": push})
    row("bulk", "floor", times, (), n=n)
    row("bulk", "mq push -l", times, ("floor",), {"floor": 1.3}, n=n)
    print(f"            {n / statistics.median(times['mq push -l']):,.0f} messages a second, synced (asked: 10,000)")
    times = turns(3, {"mq pop -n": lambda: mq(top + "/bulk", "pop", "-l", "-n", str(n // 5), "q1")})
    row("bulk", "mq pop -n", times, (), n=n // 5)


def work(top, full):
    """A process a message."""
    n = 2000 if full else 600
    true = "/bin/true"
    count = iter(range(100))

    def worked(where):
        spool, queue = where + "/work", f"q{next(count)}"
        subprocess.run([MQ, "-s", spool, "push", "-q", "-l", queue], input="x\n" * n, text=True, check=True, env=ENV)
        return mq(spool, "work", queue, "--drain", "-j2", "--", true)
    loop, ours, memory = "posix_spawn loop, 2 at a time", "mq work --drain -j2", "the same, on tmpfs"
    with tempfile.TemporaryDirectory(prefix="mqbench.", dir="/dev/shm") as shm:
        times = turns(9, {loop: lambda: floor("spawn", n, 2, true)["work"], ours: lambda: worked(top), memory: lambda: worked(shm)})
    for name in times:
        row("work", name, times, (loop,), {loop: 1 / 0.9}, n=n)


ANSWER = """if 1:
    import sys
    for line in sys.stdin.buffer:
        id, head, body, *_ = line.split()
        sys.stdin.buffer.read(int(head) + int(body))
        sys.stdout.buffer.write(id + b" ok\\n")
        sys.stdout.buffer.flush()
    """


def handlers(top, full):
    """One handler for a message, for many at once, for one after another."""
    n = 2000 if full else 600
    python, count = shutil.which("python3"), iter(range(1000))

    def worked(messages, *args):
        queue = f"q{next(count)}"
        subprocess.run([MQ, "-s", top + "/work", "push", "-q", "-l", queue], input="x\n" * messages, text=True, check=True, env=ENV)
        return mq(top + "/work", "work", queue, "--drain", *args) / messages
    read = ("--", python, "-c", "import sys; sys.stdin.buffer.read()")
    one, true, stay, batch = "one python a message", "one true a message", "python that stays", "python, batches of 100"
    times = turns(5, {true: lambda: worked(n, "--", "/bin/true"), one: lambda: worked(n // 10, *read),
                      stay: lambda: worked(5 * n, "--persistent", "--", python, "-c", ANSWER), batch: lambda: worked(5 * n, "--batch", "100", *read)})
    for name in times:
        row("handlers", name, times, (one, true), {one: 0.1} if name == stay else None)


def wakeup(top, full):
    """From the moment a message is in the queue to its bytes at the end of the pipe of a blocked pop."""
    spool, n = top + "/wake", 300 if full else 100
    mq(spool, "init", "q")
    p = subprocess.Popen([MQ, "-s", spool, "pop", "-l", "-w", "-n", str(n), "q"], stdout=subprocess.PIPE, env=ENV)
    took = []
    for i in range(n):
        time.sleep(0.02)
        with open(f"{spool}/q/tmp/{i}", "w") as f:
            f.write(BODY)
        begin = time.perf_counter()
        os.rename(f"{spool}/q/tmp/{i}", f"{spool}/q/new/{i}")
        p.stdout.readline()
        took.append(time.perf_counter() - begin)
    p.wait()
    took.sort()
    p99 = took[int(len(took) * 0.99) - 1]
    results.append({"group": "wake-up", "name": "pop -w", "median_us": statistics.median(took) * 1e6, "p99_us": p99 * 1e6})
    print(f"wake-up     pop -w                   {statistics.median(took) * 1e6:9.1f} us, p99 {p99 * 1e6:.0f} us (asked: 5000)")


def fill(spool, queue, n):
    with subprocess.Popen([MQ, "-s", spool, "push", "-q", "-l", queue], stdin=subprocess.PIPE, env=ENV) as p:
        p.stdin.writelines(b"%d\n" % i for i in range(n))
        p.stdin.close()
    if p.returncode != 0:
        sys.exit(f"push: exit {p.returncode}")


def depth(top, full):
    """One-shot commands on deep queues."""
    spool = top + "/deep"
    deepest = 1000000 if full else 100000
    depths = {"ready 1,000": 1000, f"ready {deepest:,}": deepest} | ({"ready 10,000,000": 10000000} if full else {})
    others = {f"{state} {deepest:,}": state for state in ("delayed", "claimed", "held", "dead", "done")}
    contenders = {}
    for k, (name, n) in enumerate((depths | others).items()):
        mq(spool, "init", f"q{k}", "sync=never", "lease=1d")
        if name in others:
            floor("deep", f"{spool}/q{k}", deepest, others[name])
            n = 1000
        floor("deep", f"{spool}/q{k}", n, "ready")
    names = list(depths | others)
    bound = {name: 2 if "10,000,000" in name else 1.5 for name in names}
    for k in range(len(names)):     # the first looks at all of it
        mq(spool, "pop", f"q{k}")
    time.sleep(0.2)
    for k in range(len(names)):
        mq(spool, "pop", f"q{k}")
    rounds = 100 if full else 40
    for verb in ("push -q {} -m x", "pop {}", "claim+ack {}"):
        def run(queue, words=verb.split()):
            if words[0] != "claim+ack":
                return mq(spool, *(w.format(queue) for w in words))
            begin = time.perf_counter()
            handle = subprocess.run([MQ, "-s", spool, "claim", queue], capture_output=True, check=True, env=ENV).stdout.strip()
            mq(spool, "ack", queue, handle)
            return time.perf_counter() - begin
        times = turns(rounds, {name: lambda k=k: run(f"q{k}") for k, name in enumerate(names)})
        for name in names:
            row(verb.split()[0], name, times, (names[0],), {names[0]: bound[name]})
    for queue, verb in ((1, "ls --ids"), (1, "stat"), (names.index(f"dead {deepest:,}"), "dead --ids"), (names.index(f"dead {deepest:,}"), "retry -q --all"), (1, "rm -q --all --force")):
        name, *rest = verb.split()
        row("whole", f"{verb}, {deepest:,}", {f"{verb}, {deepest:,}": [mq(spool, name, *rest, f"q{queue}")]}, (), unit=1, what="s")


def contention(top, full):
    """Consumers that pop one by one, at once."""
    spool, each = top + "/many", 300
    for k in (1, 2, 8, 32):
        queue = f"q{k}"
        mq(spool, "init", queue, "sync=never")
        fill(spool, queue, k * each)
        argv = [MQ, "-s", spool, "pop", "-l", "-n", str(each), queue]
        begin = time.perf_counter()
        ps = [subprocess.Popen(argv, stdout=NULL, env=ENV) for _ in range(k)]
        for p in ps:
            p.wait()
        took = time.perf_counter() - begin
        row("contention", f"{k} consumers", {f"{k} consumers": [took]}, (), n=k * each)


def queues(top, full):
    """Many queues in a spool."""
    n = 10000 if full else 1000
    spool = top + "/queues"
    mq(spool, "init", "q0")
    for i in range(1, n):
        shutil.copytree(f"{spool}/q0", f"{spool}/q{i}")
    one = top + "/one"
    mq(one, "init", "q0")
    times = turns(60, {"1 queue": lambda: mq(one, "push", "-q", "q0", "-m", BODY), f"{n:,} queues": lambda: mq(spool, "push", "-q", f"q{n // 2}", "-m", BODY)})
    row("queues", f"{n:,} queues", times, ("1 queue",), {"1 queue": 1.5}, what="us a push")
    row("queues", f"stat of {n:,}", {f"stat of {n:,}": [mq(spool, "stat")]}, (), unit=1, what="s")


def memory(top, full):
    """Peak memory of one command, in a queue of many messages, one of them large."""
    n, spool = 1000000 if full else 100000, top + "/memory"
    with open(top + "/lines", "w") as f:
        f.writelines(f"{i}\n" for i in range(n))
    with open(top + "/large", "wb") as f:
        f.truncate(256 << 20)
    for args, stdin in ((("push", "-q", "-l", "q"), top + "/lines"), (("push", "-q", "big", top + "/large"), None), (("pop", "big"), None), (("pop", "q"), None),
                        (("pop", "-l", "-n", str(n // 20), "q"), None), (("ls", "q"), None), (("stat", "q"), None), (("bury", "-q", "q", "--all"), None),
                        (("dead", "q"), None), (("retry", "-q", "q", "--all"), None), (("work", "q", "--drain", "-n", "100", "--", "/bin/true"), None),
                        (("fsck", "q"), None), (("rm", "-q", "q", "--all", "--force"), None)):
        with open(stdin or "/dev/null") as f:
            p = subprocess.run([FLOOR, "peak", MQ, "-s", spool, *args], stdin=f, stdout=NULL, stderr=subprocess.PIPE, env=ENV, text=True)
        kib = int(re.search(r"^peak (\d+)", p.stderr, re.M)[1])
        name = " ".join(a for a in args if not a.startswith("/")).replace(" q", " QUEUE", 1)
        results.append({"group": "memory", "name": name, "peak_kib": kib})
        print(f"memory      {name:<40} {kib / 1024:6.1f} MiB (asked: under 8{'' if kib < 8192 else ', MISSED'})", flush=True)


def fanout(top, full):
    """A push to a topic, beside one to a plain queue and as many pushes as the topic has subscribers."""
    spool, crowds = top + "/fanout", (1, 3, 30)
    bodies = {"40 bytes": BODY.encode(), "1 MiB": b"x" * (1 << 20)}
    queues = [f"q{k}" for k in range(max(crowds))]
    mq(spool, "init", "plain")
    for queue in queues:
        mq(spool, "init", queue)
    for k in crowds:
        for queue in queues[:k]:
            mq(spool, "subscribe", "-q", f"topic{k}", queue)
    for name, body in (bodies | {"2,000 lines": b"a line of some forty bytes, and not more\n" * 2000}).items():
        path = f"{top}/{name}"
        with open(path, "wb") as f:
            f.write(body)
        options = ("-l",) if "lines" in name else ()
        run = {"plain queue": lambda: mq(spool, "push", "-q", *options, "plain", path)}
        for k in crowds:
            run[f"topic of {k}"] = lambda k=k: mq(spool, "push", "-q", *options, f"topic{k}", path)
            if k > 1:
                run[f"{k} pushes"] = lambda k=k: sum(mq(spool, "push", "-q", *options, q, path) for q in queues[:k])
        times = turns((5 if options else 20) * (3 if full else 1), run)
        for k in crowds:
            row("fan-out", f"{name}, topic of {k}", {f"{name}, topic of {k}" if c == f"topic of {k}" else c: t for c, t in times.items()},
                ("plain queue", f"{k} pushes"), {f"{k} pushes": 1.0} if k > 1 else None)
        for queue in ("plain", *queues):
            mq(spool, "rm", "-q", queue, "--all", "--force")


def give_keys(ready, key):
    """Message number n of a queue gets key(n), if that is not None."""
    n = 0
    for bucket in sorted(os.listdir(ready)):
        for name in sorted(os.listdir(f"{ready}/{bucket}")):
            if (k := key(n)) is not None:
                os.rename(f"{ready}/{bucket}/{name}", f"{ready}/{bucket}/{name},K{k:016x}")
            n += 1


def keys(top, full):
    """What order by key costs a claim."""
    spool, n = top + "/keys", 100000
    none, hundred, each = "no key", "100 keys", f"{n:,} keys"
    ways = {none: lambda i: None, hundred: lambda i: i % 100, each: lambda i: i, "every other of one key": lambda i: 1 if i % 2 else None}
    for q, (name, key) in enumerate(ways.items()):
        mq(spool, "init", f"q{q}", "sync=never", "lease=1d")
        fill(spool, f"q{q}", n)
        give_keys(f"{spool}/q{q}/ready", key)

    def claim_ack(queue):
        begin = time.perf_counter()
        handle = subprocess.run([MQ, "-s", spool, "claim", queue], capture_output=True, check=True, env=ENV).stdout.strip()
        mq(spool, "ack", queue, handle)
        return time.perf_counter() - begin
    many, rounds = 2000, 60 if full else 30
    for q in range(len(ways)):      # the first looks at all of it
        mq(spool, "pop", f"q{q}")
    for what, run, count, times_ in (("pop -n", lambda q: mq(spool, "pop", "-l", "-n", str(many), q), many, 5), ("claim+ack", claim_ack, 1, rounds),
                                     ("pop", lambda q: mq(spool, "pop", q), 1, rounds)):
        times = turns(times_, {name: lambda q=q, run=run: run(f"q{q}") for q, name in enumerate(ways)})
        for name in ways:
            row("keys", f"{what}, {name}", {f"{what}, {name}" if c == name else c: t for c, t in times.items()}, (none, hundred),
                {hundred: 1.5} if name == each else None, n=count)


def engines(top, full):
    """Relays and push -l beside a plain client in C, on the same server.  Asked: engines.py."""
    import engines as on
    on.rows(sys.modules[__name__], top, full)


ROWS = {f.__name__: f for f in (oneshot, inprocess, bulk, work, handlers, wakeup, contention, fanout, keys, queues, depth, memory, engines)}


def main():
    names = [a for a in sys.argv[1:] if a != "--full"] or list(ROWS)
    full = "--full" in sys.argv
    for name in names:
        if name not in ROWS:
            sys.exit(f"bench.py: no row '{name}'; there are {' '.join(ROWS)}")
    with open("/proc/cpuinfo") as f:
        cpu = re.search(r"model name\s*: (.*)", f.read())
    fs = subprocess.run(["stat", "-f", "-c", "%T", tempfile.gettempdir()], capture_output=True, text=True).stdout.strip()
    print(f"{os.cpu_count()} processors, {cpu[1] if cpu else '?'}, Linux {os.uname().release}, {fs}; medians (quartiles), ratios in one run\n")
    for name in names:
        with tempfile.TemporaryDirectory(prefix="mqbench.") as top:
            ROWS[name](top, full)
        print()
    with open(BUILD + "/bench/result.json", "w") as f:
        json.dump({"rows": results}, f, indent=1)


main()
