"""The two scripts for DIRAC, in two jobs at two sites, without DIRAC."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from provtap import ProvClient
from provtap.operation.accounts import create
from tests.ingest.logs import file, rows, run, write_log

SCRIPTS = Path(__file__).parents[2] / "deploy" / "dirac"


@pytest.fixture
def call(live, token):
    """Run one of the scripts in a directory of a job."""

    def call(script, directory, *arguments, **environ):
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        known = {"PATH": path, "PROVTAP_URL": live.url, "PROVTAP_TOKEN": token}
        return subprocess.run(
            [SCRIPTS / script, *arguments],
            cwd=directory,
            env=os.environ | known | environ,
            capture_output=True,
            text=True,
        )

    return call


@pytest.fixture
def jobs(tmp_path):
    """Directories of two jobs: the second read under another path what the first one wrote."""
    first, second = tmp_path / "job1", tmp_path / "job2"
    for directory in (first, second):
        directory.mkdir()
    lfn = f"/vo{tmp_path}/dl1.h5"
    (first / "output_lfns.txt").write_text(f"LFN:{lfn}\n\n")
    (second / "input_lfns.txt").write_text(f"{lfn}\n")
    write_log(first / "process.provenance.log", run(501, 1, 2, output=[file(f"{first}/dl1.h5")]))
    write_log(second / "merge.provenance.log", run(502, 3, 4, input=[file(f"{second}/dl1.h5")]))
    return first, second


def test_jobs_are_joined_by_logical_names(call, jobs, database, tmp_path):
    for number, job in enumerate(jobs):
        done = call("cta-prod-add-prov.py", job, DIRACSITE=f"LCG.{number}", JOBID=str(number))
        assert (done.returncode, done.stderr) == (0, "")

    assert rows(
        database,
        "SELECT made.a_name, user_.a_name, e_location FROM provenance.used"
        "  JOIN provenance.wasgeneratedby ON wgb_entity_id = u_entity_id"
        "  JOIN provenance.entity ON e_id = u_entity_id"
        "  JOIN provenance.activity AS made ON made.a_id = wgb_activity_id"
        "  JOIN provenance.activity AS user_ ON user_.a_id = u_activity_id"
        "  JOIN provext.alias ON al_entity_id = e_id"
        f" WHERE al_kind = 'path' AND al_value = 'lfn:/vo{tmp_path}/dl1.h5'",
    ) == [("tool-501", "tool-502", f"{jobs[0]}/dl1.h5")]
    assert rows(
        database,
        "SELECT a_name, p_value FROM provenance.parameter JOIN provenance.activity ON a_id = p_activity_id"
        " WHERE p_name = 'JOBID' ORDER BY 1",
    ) == [("tool-501", "0"), ("tool-502", "1")]


def test_twice_is_once(call, jobs):
    call("cta-prod-add-prov.py", jobs[0], JOBID="0")
    again = call("cta-prod-add-prov.py", jobs[0], JOBID="0")

    assert again.stdout == "process.provenance.log: 0 rows new\n"


def test_refused_log_is_reported(call, jobs):
    """It can be sent again."""
    (jobs[1] / "merge.provenance.log").unlink()
    write_log(jobs[1] / "late.provenance.log", run(503))
    wrong = call("cta-prod-add-prov.py", jobs[1], PROVTAP_TOKEN="wrong")
    assert wrong.returncode == 1
    assert "late.provenance.log: " in wrong.stderr

    done = call("cta-prod-add-prov.py", jobs[1])
    assert (done.returncode, done.stderr) == (0, "")


def test_programs_are_described(call, tmp_path, database):
    """Once more changes nothing."""
    admin = create(database, "productions", ["admin"])
    done, again = (call("cta-prod-init-prov.sh", tmp_path, PROVTAP_TOKEN=admin) for _ in range(2))

    assert (done.returncode, done.stderr) == (again.returncode, again.stderr) == (0, "")
    assert done.stdout != again.stdout


@pytest.mark.parametrize("wrong", [{"maps": {"": "lfn:/x"}}, {"maps": {"/x": ""}}])
def test_map_must_have_two_sides(live, token, tmp_path, wrong):
    client = ProvClient(live.url, token, spool=tmp_path / "spool")

    with pytest.raises(Exception, match="map must be PREFIX=URI"):
        client.send_document(write_log(tmp_path / "a.log", run(504)), **wrong)


def test_workflow_run_over_http(live, token, database, tmp_path):
    """`provtap ingest --url` has --workflow-run and --map, too."""
    staged = "/tmp/x/stg0a1af6c3-9f1a-4e28-856d-190658c10859/energy.pkl"
    log = write_log(tmp_path / "a.log", run(505, input=[file(staged)]))
    done = subprocess.run(
        [
            *(Path(sys.executable).parent / "provtap", "ingest", "--url", live.url),
            *("--workflow-run", "night-505", "--map", "/data=https://example.org/data", log),
        ],
        env=os.environ | {"PROVTAP_TOKEN": token},
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert rows(
        database,
        "SELECT e_name FROM provenance.entity WHERE e_location = 'workflow-run:night-505/energy.pkl'",
    ) == [("energy.pkl",)]
