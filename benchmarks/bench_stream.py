"""Measure how fast results leave, next to psql's own copy of the same query, and what slow clients cost.

Prints ratios of wall-clock time, the medians of alternating rounds; then the memory of the server, the time
to the first byte, a slow reader, and a reader that is killed.
"""

import argparse
import http.client
import os
import signal
import socket
import subprocess
import time
import urllib.parse
from collections.abc import Callable
from statistics import median

import psycopg2
from store import Service, resident, service, store

from provtap.config import Settings

COLUMNS = "e_id, e_class, e_name, e_location, e_generatedattime, e_value, e_comment"
NUMBERS = "SELECT a, b, c, d, e, f, g FROM bench.number"
QUERY = f"SELECT {COLUMNS} FROM provenance.entity"
FORMATS = {
    "TABLEDATA": "votable",
    "BINARY2": "votable/b2",
    "BINARY": "votable/b",
    "CSV": "csv",
    "TSV": "tsv",
    "JSON": "json",
    "HTML": "html",
    "text": "text",
    "FITS": "fits",
    "Parquet": "parquet",
}
ENDLESS = "SELECT COUNT(*) AS n FROM " + ", ".join(f"provenance.entity AS {name}" for name in "abc")


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the result (7 columns)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slow-rows", type=int, default=20_000, help="rows that are read at 100 kB/s")
    options = parser.parse_args()
    with store(options.rows) as settings, service(settings) as server:
        for query in (QUERY, NUMBERS):
            speed(settings, server, query, options.rows, options.rounds)
        slow_reader(settings, server, options.slow_rows)
        killed_reader(settings, server)


def speed(settings: Settings, server: Service, query: str, rows: int, rounds: int) -> None:
    """Print the ratios, the time to the first byte and what memory the first download of each kind took."""
    before = resident(server.workers())
    ways: dict[str, Callable[[], float]] = {
        name: lambda form=form: download(server, query, form, rows)[1] for name, form in FORMATS.items()
    }
    ways = {"\\copy": lambda: copied(settings, query)} | ways
    times: dict[str, list[float]] = {name: [] for name in ways}
    memory: dict[str, int] = {}
    for _ in range(rounds):
        for name, run in ways.items():
            times[name].append(run())
            memory.setdefault(name, grown(server, before))
    print(f"-- {query}")
    floor = median(times["\\copy"])
    for name, measured in times.items():
        print(
            f"{name:10} {median(measured):6.2f} s  ratio {median(measured) / floor:.2f},"
            f" memory up to here +{memory[name] / 1e6:.0f} MB"
        )
    first = median(download(server, query, "votable", rows)[0] for _ in range(5))
    print(f"first byte of {rows} rows after {first * 1000:.0f} ms")


def grown(server: Service, before: int) -> int:
    """Return by how many bytes the memory of the server was above *before*, at its highest."""
    return resident(server.workers(), "VmHWM") - before


def copied(settings: Settings, query: str) -> float:
    """Return the seconds that psql needs for the same rows."""
    start = time.monotonic()
    meta = f"\\copy ({query}) TO '/dev/null'"
    subprocess.run(["psql", "-qX", "-d", settings.database_url or "", "-c", meta], check=True)
    return time.monotonic() - start


def download(server: Service, query: str, form: str, rows: int) -> tuple[float, float]:
    """Return the seconds until the first byte, and until the last, of *rows* rows over HTTP."""
    start = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", address(query, form, rows))
    response = connection.getresponse()
    response.read(1)
    first = time.monotonic() - start
    while response.read(1 << 18):
        pass
    connection.close()
    return first, time.monotonic() - start


def address(query: str, form: str, rows: int) -> str:
    """Return path and query string of a request."""
    return "/tap/sync?" + urllib.parse.urlencode({"QUERY": query, "MAXREC": rows, "FORMAT": form})


def slow_reader(settings: Settings, server: Service, rows: int) -> None:
    """Read at 100 kB/s, and look whether the database is free meanwhile."""
    client = begin(server, address(QUERY, "csv", rows))
    start = time.monotonic()
    lines = received = 0
    busy = 0.0
    while piece := client.recv(10_000):
        lines += piece.count(b"\n")
        received += len(piece)
        if running(settings):
            busy = time.monotonic() - start
        time.sleep(max(0, received / 100_000 - (time.monotonic() - start)))
    print(
        f"slow reader: {received / 1e6:.1f} MB, {rows} rows in {time.monotonic() - start:.0f} s"
        f" ({'complete' if lines >= rows else 'INCOMPLETE'}); the database worked for {busy:.1f} s"
    )


def begin(server: Service, path: str) -> socket.socket:
    """Send a request over a socket that the kernel buffers little for."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    client.connect(("127.0.0.1", server.port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    return client


def killed_reader(settings: Settings, server: Service) -> None:
    """Kill a client with -9 and see how long its query lives on."""
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
    print(f"killed reader: its query ended after {time.monotonic() - killed:.2f} s")
    os.waitpid(pid, 0)


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
