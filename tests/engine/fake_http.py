"""What the fakes of engines behind HTTP share: a server on loopback that can be told to misbehave.

Faults are asked for with POST /_fake and an object that has any of

    throttle N      the next N requests are answered with 'status' (503) and nothing is done
    status N        see throttle
    trouble N       the next N requests are done, but answered with 500
    cut N           the next N requests whose action contains 'action' are done, and then the
    action TEXT     connection is closed without an answer
    hang N          the next N requests are never answered
    date SECONDS    how wrong the server's clock is

and whatever the fake itself knows. GET /_fake tells counters: requests by action,
and by user where there are any.
"""

import json
import select
import socket
import ssl
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Gone(Exception):
    """The client has closed the connection."""


class Faults:
    def __init__(self):
        self.lock = threading.Lock()
        self.left = {}
        self.values = {"status": 503, "action": "", "date": 0}
        self.seen = {}

    def tell(self, wanted):
        with self.lock:
            for key, value in wanted.items():
                (self.left if key in ("throttle", "trouble", "cut", "hang") else self.values)[key] = value

    def due(self, kind, action=""):
        with self.lock:
            if kind == "cut" and self.values["action"] not in action:
                return False
            if self.left.get(kind, 0) < 1:
                return False
            self.left[kind] -= 1
            return True

    def count(self, action):
        with self.lock:
            self.seen[action] = self.seen.get(action, 0) + 1

    def asked(self, user):
        with self.lock:
            users = self.seen.setdefault("users", {})
            users[user] = users.get(user, 0) + 1

    def now(self):
        return time.time() + self.values["date"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "mq-fake"
    timeout = 120

    def log_message(self, format, *args):
        pass

    def date_time_string(self, timestamp=None):
        return formatdate(self.server.faults.now(), usegmt=True)

    def read_body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            self.answer(411, {})
            return None
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def answer(self, status, value, kind="application/json", headers=()):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, text in headers:
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)

    def away(self):
        """Whether the client has gone, or sends what it should not."""
        return bool(select.select([self.connection], [], [], 0)[0])

    def wait(self, condition, seconds, found):
        """
        Wait below a threading.Condition until found() gives something. A client that has gone must
        not be given messages.
        """
        deadline = time.monotonic() + seconds
        while True:
            if self.away():
                raise Gone
            got = found()
            left = deadline - time.monotonic()
            if got or left <= 0:
                return got
            condition.wait(min(left, 0.05))

    def handle_one(self, method):
        body = self.read_body()
        if body is None:
            return
        faults = self.server.faults
        if self.path == "/_fake":
            if method == "POST":
                faults.tell(json.loads(body))
            self.answer(200, faults.seen)
            return
        action = self.action(method)
        faults.count(action)
        if faults.due("hang"):
            while not self.away():
                time.sleep(0.05)
            self.close_connection = True
            return
        if faults.due("throttle"):
            self.answer(faults.values["status"], {"message": "slow down"})
            return
        try:
            status, value = self.act(method, action, body)
        except Gone:
            self.close_connection = True
            return
        if faults.due("cut", action):
            self.close_connection = True
            return
        if faults.due("trouble"):
            status, value = 500, {"message": "something broke"}
        self.answer(status, value)

    def do_GET(self):
        self.handle_one("GET")

    def do_POST(self):
        self.handle_one("POST")

    def do_PUT(self):
        self.handle_one("PUT")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass    # a client that was killed

    def get_request(self):
        request, address = super().get_request()
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return request, address


def serve(handler, port, state, tls=None):
    """Serve on loopback for ever; say the port on stdout, as that is when it is ready."""
    server = Server(("127.0.0.1", port), handler)
    server.faults = Faults()
    server.state = state
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print(server.server_address[1], flush=True)
    server.serve_forever()
