"""moto's server with SQS on loopback: moto_sqs.py PORT.

Two requests for messages at the same moment get the same message from moto (5.2): it looks for one and marks it without
a lock. Here each look has the queue for itself.
"""

import sys
import threading
import time

from moto.server import main
from moto.sqs.models import SQSBackend

lock = threading.Lock()
look = SQSBackend.receive_message


def receive_message(self, queue_name, count, wait_seconds_timeout, *args, **kwargs):
    deadline = time.monotonic() + wait_seconds_timeout
    while True:
        with lock:
            got = look(self, queue_name, count, 0, *args, **kwargs)
        if got or time.monotonic() >= deadline:
            return got
        time.sleep(0.05)


SQSBackend.receive_message = receive_message
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
