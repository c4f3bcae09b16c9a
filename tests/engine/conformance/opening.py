"""Cases: hello, settings, opening, and lines that nobody knows."""

from urllib.parse import urlsplit

from .case import Skip, case
from .frames import LINE_MAX
from .peer import Fail

WORDS = ("push take priority expiry key order dedup fenced attempts deliveries dead retry retry-one"
         " approx queues make partitions stay").split()
NUMBERS = "max-body min-body headers delay once lease extend nack-delay retention batch".split()
STATES = ("ready", "delayed", "claimed", "dead")


@case("hello comes at once, and says version 1")
def hello(c):
    c.start().hello()


@case("a request before 'open' is refused, and 'ping' is answered")
def not_open(c):
    p = c.start()
    p.hello()
    p.send("set", "url", c.settings["url"])
    if p.request("check", "jobs").ok:
        raise Fail("'check' is ok before 'open'")
    p.must("ping")


@case("keys, requests and fields that are not known are passed over")
def unknown(c):
    p = c.other(**{"no-such-key": "some value", "no-such-key2": ""})
    p.send("frobnicate")
    tag = p.ask("frobnicate", c.queue, "a=b")
    p.must("ping")
    if p.answers[tag].done and p.answers[tag].ok:
        raise Fail("an unknown request is ok")
    if c.can("push"):
        p.push(c.queue, c.id(), c.body(), **{"no-such-field": "x"})
    if c.can("take"):
        c.settle(c.take(1, p), p)


@case("the capabilities are well formed, and go together")
def capabilities(c):
    for name, value in c.caps.items():
        if name in WORDS and value:
            raise Fail("%s has a value" % name)
        if name in NUMBERS and not value.isdigit():
            raise Fail("%s=%s is no number" % (name, value))
    if c.can("list") and not set(c.caps["list"].split(",")) <= set(STATES):
        raise Fail("list=%s" % c.caps["list"])
    if c.can("stat") and not set(c.caps["stat"].split(",")) <= set(STATES + ("oldest",)):
        raise Fail("stat=%s" % c.caps["stat"])
    if c.can("take") and c.caps.get("token") not in ("process", "any"):
        raise Fail("token=%s" % c.caps.get("token"))
    if c.caps.get("durable") not in ("yes", "no", "unknown"):
        raise Fail("durable=%s" % c.caps.get("durable"))
    together = (("retry", "dead"), ("retry-one", "retry"), ("dead", "take"), ("lease", "take"),
                ("extend", "lease"), ("stay", "lease"), ("nack-delay", "take"), ("attempts", "take"))
    for one, two in together:
        if c.can(one) and not c.can(two):
            raise Fail("%s without %s" % (one, two))
    if c.caps.get("token") == "any" and not c.can("lease"):
        raise Fail("token=any without lease: claims that outlive the helper would never end")


@case("an address with a password in it is refused, and not repeated")
def password(c):
    url = urlsplit(c.settings["url"])
    if not url.netloc:
        raise Skip("the address has no host")
    p = c.start(url=url._replace(netloc="me:hush42@" + url.netloc.rpartition("@")[2]).geturl())
    f = p.try_open()
    if f.kind != "fail" or f.words[1] != "conf":
        raise Fail("%s instead of 'fail conf'" % f.words)
    p.quiet(0.1)
    if "hush42" in " ".join(f.words) or b"hush42" in p.said:
        raise Fail("the password is in the error")


@case("'open' without an address fails")
def no_address(c):
    f = c.start(url=None).try_open()
    if f.kind != "fail" or f.words[1] != "conf":
        raise Fail("%s instead of 'fail conf'" % f.words)


@case("a line that is no frame ends the helper, and not by a signal")
def garbage(c):
    for line in (b"two  blanks\n", b"x" * (LINE_MAX + 1) + b"\n", b"ping %zz\n", b"push t q i x y\n",
                 b"push t q i 1\n", b"ping \0\n", b"\n"):
        p = c.other()
        p.out += line
        p.wait(lambda peer=p: peer.ended, "the end after %r" % line[:20])
        if p.status() < 0:
            raise Fail("killed by signal %d after %r" % (-p.status(), line[:20]))


@case("a request with words missing, or wrong numbers, harms nobody")
def wrong_words(c):
    p = c.other()
    p.lenient = True
    for words in (("ack",), ("nack", "x"), ("stat",), ("list", c.queue), ("retry",), ("check",)):
        p.ask(*words)
    for words in (("take",), ("stop",), ("set", "x"), ("take", c.queue)):
        p.send(*words)
    p.must("ping")


@case("the last word is 'bye', and the status is 0")
def bye(c):
    if c.other().bye() != 0:
        raise Fail("another status")
