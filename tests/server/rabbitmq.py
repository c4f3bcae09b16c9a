#!/usr/bin/env python3
"""
Cases of rabbitmq.bats that talk to mq-engine-amqp: rabbitmq.py CASE [ARGUMENT...]

The environment has RABBIT_URL, MQ_ENGINE_DIR.
"""

import os
import subprocess
import sys
import time
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "engine"))
from conformance.frames import unblock
from conformance.peer import Fail, Peer

URL = os.environ["RABBIT_URL"]
HELPER = os.path.join(os.environ["MQ_ENGINE_DIR"], "mq-engine-amqp")


def start(url=URL, **settings):
    both = dict({"url": url, "timeout": "10000"}, **{k.replace("_", "-"): v for k, v in settings.items()})
    return Peer(HELPER, both)


def peer(url=URL, **settings):
    return start(url, **settings).open()


def name():
    return "t-" + os.urandom(6).hex()


def made(p):
    queue = name()
    p.must("make", queue)
    return queue


def witness(tool, *args, data=None):
    """A tool of amqp-tools, against the same server."""
    return subprocess.run([tool, "-u", URL, *args], input=data, stdout=subprocess.PIPE, timeout=30)


def same(what, got, wanted):
    if got != wanted:
        raise Fail("%s: %r instead of %r" % (what, got, wanted))


def one(p, queue, lease=60000, keep=False):
    p.take(queue, 1, lease, keep)
    return p.get(1)[0]


def refusal(answer, cls, *texts):
    if answer.ok or answer.cls != cls:
        raise Fail("%s instead of %s" % (answer, cls))
    for text in texts:
        if text not in answer.text:
            raise Fail("'%s' does not say '%s'" % (answer.text, text))


# ---- opening ------------------------------------------------------------------


def opening(cls, text, *settings):
    """It has to fail with this class, and the text has to name this."""
    p = start(**dict(s.split("=", 1) for s in settings))
    f = p.try_open()
    if cls == "ready":
        same("kind", f.kind, "ready")
        p.bye()
    elif f.kind != "fail" or f.words[1] != cls or text not in f.words[2]:
        raise Fail("%s instead of fail %s '%s'" % (f.words, cls, text))
    said = " ".join(f.words) + p.said.decode()
    if "s3cret" in said:
        raise Fail("the password is in what was said")


# ---- witnesses ----------------------------------------------------------------


def pushed():
    """Others get what mq pushed."""
    p = peer()
    queue, body = made(p), bytes(range(256))
    p.push(queue, "an-id", body, [("Content-Type", "image/png")])
    same("body", witness("amqp-get", "-q", queue).stdout, body)
    same("status of an empty queue", witness("amqp-get", "-q", queue).returncode, 2)


def foreign():
    """mq takes what others published."""
    p = peer()
    queue = made(p)
    witness("amqp-publish", "-r", queue, "-C", "text/plain", "-H", "color: red", "-H", "odd name!: 1",
            "-p", "-b", "hello")
    m = one(p, queue)
    same("body", m.body, b"hello")
    same("headers", sorted(unblock(m.head)),
         [("Content-Type", "text/plain"), ("color", "red"), ("odd_20name_21", "1")])
    same("derived, changing", (m.fields.get("derived"), m.fields.get("changing")), ("1", "1"))
    p.must("nack", m.token, 0, attempts=1)
    m = one(p, queue)
    same("headers of the copy", len(unblock(m.head)), 3)
    p.must("ack", m.token)


def reserved():
    """Headers that the server would go by are only carried."""
    p = peer()
    queue, other = made(p), made(p)
    headers = [("CC", other), ("BCC", other), ("x-death", "me"), ("x-delivery-count", "7"),
               ("mq-header-a", "1"), ("Content-Type", "x" * 300)]
    p.push(queue, "1", b"", headers)
    m = one(p, queue)
    same("headers", sorted(unblock(m.head)), sorted(headers))
    same("what went to another queue", p.must("stat", other).fields["ready"], "0")
    p.must("ack", m.token)


def priority():
    """A queue that was declared for it goes by the priority."""
    p = peer()
    for number in (9, 0, 5):
        p.push("prio", str(number), b"", priority=number)
    p.take("prio", 3)
    got = p.get(3)
    same("order", [m.id for m in got], ["0", "5", "9"])
    for m in got:
        p.must("ack", m.token)


# ---- what the server refuses ---------------------------------------------------


def refused():
    p = peer()
    queue = name()
    refusal(p.request("push", queue, "1", 0, 0), "gone", queue)
    refusal(p.request("push", queue, "1", 0, 0, delay=1000), "gone", queue)
    refusal(p.request("check", queue), "gone", queue)
    refusal(p.request("stat", queue), "gone", queue)
    refusal(p.request("check", "q" * 201), "data", "201", "200")
    for i in range(3):
        p.push("full", str(i), b"")
    refusal(p.request("push", "full", "4", 0, 0), "full", "full")
    p.must("ping")
    same("what is there", p.must("stat", "full").fields["ready"], "3")


def rights():
    p = peer(URL.replace("//", "//reader@"), credentials=os.environ["READER"])
    refusal(p.request("push", "plain", "1", 0, 0), "perm", "refused for user 'reader'")
    refusal(p.request("make", name()), "perm", "refused for user 'reader'")
    refusal(p.request("push", "plain", "2", 0, 0), "perm")
    p.must("check", "plain")


def large(limit):
    """A server with a lower limit: which message was too large is found out, the rest is unknown."""
    p, limit = peer(), int(limit)
    queue = made(p)
    answer = p.request("push", queue, "1", 0, limit + 1, data=b"x" * (limit + 1))
    refusal(answer, "large", str(limit), str(limit + 1))
    refusal(p.request("push", queue, "2", 0, limit + 2, data=b"x" * (limit + 2)), "large", str(limit))
    p.push(queue, "3", b"x" * limit)
    same("what is there", p.must("stat", queue).fields["ready"], "1")


def headers_too_large():
    p = peer()
    queue = made(p)
    block = b"".join(b"H%d: %s\n" % (i, b"x" * 1000) for i in range(62)) + b"\n"
    p.must("push", queue, "1", len(block), 0, data=block)
    m = one(p, queue)
    same("headers", len(unblock(m.head)), 62)
    p.must("ack", m.token)


# ---- claims --------------------------------------------------------------------


def lapsed():
    """A claim that lapsed counts as an attempt."""
    p = peer()
    queue = made(p)
    p.push(queue, "1", b"body", [("A", "b")])
    claim = one(p, queue, 1000, True)
    p.kill()
    p = peer()
    m = one(p, queue)
    same("attempts", m.fields.get("attempts"), "1")
    same("message", (m.id, m.body, m.head), ("1", b"body", claim.head))
    refusal(p.request("ack", claim.token), "lost")
    p.must("nack", m.token, 0)
    m = one(p, queue)
    same("attempts", m.fields.get("attempts"), "1")
    p.must("ack", m.token)


def forged():
    """No token makes the helper touch another queue."""
    p = peer()
    queue = made(p)
    p.push(queue, "1", b"")
    for token in ("c." + queue, "c.", "c.%s.mq-claim.%s" % (queue, "0" * 32), "d.1.5.0.1"):
        for words in (("ack", token), ("nack", token, 0), ("dead", token), ("extend", token, 1000)):
            refusal(p.request(*words), "lost")
    same("what is there", p.must("stat", queue).fields["ready"], "1")


def holding():
    """The server closes the channel of who holds a message for too long."""
    p = peer()
    queue = made(p)
    p.push(queue, "1", b"")
    m = one(p, queue)
    p.take(queue, 1)
    p.wait(lambda: queue in p.endings, "'ended'")
    if "timed out" not in p.endings[queue][1]:
        raise Fail("the reason is not told: %s" % (p.endings[queue],))
    same("class", p.endings.pop(queue)[0], "again")
    refusal(p.request("ack", m.token), "lost")
    m = one(p, queue)
    p.must("ack", m.token)


def deleted():
    """The queue is deleted while it is taken from."""
    p = peer()
    queue = made(p)
    p.take(queue, 1)
    p.nothing(queue)
    witness("amqp-delete-queue", "-q", queue)
    p.wait(lambda: queue in p.endings, "'ended'")
    same("class", p.endings.pop(queue)[0], "gone")
    p.must("make", queue)
    p.push(queue, "1", b"")
    p.must("ack", one(p, queue).token)


def churn():
    """Credit and acks in any rhythm: all come once, and never more than there is credit for."""
    p, other = peer(), peer()
    queue = made(p)
    ids = [str(i) for i in range(300)]
    for tag in [p.ask_push(queue, i, i.encode()) for i in ids]:
        if not p.answer(tag).ok:
            raise Fail("push: %s" % p.answers[tag])
    got = []
    p.take(queue, 7)
    for n in range(300):
        m = p.get(1)[0]
        got.append(m.id)
        ack = p.ask("ack", m.token)
        if n % 3 == 0:
            p.answer(ack)
        if n < 293:
            p.take(queue, 1)
        if n % 50 == 0:
            p.quiet(0.05)
    same("what came", sorted(got), sorted(ids))
    other.take(queue, 1)
    other.nothing(queue)


def spare():
    """Without credit nothing is fetched, though an ack makes room for one more."""
    p, other = peer(), peer()
    queue = made(p)
    for i in range(3):
        p.push(queue, str(i), b"")
    p.must("ack", one(p, queue).token)
    p.quiet(0.3)
    p.take(queue, 1)
    m = p.get(1)[0]
    p.must("ack", m.token)
    p.quiet(0.3)
    last = one(other, queue)
    same("id, deliveries", (m.id, m.fields["deliveries"], last.id, last.fields["deliveries"]),
         ("1", "1", "2", "1"))


# ---- outages -------------------------------------------------------------------


def blocked(*commands):
    """
    The server has a memory alarm: what comes then is not sent; what is held can be settled; and all
    goes on when it is over.
    """
    p = peer(timeout="3000")
    queue = made(p)
    for i in range(2):
        p.push(queue, str(i), b"")
    held = one(p, queue)
    subprocess.run(commands[0], shell=True, check=True)
    try:
        first = p.ask_push(queue, "a", b"")
        p.wait(lambda: any(s[0] == "blocked" for s in p.states), "'state blocked'")
        second = p.ask_push(queue, "b", b"")
        p.must("ack", held.token)
        m = one(p, queue)
        same("what is taken meanwhile", m.id, "1")
        answer = p.answer(first)
        if not answer.ok:
            refusal(answer, "unknown", "memory")
        refusal(p.answer(second), "again", "memory")
        third = p.ask_push(queue, "c", b"")
    finally:
        subprocess.run(commands[1], shell=True, check=True)
    p.wait(lambda: p.states[-1][0] == "up", "'state up'")
    p.answer(third)
    p.push(queue, "d", b"")
    p.must("ack", m.token)
    p.take(queue, 10)
    p.wait(lambda: "d" in [m.id for m in p.messages], "the last one")
    same("'b' was not sent", "b" in [m.id for m in p.messages], False)
    same("status", p.bye(), 0)


def killed(pid, rest, listing):
    """The server is killed while pushes are open: those that are confirmed are in 'listing'."""
    p = peer()
    queue = made(p)
    p.quiet(2)      # a younger queue may be lost
    tags = {}
    confirmed = 0
    for n in range(100000):
        i = str(uuid.uuid4())
        tags[i] = p.ask_push(queue, i, b"x" * 200)
        if len(tags) - confirmed > 150:
            p.pump(0.01)
            confirmed = sum(p.answers[t].done for t in tags.values())
        if confirmed > 300:
            break
    os.kill(int(pid), 9)
    p.wait(lambda: p.ended, "the end of the helper")
    same("status", p.status(), 75)
    good = [i for i, t in tags.items() if p.answers[t].done and p.answers[t].ok]
    bad = [p.answers[t].cls for t in tags.values() if p.answers[t].done and not p.answers[t].ok]
    if any(c not in ("unknown", "again") for c in bad):
        raise Fail("answers: %s" % set(bad))
    if not any(s[0] == "down" for s in p.states):
        raise Fail("no 'state down'")
    with open(listing, "w", encoding="ascii") as f:
        f.write("\n".join([queue] + good))
    print("%d pushed, %d confirmed, %s" % (len(tags), len(good), rest))


def survived(listing):
    with open(listing, encoding="ascii") as f:
        queue, *ids = f.read().split()
    p = peer()
    seen = set()
    p.take(queue, 5000)
    end = time.monotonic() + 60
    while not set(ids) <= seen and time.monotonic() < end:
        p.pump(0.2)
        seen |= {m.id for m in p.messages}
    if not set(ids) <= seen:
        raise Fail("%d of %d that were confirmed are not there; %s" % (len(set(ids) - seen), len(ids),
                                                                     p.endings))
    if len(ids) < 100:
        raise Fail("only %d were confirmed" % len(ids))


if __name__ == "__main__":
    try:
        globals()[sys.argv[1]](*sys.argv[2:])
    except Fail as e:
        print("%s: %s" % (sys.argv[1], e))
        sys.exit(1)
