from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest

from provtap.errors import Forbidden, IllegalTransition, NotFound, TooLarge
from provtap.operation.accounts import create as create_token
from provtap.operation.accounts import set_quota
from provtap.uws.job import Client, Phase, StoredResult
from provtap.uws.parameters import Parts
from provtap.uws.store import JobStore
from tests.uws.conftest import ANNE, ANYBODY, BERT, QUERY, SOMEBODY

DONE = StoredResult("x.1.result", "text/csv", 3, "x.csv")


def test_a_new_job_is_pending_with_its_parameters(store):
    """UWS-4, UWS-8, UWS-11: in the order and with the names and values that came."""
    job = store.create(
        SOMEBODY, {"QUERY": ["SELECT\r\n1"], "RUNID": ["r"], "UPLOAD": ["a,param:a", "b,param:b"]}
    )

    assert store.job(job.job_id, SOMEBODY) == job
    assert (job.phase, job.run_id, job.owner_id) == (Phase.PENDING, "r", None)
    assert job.grouped() == {"QUERY": ["SELECT\r\n1"], "RUNID": ["r"], "UPLOAD": ["a,param:a", "b,param:b"]}
    assert (job.start_time, job.end_time, job.result, job.error_message) == (None, None, None, None)


def test_limits_of_time_are_the_settings(store, settings):
    """REG-12, design section 4: 600 seconds of execution, 7 days until the destruction."""
    job = store.create(SOMEBODY, {})

    assert job.execution_duration == settings.async_duration
    assert job.destruction - job.creation_time == timedelta(seconds=settings.job_retention)


def test_characters_missing_in_postgresql_text_are_kept(store):
    """TAP-7: the job is created with any parameters, which are checked when it runs."""
    job = store.create(SOMEBODY, {"QUERY": ["a\0b \N{SNOWMAN} \U0001f52d"], "RUNID": ["x\0y"]})

    assert job.grouped()["QUERY"] == ["a\0b \N{SNOWMAN} \U0001f52d"]
    assert job.run_id == "xy"


def test_run_puts_into_the_queue(store, job):
    """UWS-13: the job has left PENDING before the reply."""
    assert store.run(job.job_id, SOMEBODY).phase == Phase.QUEUED


def test_a_job_runs_once(store, job):
    """UWS-13: RUN on a job that is not PENDING is refused, with its phase."""
    store.run(job.job_id, SOMEBODY)

    with pytest.raises(IllegalTransition, match="is QUEUED and cannot be run") as refused:
        store.run(job.job_id, SOMEBODY)
    assert refused.value.status == 403


def test_a_job_may_be_created_and_run_at_once(store):
    """UWS-12: PHASE=RUN in the creating request."""
    assert store.create(SOMEBODY, {}, run=True).phase == Phase.QUEUED


def test_abort_keeps_the_job_with_the_reason(store, job):
    """UWS-13, ERR-3: also one that never ran."""
    aborted = store.abort(job.job_id, SOMEBODY)

    assert (aborted.phase, aborted.error_message) == (Phase.ABORTED, "The job was aborted by its user.")
    assert aborted.start_time is None
    assert aborted.end_time >= job.creation_time


def test_abort_of_a_job_that_has_ended_changes_nothing(store):
    """UWS-13."""
    job = store.create(SOMEBODY, {}, run=True)
    _, attempt = store.claim("w")
    store.complete(attempt, DONE)

    assert store.abort(job.job_id, SOMEBODY).phase == Phase.COMPLETED


def test_a_deleted_job_is_unknown(store, job):
    """UWS-15, UWS-20."""
    store.remove(job.job_id, SOMEBODY)

    with pytest.raises(NotFound, match=f"There is no job {job.job_id}"):
        store.job(job.job_id, SOMEBODY)


@pytest.mark.parametrize("job_id", ["0" * 32, "x", "a\0b", "", "0" * 33])
def test_unknown_jobs(store, job_id):
    """UWS-20: with anything in place of an id."""
    with pytest.raises(NotFound):
        store.job(job_id, SOMEBODY)


def test_a_job_past_its_destruction_is_unknown_before_it_is_swept(store, job):
    """UWS-16."""
    store.set_destruction(job.job_id, SOMEBODY, job.creation_time)

    for ask in (store.job, store.phase, store.run, store.abort, store.remove):
        with pytest.raises(NotFound):
            ask(job.job_id, SOMEBODY)
    assert store.references(SOMEBODY) == []
    assert store.claim("w") is None


def test_destruction_may_be_earlier_but_not_later(store, job):
    """UWS-14: limited by the maximum of the service."""
    sooner = datetime.now(UTC).replace(microsecond=123000) + timedelta(days=1)

    assert store.set_destruction(job.job_id, SOMEBODY, sooner).destruction == sooner
    far = store.set_destruction(job.job_id, SOMEBODY, sooner + timedelta(days=1000))
    assert far.destruction == job.destruction


@pytest.mark.parametrize("asked, granted", [(1, 1), (86_400, 86_400), (10**17, 86_400), (0, 86_400)])
def test_execution_duration_is_clamped(store, job, asked, granted):
    """UWS-14, UWS-5: 0 asks for no limit, and there is one."""
    assert store.set_execution_duration(job.job_id, SOMEBODY, asked).execution_duration == granted


def test_execution_duration_is_settled_once_the_job_executes(store, job):
    """UWS-14, ERR-4."""
    store.run(job.job_id, SOMEBODY)
    store.claim("w")

    with pytest.raises(IllegalTransition, match="is EXECUTING and cannot change its execution duration"):
        store.set_execution_duration(job.job_id, SOMEBODY, 5)


def test_parameters_replace_but_uploads_accumulate(store, job):
    """C8, DALI-2: the second RUNID wins."""
    store.set_parameters(job.job_id, SOMEBODY, {"RUNID": ["a"], "UPLOAD": ["t,param:t"]})
    changed = store.set_parameters(job.job_id, SOMEBODY, {"RUNID": ["b"], "UPLOAD": ["u,param:u"]})

    assert changed.run_id == "b"
    assert changed.grouped() == {"QUERY": [QUERY], "RUNID": ["b"], "UPLOAD": ["t,param:t", "u,param:u"]}


def test_parameters_are_settled_once_the_job_is_run(store, job):
    """DALI-2, ERR-4."""
    store.run(job.job_id, SOMEBODY)

    with pytest.raises(IllegalTransition, match="is QUEUED and cannot change its parameters"):
        store.set_parameters(job.job_id, SOMEBODY, {"QUERY": ["x"]})


def test_parameters_can_not_grow_without_end(database, settings):
    """A job has the limits of one request, also with several requests."""
    store = JobStore(database, replace(settings, query_bytes=1_000))
    job = store.create(SOMEBODY, {"A": ["x" * 60_000]})

    with pytest.raises(TooLarge, match="the limit is 68536"):
        store.set_parameters(job.job_id, SOMEBODY, {"B": ["x" * 60_000]})


def test_files_that_come_with_a_job_have_one_limit(database, settings):
    """Including replaced files, which are on disk for a while."""
    store = JobStore(database, replace(settings, upload_bytes=100))
    job = store.create(SOMEBODY, {}, parts=Parts({"t": "1"}, 60))
    store.set_parameters(job.job_id, SOMEBODY, {}, Parts({"t": "2"}, 40))

    with pytest.raises(TooLarge, match="files of the job have 101 bytes; the limit is 100"):
        store.set_parameters(job.job_id, SOMEBODY, {}, Parts({"t": "3"}, 1))
    assert store.job(job.job_id, SOMEBODY).parts == Parts({"t": "2"}, 100)


# Visibility of jobs


def test_the_list_shows_the_callers_jobs_newest_first(store):
    """UWS-17."""
    first, second = (store.create(ANNE, {}) for _ in range(2))
    store.create(BERT, {})

    listed = [reference.job_id for reference in store.references(ANNE)]
    assert set(listed) == {first.job_id, second.job_id}
    assert [r.creation_time for r in store.references(ANNE)] == sorted(
        [first.creation_time, second.creation_time], reverse=True
    )


def test_jobs_of_somebody_without_a_name_are_listed_at_his_address_only(store, job):
    """UWS-17, UWS-19: not to others, and not to those who gave their name there."""
    assert [r.job_id for r in store.references(SOMEBODY)] == [job.job_id]
    assert store.references(ANYBODY) == []
    assert store.references(ANNE) == []


def test_filters_of_the_list_are_anded(store):
    """UWS-17."""
    jobs = [store.create(ANNE, {}) for _ in range(4)]
    store.abort(jobs[0].job_id, ANNE)
    store.run(jobs[1].job_id, ANNE)

    def listed(**filters):
        return {r.job_id for r in store.references(ANNE, **filters)}

    assert listed(phases=[Phase.ABORTED, Phase.QUEUED]) == {jobs[0].job_id, jobs[1].job_id}
    assert listed(phases=[]) == set()
    assert listed(after=jobs[3].creation_time) == set()
    assert listed(after=jobs[0].creation_time - timedelta(milliseconds=1), last=10**9) == {
        j.job_id for j in jobs
    }
    assert listed(phases=[Phase.PENDING], last=1) < {jobs[2].job_id, jobs[3].job_id}


def test_a_job_of_somebody_else_is_closed(store):
    """UWS-19: every verb."""
    job = store.create(ANNE, {"QUERY": [QUERY]})

    for other in (BERT, SOMEBODY):
        for ask in (store.job, store.phase, store.run, store.abort, store.remove):
            with pytest.raises(Forbidden, match="belongs to another account"):
                ask(job.job_id, other)
        with pytest.raises(Forbidden):
            store.set_parameters(job.job_id, other, {"QUERY": ["x"]})
        with pytest.raises(Forbidden):
            store.set_destruction(job.job_id, other, job.creation_time)
        with pytest.raises(Forbidden):
            store.set_execution_duration(job.job_id, other, 1)
    assert store.job(job.job_id, ANNE) == job


def test_an_anonymous_job_is_open_to_all_who_know_its_id(store, job):
    """UWS-19: the id can't be guessed; and a laptop may change its address."""
    assert store.job(job.job_id, ANYBODY) == job
    assert store.job(job.job_id, ANNE) == job


# Limits


def test_a_client_can_have_so_many_jobs(database, settings):
    """UWS-12: a refused creation is a 403; other clients are not concerned."""
    store = JobStore(database, replace(settings, client_jobs=2))
    jobs = [store.create(ANNE, {}) for _ in range(2)]

    with pytest.raises(Forbidden, match="You have 2 jobs; the limit is 2. Delete some"):
        store.create(ANNE, {})
    assert store.create(SOMEBODY, {}).phase == Phase.PENDING
    store.remove(jobs[0].job_id, ANNE)
    assert store.create(ANNE, {}).phase == Phase.PENDING


def test_an_account_can_have_limits_of_its_own(database, settings):
    """Instead of those of all clients; what is not set is as for all; other accounts are not concerned."""
    store = JobStore(database, replace(settings, client_jobs=1, client_bytes=5_000, upload_bytes=5_000))
    create_token(database, ANNE.owner, ["read"])
    set_quota(database, ANNE.owner, 9_000, 2)
    first = store.create(ANNE, {})
    store.create(ANNE, {})
    store.create(BERT, {})

    with pytest.raises(Forbidden, match="You have 2 jobs; the limit is 2."):
        store.create(ANNE, {})
    with pytest.raises(Forbidden, match="You have 1 jobs; the limit is 1."):
        store.create(BERT, {})
    assert 8_000 < store.room(first) < 9_000
    set_quota(database, ANNE.owner, None, None)
    assert 4_000 < store.room(first) < 5_000
    with pytest.raises(NotFound, match="No account has the name nobody."):
        set_quota(database, "nobody", 1, 1)


def test_the_jobs_of_a_client_can_take_so_many_bytes(database, settings):
    """Parameters, uploads and results count, until their job is deleted; other clients are not concerned."""
    store = JobStore(database, replace(settings, client_bytes=5_000, upload_bytes=5_000))
    first = store.create(ANNE, {}, run=True)
    store.complete(store.claim("w")[1], StoredResult("r", "text/csv", 2_000, "r.csv"))
    second = store.create(ANNE, {"A": ["x"]}, parts=Parts({"t": "1"}, 3_000))

    for refused in (
        lambda: store.create(ANNE, {}),
        lambda: store.run(second.job_id, ANNE),
        lambda: store.set_parameters(second.job_id, ANNE, {"A": ["y"]}),
    ):
        with pytest.raises(Forbidden, match=r"Your jobs use 5\d\d\d bytes.* the limit is 5000. Delete some"):
            refused()
    assert store.room(second) == store.more_room(second) == 0
    assert store.create(SOMEBODY, {}).phase == Phase.PENDING
    store.remove(first.job_id, ANNE)
    assert store.run(second.job_id, ANNE).phase == Phase.QUEUED


def ids(sql):
    return {job_id for (job_id,) in sql("SELECT job_id FROM uws.job")}


def test_a_full_address_does_not_lock_out_others(store, sql):
    """Behind one address there may be thousands of people: 1 000 ended jobs give way, the oldest first."""
    for _ in range(2):
        store.create(SOMEBODY, {}, run=True)
        attempt = store.claim("w")[1]
        store.complete(attempt, StoredResult(f"{attempt.job_id}.1.result", "text/csv", 1, "r.csv"))
        store.results.put(f"{attempt.job_id}.1.result", [b"x"])
    oldest, newest = (job.job_id for job in reversed(store.references(SOMEBODY)))
    sql(
        "INSERT INTO uws.job SELECT (jsonb_populate_record(job, jsonb_build_object("
        " 'job_id', md5(n::text), 'end_time', job.end_time + interval '1 ms'))).*"
        " FROM uws.job, generate_series(1, 998) AS s (n) WHERE job_id = %s",
        newest,
    )
    created = store.create(SOMEBODY, {}).job_id

    left = ids(sql)
    assert (len(left), oldest in left, {newest, created} <= left) == (1_000, False, True)
    assert not any(name.startswith(oldest) for name in store.results.names(-60))
    assert any(name.startswith(newest) for name in store.results.names(-60))
    store.results.delete(f"{newest}.1.result")


def test_jobs_that_wait_or_run_never_give_way(database, settings, sql):
    """PENDING ones are removed last; the limit on queued and executing ones is kept."""
    store = JobStore(database, replace(settings, client_jobs=3))
    pending = store.create(SOMEBODY, {}).job_id
    executing = store.create(SOMEBODY, {}, run=True).job_id
    store.claim("w")
    aborted = store.create(SOMEBODY, {}).job_id
    store.abort(aborted, SOMEBODY)

    queued = store.create(SOMEBODY, {}, run=True).job_id
    assert ids(sql) == {pending, executing, queued}
    another = store.create(SOMEBODY, {}, run=True).job_id
    assert ids(sql) == {executing, queued, another}
    with pytest.raises(Forbidden, match="You have 3 jobs; the limit is 3"):
        store.create(SOMEBODY, {})


def test_the_results_of_an_address_make_room_for_others(database, settings, sql):
    """Bytes as well as numbers: before a job is created, and while its result is written."""
    store = JobStore(database, replace(settings, client_bytes=5_000))
    old, later = (store.create(SOMEBODY, {}, run=True).job_id for _ in range(2))
    for size in (3_000, 2_500):
        attempt = store.claim("w")[1]
        store.complete(attempt, StoredResult(f"{attempt.job_id}.1.result", "text/csv", size, "r.csv"))

    job = store.create(SOMEBODY, {"A": ["x"]}, run=True)
    assert ids(sql) == {later, job.job_id}
    assert store.room(job) < 2_500 <= store.more_room(job)
    assert ids(sql) == {job.job_id}
    assert store.more_room(job) == 0


def test_a_client_can_queue_so_many_jobs(database, settings):
    """However they come into the queue."""
    store = JobStore(database, replace(settings, client_active=1))
    waiting = store.create(SOMEBODY, {})
    store.create(SOMEBODY, {}, run=True)

    with pytest.raises(Forbidden, match="You have reached the limit of 1 queued or executing jobs"):
        store.run(waiting.job_id, SOMEBODY)
    with pytest.raises(Forbidden):
        store.create(SOMEBODY, {}, run=True)
    assert store.create(ANYBODY, {}, run=True).phase == Phase.QUEUED


def test_nobody_executes_more_than_his_share(database, settings):
    """A client with many queued jobs leaves room for later clients."""
    store = JobStore(database, replace(settings, client_executing=2))
    mine = [store.create(SOMEBODY, {}, run=True).job_id for _ in range(3)]
    other = store.create(ANYBODY, {}, run=True).job_id

    claimed = [store.claim("w") for _ in range(4)]
    assert [c and c[0].job_id for c in claimed] == [mine[0], mine[1], other, None]
    store.complete(claimed[0][1], DONE)
    assert store.claim("w")[0].job_id == mine[2]


def test_a_destroyed_job_takes_nothing_of_a_share(database, settings):
    """UWS-16: nor before it is swept."""
    store = JobStore(database, replace(settings, client_executing=1, client_active=1, client_jobs=1))
    first = store.create(SOMEBODY, {}, run=True)
    store.claim("w")
    store.set_destruction(first.job_id, SOMEBODY, first.creation_time)

    second = store.create(SOMEBODY, {}, run=True)
    assert store.claim("w")[0].job_id == second.job_id


# Workers


@pytest.fixture
def attempt(store):
    """A job that worker w executes."""
    store.create(SOMEBODY, {"QUERY": [QUERY]}, run=True)
    return store.claim("w")[1]


def phase(store, attempt):
    return store.job(attempt.job_id, SOMEBODY).phase


def test_the_queue_is_a_queue(store):
    """D6: in the order of RUN, not of creation."""
    first, second = (store.create(SOMEBODY, {}).job_id for _ in range(2))
    store.run(second, SOMEBODY)
    store.run(first, SOMEBODY)

    assert [store.claim("w")[0].job_id for _ in range(2)] == [second, first]
    assert store.claim("w") is None


def test_a_claimed_job_executes(store, attempt):
    """UWS-11."""
    job = store.job(attempt.job_id, SOMEBODY)

    assert (job.phase, attempt.number) == (Phase.EXECUTING, 1)
    assert job.start_time >= job.creation_time


def test_a_completed_job_has_its_result(store, attempt):
    """UWS-7, TAP-22."""
    assert store.complete(attempt, DONE)

    job = store.job(attempt.job_id, SOMEBODY)
    assert (job.phase, job.result) == (Phase.COMPLETED, DONE)
    assert job.end_time >= job.start_time


@pytest.mark.parametrize("transient, kind", [(True, "transient"), (False, "fatal")])
def test_a_failed_job_has_a_reason(store, attempt, transient, kind):
    """UWS-9."""
    assert store.fail(attempt, "No \0luck.", transient=transient)

    job = store.job(attempt.job_id, SOMEBODY)
    assert (job.phase, job.error_message, job.error_type) == (Phase.ERROR, "No luck.", kind)


def test_the_end_of_a_job_that_was_aborted_does_not_count(store, attempt):
    """D6: one of the two succeeds, and the other one gets an error."""
    store.abort(attempt.job_id, SOMEBODY)

    assert not store.complete(attempt, DONE)
    assert not store.fail(attempt, "x", transient=False)
    assert not store.give_back(attempt)
    assert phase(store, attempt) == Phase.ABORTED


def test_a_job_that_is_put_back_keeps_its_place(store, attempt):
    """Stopping a worker does not end its jobs."""
    store.create(ANYBODY, {}, run=True)
    assert store.give_back(attempt)
    assert store.job(attempt.job_id, SOMEBODY).start_time is None

    again = store.claim("v")[1]
    assert (again.job_id, again.number) == (attempt.job_id, 2)


def test_a_former_attempt_can_not_change_the_job(store, attempt):
    """D6: compare-and-set on (job, worker, attempt)."""
    store.give_back(attempt)
    again = store.claim("w")[1]

    assert not store.complete(attempt, DONE)
    assert not store.time_out(attempt, "x")
    assert store.complete(again, DONE)


def test_a_lost_job_is_started_once_more_and_then_fails(store, attempt):
    """D6: a query that kills its workers does not do so for ever."""
    store.lose(attempt, "Gone.")
    assert phase(store, attempt) == Phase.QUEUED
    again = store.claim("v")[1]
    store.lose(again, "Gone.")

    job = store.job(attempt.job_id, SOMEBODY)
    assert (job.phase, job.error_message, job.error_type) == (Phase.ERROR, "Gone.", "transient")


def test_a_silent_worker_is_lost_and_a_lively_one_is_not(database, settings, sql):
    """D6: by one row a worker."""
    store = JobStore(database, replace(settings, worker_lost=60.0))
    store.create(SOMEBODY, {}, run=True)
    attempt = store.claim("w")[1]
    store.beat("w")
    assert store.lost() == []

    sql("UPDATE uws.worker SET heartbeat = heartbeat - interval '61 seconds'")
    assert store.lost() == [attempt]
    assert sql("SELECT count(*) FROM uws.worker") == [(0,)]


def test_the_heartbeat_returns_the_jobs_of_a_worker(store, attempt):
    """An abort or a destruction that was not heard of is seen here."""
    job = store.job(attempt.job_id, SOMEBODY)
    [(held, seconds)] = store.beat("w").items()
    assert held == attempt
    assert 0 < seconds <= (job.destruction - job.creation_time).total_seconds()

    store.abort(attempt.job_id, SOMEBODY)
    assert store.beat("w") == {}


def test_the_reader_sees_no_job(database, job):
    """D9: private."""
    with database.reader.connection() as connection, connection.cursor() as cursor:
        for relation in ("job", "worker"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(f"SELECT * FROM uws.{relation}")
            connection.rollback()


@pytest.mark.parametrize(
    "one, other, alike",
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("unknown", "", False),
    ],
)
def test_a_host_of_ipv6_is_one_client(one, other, alike):
    """A host has 2^64 addresses; and the value from a proxy may not be an address."""
    assert (Client(None, one).key == Client(None, other).key) is alike


def test_a_name_and_an_address_are_two_clients():
    """An account name that looks like an address gives no access to other jobs."""
    assert Client("192.0.2.1", "x").key != Client(None, "192.0.2.1").key
