"""How what a store costs grows with it: the same questions, loads and upkeep at several sizes.

The store is that of layers.py, with about two entities an activity. Each question is asked of another product
each time; `--explain` prints the plans as well.
"""

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import psycopg2
from layers import LAYERS, fill, identifier
from rounds import heading, parser, seconds, table, timed
from store import store

from provtap import metadata
from provtap.adql import translate
from provtap.config import Settings
from provtap.database.connect import Database, open_database, read_only
from provtap.ingest import load_sql

LOADED = 1_000
"""Activities that are loaded into the full store."""
ASKED = 10
"""Times a question is asked in one round."""
QUESTIONS = {
    "a product by id": "SELECT * FROM provenance.entity WHERE e_id = '{product}'",
    "a product by name": "SELECT * FROM provenance.entity WHERE e_name = 'product_12_{n:08}.h5'",
    "ten products by the begin of their names": (
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
        "SELECT * FROM provext.entity_origin WHERE eo_entity_id = '{product}'"
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
    options.add_argument(
        "--activities", type=int, nargs="+", default=[50_000, 250_000], help="sizes, from small to large"
    )
    options.add_argument("--explain", action="store_true", help="print the plans at each size")
    given = options.parse_args()
    found: list[dict[str, str]] = []
    with store(0) as settings:
        filled = 0
        for activities in given.activities:
            took = timed(fill, settings, filled, activities)
            filled = activities
            found.append(
                {"filled by SQL in": seconds(took)} | measured(settings, filled, given.rounds, given.explain)
            )
    heading("How what a store costs grows with it", given.rounds)
    sizes = [f"{activities:,} activities" for activities in given.activities]
    rows = [[name, *(column.get(name, "") for column in found)] for name in found[-1]]
    table(["", *sizes], rows)


def measured(settings: Settings, activities: int, rounds: int, explain: bool) -> dict[str, str]:
    """Return what each thing costs on a store of as many *activities*, by its name."""
    with open_database(settings) as database:
        found = {
            name: ask(database, name, adql, activities // LAYERS, rounds, explain)
            for name, adql in QUESTIONS.items()
        }
        found[f"{LOADED:,} more activities loaded in"] = seconds(
            median(load(database, settings, activities // LAYERS) for _ in range(rounds))
        )
    return found | upkeep(settings) | occupied(settings)


def ask(database: Database, name: str, adql: str, width: int, rounds: int, explain: bool) -> str:
    """Return the median time of one question, and the rows of the last answer."""
    tableset = metadata.load(None)
    times: list[float] = []
    with database.reader.connection(read_only(600)) as connection, connection.cursor() as cursor:
        for number in range(rounds * ASKED):
            sql = translate(adql.format(**about(number, width)), tableset).copy_sql(10_000)
            times.append(timed(cursor.execute, sql))
            if times[-1] > 1 and len(times) == rounds:  # slow ones are no steadier for being asked more often
                break
        rows = cursor.rowcount
        if explain:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) {sql}")
            print(f"-- {name}", *(line for (line,) in cursor), sep="\n", flush=True)
    return f"{seconds(median(times))} ({rows} rows)"


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


def load(database: Database, settings: Settings, width: int) -> float:
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
            (run, identifier("product", LAYERS, (n * 7919 + k) % width), f"in{k}")
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
        return timed(load_sql, [Path(script.name)], database, settings)


def upkeep(settings: Settings) -> dict[str, str]:
    """Return what VACUUM and ANALYZE take after the loads."""
    found = {}
    connection = psycopg2.connect(str(settings.database_url))
    connection.autocommit = True
    with connection.cursor() as cursor:
        for command in ("VACUUM", "ANALYZE"):
            found[command] = seconds(timed(cursor.execute, command))
    connection.close()
    return found


def occupied(settings: Settings) -> dict[str, str]:
    """Return the disk that tables and indexes take, also for one row."""
    connection = psycopg2.connect(str(settings.database_url))
    with connection.cursor() as cursor:
        cursor.execute(SIZES)
        sizes = cursor.fetchall()
    connection.close()
    total = sum(data + index for _, data, index, _ in sizes)
    entities = next(rows for name, _, _, rows in sizes if name == "provenance.entity")
    found = {"disk": f"{total / 1e6:,.0f} MB, {total / entities:,.0f} bytes an entity"}
    for name, data, index, rows in sizes:
        each = f"{data / rows:.0f} + {index / rows:.0f} bytes a row" if rows > 0 else ""
        found[f"{name}: table + indexes"] = f"{data / 1e6:,.0f} + {index / 1e6:,.0f} MB; {each}"
    return found


if __name__ == "__main__":
    main()
