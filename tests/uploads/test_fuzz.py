"""Documents that chance has changed, through every reader of uploads; `mutants` also makes a long run."""

import io
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from threading import Thread

import pytest

from provtap.errors import ProvtapError
from provtap.uploads import read_uploads
from tests.uploads.documents import binary, document
from tests.uploads.mutants import SETTINGS, STREAMS, TEXTS, mutants, outcome

# As in a service, where what astropy warns of goes to the log.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def unforeseen(caplog):
    """Return a function that gives the tracebacks in the log."""
    return lambda: [record.getMessage() for record in caplog.records if record.exc_info]


def test_the_unchanged_document_is_valid():
    """Otherwise all mutants would be rejected, and nothing tested."""
    whole = [*TEXTS, *(document(fields, binary(data, form)) for fields, form, data in STREAMS)]

    assert {outcome(votable) for votable in whole} == {"read"}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_document_is_read_or_refused_in_one_sentence(seed, unforeseen):
    """UPL-7: no exception of struct, numpy, astropy or Python leaves a reader unforeseen."""
    found = [outcome(votable) for votable in islice(mutants(seed), 1_000)]

    assert set(found) >= {"read", "UploadError"}
    assert unforeseen() == []


def test_uploaded_rows_can_be_queried(ask, unforeseen):
    """ERR-1: over HTTP 200, 400 or 413; PostgreSQL accepts all rows that a reader accepts."""
    for votable in islice(mutants(4), 150):
        response = ask("SELECT * FROM TAP_UPLOAD.t", t=votable)

        if outcome(votable) == "read":
            assert response.status_code == 200, response.text
        else:
            assert response.status_code in {400, 413}, response.text
            assert b'value="ERROR"' in response.data
    assert unforeseen() == []


class Answer(BaseHTTPRequestHandler):
    """Gives the document of which the path has the number."""

    documents = list(islice(mutants(5), 50))

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.documents[int(self.path[1:])])

    def log_message(self, *_):
        pass


@pytest.fixture
def url():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_table_at_a_url_is_read_as_one_that_is_sent(url, unforeseen):
    """UPL-4."""
    private = replace(SETTINGS, upload_private=True)
    for number, votable in enumerate(Answer.documents):
        assert said([f"t,{url}/{number}"], {}, private) == said(
            ["t,param:p"], {"p": io.BytesIO(votable)}, private
        )
    assert unforeseen() == []


def said(pairs, parts, settings):
    """Return what becomes of an upload, or what is said about it."""
    try:
        return read_uploads(pairs, parts, settings)
    except ProvtapError as error:
        return str(error)
