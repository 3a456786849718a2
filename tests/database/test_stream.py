import threading
import time
from contextlib import suppress

import psycopg2
import pytest

from provtap.database.connect import Pool, open_database
from provtap.database.failures import query_failure
from provtap.database.stream import copy_blocks
from provtap.errors import DatabaseUnavailable, QueryCancelled, QueryError, QueryTimeout

WIDE = "SELECT repeat('x', 1000), generate_series(1, {})"  # in the select list it streams
RUNNING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%%COPY (%%' AND query LIKE %s"
)


@pytest.fixture(scope="module")
def settings(server, template):
    """Settings of one database for all tests of this file, which only read."""
    with server.copy(template) as copied:
        yield copied


@pytest.fixture(scope="module")
def database(settings):
    with open_database(settings) as opened:
        yield opened


@pytest.fixture
def copy(database):
    """Return a function that reads an SQL query over the pool of the reader."""

    def read(sql, **changes):
        given = {"pool": database.reader, "form": "text", "maxrec": 10**7} | changes
        return copy_blocks(sql=sql, **{"duration": 60, "spool_bytes": 10**9} | given)

    return read


@pytest.fixture
def running(database):
    """Return a function that counts the running queries whose text holds a mark."""

    def count(mark):
        with psycopg2.connect(**database.login.parameters) as connection, connection.cursor() as cursor:
            cursor.execute(RUNNING, [f"%{mark}%"])
            found = cursor.fetchone()[0]
        connection.close()
        return found

    return count


def awaited(condition, seconds=10):
    """Return whether *condition* comes true."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


@pytest.fixture
def single(database):
    """Return a pool of one connection, which nobody waits for."""
    pool = Pool(database.read_login, size=1, wait=0.001)
    yield pool
    pool.close()


def is_free(pool):
    """Return whether *pool* has a connection to lend, outside of any transaction."""
    with suppress(DatabaseUnavailable), pool.connection() as connection:
        return connection.info.transaction_status == psycopg2.extensions.TRANSACTION_STATUS_IDLE
    return False


def test_text_form(copy):
    """D3: rows of COPY's text form, counted, in UTF-8."""
    blocks = list(copy(r"SELECT * FROM (VALUES (1, 'é' || chr(9)), (2, NULL), (3, '\N')) AS v"))

    assert blocks == [(3, b"1\t\xc3\xa9\\t\n2\t\n3\t\\\\N\n")]


def test_the_marked_form_distinguishes_null_from_empty(copy):
    """VOT-9: BINARY2 has both."""
    assert list(copy(r"SELECT NULL, '', '\N'", form="marked")) == [(1, b"\\N\t\t\\\\N\n")]


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_binary_form_has_rows_only(copy, rows):
    """D3: neither header nor trailer of COPY is taken for a row."""
    row = b"\0\2" + b"\0\0\0\2\0\7" + b"\0\0\0\4\0\0\0\1"
    blocks = list(copy(f"SELECT 7::smallint, 1 FROM generate_series(1, {rows})", form="binary", maxrec=2))

    assert blocks == [
        block for block in [(min(rows, 2), row * min(rows, 2)), (rows - 2, row)] if block[0] > 0
    ]


def test_csv_form_counts_rows_and_not_lines(copy):
    """D3: one write is one row, also where a cell holds a line end."""
    assert list(copy("SELECT 'a' || chr(10) || 'b', '' UNION ALL SELECT 'c', NULL", form="csv")) == [
        (2, b'"a\nb",""\nc,\n')
    ]


def test_the_row_beyond_maxrec_comes_alone(copy):
    """TAP-14."""
    assert [rows for rows, _ in copy("SELECT generate_series(1, 4)", maxrec=3)] == [3, 1]


def test_many_rows_arrive_complete_and_in_order(copy):
    """D3."""
    blocks = list(copy("SELECT generate_series(1, 100000)"))

    assert sum(rows for rows, _ in blocks) == 100_000
    assert b"".join(data for _, data in blocks) == b"".join(b"%d\n" % n for n in range(1, 100_001))


def test_rows_come_before_the_query_ends(copy):
    """D3: the first rows are handed on at once (PostgreSQL itself sends 8 kB at a time)."""
    blocks = copy(
        "SELECT repeat('x', 9000), CASE WHEN n > 2 THEN pg_sleep(60) END FROM generate_series(1, 9) AS n"
    )

    assert next(blocks)[0] >= 1
    blocks.close()


def test_closing_early_cancels_the_query(copy, running, single):
    """Design, section 3: a query without a reader is stopped."""
    blocks = copy(WIDE.format(10**9), pool=single, spool_bytes=1)
    next(blocks)
    assert running("1000000000") == 1

    blocks.close()

    assert is_free(single)
    assert awaited(lambda: running("1000000000") == 0)


def test_a_disconnected_reader_ends_the_query(copy, running, single):
    """Design, section 3: hang-up is seen while waiting for rows."""
    with pytest.raises(QueryCancelled):
        list(copy("SELECT pg_sleep(61)", pool=single, gone=lambda: running("pg_sleep(61)") == 1))

    assert is_free(single)
    assert awaited(lambda: running("pg_sleep(61)") == 0)


def test_connection_is_free_while_a_slow_reader_reads(copy, single):
    """D3: the COPY side never waits for the client."""
    blocks = copy(WIDE.format(20_000), pool=single)
    first, _ = next(blocks)

    assert awaited(lambda: is_free(single))
    assert first + sum(rows for rows, _ in blocks) == 20_000


def test_back_pressure_pauses_the_query(copy, running):
    """D3: past spool_bytes on disk the query waits for its reader, and still gives every row."""
    blocks = copy(WIDE.format(100_003), spool_bytes=200_000)
    first, _ = next(blocks)

    assert running("100003") == 1
    assert first + sum(rows for rows, _ in blocks) == 100_003


def test_a_reader_that_stands_still_loses_its_connection_at_the_time_limit(copy, running, single):
    """Without disk space the query waits for its reader, up to its time limit; the error names the reason."""
    blocks = copy(WIDE.format(10**7), pool=single, spool_bytes=1, duration=1)
    next(blocks)
    assert running("10000000") == 1

    assert awaited(lambda: is_free(single), 30)
    assert awaited(lambda: running("10000000") == 0, 30)
    with pytest.raises(QueryTimeout, match="its result was read too slowly"):
        list(blocks)


def test_time_limit(copy):
    """D11: statement_timeout bounds the whole COPY."""
    with pytest.raises(QueryTimeout):
        list(copy("SELECT pg_sleep(60)", duration=0.1))


def test_late_failure_comes_after_the_rows(copy):
    """ERR-6: rows that were delivered stay, the failure is raised where they end."""
    blocks = copy("SELECT 1 / (50000 - n), repeat('x', 99) FROM generate_series(1, 60000) AS n")
    rows = 0

    with pytest.raises(QueryError, match="divides by zero"):
        for count, _ in blocks:
            rows += count
    assert rows == 49_999


def test_failure_before_any_row(copy):
    """The first block tells whether a query runs at all."""
    with pytest.raises(QueryError, match="divides by zero"):
        next(copy("SELECT 1 / (n - 1) FROM generate_series(1, 2) AS n"))


def test_nothing_can_be_written(copy):
    """D11: the second lock behind the resolver."""
    with pytest.raises(QueryError):
        list(copy("INSERT INTO provenance.agent (ag_id, ag_name) VALUES ('a', 'a') RETURNING 1"))


@pytest.mark.parametrize("end", ["SELECT 1", "SELECT 1 / 0", "SELECT pg_sleep(60)"])
def test_the_next_query_finds_a_clean_connection(copy, database, end):
    """Whatever ended the last query, its time limit and transaction are gone."""
    with suppress(QueryError):
        list(copy(end, duration=0.2))

    with database.reader.connection() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_more_queries_than_connections_wait(copy, settings):
    """Design, section 3: threads wait for one of few connections."""
    results = []
    work = [
        threading.Thread(
            target=lambda: results.append(sum(r for r, _ in copy("SELECT generate_series(1, 999)")))
        )
        for _ in range(3 * settings.read_connections)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()

    assert results == [999] * len(work)


@pytest.mark.parametrize("leaves", [False, True])
def test_a_query_that_finds_no_connection_never_runs(copy, running, single, leaves):
    """ERR-1: 503 after a while; and who leaves before is not waited for."""
    done = threading.Event()

    def read():
        with suppress(QueryCancelled):
            list(copy("SELECT pg_sleep(63)", pool=single, gone=done.is_set))

    reader = threading.Thread(target=read)
    reader.start()
    assert awaited(lambda: running("pg_sleep(63)") == 1)
    with pytest.raises(QueryCancelled if leaves else DatabaseUnavailable):
        list(copy("SELECT pg_sleep(64)", pool=single, gone=lambda: leaves))

    assert (running("pg_sleep(63)"), running("pg_sleep(64)")) == (1, 0)
    done.set()
    reader.join()
    assert awaited(lambda: is_free(single))


def test_a_lost_connection_is_reported(copy, database, running):
    """ERR-1: 503, not a traceback."""
    blocks = copy("SELECT pg_sleep(62)")
    failure = []

    def read():
        try:
            next(blocks)
        except DatabaseUnavailable as error:
            failure.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    assert awaited(lambda: running("pg_sleep(62)") == 1)
    with psycopg2.connect(**database.login.parameters) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE state = 'active' AND query LIKE '%COPY (SELECT pg_sleep(62)%' AND pid <> pg_backend_pid()"
        )
    connection.close()
    reader.join()

    assert failure[0].status == 503


def test_a_copy_that_ends_without_a_word_is_a_lost_connection():
    """What psycopg2 raises, now and then, when the server goes away in the midst of the rows."""
    silent = psycopg2.DatabaseError("error with status PGRES_COPY_OUT and no message from the libpq")

    assert isinstance(query_failure(silent, overdue=False), DatabaseUnavailable)
