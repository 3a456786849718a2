"""`provtap jobs`: an operator lists, shows and aborts the jobs of all users."""

import json

import pytest
from click.testing import CliRunner

from provtap.commands import main
from provtap.commands.jobs import PHASES
from provtap.database.connect import open_database
from provtap.uws.job import Client, Phase
from provtap.uws.store import JobStore

pytestmark = pytest.mark.database

MARIA, SOMEBODY = Client("maria", "192.0.2.1"), Client(None, "192.0.2.2")
LONG = (
    "SELECT a_id,\n       a_name\n  FROM provenance.activity WHERE a_name LIKE '%calibration%' AND a_id <> ''"
)


@pytest.fixture
def provtap(settings, monkeypatch):
    monkeypatch.setenv("PROVTAP_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("PROVTAP_ROLE_PREFIX", settings.role_prefix)
    return lambda *arguments: CliRunner().invoke(main, ["jobs", *arguments])


@pytest.fixture
def created(settings):
    """Two jobs: an executing one of maria, and a later, queued one of somebody; and their store."""
    with open_database(settings) as database:
        store = JobStore(database, settings)
        first = store.create(MARIA, {"QUERY": [LONG]}, run=True)
        store.claim("worker")
        yield store, first.job_id, store.create(SOMEBODY, {"QUERY": ["SELECT 1"]}, run=True).job_id


def test_the_jobs_of_all_users_are_listed_the_newest_first(provtap, created):
    _, first, second = created
    lines = provtap("list").output.splitlines()

    assert [line.split()[:2] for line in lines] == [[second, "QUEUED"], [first, "EXECUTING"]]
    assert [line.split()[3] for line in lines] == ["192.0.2.2", "maria"]
    assert lines[1].endswith("SELECT a_id, a_name FROM provenance.activity WHERE a_name L…")


def test_a_list_can_be_of_some_phases_and_short(provtap, created):
    _, first, second = created

    assert provtap("list", "--phase", "executing").output.startswith(first)
    assert provtap("list", "--last", "1").output.startswith(second)
    none = provtap("list", "--phase", "ERROR", "--phase", "ABORTED")
    assert none.output == "There is no ERROR or ABORTED job.\n"


def test_the_phases_to_choose_from_are_those_that_there_are():
    assert list(PHASES) == [phase.value for phase in Phase]


def test_all_of_a_job_is_shown(provtap, created):
    _, first, _ = created
    shown = json.loads(provtap("show", first, "--json").output)

    assert (shown["owner"], shown["phase"], shown["query"]) == ("maria", "EXECUTING", LONG)
    assert provtap("show", first).output.endswith(
        "query                SELECT a_id,\n"
        "                            a_name\n"
        "                       FROM provenance.activity WHERE a_name LIKE '%calibration%' AND a_id <> ''\n"
    )
    assert [job["job_id"] for job in json.loads(provtap("list", "--json").output)][1] == first


def test_an_aborted_job_names_the_operator(provtap, created):
    store, first, second = created
    result = provtap("abort", first, second)

    assert result.output == f"{first}  ABORTED\n{second}  ABORTED\n"
    job = store.job(first, MARIA)
    assert (job.phase, job.error_message) == (
        Phase.ABORTED,
        "The job was aborted by the operator of the service.",
    )


def test_control_characters_of_users_are_not_printed(provtap, created):
    store, *_ = created
    job = store.create(SOMEBODY, {"QUERY": ["SELECT '\x1b]0;owned\x07'"]})

    assert provtap("list").output.splitlines()[0].endswith("SELECT '�]0;owned�'")
    assert "\x1b" not in provtap("show", job.job_id).output


def test_an_unknown_job_is_an_error(provtap, created):
    result = provtap("abort", "nothing")

    assert result.exit_code == 1
    assert result.stderr == "provtap: There is no job nothing. It may have been destroyed.\n"
