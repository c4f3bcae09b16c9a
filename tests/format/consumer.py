#!/usr/bin/env python3
"""usage: consumer.py QUEUEDIR CMD [ARG...]: CMD for each message that is ready now, its body on stdin."""
import contextlib, datetime, glob, os, re, secrets, stat, subprocess, sys, time
NAME = re.compile(r"ready/[^/]*/(\d{8}T\d{6}\.\d{6}Z,[0-9a-f-]{36},s\d+(,[a-z][A-Za-z0-9.-]*)*)")
HEADERS = re.compile(rb"([A-Za-z0-9._-]{1,64}: [^\0-\x08\n-\x1f\x7f]*\n)+\n")
def key(seconds):
    return f"{datetime.datetime.utcfromtimestamp(time.time() + seconds):%Y%m%dT%H%M%S.%fZ}"
def claimed(deadline):  # F4.5, F4.6, F4.9: the greatest bucket that is not above the deadline, or a new one
    fit = max((b for b in os.listdir("claimed") if b[0].isdigit() and b <= deadline), default="")
    if not fit or os.stat("claimed/" + fit).st_size >= 65536:
        os.mkdir("claimed/+" + deadline)
        os.fsync(os.open("claimed", os.O_RDONLY))
        os.rename("claimed/+" + deadline, "claimed/" + (fit := deadline))
    return f"claimed/{fit}/"
def consume(path, _, id, *fields):
    fact = {f[0]: f[1:] for f in fields}
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb", 0) as body:
        torn = not stat.S_ISREG((st := os.fstat(body.fileno())).st_mode) or st.st_size != int(fact["s"])
        if torn or fact.get("x", "9") <= key(0) or "h" in fact and not HEADERS.fullmatch(body.read(int(fact["h"]))):
            return
        new = ["d%d" % (int(fact.get("d", 0)) + 1), "c" + secrets.token_hex(8), "t300000"]
        new += [f for f in fields if f[0] not in "dct"]
        name = ",".join([deadline := key(300), id] + sorted(new, key=lambda f: "sphadxrct".find(f[0]) % 10))
        os.rename(path, claim := claimed(deadline) + name)  # ENOENT: somebody was faster
        if subprocess.run(sys.argv[2:], stdin=body).returncode == 0:
            os.unlink(claim)  # else the lease lapses, which is a failed attempt.  ENOENT: it did, too early
os.chdir(sys.argv[1])
assert re.fullmatch("mq-spool 1\n(note.*\n)*", open("../.mq").read()), "this spool has another format"
for match in filter(None, map(NAME.fullmatch, sorted(glob.glob("ready/*/*"), key=lambda p: p.replace("+", "")))):
    with contextlib.suppress(OSError): consume(match[0], *match[1].split(","))
