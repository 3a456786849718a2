"""How long `provtap init` takes to upgrade a store of an earlier version, also after it was interrupted.

The earlier version comes from git (`--from`), and makes a store like that of a pipeline (layers.py). One copy
of it is upgraded without interruption. For another copy the command is killed half way, then PostgreSQL, both
with SIGKILL; the third attempt ends. Each time, every row that was published before must still be the same.
With `--keep DIR` the filled store stays in DIR, where the next run finds it.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2
from layers import fill
from rounds import heading, parser, table

from provtap.config import Settings
from provtap.database.embedded import EmbeddedServer

ROOT = Path(__file__).parent.parent
VERSION = "115fba2"
"""The last commit of 0.1.0."""
TABLES = """
SELECT format('SELECT %L, COUNT(*), SUM(hashtextextended(ROW(%s)::text, 0)) FROM %s AS t',
              relation, columns, relation)
  FROM (SELECT attrelid::regclass::text AS relation,
               string_agg(format('t.%I', attname), ', ' ORDER BY attnum) AS columns
          FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
         WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('provenance', 'provext')
           AND attnum > 0 AND NOT attisdropped
         GROUP BY attrelid) AS found
"""
"""For each published table, a query for the number of its rows and a digest of its present columns."""


def main() -> None:
    """Make the store, upgrade its copies, and print what it took."""
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="provtap-bench-") as directory:
        work = Path(directory)
        work.chmod(0o755)  # root's server runs as another user
        filled = (options.keep or work).absolute() / f"store-{options.revision}-{options.activities}"
        if not filled.exists():
            make_store(filled, earlier_version(work, options.revision), options.activities)
        heading(f"How long does an upgrade of {options.activities} activities take?", 1, __doc__)
        table(["way", "time", "size before", "size after"], ways(filled, work))


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    options = parser(__doc__, 1)
    options.add_argument("--activities", type=int, default=10_000)
    options.add_argument("--from", dest="revision", default=VERSION, help=f"earlier version ({VERSION})")
    options.add_argument("--keep", type=Path, metavar="DIR", help="where the filled store stays")
    return options.parse_args()


def ways(filled: Path, work: Path) -> Iterator[list[str]]:
    """Upgrade a copy of the store in each way."""
    with copy(filled, work / "whole") as server:
        queries = [query for (query,) in ask(server.url, TABLES)]
        before = answers(server.url, queries)
        whole = upgrade(server.url)
        unchanged(server.url, queries, before)
        yield ["provtap init", f"{whole:.1f} s", size(filled), size(work / "whole")]
    with copy(filled, work / "interrupted") as server:
        migrations = ask(server.url, "SELECT * FROM provtap.migration ORDER BY number")
        for kill in (subprocess.Popen.kill, lambda _: kill_postgres(work / "interrupted")):
            upgrade(server.url, whole / 2, kill)
            server.keep()
            if ask(server.url, "SELECT * FROM provtap.migration ORDER BY number") != migrations:
                raise SystemExit("An interrupted upgrade has changed the store.")
        last = upgrade(server.url)
        unchanged(server.url, queries, before)
        yield ["the same, after two were killed", f"{last:.1f} s", size(filled), size(work / "interrupted")]


def earlier_version(work: Path, revision: str) -> Path:
    """Install *revision* without dependencies, and return the directory where its packages are."""
    source, installed = work / "source", work / "earlier"
    source.mkdir()
    archive = subprocess.run(["git", "archive", revision], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x"], cwd=source, input=archive.stdout, check=True)
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", installed, source], check=True)
    return installed


def make_store(filled: Path, earlier: Path, activities: int) -> None:
    """Let the *earlier* version make a store, and fill it; it has its name once it is complete."""
    partial = filled.with_name(f"{filled.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with EmbeddedServer(partial) as server:
        given = environ(server.url) | {"PYTHONPATH": str(earlier)}
        subprocess.run([earlier / "bin/provtap", "init"], env=given, check=True, stdout=subprocess.DEVNULL)
        fill(Settings(database_url=server.url), 0, activities)
    partial.rename(filled)


def environ(url: str) -> dict[str, str]:
    """Return the environment of a command on the store at *url*."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("PROVTAP_")}
    return others | {"PROVTAP_DATABASE_URL": url}


@contextmanager
def copy(filled: Path, place: Path) -> Iterator[EmbeddedServer]:
    """Run a server on a copy of the store, and remove it afterwards."""
    subprocess.run(["cp", "-a", "--reflink=auto", filled, place], check=True)
    with EmbeddedServer(place) as server:
        yield server
    shutil.rmtree(place)


def upgrade(
    url: str, killed: float | None = None, kill: Callable[["subprocess.Popen[bytes]"], None] | None = None
) -> float:
    """Run `provtap init`, and return the seconds it took; with *kill*, stop it after *killed* seconds."""
    begun = time.perf_counter()
    command = [sys.executable, "-c", "from provtap.commands import main; main(['init'])"]
    with subprocess.Popen(
        command, env=environ(url), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as run:
        with suppress(subprocess.TimeoutExpired):
            run.wait(killed)
        if kill is not None and run.poll() is None:
            kill(run)
        _, error = run.communicate()
    if (run.returncode == 0) != (kill is None):
        raise SystemExit(f"provtap init ended with {run.returncode}: {error.decode()}")
    return time.perf_counter() - begun


def kill_postgres(data: Path) -> None:
    """Kill the server of *data*, without a chance to end well."""
    pid = int((data / "postgres/postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)


def ask(url: str, query: str) -> list[tuple[Any, ...]]:
    """Return the rows that answer *query*."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def answers(url: str, queries: list[str]) -> list[tuple[Any, ...]]:
    """Return the answer to each of the *queries*."""
    return [row for query in queries for row in ask(url, query)]


def unchanged(url: str, queries: list[str], before: list[tuple[Any, ...]]) -> None:
    """End the program if rows of *before* have changed."""
    changed = [old[0] for old, new in zip(before, answers(url, queries), strict=True) if old != new]
    if changed:
        raise SystemExit(f"The upgrade has changed rows of {', '.join(changed)}.")


def size(directory: Path) -> str:
    """Return the size of the files in *directory*."""
    return f"{sum(file.stat().st_size for file in directory.rglob('*') if file.is_file()) / 1e9:.2f} GB"


if __name__ == "__main__":
    main()
