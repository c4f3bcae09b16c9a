#!/usr/bin/env python3
"""Cases for pubsub.bats: what the conformance suite does not ask."""

import base64
import os
import time

from http_case import Fail, case, empty, failed, main, push, push_many, same, take, until

PUBLISH, ACK, PULL = "POST topics/X:publish", "POST subscriptions/X:acknowledge", "POST subscriptions/X:pull"
PROJECT = "/v1/projects/proj-1"


def name(w):
    return w.queue()


@case
def opens(w):
    w.open().must("ping")


@case
def refused(w):
    w.fails("conf", "login", "UNAUTHENTICATED")


@case
def unusable(w):
    """The file is none of a service account."""
    w.fails("conf", w.settings["credentials"])


@case
def clock(w):
    w.tell(date=7200)
    try:
        w.fails("conf", "login", "the clock here says", "the server's says")
    finally:
        w.tell(date=0)


@case
def addresses(w):
    w.fails("conf", "pubsub://PROJECT", url="pubsub://")
    w.fails("conf", "pubsub://PROJECT", url="pubsub://a/b")
    w.fails("conf", "HOST/PROJECT", url="pubsub+https://host:port/p")
    os.environ["PUBSUB_EMULATOR_HOST"] = "192.0.2.1:8085"
    w.fails("conf", "insecure")
    del os.environ["PUBSUB_EMULATOR_HOST"]
    w.fails("conf", "GOOGLE_APPLICATION_CREDENTIALS", credentials=None)


@case
def tls(w):
    w.fails("conf", "tls", ca=None)
    p, q = w.open(), name(w)
    p.must("make", q)
    p.answer(push(p, q))
    take(p, q, 1)


# ---- faults -------------------------------------------------------------------


@case
def throttled(w):
    p, q = w.open(), name(w)
    p.must("make", q)
    p.answer(push(p, q))
    sent = w.seen(PUBLISH)
    w.tell(throttle=2, status=429)
    same("push", str(p.answer(push(p, q))), "ok")
    same("requests", w.seen(PUBLISH) - sent, 3)
    same("states", [s for s, _ in p.states], ["throttled", "up"])
    take(p, q, 2)
    empty(p, q)


@case
def trouble(w):
    p, q = w.open(), name(w)
    p.must("make", q)
    p.answer(push(p, q))
    sent = w.seen(PUBLISH)
    w.tell(trouble=1)
    failed(p.answer(push(p, q)), "unknown")
    same("requests", w.seen(PUBLISH) - sent, 1)
    p.take(q, 2)
    for m in p.get(2):
        w.tell(trouble=1)
        p.must("ack", m.token)
    empty(p, q)


@case
def cut(w):
    p, q = w.open(), name(w)
    p.must("make", q)
    p.answer(push(p, q))
    sent = w.seen(PUBLISH)
    w.tell(cut=1, action=":publish")
    failed(p.answer(push(p, q)), "unknown")
    same("status", p.status(), 75)
    same("requests", w.seen(PUBLISH) - sent, 1)
    p = w.open()
    take(p, q, 2)
    empty(p, q)


@case
def hangs(w):
    """A server that hangs is noticed also while nothing is asked of it but a pull."""
    p, q = w.open(timeout="1000"), name(w)
    p.must("make", q)
    p.answer(push(p, q))
    w.tell(hang=1)
    failed(p.answer(push(p, q)), "unknown")
    same("status", p.status(), 75)


@case
def poison(w):
    """One message that the server refuses does not take along those that are sent with it."""
    p, q = w.open(), name(w)
    p.must("make", q)
    tags = [push(p, q, b) for b in (b"one", b"POISON", b"two", b"three")]
    same("answers", [p.answer(t).cls for t in tags], ["", "data", "", ""])
    same("bodies", sorted(m.body for m in take(p, q, 3)), [b"one", b"three", b"two"])
    p.take(q, 2)
    # A token that is none, in one request with good ones.
    for b in (b"a", b"b"):
        p.answer(push(p, q, b))
    tokens = [m.token for m in p.get(2)]
    tags = [p.ask("ack", t) for t in (tokens[0], q + "/nonsense", tokens[1])]
    same("acks", [p.answer(t).cls for t in tags], ["", "data", ""])
    empty(p, q)


# ---- keys ------------------------------------------------------------------------


@case
def overtaking(w):
    """After a publish of a key failed, nothing of this key is stored before it."""
    p, q, first = w.open(), name(w), "11111111-2222-4333-8444-555555555555"
    p.must("make", q)
    w.tell(key={"n": 1, "key": "k", "status": "INTERNAL"})
    tags = [push(p, q, b"one", first, key="k"), push(p, q, b"two", key="k")]
    failed(p.answer(tags[0]), "unknown")
    failed(p.answer(tags[1]), "unknown", "again")
    failed(p.answer(push(p, q, b"three", key="k")), "again")
    same("another key", str(p.answer(push(p, q, b"other", key="j"))), "ok")
    tags = [push(p, q, b"one", first, key="k"), push(p, q, b"two", key="k")]
    same("again", [str(p.answer(t)) for t in tags], ["ok", "ok"])
    p.take(q, 3)
    got = {m.body: m for m in p.get(2)}
    same("bodies", sorted(got), [b"one", b"other"])
    p.must("ack", got[b"one"].token)
    same("then", p.get(1)[0].body, b"two")


@case
def nack(w):
    """What waits behind a message that is given back comes after it again."""
    p, q = w.open(), name(w)
    p.must("make", q)
    for b in (b"one", b"two", b"three"):
        same("push", str(p.answer(push(p, q, b, key="k"))), "ok")
    p.take(q, 10)
    p.must("nack", p.get(1)[0].token, 0)
    for b in (b"one", b"two", b"three"):
        m = p.get(1)[0]
        same("order", m.body, b)
        p.must("ack", m.token)


# ---- sizes ------------------------------------------------------------------------


@case
def batches(w):
    p, q = w.open(), name(w)
    p.must("make", q)
    sent = w.seen(PUBLISH)
    push_many(p, q, 200)
    take(p, q, 200)
    if w.seen(PUBLISH) - sent > 20:
        raise Fail("%d requests for 200 messages" % (w.seen(PUBLISH) - sent))


@case
def large_batch(w):
    """Ten messages of 2 MB do not go into a request of 10 MB; 3,000 acks do not go into 512 KiB."""
    p, q = w.open(timeout="20000"), name(w)
    p.must("make", q)
    bodies = sorted(os.urandom(2000000) for _ in range(10))
    for tag in [push(p, q, b) for b in bodies]:
        same("push", str(p.answer(tag)), "ok")
    same("bodies", sorted(m.body for m in take(p, q, 10)) == bodies, True)
    for tag in [push(p, q, b"x") for _ in range(3000)]:
        same("push", str(p.answer(tag)), "ok")
    same("all", len({m.id for m in take(p, q, 3000)}), 3000)


@case
def headers(w):
    """What attributes cannot hold comes out all the same."""
    p, q = w.open(), name(w)
    p.must("make", q)
    for some in ([("A", "x" * 1025)], [("T", "1"), ("T", "2")], [("Empty", "")], [("B", "\udcff\udcfe")],
                 [("N%d" % i, "\u00fc" * 300) for i in range(100)], [("goog-x", "1")], [("mq-headers", "x: y")],
                 [("R%d" % i, "\udcff" * 600) for i in range(107)]):
        block = b"".join(("%s: %s\n" % h).encode("utf-8", "surrogateescape") for h in some) + b"\n"
        tag = p.ask("push", q, "id-1", len(block), 1, data=block + b"x")
        same("push with %s" % some[0][0], str(p.answer(tag)), "ok")
        same("headers", take(p, q, 1)[0].head, block)


# ---- topics and subscriptions ---------------------------------------------------------


@case
def unheard(w):
    """A topic without a subscription would lose what it is given."""
    p, q = w.open(create=None), name(w)
    w.http("%s/topics/%s" % (PROJECT, q), {}, method="PUT")
    for answer in (p.answer(push(p, q)), p.request("check", q)):
        same("no subscription", "no subscription" in failed(answer, "gone"), True)
    w.http("%s/subscriptions/%s-s" % (PROJECT, q), {"topic": "projects/proj-1/topics/" + q}, method="PUT")
    both = "%s/%s-s" % (q, q)
    p.must("check", both)
    same("push", str(p.answer(push(p, both, b"x"))), "ok")
    same("queue", take(p, both, 1)[0].queue, both)
    same("listed", both in p.must("queues").queues, True)
    until("a warning", lambda: p.must("ping") and b"without message ordering" in p.said)


@case
def fan_out(w):
    """Each subscription has its own copy; a dead letter is of one alone."""
    p, q = w.open(), name(w)
    one, two = q + "/" + q + "-one", q + "/" + q + "-two"
    p.must("make", one)
    p.must("make", two)
    same("push", str(p.answer(push(p, one, b"news"))), "ok")
    p.take(one, 1)
    p.must("dead", p.get(1)[0].token, reason="r")
    same("the other", take(p, two, 1)[0].body, b"news")
    dead = take(p, q + "-one-mq-dead", 1)[0]
    same("dead letter", (dead.body, dead.fields.get("reason")), (b"news", "r"))


@case
def exactly_once(w):
    """A subscription that fences tells of a claim that is lost."""
    p, q = w.open(), name(w)
    w.http("%s/topics/%s" % (PROJECT, q), {}, method="PUT")
    w.http("%s/subscriptions/%s" % (PROJECT, q), {"topic": "projects/proj-1/topics/" + q, "enableExactlyOnceDelivery": True}, method="PUT")
    for b in (b"a", b"b"):
        p.answer(push(p, q, b))
    p.take(q, 2, 1000)
    late = p.get(2)
    b = w.open()
    b.take(q, 2)
    fresh = {m.body: m for m in b.get(2)}
    failed(p.request("ack", late[0].token), "lost")
    tags = [b.ask("ack", t) for t in (fresh[b"a"].token, late[1].token, fresh[b"b"].token)]
    same("acks", [b.answer(t).cls for t in tags], ["", "lost", ""])
    empty(b, q)


@case
def gone_later(w):
    p, q = w.open(create=None), name(w)
    p.must("make", q)
    p.take(q, 1)
    p.nothing(q)
    w.http("%s/subscriptions/%s:delete" % (PROJECT, q), {})
    # The open pull, or the next one, or the look in between.
    until("ended", lambda: p.must("ping") and q in p.endings, 40)
    same("class", p.endings[q][0], "gone")


@case
def strangers(w):
    """Messages of programs that know nothing of mq."""
    p, q = w.open(), name(w)
    p.must("make", q)
    sent = w.http("%s/topics/%s:publish" % (PROJECT, q), {"messages": [
        {"data": base64.b64encode(b"hello").decode(), "attributes": {"a b": "1", "empty": "x"}, "orderingKey": "k"}]})
    m = take(p, q, 1)[0]
    same("id", (m.id, m.fields.get("derived")), (sent["messageIds"][0], "1"))
    same("message", (m.body, m.fields.get("key"), sorted(m.head.split(b"\n"))), (b"hello", "k", [b"", b"", b"a_20b: 1", b"empty: x"]))
    if abs(m.number("enqueued") / 1e6 - time.time()) > 60:
        raise Fail("enqueued=%s" % m.fields.get("enqueued"))


@case
def legible(w):
    p, q = w.open(), name(w)
    p.must("make", q)
    p.answer(push(p, q, b"plain", "my-id", [("Type", "x")], key="k"))
    m = w.http("%s/subscriptions/%s:pull" % (PROJECT, q), {"maxMessages": 1})["receivedMessages"][0]["message"]
    same("attributes", m["attributes"], {"Type": "x", "mq-id": "my-id", "mq-key": "k"})
    same("key", m["orderingKey"], "k")


if __name__ == "__main__":
    main()
