"""Arguments of ProvClient and the recorder: those of the model, and a misspelt one is found at once."""

import subprocess
import sys

import pytest

import provtap
from provtap import ProvClient
from provtap.ingest.readers.records.client_module import client_module
from tests.documents import ROOT

PROGRAM = """
from datetime import datetime, timezone

import provtap

client = provtap.ProvClient("http://127.0.0.1:1")
client.add_activity("urn:x:a", name="calibrate", start_time=datetime.now(timezone.utc))
client.add_run("urn:x:a", exit_code=0, duration=0.5)
client.add_agent("urn:x:maria", "Maria", type="Person")
client.add_config_file("setup", "/etc/setup.yaml", "urn:x:a", comment="for the night")
with provtap.activity("calibrate", client=client) as run:
    run.used("raw.fits", role="raw")
"""
WRONG = {
    'client.add_activity("urn:x:a", startime="2026-03-01T10:00:00")': "startime",
    'client.add_agent("urn:x:maria", "Maria", type="Persn")': "Persn",
    'client.add_run("urn:x:a", exit_code="0")': "exit_code",
    'run.used("raw.fits", rol="raw")': "rol",
    'provtap.activity("calibrate", client=client, verson="1")': "verson",
}


@pytest.fixture
def prov(tmp_path):
    return ProvClient("http://127.0.0.1:1", spool=tmp_path, patience=0)


def test_methods_of_the_client_are_those_of_the_model():
    """A column of the model is an argument of ProvClient without a line by hand."""
    assert (ROOT / "provtap/client/verbs.py").read_text() == client_module(), "make pages makes it anew"


def test_mypy_finds_wrong_arguments(tmp_path):
    """Of each line that is wrong, and of no other."""
    pytest.importorskip("mypy", reason="mypy is among the tools of make lint")
    path = tmp_path / "pipeline.py"
    path.write_text("\n".join([PROGRAM, *WRONG]))
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}", path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    errors = [line.partition("error: ")[2] for line in done.stdout.splitlines() if ": error: " in line]
    assert len(errors) == len(WRONG), done.stdout
    assert all(
        name in error or name in line for error, (line, name) in zip(errors, WRONG.items(), strict=True)
    )
    assert 'Unexpected keyword argument "startime"' in errors[0]


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (
            lambda prov: prov.add_activity(startime="x"),
            "has no argument 'startime'. Did you mean start_time?",
        ),
        (lambda prov: prov.add_used("a", "e", rol="x"), "Did you mean role?"),
        (lambda prov: provtap.activity("x", client=prov, verson="1"), "Did you mean version?"),
        (lambda prov: prov.add_had_member("c", "e", whatever=1), "Valid names are collection, entity."),
    ],
)
def test_a_misspelt_argument_is_refused_at_once_with_the_nearest_one(prov, call, hint):
    with pytest.raises(TypeError) as refused:
        call(prov)

    assert str(refused.value).endswith(hint)
    assert prov._records == {}


def test_recorder_refuses_a_misspelt_argument_too(prov):
    with provtap.activity("x", client=prov) as run, pytest.raises(TypeError, match="Did you mean role"):
        run.used("raw.fits", rol="raw")
