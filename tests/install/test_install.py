"""`provtap init`: created objects, rights and errors (design D7, D11)."""

import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import make_dsn

from provtap import metadata
from provtap.config import Settings
from provtap.database.connect import Database, open_database
from provtap.database.embedded.binaries import installed
from provtap.database.login import database_login, scram_verifier
from provtap.database.migrate import migrations
from provtap.database.scratch import SUFFIX
from provtap.errors import DatabaseUnavailable, SettingsError
from provtap.install import check_version, init, left_to_superuser, print_sql, ready, shortcoming
from provtap.tableset import Column, Schema, Table, Tableset
from tests.conftest import Server


def rows(database: Database, statement: str) -> list[tuple[object, ...]]:
    with database.setup() as transaction:
        return [tuple(row) for row in transaction.rows(statement)]


def as_reader(database: Database, statement: str) -> list[tuple[object, ...]]:
    with database.reader.connection() as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def with_table(tableset: Tableset, *names: str) -> Tableset:
    """Return *tableset* with an operator's table `survey.field` of columns *names*."""
    columns = tuple(Column(name=name, datatype="char", arraysize="*") for name in names)
    schema = Schema(name="survey", tables=(Table(schema_name="survey", name="field", columns=columns),))
    return Tableset((*tableset.schemas, schema), "another digest")


# What it makes ---------------------------------------------------------------------------------------------


def test_init_may_be_run_again(blank: Database, blank_settings: Settings, tableset: Tableset) -> None:
    """The second time there is nothing to do (D7)."""
    assert f"{len(migrations())} migrations run" in init(blank_settings, tableset)
    before = rows(blank, "SELECT * FROM provtap.migration ORDER BY number")

    assert "0 migrations run" in init(blank_settings, tableset)
    assert rows(blank, "SELECT * FROM provtap.migration ORDER BY number") == before


def test_tap_schema_matches_the_published_tables(database: Database, tableset: Tableset) -> None:
    """TAP_SCHEMA is filled from the metadata files and keeps their digest (D7)."""
    for name, expected in metadata.tap_schema_rows(tableset).items():
        assert sorted(as_reader(database, f"SELECT * FROM tap_schema.{name}"), key=repr) == sorted(
            expected, key=repr
        )

    assert as_reader(database, "SELECT sha256 FROM tap_schema.digest") == [(tableset.digest,)]


def test_descriptions_are_comments_in_the_database(database: Database, tableset: Tableset) -> None:
    """Who looks with psql reads the same texts (D7)."""
    found = rows(database, "SELECT obj_description('provenance.activity'::regclass)")

    assert found == [(tableset.table("provenance.activity").description,)]


def test_owner_of_the_tables_does_not_log_in(database: Database, settings: Settings) -> None:
    """Only writer and reader log in; what they have is granted (D11)."""
    like = settings.role_prefix.replace("_", r"\_")
    found = rows(
        database, f"SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname LIKE '{like}%' ORDER BY 1"
    )

    assert found == [
        (f"{settings.role_prefix}{role}", role != "owner") for role in ("owner", "reader", "writer")
    ]


# What the reader may do ------------------------------------------------------------------------------------


def test_reader_reads_all_that_is_published(database: Database, tableset: Tableset) -> None:
    """Each published column of each relation (D11)."""
    for table in tableset.tables():
        if table.table_type != "virtual":
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            as_reader(database, f"SELECT {names} FROM {table.qualified_name}")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT doc_content FROM provtap.document",
        "SELECT * FROM provtap.migration",
        "SELECT hm_collection_class FROM provenance.hadmember",
        "INSERT INTO provenance.entity (e_id) VALUES ('x')",
        "DELETE FROM tap_schema.tables",
        "CREATE TABLE public.mine (n integer)",
        "CREATE SCHEMA mine",
        "SELECT pg_read_file('PG_VERSION')",
        "COPY tap_schema.tables TO PROGRAM 'cat'",
    ],
)
def test_reader_does_nothing_else(database: Database, statement: str) -> None:
    """Not even after it has lifted its own read-only mode (D11)."""
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        as_reader(database, f"SET TRANSACTION READ WRITE; {statement}")


def test_reader_stores_locks_and_disturbs_nothing_by_functions(
    blank: Database, blank_settings: Settings, tableset: Tableset
) -> None:
    """By default everybody may call these, on any database (D11)."""
    init(blank_settings, tableset)
    calls = [
        "lo_create(0)",
        "lo_from_bytea(0, 'x')",
        "lo_open(1, 131072)",
        "pg_notify('provtap_job', 'x')",
        "pg_advisory_lock(1)",
        "pg_try_advisory_xact_lock_shared(1, 2)",
        "pg_sleep(0)",
        "pg_sleep_for('0 s')",
        "pg_terminate_backend(1)",
        "pg_cancel_backend(1)",
        "pg_export_snapshot()",
        "pg_logical_emit_message(true, 'x', 'x')",
    ]

    for call in calls:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="permission denied for function"):
            as_reader(blank, f"SET TRANSACTION READ WRITE; SELECT {call}")


def test_reader_is_read_only_by_its_role(database: Database) -> None:
    """Also in a session that our pool did not set up (D11)."""
    with closing(database.read_login.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW default_transaction_read_only")
        assert cursor.fetchone() == ("on",)


def test_nothing_is_left_to_a_superuser_who_ran_init(
    blank: Database, blank_settings: Settings, tableset: Tableset
) -> None:
    """What init could do itself is done (D11)."""
    init(blank_settings, tableset)

    assert left_to_superuser(blank, blank_settings) == []


def test_reader_makes_no_temporary_table(
    blank: Database, blank_settings: Settings, tableset: Tableset
) -> None:
    """By default everybody may, on any database (D11)."""
    init(blank_settings, tableset)

    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        as_reader(blank, "SET TRANSACTION READ WRITE; CREATE TEMPORARY TABLE mine (n integer)")


def test_unpublished_tables_are_no_longer_readable(
    blank: Database, blank_settings: Settings, tableset: Tableset
) -> None:
    """Rights follow the metadata, both ways (D7, D11)."""
    init(blank_settings, tableset)
    provenance, provext, *others = tableset.schemas
    kept = tuple(table for table in provext.tables if table.name != "hash")
    init(blank_settings, Tableset((provenance, replace(provext, tables=kept), *others), "less"))

    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        as_reader(blank, "SELECT h_digest FROM provext.hash")


# An operator's own tables ----------------------------------------------------------------------------------


def test_operators_table_is_published(blank: Database, blank_settings: Settings, tableset: Tableset) -> None:
    """PROVTAP_METADATA_DIR publishes columns of tables that are there already (D7)."""
    with blank.setup() as transaction:
        transaction.execute("CREATE SCHEMA survey; CREATE TABLE survey.field (name text, secret text)")
    init(blank_settings, with_table(tableset, "name"))

    assert as_reader(blank, "SELECT name FROM survey.field") == []
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        as_reader(blank, "SELECT secret FROM survey.field")


def test_missing_table_is_named(blank_settings: Settings, tableset: Tableset) -> None:
    """Metadata of missing tables would make queries fail (D7)."""
    with pytest.raises(SettingsError, match="publish survey.field.name, which is not in the database"):
        init(blank_settings, with_table(tableset, "name"))


# Who may run it --------------------------------------------------------------------------------------------


def psql(url: str, script: str) -> None:
    subprocess.run(
        [installed() / "bin" / "psql", "-X", "-q", "-d", url],
        input=script,
        text=True,
        check=True,
        capture_output=True,
    )


@pytest.fixture
def plain(server: Server, blank_settings: Settings) -> Settings:
    """Settings of a login without any right; the database is not yet set up."""
    url = make_dsn(blank_settings.database_url, user=server.create_role(), password="secret")
    return replace(blank_settings, database_url=url)


def test_a_login_without_rights_gets_a_hint(plain: Settings, tableset: Tableset) -> None:
    """A DBA runs what --print-sql prints (D11)."""
    with pytest.raises(DatabaseUnavailable, match="--print-sql"):
        init(plain, tableset)


def test_printed_script_does_all_of_it(blank: Database, plain: Settings, tableset: Tableset) -> None:
    """After a DBA has run it, twice even, the plain login finds everything done and may write (D11)."""
    script = print_sql(plain, tableset)
    for _ in range(2):
        psql(blank.login.dsn, script)

    assert "up to date" in init(plain, tableset)
    with open_database(plain) as database, database.transaction() as transaction:
        transaction.execute("INSERT INTO provenance.entity (e_id) VALUES ('x')")
    assert as_reader(blank, "SELECT e_id FROM provenance.entity") == [("x",)]


def test_a_dba_makes_the_scratch_database_for_a_plain_login(
    server: Server, blank: Database, plain: Settings, tableset: Tableset
) -> None:
    """Init names what is left to do, until nothing is."""
    script = print_sql(plain, tableset)
    psql(blank.login.dsn, script)
    said = init(plain, tableset)
    [create] = [line for line in said.splitlines() if line.startswith("CREATE DATABASE")]
    psql(blank.login.dsn, create)
    name = f"{database_login(plain.database_url).parameters['dbname']}{SUFFIX}"
    assert f"--print-sql in {name}" in init(plain, tableset)
    psql(make_dsn(server.url, dbname=name), script)

    assert "superuser" not in init(plain, tableset)


def test_printed_script_makes_the_same_database(
    database: Database, blank: Database, blank_settings: Settings, tableset: Tableset
) -> None:
    """Script and init are made of the same statements."""
    psql(blank.login.dsn, print_sql(blank_settings, tableset))
    rights = (
        "SELECT table_schema, table_name, column_name, grantee, privilege_type"
        " FROM information_schema.column_privileges WHERE table_schema NOT LIKE 'pg%' ORDER BY 1, 2, 3, 4, 5"
    )

    assert rows(blank, rights) == rows(database, rights)
    assert rows(blank, "SELECT number, sha256 FROM provtap.migration ORDER BY 1") == rows(
        database, "SELECT number, sha256 FROM provtap.migration ORDER BY 1"
    )


def test_printed_script_stops_on_a_newer_database(
    database: Database, settings: Settings, tableset: Tableset
) -> None:
    """A DBA may hold the script of an older version."""
    rows(database, "INSERT INTO provtap.migration VALUES (9999, 'future', '') RETURNING number")

    with pytest.raises(subprocess.CalledProcessError) as stopped:
        psql(database.login.dsn, print_sql(settings, tableset))
    assert "newer than this script" in stopped.value.stderr


def test_creator_of_roles_sets_its_own_database_up(
    server: Server, plain: Settings, tableset: Tableset
) -> None:
    """A superuser is not needed where a login may make roles and owns the database (D11)."""
    login = database_login(plain.database_url).parameters
    settings = replace(plain, role_prefix=f"{server.prefix}b_")
    server.run(f"ALTER ROLE {login['user']} CREATEROLE")
    server.run(f"ALTER DATABASE {login['dbname']} OWNER TO {login['user']}")
    said = init(settings, tableset)

    with open_database(settings) as database, database.transaction() as transaction:
        transaction.execute("INSERT INTO provenance.entity (e_id) VALUES ('x')")
        indexed = transaction.one("SELECT to_regclass('provenance.entity_name_parts') IS NOT NULL AS parts")
        assert indexed.parts  # pg_trgm is a trusted extension
    assert "SET temp_file_limit" in said
    assert "REVOKE EXECUTE ON FUNCTION lo_" in said
    database_of_login = make_dsn(server.url, dbname=login["dbname"])
    psql(database_of_login, "\n".join(line for line in said.splitlines() if line.endswith(";")))
    with open_database(settings) as database:
        assert left_to_superuser(database, settings) == []
        with database.transaction() as transaction:
            transaction.execute("SELECT pg_advisory_xact_lock(1), pg_notify('x', '')")
    assert "superuser" not in init(settings, tableset)


# Passwords -------------------------------------------------------------------------------------------------


def test_reader_has_a_password_of_its_own(blank: Database, plain: Settings, tableset: Tableset) -> None:
    """It is set by init where PROVTAP_DATABASE_URL has one, and is never sent in clear (D11)."""
    script = print_sql(plain, tableset)
    psql(blank.login.dsn, script)
    stored = rows(blank, f"SELECT rolpassword FROM pg_authid WHERE rolname = '{plain.role_prefix}reader'")

    with open_database(plain) as database:
        assert stored == [(scram_verifier(database.read_login.parameters["password"]),)]
        assert database.read_login.parameters["password"] not in script


# Versions --------------------------------------------------------------------------------------------------


def test_new_database_is_not_set_up(blank: Database) -> None:
    """A service does not start on it, and says what to do."""
    with pytest.raises(DatabaseUnavailable) as raised:
        check_version(blank)

    assert "Run provtap init" in raised.value.for_operator()


def test_database_that_lacks_a_migration_is_older(database: Database) -> None:
    """A service does not start on it, and says what to do."""
    rows(database, "DELETE FROM provtap.migration WHERE number = 4 RETURNING number")

    with pytest.raises(
        DatabaseUnavailable, match=r"older than this ProvTAP: it lacks 0004_\w+.sql. Run provtap init"
    ):
        check_version(database)


def test_newer_database_is_refused(database: Database, settings: Settings, tableset: Tableset) -> None:
    """Neither service nor init touch it."""
    rows(database, "INSERT INTO provtap.migration VALUES (9999, 'future', '') RETURNING number")

    with pytest.raises(DatabaseUnavailable, match="newer"):
        check_version(database)
    with pytest.raises(DatabaseUnavailable, match="newer"):
        init(settings, tableset)


def test_other_metadata_are_noticed(database: Database, tableset: Tableset) -> None:
    """The digest in TAP_SCHEMA is not that of the files (D7)."""
    assert shortcoming(database, tableset) is None
    assert "different metadata" in shortcoming(database, replace(tableset, digest="x"))


@pytest.mark.database
def test_embedded_database_sets_itself_up(tmp_path: Path, tableset: Tableset) -> None:
    """One command on a fresh machine (D2)."""
    settings = Settings(data_dir=tmp_path / "data")
    with ready(settings) as (database, published):
        assert published.digest == tableset.digest
        assert as_reader(database, "SELECT e_id FROM provenance.entity") == []


def test_only_utf8_will_do(server: Server, blank_settings: Settings, tableset: Tableset) -> None:
    """Texts are UTF-8, and an encoding can't be changed later."""
    server.run(f"CREATE DATABASE {server.prefix}latin TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    url = make_dsn(blank_settings.database_url, dbname=f"{server.prefix}latin")
    with pytest.raises(DatabaseUnavailable, match="must be UTF8"):
        init(replace(blank_settings, database_url=url), tableset)

    server.drop(url)
