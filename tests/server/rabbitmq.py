#!/usr/bin/env python3
"""
Cases of rabbitmq.bats that talk to mq-engine-amqp: rabbitmq.py CASE [ARGUMENT...]

The environment has RABBIT_URL, MQ_ENGINE_DIR.
"""

import collections
import concurrent.futures
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from urllib.parse import urlsplit

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


def kept(preload):
    """A claim that is extended after 20 minutes becomes one that any process can settle."""
    clock, wrapper = os.path.abspath("clock"), os.path.abspath("helper")
    with open(wrapper, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\nLD_PRELOAD=%s CLOCK_FILE=%s exec %s\n" % (preload, clock, HELPER))
    os.chmod(wrapper, 0o755)
    with open(clock, "w", encoding="ascii") as f:
        f.write("0")
    p = Peer(wrapper, {"url": URL, "timeout": "10000"}).open()
    queue, other = made(p), made(p)
    p.push(queue, "1", b"body", [("A", "b")])
    m = one(p, queue, 3600000)
    same("words of an early extend", p.must("extend", m.token, 3600000).words, [])
    for seconds in range(20, 1240, 20):     # heartbeats would not bear more at once
        with open(clock + ".new", "w", encoding="ascii") as f:
            f.write("%d" % seconds)
        os.rename(clock + ".new", clock)
        p.must("stat", queue)
        p.push(other, "x", b"")
    token = p.must("extend", m.token, 60000).words[0]
    refusal(p.request("ack", m.token), "lost")
    p.kill()
    p = peer()
    same("what is there", p.must("stat", queue).fields["ready"], "0")
    p.must("nack", token, 0)
    again = one(p, queue)
    same("message", (again.id, again.body, again.head), ("1", b"body", m.head))
    p.must("ack", again.token)


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


def silent(pid):
    """The server stands still: no wait is longer than the limit, and what was sent is unknown."""
    p = peer(timeout="1500")
    queue = made(p)
    p.push(queue, "0", b"")
    os.kill(int(pid), signal.SIGSTOP)
    tasks = "/proc/%d/task/" % int(pid)
    while any(open(tasks + t + "/stat").read().rsplit(")", 1)[1].split()[0] != "T" for t in os.listdir(tasks)):
        time.sleep(0.01)
    try:
        start = time.monotonic()
        refusal(p.request("push", queue, "1", 0, 0), "unknown", "1500")
        same("ping", p.request("ping").ok, True)
        big = p.ask_push(queue, "2", b"x" * (8 << 20))
        p.wait(lambda: p.ended, "the end of the helper")
        if time.monotonic() - start > 10:
            raise Fail("it took %.1f s" % (time.monotonic() - start))
        if p.answers[big].done and p.answers[big].ok:
            raise Fail("ok, though the server stands still")
        refusal_of_open = start_open(timeout="1500")
        if refusal_of_open[:2] != ["fail", "again"]:
            raise Fail("%s instead of fail again" % refusal_of_open)
    finally:
        os.kill(int(pid), signal.SIGCONT)


def start_open(**settings):
    p = start(**settings)
    words = p.try_open().words
    p.release()
    return words


# ---- a connection that breaks ---------------------------------------------------


class Proxy(threading.Thread):
    """
    Passes on so many bytes from the helper to the server, and cuts when more come; -1: never. What is
    sent at once with the last ones is lost without a cut, so that the helper has to lose patience.
    """

    def __init__(self, limit):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "amqp://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.limit, self.passed = limit, 0
        self.start()

    def run(self):
        try:
            while True:
                client = self.listener.accept()[0]
                server = socket.create_connection(urlsplit(URL).netloc.split(":"))
                threading.Thread(target=self.carry, args=(client, server), daemon=True).start()
        except OSError:
            pass

    def carry(self, client, server):
        try:
            while True:
                for s in select.select([client, server], [], [])[0]:
                    data = s.recv(65536)
                    if s is client and self.limit >= 0:
                        data = data[:self.limit - self.passed]
                    if s is client:
                        self.passed += len(data)
                    if not data:
                        return
                    (server if s is client else client).sendall(data)
        except OSError:
            pass
        finally:
            client.close()
            server.close()


def work_through(proxy, queue):
    """Push, take, nack with a count, dead: what was answered, by id."""
    p = start(proxy.url, timeout="3000")
    if p.try_open().kind != "ready":
        p.release()
        return {}, {}
    tags = {i: p.ask_push(queue, i, b"x" * 300) for i in ("p1", "p2", "p3")}
    p.take(queue, 5)
    settled = {}
    try:
        p.wait(lambda: p.ended or len(p.messages) == 5, "messages")
        if not p.ended:
            for m, words in zip(p.messages, (("ack",), ("nack", 0), ("dead",), ("nack", 100), ("nack", 0))):
                fields = {} if m.token == p.messages[4].token or words[0] == "ack" else {"attempts": 1}
                settled[m.id] = (words[0], p.ask(words[0], m.token, *words[1:], **fields))
            p.wait(lambda: p.ended or all(p.answers[t].done for _, t in settled.values()), "answers")
        if not p.ended:
            p.bye()
    except Fail:
        if not p.ended:
            raise
    answers = {i: p.answers[t] for i, t in tags.items()}
    ends = {i: (verb, p.answers[t]) for i, (verb, t) in settled.items()}
    p.release()
    return answers, ends


def census(queue):
    """How often each message is there: ready, delayed or dead."""
    p = peer()
    p.must("retry", queue, "")
    p.take(queue, 100)
    before = p.idles.get(queue, 0)
    p.wait(lambda: p.idles.get(queue, 0) > before + 1, "'idle'")
    seen = collections.Counter(m.id for m in p.messages)
    for m in p.messages:
        p.ask("ack", m.token)
    p.bye()
    return seen


def cut_at(limit):
    p, proxy = peer(), Proxy(limit)
    queue = made(p)
    for i in ("q1", "q2"):
        p.push(queue, i, b"y" * 300)
    p.bye()
    answers, ends = work_through(proxy, queue)
    seen = census(queue)
    for i in ("q1", "q2", "p1", "p2", "p3"):
        verb, end = ends.get(i, (None, None))
        if verb == "ack":
            if end.done and end.ok and seen[i]:
                raise Fail("cut at %d: %s was acked, and came again" % (limit, i))
        elif i[0] == "q" or answers.get(i) and answers[i].done and answers[i].ok:
            if not seen[i]:
                raise Fail("cut at %d: %s is lost" % (limit, i))
        elif i in answers and answers[i].done and answers[i].cls == "again" and seen[i]:
            raise Fail("cut at %d: %s is there, and was answered 'again'" % (limit, i))
        if seen[i] > 2:
            raise Fail("cut at %d: %s is there %d times" % (limit, i, seen[i]))
    return proxy.passed


def cut(step):
    """The connection is cut after every so many bytes: nothing is lost, and nobody is told wrongly."""
    total = cut_at(-1)
    if total < 2000:
        raise Fail("only %d bytes" % total)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for result in [pool.submit(cut_at, n) for n in range(0, total, int(step))]:
            result.result()
    print("%d bytes, cut at %d places" % (total, len(range(0, total, int(step)))))


def killed(pid, rest, listing):
    """The server is killed while pushes are open: those that are confirmed are in 'listing'."""
    p = peer()
    queue = made(p)
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
