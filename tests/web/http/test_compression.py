"""HTTP-2: gzip for those who ask for it, piece by piece."""

import gzip
import zlib

import pytest
from flask import Flask, Response

from provtap.results.formats import FORMATS
from provtap.web.http.compression import compress

QUERY = "SELECT table_name, column_name, description FROM tap_schema.columns"
LONG = "provenance " * 1_000


@pytest.fixture
def answer():
    """Return a function that sends one response through `compress`, to a client that accepts *accepted*."""

    def answered(response, accepted="gzip"):
        app = Flask(__name__)
        app.after_request(compress)
        app.add_url_rule("/", view_func=lambda: response)
        return app.test_client().get("/", headers={"Accept-Encoding": accepted} if accepted else {})

    return answered


@pytest.mark.parametrize(
    "accepted, compressed",
    [
        ("gzip", True),
        ("gzip, deflate", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("gzip;q=0.5", True),
        ("br, gzip;q=0.1", True),
        ("identity;q=0.5, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("identity, gzip;q=0.5", False),
        ("identity", False),
        ("deflate", False),
        ("br;q=1, zstd", False),
        ("", False),
        (None, False),
    ],
)
def test_only_when_asked(answer, accepted, compressed):
    """HTTP-2, RFC 9110, section 12.5.3: by name, and liked at least as well as nothing."""
    response = answer(Response(LONG, content_type="text/csv"), accepted)

    assert response.headers.get("Content-Encoding") == ("gzip" if compressed else None)
    assert response.headers["Vary"] == "Accept-Encoding"
    assert (gzip.decompress(response.data) if compressed else response.data) == LONG.encode()
    assert response.headers.get("Content-Length") == (None if compressed else str(len(LONG)))


@pytest.mark.parametrize(
    "response",
    [
        Response(LONG, content_type="application/vnd.apache.parquet"),
        Response(LONG, content_type="image/png"),
        Response(LONG, content_type="text/csv", headers={"Content-Encoding": "br"}),
        Response(LONG, content_type="text/csv", status=206),
        Response(LONG, content_type="text/csv", direct_passthrough=True),
        Response("short", content_type="text/csv"),
    ],
    ids=["parquet", "png", "encoded", "part", "file", "small"],
)
def test_responses_that_are_not_compressed(answer, response):
    """HTTP-2: compressed, partial or small bodies, and files sent by the server itself."""
    sent = answer(response)

    assert sent.headers.get("Content-Encoding") == response.headers.get("Content-Encoding")
    assert len(sent.data) == len(response.data)


def test_each_piece_is_sent_as_it_arrives(answer):
    """D3: the first rows don't wait for the next ones."""
    taken = []

    def pieces():
        for n in range(3):
            taken.append(n)
            yield f"row {n}\n" * 100

    response = answer(Response(pieces(), content_type="text/csv"))
    decompressor = zlib.decompressobj(wbits=31)
    first = decompressor.decompress(next(response.response))

    assert (first, taken) == (b"row 0\n" * 100, [0])


def test_a_source_is_closed_with_the_response(answer):
    """A client may leave early; its query must not live on."""
    closed = []

    class Source:
        def __iter__(self):
            return iter([LONG])

        def close(self):
            closed.append(True)

    answer(Response(Source(), content_type="text/csv")).close()

    assert closed


@pytest.mark.parametrize("offered", FORMATS, ids=[f.mime for f in FORMATS])
def test_every_format_is_the_same_compressed(client, offered):
    """HTTP-2, DALI-6: the media type is that of the uncompressed content."""
    asked = {"QUERY": QUERY, "FORMAT": offered.mime}
    plain = client.get("/tap/sync", query_string=asked)
    sent = client.get("/tap/sync", query_string=asked, headers={"Accept-Encoding": "gzip"})

    assert sent.content_type == plain.content_type
    assert plain.content_type.removesuffix(";charset=utf-8") == offered.mime.removesuffix(";charset=utf-8")
    if "parquet" in offered.mime:
        assert sent.data[:4] == plain.data[:4] == b"PAR1"
    else:
        assert len(gzip.decompress(sent.data)) == len(plain.data)
        assert len(sent.data) < len(plain.data) / 2


@pytest.mark.parametrize("path", ["/tap/capabilities", "/tap/tables", "/tap"])
def test_other_documents_are_compressed_too(client, path):
    """HTTP-2."""
    sent = client.get(path, headers={"Accept-Encoding": "gzip"})

    assert gzip.decompress(sent.data) == client.get(path).data
