"""A second database with the tables of the store, in which nothing is ever committed.

Documents can be stored there with the statements of the store and be read again, without a trace: at the end
of the transaction its tables are empty again.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import psycopg2

from provtap.database.connect import WRITE_SESSION, Database, Pool, Transaction
from provtap.database.failures import out_of_time, setup_failure, write_failure
from provtap.database.guard import GUARD
from provtap.database.login import Login
from provtap.database.sql import identifier, literal
from provtap.errors import DatabaseUnavailable, NotConnected

SUFFIX = "_scratch"
PATIENCE = 60.0
"""Maximum seconds until all standbys have a new database."""
_NAME_BYTES = 63
"""Maximum length of a name in PostgreSQL."""
# Texts are compared as in the store. Before PostgreSQL 17, datlocale has another name.
_LIKE_THE_STORE = """\
SELECT session_user AS login, pg_encoding_to_char(encoding) AS encoding, datcollate, datctype,
       datlocprovider AS provider,
       coalesce(to_jsonb(held) ->> 'datlocale', to_jsonb(held) ->> 'daticulocale') AS locale
  FROM pg_database AS held
 WHERE datname = current_database()"""
_MAY_CREATE = "SELECT rolsuper OR rolcreatedb AS granted FROM pg_roles WHERE rolname = session_user"
_EXISTS = "SELECT FROM pg_database WHERE datname = %(name)s"


def scratch(database: Database) -> Database:
    """Return the scratch database of *database*.

    Raises: DatabaseUnavailable if it does not exist.
    """
    with database.setup() as transaction:
        name = _name(transaction)
        if transaction.one(_EXISTS, name=name) is None:
            raise DatabaseUnavailable(
                "This service is not set up for answers as of a date.",
                hint="Its operator must run provtap init.",
                detail=f"There is no database {name}. Run provtap init.",
            )
    login = _login(database, name)
    return replace(database, login=login, writer=Pool(login, session=WRITE_SESSION, size=1, wait=5.0))


def missing_scratch(database: Database) -> str | None:
    """Return the statement that creates the scratch database of *database*, or None if it exists."""
    with database.setup() as transaction:
        name = _name(transaction)
        return _create(transaction, name) if transaction.one(_EXISTS, name=name) is None else None


def create_scratch(database: Database) -> str | None:
    """Create the scratch database of *database* if it is missing; return the statement if a superuser must.

    Raises: DatabaseUnavailable.
    """
    statement = missing_scratch(database)
    if statement is None:
        return None
    with database.setup() as transaction:
        name, granted = _name(transaction), transaction.rows(_MAY_CREATE)[0].granted
    if not granted:
        return statement
    with closing(database.login.connect()) as connection:
        connection.autocommit = True  # it can't be done in a transaction
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
        except psycopg2.errors.DuplicateDatabase:  # by another process
            pass
        except psycopg2.Error as error:
            raise setup_failure(error) from error
    _await(_login(database, name))
    return None


def _await(login: Login) -> None:
    """Return once a new database can be used: libpq may ask a standby first, which is a moment behind.

    Raises: DatabaseUnavailable after PATIENCE.
    """
    end = time.monotonic() + PATIENCE
    while True:
        try:
            login.connect().close()
            return
        except NotConnected:
            if time.monotonic() > end:
                raise
        time.sleep(0.1)


def _login(database: Database, name: str) -> Login:
    return Login(dict(database.login.parameters) | {"dbname": name}, database.login.setting)


def _name(transaction: Transaction) -> str:
    store = transaction.rows("SELECT current_database() AS name")[0].name
    return f"{store[: _NAME_BYTES - len(SUFFIX)]}{SUFFIX}"


def _create(transaction: Transaction, name: str) -> str:
    like = transaction.rows(_LIKE_THE_STORE)[0]
    locale = f"LC_COLLATE {literal(like.datcollate)} LC_CTYPE {literal(like.datctype)}"
    match like.provider:
        case "i":
            locale += f" LOCALE_PROVIDER icu ICU_LOCALE {literal(like.locale)}"
        case "b":
            locale += f" LOCALE_PROVIDER builtin BUILTIN_LOCALE {literal(like.locale)}"
    owner, encoding = identifier(like.login), literal(like.encoding)
    return (
        f"CREATE DATABASE {identifier(name)} OWNER {owner} TEMPLATE template0 ENCODING {encoding} {locale};"
    )


@contextmanager
def rolled_back(database: Database, wait: float, duration: float) -> Iterator[Transaction]:
    """Yield a transaction of the writer in a scratch *database*, rolled back at the end.

    Each statement may take *duration* seconds, of which it may wait *wait* for another process.

    Raises: DatabaseUnavailable, QueryTimeout.
    """
    session = WRITE_SESSION | {"lock_timeout": f"{round(wait * 1000)}ms"}
    with closing(database.login.connect(session)) as connection, GUARD.over(connection):
        transaction = Transaction(
            connection,
            lambda error, seconds: out_of_time() if seconds >= duration else write_failure(error),
            duration=duration,
        )
        transaction.execute(f"SET LOCAL ROLE {identifier(database.role('writer'))}")
        transaction.execute("SET LOCAL statement_timeout = %(limit)s", limit=round(duration * 1000))
        yield transaction
