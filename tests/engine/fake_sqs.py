#!/usr/bin/env python3
"""
A fake of Amazon SQS, for the tests of mq-engine-sqs: its JSON protocol on loopback, in memory.

    fake_sqs.py [--port N] [--user ACCESS:SECRET[:SESSION]]... [--any] [--max-size N]
                [--tls CERT KEY]

What it proves: that requests are signed as AWS documents it (each signature is computed anew from
the request, and a wrong or old one is refused); that limits are kept (sizes, batches, characters,
attributes, delays), for it refuses what SQS refuses, entry by entry; that nothing is lost or taken
twice when SQS throttles, breaks, or closes a connection.

What it does not prove: that the service is as its documentation says. It was written from that, not
from the service. It has no rights, no regions, no KMS, no duplicates, no limit on what is in flight;
its numbers are exact; it delivers a standard queue in random order, but never twice.
"""

import argparse
import base64
import hashlib
import hmac
import json
import random
import re
import sys
import threading
import time
import uuid
from datetime import datetime, timezone

sys.dont_write_bytecode = True
from fake_http import Handler, serve

BATCH = 10
BATCH_BYTES = 1 << 20
DELAY_MAX = 900
LEASE_MAX = 43200
DEDUP = 300
BAD = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Refused(Exception):
    def __init__(self, kind, text, status=400):
        super().__init__(text)
        self.kind, self.text, self.status = kind, text, status


# ---- signatures --------------------------------------------------------------


def digest(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature(secret, method, path, headers, signed, body, stamp, scope):
    """Signature Version 4, from the text of the request."""
    lines = "".join("%s:%s\n" % (n, " ".join(",".join(headers.get_all(n, [])).split())) for n in signed)
    canonical = "\n".join([method, path, "", lines, ";".join(signed), hashlib.sha256(body).hexdigest()])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = digest(key, part)
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


def check_signature(request, users, body, now):
    form = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8}/[a-z0-9-]+/sqs/aws4_request), ?"
                        r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})",
                        request.headers.get("Authorization", ""))
    if form is None:
        raise Refused("IncompleteSignatureException", "no Signature Version 4 for SQS", 403)
    access, scope, signed, given = form.groups()
    signed = signed.split(";")
    if access not in users:
        raise Refused("UnrecognizedClientException", "The security token included in the request is invalid.", 403)
    secret, session = users[access]
    needed = {"host", "x-amz-date"} | ({"x-amz-security-token"} if session else set())
    if not needed <= set(signed) or signed != sorted(signed):
        raise Refused("IncompleteSignatureException", "headers are missing from the signature", 403)
    if session and request.headers.get("X-Amz-Security-Token") != session:
        raise Refused("UnrecognizedClientException", "another session token", 403)
    if session == "expired":
        raise Refused("ExpiredTokenException", "The security token included in the request is expired", 403)
    stamp = request.headers.get("X-Amz-Date", "")
    made = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()
    if abs(made - now) > 900 or scope[:8] != stamp[:8]:
        raise Refused("InvalidSignatureException", "Signature expired: %s is not within 15 min of %s"
                      % (stamp, datetime.fromtimestamp(now, timezone.utc).strftime("%Y%m%dT%H%M%SZ")), 403)
    if not hmac.compare_digest(given, signature(secret, request.command, request.path, request.headers,
                                                signed, body, stamp, scope)):
        raise Refused("InvalidSignatureException", "The request signature we calculated does not match "
                      "the signature you provided.", 403)
    return access


# ---- messages ----------------------------------------------------------------


def md5(data):
    return hashlib.md5(data).hexdigest()


def md5_attributes(attributes):
    """As documented under "Calculating the MD5 message digest for message attributes"."""
    total = b""
    for name in sorted(attributes):
        a = attributes[name]
        binary = a["DataType"].startswith("Binary")
        value = base64.b64decode(a["BinaryValue"]) if binary else a["StringValue"].encode()
        for part in (name.encode(), a["DataType"].encode()):
            total += len(part).to_bytes(4, "big") + part
        total += (b"\2" if binary else b"\1") + len(value).to_bytes(4, "big") + value
    return md5(total)


def attributes_size(attributes):
    size = 0
    for name, a in attributes.items():
        kind = a.get("DataType", "")
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,256}", name) or name.lower().startswith(("aws.", "amazon.")):
            raise Refused("InvalidParameterValue", "The message attribute name %r is invalid." % name)
        if not re.fullmatch(r"(String|Number|Binary)(\..+)?", kind):
            raise Refused("InvalidParameterValue", "The type of message attribute %r is invalid." % name)
        if kind.startswith("Binary"):
            value = base64.b64decode(a.get("BinaryValue", ""), validate=True)
        else:
            text = a.get("StringValue", "")
            if BAD.search(text):
                raise Refused("InvalidMessageContents", "Invalid characters in attribute %r." % name)
            value = text.encode()
        if not value:
            raise Refused("InvalidParameterValue", "Message attribute %r must contain a non-empty value." % name)
        size += len(name.encode()) + len(kind.encode()) + len(value)
    if len(attributes) > 10:
        raise Refused("InvalidParameterValue", "Number of message attributes [%d] exceeds the allowed maximum [10]."
                      % len(attributes))
    return size


class Message:
    def __init__(self, entry, size, delay):
        self.id = str(uuid.uuid4())
        self.body, self.attributes = entry["MessageBody"], entry.get("MessageAttributes", {})
        self.size = size
        self.sent = time.time()
        self.group = entry.get("MessageGroupId")
        self.dedup = entry.get("MessageDeduplicationId")
        self.visible = time.monotonic() + delay
        self.delayed = delay > 0
        self.receipt, self.taken, self.count, self.first = None, 0.0, 0, None

    def flying(self, now):
        return self.receipt is not None and self.visible > now


class Queue:
    def __init__(self, name, attributes, most):
        self.name = name
        self.fifo = name.endswith(".fifo")
        self.attributes = {"MaximumMessageSize": str(most), "MessageRetentionPeriod": "345600",
                           "VisibilityTimeout": "30", "DelaySeconds": "0"}
        self.attributes.update(attributes)
        self.messages = []
        self.dedups = {}

    def send(self, entry):
        body = entry.get("MessageBody")
        if not body:
            raise Refused("MissingParameter", "The request must contain the parameter MessageBody.")
        if BAD.search(body):
            raise Refused("InvalidMessageContents", "Invalid characters found. Valid unicode characters are "
                          "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
        size = len(body.encode()) + attributes_size(entry.get("MessageAttributes", {}))
        if size > int(self.attributes["MaximumMessageSize"]):
            raise Refused("InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be "
                          "shorter than %s bytes." % self.attributes["MaximumMessageSize"])
        delay = entry.get("DelaySeconds", int(self.attributes["DelaySeconds"]))
        if not 0 <= delay <= DELAY_MAX or (self.fifo and "DelaySeconds" in entry):
            raise Refused("InvalidParameterValue", "Value %s for parameter DelaySeconds is invalid." % delay)
        return self.store(Message(entry, size, delay))

    def store(self, m):
        if self.fifo:
            for text in (m.group, m.dedup):
                if not text or not re.fullmatch(r"[!-~]{1,128}", text):
                    raise Refused("MissingParameter" if not text else "InvalidParameterValue",
                                  "MessageGroupId or MessageDeduplicationId: %r" % text)
            old, since = self.dedups.get(m.dedup, (None, -DEDUP))
            if time.monotonic() - since < DEDUP:
                return old
            self.dedups[m.dedup] = (m, time.monotonic())
        elif m.dedup:
            raise Refused("InvalidParameterValue", "The request includes a parameter that is not valid for this queue type.")
        self.messages.append(m)
        return m

    def receive(self, n, lease):
        now, got, blocked = time.monotonic(), [], set()
        ready = [m for m in self.messages if m.visible <= now]
        if self.fifo:
            blocked = {m.group for m in self.messages if m.flying(now)}
        else:
            random.shuffle(ready)
        for m in ready:
            if len(got) < n and m.group not in blocked or (len(got) < n and not self.fifo):
                m.receipt, m.taken, m.visible = "%s+/%s=" % (uuid.uuid4().hex, m.id), now, now + lease
                m.count += 1
                m.first = m.first or time.time()
                got.append(m)
        return got

    def by_receipt(self, receipt):
        if not re.fullmatch(r"[0-9a-f]{32}\+/[0-9a-f-]{36}=", receipt):
            raise Refused("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
        for m in self.messages:
            if m.id == receipt[34:-1]:
                return m
        return None

    def delete(self, entry):
        m = self.by_receipt(entry["ReceiptHandle"])
        fresh = m is not None and m.receipt == entry["ReceiptHandle"]
        if self.fifo and m is not None and not (fresh and m.flying(time.monotonic())):
            raise Refused("InvalidParameterValue", "Value %s for parameter ReceiptHandle is invalid. Reason: "
                          "The receipt handle has expired." % entry["ReceiptHandle"])
        if fresh:
            self.messages.remove(m)

    def change(self, entry):
        m, now, seconds = self.by_receipt(entry["ReceiptHandle"]), time.monotonic(), entry["VisibilityTimeout"]
        if not 0 <= seconds <= LEASE_MAX:
            raise Refused("InvalidParameterValue", "Value %s for parameter VisibilityTimeout is invalid." % seconds)
        if m is None or not m.flying(now) or (self.fifo and m.receipt != entry["ReceiptHandle"]):
            raise Refused("MessageNotInflight", "The message referred to is not in flight.")
        if now - m.taken + seconds > LEASE_MAX:
            raise Refused("InvalidParameterValue", "Total VisibilityTimeout for the message is beyond the limit "
                          "[43200 seconds]")
        if m.receipt == entry["ReceiptHandle"]:
            m.visible = now + seconds

    def told(self):
        now = time.monotonic()
        hidden = [m for m in self.messages if m.visible > now]
        return {"ApproximateNumberOfMessages": str(len(self.messages) - len(hidden)),
                "ApproximateNumberOfMessagesNotVisible": str(sum(m.receipt is not None for m in hidden)),
                "ApproximateNumberOfMessagesDelayed": str(sum(m.receipt is None for m in hidden))}


# ---- actions -----------------------------------------------------------------


class State:
    def __init__(self, users, anybody, most):
        self.users, self.anybody, self.most = users, anybody, most
        self.queues = {}
        self.changed = threading.Condition()


class SQS(Handler):
    def action(self, method):
        return self.headers.get("X-Amz-Target", "").replace("AmazonSQS.", "")

    def act(self, method, action, body):
        state = self.server.state
        try:
            if not state.anybody:
                self.server.faults.asked(check_signature(self, state.users, body, self.server.faults.now()))
            function = getattr(self, "do_" + action, None)
            if method != "POST" or self.path != "/" or function is None:
                raise Refused("InvalidAction", "no action %r" % action)
            if self.headers.get("Content-Type") != "application/x-amz-json-1.0":
                raise Refused("InvalidAction", "another protocol")
            with state.changed:
                return 200, function(json.loads(body))
        except Refused as r:
            return r.status, {"__type": "com.amazonaws.sqs#" + r.kind, "message": r.text}

    def queue(self, args):
        q = self.server.state.queues.get(args.get("QueueUrl", "").rpartition("/")[2])
        if q is None:
            raise Refused("QueueDoesNotExist", "The specified queue does not exist.")
        return q

    def url(self, name):
        return "http://sqs.fake/000000000000/" + name

    def do_ListQueues(self, args):
        names, n = sorted(self.server.state.queues), args.get("MaxResults", 1000)
        start = int(args.get("NextToken", "0"))
        more = {"NextToken": str(start + n)} if start + n < len(names) else {}
        return {"QueueUrls": [self.url(name) for name in names[start:start + n]], **more}

    def do_GetQueueUrl(self, args):
        if args["QueueName"] not in self.server.state.queues:
            raise Refused("QueueDoesNotExist", "The specified queue does not exist.")
        return {"QueueUrl": self.url(args["QueueName"])}

    def do_CreateQueue(self, args):
        name, attributes = args["QueueName"], args.get("Attributes", {})
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo", name):
            raise Refused("InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores.")
        if name.endswith(".fifo") != (attributes.get("FifoQueue") == "true"):
            raise Refused("InvalidParameterValue", "The name of a FIFO queue can only end in .fifo")
        self.server.state.queues.setdefault(name, Queue(name, attributes, self.server.state.most))
        return {"QueueUrl": self.url(name)}

    def do_GetQueueAttributes(self, args):
        q = self.queue(args)
        everything = dict(q.attributes, **q.told())
        names = args.get("AttributeNames", [])
        return {"Attributes": {k: v for k, v in everything.items() if "All" in names or k in names}}

    def batch(self, args, function):
        """Each entry succeeds or fails on its own."""
        q, entries = self.queue(args), args.get("Entries", [])
        if not entries:
            raise Refused("EmptyBatchRequest", "There should be at least one entry in the request.")
        if len(entries) > BATCH:
            raise Refused("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10.")
        if len({e["Id"] for e in entries}) < len(entries):
            raise Refused("BatchEntryIdsNotDistinct", "Two or more batch entries have the same Id.")
        good, bad = [], []
        for e in entries:
            try:
                self.fail_entry(e)
                good.append(dict(Id=e["Id"], **(function(q, e) or {})))
            except Refused as r:
                bad.append({"Id": e["Id"], "Code": r.kind, "Message": r.text, "SenderFault": r.status < 500})
        self.server.state.changed.notify_all()
        # In no particular order.
        random.shuffle(good)
        return {"Successful": good, "Failed": bad}

    def fail_entry(self, entry):
        wanted = self.server.faults.values.get("entry")
        if wanted and wanted["n"] > 0 and wanted["body"] in entry.get("MessageBody", ""):
            wanted["n"] -= 1
            raise Refused(wanted.get("code", "InternalError"), "as it was asked for", wanted.get("status", 500))

    def sent(self, m):
        answer = {"MessageId": m.id, "MD5OfMessageBody": md5(m.body.encode())}
        if m.attributes:
            answer["MD5OfMessageAttributes"] = md5_attributes(m.attributes)
        return answer

    def do_SendMessageBatch(self, args):
        size = sum(len(e.get("MessageBody", "").encode()) + attributes_size(e.get("MessageAttributes", {}))
                   for e in args.get("Entries", []))
        if size > max(262144, min(BATCH_BYTES, self.server.state.most)):
            raise Refused("BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d "
                          "bytes." % (BATCH_BYTES, size))
        return self.batch(args, lambda q, e: self.sent(q.send(e)))

    def do_DeleteMessageBatch(self, args):
        return self.batch(args, lambda q, e: q.delete(e))

    def do_ChangeMessageVisibilityBatch(self, args):
        return self.batch(args, lambda q, e: q.change(e))

    def do_ReceiveMessage(self, args):
        q, n, wait = self.queue(args), args.get("MaxNumberOfMessages", 1), args.get("WaitTimeSeconds", 0)
        lease = args.get("VisibilityTimeout", 30)
        if not 1 <= n <= BATCH or not 0 <= wait <= 20 or not 0 <= lease <= LEASE_MAX:
            raise Refused("InvalidParameterValue", "a parameter of ReceiveMessage is out of range")
        got = self.wait(self.server.state.changed, wait, lambda: q.receive(n, lease))
        return {"Messages": [self.message(m) for m in got]} if got else {}

    def message(self, m):
        told = {"ApproximateReceiveCount": str(m.count), "SentTimestamp": str(int(m.sent * 1000)),
                "ApproximateFirstReceiveTimestamp": str(int(m.first * 1000)), "SenderId": "AIDAFAKE"}
        if m.group:
            told.update(MessageGroupId=m.group, MessageDeduplicationId=m.dedup)
        damage = self.server.faults.values.pop("damage", None)
        answer = {"MessageId": m.id, "ReceiptHandle": m.receipt, "MD5OfBody": md5(m.body.encode()),
                  "Body": m.body[:-1] if damage else m.body, "Attributes": told}
        if m.attributes:
            answer["MessageAttributes"] = m.attributes
            answer["MD5OfMessageAttributes"] = md5_attributes(m.attributes)
        return answer

    # What a test does without mq.

    def do_SendMessage(self, args):
        m = self.queue(args).send(args)
        self.server.state.changed.notify_all()
        return self.sent(m)

    def do_DeleteQueue(self, args):
        del self.server.state.queues[self.queue(args).name]
        return {}


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", action="append", default=[], metavar="ACCESS:SECRET[:SESSION]")
    parser.add_argument("--any", action="store_true", help="look at no signature")
    parser.add_argument("--max-size", type=int, default=1 << 20)
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    args = parser.parse_args()
    users = {}
    for user in args.user:
        access, secret, session = (user.split(":") + [None])[:3]
        users[access] = (secret, session)
    serve(SQS, args.port, State(users, args.any, args.max_size), args.tls)


if __name__ == "__main__":
    main()
