"""How many small documents a second are stored, in batches and one by one.

Each document is a log of one run of ctapipe (21 kB, some 125 rows): a sample under other identifiers. All of
them are read from files in both ways. The tables are compared at the end.
"""

import re
import tempfile
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import rounds
from chain import empty_copy
from store import store

from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.ingest import ingest, ingest_all

SAMPLE = Path(__file__).parents[1] / "provtap/ingest/samples/process_calib_events.provenance.log"
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
AIM = 1 / 3
COUNTS = """
SELECT (SELECT count(*) FROM provenance.entity) AS entities,
       (SELECT count(*) FROM provenance.used) AS usages,
       (SELECT count(*) FROM provenance.parameter) AS parameters,
       (SELECT count(*) FROM provext.alias) AS aliases,
       (SELECT sum(in_new) FROM provext.ingestion) AS new
"""


def main() -> None:
    """Print what each way takes."""
    options = rounds.parser(__doc__, default=3)
    options.add_argument("--documents", type=int, default=2_000)
    given = options.parse_args()
    rounds.heading(f"How fast are {given.documents} small logs ingested?", given.rounds, __doc__)
    with tempfile.TemporaryDirectory() as directory, store(0) as settings:
        paths = [written(Path(directory), number) for number in range(given.documents)]
        counts: set[tuple[int, ...]] = set()
        ways = {
            "one by one": partial(into_empty, one_by_one, paths, settings, counts),
            "in batches": partial(into_empty, in_batches, paths, settings, counts),
        }
        times = rounds.medians(ways, given.rounds)
        rounds.ratios("one by one", times, {"in batches": round(AIM, 2)})
        speeds = (f"{name} {given.documents / taken:.0f}" for name, taken in times.items())
        print(f"\nDocuments a second: {', '.join(speeds)}. Same numbers of rows: {len(counts) == 1}.")


def written(directory: Path, number: int) -> Path:
    """Write the log of another run with other products; return its path."""
    text = UUID.sub(
        lambda found: str(uuid.uuid5(uuid.NAMESPACE_OID, f"{found[0]} {number}")), SAMPLE.read_text()
    )
    path = directory / f"{number}.provenance.log"
    path.write_text(text.replace(".dl1.h5", f".{number}.dl1.h5"))
    return path


def into_empty(
    way: Callable[[Sequence[Path], Settings], None],
    paths: Sequence[Path],
    settings: Settings,
    counts: set[tuple[int, ...]],
) -> float:
    """Return the seconds that *way* takes in an empty store, and add the numbers of its rows to *counts*."""
    empty = replace(settings, database_url=empty_copy(settings))
    taken = rounds.timed(way, paths, empty)
    with open_database(empty) as database, database.transaction() as transaction:
        counts.add(tuple(transaction.rows(COUNTS)[0]))
    return taken


def one_by_one(paths: Sequence[Path], settings: Settings) -> None:
    """Store each document in a transaction of its own."""
    with open_database(settings) as database:
        for path in paths:
            ingest(path, database, settings)


def in_batches(paths: Sequence[Path], settings: Settings) -> None:
    """Store the documents as `provtap ingest` does."""
    with open_database(settings) as database:
        ingest_all(paths, database, settings)


if __name__ == "__main__":
    main()
