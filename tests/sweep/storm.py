#!/usr/bin/env python3
"""usage: storm.py SECONDS

Producers, consumers, operators (retry, hold, mv, pause, rm of what nobody wants)
and fsck --repair at work on two queues at once, each killed at random and started
anew.  Every command's result is kept in a ledger.  At the end, when the queues
have been drained,
  - each message whose id was printed was delivered to somebody who finished it (popped
    it, acknowledged it, ended with 0): none is lost, also not after failed attempts;
  - nothing was delivered that was not pushed, and no body differs from what it was;
  - a message was acknowledged by one consumer only: a second ack says "lost" (69);
  - fsck finds nothing.
"""
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

MQ = os.environ["MQ_BIN"]
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


class Storm:
    def __init__(self, top):
        self.top = top
        self.env = dict(os.environ, MQ_SPOOL=top + "/spool", MQ_CONF="/dev/null", PATH=os.path.dirname(MQ) + ":" + os.environ["PATH"])
        self.lock = threading.Lock()
        self.pushed, self.maybe, self.acked, self.delivered, self.finished, self.errors = {}, set(), {}, {}, set(), []
        self.count, self.runs, self.kills, self.over = 0, 0, 0, False

    def mq(self, *argv, stdin=None, kill=0.0):
        """(exit status, stdout); killed at some moment with that probability"""
        p = subprocess.Popen([MQ, *argv], env=self.env, stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.runs += 1
        if random.random() < kill:
            threading.Timer(random.random() * 0.02, lambda: p.poll() is None and p.send_signal(signal.SIGKILL)).start()
            self.kills += 1
        try:
            out, err = p.communicate(stdin, timeout=60)
        except subprocess.TimeoutExpired:
            p.kill()
            self.errors.append(f"mq {' '.join(argv)} hangs")
            return -9, ""
        if p.returncode in (70, 134, 135, 136, 139) or p.returncode < 0 and p.returncode != -9:
            self.errors.append(f"mq {' '.join(argv)}: exit {p.returncode}: {err}")
        return p.returncode, out

    def producer(self):
        while not self.over:
            with self.lock:
                numbers = range(self.count, self.count + random.choice((1, 1, 3, 30)))
                self.count = numbers[-1] + 1
            bodies = [f"body {n} " + "x" * (n % 50) for n in numbers]
            self.maybe.update(bodies)
            options = random.choice(([], ["-p", "3"], ["-d", "10ms"], ["-H", "A: b"], ["--atomic"]))
            status, out = self.mq("push", "q", "-l", *options, stdin="\n".join(bodies) + "\n", kill=0.1)
            # Ids come in the order of the lines; without all of them only these are promised.
            for one, body in zip(ID.findall(out), bodies):
                self.pushed[one] = body
            if status == 0 and len(ID.findall(out)) != len(bodies):
                self.errors.append(f"push: {len(bodies)} messages, {len(ID.findall(out))} ids")

    def popper(self):
        while not self.over:
            status, out = self.mq("pop", "q", "--json", "-n", "5")
            for line in out.splitlines():
                self.seen(line)

    def seen(self, line, finished=True):
        match = re.search(r'"id":"([^"]*)".*"body":"([^"]*)"', line)
        if not match:
            self.errors.append(f"not understood: {line}")
            return
        self.delivered.setdefault(match[1], set()).add(match[2])
        if finished:
            self.finished.add(match[1])

    def claimer(self):
        while not self.over:
            status, out = self.mq("claim", "q", "--json", "--lease", random.choice(("50ms", "10s")), kill=0.05)
            if status != 0:
                continue
            self.seen(out, finished=False)
            handle = re.search(r'"handle":"([^"]*)"', out)[1]
            what = random.random()
            if what < 0.1:
                continue                                # forgotten: it lapses
            if what < 0.3:
                self.mq("nack", "q", handle, kill=0.05)
                continue
            if what < 0.5:
                self.mq("extend", "q", handle, "10s")
            status, _ = self.mq("ack", "q", handle)
            if status == 0:
                self.finished.add(handle[:36])
                with self.lock:
                    self.acked[handle[:36]] = self.acked.get(handle[:36], 0) + 1
            elif status != 69:
                self.errors.append(f"ack: exit {status}")

    def worker(self):
        while not self.over:
            # What a handler has taken is in a file of its name before it ends.
            self.mq("work", "q", "-j", "2", "--drain", "-n", "20", "--", "sh", "-c",
                    'printf \'{"id":"%s","attempt":%d,"body":"%s"}\\n\' "$MQ_ID" "$MQ_ATTEMPT" "$(cat)" >>"$0"; [ $((MQ_ATTEMPT % 2)) = 0 ] || exit 1',
                    self.top + "/worked", kill=0.2)

    def operator(self):
        while not self.over:
            verb = random.choice((["retry", "q", "--all"], ["hold", "q", "--all", "-n", "3"], ["retry", "q", "--all", "--state", "held"],
                                  ["mv", "q", "aside", "--state", "ready", "-n", "3"], ["mv", "aside", "q", "--all"], ["pause", "q"],
                                  ["resume", "q"], ["resume", "q"], ["stat"], ["ls", "q"], ["bury", "q", "--all", "-n", "2"]))
            self.mq(*verb, kill=0.1)
            time.sleep(0.01)

    def checker(self):
        while not self.over:
            status, out = self.mq("fsck", "--repair", kill=0.2)
            for line in out.splitlines():
                if line.startswith(("error", "warning")) and " no-bucket " not in line:
                    self.errors.append(f"fsck beside live traffic: {line}")
            time.sleep(0.2)

    def run(self, seconds):
        self.mq("init", "q", "backoff=1ms..5ms", "attempts=1000", "sync=never")
        self.mq("init", "aside", "sync=never")
        threads = [threading.Thread(target=t) for t in (self.producer, self.producer, self.popper, self.claimer, self.claimer,
                                                        self.worker, self.operator, self.checker)]
        for t in threads:
            t.start()
        time.sleep(seconds)
        self.over = True
        for t in threads:
            t.join()

    def drain(self):
        time.sleep(0.1)
        self.mq("resume", "q")
        end = time.monotonic() + 120
        while time.monotonic() < end:
            for queue in ("q", "aside"):
                self.mq("retry", queue, "--all", "--state", "held,dead,delayed")
                _, out = self.mq("pop", queue, "--json", "-n", "5000")
                for line in out.splitlines():
                    self.seen(line)
            status, out = self.mq("wait", "q", "--empty", "--timeout", "1ms")
            if status == 0 and self.mq("wait", "aside", "--empty", "--timeout", "1ms")[0] == 0:
                break
        else:
            self.errors.append("the queues do not become empty: " + self.mq("stat")[1])

    def judge(self):
        if os.path.exists(self.top + "/worked"):
            with open(self.top + "/worked") as f:
                for line in f:
                    if line.endswith("}\n"):
                        self.seen(line, finished=int(re.search(r'"attempt":(\d+)', line)[1]) % 2 == 0)
        for one, body in self.pushed.items():
            got = self.delivered.get(one)
            if one not in self.finished:
                self.errors.append(f"lost: {one} {body!r}, delivered: {got}")
            elif got != {body}:
                self.errors.append(f"{one} was {body!r}, delivered as {got}")
        for one, got in self.delivered.items():
            if not got <= self.maybe:
                self.errors.append(f"never pushed: {one} {got}")
        for one, n in self.acked.items():
            if n > 1:
                self.errors.append(f"{one} was acknowledged {n} times")
        _, out = self.mq("fsck", "--repair")
        status, out = self.mq("fsck")
        if status != 0:
            self.errors.append(f"fsck: {out}")


def main():
    with tempfile.TemporaryDirectory(prefix="storm.") as top:
        os.mkdir(top + "/spool")
        storm = Storm(top)
        storm.run(float(sys.argv[1]))
        storm.drain()
        storm.judge()
        print("\n".join(storm.errors[:40]))
        print(f"{storm.runs} commands, {storm.kills} killed, {len(storm.pushed)} messages promised, "
              f"{len(storm.delivered)} delivered: {len(storm.errors)} lost, doubled, changed or acknowledged twice")
        sys.exit(bool(storm.errors))


main()
