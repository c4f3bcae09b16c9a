#!/usr/bin/env python3
"""Cases for sqs.bats: what the conformance suite does not ask."""

import base64
import os
import time

from http_case import Fail, case, empty, failed, main, push, push_many, same, take, until

SEND, DELETE = "SendMessageBatch", "DeleteMessageBatch"
TARGET = {"Content-Type": "application/x-amz-json-1.0"}


def raw(w, action, **args):
    """What somebody else does at SQS, without a signature."""
    return w.http("/", args, dict(TARGET, **{"X-Amz-Target": "AmazonSQS." + action}))


# ---- who asks ----------------------------------------------------------------


@case
def opens(w):
    w.open().must("ping")


@case
def refused(w):
    w.fails("conf", "login", os.environ.get("WANTED", "SQS"))


@case
def clock(w):
    w.tell(date=7200)
    try:
        w.fails("conf", "login", "Signature expired", "the clock here says", "the server's says")
    finally:
        w.tell(date=0)


@case
def plain(w):
    w.fails("conf", "insecure", url="sqs+http://192.0.2.1:9324")
    w.fails("conf", "REGION", url="sqs://")
    w.fails("conf", "account", url="sqs://eu-west-1/jobs")


@case
def away(w):
    w.fails("again", "connect")


@case
def tls(w):
    w.fails("conf", "tls", ca=None)
    w.fails("conf", "tls", tls_name="somebody.else")
    p = w.open()
    p.must("make", "tls-queue")
    push(p, "tls-queue")
    take(p, "tls-queue", 1)
    w.open(tls_name="localhost").must("ping")


@case
def renewed(w):
    """Session credentials that are written anew while the helper runs."""
    p, path = w.open(), w.settings["credentials"]
    with open(path, encoding="ascii") as f:
        text = f.read()
    with open(path, "w", encoding="ascii") as f:
        f.write("[default]\naws_access_key_id = ASIATEMP\naws_secret_access_key = second\naws_session_token = session/+=\n")
    os.utime(path, (1, 1))
    try:
        p.must("queues")
        before = w.http("/_fake").get("users", {}).get("ASIATEMP", 0)
        p.must("queues")
        same("asked as", w.http("/_fake")["users"]["ASIATEMP"], before + 1)
    finally:
        with open(path, "w", encoding="ascii") as f:
            f.write(text)


# ---- faults -------------------------------------------------------------------


@case
def throttled(w):
    p, q = w.open(), w.queue()
    p.must("make", q)
    sent = w.seen(SEND)
    w.tell(throttle=3, status=503)
    answer = p.answer(push(p, q))
    if not answer.ok:
        raise Fail("push: %s" % answer)
    same("requests", w.seen(SEND) - sent, 4)
    same("states", [s for s, _ in p.states], ["throttled", "up"])
    take(p, q, 1)
    empty(p, q)


@case
def throttled_long(w):
    p, q = w.open(timeout="1000"), w.queue()
    p.must("make", q)
    w.tell(throttle=1000, status=429)
    start = time.monotonic()
    failed(p.answer(push(p, q)), "again")
    if time.monotonic() - start > 3:
        raise Fail("it took %.1f s instead of 1" % (time.monotonic() - start))
    w.tell(throttle=0)
    empty(p, q)


@case
def trouble(w):
    """An error of the server: a push may be done, and is not sent again; an ack is."""
    p, q = w.open(), w.queue()
    p.must("make", q)
    sent = w.seen(SEND)
    w.tell(trouble=1)
    failed(p.answer(push(p, q)), "unknown")
    same("requests", w.seen(SEND) - sent, 1)
    p.take(q, 1)
    m = p.get(1)[0]
    w.tell(trouble=2)
    p.must("ack", m.token)
    empty(p, q)


@case
def cut(w):
    """A kept connection is closed without an answer: libcurl would send all of it again."""
    p, q = w.open(), w.queue()
    p.must("make", q)
    for _ in range(3):
        p.answer(push(p, q))
    take(p, q, 3)
    sent = w.seen(SEND)
    w.tell(cut=1, action=SEND)
    failed(p.answer(push(p, q)), "unknown")
    same("status", p.status(), 75)
    same("states", [s for s, _ in p.states], ["down"])
    same("requests", w.seen(SEND) - sent, 1)
    p = w.open()
    take(p, q, 1)
    empty(p, q)


@case
def hangs(w):
    p, q = w.open(timeout="1000"), w.queue()
    p.must("make", q)
    w.tell(hang=1)
    start = time.monotonic()
    failed(p.answer(push(p, q)), "unknown")
    if not 0.9 < time.monotonic() - start < 3:
        raise Fail("it took %.1f s instead of 1" % (time.monotonic() - start))
    same("status", p.status(), 75)


@case
def entries(w):
    """Each message of a batch fails alone."""
    p, q = w.open(), w.queue()
    p.must("make", q)
    w.tell(entry={"n": 1, "body": "second"})
    tags = [push(p, q, b) for b in (b"first", b"second", b"third")]
    answers = [p.answer(t) for t in tags]
    same("answers", [a.ok for a in answers], [True, False, True])
    failed(answers[1], "again")
    w.tell(entry={"n": 1, "body": "bad", "code": "InvalidMessageContents", "status": 400})
    tags = [push(p, q, b) for b in (b"bad", b"fourth")]
    failed(p.answer(tags[0]), "data")
    same("the other one", p.answer(tags[1]).ok, True)
    same("bodies", sorted(m.body for m in take(p, q, 3)), [b"first", b"fourth", b"third"])
    empty(p, q)


@case
def damaged(w):
    p, q = w.open(), w.queue()
    p.must("make", q)
    p.answer(push(p, q, b"whole"))
    w.tell(damage=1)
    p.take(q, 1, 1000)
    got = p.get(1)
    same("body", got[0].body, b"whole")
    same("deliveries", got[0].number("deliveries"), 2)


# ---- sizes ---------------------------------------------------------------------


@case
def batches(w):
    p, q = w.open(), w.queue()
    p.must("make", q)
    sent, deleted = w.seen(SEND), w.seen(DELETE)
    push_many(p, q, 100)
    take(p, q, 100)
    for what, n in (("sending", w.seen(SEND) - sent), ("deleting", w.seen(DELETE) - deleted)):
        if not 10 <= n <= 25:
            raise Fail("%d requests for %s 100 messages" % (n, what))


@case
def large_batch(w):
    p, q = w.open(), w.queue()
    p.must("make", q)
    bodies = sorted(os.urandom(200000) for _ in range(12))
    for tag in [push(p, q, b) for b in bodies]:
        same("push", str(p.answer(tag)), "ok")
    same("bodies", sorted(m.body for m in take(p, q, 12)), bodies)


@case
def small_queue(w):
    """The limit of the queue itself: a fake with --max-size 262144."""
    p, q = w.open(), w.queue()
    p.must("make", q)
    text = failed(p.answer(push(p, q, b"x" * 262145)), "large")
    same("the text has the numbers", "262144" in text and "2621" in text, True)
    failed(p.answer(push(p, q, os.urandom(200000))), "large")
    same("text", str(p.answer(push(p, q, b"x" * 262000))), "ok")
    take(p, q, 1)


# ---- FIFO -----------------------------------------------------------------------


@case
def overtaking(w):
    """After a push of a key failed, nothing of this key is stored before it."""
    p, q, first = w.open(), w.queue(".fifo"), "11111111-2222-4333-8444-555555555555"
    p.must("make", q)
    w.tell(entry={"n": 1, "body": "one"})
    tags = [push(p, q, b"one", first, key="k")] + [push(p, q, b, key="k") for b in (b"two", b"three")]
    other = push(p, q, b"other", key="j")
    for tag in tags:
        failed(p.answer(tag), "again")
    same("another key", p.answer(other).ok, True)
    failed(p.answer(push(p, q, b"four", key="k")), "again")
    same("the first one", p.answer(push(p, q, b"one", first, key="k")).ok, True)
    same("what follows", p.answer(push(p, q, b"two", key="k")).ok, True)
    p.take(q, 3)
    got = {m.body: m for m in p.get(2)}
    same("bodies", sorted(got), [b"one", b"other"])
    p.must("ack", got[b"one"].token)
    same("then", p.get(1)[0].body, b"two")


@case
def fifo_nack(w):
    """What waits behind a message that is given back comes after it again."""
    p, q = w.open(), w.queue(".fifo")
    p.must("make", q)
    for b in (b"one", b"two", b"three"):
        same("push", p.answer(push(p, q, b, key="k")).ok, True)
    p.take(q, 10)
    p.must("nack", p.get(1)[0].token, 0)
    for b in (b"one", b"two", b"three"):
        m = p.get(1)[0]
        same("order", m.body, b)
        p.must("ack", m.token)
    p.stop(q)
    empty(p, q)


@case
def fifo_dead(w):
    """The ids of the last five minutes, which SQS drops without a word, are not in the way."""
    p, q = w.open(), w.queue(".fifo")
    p.must("make", q)
    same("push", p.answer(push(p, q, b"twice dead", key="k")).ok, True)
    for _ in range(2):
        p.take(q, 1)
        p.must("dead", p.get(1)[0].token, reason="broken")
        same("n", p.must("retry", q, "").fields["n"], "1")
    m = take(p, q, 1)[0]
    same("what came", (m.body, m.fields.get("key"), m.fields.get("reason")), (b"twice dead", "k", None))


# ---- strangers, and what they see ---------------------------------------------------


@case
def strangers(w):
    """Messages of programs that know nothing of mq; the fake looks at no signature."""
    p, q = w.open(), w.queue()
    p.must("make", q)
    sent = raw(w, "SendMessage", QueueUrl=q, MessageBody="hello \u00fc", MessageAttributes={
        "trace": {"DataType": "String", "StringValue": "t-1"}, "n": {"DataType": "Number", "StringValue": "7"}})
    m = take(p, q, 1)[0]
    same("id", (m.id, m.fields.get("derived")), (sent["MessageId"], "1"))
    same("headers", sorted(m.head.decode().split("\n")), ["", "", "n: 7", "trace: t-1"])
    same("body", m.body, "hello \u00fc".encode())
    same("deliveries", m.fields.get("deliveries"), "1")


@case
def legible(w):
    """A plain message is plain at SQS, too."""
    p, q = w.open(), w.queue()
    p.must("make", q)
    for body in (b"plain text\n", b"\0\1", b""):
        p.answer(push(p, q, body, "my-id", [("A", "b")]))
    got = raw(w, "ReceiveMessage", QueueUrl=q, MaxNumberOfMessages=10)["Messages"]
    texts = {m["Body"]: {k: v["StringValue"] for k, v in m["MessageAttributes"].items()} for m in got}
    both = {"mq-id": "my-id", "mq-headers": "A: b\nmq-id: my-id\n\n"}
    same("at SQS", texts, {"plain text\n": both, base64.b64encode(b"\0\1").decode(): dict(both, **{"mq-encoding": "base64"}),
                           "(empty)": dict(both, **{"mq-encoding": "empty"})})


@case
def gone_later(w):
    """A queue that somebody removes ends what is under way, and nothing else."""
    p, q = w.open(create=None), w.queue()
    p.must("make", q)
    p.take(q, 1)
    p.nothing(q)
    raw(w, "DeleteQueue", QueueUrl=q)
    until("ended", lambda: p.must("ping") and q in p.endings, 30)
    same("class", p.endings[q][0], "gone")
    failed(p.answer(push(p, q)), "gone")
    failed(p.request("check", q), "gone")
    p.must("ping")


@case
def no_proxy(w):
    """Nobody's proxy gets the messages. mq passes no such variable on, either."""
    os.environ.update(http_proxy="http://127.0.0.1:9", all_proxy="http://127.0.0.1:9")
    from conformance import peer
    peer.ENVIRONMENT += ("http_proxy", "all_proxy")
    w.open().must("queues")


@case
def redrive(w):
    q = w.queue()
    raw(w, "CreateQueue", QueueName=q, Attributes={"RedrivePolicy": '{"deadLetterTargetArn":"arn:x","maxReceiveCount":"3"}'})
    p = w.open()
    p.must("check", q)
    until("a warning", lambda: p.must("ping") and b"after 3 deliveries" in p.said)


if __name__ == "__main__":
    main()
