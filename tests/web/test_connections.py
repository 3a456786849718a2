import socket
import threading
import time

import pytest

from provtap.web.connections import SLOWEST, PatientUnreader


@pytest.fixture
def ends():
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_a_silent_client_counts_as_gone(ends):
    """FL-4: a thread that waits for it for ever would serve nobody else."""
    ours, client = ends
    client.sendall(b"GET /tap/sy")
    unreader = PatientUnreader(ours, patience=0.05)

    assert unreader.chunk() == b"GET /tap/sy"
    assert unreader.chunk() == b""
    assert unreader.chunk() == b""


def test_a_client_that_dribbles_uses_up_the_patience(ends):
    """A byte now and then is as good as silence."""
    ours, client = ends
    gone = threading.Event()

    def dribble():
        while not gone.wait(0.02):
            client.sendall(b"x")

    thread = threading.Thread(target=dribble)
    thread.start()
    unreader = PatientUnreader(ours, patience=0.3)
    pieces = list(iter(unreader.chunk, b""))
    gone.set()
    thread.join()

    assert 0 < sum(map(len, pieces)) < 0.3 * SLOWEST


def test_a_slow_client_that_keeps_up_is_read_to_the_end(ends):
    """Patience comes back by what is sent."""
    ours, client = ends

    def send():
        for _ in range(5):
            time.sleep(0.1)
            client.sendall(b"x" * int(SLOWEST))
        client.close()

    thread = threading.Thread(target=send)
    thread.start()
    unreader = PatientUnreader(ours, patience=2.0)
    pieces = list(iter(unreader.chunk, b""))
    thread.join()

    assert sum(map(len, pieces)) == 5 * int(SLOWEST)
