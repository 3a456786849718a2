"""Measure ProvSAP: a graph of as many nodes as wanted as PROV-JSON, next to the SQL that it takes.

Prints ratios of wall-clock time, the medians of alternating rounds. The store holds a merge of files, the
runs that made them and their inputs, among ten times as many others.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import psycopg2
from store import store

from provtap import metadata
from provtap.database.connect import open_database
from provtap.provsap import ProvsapRequest, retrieve, write

FILL = """
INSERT INTO provenance.entity (e_id, e_class, e_name)
SELECT kind || '/' || n, 'DatasetEntity', kind || '_' || n || '.h5'
  FROM generate_series(1, %(others)s) AS n, unnest(ARRAY['raw', 'dl1']) AS kind
 UNION ALL SELECT 'merged', 'DatasetEntity', 'merged.h5';
INSERT INTO provenance.activity (a_id, a_name)
SELECT 'run/' || n, 'process' FROM generate_series(1, %(others)s) AS n UNION ALL SELECT 'merge', 'merge';
INSERT INTO provenance.used (u_activity_id, u_entity_id, u_role)
SELECT 'run/' || n, 'raw/' || n, 'DL0' FROM generate_series(1, %(others)s) AS n
 UNION ALL SELECT 'merge', 'dl1/' || n, 'Event' FROM generate_series(1, %(files)s) AS n;
INSERT INTO provenance.wasgeneratedby (wgb_entity_id, wgb_activity_id, wgb_role)
SELECT 'dl1/' || n, 'run/' || n, 'DL1' FROM generate_series(1, %(others)s) AS n
 UNION ALL SELECT 'merged', 'merge', 'DL1';
"""


def main() -> None:
    """Print what each format costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1_000, help="nodes of the graph")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    tableset = metadata.load(None)
    with store(1) as settings, open_database(settings) as database:
        files = options.nodes // 3
        with psycopg2.connect(str(settings.database_url)) as connection, connection.cursor() as cursor:
            cursor.execute(FILL, {"files": files, "others": 10 * files})
            cursor.execute("ANALYZE")
        ways: dict[str, Callable[[], object]] = {
            "SQL": lambda: retrieve(asked(), database, tableset, settings)
        }
        for name in ("PROV-JSON", "PROV-VOTABLE", "PROV-XML", "PROV-SVG"):
            ways[name] = lambda name=name: write(
                retrieve(asked(name), database, tableset, settings), asked(name), ""
            )
        compare(ways, options.rounds)


def asked(form: str = "PROV-JSON") -> ProvsapRequest:
    """Return the request for the whole graph."""
    return ProvsapRequest.from_parameters({"ID": ["merged"], "DEPTH": ["10"], "RESPONSEFORMAT": [form]})


def compare(ways: dict[str, Callable[[], object]], rounds: int) -> None:
    """Run all of *ways* in turn, and print their medians next to that of the first."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            begun = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - begun)
    floor = median(next(iter(times.values())))
    for name, measured in times.items():
        print(f"{name:12} {median(measured) * 1000:6.0f} ms  ratio {median(measured) / floor:.2f}")


if __name__ == "__main__":
    main()
