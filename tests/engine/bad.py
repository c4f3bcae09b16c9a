#!/usr/bin/env python3
"""
mq-engine-bad: a helper that misbehaves by script, to see what mq does then.

    bad://FAULT[.N][.always][.dead]/DIR

FAULT happens the Nth time that its point is reached in a process (3 if not given); once only, unless
it is to happen in every process. FAULT none: it behaves. With dead there are dead letters, too. The
engine is the directory DIR:

    stored      a line of JSON for each message that it has, in the order of the pushes
    acked       the numbers, from 0, of those that are gone: acknowledged, or dead
    dead        the reasons of the dead ones
    log         what was asked and done, a word and an id a line
    faulty      is there once the fault has happened

It forgets nothing that it confirmed, so a test sees what mq has lost. Only one process at a time.
"""

import json
import os
import select
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from badfaults import FAULTS
from conformance.frames import Reader, encode

CAPS = ("push take order attempts deliveries nack-delay=0 token=process stat=ready"
        " max-body=1048576 durable=yes").split()


class Helper:
    def __init__(self):
        self.reader = Reader()
        self.settings = {}
        self.dir = self.point = self.act = None
        self.every = self.always = self.dead = False
        self.nth, self.seen = 3, 0
        self.credit = {}
        self.held = {}
        self.looked = 0.0
        self.later = []         # answers that are kept back

    # ---- bytes ----------------------------------------------------------------

    def raw(self, data):
        while data:
            data = data[os.write(1, data):]

    def say(self, *words, data=b"", **fields):
        self.raw(encode(*words, **fields) + data)

    def frames(self, seconds):
        """What has come, within so many seconds; None at the end."""
        if select.select([0], [], [], seconds)[0]:
            data = os.read(0, 1 << 16)
            if not data:
                return None
            self.reader.feed(data)
        found = []
        while (f := self.reader.next()) is not None:
            found.append(f)
        return found

    # ---- the engine -----------------------------------------------------------

    def path(self, name):
        return os.path.join(self.dir, name)

    def add(self, name, line):
        with open(self.path(name), "a", encoding="utf-8") as f:
            f.write(line + "\n")

    def lines(self, name):
        try:
            with open(self.path(name), encoding="utf-8") as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return []

    def log(self, word, id_):
        self.add("log", "%s %s" % (word, id_))

    def ready(self, queue):
        """The messages that nobody holds; each has a number of its own."""
        gone = set(self.lines("acked")) | set(self.held)
        every = enumerate(json.loads(line) for line in self.lines("stored"))
        return [(str(n), m) for n, m in every if str(n) not in gone and m["queue"] == queue]

    # ---- faults ---------------------------------------------------------------

    def configure(self, url):
        name, _, path = url.partition("://")[2].partition("/")
        words = name.split(".")
        self.dir = "/" + path
        self.point, self.act, self.every = FAULTS[words[0]]
        self.always = "always" in words
        self.dead = "dead" in words
        numbers = [int(w) for w in words if w.isdigit()]
        self.nth = numbers[0] if numbers else 1 if self.point in ("hello", "open") else 3
        os.makedirs(self.dir, exist_ok=True)

    def hit(self, point, *args):
        """Whether the fault took the place of what was to be done here."""
        if point != self.point:
            return False
        if not self.every:
            self.seen += 1
            if self.seen != self.nth or (not self.always and os.path.exists(self.path("faulty"))):
                return False
        self.add("faulty", point)
        return self.act(self, *args) is not False

    # ---- requests -------------------------------------------------------------

    def push(self, f):
        tag, id_ = f.words[1], f.words[3]
        self.log("push", id_)
        if self.hit("push", tag):
            return
        self.store(f)
        if not self.hit("stored", tag):
            self.say("ok", tag)
            self.log("ok", id_)

    def store(self, f):
        self.add("stored", json.dumps({
            "queue": f.words[2], "id": f.words[3], "head": f.head.decode("latin-1"),
            "body": f.body.decode("latin-1"), "fields": f.fields(6)}))

    def settle(self, f):
        kind, tag, token = f.words[:3]
        self.log(kind, token)
        if self.hit("ack", tag):
            return
        self.held.pop(token, None)
        if kind != "nack":
            self.add("acked", token)
        if kind == "dead":
            self.add("dead", f.fields(3).get("reason", ""))
        if not self.hit("acked", tag):
            self.say("ok", tag)

    def give(self, queue, token, m):
        if self.hit("msg", queue, token, m):
            return
        self.held[token] = m
        self.credit[queue] -= 1
        head, body = m.get("head", "").encode("latin-1"), m["body"].encode("latin-1")
        self.say("msg", token, queue, m["id"], len(head), len(body), data=head + body,
                 **m.get("fields", {}))

    def look(self):
        self.looked = time.monotonic()
        for queue, n in list(self.credit.items()):
            if n <= 0:
                continue
            if self.hit("look", queue):
                continue
            some = self.ready(queue)[:n]
            for token, m in some:
                if self.credit[queue] > 0:
                    self.give(queue, token, m)
            if self.credit[queue] > 0:
                self.say("idle", queue)

    def request(self, f):
        kind = f.words[0]
        if kind == "push":
            self.push(f)
        elif kind in ("ack", "nack", "dead"):
            self.settle(f)
        elif kind == "take":
            self.credit[f.words[1]] = self.credit.get(f.words[1], 0) + int(f.words[2])
        elif kind == "stop":
            self.credit[f.words[1]] = 0
            self.say("stopped", f.words[1])
        elif kind == "stat":
            self.say("ok", f.words[1], ready=len(self.ready(f.words[2])))
        elif kind in ("ping", "check", "make"):
            self.say("ok", f.words[1])
        elif kind == "bye":
            if not self.hit("bye"):
                self.say("bye")
                sys.exit(0)
        elif len(f.words) > 1:
            self.say("err", f.words[1], "cannot", "no such thing")

    # ---- the loop -------------------------------------------------------------

    def open(self):
        """The address has to be known before the hello, which may be the fault."""
        while True:
            for f in self.frames(60) or sys.exit(0):
                if f.words[0] == "set":
                    self.settings[f.words[1]] = f.words[2]
                elif f.words[0] == "open":
                    self.configure(self.settings["url"])
                    self.log("start", os.getpid())
                    if not self.hit("hello"):
                        self.say("mq-engine", "1", "bad", "0")
                    if not self.hit("open"):
                        self.say("ready", *CAPS, *(["dead"] if self.dead else []))
                    return

    def run(self):
        self.open()
        while True:
            taking = any(n > 0 for n in self.credit.values())
            found = self.frames(0.1 if taking else 60)
            if found is None:
                self.hit("end")
                sys.exit(0)
            for f in found:
                self.request(f)
            for answer in reversed(self.later):
                self.raw(answer)
            self.later.clear()
            if found or time.monotonic() - self.looked > 0.1:
                self.look()


if __name__ == "__main__":
    Helper().run()
