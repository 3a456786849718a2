"""A store like that of a pipeline: products in layers, each made by a run from products of the layer before.

Run n of a layer uses products n and n - 1 of the layer before, and one of 50 calibration files of its layer;
it makes a product and a log. So a product of the twelfth layer has 168 ancestors. All have what real ones
have: times, names, places, sizes and checksums, parameters, an operator, descriptions. Ids are UUIDs, as runs
have them: neighbours in time are no neighbours in an index.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5
from pathlib import Path
from uuid import UUID

import psycopg2
from psycopg2.extensions import cursor
from store import store

from provtap.config import Settings

ACTIVITIES = 200_000
LAYERS = 12
PARAMETERS = 5
"""Of each activity."""
_FILL = Path(__file__).with_suffix(".sql").read_text()
_KEYS = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
       format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
  FROM pg_constraint
 WHERE contype IN ('p', 'u', 'f') AND connamespace IN ('provenance'::regnamespace, 'provext'::regnamespace, 'provtap'::regnamespace)
 ORDER BY contype = 'f' DESC
"""
_INDEXES = """
SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
  FROM pg_index JOIN pg_class ON oid = indrelid
 WHERE relnamespace IN ('provenance'::regnamespace, 'provext'::regnamespace, 'provtap'::regnamespace)
   AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
"""
"""Each: how to drop it, how to make it again. Foreign keys go first, and come last."""


def identifier(kind: str, layer: int, n: int) -> str:
    """Return the id of a `product` (of layer 0 to LAYERS), `log`, `calibration` or `run` (1 to LAYERS)."""
    return f"urn:uuid:{UUID(md5(f'{kind}/{layer}/{n}'.encode()).hexdigest())}"


@contextmanager
def layered_store(activities: int = ACTIVITIES, parameters: int = PARAMETERS) -> Iterator[Settings]:
    """Make a store with as many *activities*, and about twice as many entities, on a server of its own."""
    with store(0) as settings:
        fill(settings, 0, activities, parameters)
        yield settings


def fill(settings: Settings, filled: int, activities: int, parameters: int = PARAMETERS) -> None:
    """Let a store that was *filled* with so many activities grow to as many *activities*.

    What is filled first gets its keys and indexes afterwards: quicker by far, and they are as small as can be.
    """
    connection = psycopg2.connect(str(settings.database_url))
    connection.autocommit = True
    with connection.cursor() as cursor:
        put_off = [] if filled else _put_off(cursor)
        given = {"first": filled // LAYERS, "last": activities // LAYERS}
        cursor.execute(_FILL, given | {"layers": LAYERS, "parameters": parameters})
        cursor.execute("SET maintenance_work_mem = '1GB'")
        for make in put_off:
            cursor.execute(make)
        cursor.execute("VACUUM ANALYZE")
    connection.close()


def _put_off(cursor: cursor) -> list[str]:
    """Drop keys and indexes; return the statements that make them again."""
    cursor.execute(_KEYS)
    keys = cursor.fetchall()
    cursor.execute(_INDEXES)
    indexes = cursor.fetchall()
    for drop, _ in keys + indexes:
        cursor.execute(drop)
    return [make for _, make in indexes + keys[::-1]]
