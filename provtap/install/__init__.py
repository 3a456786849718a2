"""Installation, `provtap init`: roles, tables, published metadata and rights, in one repeatable transaction.

Commands and the server open an installed database with `ready`, which also sets up the embedded one.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from provtap import metadata
from provtap.config import Settings
from provtap.database import memory, migrate
from provtap.database.connect import Database, Transaction, open_database
from provtap.database.login import database_login, reader_password, scram_verifier
from provtap.database.scratch import create_scratch, scratch
from provtap.database.sql import identifier, literal, load_statements
from provtap.errors import DatabaseUnavailable, SettingsError
from provtap.tableset import Table, Tableset

SQL = load_statements("provtap.install", "install.sql")
OURS = ("provenance", "provext", "ivoa", "tap_schema")
"""The published schemas that init makes; further ones are an operator's."""
STILL_TO_RUN = (
    "A superuser must still run this; otherwise a query may fill the disk or disturb other sessions:"
)
WITHOUT_SCRATCH = (
    "For answers as of a date, a superuser must still create this database; then run provtap init again:"
)


@contextmanager
def ready(settings: Settings, *, patient: bool = True) -> Iterator[tuple[Database, Tableset]]:
    """Open the database, and yield it with its published tables; *patient* as in `open_database`.

    A new or outdated embedded database is set up, because no other program could do it.

    Raises: SettingsError, DatabaseUnavailable.
    """
    tableset = metadata.load(settings.metadata_dir)
    with open_database(settings, patient=patient) as database:
        if settings.database_url is None and (
            shortcoming(database, tableset) or left_to_superuser(database, settings)
        ):
            install(database, settings, tableset)
        check_version(database)
        yield database, tableset


def check_version(database: Database) -> None:
    """Check that the database matches this version.

    Raises: DatabaseUnavailable if it is not set up, older or newer.
    """
    with database.transaction() as transaction:
        missing = migrate.pending(transaction, migrate.migrations())
    if len(missing) == len(migrate.migrations()):
        raise DatabaseUnavailable("The database is not set up.", hint="Run provtap init.")
    if missing:
        raise DatabaseUnavailable(
            f"The database is older than this ProvTAP: it lacks {missing[0].file_name}.",
            hint="Run provtap init.",
        )


def shortcoming(database: Database, tableset: Tableset) -> str | None:
    """Return a sentence about remaining work for init, or None."""
    try:
        check_version(database)
        with database.transaction() as transaction:
            row = transaction.one("SELECT sha256 FROM tap_schema.digest")
    except DatabaseUnavailable as error:
        return error.for_operator()
    if row is None or row.sha256 != tableset.digest:
        return "TAP_SCHEMA was made from different metadata files."
    return None


def init(settings: Settings, tableset: Tableset) -> str:
    """Set up or upgrade the database, and return a sentence about the work done.

    Raises: SettingsError, DatabaseUnavailable.
    """
    with open_database(settings) as database:
        return install(database, settings, tableset)


def install(database: Database, settings: Settings, tableset: Tableset) -> str:
    """Do the work of `init` on an open database; a login without the rights may call it if none is left.

    Raises: SettingsError, DatabaseUnavailable.
    """
    done = _set_up(database, settings, tableset)
    left = create_scratch(database)
    if left is not None:
        return f"{done}\n{WITHOUT_SCRATCH}\n{left}"
    return "\n".join([done, *_set_up_scratch(scratch(database), settings, tableset)])


def _set_up_scratch(database: Database, settings: Settings, tableset: Tableset) -> list[str]:
    """Create or upgrade the tables of the scratch database, which the writer alone uses.

    Returns a sentence if the login may not do this.
    """
    with database.setup() as transaction:
        if not migrate.pending(transaction, migrate.migrations()):
            return []
        login = transaction.rows(SQL["login"], owner=database.role("owner"))[0]
        if not login.may_install:
            name = database.login.parameters["dbname"]
            return [f"A superuser must still run the script of provtap init --print-sql in {name}, too."]
        _run(transaction, _roles(settings, login.name))
        transaction.execute(_as_owner(settings))
        migrate.migrate(transaction, migrate.migrations())
        _run(transaction, _observations(replace(settings, obscore=None), tableset))
        transaction.execute(_as_owner(settings))
        transaction.execute(SQL["writer_rights"])
    database.writer.close()
    return []


def _set_up(database: Database, settings: Settings, tableset: Tableset) -> str:
    with database.setup() as transaction:
        login = transaction.rows(SQL["login"], owner=database.role("owner"))[0]
    if not login.may_install and shortcoming(database, tableset) is None:
        return "The database is up to date, as far as this login can see."
    with database.setup() as transaction:
        _run(transaction, _roles(settings, login.name))
        left = _for_superuser(transaction)
        if login.superuser:
            _run(transaction, left)
        transaction.execute(_as_owner(settings))
        done = migrate.migrate(transaction, migrate.migrations())
        transaction.execute(SQL["parts_of_names"])
        _run(transaction, _observations(settings, tableset))
        _check_published(transaction, tableset)
        _run(transaction, _publish(settings, tableset))
        warnings = transaction.warnings()
    if left and not login.superuser:
        warnings += [STILL_TO_RUN, *left]
    tables = sum(1 for _ in tableset.tables())
    return "\n".join(
        [*warnings, f"The database is up to date: {len(done)} migrations run, {tables} tables published."]
    )


def create_roles(database: Database, settings: Settings) -> None:
    """Create the roles that own and use the tables, before a dump of them is restored.

    Raises: SettingsError, DatabaseUnavailable.
    """
    with database.setup() as transaction:
        login = transaction.rows("SELECT session_user AS name")[0].name
        _run(transaction, _roles(settings, login))


def print_sql(settings: Settings, tableset: Tableset) -> str:
    """Return the work of `init` as a psql script, which a superuser can run any number of times.

    Raises: SettingsError for an invalid PROVTAP_DATABASE_URL.
    """
    login = database_login(settings.database_url or "").parameters.get("user", "")
    known = migrate.migrations()
    steps = [
        *_roles(settings, login),
        SQL["superuser"].removesuffix(";") + " \\gexec",
        _as_owner(settings),
        migrate.REGISTER,
        migrate.guard(known),
        *map(migrate.as_script, known),
        SQL["parts_of_names"],
        *_observations(settings, tableset),
        *_publish(settings, tableset),
    ]
    return "\n\n".join(["\\set ON_ERROR_STOP on", "BEGIN;", *steps, "COMMIT;"]) + "\n"


def _run(transaction: Transaction, statements: Iterable[str]) -> None:
    for statement in statements:
        transaction.execute(statement)


def _roles(settings: Settings, login: str) -> Iterator[str]:
    """Yield the statements that come before those of the tables' owner, then switch to the owner."""
    yield from _values(settings, login)
    yield from (SQL[name] for name in ("alone", "encoding", "roles", "database", "reader"))


def _values(settings: Settings, login: str) -> Iterator[str]:
    """Yield the statements that pass settings to install.sql, for the rest of the transaction."""
    password = reader_password(settings)
    values = {
        "provtap.role_prefix": settings.role_prefix,
        "provtap.login": login,
        "provtap.reader_password": scram_verifier(password) if password else "",
        "provtap.temp_bytes": str(settings.temp_bytes),
    }
    for name, value in values.items():
        yield f"SELECT set_config({literal(name)}, {literal(value)}, true);"


def _as_owner(settings: Settings) -> str:
    return f"SET LOCAL ROLE {identifier(settings.role_prefix + 'owner')};"


def _observations(settings: Settings, tableset: Tableset) -> Iterator[str]:
    """Yield the statements for the views of observations; only the login can grant an operator's table."""
    views = {
        table.name: [column.name for column in table.columns]
        for table in tableset.tables()
        if table.schema_name == "ivoa"
    }
    yield "SET LOCAL ROLE NONE;"
    for name, value in (("obscore", settings.obscore or ""), ("obscore_views", json.dumps(views))):
        yield f"SELECT set_config('provtap.{name}', {literal(value)}, true);"
    yield SQL["obscore"]


def left_to_superuser(database: Database, settings: Settings) -> list[str]:
    """Return the statements that a superuser must still run to limit the reader."""
    with database.setup() as transaction:
        login = transaction.rows("SELECT session_user AS name")[0].name
        _run(transaction, _values(settings, login))
        return _for_superuser(transaction)


def missing_roles(database: Database, settings: Settings) -> list[str]:
    """Return the statements that create missing roles, and grant access to them and to the login."""
    with database.setup() as transaction:
        _run(transaction, _values(settings, ""))
        return [row.statement for row in transaction.rows(SQL["missing_roles"])]


def advice(database: Database, settings: Settings) -> list[str]:
    """Return lines about work to be done by others on an operator's own PostgreSQL."""
    left = left_to_superuser(database, settings)
    lines = [STILL_TO_RUN, *left] if left else []
    return [*lines, *filter(None, [memory_advice(database, settings)])]


def memory_advice(database: Database, settings: Settings) -> str | None:
    """Return advice if one query can use all memory, as far as visible from here."""
    with database.transaction() as transaction:
        server = transaction.rows(SQL["memory"])[0]
    if memory.is_limited(server.pid):
        return None
    limit = memory.address_space(memory.backend_bytes(settings), server.shared) >> 20
    return (
        "One query may be able to use all memory of PostgreSQL's machine. In the systemd unit of PostgreSQL,"
        f" set LimitAS={limit}M (for a machine with as much memory as this one) and MemoryMax to the memory"
        " for PostgreSQL as a whole; see docs/how-to/operate.md."
    )


def _for_superuser(transaction: Transaction) -> list[str]:
    return [row.statement for row in transaction.rows(SQL["superuser"])]


def _check_published(transaction: Transaction, tableset: Tableset) -> None:
    """Reject metadata of tables and columns that are not in the database."""
    names = [
        (table.schema_name, table.name, column.name)
        for table in _relations(tableset)
        for column in table.columns
    ]
    schemas, relations, columns = map(list, zip(*names, strict=True))
    missing = transaction.rows(SQL["missing"], schemas=schemas, relations=relations, columns=columns)
    if missing:
        raise SettingsError(
            f"The metadata files publish {'.'.join(missing[0])}, which is not in the database.",
            hint="See PROVTAP_METADATA_DIR.",
        )


def _relations(tableset: Tableset) -> list[Table]:
    """Return the tables in the database, without virtual tables, which the translator makes."""
    return [table for table in tableset.tables() if table.table_type != "virtual"]


def _publish(settings: Settings, tableset: Tableset) -> Iterator[str]:
    """Yield the statements for TAP_SCHEMA, comments and rights; the login grants an operator's tables."""
    reader = identifier(settings.role_prefix + "reader")
    yield from _tap_schema(tableset)
    yield from _comments(tableset)
    yield from (SQL["writer_rights"], SQL["reader_rights"])
    yield from (_grant(table, reader) for table in _relations(tableset) if table.schema_name in OURS)
    yield "SET LOCAL ROLE NONE;"
    for schema in tableset.schemas:
        if schema.name not in OURS:
            yield f"GRANT USAGE ON SCHEMA {identifier(schema.name)} TO {reader};"
            yield from (_grant(table, reader) for table in schema.tables if table.table_type != "virtual")


def _grant(table: Table, reader: str) -> str:
    columns = ", ".join(identifier(column.name) for column in table.columns)
    return f"GRANT SELECT ({columns}) ON {identifier(table.schema_name, table.name)} TO {reader};"


def _tap_schema(tableset: Tableset) -> Iterator[str]:
    rows = dict(metadata.tap_schema_rows(tableset)) | {"digest": [(tableset.digest,)]}
    for name in reversed(rows):
        yield f"DELETE FROM tap_schema.{name};"
    for name, values in rows.items():
        if values:
            lines = ",\n".join(f"({', '.join(map(literal, row))})" for row in values)
            yield f"INSERT INTO tap_schema.{name} VALUES\n{lines};"


def _comments(tableset: Tableset) -> Iterator[str]:
    for comment in metadata.comments(tableset):
        if comment.path[0] in OURS:
            yield f"COMMENT ON {comment.kind} {identifier(*comment.path)} IS {literal(comment.text)};"
