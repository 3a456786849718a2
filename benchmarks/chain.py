"""A chain of activities to load: one product, two usages and five parameters each."""

import io
from collections.abc import Iterator
from datetime import datetime

import psycopg2
from psycopg2.extensions import make_dsn, parse_dsn

from provtap.config import Settings
from provtap.ingest.model.records import Activity, Entity, Parameter, Reading, RecordSet, WasGeneratedBy
from provtap.ingest.rebuild import PUBLISHED, REMEMBERED

TABLES = {
    "provenance.activity": ("a_id", "a_name", "a_starttime", "a_endtime"),
    "provenance.entity": ("e_id", "e_class", "e_name", "e_location", "e_generatedattime"),
    "provenance.used": ("u_activity_id", "u_entity_id", "u_role"),
    "provenance.wasgeneratedby": ("wgb_entity_id", "wgb_activity_id", "wgb_role"),
    "provenance.parameter": ("p_id", "p_activity_id", "p_name", "p_value"),
}

COLUMNS = """
SELECT attname FROM pg_attribute
 WHERE attrelid = %s::regclass AND attnum > 0 AND attgenerated = '' AND NOT attisdropped
"""
ROWS = 500
"""Rows of one INSERT."""
START, END = datetime(2026, 1, 1, 10), datetime(2026, 1, 1, 11)


def rows(table: str, number: int) -> Iterator[tuple[str, ...]]:
    """Yield the rows that *number* activities have in *table*."""
    for n in range(number):
        activity = activity_id(n)
        match table:
            case "provenance.activity":
                yield activity, "make-image", "2026-01-01 10:00:00", "2026-01-01 11:00:00"
            case "provenance.entity":
                yield product_id(n), "DatasetEntity", f"{n}.h5", f"/prod/{n}.h5", "2026-01-01 11:00:00"
            case "provenance.used":
                yield from ((activity, entity, role) for entity, role in usages(n))
            case "provenance.wasgeneratedby":
                yield product_id(n), activity, "image"
            case _:
                yield from ((f"{activity}/p{k}", activity, f"Tool.p{k}", str(n * k)) for k in range(5))


def activity_id(number: int) -> str:
    return f"urn:uuid:00000000-0000-4000-8000-{number:012}"


def product_id(number: int) -> str:
    return f"lfn:/prod/{number}.h5"


def usages(number: int) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return entity and role of what an activity used."""
    return (product_id(max(number - 1, 0)), "events"), (product_id(number // 2), "calibration")


def copy_blocks(number: int) -> Iterator[str]:
    """Yield the script that fills the tables, as pg_dump writes it."""
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


def record_sets(number: int) -> Iterator[RecordSet]:
    """Yield what the records of *number* activities say, one account each."""
    for n in range(number):
        id_, product = activity_id(n), product_id(n)
        records = (
            Activity(id=id_, name="make-image", start_time=START, end_time=END),
            Entity(id=product, name=f"{n}.h5", location=f"/prod/{n}.h5", generated_at_time=END),
            WasGeneratedBy(entity_id=product, activity_id=id_, role="image"),
            *(Reading(activity_id=id_, entity_id=entity, role=role) for entity, role in usages(n)),
            *(
                Parameter(id=f"{id_}/p{k}", activity_id=id_, name=f"Tool.p{k}", value=str(n * k))
                for k in range(5)
            ),
        )
        yield RecordSet(id_, f"{n:064x}", records)


def stored(settings: Settings) -> Iterator[str]:
    """Yield the script that fills all tables with what the loader stored and remembers."""
    connection = psycopg2.connect(settings.database_url)
    with connection.cursor() as cursor:
        for table in ("provext.ingestion", *reversed(PUBLISHED), *reversed(REMEMBERED)):
            cursor.execute(COLUMNS, [table])
            columns = ", ".join(name for (name,) in cursor.fetchall())
            rows = io.StringIO()
            cursor.copy_expert(f"COPY {table} ({columns}) TO STDOUT", rows)
            yield f"COPY {table} ({columns}) FROM stdin;\n{rows.getvalue()}\\.\n"
    connection.close()


def empty_copy(settings: Settings) -> str:
    """Return a database with the same, empty tables; the one of the last call is gone."""
    name = "bench_copy"
    url = settings.database_url or ""
    connection = psycopg2.connect(make_dsn(url, dbname="template1"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {parse_dsn(url)['dbname']}")
        cursor.execute("CHECKPOINT")
    connection.close()
    return make_dsn(url, dbname=name)
