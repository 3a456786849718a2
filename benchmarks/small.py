"""The small query of two benchmarks: one activity by its id, and each time another one."""

from urllib.parse import urlencode

import psycopg2

from provtap import metadata
from provtap.adql import translate
from provtap.config import Settings

IDS = 100
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def queries(settings: Settings) -> list[str]:
    """Return IDS queries of one row each, in ADQL."""
    connection = psycopg2.connect(str(settings.database_url))
    with connection.cursor() as cursor:
        cursor.execute("SELECT a_id FROM provenance.activity ORDER BY md5(a_id) LIMIT %s", [IDS])
        ids = [id_ for (id_,) in cursor.fetchall()]
    connection.close()
    columns = "a_id, a_name, a_starttime, a_endtime"
    return [f"SELECT {columns} FROM provenance.activity WHERE a_id = '{id_}'" for id_ in ids]


def translated(settings: Settings, adql: list[str]) -> list[str]:
    """Return the same queries as the service sends them to PostgreSQL, but for COPY round them."""
    tableset = metadata.load(settings.metadata_dir)
    return [translate(query, tableset).copy_sql(settings.maxrec) for query in adql]


def body(adql: str) -> str:
    """Return the body of a request."""
    return urlencode({"LANG": "ADQL", "QUERY": adql})
