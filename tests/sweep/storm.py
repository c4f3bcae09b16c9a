#!/usr/bin/env python3
"""usage: storm.py SECONDS

Producers, consumers, operators (retry, hold, mv, pause, rm of what nobody wants)
and fsck --repair at work at once on two queues (messages with and without keys), on
a queue that keeps the latest of each key, and on a topic with two subscribers; each
killed at random and started anew; as root, each as one of two users of a group, with
this or that umask.  Every command's result is kept in a ledger.  At the end, when the
queues have been drained,
  - each message whose id was printed was delivered to somebody who finished it (popped
    it, acknowledged it, ended with 0): none is lost, also not after failed attempts; of
    a topic, in each subscriber; of the latest of a key, it or a newer one of the key;
  - nothing was delivered that was not pushed, and no body differs from what it was;
  - a message was acknowledged by one consumer only: a second ack says "lost" (69);
  - fsck finds nothing.
"""
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

MQ = os.environ["MQ_BIN"]
LINES = ("q", "latest", "a", "b")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


class Storm:
    def __init__(self, top):
        self.top = top
        self.env = dict(os.environ, MQ_SPOOL=top + "/spool", MQ_CONF="/dev/null", HOME=top, PATH=os.path.dirname(MQ) + ":" + os.environ["PATH"])
        self.lock = threading.Lock()
        # Of each "line" of queues (q and aside are one): ids and their bodies, keys; who got and who finished what.
        self.pushed, self.keys, self.maybe, self.acked, self.delivered, self.finished, self.errors = {}, {}, set(), {}, {}, set(), []
        self.count, self.runs, self.kills, self.over = 0, 0, 0, False
        self.users = []
        if os.geteuid() == 0:
            self.let_users_in()

    def let_users_in(self):
        """Both come to the spool, to mq wherever it was built, and to what handlers write."""
        self.users = [["setpriv", f"--reuid={uid}", f"--regid={uid}", "--groups=8"] for uid in (2001, 2002)]
        os.chmod(self.top, 0o711)
        os.mkdir(self.top + "/bin", 0o755)
        shutil.copy(MQ, self.top + "/bin/mq")
        os.chown(self.top + "/spool", 0, 8)
        os.chmod(self.top + "/spool", 0o2770)
        for line in LINES:
            with open(f"{self.top}/worked.{line}", "w"):
                os.chmod(f"{self.top}/worked.{line}", 0o666)

    def mq(self, *argv, stdin=None, kill=0.0):
        """(exit status, stdout); killed at some moment with that probability"""
        command = [MQ, *argv]
        if self.users:
            command = [*random.choice(self.users), "sh", "-c", 'umask "$1"; shift; exec "$@"', "sh", random.choice(("077", "022", "777", "0")), self.top + "/bin/mq", *argv]
        p = subprocess.Popen(command, env=self.env, stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.runs += 1
        if random.random() < kill:
            threading.Timer(random.random() * 0.03, lambda: p.poll() is None and p.send_signal(signal.SIGKILL)).start()
            self.kills += 1
        try:
            out, err = p.communicate(stdin, timeout=300)
        except subprocess.TimeoutExpired:
            p.kill()
            self.errors.append(f"mq {' '.join(argv)} hangs")
            return -9, ""
        if p.returncode in (70, 77, 134, 135, 136, 139) or p.returncode < 0 and p.returncode != -9:
            self.errors.append(f"mq {' '.join(argv)}: exit {p.returncode}: {err}")
        return p.returncode, out

    def push(self, queue, lines, numbers, options, key=None):
        bodies = [f"body {n} " + "x" * (n % 50) for n in numbers]
        self.maybe.update(bodies)
        status, out = self.mq("push", queue, "-l", *options, *(["-k", key] if key else []), stdin="\n".join(bodies) + "\n", kill=0.1)
        # Ids come in the order of the lines; without all of them only these are promised.
        for one, body in zip(ID.findall(out), bodies):
            for line in lines:
                self.pushed[line, one] = body
                self.keys[line, one] = key
        if status == 0 and len(ID.findall(out)) != len(bodies):
            self.errors.append(f"push: {len(bodies)} messages, {len(ID.findall(out))} ids")

    def numbers(self, some):
        with self.lock:
            self.count += some
            return range(self.count - some, self.count)

    def producer(self):
        while not self.over:
            options = random.choice(([], ["-p", "3"], ["-d", "10ms"], ["-H", "A: b"], ["--atomic"]))
            key = random.choice((None, None, "k1", "k2", "k3"))
            self.push("q", ("q",), self.numbers(random.choice((1, 1, 3, 30))), options, key)

    def publisher(self):
        while not self.over:
            self.push("latest", ("latest",), self.numbers(random.choice((1, 1, 3))), [], random.choice(("k1", "k2", "k3")))
            self.push("topic", ("a", "b"), self.numbers(random.choice((1, 5))), [])

    def popper(self):
        while not self.over:
            line = random.choice(("q", "q", "latest", "a", "b"))
            status, out = self.mq("pop", line, "--json", "-n", "5")
            for text in out.splitlines():
                self.seen(line, text)

    def seen(self, line, text, finished=True):
        match = re.search(r'"id":"([^"]*)".*"body":"([^"]*)"', text)
        if not match:
            self.errors.append(f"not understood: {text}")
            return
        self.delivered.setdefault((line, match[1]), set()).add(match[2])
        if finished:
            self.finished.add((line, match[1]))

    def claimer(self):
        while not self.over:
            line = random.choice(LINES)
            status, out = self.mq("claim", line, "--json", "--lease", random.choice(("50ms", "10s")), kill=0.05)
            if status != 0:
                continue
            self.seen(line, out, finished=False)
            handle = re.search(r'"handle":"([^"]*)"', out)[1]
            what = random.random()
            if what < 0.1:
                continue                                # forgotten: it lapses
            if what < 0.3:
                self.mq("nack", line, *random.choice(([], ["--dead"], ["--no-count"])), handle, kill=0.05)
                continue
            if what < 0.5:
                self.mq("extend", line, handle, "10s")
            status, _ = self.mq("ack", line, handle)
            if status == 0:
                self.finished.add((line, handle[:36]))
                with self.lock:
                    self.acked[line, handle[:36]] = self.acked.get((line, handle[:36]), 0) + 1
            elif status != 69:
                self.errors.append(f"ack: exit {status}")

    def worker(self):
        while not self.over:
            # What a handler has taken is in a file of its name before it ends.
            line = random.choice(("q", "q", "latest", "a"))
            self.mq("work", line, "-j", "2", "--drain", "-n", "20", "--", "sh", "-c",
                    'printf \'{"id":"%s","attempt":%d,"body":"%s"}\\n\' "$MQ_ID" "$MQ_ATTEMPT" "$(cat)" >>"$0"; [ $((MQ_ATTEMPT % 2)) = 0 ] || exit 1',
                    f"{self.top}/worked.{line}", kill=0.2)

    def operator(self):
        while not self.over:
            queue = random.choice(LINES)
            verb = random.choice((["retry", queue, "--all"], ["hold", queue, "--all", "-n", "3"], ["retry", queue, "--all", "--state", "held"],
                                  ["mv", "q", "aside", "--state", "ready", "-n", "3"], ["mv", "aside", "q", "--all"], ["pause", "q"],
                                  ["resume", "q"], ["resume", "q"], ["stat"], ["ls", queue], ["bury", queue, "--all", "-n", "2"],
                                  ["topics"], ["retry", queue, "--all", "--state", "claimed", "--force", "-n", "1"]))
            self.mq(*verb, kill=0.1)
            time.sleep(0.01)

    def checker(self):
        while not self.over:
            status, out = self.mq("fsck", "--repair", kill=0.2)
            for line in out.splitlines():
                if line.startswith(("error", "warning")) and not re.search(" (no-bucket|stuck-turn) ", line):
                    self.errors.append(f"fsck beside live traffic: {line}")
            time.sleep(0.2)

    def run(self, seconds):
        shared = ["mode=0660", "group=mail"] if self.users else []
        for queue, policy in (("q", ["backoff=1ms..5ms", "attempts=1000"]), ("aside", []), ("latest", ["latest=yes", "backoff=1ms..5ms", "attempts=1000"]),
                              ("topic", []), ("a", ["backoff=1ms..5ms", "attempts=1000"]), ("b", ["backoff=1ms..5ms", "attempts=1000"])):
            self.mq("init", queue, "sync=never", *policy, *shared)
        for queue in ("a", "b"):
            self.mq("subscribe", "topic", queue)
        threads = [threading.Thread(target=t) for t in (self.producer, self.producer, self.publisher, self.popper, self.popper, self.claimer, self.claimer,
                                                        self.worker, self.worker, self.operator, self.checker)]
        for t in threads:
            t.start()
        time.sleep(seconds)
        self.over = True
        for t in threads:
            t.join()

    def drain(self):
        time.sleep(0.1)
        self.mq("resume", "q")
        end = time.monotonic() + 600
        while time.monotonic() < end:
            self.mq("topics")
            for queue in (*LINES, "aside"):
                self.mq("retry", queue, "--all", "--state", "held,dead,delayed")
                _, out = self.mq("pop", queue, "--json", "-n", "5000")
                for text in out.splitlines():
                    self.seen("q" if queue == "aside" else queue, text)
            if all(self.mq("wait", queue, "--empty", "--timeout", "1ms")[0] == 0 for queue in (*LINES, "aside")):
                break
        else:
            self.errors.append("the queues do not become empty: " + self.mq("stat")[1])

    def replaced(self, line, one):
        """A newer one of its key came to somebody."""
        key = self.keys[line, one]
        return line == "latest" and any(n > one and self.keys.get((line, n), key) == key for queue, n in self.delivered if queue == line)

    def judge(self):
        for line in LINES:
            path = f"{self.top}/worked.{line}"
            for text in open(path) if os.path.exists(path) else ():
                if text.endswith("}\n"):
                    self.seen(line, text, finished=int(re.search(r'"attempt":(\d+)', text)[1]) % 2 == 0)
        for (line, one), body in self.pushed.items():
            got = self.delivered.get((line, one))
            if (line, one) not in self.finished and not self.replaced(line, one):
                self.errors.append(f"lost: {line}: {one} {body!r}, delivered: {got}")
            elif got not in (None, {body}):
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
