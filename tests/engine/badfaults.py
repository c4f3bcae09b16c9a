"""The faults of bad.py: each is a function that is called at a point, in place of what is to be done."""

import os
import signal
import sys
import time

from conformance.frames import encode

FAULTS = {"none": (None, None, False)}


def fault(point, every=False):
    """A function that does at the point what it should not; False: the right thing comes, too."""
    def add(function):
        name = function.__name__.replace("_", "-")
        FAULTS[name] = (point, function, every)
        return function
    return add


def die(h, *_):
    os.kill(os.getpid(), signal.SIGKILL)


def hang(h, *_):
    """It reads nothing and says nothing any more."""
    while True:
        time.sleep(60)


def mute(h, *_):
    """It goes on reading, and says nothing any more."""
    while os.read(0, 1 << 16):
        pass
    hang(h)


# ---- the faults -------------------------------------------------------------


for where in ("hello", "open", "push", "stored", "look", "msg", "ack", "acked"):
    for what in (die, hang, mute):
        FAULTS["%s-%s" % (what.__name__, where)] = (where, what, False)
for name in "again full data large gone perm conf lost cannot unknown".split():
    FAULTS["err-" + name] = ("push", lambda h, tag, c=name: h.say("err", tag, c, "as asked"), False)
    FAULTS["fail-" + name] = ("open", lambda h, c=name: h.say("fail", c, "as asked"), False)


@fault("hello")
def other_version(h):
    h.say("mq-engine", "2", "bad", "0")


@fault("hello")
def no_protocol(h):
    h.raw(b"Usage: bad [OPTION]...\n")


@fault("stored")
def err_after(h, tag):
    """The outcome is not known: it is stored."""
    h.say("err", tag, "unknown", "the connection was lost")


@fault("stored", every=True)
def late(h, tag):
    time.sleep(0.02)
    return False


@fault("stored", every=True)
def order(h, tag):
    h.later.append(encode("ok", tag))


@fault("stored")
def twice(h, tag):
    h.say("ok", tag)
    return False


@fault("stored")
def ok_and_err(h, tag):
    h.say("ok", tag)
    h.say("err", tag, "data", "or not")


@fault("push")
def stranger(h, tag):
    h.say("ok", "x" + tag)


@fault("push")
def garbage(h, tag):
    h.raw(b"\x80\xff\r\n ok\n\0\0ok " + tag.encode() + b"\n")


@fault("push")
def binary(h, tag):
    h.raw(os.urandom(65536))


@fault("push")
def long_line(h, tag):
    h.raw(b"ok " + tag.encode() + b" " + b"x" * 5000 + b"\n")


@fault("push")
def no_newline(h, tag):
    h.raw(b"ok " + tag.encode())
    mute(h)


@fault("push")
def no_such_class(h, tag):
    h.say("err", tag, "dunno", "text")


@fault("push")
def no_class(h, tag):
    h.say("err", tag)


@fault("push")
def half_an_answer(h, tag):
    h.raw(b"ok " + tag.encode()[:1])
    die(h)


@fault("push")
def mute_one(h, tag):
    """This one is never answered; all else is."""


@fault("stored")
def down(h, tag):
    h.say("state", "down", "the connection is lost")
    sys.exit(75)


@fault("push")
def close_output(h, tag):
    os.close(1)
    hang(h)


@fault("push")
def stopped(h, tag):
    os.kill(os.getpid(), signal.SIGSTOP)
    return False


@fault("push")
def noise(h, tag):
    for _ in range(2000):
        os.write(2, b"something is wrong \xff\x1b[31m\n")
    return False


@fault("push")
def chatter(h, tag):
    """What a newer helper may say."""
    h.say("weather", "fine", "t=1")
    h.say("state", "sunny", "for now")
    return False


@fault("msg")
def more(h, queue, token, m):
    """More than was asked for."""
    for i in range(1000):
        h.say("msg", "more%d" % i, queue, "more%d" % i, 0, 1, data=b"x")


@fault("msg")
def nobody_asked(h, queue, token, m):
    h.say("msg", token, "another-" + queue, m["id"], 0, 1, data=b"x")


@fault("msg")
def cut_body(h, queue, token, m):
    h.say("msg", token, queue, m["id"], 0, 1000, data=b"x" * 500)
    die(h)


@fault("msg")
def cut_body_mute(h, queue, token, m):
    h.say("msg", token, queue, m["id"], 0, 1000, data=b"x" * 500)
    mute(h)


@fault("msg")
def no_lengths(h, queue, token, m):
    h.say("msg", token, queue, m["id"])


@fault("msg")
def huge(h, queue, token, m):
    h.say("msg", token, queue, m["id"], 0, 1 << 40)
    mute(h)


@fault("msg")
def bad_head(h, queue, token, m):
    h.credit[queue] -= 1
    h.held[token] = m
    h.say("msg", token, queue, m["id"], 10, 1, data=b"no headers" + b"x")


@fault("msg")
def bad_field(h, queue, token, m):
    h.say("msg", token, queue, m["id"], 0, 1, data=b"x", priority="high")


@fault("msg")
def long_token(h, queue, token, m):
    h.say("msg", "x" * 1501, queue, m["id"], 0, 1, data=b"x")


@fault("msg")
def ends(h, queue, token, m):
    h.say("ended", queue, "again", "as asked")
    h.credit[queue] = 0


@fault("msg")
def same_again(h, queue, token, m):
    """A message that comes twice, which an engine may do at any time."""
    h.credit[queue] -= 1
    h.say("msg", token + "x", queue, m["id"], 0, len(m["body"]), data=m["body"].encode("latin-1"))
    return False


@fault("look")
def flood(h, queue):
    for _ in range(20000):
        h.say("idle", queue)
    return False


@fault("acked")
def ack_lost(h, tag):
    h.say("err", tag, "lost", "as asked")


@fault("ack")
def ack_again(h, tag):
    h.say("err", tag, "again", "as asked")


@fault("ack")
def ack_perm(h, tag):
    h.say("err", tag, "perm", "as asked")


@fault("acked")
def ack_unknown(h, tag):
    h.say("err", tag, "unknown", "as asked")


@fault("bye", every=True)
def no_bye(h):
    hang(h)


@fault("end", every=True)
def no_end(h):
    hang(h)
