"""Cases: messages come out as they went in; what cannot be held is refused before."""

import os
import time

from .case import LONG, case, now_us, same
from .frames import unblock
from .peer import Fail

MIB = 1 << 20
REFUSED = ("cannot", "data")


def round_trip(c, body, headers=(), **fields):
    """Push one message, and take it again."""
    id_ = c.id()
    c.a.push(c.queue, id_, body, headers, **fields)
    m = c.take(1)[0]
    same("queue", m.queue, c.queue)
    same("body", m.body, body)
    if "changing" not in m.fields and "derived" not in m.fields:
        same("id", m.id, id_)
    by_name = {}
    for name, value in unblock(m.head):
        by_name.setdefault(name.lower(), []).append(value)
    wanted = {}
    for name, value in headers:
        wanted.setdefault(name.lower(), []).append(value)
    same("headers", by_name, wanted)
    c.settle([m])
    return m


def bodies(c):
    least, most = c.number("min-body"), min(c.number("max-body", MIB), MIB)
    every = bytes(range(256)) * 2
    some = [every, b"\0" * 64, b"\n" * 64, "Grüße, 世界\n".encode() * 9, os.urandom(10000), b"x" * least]
    return [b for b in some if least <= len(b) <= most]


@case("bodies come out as they went in: all bytes, text, empty", "push", "min-body",
      needs=("push", "take"))
def all_bytes(c):
    for body in bodies(c):
        round_trip(c, body)


@case("a body of 1 MiB, or as large as one may be", "max-body", needs=("push", "take"))
def large_body(c):
    round_trip(c, os.urandom(min(c.number("max-body", MIB), MIB)))


@case("a body that is too large is refused with the numbers", "max-body", needs=("push", "max-body"))
def too_large(c):
    size = c.number("max-body") + 1
    if size > 64 * MIB:
        return
    answer = c.a.refused(("large",), "push", c.queue, c.id(), 0, size, data=b"x" * size)
    if str(c.number("max-body")) not in answer.text:
        raise Fail("the text does not say what is possible: %s" % answer.text)
    c.a.must("ping")


@case("a body that is too small is refused", "min-body", needs=("push", "min-body"))
def too_small(c):
    if c.number("min-body") > 0:
        body = b"x" * (c.number("min-body") - 1)
        c.a.refused(("data",), "push", c.queue, c.id(), 0, len(body), data=body)


def headers_of(n):
    values = ("plain", "Grüße, 世界", "a: b, c; d=\"e\"", "tab\tinside", "%41 100%", "x" * 900, "[1]")
    return [("X-%s%d" % ("nA_m.e"[i % 6], i), values[i % len(values)]) for i in range(n)]


@case("a hundred headers, or as many as there may be", "headers", needs=("push", "take"))
def headers(c):
    round_trip(c, c.body(), headers_of(min(100, c.number("headers", 100))))


@case("usual headers, and a name that comes twice", "headers", needs=("push", "take"))
def usual_headers(c):
    some = [("Content-Type", "text/plain; charset=utf-8"), ("Type", "order.created"), ("Empty", ""),
            ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            ("Reply-To", "0123456789abcdef0123456789abcdef"), ("Tag", "one"), ("Tag", "two")]
    limit = c.number("headers", 100)
    round_trip(c, c.body(), some if limit >= len(some) else some[:limit])


@case("more headers than there may be are refused", "headers", needs=("push", "headers"))
def too_many_headers(c):
    block = b"".join(b"X-%d: 1\n" % i for i in range(c.number("headers") + 1)) + b"\n"
    c.a.refused(("data", "large"), "push", c.queue, c.id(), len(block), len(c.body()),
                data=block + c.body())


@case("headers that are none are refused", "headers", needs=("push",))
def bad_headers(c):
    for head in (b"no colon\n\n", b"A: b\n", b": b\n\n", b"A: b\0c\n\n", b"junk", b"A b: c\n\n"):
        c.a.refused(("data",), "push", c.queue, c.id(), len(head), 1, data=head + b"x")
    c.a.refused(("data",), "push", c.queue, c.id(), 0, 1, data=b"x", via="a\nX: y")


@case("what else a message has comes out as it went in", "push", needs=("push", "take"))
def fields(c):
    enqueued, expires = now_us() - 3600 * 1000000, now_us() + 3600 * 1000000
    m = round_trip(c, c.body(), [("A", "b")], enqueued=enqueued, via="one,two", maybe=1)
    same("via", m.fields.get("via"), "one,two")
    same("maybe", m.fields.get("maybe"), "1")
    if abs(m.number("enqueued") - enqueued) > 1000:
        raise Fail("enqueued=%s instead of %d" % (m.fields.get("enqueued"), enqueued))
    for cap, name, value in (("key", "key", "customer 7/ü"), ("priority", "priority", 7),
                             ("expiry", "expires", expires), ("attempts", "attempts", 2)):
        carried(c, cap, name, value)


def carried(c, cap, name, value):
    """A field comes out, or is refused if it means nothing to the engine."""
    answer = c.a.request("push", c.queue, c.id(), 0, len(c.body()), data=c.body(), **{name: value})
    if not answer.ok and (answer.cls not in REFUSED or c.can(cap)):
        raise Fail("a push with %s: %s" % (name, answer))
    if answer.ok:
        m = c.take(1)[0]
        got = m.fields.get(name)
        if name == "expires" and got is not None and abs(int(got) - value) <= 1000:
            got = str(value)
        c.settle([m])
        same(name, got, str(value))


@case("a message without an id gets one", "push", needs=("push", "take"))
def no_id(c):
    c.a.push(c.queue, "", c.body())
    m = c.take(1)[0]
    if m.id == "":
        raise Fail("it was delivered without an id")
    c.settle([m])


@case("200 pushes at once: each is answered once, each is stored once", "push", "batch",
      needs=("push", "take"))
def window(c):
    pushed = c.fill(200)
    got = c.take(200)
    same("what came", sorted(m.id for m in got), sorted(pushed))
    c.settle(got)
    c.empty()


@case("a push that comes alone is answered, though nothing follows", "push", "batch",
      needs=("push",))
def alone(c):
    start = time.monotonic()
    for _ in range(3):
        c.a.push(c.queue, c.id(), c.body())
    if time.monotonic() - start > 15:
        raise Fail("three pushes took %.0f s" % (time.monotonic() - start))
    if c.can("take"):
        c.settle(c.take(3))


@case("messages are delivered in the order in which they were pushed", needs=("order", "take"))
def order(c):
    pushed = c.fill(50)
    got = c.take(50)
    c.settle(got)
    same("order", [m.id for m in got], pushed)


@case("the lower priority comes first", needs=("priority", "take"))
def priority(c):
    ids = {p: c.fill(2, priority=p) for p in (9, 0, 5, 4)}
    got = c.take(8)
    c.settle(got)
    same("order", [m.id for m in got], ids[0] + ids[4] + ids[5] + ids[9])


@case("messages of one key come one at a time, and in order", needs=("key", "take"))
def keys(c):
    first, second = c.fill(1, key="k one")[0], c.fill(1, key="k one")[0]
    third = c.fill(1, key="k two")[0]
    c.a.take(c.queue, 3, LONG)
    got = c.a.get(2)
    c.a.nothing(c.queue)
    same("what came", {m.id for m in got}, {first, third})
    c.settle([m for m in got if m.id == first])
    later = c.a.get(1)
    same("what came then", later[0].id, second)
    c.settle(later + [m for m in got if m.id == third])


@case("a delay is kept", needs=("delay", "take"))
def delay(c):
    start = time.monotonic()
    late, soon = c.fill(1, delay=2000)[0], c.fill(1)[0]
    c.a.take(c.queue, 2, LONG)
    got = c.a.get(2)
    same("order", [m.id for m in got], [soon, late])
    if got[1].came - start < 1.9:
        raise Fail("it came after %.1f s instead of 2" % (got[1].came - start))
    c.settle(got)


@case("a delay that is too long is refused, and any if none is announced", "delay", needs=("push",))
def too_late(c):
    if c.can("delay") and c.number("delay") == 0:
        return
    ms = c.number("delay") + 1000
    c.a.refused(REFUSED, "push", c.queue, c.id(), 0, len(c.body()), data=c.body(), delay=ms)


@case("what has expired is not delivered, or tells that it has", needs=("expiry", "take"))
def expiry(c):
    expires = now_us() + 1500000
    old, fresh = c.fill(1, expires=expires)[0], c.fill(1, expires=now_us() + 3600 * 1000000)[0]
    while now_us() < expires + 100000:
        c.a.pump(0.1)
    c.a.take(c.queue, 2, LONG)
    got = c.a.get(1)
    if got[0].id == old:
        got += c.a.get(1)
    c.a.quiet(0.3)
    got += c.a.messages
    for m in got:
        if m.id == old and not 0 < m.number("expires") <= expires + 1000:
            raise Fail("it came without its time of expiry: %s" % m.fields)
    if fresh not in [m.id for m in got]:
        raise Fail("the one that has not expired did not come")
    c.settle(got)


@case("'once' stores one of two, also after the first was acknowledged", needs=("once", "take"))
def once(c):
    key = "order " + c.id()
    first = c.fill(1, once=key)[0]
    c.fill(2, once=key)
    got = c.take(1)
    same("what came", got[0].id, first)
    c.settle(got)
    c.fill(1, once=key)
    c.empty()
    c.fill(1, once=key + "x")
    c.settle(c.take(1))


@case("'once' is refused where it is not announced", "once", needs=("push",))
def no_once(c):
    if not c.can("once"):
        c.a.refused(REFUSED, "push", c.queue, c.id(), 0, len(c.body()), data=c.body(), once="x")


@case("a message that is pushed twice with one id is stored once", needs=("dedup", "take"))
def dedup(c):
    id_ = c.id()
    for _ in range(3):
        c.a.push(c.queue, id_, c.body())
    got = c.take(1)
    same("what came", got[0].id, id_)
    c.settle(got)
    c.empty()


@case("neither side stands still when both pipes are full", "push", needs=("push", "take"))
def full_pipes(c):
    size = min(c.number("max-body", MIB), 32768)
    c.fill(100, body=os.urandom(size))
    p = c.other()
    p.take(c.queue, 100, LONG)
    p.get(1)
    p.paused = True
    body = os.urandom(size)
    tags = [p.ask_push(c.queue, c.id(), body) for _ in range(50)]
    p.wait(lambda: not p.out, "%d bytes are read while nobody reads what the helper says" % (50 * size))
    p.paused = False
    for tag in tags:
        if not p.answer(tag).ok:
            raise Fail("push: %s" % p.answers[tag])
    p.get(99)
    p.bye()
    c.settle(c.take(150))


@case("what was confirmed survives a kill of the helper", "push", needs=("push", "take"))
def confirmed(c):
    p = c.other()
    ids = c.fill(10, p)
    p.kill()
    got = c.take(10)
    c.settle(got)
    same("what came", sorted(m.id for m in got), sorted(ids))


@case("a message whose body is cut off is not stored", "push", needs=("push", "take"))
def cut_off(c):
    p = c.other()
    p.ask("push", c.queue, c.id(), 0, 1000, data=b"x" * 500)
    p.close_input()
    c.empty()


@case("a queue that is not there: check, push and take say 'gone'", "push")
def gone(c):
    p, name = c.other(create=None), c.missing()
    answer = p.request("check", name)
    if answer.ok and not c.can("make"):
        # An engine whose queues are there by being named.
        p.push(name, c.id(), c.body())
        return
    if answer.ok or answer.cls != "gone":
        raise Fail("check: %s" % answer)
    if c.can("push"):
        p.refused(("gone",), "push", name, c.id(), 0, len(c.body()), data=c.body())
    if c.can("take"):
        p.take(name, 1)
        p.wait(lambda: name in p.endings, "'ended'")
        same("class", p.endings[name][0], "gone")
