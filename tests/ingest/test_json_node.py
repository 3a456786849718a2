from datetime import datetime

import pytest

from provtap.errors import DocumentError
from provtap.ingest.parsing.node import Node

ROOT = Node({"a": [{"role": 5, "b c": None}], "text": "x", "t": "2026-01-01"}, "[0]")


def test_a_node_has_its_path():
    """A wrong type is reported with the path to it, as in [0].input[1].role."""
    first = next(iter(ROOT["a"].items()))

    assert first["role"].path == "[0].a[0].role"
    assert first["b c"].path == '[0].a[0]["b c"]'


def test_a_missing_member_reads_as_null():
    """Keys come and go from release to release (INGEST-a1)."""
    assert ROOT["no"]["where"].text() is None
    assert list(ROOT["no"].items()) == []
    assert "x" not in ROOT["no"]
    assert list(ROOT["no"]) == []


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda: ROOT["text"]["x"], r"\[0\]\.text must be an object, not a text"),
        (lambda: "x" in ROOT["text"], r"\[0\]\.text must be an object, not a text"),
        (lambda: list(ROOT["a"]), r"\[0\]\.a must be an object, not an array"),
        (lambda: "x" in Node(5, "x"), "x must be an object, not a number"),
        (lambda: ROOT["a"].text(), r"\[0\]\.a must be a text or null, not an array"),
        (lambda: list(ROOT["text"].items()), r"\[0\]\.text must be an array, not a text"),
        (lambda: ROOT["no"].given_text(), r"\[0\]\.no is missing"),
        (lambda: Node("", "x").given_text(), "x is empty"),
        (lambda: Node("ab" * 300, "x").text(500), "x has 600 bytes; the limit is 500"),
        (lambda: Node("b" * 5000, "x").uuid(), "x is not a UUID: 'bbb"),
        (lambda: Node(1.5, "x").whole_number(), "x must be a whole number or null, not a number"),
        (lambda: Node(True, "x").whole_number(), "not a boolean"),
        (lambda: Node(2**31, "x").whole_number(), "x is out of range"),
    ],
)
def test_node_refuses_another_kind(read, message):
    """One clear sentence names the place and what is there instead."""
    with pytest.raises(DocumentError, match=message):
        read()


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-22T22:29:51.866", datetime(2026, 11, 22, 22, 29, 51, 866000)),
        ("2026-11-22 22:29:51.866", datetime(2026, 11, 22, 22, 29, 51, 866000)),
        ("2026-11-22T22:29:51Z", datetime(2026, 11, 22, 22, 29, 51)),
        ("2026-11-23T00:29:51+02:00", datetime(2026, 11, 22, 22, 29, 51)),
        ("", None),
    ],
)
def test_instant_is_utc(text, time):
    """Times are normalised to UTC; ctapipe's have no zone and are UTC (INGEST-d11)."""
    assert Node(text, "t").instant() == time


@pytest.mark.parametrize(
    "text",
    ["yesterday", "2026-13-01", "12026-01-01T00:00:00", "0001-01-01T00:00:00+10:00", "2026-01-01T25:00"],
)
def test_an_invalid_time_is_refused(text):
    """Years have four digits (DALI 1.1, 3.3.3)."""
    with pytest.raises(DocumentError, match=r"t is not a time of the years 1 to 9999"):
        Node(text, "t").instant()
