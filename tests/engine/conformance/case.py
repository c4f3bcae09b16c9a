"""What a case works with: the helper under test, a queue, and messages of its own."""

import itertools
import os
import time
import uuid

from .peer import PATIENCE, Fail, Peer

CASES = []
LEASE = 2000        # ms, where a lease is to end
LONG = 60000        # ms, where none is


class Skip(Exception):
    """The engine does not claim this."""


def case(title, *caps, needs=()):
    """
    A case of the suite. 'caps' are the capabilities that it tries, which is for the table; it is
    skipped if one in 'needs' is not announced.
    """
    def add(function):
        CASES.append((title, caps or tuple(needs), tuple(needs), function))
        return function
    return add


class Context:
    """One run of the suite against one helper."""

    def __init__(self, program, settings, queue=None, suffix="", differ=()):
        self.program, self.settings, self.fixed = program, settings, queue
        self.suffix, self.differ = suffix, [d for d in differ if d]
        self.peers = []
        self.main = None
        self.caps = {}
        self.mark = os.urandom(4).hex()
        self.count = itertools.count(1)
        self.queue = None

    # ---- helpers --------------------------------------------------------------

    def start(self, **settings):
        """A helper that is not open; a setting of None is left out."""
        both = dict(self.settings, **{k.replace("_", "-"): v for k, v in settings.items()})
        peer = Peer(self.program, {k: v for k, v in both.items() if v is not None})
        self.peers.append(peer)
        return peer

    def other(self, **settings):
        """One more helper, which ends with the case."""
        return self.start(**settings).open()

    @property
    def a(self):
        """The helper that most cases share."""
        if self.main is None:
            self.main = self.other()
            self.caps = dict(self.main.caps)
            for cap in self.differ:
                if cap[0] == "-":
                    self.caps.pop(cap[1:], None)
                else:
                    self.caps[cap] = ""
        return self.main

    def clean(self, good):
        """After a case: what is left of it must not reach the next one."""
        for peer in self.peers:
            if peer is not self.main or not good:
                peer.release()
        if good and self.main is not None:
            for queue in [q for q, n in self.main.credit.items() if n > 0]:
                self.main.stop(queue)
            self.main.messages.clear()
            self.main.frames.clear()
            self.peers = [self.main]
        else:
            self.main, self.peers = None, []

    # ---- capabilities ---------------------------------------------------------

    def can(self, name, value=None):
        if value is None:
            return name in self.caps
        return value in self.caps.get(name, "").split(",")

    def number(self, name, absent=0):
        return int(self.caps.get(name, absent))

    def need(self, name, value=None):
        if not self.can(name, value):
            raise Skip("not announced")

    @property
    def attempts(self):
        return self.can("attempts")

    def back_within(self):
        """How long a message may stay away after its holder was killed."""
        return (LEASE / 1000 if self.can("lease") else 0) + PATIENCE

    # ---- queues and messages --------------------------------------------------

    def new_queue(self):
        """An empty queue of this case's own, or the one that was given."""
        if self.fixed is None and self.can("make"):
            name = self.missing()
            self.a.must("make", name)
            return name
        return self.fixed or "conform-%s" % self.mark

    def missing(self):
        """The name of a queue that is not there."""
        return "conform-%s-%d%s" % (self.mark, next(self.count), self.suffix)

    @staticmethod
    def id():
        return str(uuid.uuid4())

    def body(self, text="a message"):
        return text.encode().ljust(self.number("min-body"), b".")

    def fill(self, n, peer=None, body=None, **fields):
        """Push n messages one behind the other without waiting in between; their ids."""
        peer = peer or self.a
        ids = [self.id() for _ in range(n)]
        tags = [peer.ask_push(self.queue, i, self.body() if body is None else body, **fields)
                for i in ids]
        for tag in tags:
            if not peer.answer(tag).ok:
                raise Fail("push: %s" % peer.answers[tag])
        return ids

    def settle(self, messages, peer=None):
        """Ack all, and be sure that nothing else is there."""
        peer = peer or self.a
        for tag in [peer.ask("ack", m.token) for m in messages]:
            if not peer.answer(tag).ok:
                raise Fail("ack: %s" % peer.answers[tag])

    def take(self, n, peer=None, lease=LONG, keep=False, within=PATIENCE):
        """n messages, and no credit is left."""
        peer = peer or self.a
        peer.take(self.queue, n, lease, keep)
        return peer.get(n, within)

    def empty(self, peer=None, seconds=0.0):
        """Nothing is ready in the queue."""
        peer = peer or self.a
        peer.take(self.queue, 1, LONG)
        peer.nothing(self.queue, seconds)
        peer.stop(self.queue)
        if peer.messages:
            raise Fail("a message came that must not: %s" % peer.messages[0].id)

    def drain(self):
        """Only for a queue that several cases share."""
        peer = self.other()
        peer.take(self.queue, 10000, LONG)
        while True:
            before = peer.idles.get(self.queue, 0)
            peer.wait(lambda: peer.messages or peer.idles.get(self.queue, 0) >= before + 2, "'idle'")
            if not peer.messages:
                break
            got, peer.messages = peer.messages, []
            self.settle(got, peer)
        peer.stop(self.queue)
        peer.bye()


def same(what, got, wanted):
    if got != wanted:
        raise Fail("%s: %s instead of %s" % (what, short(got), short(wanted)))


def short(value):
    text = repr(value)
    return text if len(text) <= 120 else "%s ... (%d)" % (text[:120], len(value))


def now_us():
    return int(time.time() * 1000000)
