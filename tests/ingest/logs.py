"""ctapipe logs made for a test, and the content of the store to compare."""

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from provtap.database.connect import Database
from provtap.ingest import IngestReport

SAMPLES = sorted(Path("provtap/ingest/samples").glob("*.log"))
VERSIONS = sorted(Path("tests/data/ctapipe_versions").glob("*.json"))

# Every published table but provext.ingestion, whose rows are the documents as they came.
_TABLES = """
    SELECT schemaname || '.' || tablename AS name FROM pg_tables
     WHERE schemaname IN ('provenance', 'provext') AND tablename <> 'ingestion' ORDER BY 1
"""


def run(number: int, start: int = 0, end: int = 0, **members: Any) -> dict[str, Any]:
    """Return the record of run *number*, from second *start* to second *end*."""
    return {
        "activity_name": f"tool-{number}",
        "activity_uuid": uuid_of("activity", number),
        "status": "completed",
        "start": {"time_utc": f"2026-01-01T00:00:{start:02}.000"},
        "stop": {"time_utc": f"2026-01-01T00:00:{end:02}.000"},
        "system": {"ctapipe_version": "0.28.0", "platform": {"node": "host"}},
        "input": [],
        "output": [],
    } | members


def file(url: str, role: str | None = "data", header: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return an input or output."""
    return {"url": url, "role": role, "reference_meta": header}


def documents() -> list[Path]:
    """Return one document of each kind in the tests' data, besides the samples."""
    found = (Path(__file__).parents[1] / "data").rglob("*")
    return sorted(path for path in found if path.is_file() and path.stat().st_size < 100_000)


def header(product: int, activity: int, created: int = 0, **members: str) -> dict[str, Any]:
    """Return the reference metadata of *product*, made by run *activity* up to second *created*."""
    time = f"2026-01-01 00:00:{created:02}.000"
    return {
        "CTA PRODUCT ID": uuid_of("product", product),
        "CTA PRODUCT CREATION TIME": time,
        "CTA PRODUCT FORMAT": "hdf5",
        "CTA ACTIVITY ID": uuid_of("activity", activity),
        "CTA ACTIVITY NAME": f"tool-{activity}",
        "CTA ACTIVITY SOFTWARE VERSION": "0.28.0",
        "CTA ACTIVITY START TIME": "2026-01-01 00:00:00.000",
        "CTA ACTIVITY STOP TIME": time,
    } | members


def uuid_of(kind: str, number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{kind} {number}"))


def activity_id(number: int) -> str:
    return f"urn:uuid:{uuid_of('activity', number)}"


def product_id(number: int) -> str:
    return f"urn:uuid:{uuid_of('product', number)}"


def write_log(path: Path, *runs: dict[str, Any]) -> Path:
    """Write one array of *runs* to *path*."""
    path.write_text(json.dumps(runs))
    return path


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.session() as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def tables(database: Database) -> dict[str, Counter[tuple[Any, ...]]]:
    """Return the full content of every published table except provext.ingestion."""
    names = [name for (name,) in rows(database, _TABLES)]
    return {name: Counter(rows(database, f"SELECT * FROM {name}")) for name in names}


def empty(database: Database) -> None:
    """Remove everything that was ingested; TRUNCATE would take longer than the ingestions."""
    tables = """SELECT schemaname || '.' || tablename FROM pg_tables
                 WHERE schemaname IN ('provenance', 'provext', 'provtap') AND tablename <> 'migration'"""
    names = [name for (name,) in rows(database, tables)]
    with database.session() as connection, connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # keys need no order of deletion
        cursor.execute("".join(f"DELETE FROM {name};" for name in names))


def total(reports: Iterable[IngestReport], name: str) -> int:
    return sum(getattr(report, name) for report in reports)
