"""engines.py: the row "engines" of bench.py: what mq needs for messages of 1 KiB on an engine, beside a plain client in C that does
the same without it, on one server, in one run.

A ratio is how many times as long as the other one something takes, so what is to reach 0.8 of a rate may take 1.25 times as long."""
import os
import shutil
import socket
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

    def ready(self, name):
        """So many are ready; a bucket may get another name while we look."""
        n = 0
        for bucket in os.scandir(f"{self.top}/{name}/ready"):
            try:
                n += len(os.listdir(bucket.path))
            except FileNotFoundError:
                pass
        return n

    def relay_out(self, lines):
        self.fill("out", lines)
        return self.mq("relay", "-q", "--drain", "out", f"{self.url}/{self.queue}")

    def relay_in(self, n):
        """Until all are here: the looks that find nothing, with which --drain ends, are not counted."""
        begin = time.perf_counter()
        relay = subprocess.Popen([self.bench.MQ, "-s", self.top, "relay", "-q", f"{self.url}/{self.queue}", "in"],
                                 stdin=subprocess.DEVNULL, env=self.bench.ENV)
        try:
            while self.ready("in") < n:
                time.sleep(0.02)
            took = time.perf_counter() - begin
        finally:
            relay.terminate()
            relay.wait()
        self.mq("pop", "-n", str(n), "-l", "in")
        return took


def rows_of(bench, group, program, port, url, here, lines, n, rounds, ids):
    """here: the directory of the local spool.  ids: whether the plain client can store ids once, too."""
    disk = group.endswith("disk")
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

    remembering = {"bare push, ids": lambda: bare(bench.BUILD, program, port, "ids", n)} if ids else {}
    times = bench.turns(rounds, {
        **remembering,
        "bare push": lambda: bare(bench.BUILD, program, port, "push", n), "bare consume": lambda: bare(bench.BUILD, program, port, "consume", n),
        "bare one": lambda: bench.spawn([f"{bench.BUILD}/bench/{program}", str(port), "one", "1", str(SIZE), "1"]), "pop -n": alone,
        "push -l, engine": push_engine, "push, engine": lambda: bench.spawn([bench.MQ, "-s", url, "push", "-q", "q2", "-m", "x" * SIZE]),
        "relay out": lambda: s.relay_out(lines), "relay in": lambda: s.relay_in(n)})
    times["push -l"] = push
    # The slower one of two rates is what a relay can reach at best.
    times["best out"] = [max(a, b) for a, b in zip(times["bare push"], times["pop -n"])]
    times["best in"] = [max(a, b) for a, b in zip(times["bare consume"], push)]
    for name, base, bound in (("bare push", [], None), ("bare consume", [], None), ("pop -n", [], None), ("push -l", [], None),
                              ("bare push, ids", ["bare push"], None),
                              ("push -l, engine", ["bare push", "bare push, ids"], {"bare push": 1 / 0.9}),
                              ("relay out", ["best out"], {"best out": 1 / 0.8}),
                              ("relay in", ["best in"], {"best in": 1 / 0.8} if disk else None)):
        if name not in times:
            continue
        bench.row(group, name, times, base, bound, n=n)
    for name, base, bound in (("bare one", [], None), ("push, engine", ["bare one"], {"bare one": 1.2})):
        bench.row(group, name, times, base, bound)


def ports(n):
    socks = [socket.socket() for _ in range(n)]
    for s in socks:
        s.bind(("127.0.0.1", 0))
    found = [s.getsockname()[1] for s in socks]
    for s in socks:
        s.close()
    return found


def redis(bench, top, full, fsync):
    [port] = ports(1)
    where = f"{top}/redis-{fsync}"
    os.mkdir(where)
    argv = [shutil.which("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--dir", where, "--appendonly", "yes", "--appendfsync", fsync,
            "--save", ""]
    return port, bench.Server(argv, lambda: bench.port_open(port))


def rabbitmq(bench, top):
    """Nothing of it is shared with another one on this machine."""
    port, dist, epmd = ports(3)
    where = f"{top}/rabbitmq"
    for d in ("home", "mnesia", "log"):
        os.makedirs(f"{where}/{d}")
    open(where + "/plugins", "w").write("[].")
    with open(where + "/rabbitmq.conf", "w") as f:
        f.write(f"listeners.tcp.1 = 127.0.0.1:{port}\ndisk_free_limit.absolute = 10MB\nvm_memory_high_watermark.absolute = 2GB\n")
    env = dict(bench.ENV, RABBITMQ_NODENAME=f"mqbench{port}@localhost", RABBITMQ_NODE_PORT=str(port), RABBITMQ_DIST_PORT=str(dist),
               ERL_EPMD_PORT=str(epmd), ERL_EPMD_ADDRESS="127.0.0.1", RABBITMQ_MNESIA_BASE=where + "/mnesia", RABBITMQ_LOG_BASE=where + "/log",
               RABBITMQ_CONFIG_FILE=where + "/rabbitmq.conf", RABBITMQ_ENABLED_PLUGINS_FILE=where + "/plugins", RABBITMQ_CONF_ENV_FILE="/dev/null",
               HOME=where + "/home", NOTIFY_SOCKET=where + "/notify",
               RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+sbwt none +sbwtdcpu none +sbwtdio none")
    wait = ["/usr/lib/rabbitmq/bin/rabbitmqctl", "-q", "await_startup", "--timeout", "60"]

    def ready():
        return bench.port_open(port) and subprocess.run(wait, env=env, capture_output=True, check=False).returncode == 0
    server = bench.Server(["/usr/lib/rabbitmq/bin/rabbitmq-server"], ready, env=env, seconds=90)
    server.after = lambda: subprocess.run(["epmd", "-kill"], env=env, capture_output=True, check=False)
    return port, server


def rows(bench, top, full):
    bench.ENV.setdefault("MQ_ENGINE_DIR", os.environ.get("MQ_ENGINE_DIR", bench.BUILD + "/engine"))
    n, rounds = (20000, 5) if full else (5000, 3)
    lines = top + "/lines"
    with open(lines, "w") as f:
        f.writelines("x" * (SIZE - 10) + "%010d\n" % i for i in range(n))

    def both(name, program, port, server, url, ids):
        with server:
            for where, what in (("/dev/shm", "tmpfs"), (top, "disk")):
                here = f"{where}/mq-bench-{os.getpid()}-{name.replace('/', '-')}-{what}"
                try:
                    rows_of(bench, f"{name}/{what}", program, port, url, here, lines, n, rounds, ids)
                finally:
                    shutil.rmtree(here, ignore_errors=True)
    if bench.has("redis-server"):
        for fsync in ("always", "everysec"):
            port, server = redis(bench, top, full, fsync)
            both(f"redis/{fsync[:6]}", "bare_redis", port, server, f"redis://127.0.0.1:{port}/0", True)
    else:
        print("engines: no redis-server")
    if os.path.exists("/usr/lib/rabbitmq/bin/rabbitmq-server") and os.path.exists(bench.BUILD + "/bench/bare_amqp"):
        port, server = rabbitmq(bench, top)
        both("rabbitmq", "bare_amqp", port, server, f"amqp://127.0.0.1:{port}", False)
    else:
        print("engines: no rabbitmq-server, or no librabbitmq")
