"""LISTEN: notifications are received, and possible losses are reported."""

import os
import queue
import resource
from contextlib import closing
from dataclasses import replace

import psycopg2
import pytest

from provtap.database.listen import Listener
from provtap.database.login import database_login
from tests.database.test_stream import awaited

LISTENING = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"


@pytest.fixture
def sql(settings):
    with closing(psycopg2.connect(settings.database_url)) as connection:
        connection.autocommit = True

        def run(statement):
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall()

        yield run


@pytest.fixture
def heard(database):
    """What a listener hears, once it listens."""
    told = queue.Queue()
    listener = Listener(database.login, "a channel", told.put)
    assert told.get(timeout=20) is None
    yield told
    listener.close()


def test_notifications_arrive_in_order(heard, sql):
    for text in ("one", "two"):
        sql(f"SELECT pg_notify('a channel', '{text}')")

    assert [heard.get(timeout=20) for _ in range(2)] == ["one", "two"]


def test_a_process_with_many_files_hears_as_well(database, sql):
    """A web process has a socket for each client, and some hundred threads with files of their own."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    files = [os.dup(0) for _ in range(1100)]
    told = queue.Queue()
    listener = Listener(database.login, "a channel", told.put)
    assert told.get(timeout=20) is None
    sql("SELECT pg_notify('a channel', 'x')")

    assert told.get(timeout=20) == "x"
    listener.close()
    for file in files:
        os.close(file)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_other_channels_are_not_heard(heard, sql):
    sql("SELECT pg_notify('another channel', 'x'), pg_notify('a channel', 'y')")

    assert heard.get(timeout=20) == "y"


def test_a_reconnect_reports_that_notifications_may_be_lost(heard, sql):
    sql(f"SELECT pg_terminate_backend(pid) {LISTENING}")
    assert heard.get(timeout=20) is None

    sql("SELECT pg_notify('a channel', 'again')")
    assert heard.get(timeout=20) == "again"


def test_a_closed_listener_leaves_no_connection(database, sql):
    told = queue.Queue()
    listener = Listener(database.login, "a channel", told.put)
    told.get(timeout=20)
    listener.close()
    listener.close()

    assert awaited(lambda: sql(f"SELECT count(*) {LISTENING}") == [(0,)])


def test_an_unavailable_database_is_retried(caplog):
    """Nothing is raised in the thread; the error is logged."""
    nowhere = replace(database_login("dbname=provtap"), parameters={"host": "/nonexistent", "dbname": "x"})
    listener = Listener(nowhere, "a channel", print)

    assert awaited(
        lambda: "Notifications on a channel are not received: PostgreSQL at /nonexistent" in caplog.text
    )
    listener.close()
    assert awaited(lambda: not listener._thread.is_alive())
