"""A PostgreSQL server for the run, and an empty database for each test that needs one.

PROVTAP_TEST_DATABASE_URL names a server to use as its superuser; without it an embedded one is started,
which the processes of pytest-xdist share.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from hypothesis import settings as hypothesis_settings
from psycopg2.extensions import make_dsn

from provtap import metadata
from provtap.adql import parse
from provtap.config import Settings
from provtap.database.connect import Database, open_database
from provtap.database.embedded import EmbeddedServer
from provtap.database.scratch import SUFFIX
from provtap.install import init
from provtap.tableset import Tableset

parse("SELECT a FROM t")  # raises Python's recursion limit now: Hypothesis warns where it changes in a test

hypothesis_settings.register_profile("untimed", deadline=None)  # a busy machine must not fail the tests
hypothesis_settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need PostgreSQL, which `make check` leaves out."""
    for item in items:
        if "server" in getattr(item, "fixturenames", ()) or "acceptance" in item.path.parts:
            item.add_marker("database")


class Server:
    """A server on which the tests are superuser; roles and databases made here begin with *prefix*."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.prefix = f"provtap_test_{secrets.token_hex(4)}_"
        self._databases = 0
        self._roles = 0

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(psycopg2.connect(self.url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

    def create(self, template: str = "template0") -> str:
        """Return the URL of a new database."""
        self._databases += 1
        name = f"{self.prefix}{self._databases}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return make_dsn(self.url, dbname=name)

    def drop(self, url: str) -> None:
        self.run(f"DROP DATABASE {database_name(url)} WITH (FORCE)")
        self.run(f"DROP DATABASE IF EXISTS {database_name(url)}{SUFFIX} WITH (FORCE)")

    def add_scratch(self, settings: Settings, template: Settings) -> None:
        """Create the scratch database of *settings*, if it has none, like that of *template*."""
        ours, like = (f"{database_name(str(each.database_url))}{SUFFIX}" for each in (settings, template))
        if not self.run(f"SELECT datname FROM pg_database WHERE datname = '{ours}'"):
            self.run(f"CREATE DATABASE {ours} TEMPLATE {like} STRATEGY file_copy")

    @contextmanager
    def copy(self, template: Settings) -> Iterator[Settings]:
        """Settings of a database like that of *template*, for as long as the block lasts."""
        assert template.database_url is not None
        url = self.create(database_name(template.database_url))
        yield replace(template, database_url=url)
        self.drop(url)

    def create_role(self) -> str:
        """Return the name of a new role that may log in, with the password `secret`."""
        self._roles += 1
        name = f"{self.prefix}z{self._roles}"
        self.run(f"CREATE ROLE {name} LOGIN PASSWORD 'secret'")
        return name

    def drop_roles(self) -> None:
        # A role that granted others to somebody goes after them.
        for (role,) in sorted(self.run("SELECT rolname FROM pg_roles")):
            if role.startswith(self.prefix):
                self.run(f"DROP ROLE {role}")


class Reused:
    """A database like that of *template*, which is emptied after each test.

    That writes nothing to the disk, where a copy writes all of it. After a test that changed more than rows,
    or left many, the next one gets a new copy.
    """

    def __init__(self, server: Server, template: Settings) -> None:
        self._server = server
        self._template = template
        self._url: str | None = None

    @contextmanager
    def empty(self) -> Iterator[Settings]:
        """Settings of the database, for as long as the block lasts."""
        if self._url is None:
            self._url = self._server.create(database_name(str(self._template.database_url)))
            with self._cursor() as cursor:
                cursor.execute(_TABLES)
                tables = cursor.fetchall()
                self._filled = [name for name, filled in tables if filled]
                self._emptied = [name for name, filled in tables if not filled]
                self._before = self._written(cursor)
        yield replace(self._template, database_url=self._url)
        if not self._restored():
            self.drop()

    def drop(self) -> None:
        if self._url is not None:
            self._server.drop(self._url)
            self._url = None

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        with closing(psycopg2.connect(self._url)) as connection, connection, connection.cursor() as cursor:
            yield cursor

    def _restored(self) -> bool:
        """Empty the database, and return whether it then is as it was."""
        try:
            with self._cursor() as cursor:
                cursor.execute(_LEAVE)
                cursor.execute("SET LOCAL lock_timeout = '5s'; SET LOCAL session_replication_role = replica")
                cursor.execute("".join(f"DELETE FROM {name};" for name in self._emptied) + _RESTART)
                return self._written(cursor) == self._before
        except psycopg2.Error:  # the test renamed, dropped or locked something
            return False

    def _written(self, cursor: Any) -> list[tuple[Any, ...]]:
        """Return what differs once somebody wrote to a catalogue, or to a table that is not emptied."""
        cursor.execute(" UNION ALL ".join(map(_WRITTEN.format, [*_CATALOGUES, *self._filled])) + _SIZE)
        return cursor.fetchall()  # type: ignore[no-any-return]


_TABLES = """
    SELECT name, query_to_xml(format('SELECT FROM %s LIMIT 1', name), false, true, '')::text <> ''
      FROM pg_tables, format('%I.%I', schemaname, tablename) AS name
     WHERE schemaname !~ '^(pg_|information_schema)'"""
_CATALOGUES = [
    "pg_namespace WHERE nspname !~ '^pg_'",
    "pg_class WHERE relpersistence <> 't'",
    "pg_attribute WHERE attrelid IN (SELECT oid FROM pg_class WHERE relpersistence <> 't' AND oid >= 16384)",
    "pg_description WHERE objoid >= 16384",
    *("pg_attrdef", "pg_constraint", "pg_db_role_setting", "pg_proc", "pg_rewrite", "pg_trigger"),
]
_WRITTEN = "SELECT count(*), sum(xmin::text::bigint) FROM {}"
_SIZE = " UNION ALL SELECT pg_database_size(current_database()) >> 26, NULL"
_LEAVE = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
     WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""
_RESTART = "SELECT setval(seqrelid, seqstart, false) FROM pg_sequence"


def database_name(url: str) -> str:
    return psycopg2.extensions.parse_dsn(url)["dbname"]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The PostgreSQL server of this run."""
    with ExitStack() as stack:
        url = os.environ.get("PROVTAP_TEST_DATABASE_URL")
        if url is None:
            base = tmp_path_factory.getbasetemp()
            shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
            url = stack.enter_context(EmbeddedServer(shared / "server")).url
        started = Server(url)
        if "PROVTAP_TEST_DATABASE_URL" not in os.environ:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                started.run(f"ALTER SYSTEM SET {setting} = off")  # its data are temporary
            started.run("SELECT pg_reload_conf()")
        stack.callback(started.drop_roles)
        yield started


@pytest.fixture(scope="session")
def tableset() -> Tableset:
    """What ProvTAP itself publishes."""
    return metadata.load(None)


@pytest.fixture(scope="session")
def template(
    server: Server, tableset: Tableset, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Settings of a database that init was run on, for copies to be made of it."""
    url = server.create()
    settings = Settings(
        database_url=url, role_prefix=server.prefix, data_dir=tmp_path_factory.mktemp("data"), base_url=None
    )
    init(settings, tableset)
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        # Tests of time limits sleep, and tests of lost connections end themselves, as the reader may not.
        functions = (
            "pg_sleep(double precision), pg_cancel_backend(integer), pg_terminate_backend(integer, bigint)"
        )
        cursor.execute(f"GRANT EXECUTE ON FUNCTION {functions} TO {server.prefix}reader")
    yield settings
    server.drop(url)


@pytest.fixture(scope="session")
def reused(server: Server, template: Settings) -> Iterator[Reused]:
    """The database that one test after the other gets, emptied."""
    database = Reused(server, template)
    yield database
    database.drop()


@pytest.fixture(scope="session")
def sample_settings(
    server: Server, template: Settings, tableset: Tableset, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Settings of a store with the sample logs and three observations, which the tests only read."""
    from provtap.ingest import ingest
    from provtap.ingest.observations.load import load_observations
    from tests.documents import write_observations
    from tests.ingest.logs import SAMPLES

    with server.copy(template) as settings:
        server.add_scratch(settings, template)
        with open_database(settings) as opened:
            for path in SAMPLES:
                ingest(path, opened, settings)
            table, mapping = write_observations(tmp_path_factory.mktemp("observations"))
            load_observations([table], opened, settings, tableset, mapping=mapping)
        yield settings


@pytest.fixture
def settings(reused: Reused) -> Iterator[Settings]:
    """Settings of an initialised, empty database, for one test."""
    with reused.empty() as emptied:
        yield emptied


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """The open database of `settings`."""
    with open_database(settings) as opened:
        yield opened


@pytest.fixture
def scratch(settings: Settings, server: Server, template: Settings) -> Settings:
    """The `settings`, with a scratch database, for answers as of a date."""
    server.add_scratch(settings, template)
    return settings


@pytest.fixture
def blank_settings(server: Server, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a database that init was not yet run on."""
    url = server.create()
    yield Settings(database_url=url, role_prefix=server.prefix, data_dir=tmp_path)
    server.drop(url)


@pytest.fixture
def blank(blank_settings: Settings) -> Iterator[Database]:
    """The open database of `blank_settings`."""
    with open_database(blank_settings) as opened:
        yield opened
