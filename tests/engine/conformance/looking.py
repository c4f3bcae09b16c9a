"""Cases: numbers, lists, dead letters, queues; and that the rest is refused."""

import time

from .case import LONG, Skip, case, now_us, same
from .peer import PATIENCE, Fail


def numbers(c, **wanted):
    """What stat says becomes this; estimates need only be there."""
    deadline = time.monotonic() + PATIENCE
    wanted = {k: str(v) for k, v in wanted.items() if c.can("stat", k)}
    while True:
        got = c.a.must("stat", c.queue).fields
        for name in c.caps["stat"].split(","):
            if name != "oldest" and not got.get(name, "").isdigit():
                raise Fail("stat without a number for %s: %s" % (name, got))
        if c.can("approx") or all(got[k] == v for k, v in wanted.items()):
            return got
        if time.monotonic() > deadline:
            raise Fail("stat says %s instead of %s" % (got, wanted))
        c.a.quiet(0.2)


@case("stat tells what is ready, claimed, delayed and dead", needs=("stat", "push", "take"))
def stat(c):
    numbers(c, ready=0, claimed=0, delayed=0)
    c.fill(3)
    numbers(c, ready=3, claimed=0)
    got = c.take(1)
    numbers(c, ready=2, claimed=1)
    if c.can("delay"):
        c.fill(1, delay=3000)
        numbers(c, ready=2, claimed=1, delayed=1)
    c.settle(got)
    got = c.take(3 if c.can("delay") else 2)
    c.settle(got)
    numbers(c, ready=0, claimed=0, delayed=0)


@case("stat tells how old the oldest is", needs=("stat", "push", "take"))
def oldest(c):
    if not c.can("stat", "oldest"):
        raise Skip("not announced")
    start = now_us()
    c.fill(2)
    got = int(c.a.must("stat", c.queue).fields.get("oldest", "0"))
    if not start - 5000000 <= got <= now_us() + 5000000:
        raise Fail("oldest=%d, which is %.1f s from now" % (got, (got - now_us()) / 1e6))
    c.settle(c.take(2))


def listed(c, state, most=100, most_bytes=1000):
    items = c.a.must("list", c.queue, state, most, most_bytes).items
    for f in items:
        same("state of an item", f.words[2], state)
        if len(f.body) > most_bytes:
            raise Fail("an item with %d bytes of %d" % (len(f.body), most_bytes))
    return items


@case("list shows what is ready, and takes nothing", "list", needs=("list", "push", "take"))
def list_ready(c):
    if not c.can("list", "ready"):
        raise Skip("not announced")
    ids = c.fill(3, body=b"0123456789" * 20)
    items = listed(c, "ready", 100, 50)
    same("ids", [f.words[3] for f in items], ids)
    same("body", items[0].body, (b"0123456789" * 20)[:50])
    same("size", items[0].fields(6).get("size"), "200")
    same("the first two", [f.words[3] for f in listed(c, "ready", 2)], ids[:2])
    same("without bodies", [f.body for f in listed(c, "ready", 1, 0)], [b""])
    got = c.take(3)
    same("deliveries", {m.number("deliveries") for m in got} <= {0, 1}, True)
    c.settle(got)


@case("list shows what is delayed, claimed", "list", needs=("list", "push", "take"))
def list_others(c):
    seen = False
    if c.can("list", "delayed") and c.can("delay"):
        ids, seen = c.fill(1, delay=2000), True
        same("delayed", [f.words[3] for f in listed(c, "delayed")], ids)
        c.settle(c.take(1))
    if c.can("list", "claimed"):
        ids, seen = c.fill(1), True
        got = c.take(1)
        same("claimed", [f.words[3] for f in listed(c, "claimed")], ids)
        c.settle(got)
    if not seen:
        raise Skip("not announced")


@case("list of a state that is not announced is refused", "list")
def list_refused(c):
    for state in ("ready", "delayed", "claimed", "dead", "nonsense"):
        if not c.can("list", state):
            c.a.refused(("cannot",), "list", c.queue, state, 10, 100)


def bury(c, n, reason="disk: 100% full, ü"):
    ids = c.fill(n)
    for m in c.take(n):
        c.a.must("dead", m.token, reason=reason, **({"attempts": 3} if c.attempts else {}))
    return ids


@case("dead letters are kept with their reason", "dead", needs=("dead", "push"))
def dead(c):
    before = {f.words[3] for f in listed(c, "dead")} if c.can("list", "dead") else set()
    ids = bury(c, 2)
    c.empty()
    if c.can("list", "dead"):
        items = [f for f in listed(c, "dead") if f.words[3] not in before]
        same("ids", sorted(f.words[3] for f in items), sorted(ids))
        same("reason", items[0].fields(6).get("reason"), "disk: 100% full, ü")
        if c.attempts:
            same("attempts", items[0].fields(6).get("attempts"), "3")
    if c.can("stat") and c.can("stat", "dead") and not c.fixed:
        numbers(c, ready=0, dead=2)
    if c.can("retry"):
        c.a.must("retry", c.queue, "")
        c.settle(c.take(2))


@case("retry makes all dead letters ready again", "retry", needs=("retry", "push"))
def retry(c):
    ids = bury(c, 3)
    same("n", c.a.must("retry", c.queue, "").fields.get("n"), "3")
    got = c.take(3)
    c.settle(got)
    same("what came", sorted(m.id for m in got), sorted(ids))
    same("n with none", c.a.must("retry", c.queue, "").fields.get("n"), "0")
    c.empty()


@case("retry of one dead letter, by its id", "retry-one", needs=("retry-one", "push"))
def retry_one(c):
    ids = bury(c, 3)
    same("n", c.a.must("retry", c.queue, ids[1]).fields.get("n"), "1")
    got = c.take(1)
    c.settle(got)
    same("what came", got[0].id, ids[1])
    c.a.refused(("gone",), "retry", c.queue, c.id())
    c.a.must("retry", c.queue, "")
    c.settle(c.take(2))


@case("queues lists them; make makes one, and is content if it is there", "queues", "make")
def queues(c):
    if c.can("make"):
        name = c.missing()
        c.a.must("make", name)
        c.a.must("make", name)
        c.a.must("check", name)
    if c.can("queues"):
        answer = c.a.must("queues")
        same("the queue is listed", c.queue in answer.queues, True)
        same("each once", len(set(answer.queues)), len(answer.queues))
    c.a.must("check", c.queue)


@case("what is not announced is refused with 'cannot'")
def refused(c):
    wanted = [("push", ("push", c.queue, c.id(), 0, 0)), ("queues", ("queues",)),
              ("make", ("make", c.missing())), ("stat", ("stat", c.queue)),
              ("list", ("list", c.queue, "ready", 1, 1)), ("retry", ("retry", c.queue, ""))]
    for cap, words in wanted:
        if not c.can(cap):
            c.a.refused(("cannot",), *words)
    if not c.can("take"):
        c.a.take(c.queue, 1)
        c.a.wait(lambda: c.queue in c.a.endings, "'ended'")
        same("class", c.a.endings[c.queue][0], "cannot")
        return
    if not (c.can("dead") and c.can("extend")) and c.can("push"):
        c.fill(1)
        m = c.take(1, lease=LONG)[0]
        if not c.can("dead"):
            c.a.refused(("cannot",), "dead", m.token, reason="x")
        if not c.can("extend"):
            c.a.refused(("cannot",), "extend", m.token, LONG)
        c.settle([m])
    if c.can("retry") and not c.can("retry-one"):
        c.a.refused(("cannot",), "retry", c.queue, c.id())
