"""mq's side of the protocol: starts a helper, keeps account, and waits with a deadline."""

import contextlib
import os
import select
import subprocess
import time

from .frames import BadFrame, Reader, encode, block

PATIENCE = 30.0
NUMBERED = ("ok", "err")
ENVIRONMENT = ("PATH", "HOME", "LANG", "TZ", "GOOGLE_APPLICATION_CREDENTIALS",
               "PUBSUB_EMULATOR_HOST", "SSL_CERT_FILE", "SSL_CERT_DIR")
CLASSES = ("again", "full", "data", "large", "gone", "perm", "conf", "lost", "cannot", "unknown")


class Fail(Exception):
    """The helper did not do what it has to."""


def environment():
    return {k: v for k, v in os.environ.items() if k in ENVIRONMENT or k.startswith("AWS_")}


class Answer:
    """What one request got."""

    def __init__(self):
        self.done = False
        self.ok = False
        self.cls = self.text = ""
        self.words = []
        self.fields = {}
        self.items = []
        self.queues = []

    def finish(self, frame):
        self.done = True
        self.ok = frame.kind == "ok"
        if self.ok:
            self.words = [w for w in frame.words[2:] if "=" not in w]
            self.fields = frame.fields(2)
        elif len(frame.words) != 4 or frame.words[2] not in CLASSES:
            raise Fail("an error has no class and text: %r" % frame.words)
        else:
            self.cls, self.text = frame.words[2:4]

    def __str__(self):
        return "ok" if self.ok else "err %s '%s'" % (self.cls, self.text)


class Message:
    def __init__(self, frame):
        _, self.token, self.queue, self.id = frame.words[:4]
        self.fields = frame.fields(6)
        self.head, self.body = frame.head, frame.body
        self.came = time.monotonic()

    def number(self, field):
        return int(self.fields.get(field, "0"))


class Peer:
    """One helper process, and what mq knows of it."""

    def __init__(self, program, settings):
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment(), bufsize=0)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            os.set_blocking(pipe.fileno(), False)
        self.settings = settings
        self.reader = Reader()
        self.out = bytearray()
        self.paused = self.ended = self.gone = self.held = False
        self.lenient = False        # requests without a tag were sent wrongly
        self.said = b""
        self.frames = []
        self.answers = {}
        self.credit = {}
        self.messages = []
        self.taken = 0
        self.idles = {}
        self.stops = {}
        self.endings = {}
        self.states = []
        self.tag = 0
        self.caps = {}

    # ---- bytes ----------------------------------------------------------------

    def pump(self, seconds):
        """Read and write what is possible, for so long at most."""
        read = [] if self.gone else [self.process.stderr]
        if not self.paused and not self.ended:
            read.append(self.process.stdout)
        write = [self.process.stdin] if self.out and self.process.stdin else []
        if not read and not write:
            time.sleep(min(seconds, 0.02))
            return
        ready, writable, _ = select.select(read, write, [], seconds)
        if writable:
            self.write()
        for pipe in ready:
            data = os.read(pipe.fileno(), 1 << 18)
            if pipe is self.process.stderr:
                self.said += data
                self.gone = self.gone or not data
            elif data:
                self.reader.feed(data)
                self.take_frames()
            else:
                self.ended = True

    def write(self):
        try:
            del self.out[:os.write(self.process.stdin.fileno(), self.out[:1 << 16])]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self.out.clear()

    def wait(self, condition, what, seconds=PATIENCE):
        deadline = time.monotonic() + seconds
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0:
                raise Fail("not within %.0f s: %s" % (seconds, what))
            if self.ended:
                raise Fail("the helper ended before: %s%s" % (what, self.last_words()))
            self.pump(min(left, 1.0))

    def last_words(self):
        text = self.said.decode("utf-8", "replace").strip()
        down = [t for s, t in self.states if s == "down"]
        return "".join(" [%s]" % t for t in down + [text] if t)

    # ---- frames ---------------------------------------------------------------

    def take_frames(self):
        try:
            while (frame := self.reader.next()) is not None:
                self.frames.append(frame)
                self.take_frame(frame)
        except (BadFrame, IndexError) as e:
            raise Fail("no frame of the protocol: %s" % e) from e

    def take_frame(self, f):
        kind = f.kind
        if kind in NUMBERED or kind in ("item", "queue"):
            answer = self.answers.get(f.words[1])
            if answer is None and self.lenient:
                return
            if answer is None or answer.done:
                raise Fail("an answer that nobody waits for: %r" % f.words)
            if kind == "item":
                answer.items.append(f)
            elif kind == "queue":
                answer.queues.append(f.words[2])
            else:
                answer.finish(f)
        elif kind == "msg":
            self.take_message(Message(f))
        elif kind in ("idle", "stopped"):
            seen = self.idles if kind == "idle" else self.stops
            seen[f.words[1]] = seen.get(f.words[1], 0) + 1
            if kind == "stopped":
                self.credit[f.words[1]] = 0
        elif kind == "ended":
            self.endings[f.words[1]] = (f.words[2], f.words[3])
        elif kind == "state":
            self.states.append((f.words[1], f.words[2]))
        elif kind not in ("mq-engine", "step", "ready", "fail", "bye"):
            raise Fail("an unknown frame: %r" % f.words)

    def take_message(self, m):
        if self.credit.get(m.queue, 0) < 1:
            raise Fail("a message more than was asked for")
        self.credit[m.queue] -= 1
        if not 0 < len(m.token) <= 1500 or not all("!" <= c <= "~" for c in m.token):
            raise Fail("a token of %d characters: %r" % (len(m.token), m.token[:80]))
        self.taken += 1
        self.messages.append(m)

    def frame(self, *kinds):
        """The first frame of these kinds, once it is there."""
        def found():
            return [f for f in self.frames if f.kind in kinds]
        self.wait(found, "'%s'" % "' or '".join(kinds))
        return found()[0]

    # ---- opening --------------------------------------------------------------

    def hello(self):
        words = self.frame("mq-engine").words
        if self.frames[0].kind != "mq-engine" or len(words) != 4 or words[1] != "1":
            raise Fail("no hello of version 1: %r" % words)
        return words[2:]

    def send(self, *words, data=b"", **fields):
        self.out += encode(*words, **fields) + data
        if not self.held:
            self.pump(0)

    @contextlib.contextmanager
    def at_once(self):
        """What is sent meanwhile reaches the helper together, however slowly it was put together."""
        self.held = True
        try:
            yield
        finally:
            self.held = False
        self.pump(0)

    def try_open(self):
        self.hello()
        for key, value in self.settings.items():
            for one in [value] if isinstance(value, str) else value:
                self.send("set", key, one)
        self.send("open")
        return self.frame("ready", "fail")

    def open(self):
        f = self.try_open()
        if f.kind == "fail":
            raise Fail("it did not open: %s" % " ".join(f.words[1:]))
        for word in f.words[1:]:
            name, _, value = word.partition("=")
            if name in self.caps:
                raise Fail("the capability %s is announced twice" % name)
            self.caps[name] = value
        return self

    # ---- requests -------------------------------------------------------------

    def ask(self, kind, *words, data=b"", **fields):
        """Send a request; its tag is returned."""
        self.tag += 1
        tag = "t%d" % self.tag
        self.answers[tag] = Answer()
        self.send(kind, tag, *words, data=data, **fields)
        return tag

    def answer(self, tag, seconds=PATIENCE):
        self.wait(lambda: self.answers[tag].done, "an answer to %s" % tag, seconds)
        return self.answers[tag]

    def request(self, kind, *words, **fields):
        return self.answer(self.ask(kind, *words, **fields))

    def must(self, kind, *words, **fields):
        answer = self.request(kind, *words, **fields)
        if not answer.ok:
            raise Fail("%s: %s" % (kind, answer))
        return answer

    def refused(self, classes, kind, *words, **fields):
        """The request has to be refused with one of the classes."""
        answer = self.request(kind, *words, **fields)
        if answer.ok or answer.cls not in classes:
            raise Fail("%s: %s instead of %s" % (kind, answer, " or ".join(classes)))
        return answer

    def ask_push(self, queue, id_, body=b"", headers=(), **fields):
        head = block(headers)
        return self.ask("push", queue, id_, len(head), len(body), data=head + body, **fields)

    def push(self, queue, id_, body=b"", headers=(), **fields):
        answer = self.answer(self.ask_push(queue, id_, body, headers, **fields))
        if not answer.ok:
            raise Fail("push of %d bytes: %s" % (len(body), answer))
        return answer

    # ---- taking ---------------------------------------------------------------

    def take(self, queue, n, lease=60000, keep=False):
        self.credit[queue] = self.credit.get(queue, 0) + n
        self.send("take", queue, n, lease, *(["keep"] if keep else []))

    def get(self, n, within=PATIENCE):
        """The next n messages, of whatever queue."""
        def there():
            if self.endings:
                raise Fail("taking ended: %s" % self.endings)
            return len(self.messages) >= n
        try:
            self.wait(there, "%d messages" % n, within)
        except Fail as e:
            raise Fail("%s (%d came)" % (e, len(self.messages))) from e
        got, self.messages = self.messages[:n], self.messages[n:]
        return got

    def stop(self, queue):
        before = self.stops.get(queue, 0)
        self.send("stop", queue)
        self.wait(lambda: self.stops.get(queue, 0) > before, "'stopped'")

    def nothing(self, queue, seconds=0.0):
        """Whole looks find nothing, while there is credit."""
        start, before = time.monotonic(), self.idles.get(queue, 0)
        self.wait(lambda: self.messages or self.idles.get(queue, 0) > before and
                  time.monotonic() >= start + seconds, "'idle'")
        if self.messages:
            raise Fail("a message came that must not: %s %s" %
                       (self.messages[0].id, self.messages[0].fields))

    def quiet(self, seconds):
        """Go on for a while, and for one more request."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.pump(max(0.0, deadline - time.monotonic()))
        self.must("ping")

    # ---- the end --------------------------------------------------------------

    def status(self):
        self.wait(lambda: self.ended or self.process.poll() is not None, "the end of the helper")
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired as e:
            raise Fail("the helper closed its output, but did not end") from e

    def bye(self):
        self.send("bye")
        self.frame("bye")
        return self.status()

    def close_input(self):
        self.wait(lambda: not self.out, "all is written")
        self.process.stdin.close()
        self.process.stdin = None
        return self.status()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def release(self):
        """Whatever state it is in."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
