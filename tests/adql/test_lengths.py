"""Rows with too long texts are rejected before any row is made."""

import pytest

from provtap.adql import translate
from provtap.errors import AdqlError
from tests.adql.lab import LAB

LONG = "CAST(k_text AS CHAR(100000))"


@pytest.mark.parametrize(
    "text, words",
    [
        (f"SELECT {' || '.join([LONG] * 11)} FROM kinds", "This text has 1100000 characters or more"),
        (f"SELECT 1 FROM kinds WHERE {' || '.join([LONG] * 11)} = 'a'", "This text has 1100000"),
        (f"SELECT {', '.join([LONG] * 11)} FROM kinds", "A row of this SELECT has 1100000"),
        (f"SELECT LOWER(COALESCE({LONG}, {LONG})) AS x, {', '.join([LONG] * 10)} FROM kinds", "has 1100000"),
        (
            "SELECT x || x || x || x || x || x AS y FROM"
            f" (SELECT x || x AS x FROM (SELECT {LONG} AS x FROM kinds) AS t) AS u",
            "This text has 1200000",
        ),
        (
            f"WITH w AS (SELECT {LONG} AS x FROM kinds UNION SELECT CAST('a' AS CHAR(90000)) FROM kinds)"
            " SELECT x || x || x || x || x || x || x || x || x || x || x || x AS y FROM w",
            "This text has 1080000",
        ),
        (f"SELECT ivo_string_agg({LONG}, 'i') FROM kinds", "ivo_string_agg would join texts of 100000"),
        ("SELECT ivo_string_agg(CAST(k_text AS CHAR(10001)), 'i') FROM kinds", "texts of 10001 characters"),
        ("SELECT CAST(k_text AS CHAR(100001)) FROM kinds", "1 to 100000 characters"),
    ],
)
def test_texts_that_are_surely_too_long_are_refused(text, words):
    """One cell of a million characters is possible; a service that makes many of them is not."""
    with pytest.raises(AdqlError, match=words) as caught:
        translate(text, LAB)
    assert caught.value.line == 1


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT {', '.join([LONG] * 10)} FROM kinds",
        f"SELECT {LONG} || k_text FROM kinds",
        f"SELECT CAST({LONG} AS VARCHAR(5)) || {' || '.join([LONG] * 9)} FROM kinds",
        f"SELECT CASE WHEN k_int = 1 THEN {LONG} ELSE '' END || {' || '.join([LONG] * 9)} FROM kinds",
        "SELECT ivo_string_agg(CAST(k_text AS CHAR(10000)), 'i'), ivo_string_agg(k_text, ',') FROM kinds",
        "SELECT " + ", ".join(["CAST(k_text AS VARCHAR(100000))"] * 20) + " FROM kinds",
    ],
)
def test_texts_that_may_be_short_are_let_in(text):
    """Unknown lengths are left to the memory limit of PostgreSQL."""
    assert translate(text, LAB)
