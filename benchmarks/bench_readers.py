"""What readers cost that are slow, or gone: PostgreSQL should be free of the one, and notice the other.

The floor of the slow one is the pace that it reads at.
"""

import os
import signal
import socket
import time

import psycopg2
import rounds
from store import TEXTS, Service, address, service, store

from provtap.config import Settings

ENDLESS = "SELECT COUNT(*) AS n FROM " + ", ".join(f"provenance.entity AS {name}" for name in "abc")
PACE = 100_000
"""Bytes a second that the slow reader takes."""


def main() -> None:
    """Run both."""
    parser = rounds.parser(__doc__, 3)
    parser.add_argument("--rows", type=int, default=5_000, help="rows for the slow reader")
    options = parser.parse_args()
    rounds.heading("What do slow and killed readers cost?", options.rounds)
    with store(options.rows) as settings, service(settings) as server:
        killed = rounds.medians({"killed": lambda: killed_reader(settings, server)}, options.rounds)["killed"]
        taken, busy = slow_reader(settings, server, options.rows)
    rounds.table(
        ["reader", "reads for", "PostgreSQL works for"],
        [
            [f"slow: {PACE / 1000:.0f} kB/s", rounds.seconds(taken), f"≤ {rounds.seconds(busy)}"],
            ["killed with -9", "", f"{rounds.seconds(killed)} after its end"],
        ],
    )


def slow_reader(settings: Settings, server: Service, rows: int) -> tuple[float, float]:
    """Return the seconds that reading takes, and those after which PostgreSQL was seen at work no more."""
    client = begin(server, address(TEXTS, "csv", rows))
    start = time.monotonic()
    lines = received = 0
    busy = 0.0
    while piece := client.recv(10_000):
        lines += piece.count(b"\n")
        received += len(piece)
        if running(settings):
            busy = time.monotonic() - start
        time.sleep(max(0, received / PACE - (time.monotonic() - start)))
    if lines < rows:
        raise SystemExit(f"The slow reader got {lines} of {rows} rows.")
    return time.monotonic() - start, busy


def begin(server: Service, path: str) -> socket.socket:
    """Send a request over a socket that the kernel buffers little for."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    client.connect(("127.0.0.1", server.port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    return client


def killed_reader(settings: Settings, server: Service) -> float:
    """Kill a client with -9; return for how many seconds its query lives on."""
    pid = os.fork()
    if pid == 0:
        begin(server, address(ENDLESS, "csv", 1)).recv(1)
        os._exit(0)
    while not running(settings):
        time.sleep(0.01)
    time.sleep(0.5)
    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    while running(settings):
        time.sleep(0.005)
    ended = time.monotonic()
    os.waitpid(pid, 0)
    return ended - killed


def running(settings: Settings) -> int:
    """Return how many users' queries PostgreSQL runs."""
    connection = psycopg2.connect(settings.database_url)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND state = 'active'",
            [f"{settings.role_prefix}reader"],
        )
        found = cursor.fetchone()
    connection.close()
    return int(found[0]) if found else 0


if __name__ == "__main__":
    main()
