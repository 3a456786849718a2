"""How long `provtap load-sql` takes for a script, beside psql with the same script and the same tables.

psql runs the script into the same tables, with the same keys and rules, in a database of its own. What it has
not to do: check the script, remember what was told, keep the script's bytes, and say what was new.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import psycopg2
import rounds
from psycopg2.extensions import make_dsn
from store import resident, store

from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.ingest import load_sql

TABLES = {
    "provenance.activity": ("a_id", "a_name", "a_starttime", "a_endtime"),
    "provenance.entity": ("e_id", "e_class", "e_name", "e_location", "e_generatedattime"),
    "provenance.used": ("u_activity_id", "u_entity_id", "u_role"),
    "provenance.wasgeneratedby": ("wgb_entity_id", "wgb_activity_id", "wgb_role"),
    "provenance.parameter": ("p_id", "p_activity_id", "p_name", "p_value"),
}
ROWS = 500
"""Rows of one INSERT."""


def main() -> None:
    """Print the ratios for COPY blocks and for INSERTs."""
    parser = rounds.parser(__doc__, 3)
    parser.add_argument("--activities", type=int, default=5_000, help="activities of the script")
    options = parser.parse_args()
    rounds.heading("How fast are scripts of SQL loaded?", options.rounds)
    with store(0) as settings, tempfile.TemporaryDirectory() as directory:
        lines = []
        for form, write in (("COPY", copy_blocks), ("INSERT", inserts)):
            path = Path(directory) / f"{form}.sql"
            with path.open("w") as script:
                script.writelines(write(options.activities))
            lines.append(
                [form, f"{path.stat().st_size / 1e6:.0f} MB", *compare(settings, path, options.rounds)]
            )
        rounds.table(["script", "size", "psql", "load-sql", "ratio", "memory"], lines)


def compare(settings: Settings, path: Path, number: int) -> list[str]:
    """Return what both take, their ratio, and by what the memory of load-sql grew."""
    before = resident([os.getpid()], "VmHWM")
    ways = {run.__name__: partial(on_empty_tables, run, settings, path) for run in (with_psql, with_provtap)}
    floor, ours = rounds.medians(ways, number).values()
    grown = (resident([os.getpid()], "VmHWM") - before) / 1e6
    return [rounds.seconds(floor), rounds.seconds(ours), f"{ours / floor:.2f}", f"+{grown:.0f} MB"]


def on_empty_tables(run: Callable[[Settings, Path], None], settings: Settings, path: Path) -> float:
    """Return the seconds that loading takes."""
    return rounds.timed(run, replace(settings, database_url=copy_of(settings)), path)


def copy_of(settings: Settings) -> str:
    """Return a database with the same, empty tables."""
    name = "bench_copy"
    connection = psycopg2.connect(make_dsn(settings.database_url or "", dbname="template1"))
    connection.autocommit = True
    base = psycopg2.extensions.parse_dsn(settings.database_url or "")["dbname"]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {base}")
    connection.close()
    return make_dsn(settings.database_url or "", dbname=name)


def with_psql(settings: Settings, path: Path) -> None:
    """Run the script as it is, in one transaction."""
    command = ["psql", "-qX1", "-v", "ON_ERROR_STOP=1", "-d", settings.database_url or "", "-f", str(path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def with_provtap(settings: Settings, path: Path) -> None:
    """Load the script."""
    with open_database(settings) as database:
        load_sql([path], database, settings)


def rows(table: str, number: int) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a chain of *number* activities: two usages, one product, five parameters each."""
    for n in range(number):
        activity = f"urn:uuid:00000000-0000-4000-8000-{n:012}"
        match table:
            case "provenance.activity":
                yield activity, "make-image", "2026-01-01 10:00:00", "2026-01-01 11:00:00"
            case "provenance.entity":
                yield f"lfn:/prod/{n}.h5", "DatasetEntity", f"{n}.h5", f"/prod/{n}.h5", "2026-01-01 11:00:00"
            case "provenance.used":
                yield activity, f"lfn:/prod/{max(n - 1, 0)}.h5", "events"
                yield activity, f"lfn:/prod/{n // 2}.h5", "calibration"
            case "provenance.wasgeneratedby":
                yield f"lfn:/prod/{n}.h5", activity, "image"
            case _:
                yield from ((f"{activity}/p{k}", activity, f"Tool.p{k}", str(n * k)) for k in range(5))


def copy_blocks(number: int) -> Iterator[str]:
    """Yield the script as pg_dump writes it."""
    for table, columns in TABLES.items():
        yield f"COPY {table} ({', '.join(columns)}) FROM stdin;\n"
        yield from ("\t".join(row) + "\n" for row in rows(table, number))
        yield "\\.\n"


def inserts(number: int) -> Iterator[str]:
    """Yield the script as INSERTs of many rows."""
    for table, columns in TABLES.items():
        for at, row in enumerate(rows(table, number)):
            if at % ROWS == 0:
                yield (";\n" if at else "") + f"INSERT INTO {table} ({', '.join(columns)}) VALUES\n"
            yield ("" if at % ROWS == 0 else ",\n") + f"({', '.join(repr(cell) for cell in row)})"
        yield ";\n"


if __name__ == "__main__":
    main()
