"""How long records and scripts take into the store, beside psql with the same rows as COPY blocks or INSERTs.

psql fills the same published tables, with the same keys, rules and indexes, in a database of its own. What it
has not to do: find out what is known, join what several sources tell, remember who told what, keep the
script's bytes, and say what was new.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from chain import accounts, copy_blocks, empty_copy, inserts
from rounds import heading, medians, parser, ratios
from store import resident, store

from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.ingest import load_sql
from provtap.ingest.loader import load
from provtap.ingest.records import Account

AIM = 2.0
BEGIN = """
INSERT INTO provext.ingestion (in_source, in_format, in_sha256, in_new, in_updated, in_unchanged)
VALUES ('bench', 'records', '', 0, 0, 0)
RETURNING in_id
"""


def main() -> None:
    """Print the ratios."""
    options = parser(__doc__)
    options.add_argument("--activities", type=int, default=10_000, help="activities to load")
    given = options.parse_args()
    heading(f"How fast are {given.activities} activities loaded?", given.rounds)
    with store(0) as settings, tempfile.TemporaryDirectory() as directory:
        told = list(accounts(given.activities))
        copy = written(Path(directory) / "copy.sql", copy_blocks(given.activities))
        insert = written(Path(directory) / "insert.sql", inserts(given.activities))
        compare(settings, given.rounds, copy, {"records": partial(load_records, told=told)})
        compare(settings, given.rounds, insert, {})


def compare(
    settings: Settings, rounds: int, script: Path, further: dict[str, Callable[[Settings], None]]
) -> None:
    """Print how long load-sql and *further* ways take beside psql, each on tables that are empty."""
    floor, ours = f"psql {script.name}", f"load-sql {script.name}"
    works = {floor: partial(run_psql, script=script), **further, ours: partial(run_load_sql, script=script)}
    before = resident([os.getpid()], "VmHWM")
    times = medians({name: timed(settings, work) for name, work in works.items()}, rounds)
    ratios(floor, times, {name: AIM for name in works if name != floor})
    grown = (resident([os.getpid()], "VmHWM") - before) / 1e6
    print(f"\n{script.stat().st_size / 1e6:.0f} MB; our memory grew by {grown:.0f} MB at most\n")


def timed(settings: Settings, work: Callable[[Settings], None]) -> Callable[[], float]:
    """Return what does the work on a fresh copy of the store, and tells how long it took."""

    def way() -> float:
        fresh = replace(settings, database_url=empty_copy(settings))
        start = time.monotonic()
        work(fresh)
        return time.monotonic() - start

    return way


def written(path: Path, lines: Iterable[str]) -> Path:
    with path.open("w") as script:
        script.writelines(lines)
    return path


def run_psql(settings: Settings, script: Path) -> None:
    """Run the script as it is, in one transaction."""
    command = ["psql", "-qX1", "-v", "ON_ERROR_STOP=1", "-d", settings.database_url or "", "-f", str(script)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def run_load_sql(settings: Settings, script: Path) -> None:
    """Load the script."""
    with open_database(settings) as database:
        load_sql([script], database, settings)


def load_records(settings: Settings, told: list[Account]) -> None:
    """Load the same as records, one account an activity, in one transaction."""
    with open_database(settings) as database, database.transaction(repeated=True) as transaction:
        [begun] = transaction.rows(BEGIN)
        load(transaction, told, begun.in_id)


if __name__ == "__main__":
    main()
