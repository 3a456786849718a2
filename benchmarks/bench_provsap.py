"""Measure ProvSAP: a graph of as many nodes as wanted as PROV-JSON, next to the SQL that it takes.

The store holds a merge of files, the runs that made them and their inputs, among ten times as many others.
"""

from functools import partial

import psycopg2
import rounds
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
    parser = rounds.parser(__doc__, 15)
    parser.add_argument("--nodes", type=int, default=1_000, help="nodes of the graph")
    options = parser.parse_args()
    rounds.heading(f"What does ProvSAP cost, a graph of {options.nodes} nodes?", options.rounds, __doc__)
    tableset = metadata.load(None)
    with store(1) as settings, open_database(settings) as database:
        files = options.nodes // 3
        with psycopg2.connect(str(settings.database_url)) as connection, connection.cursor() as cursor:
            cursor.execute(FILL, {"files": files, "others": 10 * files})
            cursor.execute("ANALYZE")

        def document(form: str) -> None:
            write(retrieve(asked(form), database, tableset, settings), asked(form), "")

        ways = {"SQL": partial(rounds.timed, retrieve, asked(), database, tableset, settings)}
        for form in ("PROV-JSON", "PROV-VOTABLE", "PROV-XML", "PROV-SVG"):
            ways[form] = partial(rounds.timed, document, form)
        rounds.ratios("SQL", rounds.medians(ways, options.rounds))


def asked(form: str = "PROV-JSON") -> ProvsapRequest:
    """Return the request for the whole graph."""
    return ProvsapRequest.from_parameters({"ID": ["merged"], "DEPTH": ["10"], "RESPONSEFORMAT": [form]})


if __name__ == "__main__":
    main()
