"""Tables of a request in the language: names, types, and the plan that PostgreSQL makes of them."""

from dataclasses import replace

import pytest

from provtap.adql import translate
from provtap.adql.plan.tree import UploadedTable
from provtap.errors import AdqlError
from provtap.tableset import Column, Schema, Tableset
from tests.adql.lab import LAB, fetch

MINE = UploadedTable(
    schema_name="tap_upload",
    name="Mine",
    columns=(
        Column(name="id", datatype="int", unit="m", description="An id"),
        Column(name="flag", datatype="boolean"),
        Column(name="byte", datatype="unsignedByte"),
        Column(name="c", datatype="char"),
        Column(name="s", datatype="char", arraysize="5"),
        Column(name="when", datatype="char", arraysize="*", xtype="adql:TIMESTAMP"),
        Column(name="a", datatype="int", arraysize="2", null="-1"),
        Column(name="truths", datatype="boolean", arraysize="*"),
        Column(name="z", datatype="doubleComplex"),
        Column(name="p", datatype="double", arraysize="2", xtype="point"),
        Column(name='odd "name"', datatype="bit"),
        Column(name="f", datatype="float", arraysize="*"),
    ),
    arrays=(
        "{1,20,NULL}",
        "{t,f,NULL}",
        "{7,255,NULL}",
        '{"x","y",NULL}',
        '{"it\'s","\\\\\\"",NULL}',
        "{2026-01-01T12:00:00,2026-06-01T00:00:00.25,NULL}",
        '{"{1,-1}","{3,4}",NULL}',
        '{"{t,NULL}","{}",NULL}',
        '{"{1.5,-2}","{0,inf}",NULL}',
        '{"{10,20}","{83,22}",NULL}',
        "{1,0,NULL}",
        '{"{1.5,nan,-inf}",NULL,NULL}',
    ),
)
OTHER = UploadedTable(
    schema_name="tap_upload", name="other", columns=(Column(name="n", datatype="int"),), arrays=("{1}",)
)
UPLOADS = Schema(name="tap_upload", tables=(MINE, OTHER, replace(OTHER, name="nine")))
WITH_UPLOADS = Tableset((*LAB.schemas, UPLOADS))


@pytest.fixture
def ask(lab):
    """A function that runs ADQL on the lab's tables and the uploads."""
    return lambda text: fetch(lab, translate(text, WITH_UPLOADS).copy_sql(1_000))


def test_every_type_is_selected_as_results_show_it(ask):
    """UPL-6, VOT-7: T, F and ?, +Inf, blanks between the an item of an array."""
    rows = ask("SELECT * FROM TAP_UPLOAD.mine")

    assert rows == [
        (
            1,
            "true",
            7,
            "x",
            "it's",
            "2026-01-01T12:00:00",
            "1 -1",
            "T ?",
            "1.5 -2",
            "10 20",
            1,
            "1.5 NaN -Inf",
        ),
        (20, "false", 255, "y", '\\"', "2026-06-01T00:00:00.25", "3 4", "", "0 +Inf", "83 22", 0, None),
        (None,) * 12,
    ]


@pytest.mark.parametrize("name", ["TAP_UPLOAD.mine", "tap_upload.MINE", 'Tap_Upload."Mine"', "mine"])
def test_names_of_uploads_ignore_case(ask, name):
    """UPL-2, UPL-5."""
    assert ask(f"SELECT COUNT(*) FROM {name}") == [(3,)]


@pytest.mark.parametrize(
    "condition, ids",
    [
        ("flag = 1", [1]),
        ("0 = flag", [20]),
        ("flag <> 1", [20]),
        ("flag IN (0, 1)", [1, 20]),
        ("flag IS NULL", [None]),
        ("flag = (flag)", [1, 20]),
        ("COALESCE(flag, 1) = 1", [1, None]),
        ("CASE flag WHEN 1 THEN 5 ELSE 6 END = 5", [1]),
        ("byte + 1 > 255", [20]),
        ("c = 'x' AND s LIKE 'it_s'", [1]),
        ("\"when\" < '2026-02-01'", [1]),
        ('"odd ""name""" = 1', [1]),
        ("CONTAINS(p, CIRCLE(10, 20, 1)) = 1", [1]),
        ("id IN (SELECT k_int FROM kinds)", [20]),
    ],
)
def test_comparable_columns_are_compared(ask, condition, ids):
    """MAP-9: bytes and bits are numbers, truth values compare with 0 and 1, moments are timestamps."""
    assert [id for (id,) in ask(f"SELECT id FROM TAP_UPLOAD.mine WHERE {condition} ORDER BY byte")] == ids


@pytest.mark.parametrize(
    "text, rows",
    [
        ("SELECT m.id, k_text FROM TAP_UPLOAD.mine m JOIN kinds ON k_int = m.id", [(20, "two%")]),
        (
            "SELECT a.id FROM TAP_UPLOAD.mine a JOIN TAP_UPLOAD.mine b ON a.byte = b.byte WHERE b.id = 1",
            [(1,)],
        ),
        ("SELECT n FROM TAP_UPLOAD.other JOIN TAP_UPLOAD.mine ON n = id", [(1,)]),
        ("WITH q AS (SELECT id FROM TAP_UPLOAD.mine WHERE id > 1) SELECT id FROM q", [(20,)]),
        (
            "SELECT flag, COUNT(*) AS n FROM TAP_UPLOAD.mine GROUP BY flag ORDER BY flag",
            [("false", 1), ("true", 1), (None, 1)],
        ),
        ("SELECT DISTINCT flag FROM TAP_UPLOAD.mine WHERE flag = 1", [("true",)]),
        ("SELECT flag || '!' FROM TAP_UPLOAD.mine WHERE id = 1", [("true!",)]),
        ("SELECT CAST(flag AS VARCHAR) FROM TAP_UPLOAD.mine WHERE id = 20", [("false",)]),
        ("SELECT MAX(byte), MIN(c), COUNT(a) FROM TAP_UPLOAD.mine", [(255, "x", 2)]),
        (
            "SELECT c FROM TAP_UPLOAD.mine WHERE id = 1 UNION SELECT k_text FROM kinds WHERE k_int = 1",
            [("x",)],
        ),
        ("SELECT n FROM TAP_UPLOAD.other WHERE EXISTS (SELECT 1 FROM TAP_UPLOAD.mine WHERE id = n)", [(1,)]),
        ("SELECT COUNT(*) FROM TAP_UPLOAD.mine, TAP_UPLOAD.mine AS m2, TAP_UPLOAD.other", [(9,)]),
    ],
)
def test_uploads_are_tables_like_any_other(ask, text, rows):
    """UPL-5: joins, self-joins, subqueries, WITH, groups, sets."""
    assert ask(text) == rows


@pytest.mark.parametrize(
    "text, words",
    [
        (
            "SELECT 1 FROM TAP_UPLOAD.mime",
            "There is no upload with the name mime. (line 1, column 15) Did you mean Mine?",
        ),
        ("SELECT 1 FROM nin", "Unknown table nin. (line 1, column 15) Did you mean tap_upload.nine?"),
        ("SELECT idd FROM TAP_UPLOAD.mine", "Unknown column idd in tap_upload.Mine."),
        ("SELECT 1 FROM TAP_UPLOAD.mine WHERE flag = 2", "flag is a truth value, but 2 is a number"),
        ("SELECT 1 FROM TAP_UPLOAD.mine WHERE flag = id", "Compare it with 0 or 1."),
        ("SELECT 1 FROM TAP_UPLOAD.mine WHERE flag = 'T'", "flag is a truth value, but 'T' is text"),
        ("SELECT flag + 1 FROM TAP_UPLOAD.mine", "Arithmetic needs numbers; this is a truth value."),
        ("SELECT MAX(flag) FROM TAP_UPLOAD.mine", "MAX does not accept a truth value."),
        ("SELECT CAST(flag AS INTEGER) FROM TAP_UPLOAD.mine", "A truth value cannot be cast to INTEGER."),
        ("SELECT 1 FROM TAP_UPLOAD.mine WHERE a = a", "a is a value that can only be selected."),
        ("SELECT 1 FROM TAP_UPLOAD.mine WHERE z > 1", "z is a value that can only be selected"),
    ],
)
def test_incomparable_columns_are_reported(text, words):
    with pytest.raises(AdqlError) as raised:
        translate(text, WITH_UPLOADS)

    assert words in str(raised.value)


@pytest.mark.parametrize(
    "text, declared",
    [
        (
            "SELECT c, s, byte, flag FROM TAP_UPLOAD.mine",
            [("char", None), ("char", "5"), ("unsignedByte", None), ("boolean", None)],
        ),
        (
            "SELECT byte + byte, c || c, MIN(s) FROM TAP_UPLOAD.mine GROUP BY byte, c",
            [("short", None), ("char", "*"), ("char", "5")],
        ),
        ("SELECT c FROM TAP_UPLOAD.mine UNION SELECT k_text FROM kinds", [("char", "*")]),
        ("SELECT byte FROM TAP_UPLOAD.mine UNION SELECT k_short FROM kinds", [("short", None)]),
        ("SELECT byte FROM TAP_UPLOAD.mine UNION SELECT byte FROM TAP_UPLOAD.mine", [("unsignedByte", None)]),
        (
            "SELECT s FROM TAP_UPLOAD.mine FULL JOIN (SELECT k_text AS s FROM kinds) AS q USING (s)",
            [("char", "*")],
        ),
        (
            "SELECT COALESCE(byte, byte), COALESCE(flag, 0) FROM TAP_UPLOAD.mine",
            [("short", None), ("boolean", None)],
        ),
    ],
)
def test_declared_types_fit_the_values(text, declared):
    """TAP-18, UPL-6: a column keeps its type; what comes of several takes one that holds them all."""
    assert [(c.datatype, c.arraysize) for c in translate(text, WITH_UPLOADS).columns] == declared


def test_only_uploads_that_are_used_are_in_the_statement():
    """Each once, however often it is used."""
    sql = translate("SELECT a.n FROM TAP_UPLOAD.other a, TAP_UPLOAD.other b", WITH_UPLOADS).sql

    assert sql.count("unnest") == 1


def test_postgresql_plans_with_the_number_of_uploaded_rows(lab):
    """A join of many rows is a hash join, not a loop: an array's length is known when a query is planned."""
    many = UploadedTable(
        schema_name="tap_upload",
        name="many",
        columns=(Column(name="n", datatype="int"), Column(name="a", datatype="int", arraysize="2")),
        arrays=(f"{{{','.join(map(str, range(100_000)))}}}", "{" + ",".join(['"{1,2}"'] * 100_000) + "}"),
    )
    tableset = Tableset((*LAB.schemas, Schema(name="tap_upload", tables=(many,))))
    statement = translate("SELECT k_text, a FROM TAP_UPLOAD.many JOIN kinds ON k_int = n", tableset)
    plan = "\n".join(line for (line,) in fetch(lab, f"EXPLAIN {statement.sql}"))

    assert "CTE Scan on u1 t1  (cost=0.00..2000.00 rows=100000 " in plan
    assert "Hash" in plan or "Merge" in plan
    assert "Nested Loop" not in plan


def test_as_many_columns_as_the_limit_allows(lab):
    """Design section 4: 1 600 columns, of which unnest makes rows."""
    columns = tuple(Column(name=f"n{number}", datatype="int") for number in range(1_600))
    wide = UploadedTable(schema_name="tap_upload", name="wide", columns=columns, arrays=("{1,2}",) * 1_600)
    tableset = Tableset((Schema(name="tap_upload", tables=(wide,)),))

    assert len(fetch(lab, translate("SELECT * FROM TAP_UPLOAD.wide", tableset).copy_sql(5))[1]) == 1_600
