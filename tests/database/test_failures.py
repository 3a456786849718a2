"""PostgreSQL's errors as users see them: status, sentence, whether trying again helps; raised by a server."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import psycopg2
import pytest
from psycopg2 import errorcodes

from provtap.database.connect import Database, Pool
from provtap.database.failures import query_failure, write_failure
from provtap.errors import (
    Contended,
    DatabaseUnavailable,
    InternalError,
    ProvtapError,
    QueryError,
    QueryStopped,
    QueryTimeout,
    Unconfirmed,
)
from tests.conftest import Server

SECRET = "role anna at /run/secret, port 5433, see setting fsync"
LOGGED = r"The log of the service gives the reason under [0-9a-f]{8}\."
INTERNAL = "The service failed to answer this request."
FAULT = "The query could not be run: the database has a fault. Try again later."


def raised(connection: psycopg2.extensions.connection, code: str) -> psycopg2.Error:
    """Return the error that a statement gets which PostgreSQL refuses with the SQLSTATE *code*."""
    connection.rollback()
    with pytest.raises(psycopg2.Error) as failed, connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION '{SECRET}' USING ERRCODE = '{code}'; END $$")
    assert failed.value.pgcode == code
    return failed.value


def shown(error: ProvtapError) -> str:
    """Return the text of *error* without the reference to the log."""
    return re.sub(f" ?{LOGGED}", "", str(error))


@pytest.fixture(scope="module")
def connection(server: Server) -> Iterator[psycopg2.extensions.connection]:
    """One session for all that is raised."""
    opened = psycopg2.connect(server.url)
    yield opened
    opened.close()


# SQLSTATE, HTTP status, whether trying again helps, and what the user reads.
QUERIES = [
    ("08006", 503, True, "The connection to the database was lost while the query ran. Try again later."),
    ("22000", 400, False, "The query contains a value that one of its operations does not accept."),
    ("22012", 400, False, "The query divides by zero. NULLIF(x, 0) is NULL where x is 0."),
    ("2201B", 400, False, "The query contains an invalid regular expression."),
    ("25006", 400, False, "The query tries to change data; queries can only read."),
    ("25P03", 503, True, "The connection to the database was lost while the query ran. Try again later."),
    (
        "40001",
        503,
        True,
        "The query was stopped because rows that it read were removed meanwhile. Try again.",
    ),
    ("40P01", 503, True, "The query waited too long for a table that is being changed. Try again."),
    ("42501", 400, False, "The query reads something that is not published."),
    ("42P01", 500, False, INTERNAL),
    ("53100", 503, True, "The server has no disk left for this query. Try again later."),
    (
        "53200",
        400,
        False,
        "The query needs more memory than this service allows one query. Select fewer or shorter values.",
    ),
    ("53300", 503, True, "The connection to the database was lost while the query ran. Try again later."),
    ("53400", 400, False, "The query needs more temporary disk space than one query may use."),
    ("54000", 400, False, "The query exceeds a limit of the server."),
    ("54001", 400, False, "The query is nested too deeply for the server."),
    ("54011", 400, False, "The query has too many columns for the server."),
    ("55000", 503, True, FAULT),
    ("55P03", 503, True, "The query waited too long for a table that is being changed. Try again."),
    ("57014", 503, False, "The query was cancelled by the operator of the database."),
    (
        "57P01",
        503,
        True,
        "The database was shut down, or its operator ended the query's connection. Try again later.",
    ),
    ("57P02", 503, True, "The connection to the database was lost while the query ran. Try again later."),
    ("57P03", 503, True, "The connection to the database was lost while the query ran. Try again later."),
    ("58030", 503, True, FAULT),
    ("P0001", 500, False, INTERNAL),
    ("XX000", 500, False, INTERNAL),
    ("XX001", 500, False, INTERNAL),
]
WRITES = [
    (
        "08006",
        503,
        True,
        "The connection to the database was lost; nothing was stored. Send it again later.",
    ),
    ("22021", 400, False, "a text contains the character NUL or is not UTF-8"),
    ("22003", 400, False, "a number is too large or too small to be stored"),
    ("22P02", 400, False, "a value cannot be stored"),
    (
        "25006",
        503,
        True,
        "The database is read-only at the moment; nothing was stored. Send it again later.",
    ),
    ("26000", 503, True, "The database of this service has a fault; nothing was stored."),
    ("40001", 503, True, "Another process is changing the same rows; nothing was stored. Try again."),
    ("40P01", 503, True, "Another process is changing the same rows; nothing was stored. Try again."),
    ("42501", 503, True, "The database of this service has a fault; nothing was stored."),
    ("42P01", 503, True, "The database of this service has a fault; nothing was stored."),
    ("53100", 503, True, "The database has no disk left; nothing was stored. Send it again later."),
    ("53200", 503, True, "The database has no memory left; nothing was stored. Send it again later."),
    (
        "53300",
        503,
        True,
        "The connection to the database was lost; nothing was stored. Send it again later.",
    ),
    ("54000", 400, False, "a value is too long to be stored"),
    ("54001", 400, False, "it is nested too deeply"),
    ("55P03", 503, True, "Another process is changing the same rows; nothing was stored. Try again."),
    (
        "57014",
        503,
        True,
        "The database cancelled the change; nothing was stored. Send it again later.",
    ),
    (
        "57P01",
        503,
        True,
        "The connection to the database was lost; nothing was stored. Send it again later.",
    ),
    (
        "58030",
        503,
        True,
        "It could not be stored; nothing was stored: the database has a fault. Try again later.",
    ),
    ("XX000", 500, False, INTERNAL),
]


@pytest.mark.parametrize("code, status, again, text", QUERIES, ids=lambda value: str(value)[:5])
def test_a_query_that_fails(connection, code, status, again, text):
    """ERR-2: 4xx is about the query, 500 about this service, 503 about now (a Retry-After if that helps)."""
    told = query_failure(raised(connection, code), overdue=False)

    assert (shown(told), told.status, told.retry_after is not None) == (text, status, again)


@pytest.mark.parametrize("code, status, again, text", WRITES, ids=lambda value: str(value)[:5])
def test_a_document_that_is_not_stored(connection, code, status, again, text):
    """A 4xx makes clients put the document aside: it is for what is wrong with the document only."""
    told = write_failure(raised(connection, code))

    assert (shown(told), told.status, told.retry_after is not None) == (text, status, again)


def test_no_message_has_the_words_of_postgresql(connection):
    """They may name roles, files and settings: only the log and the command line have them."""
    codes = {code for name, code in vars(errorcodes).items() if re.fullmatch("[0-9A-Z]{5}", str(code))}
    codes -= {code for code in codes if code[:2] in {"00", "01", "02"}}  # no errors
    assert len(codes) > 200
    for code in sorted(codes):
        error = raised(connection, code)
        for told in (query_failure(error, overdue=False), write_failure(error)):
            if code not in {"23000", "23503", "23514"}:  # from our own triggers, about the document
                assert code[:2] == "23" or "anna" not in str(told), (code, str(told))
            if told.detail is not None:
                assert SECRET in told.for_operator()
                assert re.search(f"{LOGGED}$", str(told))


def test_the_time_limit_is_reported_only_after_it_has_passed(database: Database) -> None:
    """PostgreSQL has one SQLSTATE for its time limit and for a cancel, which an operator may send."""
    with pytest.raises(QueryTimeout), database.reading(0.05) as reading:
        reading.one("SELECT pg_sleep(60)")
    with pytest.raises(QueryStopped, match="cancelled by the operator"), database.reading(60) as reading:
        reading.one("SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(1)")
    with (
        pytest.raises(DatabaseUnavailable, match="connection to the database was lost|ended the query's"),
        database.reading(60) as reading,
    ):
        reading.one("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)")


@pytest.fixture
def one_writer(database: Database) -> Iterator[Database]:
    """The database over one connection, so that the next transaction would get the same."""
    one = Pool(database.login, session={}, size=1, wait=5)
    yield replace(database, writer=one)
    one.close()


PID = "SELECT pg_backend_pid() AS pid"
STORE = "INSERT INTO provenance.agent (ag_id, ag_name) VALUES ('a', 'a')"


def test_a_read_only_server_is_left_at_once(one_writer):
    """A demoted primary keeps its connections: 503, and the next transaction gets a new one."""
    with one_writer.session() as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION default_transaction_read_only = on")
    with (
        pytest.raises(DatabaseUnavailable, match="is read-only at the moment") as refused,
        one_writer.transaction() as transaction,
    ):
        transaction.execute(STORE)
    assert (refused.value.status, refused.value.retry_after) == (503, 10)

    with one_writer.transaction() as transaction:
        assert transaction.execute(STORE) == 1


def test_who_was_in_the_way_keeps_the_connection(one_writer):
    """Its prepared statements are worth something, and there is nothing wrong with it."""
    found = []
    for _ in range(2):
        with suppress(Contended), one_writer.transaction() as transaction:
            found.append(transaction.one(PID).pid)
            transaction.execute("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")

    assert found[0] == found[1]


def test_a_commit_without_an_answer_is_not_called_a_failure(database, server):
    """The transaction may have been committed: here PostgreSQL ends the connection in the midst of COMMIT."""
    with database.setup() as transaction:
        transaction.execute(
            "CREATE FUNCTION provtap.die() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
            " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(1); RETURN NULL; END $$;"
            "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON provenance.agent"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION provtap.die()"
        )
    with (
        pytest.raises(Unconfirmed, match="it is not known whether the change was stored") as failed,
        database.transaction() as transaction,
    ):
        transaction.execute(STORE)

    assert "nothing was stored" not in f"{failed.value} {failed.value.for_operator()}"
    assert failed.value.retry_after


def test_a_rule_that_is_broken_at_the_commit_is_a_refusal(database):
    """All answers of PostgreSQL are handled, also at COMMIT."""
    with database.setup() as transaction:
        transaction.execute(
            "CREATE FUNCTION provtap.refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE SQLSTATE '40001'; END $$;"
            "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON provenance.agent"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION provtap.refuse()"
        )
    with pytest.raises(Contended), database.transaction() as transaction:
        transaction.execute(STORE)


def test_internal_faults_keep_their_reason_for_the_operator(connection):
    """The user's text and the log share the reference."""
    told = query_failure(raised(connection, "XX000"), overdue=False)

    assert isinstance(told, InternalError)
    assert not isinstance(told, QueryError)
    assert told.reference in str(told)
    assert told.for_operator() == f"The query could not be run: {SECRET} (SQLSTATE XX000)."
