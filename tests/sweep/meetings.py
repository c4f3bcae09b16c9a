"""Where two commands can meet: for pairs.py.

A World is a spool and the commands that meet in it on a message, a key or a file.  Each command meets each other one and
itself: the first is stopped at one of its system calls, the second runs to its end.  In the group "users" the first is one
user's and is killed, and the second, another user's, is to do all that can be done.  In the group "clock" the second is a
step of the clock that the first goes by.
"""
import os
import sys

CLOCK = os.environ["MQ_BUILD"] + "/preload/clock.so"
LATE = f"env LD_PRELOAD={CLOCK} CLOCK_FILE=late "


class Verb:
    """A command that takes part.

    ends: bodies of the messages that are gone when it says 0.  A consumer ends what it wrote to stdout.
    seeks: it takes what it finds, and may return, park or adopt others on its way.
    rejoins: it may bring back a message whose turn in its key was over.
    checks: what it says depends on what others are about to do; only what it does is judged.
    several: it does several things, one after the other.
    late: it runs two hours later, and so takes back what was claimed, and takes.
    """

    def __init__(self, command, ends=(), seeks=False, rejoins=False, checks=False, late=False, several=False):
        self.command, self.several = (LATE if late else "") + command, several or late or " --all" in command or " work " in command or " import " in command
        self.ends, self.seeks, self.rejoins, self.checks, self.late = {b.encode() for b in ends}, seeks, rejoins, checks, late
        self.forces = "--force" in command
        self.consumes = seeks and (" pop " in command or " work " in command)


class World:
    """planted: a fault of this kind must be found.  over: a consumer first returns, takes back or gives up a message.  expires: that is "one", and it may go.  litter: findings of fsck that may remain until it repairs."""

    def __init__(self, name, setup, verbs, group="verbs", first=None, second=None, expires=False, over=False, litter=(), limit=None, planted=None):
        self.group, self.planted = group, planted
        self.name, self.setup, self.verbs = name, setup, verbs
        self.first, self.second = first or list(verbs), second or list(verbs)
        self.expires, self.over, self.litter, self.limit = expires, over or expires, set(litter), limit

    def modes(self):
        return {"verbs": ("stop", "stopkill", "kill"), "users": ("kill",), "clock": ("stop",)}[self.group]

    def pairs(self):
        return [(a, b) for a in self.first for b in self.second if not (os.environ.get("MQ_SAN") and (self.verbs[a].late or self.verbs[b].late))]

    def weight(self, a, b):
        """How much more often than others the two meet in a sample: where there have been faults, they do."""
        return 8 if (a, b) in FAULTS.get(self.name, ()) else 1


# Where there were faults.
FAULTS = {
    "a claim": {("nack --no-count", "nack --no-count"), ("nack --delay", "later pop"), ("mv", "mv")},
    "a dead letter": {("retry all", "retry all"), ("edit", "edit"), ("edit", "rm")},
    "the policy": {("init", "pause"), ("pause", "init of another")},
    "the turn of a claim": {("nack --dead", "later pop"), ("nack --dead", "nack --no-count"), ("nack --dead", "claim"), ("ack", "mv")},
    "the turn of what expires": {("claim", "later claim"), ("later claim", "claim")},
    "the latest, claimed, and an old dead letter": {("ack", "retry of the old"), ("nack --dead", "retry of the old"), ("retry of the old", "ack")},
    "an old one from another queue": {("ack", "mv of the old"), ("mv of the old", "rm")},
    "the latest, pushed": {("hold", "push"), ("push", "hold")},
}
WORLDS = []


def W(*args, **kw):
    WORLDS.append(World(*args, **kw))


def V(command, *ends, **kw):
    return Verb(command, ends, **kw)


# Names of what each has: ID and HANDLE are files that the setup wrote.
POP, CLAIM = V("mq pop q", seeks=True), V("mq claim q --lease 1h", seeks=True)
LATER_POP = V("mq pop q", seeks=True, late=True)
LATER_CLAIM = V("mq claim q --lease 1h", seeks=True, late=True)
WORK = V("mq work q --drain -- cat", seeks=True)
REPAIR = V("mq fsck q --repair", checks=True)


def holder(file="handle", body="one"):
    """What the holder of a claim can say."""
    h = f"$(cat {file})"
    return {"ack": V(f"mq ack q {h}", body), "nack": V(f"mq nack q {h}"), "nack --dead": V(f"mq nack q --dead {h}"),
            "nack --no-count": V(f"mq nack q --no-count {h}"), "nack --delay": V(f"mq nack q --delay=3h {h}"), "extend": V(f"mq extend q {h} 3h")}


def operator(file="one", body="one", force=""):
    """What can be done to a message by its id."""
    i = f"{force} $(cat {file})"
    return {"retry": V(f"mq retry q {i}", rejoins=True), "hold": V(f"mq hold q {i}"), "bury": V(f"mq bury q {i}"),
            "rm": V(f"mq rm q {i}", body), "mv": V(f"mq mv q to {i}")}


INIT = "mq init -q q backoff=1h attempts=3; mq init -q to; "
TWO = "mq push q -m one >one; mq push q -m two >two; "
KEYED = "mq push q -k a -m one >one; mq push q -k a -m two >two; mq push q -k a -m three >three; "
HOUR, LAPSED = "mq claim q --lease 1h >handle; ", "mq claim q --lease 1ms >handle; sleep 0.01; "

# ---- a message by itself ----
W("a claim", INIT + TWO + HOUR, {**holder(), **operator(force="--force"), "pop": POP, "claim": CLAIM, "later pop": LATER_POP, "fsck": REPAIR})
W("a claim whose lease is over", INIT + TWO + LAPSED, {**holder(), **operator(force="--force"), "pop": POP, "claim": CLAIM, "work": WORK, "fsck": REPAIR}, over=True)
W("a claim that must not fail again", "mq init -q q backoff=1h attempts=1; mq init -q to; " + TWO + LAPSED, {**holder(), "pop": POP, "fsck": REPAIR}, over=True)
W("a claim that is to be kept", "mq init -q q backoff=1h attempts=1 keep=1d; mq init -q to; " + TWO + HOUR, {**holder(), **operator(force="--force")})
W("a dead-letter queue", "mq init -q q backoff=1h attempts=1 dead_queue=to; mq init -q to; " + TWO + LAPSED,
  {"ack": holder()["ack"], "nack --dead": holder()["nack --dead"], "pop": POP, "pop of the other": V("mq pop to", seeks=True), "mv": operator(force="--force")["mv"]}, over=True)
W("what is ready", INIT + TWO, {**operator(), "pop": POP, "claim": CLAIM, "work": WORK, "hold all": V("mq hold q --all"), "mv all": V("mq mv q to --all"),
  "rm all": V("mq rm q --all --force", "one", "two", "three"), "push": V("mq push q -m three"), "fsck": REPAIR})
W("what is due", INIT + "mq push q -d 1ms -m one >one; mq push -q q -m two; sleep 0.01; ", {**operator(), "pop": POP, "claim": CLAIM, "work": WORK}, over=True)
W("what has expired", INIT + "mq push q -x 1ms -m one >one; mq push -q q -m two; sleep 0.01; ", {**operator(), "pop": POP, "claim": CLAIM}, expires=True)
W("what expires and is dropped", "mq init -q q expired=drop; mq init -q to; mq push q -x 1ms -m one >one; mq push -q q -m two; sleep 0.01; ",
  {**operator(), "pop": POP, "claim": CLAIM}, expires=True)
W("a dead letter", INIT + TWO + "mq bury -q q $(cat one); ", {**operator(), "rm": V("mq rm q $(cat one)", "one", "onemore"), "retry all": V("mq retry q --all", rejoins=True), "pop": POP,
  "edit": V("env EDITOR='sed -i s/$/more/' mq edit q $(cat one)", "one"), "fsck": REPAIR}, litter=("duplicate-id",))
W("what is held", INIT + TWO + "mq hold -q q $(cat one); ", {**operator(), "rm": V("mq rm q $(cat one)", "one", "onemore"), "retry all": V("mq retry q --state held --all", rejoins=True),
  "edit": V("env EDITOR='sed -i s/$/more/' mq edit q $(cat one)", "one")}, litter=("duplicate-id",))
W("what is kept", "mq init -q q keep=1d; mq init -q to; mq push q -m one >one; mq push -q q -m two; mq pop -q q >body; ",
  {"replay": V("mq replay q $(cat one)", rejoins=True), "replay to another": V("mq replay q --to to $(cat one)", rejoins=True), "pop": POP,
   "rm": operator()["rm"], "mv": operator()["mv"], "fsck": REPAIR})
W("a drop box", INIT + "echo one >spool/q/new/file; mq push -q q -m two; ", {"pop": POP, "claim": CLAIM, "work": WORK, "hold": V("mq hold q --all"), "mv": V("mq mv q to --all"), "fsck": REPAIR})
W("a push under an id", "mq init -q q once=1d; ", {"push": V("mq push q --id k -m one"), "another push": V("mq push q --id k -m one -d 1h"), "pop": POP, "fsck": REPAIR})
W("an archive", INIT + TWO + "mq bury -q q $(cat two); mq export q >archive; rm -r spool/q; mq init -q q; ",
  {"import": V("mq import q <archive", rejoins=True), "pop": POP, "mv all": V("mq mv q to --all"), "import to another": V("mq import to <archive", rejoins=True)})
W("one at a time of all", "mq init -q q max_in_flight=1 backoff=1h; mq init -q to; " + TWO,
  {"claim": CLAIM, "pop": POP, "rm": operator()["rm"], "hold": operator()["hold"], "push": V("mq push q -m three")}, limit=1)
W("all that may be claimed are", "mq init -q q max_in_flight=1 backoff=1h; mq init -q to; " + TWO + HOUR,
  {**holder(), "claim": CLAIM, "pop": POP, "later pop": LATER_POP, "rm": operator(force="--force")["rm"]}, limit=1)
W("the policy", "mq init -q q; mq push -q q -m one; ", {"init": V("mq init q attempts=9"), "init of another": V("mq init q keep=1d lease=7m"), "pause": V("mq pause q"),
  "pause --push": V("mq pause q --push"), "resume": V("mq resume q"), "pop": POP})
W("a place for an answer", "mq init -q q; mkdir -p spool/q/replies/0123456789abcdef0123456789abcdef; ",
  {"reply": V("sh -c 'exec 9<spool/q/replies/0123456789abcdef0123456789abcdef; flock -s 9; exec mq reply q 0123456789abcdef0123456789abcdef -m one'"),
   "another": V("sh -c 'exec 9<spool/q/replies/0123456789abcdef0123456789abcdef; flock -s 9; exec mq reply q 0123456789abcdef0123456789abcdef -m two'")})

# ---- messages of one key ----
PARKED = "mq claim q --lease 1h >handle; mq pop q >body || :; "
W("the turn of a claim", INIT + KEYED + PARKED,
  {**holder(), **operator(force="--force"), "rm of the next": V("mq rm q $(cat two)", "two"), "mv of the next": V("mq mv q to $(cat two)"), "pop": POP, "claim": CLAIM, "later pop": LATER_POP,
   "push": V("mq push q -k a -m four"), "fsck": REPAIR})
W("the turn of a claim, nothing parked", INIT + KEYED + HOUR,
  {**holder(), **operator(force="--force"), "pop": POP, "later pop": LATER_POP, "hold all": V("mq hold q --all"), "push": V("mq push q -k a -m four")})
W("the turn of a claim whose lease is over", INIT + KEYED + "mq claim q --lease 1h >handle; mq pop q >body || :; mq extend -q q $(cat handle) 1ms; sleep 0.01; ",
  {**holder(), **operator(force="--force"), "pop": POP, "claim": CLAIM, "fsck": REPAIR}, over=True)
W("the turn of what must not fail again", "mq init -q q backoff=1h attempts=1; mq init -q to; " + KEYED + PARKED,
  {**holder(), "later pop": LATER_POP, "later claim": LATER_CLAIM, "pop": POP, "rm": operator(force="--force")["rm"]})
W("the turn of a dead letter that blocks", "mq init -q q backoff=1h attempts=1 order_dead=block; mq init -q to; " + KEYED + PARKED,
  {**holder(), "later pop": LATER_POP, "pop": POP, "rm": operator(force="--force")["rm"], "unblock": V("mq init q order_dead=skip")})
W("the turn of what waits for its next attempt", INIT + KEYED + PARKED + "mq nack -q q --delay=1h $(cat handle); ",
  {**operator(), "pop": POP, "later pop": LATER_POP, "later claim": LATER_CLAIM, "push": V("mq push q -k a -m four"), "fsck": REPAIR})
W("the turn of what expires", INIT + "mq push q -k a -x 1h -m one >one; mq push -q q -k a -m two; ", {"claim": CLAIM, "pop": POP, "later claim": LATER_CLAIM, "later pop": LATER_POP,
  "hold": operator()["hold"]}, expires=True)
W("the first turn", INIT + KEYED, {"claim": CLAIM, "pop": POP, **operator(), "hold all": V("mq hold q --all"), "mv all": V("mq mv q to --all"), "push": V("mq push q -k a -m four"), "fsck": REPAIR})
W("a turn that was left behind", INIT + KEYED + PARKED + "rm spool/q/claimed/*/*; ", {"pop": POP, "claim": CLAIM, "push": V("mq push q -k a -m four"), "fsck": REPAIR})
W("a dead letter of a key", INIT + KEYED + PARKED + "mq nack -q q --dead $(cat handle); ", {**operator(), "pop": POP, "claim": CLAIM, "mv back": V("mq mv q to --all --state dead")})
W("from one queue to another", INIT + KEYED + PARKED + "mq push -q to -k a -m other; ",
  {"mv all": V("mq mv q to --all", rejoins=True), "mv": V("mq mv q to --force $(cat one)", rejoins=True), "pop of the other": V("mq pop to", seeks=True), "ack": holder()["ack"], "pop": POP, "back": V("mq mv to q --all", rejoins=True)})

# ---- the latest of a key ----
LATEST = "mq init -q q latest=yes backoff=1h; mq init -q to; "
OLD_DEAD = LATEST + "mq push q -k a -m one >one; mq nack -q q --dead $(mq claim q); mq push q -k a -m two >two; mq claim q --lease 1h >handle; "
BACK = {"retry of the old": V("mq retry q --all", rejoins=True), "push": V("mq push q -k a -m three"), "pop": POP, "later pop": LATER_POP, "fsck": REPAIR}
W("the latest, claimed, and an old dead letter", OLD_DEAD, {**holder(body="two"), **operator("two", "two", "--force"), **BACK, "rm of the old": V("mq rm q $(cat one)", "one"), "mv of the old": V("mq mv q to $(cat one)")})
W("the latest, ready, and an old claim", LATEST + "mq push q -k a -m one >one; mq claim q --lease 1h >handle; mq push q -k a -m two >two; ",
  {**holder(), **operator("two", "two"), **BACK, "rm of the claim": V("mq rm q --force $(cat one)", "one")})
W("an old one from another queue", LATEST + "mq push q -k a -m one >one; mq mv -q q to --all; mq push q -k a -m two >two; mq claim q --lease 1h >handle; ",
  {"ack": holder(body="two")["ack"], "nack --dead": holder()["nack --dead"], "mv": operator("two", "two", "--force")["mv"], "rm": operator("two", "two", "--force")["rm"],
   "mv of the old": V("mq mv to q --all", rejoins=True), "pop": POP, "push": V("mq push q -k a -m three")})
W("the latest, pushed", LATEST + "printf 'four\\nfive\\n' >lines; mq push q -k a -m one >one; ", {**operator(), "push": V("mq push q -k a -m two"), "another push": V("mq push q -k a -m three"), "several": V("mq push q -k a -l <lines"),
  "pop": POP, "claim": CLAIM, "fsck": REPAIR})

# ---- topics ----
TOPIC = "mq init -q t; mq init -q a; mq init -q b; mq init -q c; mq subscribe -q t a; mq subscribe -q t b; "
# Each that comes to a topic may distribute what is there, besides what it is for.
TOPICAL = {"topics": V("mq topics -q", checks=True), "pop": V("mq pop a", seeks=True, several=True), "pop of another": V("mq pop b", seeks=True, several=True),
           "push": V("mq push t -m two", several=True), "subscribe": V("mq subscribe -q t c"), "unsubscribe": V("mq unsubscribe -q t a"), "fsck": V("mq fsck --repair", checks=True)}
W("what is to be distributed", TOPIC + "echo one >spool/t/new/file; ", TOPICAL)
W("what two queues share", TOPIC + "mq push t -m one >one; mq claim b >handle; mq nack -q b --no-count $(cat handle); ",
  {"pop": TOPICAL["pop"], "pop of another": TOPICAL["pop of another"], "mv": V("mq mv a b --all"), "rm": V("mq rm a --all --force", "one"), "hold": V("mq hold a --all"), "subscribe": TOPICAL["subscribe"]})

# ---- commands that are wrong, to see that it is found ----
PLANTED = f"{sys.executable} {os.path.dirname(os.path.abspath(__file__))}/planted.py "
W("the old order of latest", OLD_DEAD, {"ack": V(PLANTED + "ack q $(cat handle)", "two"), "retry": V(PLANTED + "retry q $(cat one)")}, first=["ack"], second=["retry"], planted="lost")
W("the old order of turns", INIT + KEYED + PARKED, {"nack --dead": V(PLANTED + "nack q $(cat handle)"), "nack --no-count": holder()["nack --no-count"]},
  first=["nack --dead"], second=["nack --no-count"], planted="order")

# ---- two users of a group's queue, and masks that hide all, or nothing ----
AS = "setpriv --reuid=%d --regid=%d --groups=8 "
ALICE, BOB = AS % (2001, 2001), AS % (2002, 2002)
SHARED = "printf '[defaults]\\nmode = 0660\\ngroup = mail\\n' >conf; chgrp 8 spool; chmod 2770 spool; umask 077; " + ALICE + "mq init -q q mode=0660 group=mail attempts=2 backoff=0s once=1d %s; " + ALICE + "mq init -q to mode=0660 group=mail; "
# All that bob can do; a status that is none of these would mean that alice is in the way.
ALL = r"""
set -eu
alright() { s=0; said=$("$@" 2>&1) || s=$?; case $s in 0|1) ;; *) echo "$*: exit $s: $said" >&2; exit 3 ;; esac; }
umask 077
alright mq push -q q -m plain; alright mq push -q -p 3 q -m x; alright mq push -q -d 1h q -m x; alright mq push -q -k a q -m x; alright mq push -q -k b q -m x
for k in a k; do alright mq push -q --id $k q -m x; done
alright mq stat q; alright mq ls q; alright mq ls; alright mq peek q; alright mq topics; alright mq wait q --ready --timeout 1ms; alright mq export q; alright mq fsck q
for i in 1 2 3 4 5 6; do
    handle=$(mq claim q) || { s=$?; [ $s = 1 ] && continue; echo "claim: exit $s" >&2; exit 3; }
    case $i in
    1) alright mq ack q $handle ;;
    2) alright mq nack q $handle ;;
    3) alright mq nack --dead --reason=no q $handle ;;
    4) alright mq nack --delay=1h q $handle ;;
    5) alright mq extend q $handle; alright mq nack --no-count q $handle ;;
    esac
done
alright mq pop q; alright mq hold q --all; alright mq mv q to --all --state held -n 1; alright mq retry q --all; alright mq work q --drain -n 3 -- true
alright mq bury q --all -n 1; alright mq rm q --all --force; alright mq fsck --repair
"""


def users(name, setup, command, policy="", masks=(0o077, 0o777, 0o022, 0)):
    setup = SHARED % policy + setup + "umask 022; cat >all <<'END'\n" + ALL + "END\n"
    alice = {f"{command.split(' && ')[-1]}, umask {m:03o}": V(f"sh -c 'umask {m:03o}; exec env MQ_CONF=conf {ALICE}{command}'") for m in masks}
    W(f"alice and bob: {name}", setup, {**alice, "bob": V(f"{BOB}sh all", several=True)}, group="users", first=list(alice), second=["bob"])


if os.geteuid() == 0:
    FULL = ALICE + "mq push -q q -m one; "
    users("push", "", "mq push q -m one")
    users("push of another priority", "", "mq push q -p 3 -m one")
    users("delayed push", "", "mq push q -d 1h -m one")
    users("keyed push", "", "mq push q -k a -m one", "latest=yes")
    users("push once", "", "mq push q --id k -m one")
    users("push to a new queue", "", "mq push fresh -m one")
    users("pop", FULL, "mq pop q")
    users("pop within limits", FULL, "mq pop q", "max_in_flight=5 rate=1000/s")
    users("keyed claim", ALICE + "mq push -q q -k a -m one; " + ALICE + "mq push -q q -k a -m two; ", "mq claim q")
    users("pop that parks", ALICE + "mq push -q q -k a -m one; " + ALICE + "mq push -q q -k a -m two; " + ALICE + "mq claim q --lease 1ms >handle; " + ALICE + "mq pop -q q >body || :; ", "mq pop q")
    users("nack", FULL + ALICE + "mq claim q >handle; ", "mq nack q --reason=text $(cat handle)")
    users("keep", FULL + ALICE + "mq claim q >handle; ", "mq ack q $(cat handle)", "keep=1d")
    users("mv", FULL, "mq mv q fresh --all")
    users("work", FULL, "mq work q --drain -- true")
    users("request", FULL, "mq request q --timeout 5ms -m one")
    users("subscribe", ALICE + "mq init -q t mode=0660 group=mail; ", "mq subscribe -q t q")
    users("init", "", "mq init q keep=1d")
    users("policy with a mode", "", "mq init q mode=0660")

# ---- a clock that steps by an hour, or after a suspend of ten minutes ----
CLOCKED = f"env LD_PRELOAD={CLOCK} CLOCK_FILE=clk "
STEPS = {f"{name}": V(f"sh -c 'echo {numbers} >clk'") for name, numbers in
         (("an hour forward", "0 3600 3600"), ("an hour back", "0 -3600 0"), ("a suspend of ten minutes", "0 600 600"), ("two hours forward", "0 7200 7200"))}


def clocked(name, setup, verbs, **kw):
    verbs = {n: Verb(CLOCKED + v.command, [b.decode() for b in v.ends], v.seeks, v.rejoins, v.checks) for n, v in verbs.items() if not v.late}
    W(f"a clock that steps: {name}", "echo 0 0 0 >clk; " + setup, {**verbs, **STEPS}, group="clock", first=list(verbs), second=list(STEPS), **kw)


if not os.environ.get("MQ_SAN"):
    ONCE = "mq init -q q attempts=1 backoff=1h; mq init -q to; "
    LONG = "mq claim q --lease 1d >handle; "
    clocked("a claim", ONCE + TWO + LONG, {**holder(), **operator(force="--force"), "fsck": REPAIR})
    clocked("what is ready", ONCE + TWO, {**operator(), "pop": POP, "claim": V("mq claim q --lease 1d", seeks=True), "work": WORK, "work on batches": V("mq work q --drain --batch 2 -- cat", seeks=True),
      "push": V("mq push q -m three"), "push once": V("mq push q --id k -m three"), "delayed push": V("mq push q -d 5h -m three"), "hold all": V("mq hold q --all"), "fsck": REPAIR})
    clocked("a dead letter", ONCE + TWO + "mq bury -q q $(cat one); ", {**operator(), "edit": V("env EDITOR='sed -i s/$/more/' mq edit q $(cat one)", "one")}, litter=("duplicate-id",))
    clocked("the turn of a claim", ONCE + KEYED + "mq claim q --lease 1d >handle; mq pop q >body || :; ", {**holder(), **operator(force="--force"), "pop": POP, "push": V("mq push q -k a -m four"), "fsck": REPAIR})
    clocked("the first turn", ONCE + KEYED, {"pop": POP, "claim": V("mq claim q --lease 1d", seeks=True), "work": WORK, "push": V("mq push q -k a -m four")})
    clocked("the latest", "mq init -q q latest=yes attempts=1; mq init -q to; mq push q -k a -m one >one; ", {"push": V("mq push q -k a -m two"), "pop": POP, **operator()})
    clocked("an archive", ONCE + TWO + "mq bury -q q $(cat two); mq export q >archive; rm -r spool/q; mq init -q q; ", {"import": V("mq import q <archive", rejoins=True)})
    clocked("a topic", TOPIC + "echo one >spool/t/new/file; ", {k: TOPICAL[k] for k in ("topics", "pop", "push", "subscribe", "fsck")})
