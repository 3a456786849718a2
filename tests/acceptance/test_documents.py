"""The queries and programs that the documents show, against a live service with the sample logs."""

import gc
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import pyvo

from provtap.accounts import create
from provtap.database.connect import open_database
from tests.documents import all_blocks
from tests.live import live_server

SITE = "http://127.0.0.1:8080"


@pytest.fixture(scope="module")
def live(settings, tmp_path_factory):
    """A service where one may have an account; TOKEN is one of maria, as the documents call it."""
    with open_database(settings) as database:
        token = create(database, "maria", ["read", "write"])
    known = replace(settings, accounts=True)
    with (
        live_server(known, tmp_path_factory.mktemp("documents") / "serve.log") as running,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("TOKEN", token)
        yield running


@pytest.mark.parametrize("query", all_blocks("sql"))
def test_every_query_shown_has_an_answer(live, query):
    assert len(pyvo.dal.TAPService(f"{live.url}/tap").search(query)) > 0


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # see test_jobs.py
@pytest.mark.parametrize("program", all_blocks("python"))
def test_every_program_shown_runs(live, program, capsys):
    exec(program.replace(SITE, live.url), {})
    gc.collect()

    assert "urn:uuid:" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("command", [c for c in all_blocks("sh") if c.startswith("curl")])
def test_every_curl_command_shown_runs(live, command, tmp_path):
    """In a directory with a log in runs/."""
    (tmp_path / "runs").mkdir()
    log = tmp_path / "runs" / "chain.provenance.log"
    log.write_bytes(next(Path("provtap/ingest/samples").glob("chain*")).read_bytes())
    done = subprocess.run(
        command.replace(SITE, live.url), shell=True, capture_output=True, text=True, check=True, cwd=tmp_path
    )

    assert "<svg" in done.stdout or "error" not in json.loads(done.stdout)


@pytest.mark.skipif(shutil.which("stilts") is None, reason="stilts is not installed")
@pytest.mark.parametrize("command", [c for c in all_blocks("sh") if c.startswith("stilts")])
def test_every_stilts_command_shown_runs(live, command):
    done = subprocess.run(
        command.replace(SITE, live.url), shell=True, capture_output=True, text=True, check=True
    )

    assert "urn:uuid:" in done.stdout
