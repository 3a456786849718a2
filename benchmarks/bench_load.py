"""How long records and scripts take into the store, beside psql with the same rows as COPY blocks or INSERTs.

The floor is plain COPY of the same rows into the same tables, with the same keys, rules and indexes, in a
database of its own: all rows that the loader stores, what it remembers of who told what included. Beside it
psql with the published rows alone, as a script has them. What neither has to do: find out what is known, join
what several sources tell, keep the script's bytes, and say what was new.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from chain import copy_blocks, empty_copy, inserts, record_sets, stored
from rounds import heading, medians, parser, ratios
from store import resident, store

from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.ingest import load_sql
from provtap.ingest.model.records import RecordSet
from provtap.ingest.store.loader import load

FLOOR = "COPY of all rows"
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
    heading(f"How fast are {given.activities} activities loaded?", given.rounds, __doc__)
    with store(0) as settings, tempfile.TemporaryDirectory() as directory:
        records = list(record_sets(given.activities))
        copy = written(Path(directory) / "copy.sql", copy_blocks(given.activities))
        insert = written(Path(directory) / "insert.sql", inserts(given.activities))
        filled = replace(settings, database_url=empty_copy(settings))
        load_records(filled, records)
        whole = written(Path(directory) / "whole.sql", stored(filled))
        works = {
            FLOOR: partial(run_psql, script=whole),
            "COPY of the published rows": partial(run_psql, script=copy),
            "INSERT of the published rows": partial(run_psql, script=insert),
            "records": partial(load_records, records=records),
            "load-sql, COPY": partial(run_load_sql, script=copy),
            "load-sql, INSERT": partial(run_load_sql, script=insert),
        }
        compare(settings, given.rounds, works)


def compare(settings: Settings, rounds: int, works: dict[str, Callable[[Settings], None]]) -> None:
    """Print how long each of *works* takes on tables that are empty."""
    before = resident([os.getpid()], "VmHWM")
    times = medians({name: timed(settings, work) for name, work in works.items()}, rounds)
    ratios(FLOOR, times, {name: AIM for name in ("records", "load-sql, COPY", "load-sql, INSERT")})
    grown = (resident([os.getpid()], "VmHWM") - before) / 1e6
    print(f"\nOur memory grew by {grown:.0f} MB at most.")


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


def load_records(settings: Settings, records: list[RecordSet]) -> None:
    """Load the same as records, one account an activity, in one transaction."""
    with open_database(settings) as database, database.transaction(repeated=True) as transaction:
        [begun] = transaction.rows(BEGIN)
        load(transaction, records, begun.in_id)


if __name__ == "__main__":
    main()
