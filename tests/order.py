#!/usr/bin/env python3
"""Keys in order while everything dies: producers, workers and one-shot consumers, killed at random.

usage: order.py KEYS MESSAGES KILLS SEED     (MQ_BIN: the program; works in the current directory)

Each key has its own numbers, pushed one after the other.  Handlers write "S KEY N" when they begin and "E KEY N" when
they are done, each line by one write.  Some fail the first time.  Of each key the log must show: number N+1 begins only when N
was done, N may come again only before N+1 begins, and every number is done.
"""
import os, random, signal, subprocess, sys, time

MQ = os.environ.get("MQ_BIN", "mq")
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
    """What is wrong, or None; and what began of each key, in order."""
    began, done = {}, set()
    for line in lines:
        what, key, thing = line.split()[:3]
        of = began.setdefault(key, [])
        last = of[-1] if of else None
        if what == "E":
            if thing != last and (key, thing) not in done:
                return f"key {key}: {thing} was done after {last} began", began
            done.add((key, thing))
        elif thing in of[:-1]:
            return f"key {key}: {thing} began again after {last}", began
        elif thing != last:
            if last is not None and (key, last) not in done:
                return f"key {key}: {thing} began, but {last} was not done", began
            of.append(thing)
    return None, began


def out_of_order(began):
    """The first key whose numbers did not begin as they were pushed, or None."""
    return next((f"key {k}: {' '.join(v)}" for k, v in began.items() if v != [str(n + 1) for n in range(len(v))]), None)


def main():
    keys, messages, kills, seed = map(int, sys.argv[1:5])
    random.seed(seed)
    open("log", "w").close()
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
    lines = open("log").read().split("\n")[:-1]
    wrong, began = check(lines)
    wrong = wrong or out_of_order(began)
    missing = {f"key{k} {n}" for k, n in order} - {l[2:] for l in lines if l[0] == "E"}
    left = mq("ls", "q", "--ids").split()
    print(f"{len(order)} messages, {killed} kills, {len(lines)} lines, {time.monotonic() - start:.1f} s")
    if wrong or missing or left:
        sys.exit(f"{wrong or ''}; {len(missing)} not done; {len(left)} left in the queue")
    # Whoever is killed between the end of the last message of a key and that of its turn leaves the turn to whoever comes by.
    fsck = subprocess.run([MQ, "fsck", "--repair", "q"], capture_output=True, text=True)
    if fsck.returncode != 0 or any("orphan-turn" not in line for line in fsck.stdout.splitlines()):
        sys.exit(fsck.stdout)


if __name__ == "__main__":
    main()
