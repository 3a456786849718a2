"""A worker in this process: the ends of jobs, and that stopping a job also stops its query."""

import io
import re
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from time import sleep
from urllib.parse import parse_qs, urlsplit

import pytest
from astropy.io.votable import parse

from provtap.database.connect import open_database
from provtap.errors import ProvtapError
from provtap.query import run
from provtap.query.request import QueryRequest
from provtap.uws.job import Phase
from provtap.uws.parameters import Parts
from provtap.uws.results import ResultDirectory
from provtap.uws.store import JobStore, new_id
from provtap.uws.worker import Worker
from tests.uploads.mutants import mutants, outcome
from tests.uws.conftest import ANNE, ANYBODY, FLOOD, QUERY, SILENT, SOMEBODY, awaited

VOTABLE = {"RESPONSEFORMAT": ["votable"]}
LOGGED = r"The log of the service gives the reason under [0-9a-f]{8}\."


@contextmanager
def working(settings, tableset):
    """Run a worker for as long as the block lasts."""
    with open_database(replace(settings, read_connections=settings.job_connections)) as database:
        worker = Worker(settings, tableset, database)
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            yield worker
        finally:
            worker.stop()
            thread.join()


@pytest.fixture
def own(settings, tmp_path):
    return replace(settings, data_dir=tmp_path, worker_lost=3.0)


@pytest.fixture
def worker(own, tableset, store):
    with working(own, tableset) as started:
        yield started


@pytest.fixture
def results(own):
    return ResultDirectory(own.data_dir / "results")


@pytest.fixture
def ended(store):
    """Return a function that returns a job once it has ended."""

    def wait(job):
        assert awaited(lambda: not store.phase(job.job_id, ANNE).unfinished)
        return store.job(job.job_id, ANNE)

    return wait


@pytest.fixture
def begin(store, running):
    """Return a function that creates a job, and returns it once its query runs in PostgreSQL."""

    def create(query, **parameters):
        given = {"QUERY": [query], "MAXREC": ["10000000"]} | parameters
        job = store.create(SOMEBODY, given, run=True)
        assert awaited(lambda: running() == 1)
        return job

    return create


def content(results, job):
    stored = results.open(job.result.name)
    with stored.content:
        return stored.content.read()


def test_a_job_has_the_same_result_as_sync(worker, store, ended, results, tableset, database, settings):
    """DALI-1, UWS-11, TAP-22: one road for both."""
    job = ended(store.create(SOMEBODY, {"QUERY": [QUERY], "FORMAT": ["csv"], "MAXREC": ["2"]}, run=True))
    request = QueryRequest(query=QUERY, responseformat="csv", maxrec=2)
    same = b"".join(run(request, tableset, database, settings).body)

    assert job.phase == Phase.COMPLETED
    assert content(results, job) == same
    assert (job.result.mime, job.result.size) == ("text/csv;header=present", len(same))
    assert job.creation_time <= job.start_time <= job.end_time


def test_an_empty_result_is_a_result(worker, store, ended, results):
    """TAP-22."""
    job = ended(store.create(SOMEBODY, {"QUERY": [f"SELECT TOP 0 * FROM ({QUERY}) AS q"]}, run=True))

    assert job.phase == Phase.COMPLETED
    assert content(results, job).endswith(b"</VOTABLE>\n")


def test_the_result_of_an_account_names_its_job(worker, store, ended, results, settings):
    """ORIG-1: the request that it answers is the job."""
    dataorigin = pytest.importorskip("astropy.io.votable.dataorigin")  # since astropy 7.1
    job = ended(store.create(ANNE, {"QUERY": [QUERY]}, run=True))
    origin = dataorigin.extract_data_origin(parse(io.BytesIO(content(results, job))))

    assert origin.query.request == f"{settings.root_url}/tap/async/{job.job_id}"
    assert origin.query.query == QUERY


@pytest.mark.parametrize("form", ["votable", "json"])
def test_the_result_of_an_anonymous_job_does_not_name_it(worker, store, ended, results, settings, form):
    """ORIG-1: whoever knows the job could delete it, so the result has the URL of the same query."""
    given = {"QUERY": [QUERY], "RESPONSEFORMAT": [form], "MAXREC": ["2"], "RUNID": ["tonight"]}
    job = ended(store.create(SOMEBODY, given, run=True))
    written = content(results, job).decode()
    url = urlsplit(re.search(rf"{settings.root_url}/tap/sync[^\"]*", written)[0].replace("&amp;", "&"))

    assert job.job_id not in written
    assert parse_qs(url.query) == {"QUERY": [QUERY], "RESPONSEFORMAT": [form], "MAXREC": ["2"]}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"QUERY": [""]},
        {"QUERY": [QUERY, QUERY]},
        {"QUERY": [QUERY], "LANG": ["OOBLECK"]},
        {"QUERY": [QUERY], "MAXREC": ["-1"]},
        {"QUERY": [QUERY], "FORMAT": ["nothing"]},
        {"QUERY": ["DUFF QUERY"]},
        {"QUERY": ["SELECT a_nam FROM provenance.activity"]},
        {"QUERY": ["SELECT 1 / (column_index - column_index) FROM tap_schema.columns"]},
        {"QUERY": [QUERY.ljust(2_000_000)]},
    ],
    ids=lambda given: repr(given)[:40],
)
def test_a_job_fails_with_the_sentence_of_sync(
    worker, store, ended, results, tableset, database, settings, given
):
    """TAP-7, UWS-9, ERR-3: the job is created, and fails when it runs."""
    job = ended(store.create(SOMEBODY, given, run=True))
    with pytest.raises(ProvtapError) as said:
        run(QueryRequest.from_parameters(given), tableset, database, settings)

    assert (job.phase, job.error_message, job.error_type) == (Phase.ERROR, str(said.value), "fatal")
    assert list(results.names(-60)) == []


def test_jobs_beyond_the_connections_wait_for_their_turn(own, tableset, store, ended):
    """Section 4: jobs have a budget of connections."""
    with working(replace(own, job_connections=1), tableset):
        jobs = [store.create(SOMEBODY, {"QUERY": [QUERY]}, run=True) for _ in range(4)]
        done = [ended(job) for job in jobs]

    assert {job.phase for job in done} == {Phase.COMPLETED}
    assert all(earlier.end_time <= later.start_time for earlier, later in zip(done, done[1:], strict=False))


# Stop means stop: each of these ends the query in PostgreSQL.


@pytest.mark.parametrize("query", [SILENT, FLOOD], ids=["silent", "flood"])
def test_abort_ends_the_query(worker, store, begin, running, results, query):
    """UWS-13; FL-4."""
    job = begin(query)
    store.abort(job.job_id, ANYBODY)

    assert awaited(lambda: running() == 0)
    assert store.phase(job.job_id, SOMEBODY) == Phase.ABORTED
    assert awaited(lambda: list(results.names(-60)) == [])


@pytest.mark.parametrize("query", [SILENT, FLOOD], ids=["silent", "flood"])
def test_deletion_ends_the_query(worker, store, begin, running, results, query):
    """UWS-15."""
    job = begin(query)
    store.remove(job.job_id, SOMEBODY)

    assert awaited(lambda: running() == 0)
    assert awaited(lambda: list(results.names(-60)) == [])


@pytest.mark.parametrize("query", [SILENT, FLOOD], ids=["silent", "flood"])
def test_the_execution_duration_ends_the_query(worker, store, ended, running, results, query):
    """UWS-16: as an abort with a reason (ERR-3)."""
    job = store.create(SOMEBODY, {"QUERY": [query], "MAXREC": ["10000000"]})
    store.set_execution_duration(job.job_id, SOMEBODY, 1)
    store.run(job.job_id, SOMEBODY)

    job = ended(job)
    assert (job.phase, job.error_message) == (
        Phase.ABORTED,
        "The job was stopped after its execution duration of 1 seconds.",
    )
    assert running() == 0
    assert list(results.names(-60)) == []


@pytest.mark.parametrize("seconds", [-1, 1], ids=["past", "future"])
def test_destruction_ends_the_query(worker, store, begin, running, seconds):
    """UWS-16: also if it is set while the job executes."""
    job = begin(SILENT)
    store.set_destruction(job.job_id, SOMEBODY, datetime.now(UTC) + timedelta(seconds=seconds))

    assert awaited(lambda: running() == 0)
    assert store.references(SOMEBODY) == []


def test_a_stopped_worker_puts_its_jobs_back(own, tableset, store, begin, running):
    """An orderly end is not a failure: the job runs again from its start, and does not count as lost."""
    with working(own, tableset):
        job = begin(SILENT)
    assert awaited(lambda: running() == 0)
    assert store.job(job.job_id, SOMEBODY).phase == Phase.QUEUED

    with working(own, tableset):
        assert awaited(lambda: running() == 1)
        store.abort(job.job_id, SOMEBODY)


# Faults


KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND {}"


@pytest.mark.parametrize("query", [SILENT, FLOOD], ids=["silent", "flood"])
def test_a_query_that_loses_its_connection_is_run_once_more_and_then_fails(
    worker, store, begin, ended, running, results, sql, settings, query
):
    """An interrupted result is discarded, even a VOTable, which reports it in its last line."""
    job = begin(query)
    reader = KILL.format(f"usename = '{settings.role_prefix}reader'")
    sql(reader)
    assert awaited(lambda: sql("SELECT losses, phase FROM uws.job") == [(1, "EXECUTING")] and running() == 1)
    sql(reader)

    job = ended(job)
    assert (job.phase, job.error_type) == (Phase.ERROR, "transient")
    assert "the query" in job.error_message and "connection" in job.error_message
    assert "time limit" not in job.error_message
    assert list(results.names(-60)) == []


def test_a_worker_outlives_the_loss_of_all_its_connections(worker, store, begin, ended, running, sql):
    """It reconnects and continues without intervention."""
    job = begin(SILENT)
    sql(KILL.format("pid <> pg_backend_pid()"))
    assert awaited(lambda: sql("SELECT losses, phase FROM uws.job") == [(1, "EXECUTING")] and running() == 1)
    store.abort(job.job_id, SOMEBODY)
    assert awaited(lambda: running() == 0)

    assert ended(store.create(SOMEBODY, {"QUERY": [QUERY]}, run=True)).phase == Phase.COMPLETED


def test_a_query_cancelled_by_the_operator_is_reported(worker, begin, ended, sql, settings):
    """Not "at its time limit", which is not used up."""
    job = begin(SILENT)
    sql(KILL.format(f"usename = '{settings.role_prefix}reader'").replace("terminate", "cancel"))

    job = ended(job)
    assert (job.phase, job.error_message) == (
        Phase.ERROR,
        "The query was cancelled by the operator of the database.",
    )


def test_a_store_that_can_not_be_written_fails_the_job(worker, own, store, ended):
    """UWS-9: in a sentence that names what failed."""
    (own.data_dir / "results").write_text("a file where the directory should be")
    job = ended(store.create(SOMEBODY, {"QUERY": [QUERY]}, run=True))

    assert job.phase == Phase.ERROR
    assert re.fullmatch(f"The service failed to answer this request. {LOGGED}", job.error_message)
    assert str(own.data_dir) not in job.error_message


def test_a_result_must_fit_into_the_remaining_disk_space(own, tableset, database, ended, results):
    """Whose jobs take as much as they may gets no further result, and nothing is left of it."""
    small = replace(own, client_bytes=1_000)
    store = JobStore(database, small)
    with working(small, tableset):
        given = {"QUERY": [QUERY], "RESPONSEFORMAT": ["csv"]}
        fits, job = (ended(store.create(ANNE, given | more, run=True)) for more in ({}, VOTABLE))

    assert fits.phase == Phase.COMPLETED
    assert re.fullmatch(
        r"The result has more than the \d\d\d bytes that your jobs may still use\..*",
        job.error_message,
    )
    assert list(results.names(0)) == [fits.result.name]


def test_links_in_a_result_lead_where_the_client_found_the_service(own, tableset, database, ended, results):
    """A worker runs without the address at which the web nodes are reached."""
    store = JobStore(database, replace(own, base_url="https://prov.example.org"))
    with working(own, tableset):
        job = ended(
            store.create(SOMEBODY, {"QUERY": ["SELECT e_id FROM provenance.entity"]}, run=True),
        )

    assert b'value="https://prov.example.org/provsap"' in content(results, job)


def test_a_lost_upload_fails_the_job(worker, store, ended):
    """UPL-3: a query never runs on incomplete uploads."""
    mine = new_id()
    lost = Parts({"t": f"{mine}.upload-1"}, 1)
    job = ended(store.create(SOMEBODY, {"QUERY": [QUERY]}, job_id=mine, parts=lost, run=True))

    assert (job.phase, job.error_message) == (Phase.ERROR, "The file 't' of this job was lost.")


@pytest.mark.filterwarnings("ignore")
def test_an_upload_of_a_job_is_read_or_its_error_is_reported(worker, store, ended, results):
    """UPL-7: as of a synchronous query, whatever is in it."""
    for votable in islice(mutants(6), 12):
        mine = new_id()
        parts = Parts({"t": f"{mine}.upload-1"}, results.put(f"{mine}.upload-1", [votable]))
        asked = {"QUERY": ["SELECT * FROM TAP_UPLOAD.t"], "UPLOAD": ["t,param:t"]}
        job = ended(store.create(SOMEBODY, asked, job_id=mine, parts=parts, run=True))

        if outcome(votable) == "read":
            assert job.phase is Phase.COMPLETED, job.error_message
        else:
            assert job.phase is Phase.ERROR
            assert "upload" in job.error_message


def test_an_unexpected_error_is_one_sentence(worker, store, ended, sql):
    """The user gets no traceback, the log does: here of parameters that are none."""
    job = store.create(SOMEBODY, {"QUERY": [QUERY]})
    sql("UPDATE uws.job SET parameters = '[[\"QUERY\", 5]]'")
    store.run(job.job_id, SOMEBODY)

    job = ended(job)
    assert job.phase == Phase.ERROR
    assert job.error_message.startswith("The service failed to answer this request")


def test_the_job_of_a_worker_without_heartbeat_is_taken_over(own, tableset, store, ended):
    """D6: a worker that was killed leaves its job to others."""
    job = store.create(SOMEBODY, {"QUERY": [QUERY]}, run=True)
    store.claim("a worker that will never beat")
    with working(own, tableset):
        assert ended(job).phase == Phase.COMPLETED


def test_a_job_lost_twice_reports_its_lost_workers(own, tableset, store, ended):
    """D6: restarted once, then failed with a reason."""
    job = store.create(SOMEBODY, {"QUERY": [QUERY]}, run=True)
    store.lose(store.claim("first")[1], "x")
    store.claim("second")
    with working(own, tableset):
        job = ended(job)

    assert (job.phase, job.error_message) == (
        Phase.ERROR,
        "The process that ran the job was lost, twice.",
    )


def test_a_result_takes_the_place_of_older_ones_of_its_address(own, tableset, database, ended, results):
    """An anonymous client keeps nothing that locks out another one behind the same address."""
    small = replace(own, client_bytes=1_000)
    store = JobStore(database, small)
    given = {"QUERY": [QUERY], "RESPONSEFORMAT": ["csv"]}
    long = {"QUERY": ["SELECT TOP 60 'abcdefghijkl' AS x FROM tap_schema.columns"], "RESPONSEFORMAT": ["csv"]}
    with working(small, tableset):
        older = ended(store.create(SOMEBODY, given, run=True))
        newer = ended(store.create(SOMEBODY, long, run=True))

    assert (older.phase, newer.phase) == (Phase.COMPLETED, Phase.COMPLETED)
    assert [job.job_id for job in store.references(SOMEBODY)] == [newer.job_id]
    assert list(results.names(0)) == [newer.result.name]


def test_an_unconfirmed_claim_is_put_back(worker, own, store, ended, sql):
    """The connection may be lost while the claim is committed: the job must not stay EXECUTING for good."""
    job = store.create(SOMEBODY, {"QUERY": [QUERY]})
    sql(
        "UPDATE uws.job SET phase = 'EXECUTING', worker = %s, attempt = 1, queue_time = now(),"
        " start_time = date_trunc('milliseconds', now())",
        worker.name,
    )

    assert ended(job).phase == Phase.COMPLETED
    assert sql("SELECT attempt, losses FROM uws.job") == [(2, 0)]


def test_a_job_waits_until_queries_can_be_run_again(own, tableset, store, begin, ended, running, sql):
    """While the server of queries is down no attempt is used up; the next one begins once it is back."""
    refused = f"ALTER ROLE {own.role_prefix}reader {{}}"
    with working(own, tableset):
        try:
            sql(refused.format("NOLOGIN"))
            waiting = store.create(SOMEBODY, {"QUERY": [QUERY]}, run=True)
            assert awaited(lambda: sql("SELECT phase FROM uws.job") == [("EXECUTING",)])
            sleep(1.5)
            assert sql("SELECT phase, attempt, losses FROM uws.job") == [("EXECUTING", 1, 0)]
        finally:
            sql(refused.format("LOGIN"))

        assert ended(waiting).phase == Phase.COMPLETED
    assert sql("SELECT losses FROM uws.job") == [(0,)]


def test_a_query_that_lost_its_connection_waits_for_the_database(own, tableset, begin, running, sql):
    """An outage uses up one of the two attempts, however long it is: the second begins after it."""
    role = f"{own.role_prefix}reader"
    with working(own, tableset):
        begin(SILENT)
        try:
            sql(f"ALTER ROLE {role} NOLOGIN")
            sql(KILL.format(f"usename = '{role}'"))
            sleep(1.5)
            assert sql("SELECT phase, attempt, losses FROM uws.job") == [("EXECUTING", 1, 0)]
        finally:
            sql(f"ALTER ROLE {role} LOGIN")
        assert awaited(lambda: running() == 1)
        assert sql("SELECT phase, attempt, losses FROM uws.job") == [("EXECUTING", 2, 1)]
        sql("DELETE FROM uws.job")


def test_an_outage_makes_no_worker_count_as_lost(own, tableset, store, sql):
    """While PostgreSQL is down there are no heartbeats; afterwards each worker has time for a new one."""
    job = store.create(SOMEBODY, {"QUERY": [QUERY]}, run=True)
    with working(own, tableset) as worker:
        assert awaited(lambda: not store.phase(job.job_id, SOMEBODY).unfinished)
        worker._fair_from = float("inf")  # as after an outage
        other = store.create(SOMEBODY, {"QUERY": [QUERY]})
        sql(
            "UPDATE uws.job SET phase = 'EXECUTING', worker = 'other', attempt = 1, queue_time = now(),"
            " start_time = date_trunc('milliseconds', now()) WHERE job_id = %s",
            other.job_id,
        )
        store.beat("other")
        sql("UPDATE uws.worker SET heartbeat = now() - interval '1 h' WHERE worker_id = 'other'")
        sleep(own.worker_lost / 2)

        assert sql("SELECT phase FROM uws.job WHERE job_id = %s", other.job_id) == [("EXECUTING",)]
        assert awaited(lambda: store.phase(other.job_id, SOMEBODY) == Phase.COMPLETED)
