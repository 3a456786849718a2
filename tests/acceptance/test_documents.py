"""The queries and programs that the documents show, against a live service with the sample logs."""

import gc
import shutil
import subprocess

import pytest
import pyvo

from tests.documents import all_blocks

SITE = "http://127.0.0.1:8080"


@pytest.mark.parametrize("query", all_blocks("sql"))
def test_every_query_shown_has_an_answer(tap_url, query):
    assert len(pyvo.dal.TAPService(tap_url).search(query)) > 0


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # see test_jobs.py
@pytest.mark.parametrize("program", all_blocks("python"))
def test_every_program_shown_runs(live, program, capsys):
    exec(program.replace(SITE, live.url), {})
    gc.collect()

    assert "urn:uuid:" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("stilts") is None, reason="stilts is not installed")
@pytest.mark.parametrize("command", [c for c in all_blocks("sh") if c.startswith("stilts")])
def test_every_stilts_command_shown_runs(live, command):
    done = subprocess.run(
        command.replace(SITE, live.url), shell=True, capture_output=True, text=True, check=True
    )

    assert "urn:uuid:" in done.stdout
