"""Tables in a request to /tap/sync: kinds of body, limits, URLs."""

import io
from dataclasses import replace

import pytest

from provtap.web import create_app
from tests.results.tables import read
from tests.uploads.documents import document, tabledata
from tests.web.conftest import query_status

VOTABLE = document(data=tabledata("1", "2"))
QUERY = "SELECT n FROM TAP_UPLOAD.t ORDER BY n"


def numbers(response):
    assert response.status_code == 200, response.text
    return read(response.data).get_first_table().array["n"].tolist()


def post(client, pairs, files, query=QUERY):
    """Send tables, each as (name of the part, bytes)."""
    parts = {name: (io.BytesIO(content), f"{name}.xml") for name, content in files.items()}
    return client.post("/tap/sync", data={"QUERY": query, "LANG": "ADQL", "UPLOAD": pairs} | parts)


@pytest.mark.parametrize("pairs", ["t,param:p", ["t,param:p", "u,param:q"], "t,param:p;u,param:q"])
def test_a_table_of_the_request_is_queried(client, pairs):
    """UPL-1, UPL-3, UPL-5."""
    assert numbers(post(client, pairs, {"p": VOTABLE, "q": VOTABLE})) == [1, 2]


def test_tables_of_one_request_are_joined(client):
    """UPL-5."""
    query = "SELECT t.n FROM TAP_UPLOAD.t JOIN TAP_UPLOAD.u ON t.n = u.n"
    found = post(
        client, "t,param:p;u,param:q", {"p": VOTABLE, "q": document(data=tabledata("2", "3"))}, query
    )

    assert numbers(found) == [2]


def test_an_upload_lives_as_long_as_its_query(client):
    """UPL-5: the next request does not see it, nor do /tables and TAP_SCHEMA."""
    post(client, "t,param:p", {"p": VOTABLE})

    assert (
        "There is no upload with the name t." in client.get("/tap/sync", query_string={"QUERY": QUERY}).text
    )
    assert b"tap_upload" not in client.get("/tap/tables").data.lower()


def test_a_part_that_is_not_a_file_is_reported(client):
    """UPL-3: multipart with a file name."""
    response = client.post("/tap/sync", data={"QUERY": QUERY, "UPLOAD": "t,param:p", "p": VOTABLE.decode()})

    assert response.status_code == 400
    assert "if it has a file name" in query_status(response)[0][1]


def test_an_error_in_a_table_has_its_place(client):
    """ERR-1, ERR-2: the same form as any other error."""
    response = post(client, "t,param:p", {"p": document(data=tabledata("one"))})

    assert (response.status_code, response.content_type) == (400, "application/x-votable+xml")
    assert query_status(response) == [
        ("ERROR", "In row 1 of the upload t, the column n: 'one' is not a whole number.")
    ]


@pytest.fixture
def narrow_client(settings, database, tableset):
    """A client of a service that takes 2 tables of 100 000 bytes together."""
    narrow = replace(settings, upload_bytes=100_000, upload_tables=2, upload_private=True)
    return create_app(narrow, database, tableset).test_client()


@pytest.mark.parametrize("padding, status", [(0, 200), (1, 413)])
def test_the_limit_of_bytes_is_exact(narrow_client, padding, status):
    """UPL-7: over the limit is an error, never the first rows of a table."""
    votable = VOTABLE + b"\n" * (100_000 - len(VOTABLE) + padding)
    response = post(narrow_client, "t,param:p", {"p": votable})

    assert response.status_code == status
    assert ("ERROR" in dict(query_status(response))) == (status == 413)


@pytest.mark.parametrize("has_length", [True, False])
def test_a_body_far_over_the_limit_is_not_parsed(narrow_client, has_length):
    """UPL-8: 413 as a VOTable; STILTS sends chunks, without a length."""
    body = (
        f'--x\r\nContent-Disposition: form-data; name="QUERY"\r\n\r\n{QUERY}\r\n--x\r\n'
        'Content-Disposition: form-data; name="p"; filename="p"\r\n\r\n'
    ).encode() + VOTABLE.ljust(10_000_000)
    response = narrow_client.post(
        "/tap/sync?UPLOAD=t,param:p",
        input_stream=io.BytesIO(body + b"\r\n--x--\r\n"),
        content_type="multipart/form-data; boundary=x",
        content_length=len(body) + 9 if has_length else None,
        environ_overrides={"wsgi.input_terminated": not has_length},
    )

    assert response.status_code == 413
    assert query_status(response)[0][0] == "ERROR"


def test_more_tables_than_the_limit_are_refused(narrow_client):
    """UPL-7."""
    pairs = [f"t{number},param:p" for number in range(3)]

    assert post(narrow_client, pairs, {"p": VOTABLE}).status_code == 413


@pytest.mark.parametrize("url", ["http://127.0.0.1/x", "http://localhost:8080/tap/sync", "https://10.0.0.1/"])
def test_urls_do_not_lead_inside(client, url):
    """C6: private addresses are not fetched for clients."""
    response = client.get("/tap/sync", query_string={"QUERY": QUERY, "UPLOAD": f"t,{url}"})

    assert response.status_code == 400
    assert "is not the name of a public host." in query_status(response)[0][1]


def test_long_bodies_are_accepted_only_for_uploads(client):
    """Only queries bring tables."""
    response = client.post("/tap/availability", data={"x": "y" * 5_000_000})

    assert response.status_code in {405, 413}
