#!/usr/bin/env python3
"""
What kafka.bats tries with mq-engine-kafka beyond the conformance suite:

    kafka.py CASE HELPER URL [ARGUMENT...]

Each case has a queue of its own, called like it. The status is 0 if all was as it has to be.
"""

import collections
import os
import random
import signal
import subprocess
import sys
import time
import uuid

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "engine"))
from conformance.peer import Fail, Peer

HELPER, URL = sys.argv[2:4]
ARGUMENTS = sys.argv[4:]
BROKERS = URL.split("://")[1]
TOOL = os.environ.get("KAFKATOOL", "kafkatool")


def peer(**settings):
    return Peer(HELPER, dict({"url": URL, "timeout": "10000", "create": "yes"}, **settings))


def opened(**settings):
    return peer(**settings).open()


def tool(*words):
    subprocess.run([TOOL, words[0], BROKERS, *map(str, words[1:])], check=True)


def same(what, got, wanted):
    if got != wanted:
        raise Fail("%s: %r instead of %r" % (what, got, wanted))


def topic(p, name):
    p.must("make", name)
    return name


def fill(p, queue, ids, body=b"a message", **fields):
    for tag in [p.ask_push(queue, i, body, **fields) for i in ids]:
        if not p.answer(tag).ok:
            raise Fail("push: %s" % p.answers[tag])
    return ids


def names(n, prefix="id"):
    return ["%s-%d" % (prefix, i) for i in range(n)]


def take(p, queue, n, within=30):
    p.take(queue, n)
    return p.get(n, within)


def ended(p, queue, cls, *texts):
    """Taking ends with this class, and a text that says these."""
    p.take(queue, 10)
    p.wait(lambda: queue in p.endings or p.messages, "'ended'")
    if p.messages:
        raise Fail("%s was delivered" % p.messages[0].id)
    got, text = p.endings[queue]
    same("class", got, cls)
    for part in texts:
        if part not in text:
            raise Fail("not said: %s: %s" % (part, text))


def ready(p, queue):
    return int(p.must("stat", queue).fields["ready"])


def kcat(*words, data=None):
    return subprocess.run(["kcat", "-b", BROKERS, "-q", *words], input=data, stdout=subprocess.PIPE,
                          check=True).stdout


# ---- pushing ----------------------------------------------------------------------

def witness():
    """Another client sees what was pushed, and its messages come in whole."""
    p = opened()
    q = topic(p, "witness")
    p.push(q, "my-id", b"the\0body", [("Color", "blue")], key="k 1", attempts=2)
    said = kcat("-C", "-t", q, "-e", "-f", "%k|%s|%h\n")
    if not said.startswith(b"k 1|the\0body|Color=blue,mq-id=my-id") or b"mq-attempts=2" not in said:
        raise Fail("kcat: %r" % said)
    p.must("ack", take(p, q, 1)[0].token)
    kcat("-P", "-t", q, "-k", "\x01\x02", "-H", "Bad Name=a\tb", data=b"foreign")
    kcat("-P", "-t", q, "-Z", "-k", "gone", data=b"")
    kcat("-P", "-t", q, "-k", "x" * 5000, "-H", "mq-id=" + "y" * 5000, "-H", "mq-reason=" + "%" * 5000,
         "-H", "mq-via=" + " " * 3000, data=b"hostile")
    got = take(p, q, 2)
    same("id", got[0].id, "kafka-%s-0-1" % q)
    same("derived", got[0].fields.get("derived"), "1")
    same("key", got[0].fields.get("key"), "0x0102")
    same("body", got[0].body, b"foreign")
    same("header", got[0].head, b"Bad_20Name: a\tb\n\n")
    same("hostile", got[1].body, b"hostile")
    same("its id", got[1].id, "kafka-%s-0-2" % q)
    p.must("nack", got[0].token, 0, attempts=1)
    again = take(p, q, 1)[0]
    same("its id stays", again.id, got[0].id)
    same("its key stays", again.fields.get("key"), "0x0102")
    p.bye()


def order():
    """In a topic of one partition all stay in order, however many are under way."""
    p = opened(window="1000")
    q = topic(p, "order")
    ids = fill(p, q, names(2000))
    same("order", [m.id for m in take(p, q, 2000)], ids)
    p.bye()


def idle():
    """Brokers close connections on which nothing happens, and that is no loss."""
    p = opened()
    q = topic(p, "idle")
    p.quiet(11)
    fill(p, q, names(3))
    same("what came", [m.id for m in take(p, q, 3)], names(3))
    p.bye()


def sizes():
    """The limit of the topic counts, not that of the broker, and a batch keeps below it, too."""
    p = opened()
    tool("create", "small", 1, "max.message.bytes=2000")
    answer = p.refused(("large",), "push", "small", "x", 0, 2000, data=b"x" * 2000)
    if "2000 (max.message.bytes)" not in answer.text:
        raise Fail(answer.text)
    fill(p, "small", names(200), b"x" * 500)
    least = max(n for n in range(1800, 2000) if p.request(
        "push", "small", "x", 0, n, data=b"x" * n).ok)
    p.refused(("large",), "push", "small", "x", 0, least + 1, data=b"x" * (least + 1))
    tool("create", "big", 1, "max.message.bytes=5000000")
    p.push("big", "x", os.urandom(4900000))
    same("size", len(take(p, "big", 1)[0].body), 4900000)
    tool("create", "compacted", 1, "cleanup.policy=compact")
    p.refused(("conf",), "push", "compacted", "x", 0, 1, data=b"x")
    ended(p, "compacted", "conf", "cleanup.policy")
    p.bye()


def nothing_made():
    """Asking about a topic makes none, whatever the broker does by default."""
    p = opened(create="no")
    p.refused(("gone",), "check", "never")
    p.refused(("gone",), "push", "never", "x", 0, 1, data=b"x")
    p.refused(("gone",), "stat", "never")
    p.refused(("gone",), "check", "never")
    p.bye()


def killed():
    """The broker is killed with pushes open: what was confirmed is there, what was refused is not."""
    restart, pid = ARGUMENTS
    p = opened(window="5000", timeout="5000")
    q = topic(p, "killed")
    ids = names(3000, "k")
    tags = {}
    for i in ids:
        tags[p.ask_push(q, i, os.urandom(10000))] = i
    p.wait(lambda: sum(a.ok for a in p.answers.values()) > 300, "the first answers")
    with open(pid, encoding="ascii") as f:
        os.kill(int(f.read()), signal.SIGKILL)
    p.wait(lambda: p.ended, "the end of the helper")
    same("state", p.states[-1][0], "down")
    outcome = {}
    for tag, i in tags.items():
        a = p.answers[tag]
        outcome[i] = "open" if not a.done else "ok" if a.ok else a.cls
    subprocess.run(restart, shell=True, check=True)
    there = kcat("-C", "-t", q, "-e", "-f", "%h\n").decode()
    stored = [line.partition("mq-id=")[2].partition(",")[0] for line in there.splitlines()]
    kinds = {k: sum(1 for v in outcome.values() if v == k) for k in set(outcome.values())}
    print("# outcomes: %s; stored: %d" % (kinds, len(stored)))
    same("stored twice", len(stored) - len(set(stored)), 0)
    same("confirmed, but not there", [i for i in ids if outcome[i] == "ok" and i not in set(stored)], [])
    same("refused, but there", [i for i in stored if outcome[i] == "again"], [])
    same("other outcomes", set(kinds) - {"ok", "again", "unknown", "open"}, set())
    if "unknown" not in kinds and "open" not in kinds:
        raise Fail("the broker was killed too late: %s" % kinds)


# ---- taking -----------------------------------------------------------------------

def out_of_order():
    """What is behind a message that is not settled is not committed, and comes again."""
    p = opened()
    q = topic(p, "out-of-order")
    fill(p, q, names(4))
    got = take(p, q, 4)
    for i in (2, 0):
        p.must("ack", got[i].token)
    same("lag", ready(p, q), 3)
    p.kill()
    p = opened()
    again = take(p, q, 3)
    same("what came", [m.id for m in again], names(4)[1:])
    for m in (again[2], again[1], again[0]):
        p.must("ack", m.token)
    same("lag", ready(p, q), 0)
    p.bye()


def shared():
    """A second consumer gets partitions; claims that were lost with them are told so."""
    a, b = opened(), opened()
    tool("create", "shared", 4)
    ids = fill(a, "shared", names(100, "s"))
    for i in range(100):
        fill(a, "shared", ["t-%d" % i], key="key %d" % i)
        ids.append("t-%d" % i)
    a.take("shared", 150)
    held = a.get(100)
    b.take("shared", 200)
    first = b.get(1)
    lost, done = 0, set()
    for m in held + a.messages:
        answer = a.request("ack", m.token)
        if not answer.ok:
            same("class", answer.cls, "lost")
            lost += 1
        else:
            done.add(m.id)
    a.messages.clear()
    b.messages += first
    end = time.monotonic() + 20
    while len(done) < 200 and time.monotonic() < end:
        for p in (a, b):
            p.pump(0.05)
            for m in p.messages:
                if p.request("ack", m.token).ok:
                    done.add(m.id)
            p.messages.clear()
            if p is a and p.credit["shared"] < 50:
                p.take("shared", 100)
    same("not settled", set(ids) - done, set())
    if lost == 0:
        raise Fail("no claim was lost, though partitions went to another consumer")
    a.bye()
    b.bye()


def nacked():
    """A nack that counts is a copy, confirmed before the original is committed."""
    p = opened()
    q = topic(p, "nacked")
    fill(p, q, names(2))
    got = take(p, q, 2)
    p.must("nack", got[0].token, 0, attempts=3)
    same("ready", ready(p, q), 2)
    same("first the copy is not in front", take(p, q, 1)[0].number("attempts"), 3)
    p.kill()
    p = opened()
    again = take(p, q, 2)
    same("what came", [(m.id, m.number("attempts")) for m in again], [("id-1", 0), ("id-0", 3)])
    p.must("dead", again[1].token, attempts=4, reason="no use")
    p.must("ack", again[0].token)
    same("numbers", (ready(p, q), p.must("stat", q).fields["dead"]), (0, "1"))
    said = kcat("-C", "-t", q + ".mq-dead", "-e", "-f", "%h")
    if b"mq-reason=no use" not in said or b"mq-attempts=4" not in said:
        raise Fail("the dead letter: %r" % said)
    p.bye()


def gap():
    """Records that were deleted before they were taken are an error with numbers."""
    p = opened()
    q = topic(p, "gap")
    fill(p, q, names(20))
    for m in take(p, q, 5):
        p.must("ack", m.token)
    p.bye()
    tool("cut", q, 0, 12)
    ended(opened(), q, "gone", "7 records were deleted", "it stands at 5", "the oldest is 12")


def gap_again():
    """The same for a helper that stopped taking, and takes again."""
    p = opened()
    q = topic(p, "gap-again")
    fill(p, q, names(5))
    first = take(p, q, 2)
    p.stop(q)
    for m in first:
        p.must("ack", m.token)
    tool("cut", q, 0, 4)
    ended(p, q, "gone", "2 records were deleted")


def another():
    """An offset that is from another topic of that name is an error; where it fits, it is none."""
    p = opened()
    q = topic(p, "another")
    fill(p, q, names(10))
    stamp = int(kcat("-C", "-t", q, "-o", "4", "-c", "1", "-f", "%T"))
    tool("commit", q, 0, 20, "")
    ended(opened(), q, "gone", "stands at 20", "it ends at 10")
    tool("commit", q, 0, 5, "mq1 %d" % (stamp + 1))
    ended(opened(), q, "gone", "record 4 has another time")
    tool("commit", q, 0, 5, "mq1 %d" % stamp)
    other = opened()
    same("what comes then", [m.id for m in take(other, q, 5)], names(10)[5:])
    other.bye()
    tool("commit", q, 0, 8, "what others write there")
    same("then", [m.id for m in take(p, q, 2)], names(10)[8:])
    p.bye()


def made_anew():
    """Of a topic that was deleted and made anew nothing is passed over."""
    p = opened()
    q = topic(p, "anew")
    fill(p, q, names(10))
    for m in take(p, q, 10):
        p.must("ack", m.token)
    p.bye()
    tool("delete", q)
    other = opened()
    deadline = time.monotonic() + 10
    while other.request("check", q).ok and time.monotonic() < deadline:
        other.quiet(0.1)
    topic(other, q)
    fill(other, q, names(50, "new"))
    same("what came", [m.id for m in take(other, q, 50)], names(50, "new"))
    other.bye()


# ---- opening ----------------------------------------------------------------------

def fails():
    """'open' fails with this class, and its text has these words: fails CLASS TEXT SET..."""
    cls, text, *settings = ARGUMENTS
    p = peer(**{"url": URL, **dict(s.split("=", 1) for s in settings)})
    start = time.monotonic()
    f = p.try_open()
    same("opening", f.kind, "fail")
    same("class", f.words[1], cls)
    if text not in f.words[2]:
        raise Fail("not said: %s: %s" % (text, f.words[2]))
    if time.monotonic() - start > 5:
        raise Fail("it took %.0f s" % (time.monotonic() - start))
    p.quiet(0)
    if b"hush" in p.said or "hush" in " ".join(f.words):
        raise Fail("the password is told")


def elsewhere():
    """A broker that calls itself by another address is not connected to in plain text."""
    p = opened(timeout="3000")
    end = time.monotonic() + 20
    answer = p.request("push", "witness", "x", 0, 1, data=b"x")
    if answer.ok or answer.cls not in ("again", "gone"):
        raise Fail("push: %s" % answer)
    while b"another host" not in p.said:
        if time.monotonic() > end:
            raise Fail("not said why: %s" % p.said)
        p.pump(0.1)


def opens():
    """With these settings a message goes there and back."""
    p = opened(**dict(s.split("=", 1) for s in ARGUMENTS))
    print("# %s" % "; ".join(" ".join(f.words[1:]) for f in p.frames if f.kind == "step"))
    q = topic(p, "opens")
    fill(p, q, ["x"])
    p.must("ack", take(p, q, 1)[0].token)
    p.bye()


# ---- with the mock ----------------------------------------------------------------

def mock(line):
    fifo, log = ARGUMENTS
    with open(fifo, "w", encoding="ascii") as f:
        f.write(line + "\n")
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with open(log, encoding="ascii") as f:
            if f.read().rstrip().endswith("done " + line):
                return
        time.sleep(0.02)
    raise Fail("the mock does not answer to %s" % line)


PRODUCE, COMMIT, INIT = 0, 8, 22
NOT_LEADER, TOO_LARGE, NOT_ALLOWED, NOT_ENOUGH, NO_COORDINATOR, UNSUPPORTED = 6, 10, 29, 19, 15, 35
BAD_GENERATION, LOADING = 22, 14


def injected():
    """Errors that the broker answers: repeated ones are survived, final ones told by class."""
    p = opened()
    q = topic(p, "injected")
    fill(p, q, names(1))
    mock("errors %d %d %d" % (PRODUCE, NOT_LEADER, NOT_ENOUGH))
    fill(p, q, ["retried"])
    mock("errors %d %d" % (PRODUCE, TOO_LARGE))
    p.refused(("large",), "push", q, "large", 0, 1, data=b"x")
    got = take(p, q, 2)
    same("what came", sorted(m.id for m in got), ["id-0", "retried"])
    mock("errors %d %d %d" % (COMMIT, LOADING, LOADING))
    p.must("ack", got[0].token)
    mock("errors %d %d" % (COMMIT, BAD_GENERATION))
    answer = p.request("ack", got[1].token)
    if answer.ok or answer.cls != "lost":
        raise Fail("an ack of another generation: %s" % answer)
    mock("errors %d %d" % (PRODUCE, NOT_ALLOWED))
    p.refused(("perm",), "push", q, "perm", 0, 1, data=b"x")


def slow():
    """An answer that does not come in time is 'unknown', within the limit, and nothing is sent twice."""
    p = opened(timeout="2000")
    q = topic(p, "slow")
    fill(p, q, names(1))
    mock("rtt 6000")
    start = time.monotonic()
    answer = p.request("push", q, "late", 0, 1, data=b"x")
    took = time.monotonic() - start
    mock("rtt 0")
    if answer.ok or answer.cls != "unknown" or took > 5:
        raise Fail("after %.1f s: %s" % (took, answer))


def ids_of(name):
    """The ids of all records of a topic that are committed, and how often each is there."""
    text = subprocess.run(["kcat", "-b", BROKERS, "-q", "-C", "-t", name, "-o", "beginning", "-e", "-f", "%h\\n"], check=True,
                          capture_output=True, text=True).stdout
    return collections.Counter(h[6:] for line in text.split() for h in line.split(",") if h.startswith("mq-id="))


def same_ids(queue, wanted):
    lost, more = collections.Counter(wanted) - ids_of(queue), ids_of(queue) - collections.Counter(wanted)
    same("of %d records of %s: those that are missing, and those too many" % (len(wanted), queue), (sum(lost.values()), sum(more.values())), (0, 0))


def client(name="exact", doubt=(), **settings):
    return opened(client=name, transactions="yes", window="50", doubt=doubt, **settings)


def uuids(n):
    return [str(uuid.uuid4()) for _ in range(n)]


def unsure():
    """A commit that is not answered is 'unknown'; once it is over, what is pushed again is there once."""
    p = client(timeout="2000")
    q, ids = topic(p, "unsure"), uuids(20)
    fill(p, q, ids[:5])
    fill(p, q, ids[:5], maybe=1)      # its claims were lost meanwhile
    mock("errors %d %d" % (PRODUCE, TOO_LARGE))
    p.refused(("large",), "push", q, uuids(1)[0], 0, 1, data=b"x")
    mock("rtt 3500")
    tags = [p.ask_push(q, i, b"late") for i in ids[5:]]
    classes = {p.answer(tag).cls for tag in tags}
    mock("rtt 0")
    same("classes", classes <= {"unknown", "again"}, True)
    try:
        fill(p, q, ids[5:], maybe=1)
    except Fail:
        # It was too long without a broker, or is not over yet: another helper, as mq would start one.
        p.process.kill()
        p = client(doubt=ids[5:])
        fill(p, q, ids[5:], maybe=1)
    p.bye()
    same_ids(q, ids)
    # A server without transactions: nothing that is pushed is to blame.
    other = client("other")
    time.sleep(1)       # its other producer asks for an id, too
    mock("errors %d %dx60" % (INIT, UNSUPPORTED))
    classes = {other.answer(t).cls for t in [other.ask_push(q, i, b"x") for i in uuids(3)]}
    mock("errors %d" % INIT)
    same("class", classes, {"conf"})
    other.process.kill()
    # One attempt for all that waits, or this would take two minutes.
    late = client("late", timeout="2000")
    time.sleep(1)
    mock("errors %d %dx4000" % (INIT, NO_COORDINATOR))
    tags = [late.ask_push(q, i, b"x") for i in uuids(50)]
    late.wait(lambda: all(late.answers[t].done for t in tags), "answers")
    mock("errors %d" % INIT)
    same("class", {late.answers[t].cls for t in tags}, {"again"})


def lowered():
    """The limit of the topic is lowered: a batch is too large, and its messages are not."""
    p = client("lowered")
    q, ids = topic(p, "lowered"), uuids(20)
    fill(p, q, ids[:10], b"x" * 700)
    tool("alter", q, "max.message.bytes=3000")
    with p.at_once():
        tags = [p.ask_push(q, i, b"x" * 700) for i in ids[10:]]
    p.wait(lambda: all(p.answers[t].done for t in tags), "answers")
    same("classes", {p.answers[t].cls for t in tags}, {"again"})
    p = client("lowered", doubt=ids)
    fill(p, q, ids[10:], b"x" * 700, maybe=1)
    same("too large", p.request("push", q, uuids(1)[0], 0, 3000, data=b"x" * 3000).cls, "large")
    same_ids(q, ids)


def transacted():
    """What a client that died pushes again is there once; another topic, an old producer and a large window are refused."""
    p = client()
    q, ids = topic(p, "transacted"), uuids(49)
    fill(p, q, ids)
    p.process.kill()
    p = client(doubt=ids[20:])
    fill(p, q, ids[20:], maybe=1)
    fill(p, q, ids[20:21])    # on purpose: a replay
    same_ids(q, ids + ids[20:21])
    same("another topic", p.request("push", topic(p, "other"), ids[0], 0, 1, data=b"x").cls, "conf")
    # What cannot be stored does not keep the others from it.
    tags = [p.ask_push(q, i, b"x" * size) for i, size in zip(uuids(3), (1, 3000000, 1))]
    same("one too large", [p.answer(t).cls for t in tags], ["", "large", ""])
    heir = client()
    fill(heir, q, uuids(1))
    p.ask_push(q, ids[0], b"too late")
    deadline = time.monotonic() + 20
    while not p.ended and time.monotonic() < deadline:
        p.pump(0.5)
    same("state", p.states[-1][0], "down")
    wide = opened(client="wide", transactions="yes", window="5000")
    answer = wide.request("push", q, ids[0], 0, 1, data=b"x")
    same("class", answer.cls, "conf")
    same("text", "--window=204" in answer.text, True)
    same("others", sum(ids_of(q).values()), 49 + 1 + 2 + 1)


def exactly():
    """A relay, its helper and the broker are killed; nothing is lost, and nothing is there twice."""
    start_broker, pid_file, inject = ARGUMENTS
    rng = random.Random(int(os.environ.get("SEED", "7")))
    os.makedirs("spool")
    with open("mq.conf", "w", encoding="ascii") as f:
        f.write("[engine k]\nurl = %s\ntransactions = yes\ntimeout = 5s\n" % URL)
    spool = os.path.abspath("spool")
    env = dict(os.environ, MQ_SPOOL=spool, MQ_CONF=os.path.abspath("mq.conf"))
    n, killed = 6000, collections.Counter()
    subprocess.run(["mq", "push", "-q", "-l", "jobs"], env=env, check=True, input="".join("%d\n" % i for i in range(n)).encode())
    wanted = collections.Counter(subprocess.check_output(["mq", "ls", "jobs", "--ids"], env=env, text=True).split())
    same("pushed", sum(wanted.values()), n)
    relay = ["mq", "relay", "-q", "--drain", "--window=40", "jobs", "@k/exactly"]
    for turn, kind in enumerate(("broker", "relay", "helper", "relay") * 4):
        # However the spool is called, it is the same one.
        env["MQ_SPOOL"] = ("spool", "./spool", spool)[turn % 3]
        if kind == "relay":
            # Before it acknowledges what it knows to be stored.
            subprocess.run([inject, spool, "%d/unlinkat .*/claimed/" % rng.randint(1, 60), "kill", "report", *relay],
                           env=env, timeout=60, check=False)
            killed[kind] += os.path.getsize("report") > 0
            continue
        p = subprocess.Popen(relay, env=env)
        time.sleep(rng.uniform(0.2, 0.6))
        killed[kind] += p.poll() is None
        if kind == "broker":
            os.kill(int(open(pid_file, encoding="ascii").read()), signal.SIGKILL)
            time.sleep(1)
            subprocess.run(start_broker, shell=True, check=True)
        else:
            with open("/proc/%d/task/%d/children" % (p.pid, p.pid), encoding="ascii") as f:
                for child in f.read().split():
                    os.kill(int(child), signal.SIGKILL)
        p.kill()
        p.wait()
    subprocess.run(relay, env=env, check=True, timeout=200)
    got = ids_of("exactly")
    lost, twice = wanted - got, got - wanted
    print("%d messages out in transactions, %s killed: %d lost, %d twice" % (
        n, ", ".join("%d x %s" % (v, k) for k, v in sorted(killed.items())), sum(lost.values()), sum(twice.values())))
    same("lost and twice", (len(lost), len(twice)), (0, 0))


def down():
    """Without a broker all that is open is answered, and the helper ends with 75."""
    p = opened()
    q = topic(p, "down")
    fill(p, q, names(1))
    mock("rtt 3000")
    tags = [p.ask_push(q, i, b"x") for i in names(50, "open")]
    p.pump(0.5)
    mock("down")
    p.wait(lambda: p.ended, "the end of the helper", 20)
    mock("rtt 0")
    mock("up")
    same("state", p.states[-1][0], "down")
    same("outcomes", {p.answers[t].cls for t in tags} <= {"unknown", "again"}, True)
    same("status", p.process.wait(10), 75)


CASES = (witness, order, idle, elsewhere, sizes, nothing_made, killed, out_of_order, shared, nacked, gap,
         gap_again, another, made_anew, fails, opens, injected, slow, down, unsure, lowered, transacted, exactly)


def main():
    try:
        {f.__name__: f for f in CASES}[sys.argv[1]]()
    except Fail as e:
        print("%s: %s" % (sys.argv[1], e))
        sys.exit(1)


if __name__ == "__main__":
    main()
