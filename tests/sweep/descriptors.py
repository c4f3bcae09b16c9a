#!/usr/bin/env python3
"""usage: descriptors.py [--all] [COMMAND...]

Each command with few descriptors (ulimit -n), from fewer than it can start with to more than it needs.  Whatever it says then,
  - it ends: nobody goes round and round without being able to take a step;
  - each message stands in one place, or was given to a handler or written to stdout;
  - no message has a failed attempt, or is a dead letter, that no handler was given;
  - with ENOUGH descriptors it does all that it is told to, with fewer handlers at once if need be;
  - the next commands, with all descriptors, deliver what is left, each once.

Without --all each command has some of these limits.
"""
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from spool import MQ, environment

LIMITS = (*range(8, 41), 50, 64, 100, 128, 200, 220, 256)
ENOUGH = 40
NAME = re.compile(r"\d{8}T\d{6}\.\d{6}Z,([0-9a-f-]{36}),s(\d+)((,[a-zA-Z][A-Za-z0-9.-]*)*)")
COUNT = 150

# attempts=1: what is counted once is a dead letter.  The handlers write down what they were given.
QUEUE = "mq init -q q attempts=1 backoff=0s; mq init -q to; "
FILLED = QUEUE + f"seq {COUNT} | mq push -q q -l; "
HANDLER = "sh -c 'read n; echo $n >>ran'"
STAYS = "sh -c 'while read -r id h b x; do n=$(head -c $b); echo $n >>ran; echo $id ok; done'"
TOPIC = "mq init -q t; mq init -q a; mq init -q b; mq subscribe -q t a; mq subscribe -q t b; "
# setup; command; whether all messages are delivered by it when it has enough descriptors
COMMANDS = {
    "work": (FILLED, f"mq work q -j 50 --drain -- {HANDLER}", True),
    "work on two queues": (FILLED + f"mq init -q z attempts=1; seq {COUNT + 1} {2 * COUNT} | mq push -q z -l; ", f"mq work q z -j 20 --drain -- {HANDLER}", True),
    "work on batches": (FILLED, "mq work q --batch 20 -j 3 --drain -- sh -c 'cat >>ran'", True),
    "work on batches of files": (FILLED, "mq work q --batch 20 --drain -- sh -c 'for f in {}/*; do cat $f; echo; done >>ran'", True),
    "work with handlers that stay": (FILLED, f"mq work q --persistent -j 8 --drain -- {STAYS}", True),
    "work with keys": (QUEUE + f"for k in a b c; do seq -f $k%g 1 20 | mq push -q q -l -k $k; done; ", f"mq work q -j 20 --drain=all -- {HANDLER}", True),
    "pop": (FILLED, "mq pop q", False),
    "pop of several": (FILLED, "mq pop q -n 30 -l", False),
    "pop as JSON": (FILLED, "mq pop q -n 30 --json", False),
    "claim": (FILLED, "mq claim q --body body", False),
    "push lines": (QUEUE, f"sh -c 'seq {COUNT} | mq push q -l'", False),
    "push at once": (QUEUE, f"sh -c 'seq {COUNT} | mq push q -l --atomic'", False),
    "push with a key": (QUEUE, f"sh -c 'seq {COUNT} | mq push q -l -k a'", False),
    "mv": (FILLED, "mq mv q to --all", False),
    "hold": (FILLED, "mq hold q --all", False),
    "retry": (FILLED + "mq bury -q q --all; ", "mq retry q --all", False),
    "fsck": (FILLED, "mq fsck --repair", False),
    "import": (FILLED + "mq export q >archive; rm -r spool/q; mq init -q q attempts=1; ", "mq import q <archive", False),
    "push to a topic": (TOPIC, f"sh -c 'seq {COUNT} | mq push t -l'", False),
    "topics": (TOPIC + f"for n in $(seq {COUNT}); do echo $n >spool/t/new/f$n; done; ", "mq topics -q", False),
    "pop of a subscriber": (TOPIC + f"for n in $(seq {COUNT}); do echo $n >spool/t/new/f$n; done; ", "mq pop a", False),
}


class Failure(Exception):
    pass


def places(spool):
    """[(queue, state, body, failed attempts)]"""
    found = []
    for queue in sorted(os.listdir(spool)):
        for state in ("ready", "delayed", "claimed", "held", "dead", "waiting") if not queue.startswith(".") else ():
            for root, _, names in os.walk(f"{spool}/{queue}/{state}"):
                for name in names:
                    fields = {f[0]: f[1:] for f in NAME.fullmatch(name)[3].split(",")[1:]}
                    with open(f"{root}/{name}") as f:
                        body = f.read()[int(fields.get("h", 0)):].strip()
                    if "f" not in fields:
                        found.append((queue, state, body, int(fields.get("a", 0))))
        new = f"{spool}/{queue}/new"
        found += [(queue, "new", open(f"{new}/{n}").read().strip(), 0) for n in os.listdir(new)] if os.path.isdir(new) else []
    return found


def run(argv, directory, env):
    return subprocess.run(argv, cwd=directory, env=env, capture_output=True, stdin=subprocess.DEVNULL, timeout=300)


def delivered(p, directory):
    out = re.findall(r'"body":"([^"]*)"', p.stdout.decode()) or p.stdout.decode().split()
    ran = open(f"{directory}/ran").read().split() if os.path.exists(f"{directory}/ran") else []
    return out, ran


def attempt(name, limit, template, directory):
    setup, command, whole = COMMANDS[name]
    subprocess.run(["cp", "-a", template, directory], check=True)
    env, spool = environment(directory), directory + "/spool"
    before = places(spool)
    try:
        p = run(["bash", "-c", f"ulimit -n {limit}; exec {command}"], directory, env)
    except subprocess.TimeoutExpired:
        raise Failure("it does not end")
    refused = p.returncode == 64 and b"ulimit -n" in p.stderr     # as --batch does beforehand
    if p.returncode > 128 or p.returncode in (64, 70) and not refused:
        raise Failure(f"exit {p.returncode}: {p.stderr.decode()}")
    after, (out, ran) = places(spool), delivered(p, directory)
    wanted = {m[2] for m in before}
    if name.startswith(("push", "import")):
        if p.returncode == 0 and len({m[2] for m in after}) < 3 * 50 and not name == "import":
            raise Failure("exit 0, but not all is there")
        out = []
    for body in wanted:
        if not any(m[2] == body for m in after) and body not in out and body not in ran:
            raise Failure(f"{body} is gone, exit {p.returncode}: {p.stderr.decode()}")
    if limit >= ENOUGH and p.returncode != 0 and not refused:
        raise Failure(f"exit {p.returncode}: {p.stderr.decode()[:500]}")
    if limit >= ENOUGH and whole and not refused and set(ran) != wanted:
        raise Failure(f"{len(wanted - set(ran))} are not handled, exit {p.returncode}: {p.stderr.decode()[:500]}")
    if limit >= ENOUGH and name in ("topics", "push to a topic") and sum(m[0] == "a" for m in after) != COUNT:
        raise Failure(f"{sum(m[0] == 'a' for m in after)} of {COUNT} have come to a subscriber: {p.stderr.decode()[:500]}")
    rest(name, directory, env, set(out) | set(ran), {m[2] for m in after} | wanted)
    return p.returncode


def rest(name, directory, env, given, known):
    """All descriptors again: what is left comes, each message once; nothing has failed that nobody was given."""
    spool, got = directory + "/spool", {}
    for queue in ("t", "q", "to", "z", "a", "b"):
        if queue == "t" and os.path.isdir(f"{spool}/t"):
            run([MQ, "retry", "t", "--all", "--state", "delayed"], directory, env)
            run([MQ, "topics", "-q"], directory, env)
        if queue == "t" or not os.path.isdir(f"{spool}/{queue}"):
            continue
        run([MQ, "retry", queue, "--all", "--state", "held,dead" if name == "retry" else "held"], directory, env)
        for _ in range(3):
            p = run([MQ, "pop", queue, "-n", "500", "-l"], directory, env)
            if p.returncode not in (0, 1):
                raise Failure(f"the next pop: exit {p.returncode}: {p.stderr.decode()}")
            for body in p.stdout.decode().split():
                got[queue, body] = got.get((queue, body), 0) + 1
    for (queue, body), n in got.items():
        if n > 1 or body in given and queue not in ("a", "b"):
            raise Failure(f"{body} was delivered {n} times, and {'once' if body in given else 'not'} before")
    for queue, state, body, attempts in places(spool):
        # A claim without a lock is there until its lease is over.
        if state == "claimed" and name == "claim":
            continue
        if body not in given:
            raise Failure(f"{body} is in {queue}/{state} with {attempts} failed attempts, and nobody was given it")
        if state in ("ready", "delayed", "waiting", "claimed"):
            raise Failure(f"{body} stays in {queue}/{state}")


def sweep(name, limits, top):
    directory = f"{top}/{list(COMMANDS).index(name)}"
    os.makedirs(directory + "/template/spool")
    subprocess.run(["bash", "-e", "-c", COMMANDS[name][0]], cwd=directory + "/template", env=environment(directory + "/template"), check=True)
    failures, done = [], 0
    for limit in limits:
        try:
            done += attempt(name, limit, directory + "/template", f"{directory}/{limit}") == 0
        except Failure as e:
            failures.append(f"{name}, ulimit -n {limit}: {e}")
        subprocess.run(["rm", "-rf", f"{directory}/{limit}"], check=True)
    return len(limits), done, failures


def main():
    every = "--all" in sys.argv
    names = [a for a in sys.argv[1:] if not a.startswith("-")] or list(COMMANDS)
    with tempfile.TemporaryDirectory(prefix="descriptors.") as top, ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = []
        for i, name in enumerate(names):
            step = 1 if every else 16 if os.environ.get("MQ_SAN") else 8
            jobs.append(pool.submit(sweep, name, LIMITS[i % step::step], top))
        results = [job.result() for job in jobs]
    failures = [f for _, _, fs in results for f in fs]
    for failure in failures:
        print(failure)
    print(f"{len(names)} commands with 8 to 256 descriptors, {sum(r[0] for r in results)} runs, {sum(r[1] for r in results)} of which did all: "
          f"{len(failures)} lost, doubled, counted without a handler, or without an end")
    sys.exit(bool(failures))


main()
