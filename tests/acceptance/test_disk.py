"""Slow readers on a small separate disk: they never fill it, and do not block other clients."""

import os
import socket
import subprocess
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from tests.live import LiveServer, awaited

DISK, RESERVE = 64_000_000, 40_000_000
# 200 MB in rows of 4 kB
WIDE = (
    "SELECT TOP 50000 CAST(c.description AS CHAR(4000)) AS wide"
    " FROM tap_schema.columns AS c, tap_schema.columns AS d"
)
SMALL = urlencode({"LANG": "ADQL", "QUERY": "SELECT schema_name FROM tap_schema.schemas"})
READERS = 6


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A file system of 64 MB in memory."""
    path = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(path)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no small file system can be mounted here, which needs root: {error}")
    yield path
    subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.fixture
def served(settings, disk, tmp_path, monkeypatch):
    """A service of few connections, whose slow readers have that disk."""
    monkeypatch.setenv("TMPDIR", str(disk))
    few = replace(settings, workers=2, read_connections=2, sync_duration=3.0, spool_reserve_bytes=RESERVE)
    with ExitStack() as stack:
        server = LiveServer(few, tmp_path / "serve.log", "--no-worker")
        stack.callback(server.stop)
        server.wait()
        yield server


def free(path: Path) -> int:
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def slow_reader(port: int, stack: ExitStack) -> socket.socket:
    """Ask for a result of 200 MB, and read nothing of it."""
    reader = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asked = urlencode({"LANG": "ADQL", "QUERY": WIDE, "FORMAT": "csv", "MAXREC": 50_000})
    reader.sendall(f"GET /tap/sync?{asked} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return reader


def test_slow_readers_leave_the_reserve_and_the_connections(served, disk):
    """Up to its reserve the disk is theirs, connections until their time limit; all is given back."""
    lowest = [free(disk)]

    def used_up():
        lowest.append(free(disk))
        return lowest[-1] < RESERVE + 200_000

    with ExitStack() as stack:
        for _ in range(READERS):
            slow_reader(served.port, stack)

        assert awaited(used_up, 60)
        for _ in range(5):  # with all connections held, each would wait for 30 s, and get 503
            with urlopen(f"{served.url}/tap/sync?{SMALL}", timeout=60) as answer:
                assert answer.status == 200
            used_up()

    assert min(lowest) >= RESERVE - 1_000_000
    assert awaited(lambda: free(disk) > DISK - 1_000_000, 60)
