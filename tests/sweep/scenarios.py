"""The commands that are swept: what makes their spool, and where each message is before and after."""
import os

GONE = None


class Scenario:
    """name; shell commands that make the spool; the command; {body: (before, after, in between...)}.

    reads: it changes nothing.  or_else: where a message may be after exit 0, too, when an error came.
    broken: not mq, but a program with a fault that must be found.
    edits: the bodies are versions of one message: there is always one, a crash may leave both.
    asks: it withdraws what it pushed, and exits so.  answers: what is in the place PLACE after exit 0, or when the message is gone.
    links: a message has several places, in lists; a command that completes what was interrupted.
    again: whatever became of it, the same command ends with 0 afterwards, and each message is where it belongs, once.
    """

    def __init__(self, name, setup, command, places, stdin="", reads=False, or_else=(), broken=False, edits=False, asks=None, answers=None, links=None, again=False):
        self.asks, self.answers, self.links, self.again = asks, answers, links, again
        self.name, self.setup, self.command, self.stdin = name, setup, command, stdin
        self.places = {b.encode(): p for b, p in places.items()}
        self.reads, self.or_else, self.broken, self.edits = reads, or_else, broken, edits
        self.pushes = not edits and not links and asks is None and any(p[0] is GONE for p in places.values())


def S(*args, **kw):
    SCENARIOS.append(Scenario(*args, **kw))


SCENARIOS = []
INIT = "mq init q backoff=0s attempts=2; mq init to; "
HANDLE = "$(cat handle)"
CLAIM = INIT + "mq push -q q -m one; mq push -q q -m two; mq claim q >handle; "
FAILED = CLAIM + "mq nack q --reason=first " + HANDLE + "; mq hold -q q --all; mq retry -q q --all --keep-attempts; "
READY, CLAIMED = "q/ready", "q/claimed"
TWO = ("q/ready", "q/ready")

# ---- push ----
S("push", INIT, "mq push q -m one", {"one": (GONE, READY)})
S("push to a new spool", "rm -r spool", "mq push q -m one", {"one": (GONE, READY)})
S("push to a new queue", "mq init other", "mq push q -m one", {"one": (GONE, READY)})
S("push with all options", INIT, "mq push q -p 0 -d 1h -x 2h -H 'A: b'", {"one": (GONE, "q/delayed")}, "one")
S("push a file", INIT + "echo one >file; ", "mq push q file", {"one\n": (GONE, READY)})
S("push lines", INIT, "mq push q -l", {"one": (GONE, READY), "two": (GONE, READY)}, "one\ntwo\n")
S("push many", INIT, "mq push q -l", {f"m{n}": (GONE, READY) for n in range(18)}, "".join(f"m{n}\n" for n in range(18)))
S("push a batch at once", INIT, "mq push q -l --atomic", {"one": (GONE, READY), "two": (GONE, READY)}, "one\ntwo\n")
S("push a delayed batch at once", INIT, "mq push q -l --atomic -d 1h",
  {"one": (GONE, "q/delayed"), "two": (GONE, "q/delayed")}, "one\ntwo\n")
S("push to a limited queue", INIT + "mq init q max_messages=2; mq push -q q -m one; ", "mq push q -m two", {"one": TWO, "two": (GONE, READY)})
if os.geteuid() == 0:
    NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups "
    S("push to a drop box", INIT + "mq init q mode=0602; ", NOBODY + "mq push q -m one", {"one": (GONE, "q/new")})
    S("push lines to a drop box", INIT + "mq init q mode=0602; ", NOBODY + "mq push q -l", {"one": (GONE, "q/new"), "two": (GONE, "q/new")}, "one\ntwo\n")
ONCE = INIT + "mq push -q q --id k/1 -m one; "
OLD_MARKER = "for f in spool/q/once/*/=k*; do ln -sfn 20200101T000000.000000Z,016f5e66-e800-7000-8000-000000000000,s3 $f; done; "
UNFINISHED = "mv spool/q/ready/*/* spool/q/once/??/; "
S("push once", INIT, "mq push q --id k/1 -m one", {"one": (GONE, READY, "q/once")}, again=True)
S("push once and later", INIT, "mq push q --id k/1 -d 1h -m one", {"one": (GONE, "q/delayed", "q/once")}, again=True)
S("push once more", ONCE, "mq push q --id k/1 -m one", {"one": TWO}, again=True)
S("push what was not finished", ONCE + UNFINISHED, "mq push q --id k/1 -m one", {"one": ("q/once", READY)}, again=True)
S("push after the time of the key", ONCE + OLD_MARKER, "mq push q --id k/1 -m two", {"one": TWO, "two": (GONE, READY, "q/once")}, again=True)
S("repair of what was not finished", ONCE + UNFINISHED, "mq fsck q --repair", {"one": ("q/once", READY)})
# ---- consumers ----
S("pop", INIT + "mq push -q q -m one; ", "mq pop q", {"one": (READY, GONE, CLAIMED)})
S("pop many", INIT + "mq push -q q -m one; mq push -q q -m two; ", "mq pop q -n 2 -l",
  {"one": (READY, GONE, CLAIMED), "two": (READY, GONE, CLAIMED)})
S("pop and keep", INIT + "mq init q keep=1d; mq push -q q -m one; ", "mq pop q", {"one": (READY, "q/done", CLAIMED)}, or_else=(GONE,))
S("claim", INIT + "mq push -q q -m one; ", "mq claim q", {"one": (READY, CLAIMED)})
S("claim of a dropped file", INIT + "echo one >spool/q/new/file; ", "mq claim q", {"one\n": ("q/new", CLAIMED, READY)})
S("claim what is due", INIT + "mq push -q q -d 1ms -m one; sleep 0.01; ", "mq claim q", {"one": ("q/delayed", CLAIMED, READY)})
S("claim what has lapsed", INIT + "mq push -q q -m one; mq claim q --lease 1ms >/dev/null; sleep 0.01; ", "mq claim q",
  {"one": (CLAIMED, CLAIMED, READY, "q/delayed")})
S("a claim lapses for the last time", INIT + "mq init q attempts=1; mq push -q q -m one; mq push -q q -m two; "
  "mq claim q --lease 1ms >/dev/null; sleep 0.01; ", "mq claim q", {"one": (CLAIMED, "q/dead"), "two": (READY, CLAIMED)}, or_else=(CLAIMED,))
S("claim with what has expired", INIT + "mq init q expired=dead; mq push -q q -x 1ms -m one; mq push -q q -m two; sleep 0.01; ",
  "mq claim q", {"one": (READY, "q/dead"), "two": (READY, CLAIMED)}, or_else=(READY,))
S("ack", CLAIM, "mq ack q " + HANDLE, {"one": (CLAIMED, GONE), "two": TWO})
S("ack and keep", CLAIM + "mq init q keep=1d; ", "mq ack q " + HANDLE, {"one": (CLAIMED, "q/done"), "two": TWO}, or_else=(GONE,))
S("nack", CLAIM, "mq nack q --reason=text " + HANDLE, {"one": (CLAIMED, READY, "q/delayed"), "two": TWO})
S("nack with a delay", CLAIM, "mq nack q --delay=1h " + HANDLE, {"one": (CLAIMED, "q/delayed"), "two": TWO})
S("nack uncounted", CLAIM, "mq nack q --no-count " + HANDLE, {"one": (CLAIMED, READY), "two": TWO})
S("nack for the last time", CLAIM, "mq nack q --dead " + HANDLE, {"one": (CLAIMED, "q/dead"), "two": TWO})
S("nack to a dead-letter queue", CLAIM + "mq init q dead_queue=to; ", "mq nack q --dead " + HANDLE,
  {"one": (CLAIMED, "to/ready"), "two": TWO}, or_else=("q/dead",))
S("extend", CLAIM, "mq extend q " + HANDLE + " 2h", {"one": (CLAIMED, CLAIMED), "two": TWO})
S("extend below the bucket", INIT + "mq push -q q -m one; mq claim --lease 1h q >handle; ", "mq extend q " + HANDLE + " 1m",
  {"one": (CLAIMED, CLAIMED)})
# ---- work: what is acknowledged was printed by its handler ----
S("work", INIT + "mq push -q q -m one; mq push -q q -m two; ", "mq work q --drain -- cat",
  {"one": (READY, GONE, CLAIMED), "two": (READY, GONE, CLAIMED)})
S("work with headers", INIT + "mq push -q q -H 'A: b' -m one; ", "mq work q --drain -- cat",
  {"one": (READY, GONE, CLAIMED, "q/delayed")}, or_else=("q/delayed", "q/dead"))
S("work that fails", INIT + "mq push -q q -m one; mq push -q q -m two; ", "mq work q --drain -- sh -c 'echo no >&2; exit 1'",
  {"one": (READY, "q/dead", CLAIMED, "q/delayed"), "two": (READY, "q/dead", CLAIMED, "q/delayed")})
S("work that gives up", INIT + "mq push -q q -m one; ", "mq work q --drain -- sh -c 'exit 65'",
  {"one": (READY, "q/dead", CLAIMED)})
BOTH = "mq push -q q -m one; mq push -q q -m two; "
OVER = {"one": (READY, GONE, CLAIMED), "two": (READY, GONE, CLAIMED)}
FAILS = {"one": (READY, "q/dead", CLAIMED, "q/delayed"), "two": (READY, GONE, CLAIMED)}
S("work on batches", INIT + BOTH, "mq work q --drain --batch 2 -- cat", OVER)
S("work on batches of files", INIT + BOTH, "mq work q --drain --batch 2 -- sh -c 'cat {}/*'", OVER)
S("work on a batch that fails", INIT + BOTH, "mq work q --drain --batch 2 -- sh -c 'read n; [ $n = two ] && echo two'", FAILS, or_else=("q/dead", GONE))   # the first of a batch decides: which one that is may differ after an error
S("work on a batch with reports", INIT + BOTH, "mq work q --drain --batch 2 -- sh -c 'cat; echo ${MQ_IDS%% *} dead >&3; exit 0'",
  {"one": (READY, "q/dead", CLAIMED), "two": (READY, GONE, CLAIMED)}, or_else=("q/dead", GONE))
STAY = "sh -c 'while read -r id h b x; do t=$(head -c $b); echo $t >&4; %s; done' 4>&1"
S("work with a handler that stays", INIT + BOTH, "mq work q --drain --persistent -- " + STAY % "echo $id ok", OVER)
S("work with a handler that stays and dies", INIT + BOTH, "mq work q --drain --persistent -- " + STAY % "[ $t = two ] || exit 1; echo $id ok", FAILS, or_else=("q/dead",))
# ---- messages of one key ----
KEYS = INIT + "mq push -q q -k a -m one; mq push -q q -k a -m two; "
WAITING = "q/waiting"
WAITS = KEYS + "mq claim q >handle; mq work q --drain -- cat; "
S("push with a key", INIT, "mq push q -k a -m one", {"one": (GONE, READY)})
S("claim with a key", KEYS, "mq claim q", {"one": (READY, CLAIMED), "two": TWO})
S("pop with a key", KEYS, "mq pop q", {"one": (READY, GONE, CLAIMED), "two": TWO})
S("work that has to park", KEYS + "mq claim q >handle; ", "mq work q --drain -- cat", {"one": (CLAIMED, CLAIMED), "two": (READY, WAITING)})
S("ack that passes the turn", WAITS, "mq ack q " + HANDLE, {"one": (CLAIMED, GONE), "two": (WAITING, READY)}, or_else=(WAITING,))
S("nack that keeps the turn", WAITS, "mq nack q --delay=1h " + HANDLE, {"one": (CLAIMED, "q/delayed"), "two": (WAITING, WAITING)})
S("nack that passes the turn", WAITS, "mq nack q --dead " + HANDLE, {"one": (CLAIMED, "q/dead"), "two": (WAITING, READY)}, or_else=(WAITING,))
S("nack that blocks a key", WAITS + "mq init q order_dead=block; ", "mq nack q --dead " + HANDLE, {"one": (CLAIMED, "q/dead"), "two": (WAITING, WAITING)})
S("hold of what has the turn", WAITS + "mq nack q --delay=1h " + HANDLE + "; ", "mq hold q --state delayed", {"one": ("q/delayed", "q/held"), "two": (WAITING, READY)}, or_else=(WAITING,))
S("work of one key", KEYS, "mq work q --drain -- cat", {"one": (READY, GONE, CLAIMED, "q/delayed"), "two": (READY, GONE, CLAIMED, WAITING, "q/delayed")},
  or_else=("q/delayed", "q/dead"))
S("claim of a turn that was left behind", WAITS + "rm spool/q/claimed/*/*; mq push -q q -k a -m three; ", "mq claim q",
  {"two": (WAITING, CLAIMED, READY), "three": (READY, READY, WAITING)}, or_else=(WAITING,))
S("repair of a turn that was left behind", WAITS + "rm spool/q/claimed/*/*; ", "mq fsck q --repair", {"two": (WAITING, READY)})
S("push of the latest", INIT + "mq init q latest=yes; mq push -q q -k a -m one; ", "mq push q -k a -m two", {"one": (READY, GONE), "two": (GONE, READY)}, or_else=(READY,))
LATEST = INIT + "mq init q latest=yes; "
REPLACED = {"one": (READY, GONE), "two": (GONE, GONE, READY), "three": (GONE, READY)}
S("push of several, of which the latest stays", LATEST + "mq push -q q -k a -m one; ", "mq push q -l -k a", REPLACED, "two\nthree\n", or_else=(READY,))
S("push of several at once, of which the latest stays", LATEST + "mq push -q q -k a -m one; ", "mq push q -l -k a --atomic", REPLACED, "two\nthree\n", or_else=(READY,))
OBSOLETE = LATEST + "mq push -q q -k a -m one; mq claim q --lease 1h >handle; mq push -q q -k a -m two; "
S("nack of what was replaced", OBSOLETE, "mq nack q --delay=1h " + HANDLE, {"one": (CLAIMED, GONE, READY), "two": TWO}, or_else=(READY, "q/delayed"))
S("nack uncounted of what was replaced", OBSOLETE + "mq work q --drain -- cat; ", "mq nack q --no-count --delay=1h " + HANDLE,
  {"one": (CLAIMED, GONE, READY), "two": (WAITING, READY)}, or_else=(READY, WAITING, "q/delayed"))
S("claim after the lease of what was replaced", LATEST + "mq push -q q -k a -m one; mq claim q --lease 1ms >/dev/null; mq push -q q -k a -m two; sleep 0.01; ",
  "mq claim q", {"one": (CLAIMED, GONE, READY), "two": (READY, CLAIMED)}, or_else=(CLAIMED, READY, WAITING, "q/delayed"))
S("mv of several to where the latest is kept", INIT + "mq init to latest=yes; mq push -q q -k a -m one; mq push -q q -k a -m two; ", "mq mv -q q to --all",
  {"one": (READY, GONE, "to/ready"), "two": (READY, "to/ready")}, or_else=("to/ready",))
S("mv to where an older one waits", INIT + "mq init to latest=yes; mq push -q to -k a -m one; mq push -q q -k a -m two; ", "mq mv -q q to --all",
  {"one": ("to/ready", GONE), "two": (READY, "to/ready")}, or_else=("to/ready",))
S("retry of what was replaced", LATEST + "mq push -q q -k a -m one; mq nack q --dead $(mq claim q); mq push -q q -k a -m two; ", "mq retry -q q --all",
  {"one": ("q/dead", GONE, READY), "two": TWO}, or_else=(READY,))
# ---- ask and answer ----
S("request that nobody answers", INIT, "mq request q --timeout 5ms -m one", {"one": (GONE, GONE, READY)}, or_else=(READY,), asks=1)
# The place is there before the request is read, so the answer can be, too.
ASKER = """mkfifo fifo
(exec 3>fifo; until mq reply q "$(ls spool/q/replies)" -m answer || ! grep -qs '^State:.[^ZX]' /proc/$$/status; do sleep 0.01; done; printf one >&3) >/dev/null 2>&1 &
exec mq request q --timeout 20s <fifo
"""
S("request that is answered", INIT + f"cat >asker <<'END'\n{ASKER}END\n", "sh asker", {"one": (GONE, READY)}, asks=0)
PLACE = "q/replies/0123456789abcdef0123456789abcdef"
WAITED = f"mkdir -p spool/{PLACE}; "
REQUEST = INIT + WAITED + "mq push -q q -H 'Reply-To: " + PLACE[-32:] + "' -m one; "
AWAITED = f"sh -c 'exec 9<spool/{PLACE}; flock 9; exec mq %s'"
S("reply", INIT + WAITED, AWAITED % f"reply q {PLACE[-32:]} -m answer", {}, answers="answer")
S("reply too late", INIT + WAITED, f"mq reply q {PLACE[-32:]} -m answer", {}, asks=69)
S("work with answers", REQUEST, AWAITED % "work q --drain --reply -- cat",
  {"one": (READY, GONE, CLAIMED, "q/delayed")}, or_else=("q/delayed", "q/dead"), answers="one")
S("work that answers with a failure", REQUEST, AWAITED % 'work q --drain --reply -- sh -c "exit 65"', {"one": (READY, "q/dead", CLAIMED)})
S("work on two queues", INIT + "mq push -q to -m one; mq push -q q -m two; ", "mq work --drain to q -- cat",
  {"one": ("to/ready", GONE, "to/claimed"), "two": (READY, GONE, CLAIMED)})
S("work behind a breaker", INIT + "mq init q breaker=1,200ms; mq push -q q -m one; mq push -q q -m two; ", "mq work -j2 -n 2 q -- sh -c 'exit 1'",
  {"one": (READY, READY, CLAIMED, "q/delayed", "q/dead"), "two": (READY, READY, CLAIMED, "q/delayed", "q/dead")}, or_else=("q/delayed",))
# ---- flow ----
FLOW = INIT + "mq init q max_in_flight=2 rate=1000/s single=yes; mq push -q q -m one; "
S("claim within limits", FLOW, "mq claim q", {"one": (READY, CLAIMED)})
S("pop within limits", FLOW, "mq pop q", {"one": (READY, GONE, CLAIMED)})
S("claim beyond the limit, given back", INIT + "mq push -q q -m one; mq push -q q -m two; mq claim --lease 400ms q >handle; rm spool/q/counters; "
  "printf '[defaults]\\nmax_in_flight = 1\\n' >limit.conf; ", "env MQ_CONF=limit.conf mq claim --wait=20s q",
  {"one": (CLAIMED, CLAIMED, READY), "two": (READY, READY, CLAIMED)}, or_else=(CLAIMED, READY))
# ---- operators ----
S("retry", CLAIM + "mq nack q --dead " + HANDLE + "; ", "mq retry q --all", {"one": ("q/dead", READY), "two": TWO})
S("retry of a delayed one", INIT + "mq push -d 1h q -m one >id; ", "mq retry q $(cat id)", {"one": ("q/delayed", READY)})
S("bury", INIT + "mq push q -m one >id; mq push -q q -m two; ", "mq bury q $(cat id)", {"one": (READY, "q/dead"), "two": TWO})
S("hold", INIT + "mq push q -m one >id; mq push -q q -m two; ", "mq hold q $(cat id)", {"one": (READY, "q/held"), "two": TWO})
S("rm", INIT + "mq push q -m one >id; mq push -q q -m two; ", "mq rm q $(cat id)", {"one": (READY, GONE), "two": TWO})
S("mv", INIT + "mq push q -m one >id; mq push -q q -m two; ", "mq mv q to $(cat id)", {"one": (READY, "to/ready"), "two": TWO})
S("mv to a new queue", INIT + "mq push q -m one >id; ", "mq mv q fresh $(cat id)", {"one": (READY, "fresh/ready")})
S("mv of a dead letter", CLAIM + "mq nack q --dead " + HANDLE + "; ", "mq mv q to --state dead", {"one": ("q/dead", "to/dead"), "two": TWO})
S("edit", INIT + "mq push q -m one >id; mq hold -q q --all; ", "env EDITOR='sed -i s/$/more/' mq edit q $(cat id)",
  {"one": ("q/held", GONE), "onemore": (GONE, "q/held")}, edits=True)
# ---- topics: places are all that a message has, before and after; see judge_links() of spool.py ----
TOPIC = INIT + "mq init t backoff=0s keep=1d; mq subscribe t q; "
BOTH = TOPIC + "mq subscribe t to; mq init t keep=no; "
FANNED = ([], ["q/ready", "to/ready"])
CAUGHT = {"one": (["q/ready", "t/done"], ["q/ready", "t/done", "to/ready"])}
S("push to a topic", BOTH, "mq push t -m one", {"one": FANNED}, links="mq topics -q")
S("push lines to a topic", BOTH, "mq push t -l", {"one": FANNED, "two": FANNED}, "one\ntwo\n", links="mq topics -q")
S("push to a topic that nobody subscribes to", TOPIC + "mq unsubscribe t q; ", "mq push t -m one", {"one": ([], ["t/held"])}, links="mq topics -q")
S("distribute what was dropped", BOTH + "echo one >spool/t/new/file; ", "mq topics -q", {"one\n": (["t/new"], ["q/ready", "to/ready"])}, links="mq topics -q")
S("subscribe", INIT + "mq push -q q -m two; ", "mq subscribe t q", {"two": TWO})
S("subscribe to the past", TOPIC + "mq push -q t -m one; ", "mq subscribe -q t to --since 1h", CAUGHT, links="mq subscribe -q t to --since 1h")
S("subscribe to what nobody wanted", TOPIC + "mq unsubscribe t q; mq push -q t -m one; mq init t keep=no; ", "mq subscribe -q t to --since 1h",
  {"one": (["t/held"], ["to/ready"])}, links="mq subscribe -q t to --since 1h")
S("unsubscribe", TOPIC + "mq push -q q -m two; ", "mq unsubscribe t q", {"two": TWO})
S("replay", INIT + "mq init q keep=1d; mq push -q q -m one; mq pop -q q >body; ", "mq replay -q q --all", {"one": (["q/done"], ["q/done", "q/ready"])},
  links="true")
S("replay to another queue", INIT + "mq init q keep=1d; mq push -q q -m one; mq pop -q q >body; ", "mq replay -q q --all --to fresh",
  {"one": (["q/done"], ["fresh/ready", "q/done"])}, links="true")
# ---- moving house ----
EVERY = ("mq init -q from; mq push q -m one >one; mq push -q q -m two; mq push -q q -d 1h -H 'A: b' -m three; mq bury -q q $(cat one) --reason=why; ")
ARCHIVE = INIT + EVERY + "mq export q >archive; rm -r spool/q; mq init q; "
ARRIVED = {"one": (GONE, "q/dead"), "two": (GONE, READY), "three": (GONE, "q/delayed")}
S("import", ARCHIVE, "mq import q <archive", ARRIVED)
S("import to a new queue", INIT + EVERY + "mq export q >archive; rm -r spool/q; ", "mq import q <archive", ARRIVED)
S("import many", INIT + "seq -f m%g 0 17 | mq push -q -l q; mq export q >archive; rm -r spool/q; mq init q; ", "mq import q <archive",
  {f"m{n}": (GONE, READY) for n in range(18)})
S("import once more", INIT + EVERY + "mq export q >archive; ", "mq import q <archive",
  {"one": ("q/dead", "q/dead"), "two": TWO, "three": ("q/delayed", "q/delayed")})
# ---- programs that are wrong, to see that it is found ----
IN_PLACE = "b=$(echo spool/q/ready/5*); printf one >$b/${b#*.},01a1fd8d-186b-7c8b-a836-f4f938e4f30c,s3"
S("a producer that writes in place", INIT, f"sh -c '{IN_PLACE}'", {"one": (GONE, READY)}, broken=True)
S("a producer that does not look at errors", INIT, f"sh -c 'mq ls >/dev/null; {IN_PLACE} 2>/dev/null; exit 0'",
  {"one": (GONE, READY)}, broken=True)
# ---- policy ----
S("init", INIT + "mq push -q q -m two; ", "mq init q attempts=7", {"two": TWO})
S("init with a mode", INIT + "mq push -q q -m two; ", "mq init q mode=0660", {"two": TWO})
S("pause", INIT + "mq push -q q -m two; ", "mq pause q", {"two": TWO})
S("resume", INIT + "mq push -q q -m two; mq pause q; ", "mq resume q", {"two": TWO})
# ---- repairs ----
S("repair of a torn message", INIT + "mq push -q q -m one; mq push -q q -m two; for f in spool/q/ready/*/*; do printf more >>$f; break; done; ",
  "mq fsck q --repair", {"onemore": (READY, "q/dead"), "two": TWO})
S("repair of fields and places", CLAIM + "for f in spool/q/claimed/*/*; do mv $f $(echo spool/q/ready/5*); done; ",
  "mq fsck q --repair", {"one": (READY, READY), "two": TWO})
S("repair of directories", INIT + "mq push -q q -m two; rmdir spool/q/held/* spool/q/dead/* spool/q/dead spool/q/done/*; "
  "mkdir spool/q/ready/+3.20260101T000000.000000Z", "mq fsck q --repair", {"two": TWO})
# ---- what only reads ----
FULL = CLAIM + "mq push q -d 1h -m three >/dev/null; mq push q -m four >four; mq bury -q q $(cat four); "
HELD = {"one": (CLAIMED, CLAIMED), "two": TWO, "three": ("q/delayed", "q/delayed"), "four": ("q/dead", "q/dead")}
for argv in ("mq ls --ids q", "mq ls", "mq peek q", "mq peek q $(cat four)", "mq show --json q $(cat four)", "mq dead --ids q", "mq stat --json q", "mq config q",
             "mq wait --ready q", "mq fsck q", "mq export q"):
    S(argv, FULL, argv, HELD, reads=True)
