"""engines.py: the row "engines" of bench.py: what mq needs for messages of 1 KiB on an engine, beside a plain client in C that does
the same without it, on one server, in one run.

A ratio is how many times as long as the other one something takes, so what is to reach 0.8 of a rate may take 1.25 times as long."""
import os
import shutil
import subprocess
import time

SIZE, WINDOW = 1024, 200


def bare(build, program, port, what, n):
    out = subprocess.run([f"{build}/bench/{program}", str(port), what, str(n), str(SIZE), str(WINDOW)], check=True, capture_output=True)
    return int(out.stdout) / 1e9


class Spool:
    """mq on a spool of its own, beside an engine."""

    def __init__(self, bench, top, url, queue):
        self.bench, self.top, self.url, self.queue = bench, top, url, queue

    def mq(self, *args, stdin=None):
        return self.bench.mq(self.top, *args, stdin=stdin if stdin is not None else self.bench.NULL)

    def fill(self, name, lines):
        """Seconds that push -l took alone."""
        with open(lines) as f:
            return self.mq("push", "-q", "-l", name, stdin=f.fileno())

    def relay_out(self, lines):
        self.fill("out", lines)
        return self.mq("relay", "-q", "--drain", "out", f"{self.url}/{self.queue}")

    def relay_in(self, n):
        """Until all are here: the looks that find nothing, with which --drain ends, are not counted."""
        begin = time.perf_counter()
        relay = subprocess.Popen([self.bench.MQ, "-s", self.top, "relay", "-q", f"{self.url}/{self.queue}", "in"],
                                 stdin=subprocess.DEVNULL, env=self.bench.ENV)
        ready = f"{self.top}/in/ready"
        while sum(len(os.listdir(f"{ready}/{d}")) for d in os.listdir(ready)) < n:
            time.sleep(0.02)
        took = time.perf_counter() - begin
        relay.terminate()
        relay.wait()
        self.mq("pop", "-n", str(n), "-l", "in")
        return took


def rows_of(bench, group, program, port, url, here, lines, n, rounds):
    """here: the directory of the local spool."""
    s = Spool(bench, here, url, "q")
    s.mq("init", "-q", "out")
    s.mq("init", "-q", "in")
    # The directories that a queue makes once for the ids that it remembers are no part of a message's cost.
    s.fill("out", lines)
    s.relay_out(lines)
    s.relay_in(2 * n)
    pop, push = [], []

    def alone():
        push.append(s.fill("alone", lines))
        pop.append(s.mq("pop", "-n", str(n), "-l", "alone"))
        return pop[-1]

    def push_engine():
        with open(lines) as f:
            return bench.spawn([bench.MQ, "-s", url, "push", "-q", "-l", "q2"], stdin=f.fileno())

    times = bench.turns(rounds, {
        "bare push": lambda: bare(bench.BUILD, program, port, "push", n), "bare consume": lambda: bare(bench.BUILD, program, port, "consume", n),
        "bare one": lambda: bench.spawn([f"{bench.BUILD}/bench/{program}", str(port), "one", "1", str(SIZE), "1"]), "pop -n": alone,
        "push -l, engine": push_engine, "push, engine": lambda: bench.spawn([bench.MQ, "-s", url, "push", "-q", "q2", "-m", "x" * SIZE]),
        "relay out": lambda: s.relay_out(lines), "relay in": lambda: s.relay_in(n)})
    times["push -l"] = push
    # The slower one of two rates is what a relay can reach at best.
    times["best out"] = [max(a, b) for a, b in zip(times["bare push"], times["pop -n"])]
    times["best in"] = [max(a, b) for a, b in zip(times["bare consume"], push)]
    for name, base, bound in (("bare push", [], None), ("bare consume", [], None), ("pop -n", [], None), ("push -l", [], None),
                              ("push -l, engine", ["bare push"], {"bare push": 1 / 0.9}), ("relay out", ["best out"], {"best out": 1 / 0.8}),
                              ("relay in", ["best in"], {"best in": 1 / 0.8})):
        bench.row(group, name, times, base, bound, n=n)
    for name, base, bound in (("bare one", [], None), ("push, engine", ["bare one"], {"bare one": 1.2})):
        bench.row(group, name, times, base, bound)


def redis(bench, top, full, fsync):
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    where = f"{top}/redis-{fsync}"
    os.mkdir(where)
    argv = [shutil.which("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--dir", where, "--appendonly", "yes", "--appendfsync", fsync,
            "--save", ""]
    return port, bench.Server(argv, lambda: bench.port_open(port))


def rows(bench, top, full):
    if not bench.has("redis-server"):
        print("engines: no redis-server")
        return
    bench.ENV.setdefault("MQ_ENGINE_DIR", os.environ.get("MQ_ENGINE_DIR", bench.BUILD + "/engine"))
    n, rounds = (20000, 5) if full else (5000, 3)
    lines = top + "/lines"
    with open(lines, "w") as f:
        f.writelines("x" * (SIZE - 10) + "%010d\n" % i for i in range(n))
    for fsync in ("always", "everysec"):
        port, server = redis(bench, top, full, fsync)
        with server:
            for where, what in (("/dev/shm", "tmpfs"), (top, "disk")):
                here = f"{where}/mq-bench-{os.getpid()}-{fsync}-{what}"
                try:
                    rows_of(bench, f"redis/{fsync[:6]}/{what}", "bare_redis", port, f"redis://127.0.0.1:{port}/0", here, lines, n, rounds)
                finally:
                    shutil.rmtree(here, ignore_errors=True)
