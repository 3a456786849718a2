"""Waits for a server that does not answer end: a frozen backend, a lock, an address without a server."""

import os
import signal
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from provtap.database.connect import Pool, open_database
from provtap.database.guard import GUARD, LONG, NICE, TICK, answers
from provtap.database.stream import copy_blocks
from provtap.errors import Contended, QueryTimeout
from tests.live import awaited


@pytest.fixture
def freeze(database):
    """Freeze the one process that runs users' queries; whoever made it runs again afterwards."""
    pool = Pool(database.read_login, size=1, wait=5)
    with pool.connection() as connection:
        pid = connection.info.backend_pid
    comm = Path(f"/proc/{pid}/comm")
    if not comm.exists() or comm.read_text() != "postgres\n":
        pytest.skip("the server runs on another machine")
    os.kill(pid, signal.SIGSTOP)
    yield pool
    os.kill(pid, signal.SIGCONT)


def test_a_query_that_postgresql_does_not_stop_is_cut(freeze):
    """As one that is planned: the time limit holds for the user all the same (D15)."""
    rows = copy_blocks(freeze, "SELECT 1", form="text", maxrec=1, duration=1, spool_bytes=1000)

    with pytest.raises(QueryTimeout, match="time limit"):
        list(rows)


def test_a_statement_that_postgresql_does_not_stop_is_cut(freeze, database):
    """The same for what is asked in several statements, as ProvSAP does (D15)."""
    frozen = replace(database, reader=freeze)

    with pytest.raises(QueryTimeout, match="time limit"), frozen.reading(1) as transaction:
        transaction.rows("SELECT 1")


def test_write_waits_for_others_no_longer_than_a_request_may(settings):
    """A thread of a web process is not held by a lock for ever; the command line waits (D15)."""
    hurried = replace(settings, connection_wait=0.5)
    lock = "LOCK TABLE provenance.agent IN EXCLUSIVE MODE"
    with (
        open_database(hurried, patient=False) as other,
        open_database(settings) as database,
        database.transaction() as holds,
    ):
        holds.execute(lock)
        with pytest.raises(Contended), other.transaction() as waits:
            waits.execute(lock)


def test_server_that_answers_is_known(database):
    with database.reader.connection() as connection:
        server = socket.socket(fileno=os.dup(connection.fileno()))
        try:
            assert answers(server.family, server.getpeername())
        finally:
            server.close()


def test_address_without_a_server_is_known(tmp_path):
    """By a missing socket, or a socket without listener."""
    path = str(tmp_path / "socket")
    assert not answers(socket.AF_UNIX, path)
    with socket.socket(socket.AF_UNIX) as unused:
        unused.bind(path)
        assert not answers(socket.AF_UNIX, path)


def test_child_of_a_process_with_a_guard_has_its_own(database):
    """A thread does not outlive a fork: the web processes are forked from one that has asked the database."""
    with database.reader.connection():
        assert any(thread.name == "guard" for thread in threading.enumerate())
        child = os.fork()
        if child == 0:
            os._exit(0 if GUARD._thread is None and not GUARD._uses else 1)

        assert os.waitpid(child, 0)[1] == 0


def test_long_query_steps_back_behind_short_ones(database):
    """A dozen of them must leave processor time for other queries (D15)."""
    pool = Pool(database.read_login, size=1, wait=5)
    with pool.connection() as connection:
        process = connection.info.backend_pid
        try:
            os.setpriority(os.PRIO_PROCESS, process, 0)
        except OSError:
            pytest.skip("the server runs on another machine, or as another user")
        assert awaited(lambda: os.getpriority(os.PRIO_PROCESS, process) == NICE)
        assert connection.retired
    with database.writer.connection() as connection:  # of the service itself: loads, and what jobs need
        time.sleep(2 * (LONG + TICK))

        assert os.getpriority(os.PRIO_PROCESS, connection.info.backend_pid) == 0
    pool.close()
