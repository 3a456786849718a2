"""The store of jobs on a database of this directory's tests, and clients of it."""

import time
from collections.abc import Callable, Iterator

import psycopg2
import pytest

from provtap.config import Settings
from provtap.database.connect import Database, open_database
from provtap.uws.job import Client, Job
from provtap.uws.store import JobStore
from tests.conftest import Server

QUERY = "SELECT schema_name FROM tap_schema.schemas ORDER BY schema_name"
# Long to run, and silent: the columns joined with themselves, over and over.
SILENT = "SELECT COUNT(*) AS n FROM " + ", ".join(f"tap_schema.columns AS {name}" for name in "abcde")
FLOOD = SILENT.replace("COUNT(*) AS n", "a.*, b.*, c.*")
ANNE, BERT = Client("anne", "192.0.2.1"), Client("bert", "192.0.2.1")
SOMEBODY, ANYBODY = Client(None, "192.0.2.1"), Client(None, "192.0.2.2")


@pytest.fixture(scope="session")
def settings(server: Server, template: Settings) -> Iterator[Settings]:
    """Settings of one database for all tests of this directory."""
    with server.copy(template) as copied:
        yield copied


@pytest.fixture
def database(settings: Settings, sql: Callable[..., object]) -> Iterator[Database]:
    """The open database of `settings`, without jobs."""
    sql("TRUNCATE uws.job, uws.worker")
    with open_database(settings) as opened:
        yield opened


@pytest.fixture
def store(database: Database, settings: Settings) -> JobStore:
    """The jobs of an empty store."""
    return JobStore(database, settings)


@pytest.fixture
def job(store: JobStore) -> Job:
    """A PENDING job of somebody."""
    return store.create(SOMEBODY, {"QUERY": [QUERY]})


@pytest.fixture
def sql(settings: Settings) -> Iterator[Callable[..., list[tuple[object, ...]]]]:
    """Return a function that runs a statement as superuser and returns its rows."""
    connection = psycopg2.connect(settings.database_url)
    connection.autocommit = True

    def run(statement: str, *values: object) -> list[tuple[object, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    yield run
    connection.close()


@pytest.fixture
def running(settings: Settings, sql: Callable[..., list[tuple[int]]]) -> Callable[[], int]:
    """Return a function that counts the users' queries that PostgreSQL runs."""
    counted = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND usename = %s AND state = 'active' AND query LIKE '%%COPY (%%'"
    )
    return lambda: sql(counted, f"{settings.role_prefix}reader")[0][0]


def awaited(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Return whether *condition* comes true."""
    end = time.monotonic() + seconds
    while not (true := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return true
