"""A connection that ends while PostgreSQL commits: the transaction was committed, but not confirmed.

A synchronous standby that does not answer makes each COMMIT wait, as in a failover; the session that waits is
then ended by its administrator.
"""

import threading
from contextlib import closing
from dataclasses import replace

import psycopg2
import pytest

from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.database.embedded import EmbeddedServer
from provtap.errors import Unconfirmed
from provtap.ingest import ingest_content
from provtap.install import init
from provtap.uws.job import Client, Phase
from provtap.uws.store import JobStore
from provtap.uws.worker import Worker
from tests.uws.conftest import QUERY, awaited

SOMEBODY = Client(None, "192.0.2.1")
DOCUMENT = b'{"entity": {"x:e": {}}, "prefix": {"x": "https://example.org/"}}'
WAITING = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


class Primary:
    """A primary that waits for its standby when it is told to; *run* never waits."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def run(self, statement: str) -> list[tuple[object, ...]]:
        with closing(psycopg2.connect(self.settings.database_url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SET synchronous_commit = local")
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

    def wait_for(self, standby: str) -> None:
        self.run(f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'")
        self.run("SELECT pg_reload_conf()")
        assert awaited(lambda: self.run("SHOW synchronous_standby_names") == [(standby,)])

    def end_what_waits(self) -> None:
        assert awaited(lambda: bool(self.run(f"SELECT pid {WAITING}")))
        self.run(f"SELECT pg_terminate_backend(pid) {WAITING}")


@pytest.fixture(scope="module")
def primary(tmp_path_factory, tableset):
    """A server of its own: the setting holds for all its databases."""
    directory = tmp_path_factory.mktemp("primary")
    with EmbeddedServer(directory / "data") as server:
        settings = Settings(database_url=server.url, data_dir=directory, worker_lost=3.0)
        init(settings, tableset)
        yield Primary(settings)


@pytest.fixture
def database(primary):
    with open_database(replace(primary.settings, connection_wait=5.0)) as opened:
        yield opened


def test_a_document_that_may_have_been_stored_can_be_sent_again(primary, database):
    """The message does not claim that nothing was stored. Sending it again changes nothing."""
    primary.wait_for("nobody")
    ending = threading.Thread(target=primary.end_what_waits)
    ending.start()
    try:
        with pytest.raises(Unconfirmed) as failed:
            ingest_content(DOCUMENT, "x.json", database, primary.settings)
    finally:
        primary.wait_for("")
        ending.join()

    assert str(failed.value).startswith(
        "The connection to the database was lost before it confirmed the change: it is not known whether the"
        " change was stored. Send the document again; nothing is stored twice."
    )
    assert primary.run("SELECT count(*) FROM provenance.entity") == [(1,)]
    assert ingest_content(DOCUMENT, "x.json", database, primary.settings).known
    assert primary.run("SELECT count(*) FROM provenance.entity") == [(1,)]


def test_a_job_whose_claim_was_not_confirmed_is_run(primary, database, tableset):
    """The worker does not know about its claim: it puts the job back, and no attempt is lost."""
    store = JobStore(database, primary.settings)
    worker = Worker(primary.settings, tableset, database)
    store.beat(worker.name)
    job = store.create(SOMEBODY, {"QUERY": [QUERY]}, run=True)
    primary.wait_for("nobody")
    ending = threading.Thread(target=primary.end_what_waits)
    ending.start()
    try:
        with pytest.raises(Unconfirmed):
            store.claim(worker.name)
    finally:
        primary.wait_for("")
        ending.join()
    assert store.phase(job.job_id, SOMEBODY) == Phase.EXECUTING

    running = threading.Thread(target=worker.run)
    running.start()
    try:
        assert awaited(lambda: store.phase(job.job_id, SOMEBODY) == Phase.COMPLETED)
        assert primary.run("SELECT attempt, losses FROM uws.job") == [(2, 0)]
    finally:
        worker.stop()
        running.join()
