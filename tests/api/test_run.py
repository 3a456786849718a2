"""`provtap run`: a command runs as if it were alone, and its run is recorded."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from provtap import ProvClient
from provtap.database.connect import open_database
from provtap.ingest import ingest
from tests.ingest.logs import rows

PROVTAP = str(Path(sys.executable).with_name("provtap"))


@pytest.fixture
def run(tmp_path):
    """Run a command in an empty directory: `run("--used", "a", "--", "cat", "a")`."""

    def run(*arguments, input=b"", environ=None, to="runs.json"):
        given = ["--to", to] if to else []
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)} | (environ or {})
        return subprocess.run(
            [PROVTAP, "run", *given, *arguments],
            cwd=tmp_path,
            input=input,
            capture_output=True,
            env=environment,
        )

    return run


@pytest.fixture
def alone(reused):
    """The database and settings of a store that is empty, unlike that of the service."""
    with reused.empty() as settings, open_database(settings) as database:
        yield database, settings


@pytest.fixture
def records(tmp_path):
    """The records in the file, in the order of the runs."""
    return lambda: [json.loads(line) for line in (tmp_path / "runs.json").read_text().splitlines()]


@pytest.mark.parametrize("code", [0, 1, 3, 126, 137, 255])
def test_exit_code_is_that_of_the_command(run, records, code):
    assert run("--", "sh", "-c", f"exit {code}").returncode == code
    assert records()[0]["exit_code"] == code


def test_streams_are_those_of_the_command(run):
    """Binary data pass, and nothing is added."""
    content = bytes(range(256)) * 4096
    done = run("--", "sh", "-c", "cat; echo trouble >&2", input=content)

    assert done.stdout == content
    assert done.stderr == b"trouble\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_death_by_a_signal_is_death_by_the_same_signal(run, records, number):
    done = run("--", "sh", "-c", f"kill -{number.value} $$")

    assert done.returncode == -number
    assert (records()[0]["status"], records()[0]["exit_code"]) == ("interrupted", 128 + number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_reach_the_command(tmp_path, records, number):
    """The command may handle them: a batch system sends SIGTERM or SIGUSR1 before the time is over."""
    script = f"trap 'echo caught; exit 5' {number.value}; echo ready; while :; do sleep 0.1; done"
    command = [PROVTAP, "run", "--to", "runs.json", "--", "sh", "-c", script]
    # Whoever runs the tests may ignore a signal, as nohup does; then no shell can trap it.
    heard = partial(signal.signal, number, signal.SIG_DFL)
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, preexec_fn=heard) as process:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        rest = process.stdout.read()

    assert (process.returncode, rest) == (5, b"caught\n")
    assert records()[0]["exit_code"] == 5


def test_command_outlives_a_killed_recorder(tmp_path):
    """Without the recorder there is no record, but the work is done."""
    command = [PROVTAP, "run", "--to", "runs.json", "--", "sh", "-c", "echo ready; read x; touch done"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        process.kill()
        process.wait()
        process.stdin.write(b"\n")
    end = time.monotonic() + 20
    while not (tmp_path / "done").exists() and time.monotonic() < end:
        time.sleep(0.02)

    assert (tmp_path / "done").exists()


def test_signals_of_python_are_not_inherited(run):
    """Python ignores SIGPIPE; a command in a pipeline must die of it."""
    done = run("--", "sh", "-c", "trap -p; (sh -c 'kill -PIPE $$; echo alive'); :")

    assert done.stdout == b""


def test_command_may_fork(run, tmp_path):
    run("--", "sh", "-c", "(sleep 0.2; touch late) & touch now")

    assert (tmp_path / "now").exists()


@pytest.mark.parametrize("command, code", [("no-such-program", 127), ("/etc/passwd", 126)])
def test_command_that_can_not_be_run(run, tmp_path, command, code):
    done = run("--", command)

    assert done.returncode == code
    assert f"provtap: {command} cannot be run" in done.stderr.decode()
    assert not (tmp_path / "runs.json").exists()


def test_all_parts_of_a_run_are_recorded(run, tmp_path, alone):
    """The run, its files with checksums, its parameters, and the job of the batch system."""
    database, settings = alone
    (tmp_path / "raw.txt").write_text("raw")
    (tmp_path / "old.txt").write_text("old")
    (tmp_path / "run.cfg").write_text("gain=2")
    options = [
        "--used",
        "raw=raw.txt",
        "--generated",
        "image=*.txt",
        "--config",
        "run.cfg",
        "--param",
        "gain=2",
        "--version",
        "1.0",
    ]
    run(*options, "--", "sh", "-c", "cp raw.txt cal.txt", environ={"SLURM_JOB_ID": "4711"})
    report = ingest(tmp_path / "runs.json", database, settings)
    again = ingest(tmp_path / "runs.json", database, settings)

    assert (report.format, again.known) == ("run", True)
    found = rows(
        database,
        "SELECT a_name, r_status, r_exitcode, ad_version, cf_name FROM provenance.activity"
        "  JOIN provext.run ON r_activity_id = a_id JOIN provenance.configfile ON cf_activity_id = a_id"
        "  JOIN provenance.activitydescription ON ad_id = a_activitydescription_id",
    )
    assert found == [("sh", "completed", 0, "1.0", "run.cfg")]
    assert rows(database, "SELECT p_name, p_value FROM provenance.parameter ORDER BY 1") == [
        ("SLURM_JOB_ID", "4711"),
        ("command_line", "sh -c 'cp raw.txt cal.txt'"),
        ("gain", "2"),
        ("working_directory", str(tmp_path)),
    ]
    assert rows(
        database,
        "SELECT e_name, wgb_role, h_algorithm, h_size FROM provenance.wasgeneratedby"
        "  JOIN provenance.entity ON e_id = wgb_entity_id JOIN provext.hash ON h_entity_id = e_id ORDER BY 3",
    ) == [("cal.txt", "image", "sha1", 3), ("cal.txt", "image", "sha256", 3)]
    assert rows(
        database,
        "SELECT e_name, u_role FROM provenance.used JOIN provenance.entity ON e_id = u_entity_id",
    ) == [("raw.txt", "raw")]


def test_two_runs_are_joined_by_their_file(run, tmp_path, alone):
    database, settings = alone
    run("--generated", "a", "--", "touch", "a", to="1.json")
    run("--used", "a", "--generated", "b", "--", "cp", "a", "b", to="2.json")
    for name in ("2.json", "1.json"):
        ingest(tmp_path / name, database, settings)

    assert rows(
        database,
        "SELECT made.a_name, user_.a_name FROM provenance.used"
        "  JOIN provenance.wasgeneratedby ON wgb_entity_id = u_entity_id"
        "  JOIN provenance.activity AS made ON made.a_id = wgb_activity_id"
        "  JOIN provenance.activity AS user_ ON user_.a_id = u_activity_id",
    ) == [("touch", "cp")]


def test_run_within_a_run_is_a_step_of_it(run, tmp_path, alone):
    database, settings = alone
    run("--name", "night", "--", PROVTAP, "run", "--to", "runs.json", "--name", "step", "--", "true")
    ingest(tmp_path / "runs.json", database, settings)

    assert rows(
        database,
        "SELECT step.a_name, whole.a_name FROM provenance.wasinformedby"
        "  JOIN provenance.activity AS step ON step.a_id = wib_informed_id"
        "  JOIN provenance.activity AS whole ON whole.a_id = wib_informant_id",
    ) == [("step", "night")]


def test_a_missing_file_is_reported_without_changing_the_exit_code(run, records, tmp_path):
    (tmp_path / "same").write_text("x")
    done = run("--used", "nothing", "--generated", "never", "--generated", "same", "--", "true")

    assert done.returncode == 0
    assert done.stderr.decode() == (
        "provtap: nothing does not exist, so it is not recorded as used.\n"
        "provtap: never does not exist, so it is not recorded as generated.\n"
        "provtap: same was not changed, so it is not recorded as generated.\n"
    )
    assert "used" not in records()[0]


def test_changed_input_has_no_checksum(run, records, tmp_path):
    """Its former content no longer exists when the checksum is computed."""
    (tmp_path / "table").write_text("1")
    run("--used", "table", "--generated", "table", "--", "sh", "-c", "echo 2 >> table")

    [record] = records()
    assert "checksums" not in record["used"][0]
    assert "sha256" in record["generated"][0]["checksums"]


def test_record_is_sent_to_the_service(run, live, token, tmp_path):
    (tmp_path / "x").write_text("x")
    environ = {"PROVTAP_URL": live.url, "PROVTAP_TOKEN": token}
    done = run("--generated", "y", "--name", "sent", "--", "cp", "x", "y", to=None, environ=environ)
    client = ProvClient(live.url, token, spool=tmp_path / "s")

    assert (done.returncode, done.stderr) == (0, b"")
    assert [each["name"] for each in client.find("activities", name="sent")] == ["sent"]


def test_record_waits_in_the_spool(run, live, token, tmp_path):
    """No network, or a wrong token: the command's exit code counts, and the record is kept."""
    for url in ("http://127.0.0.1:1", live.url):
        done = run("--name", "kept", "--", "sh", "-c", "exit 4", to=None, environ={"PROVTAP_URL": url})
        assert done.returncode == 4
        assert "saved in" in done.stderr.decode()
    assert len([*(tmp_path / ".provtap-spool").rglob("*.json")]) == 2


def test_full_disk_is_told(run, tmp_path):
    """Of a record that does not fit nothing is left, neither in the spool nor in the file of --to."""
    small = (resource.RLIMIT_FSIZE, (0, 0))  # writing fails as on a full disk
    command = [PROVTAP, "run", "--url", "http://127.0.0.1:1", "--", "sh", "-c", "echo out; exit 4"]
    done = subprocess.run(
        command,
        capture_output=True,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        preexec_fn=partial(resource.setrlimit, *small),
    )
    to_full = run("--", "sh", "-c", "exit 4", to="/dev/full")

    assert (done.returncode, done.stdout) == (4, b"out\n")
    assert "cannot be saved on disk" in done.stderr.decode()
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []
    assert to_full.returncode == 4
    assert "No space left on device" in to_full.stderr.decode()


def test_a_spool_without_a_directory_is_reported(run, tmp_path):
    (tmp_path / ".provtap-spool").write_text("a file where the directory should be")
    done = run("--", "sh", "-c", "exit 4", to=None, environ={"PROVTAP_URL": "http://127.0.0.1:1"})

    assert done.returncode == 4
    assert "cannot be saved on disk" in done.stderr.decode()


def test_nothing_to_run_is_wrong_usage(run):
    assert run().returncode == 2
