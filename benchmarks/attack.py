"""Does an attack hurt the others? Four kinds of hostile clients at once, ten honest ones beside them.

Hostile clients send queries whose plan would double with each of their 30 levels, aggregates over values of a
million characters, requests for all rows that they read a kilobyte a second, and uploads of millions of rows
without width. Each honest client has an address of its own and asks for one row by its id, again and again.
The service is the one of `provtap serve` with its default settings and its embedded PostgreSQL. It fails if
an honest request fails or takes longer than a second, or if a process outgrows its limit; when all processes
together take more than 6 GB it is stopped at once.
"""

import argparse
import base64
import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

from rounds import table
from store import awaited, entity_id, fill, free_port

from provtap import metadata
from provtap.config import Settings
from provtap.database.embedded import EmbeddedServer
from provtap.install import init

HONEST = 10
NESTED, AGGREGATES, SLOW, UPLOADS = 4, 4, 20, 3
"""Hostile clients of each kind."""
LONGEST = 1.0
"""Seconds that an honest request may take."""
WEB_BYTES = 400 << 20
"""What a web process may hold at most."""
TOGETHER = 6 << 30
"""Bytes of all processes at which the attack is broken off."""
ALL = "SELECT * FROM provenance.entity"
ONE = "SELECT e_id, e_name, e_location FROM provenance.entity WHERE e_id = '{0}'"


def main() -> None:
    """Print what the honest clients got, what became of the hostile ones, and what the processes took."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--seconds", type=float, default=60, help="of the attack (60)")
    options.add_argument("--entities", type=int, default=200_000, help="in the store (200000)")
    given = options.parse_args()
    with served(given.entities) as (port, pid):
        attack = Attack(port, pid, given.entities)
        quiet = attack.run([], 5)
        attacked = attack.run(attack.hostile(), given.seconds)
    print("\n## Does an attack hurt the others?\n")
    where = f"{given.entities} entities, {given.seconds:.0f} s, {os.cpu_count()} cores"
    kinds = Counter(kind for kind, _ in attack.hostile())
    hostile = ", ".join(f"{n} with {kind}" for kind, n in kinds.items())
    print(f"{where}; {HONEST} honest clients, and hostile ones: {hostile}.\n")
    table(
        ["honest clients", "requests", "failed", "median", "99 of 100", "slowest"],
        [["alone", *quiet.row()], ["beside the attack", *attacked.row()]],
    )
    print()
    table(
        ["hostile clients", "answers by status"],
        [
            [kind, ", ".join(f"{n} × {status}" for status, n in sorted(answers.items()))]
            for kind, answers in attacked.hostile.items()
        ],
    )
    print()
    table(
        ["processes", "largest", "limit"],
        [
            [kind, f"{size >> 20} MB", f"{limit >> 20} MB" if limit else ""]
            for kind, (size, limit) in attacked.sizes.items()
        ],
    )
    if faults := attacked.faults():
        raise SystemExit("\n" + "\n".join(faults))


@dataclass
class Outcome:
    """What became of the clients, and how large the processes got."""

    times: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    hostile: dict[str, Counter[str]] = field(default_factory=dict)
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Bytes of the largest process of each kind, and its limit (0: none)."""

    def row(self) -> list[str]:
        """Return the cells about the honest clients."""
        times = sorted(self.times)
        marks = [times[len(times) // 2], times[len(times) * 99 // 100], times[-1]]
        return [str(len(times)), str(len(self.failures)), *(f"{mark * 1000:.0f} ms" for mark in marks)]

    def faults(self) -> list[str]:
        """Return what must not be."""
        late = sum(taken > LONGEST for taken in self.times)
        return [
            *[f"{late} honest requests took longer than {LONGEST:.0f} s."] * bool(late),
            *(f"An honest request failed: {failure}" for failure in sorted(set(self.failures))),
            *(
                f"A process ({kind}) had {size >> 20} MB, more than its limit."
                for kind, (size, limit) in self.sizes.items()
                if limit and size > limit
            ),
        ]


class Attack:
    """Clients of the service at *port*, whose master is the process *pid*."""

    def __init__(self, port: int, pid: int, entities: int) -> None:
        self.port, self.pid, self.entities = port, pid, entities
        self.over = threading.Event()
        self.outcome = Outcome()

    def hostile(self) -> list[tuple[str, Callable[[str], str]]]:
        """Return the kind of each hostile client, and the work that it does again and again for a status."""
        nested = itertools.cycle([doubled(30), doubled(60), common(30)])
        large = itertools.cycle([*aggregates(), *chains()])
        zero = zero_width(30_000_000)
        return [
            *[("nested queries", lambda address: self.ask(address, next(nested)))] * NESTED,
            *[("aggregates", lambda address: self.ask(address, next(large)))] * AGGREGATES,
            *[("slow readers", self.read_slowly)] * SLOW,
            *[("uploads", lambda address: self.upload(address, zero))] * UPLOADS,
        ]

    def run(self, hostile: list[tuple[str, Callable[[str], str]]], seconds: float) -> Outcome:
        """Let the honest and the *hostile* clients work for so long, and return what became of them."""
        self.outcome = Outcome(hostile={kind: Counter() for kind, _ in hostile})
        self.over.clear()
        threads = [threading.Thread(target=self._honest, args=[f"127.0.0.{n + 10}"]) for n in range(HONEST)]
        threads += [
            threading.Thread(target=self._hostile, args=[f"127.0.1.{n + 10}", kind, work])
            for n, (kind, work) in enumerate(hostile)
        ]
        for thread in threads:
            thread.daemon = True  # a client may hang when the service does
            thread.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._measure()
            time.sleep(0.1)
        self.over.set()
        for thread in threads:
            thread.join(10)
        return self.outcome

    def ask(self, address: str, query: str, **more: str) -> str:
        """Send one query and read all of its answer; return its status."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=90, source_address=(address, 0))
        try:
            connection.request("POST", "/tap/sync", urlencode({"LANG": "ADQL", "QUERY": query} | more), _FORM)
            response = connection.getresponse()
            while response.read(1 << 16):
                pass
            return str(response.status)
        finally:
            connection.close()

    def read_slowly(self, address: str) -> str:
        """Ask for all rows, and read a kilobyte a second of them."""
        with socket.create_connection(("127.0.0.1", self.port), 60, source_address=(address, 0)) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            query = urlencode({"LANG": "ADQL", "QUERY": ALL, "MAXREC": "10000000"})
            sock.sendall(f"GET /tap/sync?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            status = sock.recv(1024).decode("latin-1").split(" ")[1]
            while not self.over.wait(1) and sock.recv(1024):
                pass
            return status

    def upload(self, address: str, votable: bytes) -> str:
        """Upload *votable* with a query on it."""
        boundary = "attack"
        parts = {"LANG": "ADQL", "QUERY": "SELECT COUNT(*) FROM TAP_UPLOAD.t", "UPLOAD": "t,param:t"}
        body = b"".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in parts.items()
        )
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="t"; filename="t.xml"\r\n\r\n'.encode()
        body += votable + f"\r\n--{boundary}--\r\n".encode()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=90, source_address=(address, 0))
        try:
            connection.request(
                "POST", "/tap/sync", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}
            )
            response = connection.getresponse()
            response.read()
            return str(response.status)
        finally:
            connection.close()

    def _honest(self, address: str) -> None:
        while not self.over.is_set():
            number = random.randrange(1, self.entities + 1)
            begun = time.monotonic()
            try:
                status = self.ask(address, ONE.format(entity_id(number)))
                if status != "200":
                    self.outcome.failures.append(f"status {status}")
            except (OSError, HTTPException) as error:
                self.outcome.failures.append(repr(error))
            self.outcome.times.append(time.monotonic() - begun)
            time.sleep(0.1)  # as an astronomer's script does

    def _hostile(self, address: str, kind: str, work: Callable[[str], str]) -> None:
        answers = self.outcome.hostile[kind]
        while not self.over.is_set():
            try:
                answers[work(address)] += 1
            except (OSError, HTTPException) as error:
                answers[type(error).__name__] += 1

    def _measure(self) -> None:
        """Note how large the processes are, and break all off when they take too much together."""
        total = 0
        for pid in [self.pid, *descendants(self.pid)]:
            with suppress(OSError):
                kind, size, limit = process(pid)
                total += size
                largest, _ = self.outcome.sizes.get(kind, (0, 0))
                self.outcome.sizes[kind] = (max(largest, size), limit)
        if total > TOGETHER:
            os.killpg(self.pid, signal.SIGKILL)
            raise SystemExit(f"The processes took {total >> 20} MB: broken off.")


def descendants(pid: int) -> list[int]:
    """Return the processes below *pid*."""
    with suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [below for child in map(int, children) for below in (child, *descendants(child))]
    return []


def process(pid: int) -> tuple[str, int, int]:
    """Return what a process is, its bytes in memory that it shares with nobody, and its limit (0: none)."""
    status = Path(f"/proc/{pid}/status").read_text()
    own = sum(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("RssAnon"))
    if "postgres" not in Path(f"/proc/{pid}/comm").read_text():
        return "web and jobs", own, WEB_BYTES
    [line] = [x for x in Path(f"/proc/{pid}/limits").read_text().splitlines() if x.startswith("Max address")]
    soft = line.split()[3]
    return "PostgreSQL", own, 0 if soft == "unlimited" else int(soft)


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def doubled(levels: int) -> str:
    """Return a query whose value doubles with each of its *levels*."""
    query = "SELECT e_id AS x FROM provenance.entity"
    for level in range(levels):
        query = f"SELECT x||x AS x FROM ({query}) AS t{level}"
    return query


def common(levels: int) -> str:
    """Return a query of *levels* common tables, each of which uses the one before twice."""
    tables = ["w0 AS (SELECT e_id AS x FROM provenance.entity)"]
    tables += [
        f"w{n} AS (SELECT a.x||b.x AS x FROM w{n - 1} AS a JOIN w{n - 1} AS b ON a.x = b.x)"
        for n in range(1, levels)
    ]
    return f"WITH {', '.join(tables)} SELECT x FROM w{levels - 1}"


def aggregates() -> Iterator[str]:
    """Yield queries that join the texts of all rows, each a million characters long."""
    for size in (1_000_000, 100_000, 1_000):
        columns = ", ".join(f"ivo_string_agg(CAST(e_id AS CHAR({size})), '{n}') AS c{n}" for n in range(20))
        yield f"SELECT {columns} FROM provenance.entity"


def chains() -> Iterator[str]:
    """Yield queries of long values without an aggregate."""
    yield f"SELECT {' || '.join(['CAST(e_id AS CHAR(100000))'] * 50)} AS x FROM provenance.entity"
    yield f"SELECT {' || '.join(['e_id'] * 2000)} AS x FROM provenance.entity"
    yield "SELECT DISTINCT a.e_id, b.e_id AS o FROM provenance.entity AS a, provenance.entity AS b"


def zero_width(rows: int) -> bytes:
    """Return a VOTable of *rows* rows of one column that takes no bytes in BINARY, as many as 40 MB hold."""
    field_ = '<FIELD name="a" datatype="char" arraysize="0"/><FIELD name="b" datatype="unsignedByte"/>'
    stream = base64.b64encode(bytes(rows)).decode()
    return (
        f'<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>{field_}<DATA>'
        f'<BINARY><STREAM encoding="base64">{stream}</STREAM></BINARY></DATA></TABLE></RESOURCE></VOTABLE>'
    ).encode()


@contextmanager
def served(entities: int) -> Iterator[tuple[int, int]]:
    """Run `provtap serve` on a store of its own with so many entities; give its port and process."""
    with tempfile.TemporaryDirectory(prefix="provtap-attack-") as directory:
        Path(directory).chmod(0o755)  # root's PostgreSQL runs as another user
        data = Path(directory) / "data"
        with EmbeddedServer(data) as server:
            settings = Settings(database_url=server.url)
            init(settings, metadata.load(None))
            fill(server.url, entities)
        port = free_port()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PROVTAP_")}
        environment |= {"PROVTAP_DATA_DIR": str(data), "PROVTAP_PORT": str(port)}
        serve = [sys.executable, "-c", "from provtap.commands import main; main(['serve'])"]
        with (Path(directory) / "log").open("wb") as log:
            server_process = subprocess.Popen(serve, env=environment, stderr=log, start_new_session=True)
            try:
                awaited(server_process, port)
                yield port, server_process.pid
            finally:
                server_process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    server_process.wait(30)
                with suppress(ProcessLookupError):
                    os.killpg(server_process.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
