"""Frames of mq-engine(7): words, header blocks and bodies, to and from bytes.

This is written from the manual page alone and shares nothing with mq's own code, so that both
do not have the same fault.
"""

LINE_MAX = 4095
WITH_BYTES = (b"push", b"msg", b"item")


class BadFrame(Exception):
    """The other side sent what is no frame."""


def escape(text, empty="-"):
    data = text if isinstance(text, bytes) else str(text).encode()
    if data == b"":
        return empty.encode()
    if data == b"-":
        return b"%2d"
    return b"".join(b"%%%02x" % c if c <= 32 or c in (127, 37) else bytes((c,)) for c in data)


def unescape(word):
    if word == b"-":
        return ""
    out = bytearray()
    i = 0
    while i < len(word):
        if word[i] != 37:
            out.append(word[i])
            i += 1
            continue
        try:
            out.append(int(word[i + 1:i + 3].decode("ascii"), 16))
        except ValueError as e:
            raise BadFrame("a wrong escape in %r" % word) from e
        i += 3
    return out.decode("utf-8", "surrogateescape")


def encode(*words, **fields):
    """A line. Fields that are None are left out."""
    line = b" ".join(escape(w) for w in words)
    for name, value in fields.items():
        if value is not None:
            line += b" %s=%s" % (name.encode(), escape(value, empty=""))
    if len(line) > LINE_MAX:
        raise ValueError("a line of %d bytes" % len(line))
    return line + b"\n"


def block(headers):
    """A header block out of names and values."""
    if not headers:
        return b""
    return b"".join(b"%s: %s\n" % (n.encode(), v.encode()) for n, v in headers) + b"\n"


def unblock(data):
    if data == b"":
        return []
    if not data.endswith(b"\n\n"):
        raise BadFrame("a header block does not end with an empty line: %r" % data[-40:])
    headers = []
    for line in data[:-2].split(b"\n"):
        name, colon, value = line.partition(b": ")
        if not colon:
            raise BadFrame("a header line without ': ': %r" % line)
        headers.append((name.decode("utf-8", "replace"), value.decode("utf-8", "replace")))
    return headers


class Frame:
    def __init__(self, words, head=b"", body=b""):
        self.words = words
        self.head = head
        self.body = body

    @property
    def kind(self):
        return self.words[0]

    def fields(self, first):
        """The fields from the word 'first' on."""
        return dict(w.split("=", 1) for w in self.words[first:] if "=" in w)


class Reader:
    """Takes frames out of bytes that come in pieces."""

    def __init__(self):
        self.data = bytearray()
        self.need = 0

    def feed(self, data):
        self.data += data

    def next(self):
        """The next frame; None: it is not complete yet."""
        if len(self.data) < self.need or not self.data:
            return None
        end = self.data.find(b"\n", 0, LINE_MAX + 1)
        if end < 0:
            if len(self.data) > LINE_MAX:
                raise BadFrame("a line of more than %d bytes: %r" % (LINE_MAX, self.data[:60]))
            return None
        line = bytes(self.data[:end])
        words = line.split(b" ")
        if b"" in words or b"\0" in line:
            raise BadFrame("two blanks, an empty line, or a NUL: %r" % line[:200])
        head = body = 0
        if words[0] in WITH_BYTES:
            if len(words) < 6 or not words[4].isdigit() or not words[5].isdigit():
                raise BadFrame("no lengths in %r" % line[:200])
            head, body = int(words[4]), int(words[5])
        whole = end + 1 + head + body
        if len(self.data) < whole:
            self.need = whole
            return None
        self.need = 0
        rest = bytes(self.data[end + 1:whole])
        del self.data[:whole]
        return Frame([unescape(w) for w in words], rest[:head], rest[head:])
