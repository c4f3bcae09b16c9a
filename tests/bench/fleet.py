#!/usr/bin/env python3
"""fleet.py: many hosts that ship to one engine, on this machine: a spool, a relay and its helper for each.

    fleet.py [--hosts N] [--messages M] [--window W] [--idle S] [--server-kill CMD --server-start CMD] URL QUEUE

Each of N spools gets M messages; all relays start at once, as after an outage of the engine.  Prints, as lines of a table:
how long until all is through and how many a second that is, what a relay with its helper needs of memory (the median of
their proportional set sizes, idle afterwards), what all of them use of a processor in S seconds with nothing to do, and,
with the two commands, how long after a restart of the server the last message of a second round is through."""
import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time

args = argparse.ArgumentParser()
args.add_argument("--hosts", type=int, default=200)
args.add_argument("--messages", type=int, default=100)
args.add_argument("--window", type=int, default=200)
args.add_argument("--idle", type=float, default=20)
args.add_argument("--away", type=float, default=10, help="seconds that the server is away")
args.add_argument("--server-kill")
args.add_argument("--server-start")
args.add_argument("url")
args.add_argument("queue")
args = args.parse_args()
top = tempfile.mkdtemp(prefix="mq-fleet.")
lines = b"".join(b"x" * 1000 + b"%024d\n" % n for n in range(args.messages))
spools = ["%s/%d" % (top, n) for n in range(args.hosts)]
log = open(top + "/log", "ab")


def mq(spool, *words, stdin=b""):
    return subprocess.run(("mq", "-s", spool) + words, input=stdin, stdout=subprocess.PIPE, check=True).stdout


def push():
    for spool in spools:
        mq(spool, "push", "-q", "-l", "out", stdin=lines)


def left(spool):
    return sum(len(files) for _, _, files in os.walk(spool + "/out/ready")) + sum(len(f) for _, _, f in os.walk(spool + "/out/claimed"))


def through():
    """Wait until nothing is left anywhere."""
    waiting = list(spools)
    while waiting:
        waiting = [spool for spool in waiting if left(spool)]
        time.sleep(0.2)


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(p) for p in f.read().split()]


def pss(pid):
    with open("/proc/%d/smaps_rollup" % pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Pss:"))


def ticks(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


push()
begun = time.monotonic()
relays = [subprocess.Popen(("mq", "-q", "-s", spool, "relay", "--name", "host-%d" % n, "--window", str(args.window), "out",
                            args.url + "/" + args.queue), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
          for n, spool in enumerate(spools)]
try:
    through()
    took = time.monotonic() - begun
    total = args.hosts * args.messages
    print("%d hosts, %d messages of 1 KiB each, window %d: all through after %.1f s, %.0f a second" % (
        args.hosts, args.messages, args.window, took, total / took))
    time.sleep(2)
    family = [[relay.pid] + children(relay.pid) for relay in relays]
    print("memory of a relay with its helper, idle: %.1f MiB" % (
        statistics.median(sum(pss(pid) for pid in pids) for pids in family) / 1024))
    before = sum(ticks(pid) for pids in family for pid in pids)
    time.sleep(args.idle)
    used = (sum(ticks(pid) for pids in family for pid in pids) - before) / os.sysconf("SC_CLK_TCK")
    print("a relay with nothing to do: %.3f %% of a processor" % (100 * used / args.idle / args.hosts))
    if args.server_kill:
        subprocess.run(args.server_kill, shell=True, executable="/bin/bash", check=True)
        push()
        time.sleep(args.away)
        subprocess.run(args.server_start, shell=True, executable="/bin/bash", check=True)
        begun = time.monotonic()
        through()
        print("%.0f s away: all %d through %.1f s after it was back" % (args.away, total, time.monotonic() - begun))
finally:
    for relay in relays:
        relay.terminate()
    for relay in relays:
        relay.wait()
    shutil.rmtree(top, ignore_errors=True)
