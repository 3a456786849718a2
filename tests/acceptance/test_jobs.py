"""Asynchronous jobs by pyvo, as astronomers and their scripts run them."""

import datetime
import gc
import time

import pytest
import pyvo
import requests
from pyvo.dal.exceptions import DALQueryError

# pyvo doesn't read the documents of jobs to their end, and leaves their connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

QUERY = "SELECT TOP 5 a_id, a_name FROM provenance.activity ORDER BY a_starttime"
SILENT = "SELECT COUNT(*) AS n FROM " + ", ".join(f"tap_schema.columns AS {name}" for name in "abcde")


@pytest.fixture
def tap(tap_url):
    with requests.Session() as session:
        yield pyvo.dal.TAPService(tap_url, session=session)
    gc.collect()  # now, while the filter for what pyvo leaves open is in force


@pytest.fixture
def job(tap):
    """A PENDING job."""
    created = tap.submit_job(QUERY)
    yield created
    created.delete()


def test_run_async(tap):
    """PV-8 to PV-13: the one call that most scripts make."""
    rows = tap.run_async(QUERY).to_table()

    assert rows.colnames == ["a_id", "a_name"]
    assert len(rows) == 5


def test_run_async_reports_the_error(tap):
    """PV-11, UWS-9: with position and the nearest name."""
    with pytest.raises(DALQueryError, match=r"(?s)Unknown column a_nam .*line 1, column 8.*a_name"):
        tap.run_async("SELECT a_nam FROM provenance.activity")


def test_a_job_is_submitted_run_awaited_fetched_and_deleted(tap):
    """PV-8, PV-9, PV-10, PV-13."""
    job = tap.submit_job(QUERY, maxrec=3, RUNID="mine")
    assert (job.phase, job.owner, job.query) == ("PENDING", None, QUERY)

    job.run().wait(timeout=60)
    job.raise_if_error()
    assert (job.phase, job.results[0].mimetype) == ("COMPLETED", "application/x-votable+xml")
    assert job.result_uri == f"{job.url}/results/result"
    assert len(job.fetch_result()) == 3

    job_id = job.job_id
    job.delete()
    assert job_id not in [j.jobid for j in tap.get_job_list()]


def test_every_setter(job):
    """PV-12, UWS-14: what is set is what is shown."""
    tomorrow = (datetime.datetime.now() + datetime.timedelta(days=1)).replace(microsecond=123000)
    job.execution_duration = 77
    job.destruction = tomorrow
    job.query = "SELECT TOP 2 a_name FROM provenance.activity"

    assert job.execution_duration.sec == 77
    assert job.destruction.to_datetime() == tomorrow
    assert job.query == "SELECT TOP 2 a_name FROM provenance.activity"
    assert job.quote is None
    assert len(job.run().wait(timeout=60).fetch_result()) == 2


def test_a_job_is_found_again(tap, job):
    """PV-14."""
    found = tap.get_job(job.job_id)

    assert (found.jobid, found.phase, found.ownerid) == (job.job_id, "PENDING", None)


def test_jobs_are_listed_and_filtered(tap, job):
    """PV-14, UWS-17."""
    time.sleep(0.002)  # creation times have milliseconds
    later = tap.submit_job(QUERY)
    later.run().wait(timeout=60)

    assert [j.jobid for j in tap.get_job_list(last=2)] == [later.job_id, job.job_id]
    assert [j.jobid for j in tap.get_job_list(phases=["PENDING"], last=1)] == [job.job_id]
    begun = tap.get_job(job.job_id).creationtime.to_datetime()
    assert [j.jobid for j in tap.get_job_list(after=begun)] == [later.job_id]
    later.delete()


def test_an_aborted_job(tap):
    """PV-9, PV-11."""
    job = tap.submit_job(SILENT).run()
    job.abort()

    assert job.phase == "ABORTED"
    with pytest.raises(DALQueryError, match="The job was aborted by its user"):
        job.raise_if_error()
    job.delete()
