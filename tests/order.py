#!/usr/bin/env python3
"""Keys in order while everything dies: producers, workers and one-shot consumers, killed at random.

usage: order.py KEYS MESSAGES KILLS SEED     (MQ_BIN: the program; works in the current directory)

Each key has its own numbers, pushed one after the other.  Handlers write "S KEY N" when they begin and "E KEY N" when
they are done, each line by one write.  Some fail the first time.  Of each key the log must show: number N+1 begins only when N
was done, N may come again only before N+1 begins, and every number is done.
"""
import os, random, signal, subprocess, sys, time

keys, messages, kills, seed = map(int, sys.argv[1:5])
random.seed(seed)
MQ = os.environ.get("MQ_BIN", "mq")
LOG = os.path.abspath("log")
open(LOG, "w").close()
HANDLER = r'''
read -r key n
echo "S $key $n" >>log
if [ $((n % 7)) = 3 ] && [ "$MQ_ATTEMPT" = 1 ]; then exit 1; fi
echo "E $key $n" >>log
'''


def mq(*args, **kw):
    return subprocess.run([MQ, *args], check=True, capture_output=True, text=True, **kw).stdout


def worker():
    return subprocess.Popen([MQ, "work", "q", "-j", "3", "--", "sh", "-c", HANDLER], stderr=subprocess.DEVNULL)


def popper():
    """A consumer of single commands: claim, work, ack."""
    script = f'''
    while :; do
        if h=$({MQ} claim q --lease 2s --wait=1s --body body.$$); then
            read -r key n <body.$$
            echo "S $key $n" >>log; echo "E $key $n" >>log
            {MQ} ack q "$h" 2>/dev/null
        fi
    done'''
    return subprocess.Popen(["sh", "-c", script], stderr=subprocess.DEVNULL, start_new_session=True)


def kill(p, group):
    (os.killpg if group else os.kill)(p.pid, signal.SIGKILL)
    p.wait()


def check(lines):
    """None, or what is wrong."""
    done, last, begun = {}, {}, {}
    for line in lines:
        what, key, n = line.split()
        n = int(n)
        if what == "S":
            if n != done.get(key, 0) + 1 and n != done.get(key, 0):
                return f"key {key}: {n} began, but {done.get(key, 0)} was the last that was done"
            if n <= last.get(key, 0) - 1:
                return f"key {key}: {n} began after {last[key]}"
            if n == done.get(key, 0) and begun.get(key, 0) > n:
                return f"key {key}: {n} began again after {begun[key]}"
            begun[key] = last[key] = n
        else:
            if n < done.get(key, 0):
                return f"key {key}: {n} was done after {done[key]}"
            done[key] = n
    return None


def main():
    mq("init", "q", "lease=5s", "backoff=10ms..50ms", "attempts=100")
    order = [(k, n + 1) for n in range(messages) for k in range(keys)]
    workers = [worker(), worker()]
    poppers = [popper()]
    start, pushed, killed = time.monotonic(), 0, 0
    while pushed < len(order) or killed < kills:
        for k, n in order[pushed:pushed + 20]:
            # A producer that is killed is asked again, unless its message is there: so each number is pushed once.
            mq("push", "-q", "q", "-k", f"key{k}", "-m", f"key{k} {n}\n")
        pushed += 20
        if killed < kills and random.random() < kills * 25 / len(order):
            i = random.randrange(3)
            if i < 2:
                kill(workers[i], False)
                workers[i] = worker()
            else:
                kill(poppers[0], True)
                poppers[0] = popper()
            killed += 1
    subprocess.run([MQ, "wait", "q", "--empty", "--timeout", "90s"], check=False)
    for p in workers:
        kill(p, False)
    kill(poppers[0], True)
    lines = open(LOG).read().split("\n")[:-1]
    wrong = check(lines)
    missing = {f"key{k} {n}" for k, n in order} - {l[2:] for l in lines if l[0] == "E"}
    left = mq("ls", "q", "--ids").split()
    print(f"{len(order)} messages, {killed} kills, {len(lines)} lines, {time.monotonic() - start:.1f} s")
    if wrong or missing or left:
        sys.exit(f"{wrong or ''}; {len(missing)} not done; {len(left)} left in the queue")
    fsck = subprocess.run([MQ, "fsck", "q"], capture_output=True, text=True)
    if fsck.returncode != 0:
        sys.exit(fsck.stdout)


main()
