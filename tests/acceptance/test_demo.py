"""`provtap demo`, as a new user runs it: in an empty directory, with the embedded PostgreSQL."""

import os
import signal
import subprocess
import urllib.request

import pytest
import pyvo

from tests.live import command, free_port


@pytest.fixture
def demo(tmp_path):
    """The running demonstration, its port, and what it printed before it serves."""
    port = free_port()
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PROVTAP_")}
    process = subprocess.Popen(
        command("demo", "--port", str(port)),
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    shown = ""
    while "Serving" not in shown and (line := process.stdout.readline()):
        shown += line
    yield process, port, shown
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)


def test_demo_answers_a_query_and_serves(demo):
    process, port, shown = demo

    assert "18 documents: 21 records, 20 activities, 0 errors" in shown
    assert "interrupted" in shown
    assert len(pyvo.dal.TAPService(f"http://127.0.0.1:{port}/tap").search("SELECT * FROM activity")) == 20


def test_demo_ends_with_ctrl_c(demo, tmp_path):
    """Nothing is left running: the last one out stops PostgreSQL."""
    process, port, _ = demo
    urllib.request.urlopen(f"http://127.0.0.1:{port}/").close()  # it serves
    process.send_signal(signal.SIGINT)

    assert process.wait(60) == 0
    assert not (tmp_path / "provtap-data/postgres/postmaster.pid").exists()
