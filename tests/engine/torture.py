#!/usr/bin/env python3
"""torture.py: messages go out to an engine and come back through two relays, while these, their helpers and the
server are killed at random.

    torture.py [--messages N] [--kills K] [--window W] [--seed S] [--server-kill CMD --server-start CMD]
               DIRECTORY URL QUEUE

In DIRECTORY it makes a spool "here" with queue "out", and a spool "back" with queue "in".  Each message has its number
as the header Number; the first ones have bodies that are hard to carry.  At the end every number must be in "in"
exactly once, with its body, and nothing may be left anywhere.  Duplicates on the way are counted: those that the id
removed ("duplicate" of mq stat --relays) and, per kill, they may be as many as the window.

Prints one line and exits with 0, or says what is wrong."""
import argparse
import atexit
import base64
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time

args = argparse.ArgumentParser()
args.add_argument("--messages", type=int, default=1000)
args.add_argument("--kills", type=int, default=20)
args.add_argument("--window", type=int, default=50)
args.add_argument("--seed", type=int, default=None)
args.add_argument("--max-body", type=int, default=1 << 20)
args.add_argument("--min-body", type=int, default=0)
args.add_argument("--headers", type=int, default=100)
args.add_argument("--server-kill")
args.add_argument("--server-start")
args.add_argument("--server-share", type=float, default=0.2, help="how many of the kills are the server's")
args.add_argument("--torn", action="store_true", help="each kill of the server may make a message of NULs that nobody sent (beanstalkd)")
args.add_argument("--patience", type=float, default=300)
args.add_argument("directory")
args.add_argument("url")
args.add_argument("queue")
args = args.parse_args()
seed = args.seed if args.seed is not None else random.randrange(1 << 32)
rnd = random.Random(seed)
here, back = args.directory + "/here", args.directory + "/back"
log = open(args.directory + "/relays.log", "ab")
begun = time.monotonic()


def mq(spool, *words, stdin=b"", check=True):
    return subprocess.run(("mq", "-s", spool) + words, input=stdin, stdout=subprocess.PIPE, check=check).stdout


def bodies():
    """Number and body: the hard ones first."""
    hard = [bytes(range(256)), b"\0" * 100, "\u00e4\u20ac\U0001f600".encode(), b"\xff\xfe", b"\r\n\r\n", b"x" * args.max_body]
    if args.min_body == 0:
        hard.append(b"")
    for n in range(args.messages):
        yield n, hard[n] if n < len(hard) else b"message %d" % n


def fill():
    sums = {}
    plain = []
    for n, body in bodies():
        sums[n] = hashlib.sha256(body).hexdigest()
        if n < 10:
            headers = []
            if n == 0:
                for i in range(args.headers - 1):
                    headers += ["-H", "X-%d: value of %d" % (i, i)]
            mq(here, "push", "-q", "out", "-H", "Number: %d" % n, *headers, stdin=body)
        else:
            plain.append((n, body))
    mq(here, "push", "-q", "-l", "out", stdin=b"".join(body + b"\n" for n, body in plain))
    return sums


class Relay:
    def __init__(self, name, spool, source, destination):
        self.name, self.words, self.process = name, ("mq", "-s", spool, "relay", "--name", name, "--window", str(args.window),
                                                     source, destination), None

    def start(self):
        self.process = subprocess.Popen(self.words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def helper(self):
        try:
            with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)) as f:
                return [int(pid) for pid in f.read().split()]
        except OSError:
            return []

    def kill(self, how):
        if how == "helper":
            for pid in self.helper():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            return
        self.process.send_signal(signal.SIGKILL if how == "relay" else signal.SIGTERM)
        code = self.process.wait()
        if how == "stop" and code != 0:
            sys.exit("a relay that was stopped ended with %d" % code)
        self.start()

    def alive(self):
        return self.process.poll() is None


def state(spool, name):
    for line in mq(spool, "stat", "--relays", "--json").splitlines():
        one = json.loads(line)
        if one["relay"] == name:
            return one
    return {}


def left(spool, queue):
    one = json.loads(mq(spool, "stat", "--json", queue) or b"{}")
    return one["ready"] + one["delayed"] + one["claimed"], one["dead"]


def fail(text):
    print("seed %d: %s" % (seed, text))
    for relay in relays:
        if relay.process is not None:
            relay.process.kill()
    log.flush()
    with open(args.directory + "/relays.log") as f:
        print("".join(f.readlines()[-30:]))
    sys.exit(1)


relays = [Relay("t-out", here, "out", args.url + "/" + args.queue), Relay("t-in", back, args.url + "/" + args.queue, "in")]
mq(here, "init", "-q", "out", "attempts=3")
mq(back, "init", "-q", "in")
sums = fill()
atexit.register(lambda: [relay.process.kill() for relay in relays if relay.process is not None and relay.alive()])
for relay in relays:
    relay.start()
kills = {"relay": 0, "stop": 0, "helper": 0, "server": 0}
duplicates = 0
for k in range(args.kills):
    time.sleep(rnd.uniform(0.05, 0.8))
    what = "server" if args.server_kill and rnd.random() < args.server_share else rnd.choice(("relay", "relay", "helper", "helper", "stop"))
    kills[what] += 1
    if what == "server":
        subprocess.run(args.server_kill, shell=True, executable="/bin/bash", check=True)
        time.sleep(rnd.uniform(0, 0.5))
        subprocess.run(args.server_start, shell=True, executable="/bin/bash", check=True)
        continue
    relay = rnd.choice(relays)
    if not relay.alive():
        fail("relay %s ended by itself, with %d" % (relay.name, relay.process.returncode))
    duplicates += state(back, "t-in").get("duplicate", 0) if relay.name == "t-in" and what != "helper" else 0
    relay.kill(what)

# In peace now: all has to come through.
until = time.monotonic() + args.patience
while True:
    waiting, dead = left(here, "out")
    got = int(json.loads(mq(back, "stat", "--json", "in"))["ready"])
    if dead:
        fail("%d dead letters: %s" % (dead, mq(here, "dead", "out").decode()))
    if waiting == 0 and got >= args.messages:
        break
    if time.monotonic() > until:
        fail("%d of %d came, %d wait in the queue that sends" % (got, args.messages, waiting))
    for relay in relays:
        if not relay.alive():
            fail("relay %s ended by itself, with %d" % (relay.name, relay.process.returncode))
    time.sleep(0.2)
time.sleep(3 if args.torn else 1)
duplicates += state(back, "t-in").get("duplicate", 0)
for relay in relays:
    relay.process.terminate()
    if relay.process.wait() != 0:
        fail("a relay that was stopped ended with %d" % relay.process.returncode)

seen, torn = {}, 0
for line in mq(back, "pop", "-n", str(2 * args.messages), "--json", "in").splitlines():
    one = json.loads(line)
    body = base64.b64decode(one["body_base64"]) if one.get("body_base64") is not None else one["body"].encode()
    numbers = [value[0] if isinstance(value, list) else value for name, value in one["headers"].items() if name.lower() == "number"]
    if args.torn and not numbers and not body.strip(b"\0"):
        torn += 1
        continue
    n = int(numbers[0]) if numbers else int(body.split()[1])
    seen.setdefault(n, []).append((hashlib.sha256(body).hexdigest(), one["headers"]))
lost = [n for n in sums if n not in seen]
twice = [n for n in seen if len(seen[n]) > 1]
wrong = [n for n in sums if n in seen and seen[n][0][0] != sums[n]]
have = {name.lower() for name in seen[0][0][1]} if 0 in seen else set()
wrong += ["header X-%d" % i for i in range(args.headers - 1) if "x-%d" % i not in have]
if lost or twice or wrong or set(seen) - set(sums):
    fail("%d lost (%s), %d twice (%s), wrong: %s, never sent: %s" % (len(lost), lost[:5], len(twice), twice[:5], wrong[:5],
                                                                     sorted(set(seen) - set(sums))[:5]))
if torn > kills.get("server", 0):
    fail("%d torn ones in %d kills of the server" % (torn, kills.get("server", 0)))
n = sum(kills.values())
if duplicates > n * args.window:
    fail("%d duplicates came from the engine in %d kills, with a window of %d" % (duplicates, n, args.window))
print("%d messages out and in, %s: 0 lost, %d came from the engine once more and were known by their id, 0 left after that, "
      "0 attempts counted, %.0f s" % (args.messages, ", ".join("%d x %s" % (kills[k], k) for k in kills if kills[k]), duplicates,
                                      time.monotonic() - begun))
