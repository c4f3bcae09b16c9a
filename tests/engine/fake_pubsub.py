#!/usr/bin/env python3
"""
A fake of Google Pub/Sub, for the tests of mq-engine-pubsub: its REST interface (v1) on loopback, in
memory.

    fake_pubsub.py [--port N] [--account EMAIL KEY-ID PUBLIC.pem]... [--hold SECONDS] [--tls CERT KEY]

With --account it wants a token that such a service account signed, as the service does; without one
it is like the emulator, and asks nobody who he is.

What it proves: that tokens are signed with RS256 (openssl verifies each), for the right audience, and
are not too old; that limits are kept (attributes, sizes of messages, requests and acknowledgements),
for it refuses what Pub/Sub documents to refuse; that ordering keys are kept in order; that nothing
is lost when the server throttles, breaks, or closes a connection.

What it does not prove: that the service is as its documentation says. It was written from that, not
from the service. It has no rights, no filters, no push, no seek, no retention; it delivers a
subscription without ordering keys in random order, but never twice.
"""

import argparse
import base64
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from datetime import datetime, timezone

sys.dont_write_bytecode = True
from fake_http import Handler, serve

AUDIENCE = "https://pubsub.googleapis.com/"
REQUEST_MAX = 10 * 1000 * 1000
ACKS_MAX = 524288
NAME = r"[A-Za-z][A-Za-z0-9_.~+%-]{2,254}"
CODES = {"INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403,
         "NOT_FOUND": 404, "ALREADY_EXISTS": 409, "RESOURCE_EXHAUSTED": 429, "INTERNAL": 500, "UNAVAILABLE": 503}


class Refused(Exception):
    def __init__(self, status, text, details=None):
        super().__init__(text)
        self.status, self.text, self.details = status, text, details


# ---- tokens ------------------------------------------------------------------


def unbase64url(text):
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text):
        raise Refused("UNAUTHENTICATED", "the token is no JWT")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verify(public, data, signature):
    with tempfile.NamedTemporaryFile() as f:
        f.write(signature)
        f.flush()
        return subprocess.run(["openssl", "dgst", "-sha256", "-verify", public, "-signature", f.name], input=data,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def check_token(header, state, now):
    form = re.fullmatch(r"Bearer ([^.]+)\.([^.]+)\.([^.]+)", header or "")
    if form is None:
        raise Refused("UNAUTHENTICATED", "Request is missing required authentication credential.")
    head, claims = (json.loads(unbase64url(part)) for part in form.groups()[:2])
    email, kid, public = state.accounts.get(claims.get("iss"), (None, None, None))
    if head != {"alg": "RS256", "typ": "JWT", "kid": kid} or claims.get("sub") != email or claims.get("aud") != AUDIENCE:
        raise Refused("UNAUTHENTICATED", "Request had invalid authentication credentials.")
    if not (claims["iat"] <= now + 60 and now < claims["exp"] <= claims["iat"] + 3600):
        raise Refused("UNAUTHENTICATED", "the token is not valid now")
    if header not in state.verified:
        signed = header[len("Bearer "):].rpartition(".")[0].encode()
        if not verify(public, signed, unbase64url(form.group(3))):
            raise Refused("UNAUTHENTICATED", "Request had invalid authentication credentials.")
        state.verified.add(header)


# ---- messages ----------------------------------------------------------------


def check_message(m):
    attributes, key = m.get("attributes", {}), m.get("orderingKey", "")
    data = base64.b64decode(m.get("data", ""), validate=True)
    if not data and not attributes:
        raise Refused("INVALID_ARGUMENT", "A message must have either data or at least one attribute.")
    if len(attributes) > 100:
        raise Refused("INVALID_ARGUMENT", "The message has more than 100 attributes.")
    for name, value in attributes.items():
        if not 1 <= len(name.encode()) <= 256 or name.startswith("goog") or len(value.encode()) > 1024 or not value:
            raise Refused("INVALID_ARGUMENT", "The attribute %r is invalid." % name)
    if len(key.encode()) > 1024:
        raise Refused("INVALID_ARGUMENT", "The ordering key is too long.")
    if len(data) > REQUEST_MAX:
        raise Refused("INVALID_ARGUMENT", "The value for message_size is too large.")
    if b"POISON" in data:
        raise Refused("INVALID_ARGUMENT", "This message is refused, as a test asked for.")


class Held:
    """A message in a subscription."""

    def __init__(self, message):
        self.message = message
        self.key = message.get("orderingKey")
        self.ack, self.until, self.visible, self.attempts = None, 0.0, 0.0, 0

    def flying(self, now):
        return self.ack is not None and self.until > now


class Subscription:
    def __init__(self, name, spec):
        deadline = spec.get("ackDeadlineSeconds", 10)
        if not 10 <= deadline <= 600:
            raise Refused("INVALID_ARGUMENT", "ackDeadlineSeconds has to be between 10 and 600")
        self.spec = dict({"name": name, "ackDeadlineSeconds": deadline, "messageRetentionDuration": "604800s",
                          "state": "ACTIVE"}, **spec)
        self.ordered = spec.get("enableMessageOrdering", False)
        self.exact = spec.get("enableExactlyOnceDelivery", False)
        self.held = []

    def settle_time(self, now):
        """What was not acknowledged in time comes again, and all that follows it with its key."""
        again = set()
        for h in self.held:
            if h.ack and not h.flying(now):
                h.ack = None
                if self.ordered and h.key:
                    again.add(h.key)
            elif h.ack and self.ordered and h.key in again:
                h.ack = None

    def pull(self, n):
        now, got, blocked = time.monotonic(), [], set()
        self.settle_time(now)
        ready = list(self.held)
        if not self.ordered:
            random.shuffle(ready)
        for h in ready:
            if len(got) == n:
                break
            if h.ack or h.visible > now or (self.ordered and h.key in blocked):
                if self.ordered and h.key and not h.ack:
                    blocked.add(h.key)
                continue
            h.ack = "%s:%s_%d" % (uuid.uuid4().hex, "x" * 150, h.attempts)
            h.until, h.attempts = now + self.spec["ackDeadlineSeconds"], h.attempts + 1
            got.append(h)
        return got

    def find(self, acks):
        """The messages of these ids; what is wrong with the others."""
        now, by_ack, bad = time.monotonic(), {h.ack: h for h in self.held if h.ack}, {}
        for ack in acks:
            if not re.fullmatch(r"[0-9a-f]{32}:x{150}_\d+", ack):
                raise Refused("INVALID_ARGUMENT", "You have passed an invalid ack ID to the service (ack_id=%s)." % ack)
            if ack not in by_ack or not by_ack[ack].flying(now):
                bad[ack] = "PERMANENT_FAILURE_INVALID_ACK_ID"
        return [by_ack[a] for a in acks if a not in bad], bad

    def complain(self, bad):
        if bad and self.exact:
            raise Refused("FAILED_PRECONDITION", "Some acknowledgement ids in the request were invalid.",
                          [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "pubsub.googleapis.com",
                            "reason": "EXACTLY_ONCE_ACKID_FAILURE", "metadata": bad}])

    def acknowledge(self, acks):
        found, bad = self.find(acks)
        for h in found:
            self.held.remove(h)
        self.complain(bad)

    def modify(self, acks, seconds):
        if not 0 <= seconds <= 600:
            raise Refused("INVALID_ARGUMENT", "ackDeadlineSeconds has to be between 0 and 600")
        found, bad = self.find(acks)
        for h in found:
            h.until = time.monotonic() + seconds
        self.settle_time(time.monotonic())
        self.complain(bad)


# ---- the interface -------------------------------------------------------------


class State:
    def __init__(self, accounts, hold):
        self.accounts = {a[0]: a for a in accounts}
        self.hold = hold
        self.verified = set()
        self.topics = {}
        self.subs = {}
        self.number = 0
        self.changed = threading.Condition()


class PubSub(Handler):
    def action(self, method):
        parts = self.path.partition("?")[0].split("/")[4:]
        return "%s %s" % (method, "/".join(re.sub("^[^:]*", "X", part) if i == 1 else part
                                           for i, part in enumerate(parts)))

    def act(self, method, action, body):
        state = self.server.state
        try:
            if state.accounts:
                check_token(self.headers.get("Authorization"), state, self.server.faults.now())
            if len(body) > REQUEST_MAX:
                raise Refused("INVALID_ARGUMENT", "The request has %d bytes." % len(body))
            with state.changed:
                return 200, self.route(method, body)
        except Refused as r:
            error = {"code": CODES[r.status], "message": r.text, "status": r.status}
            if r.details:
                error["details"] = r.details
            return CODES[r.status], {"error": error}

    def route(self, method, body):
        path, _, query = self.path.partition("?")
        args = json.loads(body) if body else dict(p.split("=") for p in query.split("&") if p)
        for wanted, pattern, function in ROUTES:
            form = re.fullmatch(r"/v1/(projects/[a-z0-9.:-]+)/" + pattern, path)
            if form and wanted == method:
                return function(self, args, *form.groups())
        raise Refused("NOT_FOUND", "no such method")

    def topic(self, name):
        if name not in self.server.state.topics:
            raise Refused("NOT_FOUND", "Resource not found (resource=%s)." % name.rpartition("/")[2])
        return self.server.state.topics[name]

    def sub(self, name):
        if name not in self.server.state.subs:
            raise Refused("NOT_FOUND", "Resource not found (resource=%s)." % name.rpartition("/")[2])
        return self.server.state.subs[name]

    def page(self, key, values, args):
        size, start = int(args.get("pageSize", 100)) or 100, int(args.get("pageToken", 0))
        more = {"nextPageToken": str(start + size)} if start + size < len(values) else {}
        # An empty list is not there at all.
        return {**({key: values[start:start + size]} if values[start:start + size] else {}), **more}

    def put_topic(self, args, project, name):
        full = "%s/topics/%s" % (project, name)
        if full in self.server.state.topics:
            raise Refused("ALREADY_EXISTS", "Resource already exists in the project (resource=%s)." % name)
        self.server.state.topics[full] = {"name": full}
        return {"name": full}

    def get_topic(self, args, project, name):
        return self.topic("%s/topics/%s" % (project, name))

    def list_topics(self, args, project):
        return self.page("topics", list(self.server.state.topics.values()), args)

    def topic_subs(self, args, project, name):
        full = self.topic("%s/topics/%s" % (project, name))["name"]
        return self.page("subscriptions", [n for n, s in self.server.state.subs.items() if s.spec["topic"] == full], args)

    def put_sub(self, args, project, name):
        full = "%s/subscriptions/%s" % (project, name)
        if full in self.server.state.subs:
            raise Refused("ALREADY_EXISTS", "Resource already exists in the project (resource=%s)." % name)
        self.topic(args["topic"])
        self.server.state.subs[full] = Subscription(full, args)
        return self.server.state.subs[full].spec

    def get_sub(self, args, project, name):
        return self.sub("%s/subscriptions/%s" % (project, name)).spec

    def delete_sub(self, args, project, name):
        self.sub("%s/subscriptions/%s" % (project, name))
        del self.server.state.subs["%s/subscriptions/%s" % (project, name)]
        return {}

    def list_subs(self, args, project):
        return self.page("subscriptions", [s.spec for s in self.server.state.subs.values()], args)

    def publish(self, args, project, name):
        state, full = self.server.state, "%s/topics/%s" % (project, name)
        self.topic(full)
        messages = args.get("messages", [])
        if not 1 <= len(messages) <= 1000:
            raise Refused("INVALID_ARGUMENT", "%d messages in a request" % len(messages))
        wanted = self.server.faults.values.get("key")
        if wanted and wanted["n"] > 0 and any(m.get("orderingKey") == wanted["key"] for m in messages):
            wanted["n"] -= 1
            raise Refused(wanted.get("status", "INTERNAL"), "as it was asked for")
        for m in messages:
            check_message(m)
        ids = []
        for m in messages:
            state.number += 1
            ids.append(str(state.number))
            stamp = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            for s in state.subs.values():
                if s.spec["topic"] == full:
                    s.held.append(Held(dict(m, messageId=ids[-1], publishTime=stamp)))
        state.changed.notify_all()
        return {"messageIds": ids}

    def pull(self, args, project, name):
        s = self.sub("%s/subscriptions/%s" % (project, name))
        n = args.get("maxMessages", 0)
        if n < 1:
            raise Refused("INVALID_ARGUMENT", "maxMessages has to be positive")
        got = self.wait(self.server.state.changed, self.server.state.hold, lambda: s.pull(min(n, 1000)))
        return {"receivedMessages": [{"ackId": h.ack, "message": h.message} for h in got]} if got else {}

    def acks(self, args):
        if len(json.dumps(args)) > ACKS_MAX:
            raise Refused("INVALID_ARGUMENT", "Request payload size exceeds the limit: 524288 bytes.")
        return args.get("ackIds", [])

    def acknowledge(self, args, project, name):
        self.sub("%s/subscriptions/%s" % (project, name)).acknowledge(self.acks(args))
        return {}

    def modify(self, args, project, name):
        self.sub("%s/subscriptions/%s" % (project, name)).modify(self.acks(args), args.get("ackDeadlineSeconds", 0))
        self.server.state.changed.notify_all()
        return {}


ROUTES = [("PUT", "topics/(%s)" % NAME, PubSub.put_topic), ("GET", "topics/(%s)" % NAME, PubSub.get_topic),
          ("GET", "topics", PubSub.list_topics), ("GET", "topics/(%s)/subscriptions" % NAME, PubSub.topic_subs),
          ("PUT", "subscriptions/(%s)" % NAME, PubSub.put_sub), ("GET", "subscriptions/(%s)" % NAME, PubSub.get_sub),
          ("POST", "subscriptions/(%s):delete" % NAME, PubSub.delete_sub), ("GET", "subscriptions", PubSub.list_subs),
          ("POST", "topics/(%s):publish" % NAME, PubSub.publish), ("POST", "subscriptions/(%s):pull" % NAME, PubSub.pull),
          ("POST", "subscriptions/(%s):acknowledge" % NAME, PubSub.acknowledge),
          ("POST", "subscriptions/(%s):modifyAckDeadline" % NAME, PubSub.modify)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--account", nargs=3, action="append", default=[], metavar=("EMAIL", "KEY-ID", "PUBLIC"))
    parser.add_argument("--hold", type=float, default=90, help="how long a pull may wait")
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    args = parser.parse_args()
    serve(PubSub, args.port, State(args.account, args.hold), args.tls)


if __name__ == "__main__":
    main()
