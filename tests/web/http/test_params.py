import re
from contextlib import closing

import pytest
from werkzeug.test import EnvironBuilder

from provtap.errors import ParameterError, UnsupportedMediaType
from provtap.web.http.params import FormRequest, parameters

PART = b'--b\r\nContent-Disposition: form-data; name="QUERY"\r\n\r\nSELECT 1\r\n'
BOUNDARY = "<<<--------------MULTIPART-BOUNDARY------->>>"


def read(**request):
    with (
        closing(EnvironBuilder(method="POST", **request)) as builder,
        FormRequest(builder.get_environ()) as built,
    ):
        return parameters(built)


def test_names_ignore_case_and_values_do_not():
    """TAP-4."""
    assert read(query_string="Lang=Adql&qUERY=x") == {"LANG": ["Adql"], "QUERY": ["x"]}


def test_every_value_is_kept():
    """TAP-5: who reads a parameter decides whether two are too many."""
    assert read(query_string="a=1&A=2", data={"a": "3"}) == {"A": ["1", "2", "3"]}


def test_a_value_that_is_repeated_is_one_value():
    """TAP-5: astroquery sends FORMAT and format, of the same value."""
    assert read(query_string="FORMAT=csv", data={"format": "csv", "a": "1"}) == {
        "FORMAT": ["csv"],
        "A": ["1"],
    }


def test_text_is_utf_8_with_any_characters():
    """FL-2."""
    query = "SELECT 'é;&=+%𝒜'\r\n-- x"

    assert read(data={"QUERY": query}) == {"QUERY": [query]}
    assert read(data={"QUERY": query}, content_type="multipart/form-data") == {"QUERY": [query]}


def test_multipart_of_stilts():
    """UPL-8: no Content-Length, an odd boundary in quotes, a type on each text part."""
    parts = [
        f"--{BOUNDARY}",
        'Content-Disposition: form-data; name="QUERY"',
        "Content-Type: text/plain; charset=UTF-8",
        "",
        "SELECT 1",
        f"--{BOUNDARY}",
        'Content-Disposition: form-data; name="t1"; filename="t1"',
        "Content-Type: application/x-votable+xml",
        "",
        "<VOTABLE/>",
        f"--{BOUNDARY}--",
        "",
    ]

    found = read(
        data="\r\n".join(parts).encode(),
        content_type=f'multipart/form-data; boundary="{BOUNDARY}"',
        headers={"Content-Length": ""},
        environ_overrides={"wsgi.input_terminated": True},
    )

    assert found == {"QUERY": ["SELECT 1"]}


@pytest.mark.parametrize(
    "parameters",
    [
        "boundary====1795912589399===",
        'boundary="===1795912589399==="',
        "charset=utf-8; Boundary = a:b/c?d=(e),f; x=y",
        "boundary='quoted'",
        "boundary=b",
    ],
)
def test_a_boundary_may_lack_its_quotes(parameters):
    """UPL-8: RFC 2046 wants them round `=` and others; astroquery and some libraries leave them out."""
    boundary = re.search('boundary ?= ?"?([^";]*)', parameters, re.IGNORECASE)[1].encode()

    body = PART.replace(b"--b", b"--" + boundary) + b"--" + boundary + b"--\r\n"
    assert read(data=body, content_type=f"multipart/form-data; {parameters}") == {"QUERY": ["SELECT 1"]}


@pytest.mark.parametrize("place", ["query_string", "data"])
@pytest.mark.parametrize("text", ["QUERY=%E9t%E9", "%FF=1", "QUERY=%ED%A0%80"])
def test_invalid_utf_8_is_refused(place, text):
    """FL-2: another text than the one that was sent would be another query."""
    kind = {"content_type": "application/x-www-form-urlencoded"} if place == "data" else {}

    with pytest.raises(
        ParameterError, match="The parameters contain a byte that is not valid UTF-8: (E9|FF|ED)"
    ):
        read(**{place: text}, **kind)


@pytest.mark.parametrize(
    "body, boundary",
    [
        (PART + b"--b--\r\n", "c"),
        (PART + b"--b--\r\n", ""),
        (PART, "b"),
        (PART[:30], "b"),
        (PART.replace(b": form-data", b"") + b"--b--\r\n", "b"),
    ],
)
def test_a_multipart_body_that_can_not_be_read_is_refused(body, boundary):
    """TAP-6, ERR-1: what is left of one may be another query, or none."""
    with pytest.raises(
        ParameterError, match="The body is not valid multipart/form-data. Its parts must be separated"
    ):
        read(data=body, content_type=f"multipart/form-data; boundary={boundary}")


@pytest.mark.parametrize("further", ["", '; filename="x"'])
def test_a_part_without_a_name_is_refused(further):
    """UPL-3: it can be no parameter and no table."""
    body = PART.replace(b'; name="QUERY"', further.encode()) + b"--b--\r\n"

    with pytest.raises(ParameterError, match="A part of the body has no name"):
        read(data=body, content_type="multipart/form-data; boundary=b")


def test_a_body_other_than_a_form_is_refused():
    """TAP-6: its parameters would be missing, which says little; an empty one does no harm."""
    with pytest.raises(
        UnsupportedMediaType, match="The body is application/json, not a form. Send application"
    ):
        read(data=b'{"QUERY": "SELECT 1"}', content_type="application/json")
    assert read(data=b"", content_type="application/json", query_string="a=1") == {"A": ["1"]}


def test_a_compressed_body_is_refused():
    """As by the write API."""
    form = {"content_type": "application/x-www-form-urlencoded", "headers": {"Content-Encoding": "gzip"}}

    with pytest.raises(UnsupportedMediaType, match="The body must not be compressed"):
        read(data=b"\x1f\x8b", **form)
