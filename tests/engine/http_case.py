"""What the cases of sqs_case.py and pubsub_case.py share: a helper, and a fake that can be told to misbehave."""

import json
import os
import sys
import time
import urllib.request
import uuid

sys.dont_write_bytecode = True
from conformance.case import same
from conformance.peer import Fail, Peer

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


class World:
    def __init__(self, helper, url, fake, settings):
        self.helper, self.url, self.fake, self.settings = helper, url, fake, settings
        self.peers = []

    def start(self, url=None, **settings):
        both = dict({"url": url or self.url, "timeout": "5000", "create": "yes"}, **self.settings)
        both.update({k.replace("_", "-"): v for k, v in settings.items()})
        self.peers.append(Peer(self.helper, {k: v for k, v in both.items() if v is not None}))
        return self.peers[-1]

    def open(self, **settings):
        return self.start(**settings).open()

    def fails(self, cls, *texts, **settings):
        """Opening fails with this class, and the text has all of these in it."""
        f = self.start(**settings).try_open()
        if f.kind != "fail" or f.words[1] != cls or not all(t in f.words[2] for t in texts):
            raise Fail("%s instead of 'fail %s ... %s'" % (f.words, cls, " ... ".join(texts)))

    def http(self, path, value=None, headers=None, method=None):
        """Ask the fake; no proxy."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        data = None if value is None else json.dumps(value).encode()
        with opener.open(urllib.request.Request(self.fake + path, data, headers or {}, method=method), timeout=20) as answer:
            return json.loads(answer.read())

    def tell(self, **faults):
        return self.http("/_fake", faults)

    def seen(self, action):
        return self.http("/_fake").get(action, 0)

    def queue(self, suffix=""):
        return "q-%s%s" % (uuid.uuid4().hex[:12], suffix)

    def said(self):
        """All that helpers said, to see that no secret is in it."""
        return b"".join(p.said for p in self.peers) + repr([f.words for p in self.peers for f in p.frames]).encode()


def push(p, queue, body=b"a message", id_=None, headers=(), **fields):
    return p.ask_push(queue, id_ or str(uuid.uuid4()), body, headers, **fields)


def push_many(p, queue, n):
    with p.at_once():
        tags = [push(p, queue) for _ in range(n)]
    for tag in tags:
        same("push", str(p.answer(tag)), "ok")


def take(p, queue, n, lease=60000):
    p.take(queue, n, lease)
    got = p.get(n)
    with p.at_once():
        tags = [p.ask("ack", m.token) for m in got]
    for tag in tags:
        if not p.answer(tag).ok:
            raise Fail("ack: %s" % p.answers[tag])
    return got


def empty(p, queue):
    p.take(queue, 1)
    p.nothing(queue)
    p.stop(queue)
    if p.messages:
        raise Fail("a message came that must not: %s" % p.messages[0].id)


def failed(answer, *classes):
    if answer.ok or answer.cls not in classes:
        raise Fail("%s instead of %s" % (answer, " or ".join(classes)))
    return answer.text


def until(what, condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Fail("not within %d s: %s" % (seconds, what))
        time.sleep(0.05)


def main():
    """NAME HELPER URL FAKE [KEY=VALUE]..."""
    name, helper, url, fake = sys.argv[1:5]
    world = World(helper, url, fake, dict(a.split("=", 1) for a in sys.argv[5:]))
    try:
        CASES[name](world)
        for secret in [s for s in os.environ.get("SECRETS", "").split() if s.encode() in world.said()]:
            raise Fail("a secret was said: %s" % secret)
    except Fail as e:
        print("%s: %s\n%s" % (name, e, "".join(p.last_words() for p in world.peers)))
        sys.exit(1)
    finally:
        for p in world.peers:
            p.release()


__all__ = ["case", "same", "Fail", "push", "push_many", "take", "empty", "failed", "until", "main"]
