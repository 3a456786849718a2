from contextlib import closing

from flask import Request
from werkzeug.test import EnvironBuilder

from provtap.web.params import parameters

BOUNDARY = "<<<--------------MULTIPART-BOUNDARY------->>>"


def read(**request):
    with (
        closing(EnvironBuilder(method="POST", **request)) as builder,
        Request(builder.get_environ()) as built,
    ):
        return parameters(built)


def test_names_ignore_case_and_values_do_not():
    """TAP-4."""
    assert read(query_string="Lang=Adql&qUERY=x") == {"LANG": ["Adql"], "QUERY": ["x"]}


def test_every_value_is_kept():
    """TAP-5: who reads a parameter decides whether two are too many."""
    assert read(query_string="a=1&A=2", data={"a": "3"}) == {"A": ["1", "2", "3"]}


def test_text_is_utf_8_and_may_hold_anything():
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
