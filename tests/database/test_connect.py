"""Logins, pools and transactions (design D11), on a real server."""

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace

import psycopg2
import pytest
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, parse_dsn

from provtap.config import Settings
from provtap.database.connect import Database, Pool, Transaction, cancel, open_database
from provtap.database.failures import query_failure
from provtap.database.login import Login, database_login, read_login, reader_password
from provtap.errors import (
    DatabaseUnavailable,
    DocumentError,
    InternalError,
    NotConnected,
    NotFound,
    Outage,
    ProvtapError,
    QueryError,
    QueryTimeout,
    SettingsError,
)


def value(connection: psycopg2.extensions.connection, statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return str(cursor.fetchone()[0])


@pytest.fixture
def pool(database: Database) -> Iterator[Pool]:
    """Give a pool of one connection, with a short wait."""
    one = Pool(database.read_login, size=1, wait=0.05)
    yield one
    one.close()


# Logins ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["postgres//host", "host", "postgresql://[::1/x", "nonsense=secret"])
def test_wrong_url_is_refused_without_showing_it(url: str) -> None:
    """A URL may hold a password, so no message repeats it (D11)."""
    with pytest.raises(SettingsError, match="PROVTAP_DATABASE_URL is neither") as refused:
        database_login(url)

    assert "secret" not in str(refused.value)


def test_unreachable_server_is_named_without_the_password() -> None:
    """Host, port, database and user help; the password never shows (D11)."""
    login = database_login("postgresql://anna:secret@127.0.0.1:1/prov")
    with pytest.raises(NotConnected, match=r"^The database of this service cannot be reached\.") as refused:
        login.connect()

    told = refused.value
    assert re.search(r"anna@127.0.0.1:1/prov .*Connection refused", told.for_operator())
    assert "secret" not in f"{told!r} {told} {told.for_operator()} {login!r} {login}"
    assert "anna" not in str(told) and "127" not in str(told)


def test_each_host_of_a_login_is_reported_with_its_reason() -> None:
    """The last one alone would mislead: libpq tries all hosts, and each may fail for another reason."""
    login = database_login("postgresql://anna:secret@127.0.0.1:1,127.0.0.2:3/prov")
    with pytest.raises(NotConnected) as refused:
        login.connect()

    assert refused.value.for_operator() == (
        "PostgreSQL at anna@127.0.0.1:1,127.0.0.2:3/prov cannot be used: 127.0.0.1: Connection refused;"
        " 127.0.0.2: Connection refused. See PROVTAP_DATABASE_URL."
    )


def test_an_unknown_database_is_reported_with_postgresqls_message(settings: Settings) -> None:
    """The server's message about a login is for the operator."""
    login = Login(parse_dsn(settings.database_url) | {"dbname": "no_such"})
    with pytest.raises(NotConnected) as refused:
        login.connect()
    assert re.search('database "no_such" does not exist.*PROVTAP_DATABASE_URL', refused.value.for_operator())


def test_old_server_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables need PostgreSQL 15 (D2); here the server is one that is not new enough."""
    monkeypatch.setattr("provtap.database.login.OLDEST_SERVER", 990000)
    with pytest.raises(SettingsError, match="too old"):
        database_login(settings.database_url).connect()


def test_reader_is_a_role_of_its_own(database: Database, settings: Settings) -> None:
    """Without PROVTAP_READ_URL users' queries run as <prefix>reader on the same server (D11)."""
    with database.reader.connection() as connection:
        assert value(connection, "SELECT session_user") == f"{settings.role_prefix}reader"


def test_reader_may_have_another_server() -> None:
    """PROVTAP_READ_URL is taken as it is (D11)."""
    settings = Settings(database_url="host=primary user=x password=y", read_url="host=standby user=z")

    assert read_login(settings, database_login("host=primary")).parameters == {"host": "standby", "user": "z"}
    assert reader_password(settings) is None


def test_readers_password_follows_from_the_databases() -> None:
    """It is set automatically, and does not reveal the password it was derived from (D11)."""
    first, again, other = (
        reader_password(Settings(database_url=f"host=h user=u password={word}")) for word in ("a", "a", "b")
    )

    assert first == again != other
    assert reader_password(Settings(database_url="host=h user=u")) is None


@pytest.mark.parametrize(
    "name, setting",
    [
        ("default_transaction_read_only", "on"),
        ("lock_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "1min"),
        ("client_connection_check_interval", "1s"),
        ("DateStyle", "ISO, YMD"),
        ("TimeZone", "UTC"),
        ("standard_conforming_strings", "on"),
        ("extra_float_digits", "1"),
    ],
)
def test_reader_starts_with_the_second_lock_on(database: Database, name: str, setting: str) -> None:
    """These also protect against errors of the resolver (D11)."""
    with database.reader.connection() as connection:
        assert value(connection, f"SHOW {name}") == setting


# Pool ------------------------------------------------------------------------------------------------------


def test_connection_is_lent_again(pool: Pool) -> None:
    """A connection costs a process of the server, so it is kept."""
    with pool.connection() as connection:
        first = value(connection, "SELECT pg_backend_pid()")
    with pool.connection() as connection:
        assert value(connection, "SELECT pg_backend_pid()") == first


def test_a_busy_pool_is_reported_after_a_wait(pool: Pool) -> None:
    """A client that can't be served in time gets 503 and Retry-After."""
    with (
        pool.connection(),
        pytest.raises(DatabaseUnavailable, match="busy"),
        pool.connection(),
    ):
        raise AssertionError("lent twice")


def test_a_freed_connection_is_given_to_a_waiting_thread(database: Database) -> None:
    """Waiting ends as soon as a connection is free."""
    pool = Pool(database.read_login, size=1, wait=60)
    with ExitStack() as stack:
        stack.enter_context(pool.connection())
        got: list[str] = []
        waiting = threading.Thread(target=_take, args=(pool, got))
        waiting.start()
        assert not got
    waiting.join()

    assert got == ["1"]
    pool.close()


def _take(pool: Pool, got: list[str]) -> None:
    with pool.connection() as connection:
        got.append(value(connection, "SELECT 1"))


def test_failed_block_gives_its_connection_back(pool: Pool) -> None:
    """An exception leaves the pool as it was, and no transaction behind."""
    for _ in range(3):
        with pytest.raises(psycopg2.Error), pool.connection() as connection:
            value(connection, "SELECT 1/0")

    with pool.connection() as connection:
        assert value(connection, "SELECT 1") == "1"


def test_broken_connection_is_replaced(database: Database, pool: Pool) -> None:
    """A server that was restarted is found again by the next request."""
    with pool.connection() as connection:
        first = value(connection, "SELECT pg_backend_pid()")
    with database.setup() as transaction:
        transaction.rows("SELECT pg_terminate_backend(%(pid)s, 10000)", pid=int(first))

    with pool.connection() as connection:
        assert value(connection, "SELECT pg_backend_pid()") != first


def test_a_connection_lost_at_the_first_statement_is_reported_as_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the primary's machine dies: the database is set up, but away."""
    with database.session() as connection:
        lost = value(connection, "SELECT pg_backend_pid()")
    with closing(database.login.connect()) as other:
        value(other, f"SELECT pg_terminate_backend({lost}, 10000)")
    monkeypatch.setattr("provtap.database.connect._is_quiet", lambda connection: True)

    with pytest.raises(Outage, match="^The connection to the database was lost"), database.transaction():
        raise AssertionError("the connection was not lost")


def test_the_server_looks_after_a_client_that_is_silent(database: Database) -> None:
    """If its machine is lost, its locks are released; on a Unix socket, the values have no effect."""
    keepalives = "SELECT string_agg(DISTINCT source, ',') FROM pg_settings WHERE name LIKE 'tcp_keepalives%'"
    for pool in (database.reader, database.writer):
        with pool.connection() as connection:
            assert value(connection, keepalives) == "session"


def test_connection_that_died_in_silence_is_replaced(
    database: Database, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host without power closes nothing: it is tried before any query of a user."""
    with pool.connection() as connection:
        first = value(connection, "SELECT pg_backend_pid()")
    with database.setup() as transaction:
        transaction.rows("SELECT pg_terminate_backend(%(pid)s, 10000)", pid=int(first))
    monkeypatch.setattr("provtap.database.connect._is_quiet", lambda connection: True)
    monkeypatch.setattr("provtap.database.connect.IDLE", 0.0)

    with pool.connection() as connection:
        assert value(connection, "SELECT pg_backend_pid()") != first


def test_old_connection_is_not_lent_again(database: Database) -> None:
    """So a host that comes back is used again (design, section 3)."""
    pool = Pool(database.read_login, size=1, wait=0.05, age=1e-9)
    with pool.connection() as connection:
        first = value(connection, "SELECT pg_backend_pid()")

    with pool.connection() as connection:
        assert value(connection, "SELECT pg_backend_pid()") != first
    pool.close()


def test_idle_connection_is_tried_and_lent(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial leaves no transaction behind, which would hide what is stored later."""
    monkeypatch.setattr("provtap.database.connect.IDLE", 0.0)
    with pool.connection() as connection:
        first = value(connection, "SELECT pg_backend_pid()")

    with pool.connection() as connection:
        assert connection.info.transaction_status == TRANSACTION_STATUS_IDLE
        assert not connection.autocommit
        assert value(connection, "SELECT pg_backend_pid()") == first


def test_fork_makes_connections_of_its_own(pool: Pool) -> None:
    """Two processes on one connection would read each other's rows."""
    with pool.connection() as connection:
        first = value(connection, "SELECT pg_backend_pid()")
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        with pool.connection() as connection:
            os.write(sender, value(connection, "SELECT pg_backend_pid()").encode())
        os._exit(0)
    os.waitpid(child, 0)

    assert os.read(receiver, 100).decode() not in {"", first}
    with pool.connection() as connection:
        assert value(connection, "SELECT pg_backend_pid()") == first


def test_cancel_stops_a_query_and_retires_its_connection(pool: Pool) -> None:
    """A cancel that comes late must not stop the next query on that connection."""
    with pytest.raises(psycopg2.errors.QueryCanceled), pool.connection() as connection:
        first = value(connection, "SELECT pg_backend_pid()")
        threading.Timer(0.1, cancel, [connection]).start()
        value(connection, "SELECT pg_sleep(600)")

    with pool.connection() as connection:
        assert value(connection, "SELECT pg_backend_pid()") != first


def test_query_of_a_client_that_was_killed_ends(database: Database) -> None:
    """The server looks every second whether its client is there (D11)."""
    child = os.fork()
    if child == 0:
        with database.reader.connection() as connection:
            value(connection, "SELECT pg_sleep(600)")
        os._exit(0)
    asleep = (
        "SELECT count(*) AS n FROM pg_stat_activity"
        " WHERE query = 'SELECT pg_sleep(600)' AND datname = current_database()"
    )
    _wait(database, asleep, 1)
    os.kill(child, 9)
    os.waitpid(child, 0)

    _wait(database, asleep, 0)


def _wait(database: Database, statement: str, number: int) -> None:
    """Return once *statement* gives *number*; never, if that does not come."""
    with database.setup() as transaction:
        while transaction.rows(statement)[0].n != number:
            transaction.execute("SELECT pg_stat_clear_snapshot()")
            time.sleep(0.02)


# Transactions ----------------------------------------------------------------------------------------------


def entities(database: Database) -> list[str]:
    with database.transaction() as transaction:
        return [row.e_id for row in transaction.rows("SELECT e_id FROM provenance.entity ORDER BY e_id")]


def test_transaction_is_the_writers(database: Database, settings: Settings) -> None:
    """All logins write with the rights of <prefix>writer (D11)."""
    with database.transaction() as transaction:
        assert transaction.one("SELECT current_user AS name").name == f"{settings.role_prefix}writer"


def test_failed_transaction_leaves_nothing(database: Database) -> None:
    """All of it, or nothing."""
    with pytest.raises(DocumentError, match="already exists"), database.transaction() as transaction:
        transaction.execute("INSERT INTO provenance.entity (e_id) VALUES ('x')")
        transaction.execute("INSERT INTO provenance.entity (e_id) VALUES ('x')")

    assert entities(database) == []


def test_rows_are_inserted_many_a_statement(database: Database) -> None:
    """And those of RETURNING come back, from every page."""
    rows = [(f"e{number:04}",) for number in range(1500)]
    with database.transaction() as transaction:
        back = transaction.insert("INSERT INTO provenance.entity (e_id) VALUES %s RETURNING e_id", rows)

    assert [tuple(row) for row in back] == rows
    assert len(entities(database)) == 1500


@pytest.mark.parametrize("text", ["tab\tin", "line\nbreak", "back\\slash \\N", "cr\r", "", "é✓𝛼", "'%(x)s'"])
def test_copied_text_is_stored_unchanged(database: Database, text: str) -> None:
    """COPY's text format has its own escapes (PostgreSQL, "COPY", File Formats)."""
    with database.transaction() as transaction:
        columns = ["e_id", "e_comment", "e_name"]
        assert transaction.copy("provenance.entity", columns, [("e", text, None)] * 1) == 1
        row = transaction.one("SELECT e_comment, e_name FROM provenance.entity")

    assert tuple(row) == (text, None)


def test_copy_is_longer_than_one_buffer(database: Database) -> None:
    """Rows come from an iterator, and are cut into the driver's pieces."""
    rows = ((f"e{number:05}", "x" * 100) for number in range(20_000))
    with database.transaction() as transaction:
        assert transaction.copy("provenance.entity", ["e_id", "e_comment"], rows) == 20_000

        row = transaction.one("SELECT count(*) AS n, sum(length(e_comment)) AS size FROM provenance.entity")
    assert tuple(row) == (20_000, 2_000_000)


def test_a_missing_writer_is_reported(database: Database) -> None:
    """Before init there is no writer role, and the sentence says what to do."""
    unready = replace(database, role_prefix="nobodys_")
    with pytest.raises(DatabaseUnavailable, match="is not set up") as refused, unready.transaction():
        raise AssertionError("lent")
    assert "Run provtap init" in refused.value.for_operator()


# Failures --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement, error, words",
    [
        ("SELECT 1/0", QueryError, "divides by zero"),
        (
            "SELECT 1 FROM pg_am AS a FULL JOIN pg_am AS b ON a.oid::int + random() = b.oid::int",
            QueryError,
            "FULL JOIN on random numbers",
        ),
        ("SELECT 2147483647 + 1", QueryError, "out of the range"),
        ("SELECT CAST('x' AS integer)", QueryError, "not a valid number. prov_number"),
        ("SELECT CAST('2024-13-01' AS timestamp)", QueryError, "out of range"),
        ("SELECT ln(0.0)", QueryError, "logarithm"),
        ("SELECT power(-1.0, 0.5)", QueryError, "power"),
        ("SELECT (SELECT n FROM generate_series(1, 2) AS s (n))", QueryError, "more than one row"),
        ("SET LOCAL statement_timeout = 50; SELECT pg_sleep(600)", QueryTimeout, "time limit"),
        ("SELECT pg_terminate_backend(pg_backend_pid())", DatabaseUnavailable, "connection"),
        ("SELECT * FROM provtap.document", QueryError, "not published"),
        ("SELECT * FROM nowhere", InternalError, "The service failed to answer this request"),
    ],
)
def test_failed_query_is_told_without_our_sql(
    database: Database, statement: str, error: type[ProvtapError], words: str
) -> None:
    """PostgreSQL's text is about the SQL we made, which the user never saw (ERR)."""
    with pytest.raises(psycopg2.Error) as failed, database.reader.connection() as connection:
        value(connection, statement)

    told = query_failure(failed.value, overdue=True)
    assert type(told) is error
    assert words in str(told)


def test_temporary_disk_of_a_query_is_limited(
    blank: Database, blank_settings: Settings, tableset: object
) -> None:
    """A sort that fills the disk would stop everybody (D11)."""
    from provtap.install import init

    init(replace(blank_settings, temp_bytes=1_000_000), tableset)
    with pytest.raises(psycopg2.Error) as failed, blank.reader.connection() as connection:
        value(
            connection,
            "SELECT count(*) FROM (SELECT n FROM generate_series(1, 1000000) AS s (n) ORDER BY -n) AS t",
        )

    assert "temporary disk" in str(query_failure(failed.value, overdue=False))


@pytest.mark.database
def test_embedded_server_is_the_default(tmp_path: object) -> None:
    """Without PROVTAP_DATABASE_URL there is a server in the data directory (D2)."""
    with open_database(Settings(data_dir=tmp_path)) as database, database.setup() as transaction:
        assert transaction.one("SELECT current_database() AS name").name == "provtap"


def test_reading_is_one_state_of_the_store_and_changes_nothing(database: Database) -> None:
    """The statements of one response see one snapshot, even if documents are loaded meanwhile (D11)."""
    count = "SELECT count(*) AS n FROM provenance.agent"
    with database.reading(10) as reading:
        before = reading.one(count)
        with database.transaction() as writing:
            writing.execute("INSERT INTO provenance.agent (ag_id, ag_name) VALUES ('a', 'a')")
        assert reading.one(count) == before

    with pytest.raises(QueryError), database.reading(10) as reading:
        reading.execute("DELETE FROM provenance.agent")


def test_reading_is_stopped_at_its_time_limit(database: Database) -> None:
    with pytest.raises(QueryTimeout), database.reading(0.01) as reading:
        reading.one("SELECT pg_sleep(60)")


def test_rows_that_fail_end_a_copy_with_their_error(database: Database) -> None:
    """COPY reads rows while they are generated: errors there are raised unchanged, and nothing is stored."""

    def rows() -> Iterator[tuple[str]]:
        yield from [("e:1",)] * 200
        raise DocumentError("line 201 is torn")

    with pytest.raises(DocumentError, match="^line 201 is torn$"), database.transaction() as transaction:
        transaction.execute("CREATE TEMPORARY TABLE made (id text) ON COMMIT DROP")
        transaction.copy("pg_temp.made", ["id"], rows())


def test_repeated_statement_is_planned_once_a_connection(database: Database) -> None:
    """A small document is mostly planning: its statements stay with the connection, rolled back or not."""
    statement = "SELECT %(a)s::int - %(b)s::int %% %(a)s::int AS x"
    found = []
    for a in (3, 5):
        with pytest.raises(NotFound), database.transaction(repeated=True) as transaction:
            found.append(transaction.one(statement, a=a, b=7, unused=1).x)
            prepared = transaction.one("SELECT count(*) AS n, min(statement) FROM pg_prepared_statements")
            raise NotFound("")

    assert found == [2, 3]
    assert (prepared.n, prepared.min.split(" AS ", 1)[1]) == (1, "SELECT $1::int - $2::int % $1::int AS x")


def test_prepared_statement_is_named_by_its_text(database: Database) -> None:
    """A pooler may swap the session: a number would then name another statement, and store wrong things."""
    statement, names = "SELECT {}::int AS x", []
    for number in (1, 2):
        with database.session() as connection:
            connection.prepared.clear()  # as in a session used by another client before
            Transaction(connection, repeated=True).one(statement.format(f"{number} + %(a)s"), a=number)
            names.append(connection.prepared.popitem()[1].split()[1])
            connection.cursor().execute("DEALLOCATE ALL")

    assert names[0] != names[1]
    assert all(re.fullmatch("provtap_[0-9a-f]{32}", name) for name in names)


def test_a_full_disk_is_told_without_names_of_files(database: Database) -> None:
    """Users can't do anything about PostgreSQL's files, so its message is not shown."""
    full = "DO $$ BEGIN RAISE EXCEPTION 'could not extend file base/1/2' USING ERRCODE = '53100'; END $$"
    with (
        pytest.raises(
            DatabaseUnavailable,
            match="^The database has no disk left; nothing was stored. Send it again later",
        ),
        database.transaction() as transaction,
    ):
        transaction.execute(full)
