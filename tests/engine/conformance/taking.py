"""Cases: credit, claims, and how they end."""

import time

from .case import LEASE, LONG, case, same
from .peer import Fail

BACK_SOON = 15.0    # s: given back, and not only when the lease ends


@case("'idle' is said while there is credit and nothing comes", needs=("take",))
def idle(c):
    c.empty()


@case("never more messages than credit", needs=("push", "take"))
def credit(c):
    ids = c.fill(20)
    got = c.take(5)
    c.a.quiet(1.0)
    got += c.take(10)
    c.a.quiet(0.3)
    c.a.take(c.queue, 2)
    c.a.take(c.queue, 3)
    got += c.a.get(5)
    same("what came", sorted(m.id for m in got), sorted(ids))
    same("tokens", len({m.token for m in got}), 20)
    c.settle(got)


@case("a message that comes later is delivered, too", needs=("push", "take"))
def later(c):
    c.a.take(c.queue, 2)
    c.a.nothing(c.queue)
    ids = c.fill(1)
    got = c.a.get(1)
    c.settle(got)
    ids += c.fill(1)
    got += c.a.get(1)
    c.settle(got[1:])
    same("what came", [m.id for m in got], ids)


@case("two helpers never get the same message", needs=("push", "take"))
def shared(c):
    ids = c.fill(40)
    b = c.other()
    for p in (c.a, b):
        p.take(c.queue, 40)
    deadline = time.monotonic() + 30
    while len(c.a.messages) + len(b.messages) < 40:
        if time.monotonic() > deadline:
            raise Fail("%d of 40 came" % len(c.a.messages + b.messages))
        c.a.pump(0.02)
        b.pump(0.02)
    same("what came", sorted(m.id for m in c.a.messages + b.messages), sorted(ids))
    c.settle(c.a.messages)
    c.settle(b.messages, b)
    b.bye()


@case("what is acknowledged does not come again", needs=("push", "take"))
def ack(c):
    c.fill(3)
    got = c.take(3)
    c.settle(got)
    c.empty()
    again = c.a.request("ack", got[0].token)
    if c.can("fenced") and (again.ok or again.cls != "lost"):
        raise Fail("a second ack: %s instead of 'lost'" % again)
    c.empty(c.other())


@case("a token that is none is refused, and harms nobody", needs=("take",))
def bad_token(c):
    for token in ("x", "", "no token at all", "1:2:3", "%s%n", "9" * 1400):
        for words in (("ack", token), ("nack", token, 0), ("dead", token), ("extend", token, 1000)):
            if c.a.request(*words).ok:
                raise Fail("%s %r is ok" % (words[0], token))
    c.a.must("ping")


@case("nack: the message comes again at once, uncounted", "take", "deliveries",
      needs=("push", "take"))
def nack(c):
    ids = c.fill(1)
    m = c.take(1)[0]
    same("attempts", m.number("attempts"), 0)
    c.a.must("nack", m.token, 0)
    again = c.take(1)[0]
    same("what came", [again.id], ids)
    same("attempts", again.number("attempts"), 0)
    if c.can("deliveries") and again.number("deliveries") < 2:
        raise Fail("deliveries=%s at the second one" % again.fields.get("deliveries"))
    same("body", again.body, m.body)
    c.settle([again])


@case("nack keeps the attempts that it is told", needs=("attempts", "push"))
def attempts(c):
    c.fill(1)
    for n in (1, 2, 2, 7):
        m = c.take(1)[0]
        c.a.must("nack", m.token, 0, attempts=n, reason="tried %d times, ü" % n)
        m = c.take(1)[0]
        same("attempts", m.number("attempts"), n)
        c.a.must("nack", m.token, 0)
    m = c.take(1)[0]
    same("attempts", m.number("attempts"), 7)
    c.settle([m])


@case("nack with a delay", needs=("nack-delay", "push"))
def nack_delay(c):
    ids = c.fill(1)
    m = c.take(1)[0]
    start = time.monotonic()
    c.a.must("nack", m.token, 2000, **({"attempts": 1} if c.attempts else {}))
    again = c.take(1)[0]
    same("what came", [again.id], ids)
    if again.came - start < 1.9:
        raise Fail("it came after %.1f s instead of 2" % (again.came - start))
    if c.attempts:
        same("attempts", again.number("attempts"), 1)
    c.settle([again])


@case("nack with a delay is refused where it is not announced", "nack-delay", needs=("push", "take"))
def no_nack_delay(c):
    if c.can("nack-delay"):
        return
    c.fill(1)
    m = c.take(1)[0]
    c.a.refused(("cannot",), "nack", m.token, 5000)
    c.settle([m])


@case("'extend' keeps a claim beyond its lease", needs=("extend", "push"))
def extend(c):
    c.fill(1)
    m = c.take(1, lease=LEASE)[0]
    b = c.other()
    b.take(c.queue, 1)
    token = m.token
    for _ in range(3):
        c.a.quiet(LEASE / 2000)
        token = (c.a.must("extend", token, LEASE).words + [token])[0]
        b.pump(0)
        if b.messages:
            raise Fail("it was delivered to another one, though its lease was extended")
    b.stop(c.queue)
    c.a.must("ack", token)
    c.empty()


@case("a claim is given back after its lease", "lease", "fenced", needs=("lease", "push"))
def lapse(c):
    ids = c.fill(1)
    b = c.other()
    m = b.take(c.queue, 1, LEASE) or b.get(1)[0]
    again = c.take(1, within=c.back_within())[0]
    same("what came", [again.id], ids)
    if again.came - m.came < LEASE / 1000 - 0.2:
        raise Fail("after %.1f s instead of %.1f" % (again.came - m.came, LEASE / 1000))
    late = b.request("ack", m.token)
    if c.can("fenced") and (late.ok or late.cls != "lost"):
        raise Fail("a late ack: %s instead of 'lost'" % late)
    if c.can("fenced"):
        for words in (("nack", m.token, 0), ("extend", m.token, LONG)):
            late = b.request(*words)
            if late.ok:
                raise Fail("a late %s is ok" % words[0])
    b.bye()
    c.a.must("ack", again.token)
    c.empty()


@case("'keep': another process settles the claims", "token", needs=("push", "take"))
def keep(c):
    if not c.can("token", "any"):
        p = c.other()
        p.take(c.queue, 1, LONG, keep=True)
        p.wait(lambda: c.queue in p.endings, "'ended', since claims cannot be kept")
        same("class", p.endings[c.queue][0], "cannot")
        return
    ids = c.fill(4)
    p = c.other()
    got = c.take(4, p, keep=True)
    p.bye()
    c.empty(seconds=1.0)
    b = c.other()
    b.must("ack", got[0].token)
    b.must("nack", got[1].token, 0)
    same("what came", c.take(1, b)[0].id, got[1].id)
    if c.can("extend"):
        new = b.must("extend", got[2].token, LONG).words
        b.must("ack", new[0] if new else got[2].token)
    if c.can("fenced"):
        b.refused(("lost",), "ack", got[0].token)
    b.must("ack", got[3].token)
    b.bye()
    again = c.take(1)
    same("what is left", again[0].id, got[1].id)
    same("all", len(ids), 4)
    c.settle(again)
    c.empty()


@case("'stay': the claims of a helper that was killed last, and another one settles them", "stay",
      needs=("push", "stay"))
def stay(c):
    c.fill(3)
    p = c.other()
    got = c.take(3, p)
    p.kill()
    c.empty(seconds=1.0)
    b = c.other()
    new = b.must("extend", got[0].token, LONG).words if c.can("extend") else []
    b.must("ack", new[0] if new else got[0].token)
    b.must("ack", got[1].token)
    b.must("nack", got[2].token, 0)
    b.bye()
    again = c.take(1)
    same("what is left", again[0].id, got[2].id)
    c.settle(again)
    c.empty()


@case("'keep': the claims end with the lease", "token", "lease", needs=("push", "take", "lease"))
def keep_lapse(c):
    if not c.can("token", "any"):
        return
    ids = c.fill(2)
    p = c.other()
    c.take(2, p, lease=LEASE, keep=True)
    p.kill()
    got = c.take(2, within=c.back_within())
    same("what came", sorted(m.id for m in got), sorted(ids))
    c.settle(got)


def given_back(c, end, lease=LONG, within=BACK_SOON):
    """A helper that holds two messages and has credit for more ends somehow."""
    ids = c.fill(2)
    p = c.other()
    p.take(c.queue, 5, lease)
    p.get(2)
    end(p)
    got = c.take(2, within=within)
    same("what came", sorted(m.id for m in got), sorted(ids))
    for m in got:
        same("attempts", m.number("attempts"), 0)
    c.settle(got)
    c.empty()


@case("'bye' gives back what was not settled, uncounted", needs=("push", "take"))
def bye(c):
    given_back(c, lambda p: p.bye())


@case("the end of its input gives back what was not settled", needs=("push", "take"))
def closed(c):
    given_back(c, lambda p: p.close_input())


@case("a kill of the helper gives it back, at the latest after the lease", "take", "lease",
      needs=("push", "take"))
def killed(c):
    ids = c.fill(2)
    p = c.other()
    p.take(c.queue, 5, LEASE)
    p.get(2)
    p.kill()
    # An engine may give such messages to a process that has no others, so settle one by one.
    c.a.take(c.queue, 2, LONG)
    got = []
    for _ in ids:
        got += c.a.get(1, c.back_within())
        c.settle(got[-1:])
    same("what came", sorted(m.id for m in got), sorted(ids))
    c.empty()


@case("'stop' gives back what was fetched, and not what was given", needs=("push", "take"))
def stop(c):
    ids = c.fill(12)
    b = c.other()
    mine = c.take(3, b)
    b.take(c.queue, 4)
    mine += b.get(4)
    b.stop(c.queue)
    b.quiet(0.3)
    mine += b.messages
    b.messages = []
    if c.can("partitions"):
        c.settle(mine, b)
    got = c.take(12 - len(mine), within=BACK_SOON)
    same("what came", sorted(m.id for m in mine + got), sorted(ids))
    c.settle(got)
    if c.can("partitions"):
        c.a.stop(c.queue)
    else:
        c.settle(mine, b)
    b.take(c.queue, 1)
    more = c.fill(1)
    same("taken anew", b.get(1)[0].id, more[0])
    b.bye()
    c.settle(c.take(1))
    c.empty()


@case("'stop' of what was never taken is answered", needs=("take",))
def stop_nothing(c):
    c.a.stop(c.queue)
    c.a.stop(c.queue)


@case("two queues at once", needs=("push", "take", "make"))
def two_queues(c):
    if c.fixed:
        return
    one, two = c.queue, c.new_queue()
    first, second = c.id(), c.id()
    c.a.take(one, 5)
    c.a.take(two, 5)
    c.a.push(two, second, c.body())
    c.a.push(one, first, c.body())
    got = c.a.get(2)
    same("queues", {m.id: m.queue for m in got}, {first: one, second: two})
    c.a.stop(one)
    third = c.id()
    c.a.push(two, third, c.body())
    got += c.a.get(1)
    same("what came", got[2].id, third)
    c.settle(got)
