import pytest

from provtap.uws.job import StoredResult
from provtap.uws.parameters import Parts
from provtap.uws.results import DRAFT, ResultDirectory
from provtap.uws.store import new_id
from provtap.uws.worker import sweep
from tests.uws.conftest import SOMEBODY


@pytest.fixture
def results(tmp_path):
    return ResultDirectory(tmp_path)


def swept(store, results):
    """Sweep files of any age, and return the remaining names."""
    sweep(store, results, age=-60)
    return set(results.names(-60))


def test_jobs_past_their_destruction_go_with_their_files(store, results, sql):
    """UWS-16."""
    job = store.create(SOMEBODY, {}, run=True)
    name = f"{job.job_id}.1.result"
    results.put(name, [b"x"])
    store.complete(store.claim("w")[1], StoredResult(name, "text/csv", 1, "x.csv"))
    assert swept(store, results) == {name}

    store.set_destruction(job.job_id, SOMEBODY, job.creation_time)
    assert swept(store, results) == set()
    assert sql("SELECT count(*) FROM uws.job") == [(0,)]


def test_files_without_job_go(store, results):
    """D6: files left by a killed process."""
    for name in ("0" * 32 + ".1.result", "0" * 32 + ".upload-t", "stray"):
        results.put(name, [b"x"])

    assert swept(store, results) == set()


def test_files_of_an_attempt_are_kept_while_the_job_executes(store, results):
    """The draft is not removed while it is being written."""
    job_id = store.create(SOMEBODY, {}, run=True).job_id
    attempt = store.claim("w")[1]
    draft = f"{job_id}.1.result{DRAFT}"
    results.put(draft, [b"x"])
    assert swept(store, results) == {draft}

    store.give_back(attempt)
    assert swept(store, results) == set()


def test_uploads_are_kept_until_their_job_has_ended(store, results):
    """UPL-5: they are for one query."""
    mine = new_id()
    name, former = f"{mine}.upload-1", f"{mine}.upload-0"
    for file in (name, former):
        results.put(file, [b"x"])
    store.create(SOMEBODY, {}, job_id=mine, parts=Parts({'\0é"': name}, 1))
    assert swept(store, results) == {name}

    store.abort(mine, SOMEBODY)
    assert swept(store, results) == set()


def test_young_files_are_left_alone(store, results):
    """The row of a job may follow its files."""
    results.put("0" * 32 + ".upload-t", [b"x"])
    sweep(store, results)

    assert len(list(results.names(0))) == 1


def test_one_process_sweeps_at_a_time(store, results):
    """D6: under an advisory lock."""
    results.put("0" * 32 + ".1.result", [b"x"])

    with store.sweeping() as wanted:
        assert wanted is not None
        assert len(swept(store, results)) == 1
    assert swept(store, results) == set()
