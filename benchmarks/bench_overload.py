"""What too many clients cost: a thousand with small queries, and hundreds that read large results slowly.

Beside memory and disk, what matters is what a small query takes meanwhile; the floor is an idle service.
"""

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from urllib.parse import urlencode

import psycopg2
import rounds
from bench_clients import scripts, wrk
from bench_small import ask, each
from layers import layered_store
from small import body, queries
from store import Service, resident, service

from provtap.config import Settings

LARGE = (
    "SELECT TOP 150000 a.u_activity_id, a.u_entity_id, a.u_role"
    " FROM provenance.used AS a, provenance.used AS b"
)
"""More than a socket takes."""
PACE = 1_000
"""Bytes a second that a slow reader takes."""
BUSY = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'provtap_reader' AND state = 'active'"


def main() -> None:
    """Print a row for each burden."""
    parser = rounds.parser(__doc__)
    parser.add_argument("--activities", type=int, default=24_000)
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--readers", type=int, default=300)
    parser.add_argument("--seconds", type=int, default=8, help="that the thousand ask")
    options = parser.parse_args()
    rounds.heading("What do too many clients cost?", options.rounds)
    with TemporaryDirectory() as directory, layered_store(options.activities) as settings:
        with service(settings) as running:
            small = queries(settings)
            lua, _ = scripts(Path(directory), settings)
            rows = [state("nobody else", settings, running, small, options.rounds)]
            with slow_readers(running, options.readers) as begun:
                rows.append(state(f"{begun} slow readers", settings, running, small, options.rounds))
            crowd = wrk(running, lua, options.clients, options.seconds)
            rows.append(state("afterwards", settings, running, small, options.rounds))
        rounds.table(["besides", "a small query", "queries in PostgreSQL", "memory", "disk"], rows)
        print(
            f"\n{options.clients} clients at once: {crowd.rate:.0f} queries a second,"
            f" {crowd.errors:.0f} errors, half of them answered within {crowd.latencies[0] / 1000:.1f} s,"
            f" 99 % within {crowd.latencies[2] / 1000:.1f} s."
        )


def state(besides: str, settings: Settings, running: Service, small: list[str], times: int) -> list[str]:
    """Return a row of the table: what is so now."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port)
    took = each(partial(ask, connection, body(small[0])), 10 * times)
    connection.close()
    sql = psycopg2.connect(str(settings.database_url))
    with sql.cursor() as cursor:
        cursor.execute(BUSY)
        (busy,) = cursor.fetchone() or (0,)
    sql.close()
    memory, disk = resident(running.workers()) / 1e6, spooled(running.workers()) / 1e6
    return [besides, rounds.seconds(took), str(busy), f"{memory:.0f} MB", f"{disk:.0f} MB"]


def spooled(pids: list[int]) -> int:
    """Return the bytes of files without a name that processes have open."""
    size = 0
    for descriptor in (path for pid in pids for path in Path(f"/proc/{pid}/fd").iterdir()):
        with suppress(OSError):
            if str(descriptor.readlink()).endswith("(deleted)"):
                size += descriptor.stat().st_size
    return size


@contextmanager
def slow_readers(running: Service, number: int) -> Iterator[int]:
    """Let so many clients read large results slowly, and yield how many have got rows."""
    query = urlencode({"QUERY": LARGE, "FORMAT": "csv", "MAXREC": 10**6})
    request = f"GET /tap/sync?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    clients = [reader(running, request) for _ in range(number)]
    begun = sum(client.recv(PACE).startswith(b"HTTP/1.1 200") for client in clients)
    stop = Event()
    thread = Thread(target=read_slowly, args=(clients, stop))
    thread.start()
    time.sleep(2)
    yield begun
    stop.set()
    thread.join()
    for client in clients:
        client.close()


def reader(running: Service, request: bytes) -> socket.socket:
    """Return a client that has sent its request, and has little room for the answer."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", running.port))
    client.sendall(request)
    return client


def read_slowly(clients: list[socket.socket], stop: Event) -> None:
    """Take PACE bytes a second from each."""
    while not stop.wait(1):
        for client in clients:
            client.recv(PACE)


if __name__ == "__main__":
    main()
