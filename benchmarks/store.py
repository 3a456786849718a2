"""What the benchmarks share: a store of their own with as many entities as wanted, and a service on it."""

import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from provtap import metadata
from provtap.config import Settings
from provtap.database.embedded import EmbeddedServer
from provtap.install import init

_FILL = """
INSERT INTO provenance.entity (e_id, e_class, e_name, e_location, e_generatedattime, e_comment)
SELECT 'urn:uuid:' || md5(n::text)::uuid, 'DatasetEntity', 'run' || n || '.dl1.h5',
       'file:///data/ctapipe/night' || n / 1000 || '/run' || n || '.dl1.h5',
       timestamp '2026-01-01' + n * interval '1.5 seconds',
       CASE WHEN mod(n, 3) = 0 THEN 'checked & closed' END
  FROM generate_series(1, %s) AS n
"""

TEXTS = (
    "SELECT e_id, e_class, e_name, e_location, e_generatedattime, e_value, e_comment FROM provenance.entity"
)
NUMBERS = "SELECT a, b, c, d, e, f, g FROM bench.number"
_NUMBERS = """
CREATE SCHEMA bench;
CREATE TABLE bench.number AS
SELECT mod(n, 30000)::smallint AS a, n AS b, n::bigint * 1000000007 AS c, (n / 7.0)::real AS d,
       n / 7::double precision AS e, sqrt(n) AS f, -n AS g
  FROM generate_series(1, %s) AS n
"""
_NUMBER_TYPES = {
    "a": "short",
    "b": "int",
    "c": "long",
    "d": "float",
    "e": "double",
    "f": "double",
    "g": "int",
}
_PUBLISHED = (
    "name: bench\ndescription: Numbers.\ntables:\n- name: number\n  description: Numbers.\n  columns:\n"
    + "".join(
        f"  - {{name: {name}, datatype: {datatype}, description: Number.}}\n"
        for name, datatype in _NUMBER_TYPES.items()
    )
)


@contextmanager
def store(entities: int) -> Iterator[Settings]:
    """Make a store with *entities* rows in provenance.entity and bench.number, on a server of its own."""
    with tempfile.TemporaryDirectory(prefix="provtap-bench-") as directory:
        Path(directory).chmod(0o755)  # root's server runs as another user
        with EmbeddedServer(Path(directory) / "data") as server:
            published = Path(directory) / "published"
            published.mkdir()
            (published / "bench.yaml").write_text(_PUBLISHED)
            settings = Settings(database_url=server.url, metadata_dir=published)
            with psycopg2.connect(server.url) as connection, connection.cursor() as cursor:
                cursor.execute(_NUMBERS, [entities])
            connection.close()
            init(settings, metadata.load(published))
            fill(server.url, entities)
            yield settings


def fill(url: str, entities: int) -> None:
    """Put so many entities into the store at *url*."""
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(_FILL, [entities])
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    connection.close()


def entity_id(number: int) -> str:
    """Return the id of one of them, from 1."""
    return f"urn:uuid:{uuid.UUID(hashlib.md5(str(number).encode()).hexdigest())}"


@dataclass
class Service:
    """A running `provtap serve`."""

    port: int
    pid: int

    def workers(self) -> list[int]:
        """Return the processes that answer requests."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]


@contextmanager
def service(settings: Settings) -> Iterator[Service]:
    """Run `provtap serve` on the store of *settings*."""
    port = free_port()
    environment = os.environ | {
        "PROVTAP_DATABASE_URL": str(settings.database_url),
        "PROVTAP_METADATA_DIR": str(settings.metadata_dir or ""),
        "PROVTAP_PORT": str(port),
        "PROVTAP_SYNC_DURATION": "3600",
    }
    serve = [sys.executable, "-c", "from provtap.commands import main; main(['serve'])"]
    with subprocess.Popen(serve, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            awaited(process, port)
            yield Service(port, process.pid)
        finally:
            process.terminate()


def free_port() -> int:
    """Return a port that nothing listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def awaited(process: "subprocess.Popen[bytes]", port: int) -> None:
    """Return once the service of *process* answers at *port*. Raises: SystemExit if it ends before."""
    while process.poll() is None and not _answers(port):
        time.sleep(0.1)
    time.sleep(1)  # until every process has started
    if process.poll() is not None:
        raise SystemExit("provtap serve ended; start it by hand to see why")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def address(query: str, form: str, rows: int) -> str:
    """Return path and query string of a request."""
    return "/tap/sync?" + urllib.parse.urlencode({"QUERY": query, "MAXREC": rows, "FORMAT": form})


def resident(pids: list[int], field: str = "VmRSS") -> int:
    """Return the memory of processes in bytes: now (VmRSS), at its highest (VmHWM), of files (RssFile)."""
    lines = [line.split() for pid in pids for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return sum(int(line[1]) * 1024 for line in lines if line[0] == f"{field}:")
