"""WAIT: only changes of the job end a wait (UWS-18)."""

import threading
import time

import pytest

from provtap.errors import NotFound
from provtap.uws.job import Phase, StoredResult
from provtap.uws.watch import JobWatch
from tests.uws.conftest import SOMEBODY, awaited

LONG = 60.0  # no test takes that long


@pytest.fixture
def watch(database):
    opened = JobWatch(database.login, most=3)
    yield opened
    opened.close()


@pytest.fixture
def waiting(watch, store):
    """Return a function that begins to wait for a job in a thread, and returns the thread."""
    threads = []

    def begin(job_id, seconds=LONG, **options):
        looked = threading.Event()

        def phase():
            found = store.phase(job_id, SOMEBODY)
            looked.set()
            return found

        thread = threading.Thread(target=watch.wait, args=[job_id, phase, seconds], kwargs=options)
        thread.start()
        threads.append(thread)
        looked.wait()
        return thread

    yield begin
    watch.close()
    for thread in threads:
        thread.join()


def returns(thread):
    thread.join(20)
    return not thread.is_alive()


def test_who_waits_is_woken(store, job, waiting):
    """Changes by any process count."""
    thread = waiting(job.job_id)
    assert thread.is_alive()

    store.abort(job.job_id, SOMEBODY)
    assert returns(thread)


def test_a_wait_ends_when_the_job_is_deleted(store, job, watch):
    """UWS-20."""
    threading.Timer(0.2, store.remove, [job.job_id, SOMEBODY]).start()

    with pytest.raises(NotFound):
        watch.wait(job.job_id, lambda: store.phase(job.job_id, SOMEBODY), LONG)


def test_a_wait_returns_for_a_begun_job_that_does_not_end(store, job, waiting):
    """UWS-18: any change of phase."""
    thread = waiting(job.job_id)
    store.run(job.job_id, SOMEBODY)

    assert returns(thread)


def test_a_wait_returns_once_for_a_job_that_begins_and_ends(store, job, waiting):
    """PV-9: pyvo sleeps for a second after any answer but the last."""
    thread = waiting(job.job_id)
    store.run(job.job_id, SOMEBODY)
    store.complete(store.claim("w")[1], StoredResult("x", "text/csv", 1, "x.csv"))

    assert returns(thread)
    assert store.phase(job.job_id, SOMEBODY) == Phase.COMPLETED


def test_changes_of_other_jobs_do_not_end_a_wait(store, job, waiting):
    thread = waiting(job.job_id)
    store.abort(store.create(SOMEBODY, {}).job_id, SOMEBODY)
    thread.join(0.3)

    assert thread.is_alive()


def test_a_job_that_has_ended_is_not_waited_for(store, job, waiting):
    """UWS-18."""
    store.abort(job.job_id, SOMEBODY)

    assert returns(waiting(job.job_id))


def test_a_job_in_another_phase_than_expected_is_not_waited_for(job, waiting):
    """UWS-18: WAIT with PHASE."""
    assert returns(waiting(job.job_id, expected="QUEUED"))
    assert waiting(job.job_id, expected="PENDING").is_alive()


def test_patience_ends(job, waiting):
    assert returns(waiting(job.job_id, 0.1))


def test_a_client_that_left_waits_no_longer(job, waiting):
    """A disconnected client does not occupy a thread."""
    assert returns(waiting(job.job_id, gone=lambda: True))


def test_too_many_are_not_kept_waiting(job, waiting):
    """D6, UWS-18: threads are for queries as well."""
    threads = [waiting(job.job_id) for _ in range(3)]

    assert returns(waiting(job.job_id))
    assert all(thread.is_alive() for thread in threads)


def test_the_end_of_the_process_wakes_everybody(watch, job, waiting):
    """SIGTERM must not wait for those who wait."""
    threads = [waiting(job.job_id) for _ in range(3)]
    watch.close()

    assert all(returns(thread) for thread in threads)


def test_one_connection_serves_all_who_wait(job, waiting, sql):
    """A WAIT occupies a thread, but no connection."""
    listening = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    )
    for _ in range(3):
        waiting(job.job_id)

    assert awaited(lambda: sql(listening) == [(1,)])


def test_a_lost_connection_is_opened_again(store, job, waiting, sql):
    """Missed changes are looked up."""
    thread = waiting(job.job_id)
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
    time.sleep(0.05)
    store.abort(job.job_id, SOMEBODY)

    assert returns(thread)
