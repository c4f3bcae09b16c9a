"""The table of an engine's capabilities, for its manual page."""

from .peer import Fail

WHAT = (("push", "push, confirmed"), ("max-body", "bytes of a body at most"),
        ("min-body", "bytes of a body at least"), ("headers", "headers at most"),
        ("batch", "pushes in one request"), ("order", "stored in the order of the pushes"),
        ("delay", "delayed pushes, ms at most"), ("priority", "priorities"), ("expiry", "expiry"),
        ("key", "order keys"), ("once", "once, for seconds"), ("dedup", "one id is stored once"),
        ("take", "take and settle"), ("token", "who may settle a claim"),
        ("partitions", "consumers share partitions"),
        ("fenced", "a lost claim is told"), ("lease", "leases, ms at most"),
        ("stay", "claims outlast a lost connection"),
        ("extend", "extended by, ms at most"), ("nack-delay", "back with a delay, ms at most"),
        ("attempts", "failed attempts are kept"), ("deliveries", "deliveries are counted"),
        ("dead", "dead letters"), ("retry", "retry of all dead letters"),
        ("retry-one", "retry of one"), ("list", "states that can be listed"),
        ("stat", "numbers"), ("approx", "numbers are estimates"), ("queues", "queues are listed"),
        ("make", "queues are made"), ("durable", "survives a power failure"),
        ("retention", "kept for, seconds"))
ANY = {"delay", "lease", "extend", "nack-delay", "once"}


def claimed(caps, name):
    if name not in caps:
        return "any" if name in ("headers", "max-body") else "no"
    if name in ANY and caps[name] == "0":
        return "any"
    return caps[name].replace(",", ", ") or "yes"


def tried(results, name):
    ends = [end for caps, end in results if name in caps]
    if any(isinstance(end, Fail) for end in ends):
        return "fails"
    return "tried" if any(end is None for end in ends) else ""


def table(caps, results):
    yield '.Bl -column "bytes of a body at most" "ready, claimed, delayed, dead" "tried"'
    yield ".It Sy Capability Ta Sy Here Ta Sy \\&"
    for name, what in WHAT:
        yield ".It %s Ta %s Ta %s" % (what, claimed(caps, name), tried(results, name) or "\\&")
    yield ".El"
