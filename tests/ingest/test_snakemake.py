"""The logger plugin for Snakemake: what its events become, and Snakemake itself with it."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from provtap.ingest.documents.document import read_content
from tests.documents import ROOT
from tests.ingest.logs import rows
from tests.workflows import program

PLUGIN = ROOT / "plugins" / "snakemake-logger-plugin-provtap"
DATA = Path(__file__).parents[1] / "data"
EVENTS = [json.loads(line) for line in (DATA / "snakemake" / "events.ndjson").read_text().splitlines()]
STEPS = """SELECT step.a_name, r_status, whole.a_name FROM provenance.activity AS step
  JOIN provext.run ON r_activity_id = step.a_id
  LEFT JOIN provenance.wasinformedby ON wib_informed_id = step.a_id
  LEFT JOIN provenance.activity AS whole ON whole.a_id = wib_informant_id ORDER BY step.a_starttime, 1"""
FILES = """SELECT a_name, e_name FROM provenance.used JOIN provenance.activity ON a_id = u_activity_id
  JOIN provenance.entity ON e_id = u_entity_id ORDER BY 1, 2"""


@pytest.fixture
def plugin(monkeypatch, tmp_path):
    """The package, in an empty directory."""
    monkeypatch.syspath_prepend(PLUGIN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PROVTAP_URL", raising=False)
    module = pytest.importorskip("snakemake_logger_plugin_provtap")
    yield module
    sys.modules.pop(module.__name__)


def replayed(plugin, events, settings, dryrun=False):
    """Give the handler *events* of a workflow, and end it."""
    handler = plugin.LogHandler(SimpleNamespace(dryrun=dryrun), settings)
    for event in events:
        handler.handle(logging.makeLogRecord({"created": event["_created"], **event}))
    handler.close()


def test_events_become_records(plugin, take, database, tmp_path):
    """Three jobs and the workflow; the target is no job (digest, 10.3)."""
    for name in ("raw1", "raw2", "flat", "cal1", "cal2", "stack"):
        (tmp_path / f"{name}.txt").write_text(name)
    replayed(plugin, EVENTS, plugin.LogHandlerSettings(to=tmp_path / "runs.json"))
    report = take(tmp_path / "runs.json")

    assert report.warnings == ()
    assert rows(database, STEPS) == [
        ("snakemake", "completed", None),
        ("reduce", "completed", "snakemake"),
        ("reduce", "completed", "snakemake"),
        ("stack", "completed", "snakemake"),
    ]
    assert rows(database, FILES) == [
        ("reduce", "flat.txt"),
        ("reduce", "flat.txt"),
        ("reduce", "raw1.txt"),
        ("reduce", "raw2.txt"),
        ("stack", "cal1.txt"),
        ("stack", "cal2.txt"),
    ]
    assert rows(database, "SELECT count(*)::int FROM provenance.wasgeneratedby") == [(3,)]


def test_workflow_that_breaks_off_is_recorded(plugin, tmp_path):
    """A job without an end was interrupted; one that failed has no outputs."""
    started = [each for each in EVENTS if each.get("event") in {"workflow_started", "job_info"}]
    failed = {"event": "job_error", "jobid": 2, "_created": EVENTS[-1]["_created"]}
    replayed(plugin, [*started, failed], plugin.LogHandlerSettings(to=tmp_path / "runs.json"))
    records = [json.loads(line) for line in (tmp_path / "runs.json").read_text().splitlines()]

    assert [(each["name"], each["status"]) for each in records] == [
        ("reduce", "error"),
        ("reduce", "interrupted"),
        ("stack", "interrupted"),
        ("snakemake", "error"),
    ]
    assert not any(each.get("generated") for each in records)


def test_dry_run_is_not_recorded(plugin, tmp_path):
    replayed(plugin, EVENTS, plugin.LogHandlerSettings(to=tmp_path / "runs.json"), dryrun=True)

    assert not (tmp_path / "runs.json").exists()


def test_errors_are_reported_and_nothing_is_raised(plugin, tmp_path, capsys):
    """Without an address, with an event of another release, and with a file that cannot be written."""
    replayed(plugin, EVENTS, plugin.LogHandlerSettings())
    odd = [{**EVENTS[1]}, {"event": "job_info", "_created": 1.0, "output": 5}]
    replayed(plugin, odd, plugin.LogHandlerSettings(to=tmp_path / "no" / "runs.json"))

    sentences = capsys.readouterr().err.splitlines()
    assert [sentence.partition(":")[0] for sentence in sentences] == ["provtap"] * 3
    assert sentences[0].startswith("provtap: nothing is recorded: give --logger-provtap-url")


def test_snakemake_is_recorded(take, database, tmp_path):
    """Snakemake itself finds the plugin, and its file is read."""
    snakemake = program("snakemake")
    (tmp_path / "Snakefile").write_text((DATA / "workflows" / "Snakefile").read_text())
    for name in ("raw1", "raw2", "flat"):
        (tmp_path / f"{name}.txt").write_text(name)
    path = os.pathsep.join([str(ROOT), str(PLUGIN)])
    options = ["--cores", "2", "--quiet", "--logger", "provtap", "--logger-provtap-to", "runs.json"]
    subprocess.run(
        [snakemake, *options],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path, "HOME": str(tmp_path)},
        check=True,
        capture_output=True,
    )
    take(tmp_path / "runs.json")

    assert rows(database, STEPS) == [
        ("snakemake", "completed", None),
        ("reduce", "completed", "snakemake"),
        ("reduce", "completed", "snakemake"),
        ("stack", "completed", "snakemake"),
    ]
    assert len(rows(database, FILES)) == 6


def test_events_themselves_are_not_read(settings):
    """The sentence says what to do."""
    with pytest.raises(Exception, match="snakemake --logger provtap"):
        read_content((DATA / "snakemake" / "events.ndjson").read_bytes(), "x", settings)
