"""UNION, EXCEPT, INTERSECT and WITH (digest section 2): results and errors."""

import pytest

from provtap.adql import translate
from provtap.adql.plan.tree import UploadedTable
from provtap.tableset import Column, Schema, Tableset
from tests.adql.lab import LAB
from tests.adql.test_columns import columns
from tests.adql.test_resolver import refusal

ONE = "SELECT k_short FROM kinds"
OTHER = "SELECT k_int FROM lab.other"
INTS = "SELECT k_int FROM kinds"
TWICE = f"{INTS} UNION {INTS}"
UPLOAD = UploadedTable(
    schema_name="tap_upload",
    name="mine",
    columns=(Column(name="obs id", datatype="int"),),
    arrays=("{1,NULL}",),
)
WITH_UPLOAD = Tableset((*LAB.schemas, Schema(name="tap_upload", tables=(UPLOAD,))))


@pytest.mark.parametrize(
    "text, rows",
    [
        (f"{ONE} UNION {ONE} ORDER BY 1", [1, 2, 3]),
        (f"{ONE} UNION ALL {ONE} ORDER BY k_short", [1, 1, 2, 2, 3, 3]),
        (f"{ONE} EXCEPT {ONE} WHERE k_short > 1", [1]),
        (f"({ONE} UNION ALL {ONE}) EXCEPT ALL {ONE} ORDER BY 1", [1, 2, 3]),
        (f"{ONE} INTERSECT {ONE} WHERE k_short = 2", [2]),
        (f"{ONE} INTERSECT ALL {ONE} ORDER BY -k_short", [3, 2, 1]),
        (f"{OTHER} UNION {ONE} WHERE k_short = 1 INTERSECT {ONE} WHERE k_short = 2 ORDER BY 1", [10, 30]),
        (f"({OTHER} UNION {ONE}) INTERSECT {ONE} ORDER BY 1", [1, 2, 3]),
        (f"{ONE} EXCEPT {ONE} WHERE k_short = 1 EXCEPT {ONE} WHERE k_short = 2", [3]),
        (f"{ONE} EXCEPT ({ONE} EXCEPT {ONE} WHERE k_short = 3)", [3]),
        (f"SELECT TOP 1 1 AS n FROM kinds UNION ALL {OTHER} ORDER BY n", [1, 10, 30]),
        (f"({ONE} ORDER BY 1 DESC OFFSET 2) UNION ALL ({ONE} ORDER BY 1 OFFSET 2) ORDER BY 1", [1, 3]),
        (f"{ONE} UNION {ONE} ORDER BY 1 OFFSET 2", [3]),
        (f"({ONE} UNION {ONE} ORDER BY 1 OFFSET 1) ORDER BY 1 DESC OFFSET 1", [2]),
        (f"{INTS} UNION SELECT NULL FROM kinds ORDER BY 1", [10, 20, None]),
        ("SELECT NULL AS n FROM kinds UNION SELECT k_short FROM kinds ORDER BY n + 0", [1, 2, 3, None]),
        (f"{ONE} WHERE k_short IN ({ONE} WHERE k_short = 1 UNION {ONE} WHERE k_short = 3)", [1, 3]),
        (f"{ONE} k WHERE EXISTS ({OTHER} EXCEPT {OTHER} o WHERE o.k_int = k.k_short * 10)", [1, 2, 3]),
        (f"SELECT n FROM (SELECT 1 AS n FROM kinds UNION {OTHER}) AS q ORDER BY n", [1, 10, 30]),
        (f"WITH q AS ({ONE}) SELECT k_short FROM q WHERE k_short > 1 ORDER BY 1", [2, 3]),
        (f"WITH q AS ({ONE}), r AS (SELECT k_short + 1 AS n FROM q) SELECT n FROM r ORDER BY 1", [2, 3, 4]),
        (f"WITH q AS ({ONE}) SELECT a.k_short FROM q a, q b WHERE a.k_short = b.k_short - 2", [1]),
        (f"WITH q AS (SELECT TOP 1 1 AS n FROM kinds) SELECT n FROM q UNION {OTHER} ORDER BY 1", [1, 10, 30]),
        (f"WITH kinds AS ({OTHER}) SELECT k_int FROM kinds ORDER BY 1", [10, 30]),
        (f"WITH kinds AS ({ONE}) SELECT k_short FROM kinds EXCEPT SELECT k_short FROM lab.kinds", []),
        (f'WITH "Q q" AS ({ONE}) SELECT "Q q".k_short FROM "Q q" WHERE k_short = 1', [1]),
        (f"WITH q AS ({ONE}) {OTHER} WHERE k_int IN (SELECT k_short * 10 FROM q)", [10, 30]),
    ],
)
def test_sets_and_common_tables_have_the_rows_of_adql(ask, text, rows):
    """ADQL 2.1, "Set operators" and "Common table expressions"; INTERSECT binds tighter."""
    assert [row[0] for row in ask(text)] == rows


@pytest.mark.parametrize("value", ["k_int", "k_time", "k_text", "k_double", "1", "NULL"])
@pytest.mark.parametrize(
    "query", ["SELECT NULL FROM kinds", "SELECT NULL FROM kinds UNION SELECT NULL FROM kinds"]
)
def test_nothing_is_among_nulls(ask, value, query):
    """SQL-92, section 8.4: a comparison with NULL is unknown, whatever the type."""
    assert ask(f"SELECT 1 FROM kinds WHERE {value} IN ({query})") == []


@pytest.mark.parametrize(
    "left, right, datatype",
    [("k_short", "k_long", "long"), ("k_int", "k_double", "double"), ("k_short", "k_float", "double")]
    + [
        ("NULL", "k_int", "int"),
        ("k_long", "NULL", "long"),
        ("NULL", "NULL", "char"),
        ("k_text", "'a'", "char"),
    ]
    + [("k_time", "k_time", "char"), ("k_array", "k_array", "double"), ("1", "COUNT(*)", "long")],
)
def test_numbers_widen_and_null_is_of_any_type(ask, left, right, datatype):
    """ADQL 2.1, "Set operators": the same datatypes; digest section 8: what is declared is what is sent."""
    text = f"SELECT {left} AS n FROM kinds UNION ALL SELECT {right} FROM kinds"

    assert columns(text)[0].datatype == datatype
    assert ask(text)


def test_metadata_are_those_of_the_left_operand():
    """Digest section 8: left operand wins, with the type that holds both."""
    (found,) = columns("SELECT k_int AS n FROM kinds UNION SELECT k_long FROM kinds")

    assert (found.name, found.datatype, found.unit, found.ucd) == ("n", "long", "s", "time.duration")


def test_common_tables_carry_metadata():
    """Digest section 8: carried through CTEs."""
    (found,) = columns("WITH q AS (SELECT k_int AS n FROM kinds) SELECT n FROM q")

    assert (found.name, found.unit, found.utype) == ("n", "s", "lab:int")


@pytest.mark.parametrize(
    "text, words",
    [
        (
            "SELECT k_int, 1 FROM kinds UNION SELECT 2 FROM kinds",
            "UNION needs the same number of columns on both sides: 2 before it, 1 after it. (line 1",
        ),
        (
            f"{INTS} EXCEPT ALL SELECT k_text FROM kinds",
            "Column 1 is a number before EXCEPT ALL, but text after it. (line 1, column 36) Convert one",
        ),
        ("SELECT k_time FROM kinds INTERSECT SELECT '2026-01-01' FROM kinds", "but text after it"),
        ("SELECT k_flag FROM kinds UNION SELECT k_array FROM kinds", "Column 1 is"),
        ("SELECT k_array FROM kinds UNION SELECT NULL FROM kinds", "Column 1 is"),
        (f"{TWICE} ORDER BY k_long", "Unknown column k_long in the result"),
        (f"{TWICE} ORDER BY kinds.k_int", "no table or alias kinds"),
        (f"{TWICE} ORDER BY 2", "ORDER BY 2: the query has only"),
        (f"{TWICE} ORDER BY COUNT(*)", "COUNT cannot be used in this ORDER BY"),
        (f"({INTS}) ORDER BY k_long", "Unknown column k_long in the result"),
        (
            "WITH q AS (SELECT 1 FROM kinds), Q AS (SELECT 2 FROM kinds) SELECT * FROM q",
            "Two tables of WITH have the name Q.",
        ),
        ("WITH q AS (SELECT 1 AS a FROM q) SELECT a FROM q", "Unknown table q. (line 1, column 31)"),
        ("WITH q AS (SELECT 1 AS a FROM kinds) SELECT a FROM lab.q", "Unknown table lab.q."),
        ("WITH q AS (SELECT 1 AS a FROM kinds) SELECT q.a FROM q AS r", "q is called r in this query."),
        ("SELECT a FROM TAP_UPLOAD.mine", "There is no upload with the name mine. (line 1, column 15)"),
    ],
)
def test_incompatible_operands_are_reported(text, words):
    """Digest section 8: set operands with different column counts or types; duplicate CTE names."""
    assert words in refusal(text)


@pytest.mark.parametrize("name", ["TAP_UPLOAD.mine", 'tap_upload."mine"', "mine"])
def test_uploads_are_tables_like_any_other(name):
    """Digest section 7: TAP_UPLOAD names; FIELD names that are not regular must work delimited."""
    statement = translate(f'SELECT m."obs id" FROM {name} AS m', WITH_UPLOAD)

    assert statement.sql == (
        "WITH u1 AS MATERIALIZED (SELECT c1 FROM unnest('{1,NULL}'::integer[]) AS u (c1))"
        ' SELECT t1."c1"::integer AS c1 FROM u1 AS t1'
    )


def test_a_missing_upload_is_reported_with_the_existing_ones():
    """Digest section 7."""
    assert "Did you mean mine?" in refusal("SELECT 1 FROM TAP_UPLOAD.mein", WITH_UPLOAD)
