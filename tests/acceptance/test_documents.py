"""The queries and programs that the documents show, against a live service with the sample logs."""

import gc
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import pyvo
from astropy.table import Table

from provtap.database.connect import open_database
from provtap.ingest import ingest_content
from provtap.operation.accounts import create
from tests.documents import DOCUMENTS, all_blocks, answered_queries
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


@pytest.mark.parametrize("query, answer", [pair for page in DOCUMENTS for pair in answered_queries(page)])
def test_every_answer_shown_is_the_answer(live, query, answer):
    """The text of RESPONSEFORMAT=text, as `provtap query --format text` prints it too."""
    form = urlencode({"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "text"}).encode()

    assert urlopen(f"{live.url}/tap/sync", form).read().decode() == answer


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # see test_jobs.py
@pytest.mark.parametrize("program", all_blocks("python"))
def test_every_program_shown_runs(live, program, capsys):
    exec(program.replace(SITE, live.url), {})
    gc.collect()

    assert "urn:uuid:" in capsys.readouterr().out


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """A directory with a log in runs/ and a table of one's own, as a reader of the documents has them."""
    directory = tmp_path_factory.mktemp("mine")
    (directory / "runs").mkdir()
    log = directory / "runs" / "chain.provenance.log"
    log.write_bytes(next(Path("provtap/ingest/samples").glob("chain*")).read_bytes())
    mine = Table({"id": ["urn:uuid:9ae6f6a9-8f06-4944-b859-fa70c8bddb99"], "quality": [0.9]})
    mine.write(directory / "mine.vot", format="votable")
    mine.write(directory / "mine.csv")
    return directory


@pytest.fixture(scope="module")
def maria(settings):
    """The person of the pages, whom the program on one of them adds, perhaps in another process."""
    records = {"Agent": [{"id": "urn:x:maria", "name": "Maria", "type": "Person"}]}
    with open_database(settings) as database:
        ingest_content(json.dumps(records).encode(), "maria", database, settings)


def shown(program):
    """Return the blocks that call *program*, skipped where it is missing."""
    missing = pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")
    return [
        pytest.param(block, marks=missing)
        for block in all_blocks("sh")
        if block.startswith(program) and SITE in block
    ]


@pytest.mark.usefixtures("maria")
@pytest.mark.parametrize("command", [*shown("curl"), *shown("stilts")])
def test_every_command_of_a_client_runs(live, command, directory):
    """Each returns an id, a picture, or JSON without an error."""
    done = subprocess.run(
        command.replace(SITE, live.url),
        shell=True,
        capture_output=True,
        text=True,
        check=True,
        cwd=directory,
    )

    assert re.search("<svg|urn:uuid:", done.stdout) or "error" not in json.loads(done.stdout)
