import socket
import threading
import time
from configparser import ConfigParser

import pytest

from provtap.errors import SettingsError
from provtap.server import gunicorn_patches
from provtap.server.gunicorn_patches import GUNICORN, SLOWEST, PatientUnreader
from tests.documents import ROOT


@pytest.fixture
def ends():
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_a_silent_client_counts_as_disconnected(ends):
    """FL-4: otherwise it would occupy a thread forever."""
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


def test_another_gunicorn_is_refused_at_the_start(monkeypatch):
    """23.0.0 to 26.2.0 answer every request with 500; what setup.cfg allows is what was tried."""
    needed = ConfigParser()
    needed.read(ROOT / "setup.cfg")
    monkeypatch.setattr(gunicorn_patches, "version_info", (26, 2, 0))

    assert f"gunicorn>={GUNICORN},<{GUNICORN + 1}" in needed["options"]["install_requires"].split()
    with pytest.raises(SettingsError, match=r"gunicorn 26\.2\.0 is installed, but ProvTAP needs version 27"):
        gunicorn_patches.adapt_gunicorn()
