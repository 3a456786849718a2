"""How what a store costs grows with it: the same questions, loads and upkeep at several sizes.

The stores are those of layers.py, with about two entities an activity; they take turns, on one server. Each
question is asked of another product each time. `--explain` prints the plans as well.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import psycopg2
from layers import LAYERS, fill, identifier
from psycopg2.extensions import make_dsn, parse_dsn
from rounds import heading, parser, seconds, table, timed
from store import store

from provtap import metadata
from provtap.adql import translate
from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.ingest import load_sql

TABLESET = metadata.load(None)
LOADED = 1_000
"""Activities that are loaded into the full store."""
ASKED = 10
"""Times a question is asked in one round, unless it is slow."""
ENOUGH = 20.0
"""Seconds for one question, whatever was asked by then."""
QUESTIONS = {
    "a product by id": "SELECT * FROM provenance.entity WHERE e_id = '{product}'",
    "a product by name": "SELECT * FROM provenance.entity WHERE e_name = 'product_12_{n:08}.h5'",
    "ten products by the begin of their names": (
        "SELECT * FROM provenance.entity"
        " WHERE e_name >= 'product_12_{tens:07}' AND e_name < 'product_12_{tens:07}~'"
    ),
    "the same by LIKE, to which `_` is any character": (
        "SELECT * FROM provenance.entity WHERE e_name LIKE 'product_12_{tens:07}%'"
    ),
    "a day's products by the begin of their paths": (
        "SELECT e_id FROM provenance.entity WHERE e_location LIKE '/data/{day}/level12/product%'"
    ),
    "a day's products by time": (
        "SELECT e_id FROM provenance.entity WHERE e_class = 'DatasetEntity'"
        " AND e_generatedattime >= '{date}T00:00:00' AND e_generatedattime < '{date}T23:59:59'"
    ),
    "the ten newest products": "SELECT TOP 10 e_id FROM provenance.entity ORDER BY e_generatedattime DESC",
    "a product with run, status and agent": (
        "SELECT * FROM provext.last_step WHERE ls_entity_id = '{product}'"
    ),
    "the ancestors of a product": (
        "SELECT l_ancestor_id FROM provenance.lineage WHERE l_descendant_id = '{product}'"
    ),
    "the descendants of a raw product": (
        "SELECT l_descendant_id FROM provenance.lineage WHERE l_ancestor_id = '{raw}'"
    ),
    "100 runs by the value of a parameter": (
        "SELECT TOP 100 ap_activity_id FROM provext.activity_parameter"
        " WHERE ap_name = 'Tool3.p1' AND ap_number BETWEEN {value} AND {value} + 5"
    ),
    "a day's failed runs with host and tool": (
        "SELECT a_id, a_name, r_host FROM provenance.activity JOIN provext.run ON r_activity_id = a_id"
        " WHERE r_status = 'failed' AND a_starttime >= '{date}T00:00:00' AND a_starttime < '{date}T23:59:59'"
    ),
    "the number of entities": "SELECT COUNT(*) AS n FROM provenance.entity",
    "the number of runs of each tool and status": (
        "SELECT a_name, r_status, COUNT(*) AS n FROM provenance.activity"
        " JOIN provext.run ON r_activity_id = a_id GROUP BY a_name, r_status"
    ),
}
SIZES = """
SELECT nspname || '.' || relname, pg_table_size(c.oid), pg_indexes_size(c.oid), reltuples::bigint
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
 WHERE nspname IN ('provenance', 'provext', 'provtap') AND relkind = 'r'
   AND pg_total_relation_size(c.oid) > 1000000
 ORDER BY pg_total_relation_size(c.oid) DESC
"""


def main() -> None:
    """Print one table: what each thing costs at each size."""
    options = parser(__doc__)
    options.add_argument("--activities", type=int, nargs="+", default=[20_000, 200_000], help="of each store")
    options.add_argument("--explain", action="store_true", help="print the plans as well")
    given = options.parse_args()
    with ExitStack() as stack:
        empty = stack.enter_context(store(0))
        places = [Place(copied(empty, size), size, stack) for size in given.activities]
        heading("How what a store costs grows with it", given.rounds)
        columns = [f"{place.activities:,} activities" for place in places]
        table(["", *columns, "ratio"], rows(places, given.rounds))
        if given.explain:
            for place in places:
                place.explain()


class Place:
    """A store with as many *activities*, filled and open."""

    def __init__(self, settings: Settings, activities: int, stack: ExitStack) -> None:
        self.settings = settings
        self.activities = activities
        self.width = activities // LAYERS
        self.filled = timed(fill, settings, 0, activities)
        self.database = stack.enter_context(open_database(settings))

    def ask(self, adql: str, number: int) -> float:
        """Return the seconds that a question takes about the thing with this *number*."""
        sql = self._sql(adql, number)
        with self.database.reading(600) as transaction, transaction.connection.cursor() as cursor:
            return timed(cursor.execute, sql)

    def explain(self) -> None:
        """Print the plan of every question."""
        for name, adql in QUESTIONS.items():
            with self.database.reading(600) as transaction, transaction.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) {self._sql(adql, 0)}")
                print(f"\n-- {name}, {self.activities:,} activities", *(line for (line,) in cursor), sep="\n")

    def count(self, adql: str) -> int:
        """Return how many rows answer a question."""
        with self.database.reading(600) as transaction, transaction.connection.cursor() as cursor:
            cursor.execute(self._sql(adql, 0))
            return cursor.rowcount

    def _sql(self, adql: str, number: int) -> str:
        return translate(adql.format(**about(number, self.width)), TABLESET).copy_sql(10_000)

    def maintain(self, command: str) -> float:
        """Return the seconds that VACUUM or ANALYZE takes."""
        connection = psycopg2.connect(str(self.settings.database_url))
        connection.autocommit = True
        with connection.cursor() as cursor:
            taken = timed(cursor.execute, command)
        connection.close()
        return taken

    def sizes(self) -> dict[str, tuple[int, int, int]]:
        """Return the bytes of each larger table and of its indexes, and its rows."""
        with psycopg2.connect(str(self.settings.database_url)) as connection, connection.cursor() as cursor:
            cursor.execute(SIZES)
            found = {name: sizes for name, *sizes in cursor}
        connection.close()
        return found


def copied(empty: Settings, size: int) -> Settings:
    """Return the settings of a new database with the tables of an *empty* one, on the same server."""
    url = str(empty.database_url)
    connection = psycopg2.connect(make_dsn(url, dbname="postgres"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE size{size} TEMPLATE {parse_dsn(url)['dbname']}")
    connection.close()
    return replace(empty, database_url=make_dsn(url, dbname=f"size{size}"))


def rows(places: Sequence[Place], rounds: int) -> Iterator[list[str]]:
    """Yield the rows of the table."""
    for name, adql in QUESTIONS.items():
        found = [f"{place.count(adql)} rows" for place in places]
        times: list[list[float]] = [[] for _ in places]
        for number in range(rounds * ASKED):
            if number < rounds or sum(map(sum, times)) < ENOUGH:
                for place, taken in zip(places, times, strict=True):
                    taken.append(place.ask(adql, number))
        yield row(name, [median(taken) for taken in times], found)
    loads: list[list[float]] = [[] for _ in places]
    for _ in range(rounds):
        for place, taken in zip(places, loads, strict=True):
            taken.append(load(place))
    yield row(f"{LOADED:,} more activities loaded", [median(taken) for taken in loads])
    for command in ("VACUUM", "ANALYZE"):
        yield row(command, [place.maintain(command) for place in places])
    yield row("made by SQL, in order", [place.filled for place in places])
    yield from occupied(places)


def row(name: str, times: Sequence[float], remarks: Sequence[str] = ()) -> list[str]:
    """Return a row of the table: times, and the ratio of the last to the first."""
    cells = [seconds(taken) for taken in times]
    if remarks:
        cells = [f"{cell}, {remark}" for cell, remark in zip(cells, remarks, strict=True)]
    return [name, *cells, f"{times[-1] / times[0]:.1f}"]


def occupied(places: Sequence[Place]) -> Iterator[list[str]]:
    """Yield rows of the disk that the tables and their indexes take."""
    found = [place.sizes() for place in places]
    totals = [sum(data + index for data, index, _ in sizes.values()) for sizes in found]
    each = [
        f"{total / 1e6:,.0f} MB, {total / sizes['provenance.entity'][2]:,.0f} bytes an entity"
        for total, sizes in zip(totals, found, strict=True)
    ]
    yield ["disk", *each, f"{totals[-1] / totals[0]:.1f}"]
    for name in found[-1]:
        if all(sizes.get(name, (0, 0, 0))[2] > LOADED * 10 for sizes in found):
            each = [
                f"{data / count:.0f} + {index / count:.0f} bytes a row"
                for data, index, count in (sizes[name] for sizes in found)
            ]
            yield [f"{name}, table + indexes", *each, ""]


def about(number: int, width: int) -> dict[str, object]:
    """Return what the question with this *number* is about, on a store with *width* products a layer."""
    n = (number * 7919 + width // 2) % width  # a prime: all over the store
    with_layer = time.gmtime(1577836800 + n * 60 + 12 * 86400)  # layers.sql: when the run of layer 12 began
    return {
        "n": n,
        "tens": n // 10,
        "product": identifier("product", LAYERS, n),
        "raw": identifier("product", 0, n),
        "day": time.strftime("%Y/%m/%d", with_layer),
        "date": time.strftime("%Y-%m-%d", with_layer),
        "value": f"{n % 1000 / 8}",
    }


def load(place: Place) -> float:
    """Load LOADED new activities, each with a product, two usages, five parameters; return the seconds."""
    runs = [f"urn:uuid:{uuid4()}" for _ in range(LOADED)]
    made = [f"urn:uuid:{uuid4()}" for _ in runs]
    time_ = "2025-01-01T00:00:00"
    tables: dict[str, list[tuple[Any, ...]]] = {
        "entity (e_id, e_class, e_name, e_location, e_generatedattime)": [
            (e, "DatasetEntity", f"{e[-12:]}.h5", f"/data/2025/01/01/{e[-12:]}.h5", time_) for e in made
        ],
        "activity (a_id, a_name, a_starttime, a_endtime)": [(run, "tool", time_, time_) for run in runs],
        "used (u_activity_id, u_entity_id, u_role)": [
            (run, identifier("product", LAYERS, (n * 7919 + k) % place.width), f"in{k}")
            for n, run in enumerate(runs)
            for k in (0, 1)
        ],
        "wasgeneratedby (wgb_entity_id, wgb_activity_id, wgb_role)": [
            (e, run, "out") for e, run in zip(made, runs, strict=True)
        ],
        "parameter (p_id, p_activity_id, p_name, p_value)": [
            (f"{run}/p{k}", run, f"Tool.p{k}", k) for run in runs for k in range(5)
        ],
    }
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        for name, rows in tables.items():
            script.write(f"COPY provenance.{name} FROM stdin;\n")
            script.writelines("\t".join(map(str, row)) + "\n" for row in rows)
            script.write("\\.\n")
        script.flush()
        return timed(load_sql, [Path(script.name)], place.database, place.settings)


if __name__ == "__main__":
    main()
