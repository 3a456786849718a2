"""Measure the history of a product as it was known on a date, next to the present one.

Each step of the histories is a log of its own, of a run that read the product of the run before and a
calibration file that all of them read. They are among as many other activities as wanted, with the index of
documents that these would have; an answer is that of ProvSAP as PROV-JSON, without parameters.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import psycopg2
import rounds
from layers import layered_store

from provtap import metadata
from provtap.config import Settings
from provtap.database.connect import Database, open_database
from provtap.history import retrieve
from provtap.ingest import ingest_content
from provtap.provsap import ProvsapRequest, write
from provtap.tableset import Tableset

STEPS = (10, 200)
PARAMETERS = 20
MENTIONS = 12
"""Rows of the index for each activity."""
OTHERS = """
INSERT INTO provext.ingestion (in_source, in_format, in_sha256, in_new, in_updated, in_unchanged)
SELECT n || '.log', 'ctapipe', md5(n::text), 0, 0, 0 FROM generate_series(1, %(others)s) AS n;
INSERT INTO provtap.mention
SELECT hashint8extended(n, m), hashint8extended(n, -m), n
  FROM generate_series(1, %(others)s) AS n, generate_series(1, %(mentions)s) AS m
    ON CONFLICT DO NOTHING;
ANALYZE provext.ingestion, provtap.mention;
SELECT pg_total_relation_size('provtap.mention'), pg_database_size(current_database());
"""


def main() -> None:
    """Print what each history costs."""
    parser = rounds.parser(__doc__, 5)
    parser.add_argument("--activities", type=int, default=50_000, help="others in the store (50000)")
    options = parser.parse_args()
    question = f"What does a history cost as of a date, among {options.activities:,} activities?"
    rounds.heading(question, options.rounds, __doc__)
    tableset = metadata.load(None)
    with layered_store(options.activities) as settings, open_database(settings) as database:
        with psycopg2.connect(str(settings.database_url)) as connection, connection.cursor() as cursor:
            cursor.execute(OTHERS, {"others": options.activities, "mentions": MENTIONS})
            index, whole = cursor.fetchone() or (0, 0)
        connection.close()
        for steps in STEPS:
            for step in range(steps):
                ingest_content(log(steps, step), f"{steps}/{step}.log", database, settings)
        now = datetime.now(UTC).replace(tzinfo=None)
        for steps in STEPS:
            request = asked(f"/prod/{steps}/{steps - 1}.h5")
            then = replace(request, asof=now)
            same = document(request, database, tableset, settings)
            assert document(then, database, tableset, settings) == same
            ways = {
                "the present": partial(rounds.timed, document, request, database, tableset, settings),
                "as of a date": partial(rounds.timed, document, then, database, tableset, settings),
            }
            print(f"\n{steps} steps:\n")
            rounds.ratios("the present", rounds.medians(ways, options.rounds))
    print(f"\nThe index has {index / 1e6:.0f} MB of the {whole / 1e6:.0f} MB of the database.")


def log(steps: int, step: int) -> bytes:
    """Return the record of one run in a history of so many *steps*."""
    activity = f"urn:x:bench:{steps}:{step}"
    begun, ended = (f"2026-01-01T{step // 60:02}:{step % 60:02}:{second}Z" for second in ("00", "30"))
    inputs = {"before": f"/prod/{steps}/{step - 1}.h5", "calibration": "/prod/flat.h5"}
    record = {
        "Activity": [{"id": activity, "name": "make-image", "startTime": begun, "endTime": ended}],
        "Used": [{"activity": activity, "location": at, "role": role} for role, at in inputs.items()],
        "WasGeneratedBy": [{"activity": activity, "location": f"/prod/{steps}/{step}.h5", "role": "image"}],
        "Parameter": [{"activity": activity, "name": f"Tool.p{n}", "value": n} for n in range(PARAMETERS)],
        "Agent": [{"id": "urn:x:maria", "name": "Maria", "type": "Person"}],
        "WasAssociatedWith": [{"activity": activity, "agent": "urn:x:maria", "role": "Operator"}],
    }
    return json.dumps(record).encode()


def asked(name: str) -> ProvsapRequest:
    """Return the request for the whole history."""
    return ProvsapRequest.from_parameters({"ID": [name], "DEPTH": ["ALL"], "CONFIGURATION": ["0"]})


def document(request: ProvsapRequest, database: Database, tableset: Tableset, settings: Settings) -> bytes:
    """Return the answer."""
    return write(replace(retrieve(request, database, tableset, settings), known=None), request, "")


if __name__ == "__main__":
    main()
