"""What this service takes beyond ADQL 2.1, because published queries use it."""

import pytest

from provtap.adql import translate
from provtap.errors import AdqlError
from tests.adql.lab import LAB, value


def names(text):
    """Return the names of the output columns."""
    return [column.name for column in translate(text, LAB).columns]


def refusal(text):
    """Return what is wrong with a query."""
    with pytest.raises(AdqlError) as caught:
        translate(text, LAB)
    return str(caught.value)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("SELECT *, k_int + 1 AS n FROM lab.other", ["k_int", "n"]),
        ("SELECT k_int + 1 AS n, * FROM lab.other", ["n", "k_int"]),
        ("SELECT TOP 1 *, DISTANCE(s_point, POINT(1, 2)) AS d FROM sky ORDER BY d", None),
        ("SELECT *, o.*, * FROM lab.other AS o", ["k_int"] * 3),
        ("SELECT 1 AS a, *, 2 AS b FROM lab.other AS o NATURAL JOIN lab.other AS p", ["a", "k_int", "b"]),
        ("SELECT x FROM (SELECT *, k_int AS x FROM lab.other) AS t", ["x"]),
    ],
)
def test_an_asterisk_stands_beside_other_columns(ask, text, expected):
    """Gaia's, Rubin's and ESO's examples: `SELECT *, expression`."""
    assert ask(text)
    assert expected is None or names(text) == expected


@pytest.mark.parametrize(
    "text, rows",
    [
        (
            "SELECT k_short / 2 AS half, COUNT(*) AS n FROM kinds GROUP BY half ORDER BY half",
            [(0, 1), (1, 2)],
        ),
        ("SELECT LOWER(k_text) AS t FROM kinds WHERE k_short < 2 GROUP BY T", [("one",)]),
        ('SELECT k_short AS "a B" FROM kinds WHERE k_short < 2 GROUP BY "a B"', [(1,)]),
        ("SELECT k_short AS a, k_short AS a FROM kinds WHERE k_short < 2 GROUP BY a", [(1, 1)]),
        # the column of the table goes before
        ("SELECT k_short AS k_int, COUNT(*) FROM kinds WHERE k_short < 2 GROUP BY k_int, k_short", [(1, 1)]),
        ("SELECT 7 AS seven, COUNT(*) FROM kinds GROUP BY seven", [(7, 3)]),
        # a name of an outer query does not
        (
            "SELECT k_short FROM kinds WHERE k_short < 2 AND EXISTS"
            " (SELECT o.k_int AS k_text FROM lab.other AS o GROUP BY k_text)",
            [(1,)],
        ),
        (
            "SELECT CASE WHEN k_short < 3 THEN 'low' ELSE 'high' END AS c, MAX(k_short) FROM kinds GROUP BY c"
            " ORDER BY c",
            [("high", 3), ("low", 2)],
        ),
    ],
)
def test_an_output_column_is_grouped_by_under_its_name(ask, text, rows):
    """As in PostgreSQL: a column of a table of this SELECT first, then an output column."""
    assert ask(text) == rows


@pytest.mark.parametrize(
    "text, words",
    [
        ("SELECT k_short AS k_int FROM kinds GROUP BY k_int", "k_short has several values in a group."),
        (
            "SELECT COUNT(*) AS n FROM kinds GROUP BY n",
            "COUNT cannot be used in GROUP BY. (line 1, column 8)",
        ),
        ("SELECT k_int AS a, k_long AS a FROM kinds GROUP BY a", "Several output columns have the name a."),
        (
            "SELECT k_int AS a FROM kinds GROUP BY a + 1",
            "a is an output column; only GROUP BY and ORDER BY",
        ),
        ("SELECT k_int AS a FROM kinds GROUP BY kinds.a", "Unknown column a in lab.kinds."),
        ("SELECT 1 AS a FROM kinds GROUP BY b", "Unknown column b in lab.kinds."),
        ("SELECT *, COUNT(*) FROM kinds", "k_short has several values in a group."),
    ],
)
def test_what_such_a_name_can_not_mean_is_told(text, words):
    """In expressions, a name is a column of a table."""
    assert words in refusal(text)


def test_two_tables_of_one_name_are_named():
    """The message was "a may mean a and a"."""
    message = refusal("SELECT a.k_int FROM kinds AS a, lab.other AS a WHERE a.k_int = 1")

    assert message.startswith("Two tables of this query have the name a. (line 1, column 33)")
    assert "may mean" not in message
    joined = refusal("SELECT 1 FROM kinds AS a JOIN lab.other AS a ON a.k_int = a.k_int")
    assert joined.startswith("Two tables of this query have the name a.") and "may mean" not in joined


@pytest.mark.parametrize(
    "expression, datatype, cell",
    [
        ("CASE WHEN 1 = 1 THEN k_int ELSE k_double END", "double", "10"),
        ("CASE WHEN 1 = 2 THEN k_int ELSE k_double END", "double", "1.5"),
        ("CASE k_int WHEN 10 THEN k_short WHEN 20 THEN k_long END", "long", "1"),
        ("COALESCE(k_int, k_long)", "long", "10"),
        ("COALESCE(k_int, 2.5)", "double", "10"),
        ("COALESCE(k_short, 40000)", "int", "1"),
        ("COALESCE(k_short, 4)", "short", "1"),
        ("COALESCE(k_float, 2.5)", "float", "0.5"),
        ("COALESCE(NULLIF(k_int, 10), k_float)", "double", "0.5"),
        ("COALESCE(k_int + 16777207, k_float)", "double", "16777217"),
        ("COALESCE(NULL, k_int, k_double)", "double", "10"),
        ("NULLIF(k_int, k_double)", "int", "10"),
    ],
)
def test_numbers_of_several_types_become_one_that_holds_them_all(ask, expression, datatype, cell):
    """PostgreSQL would make a real of an integer and a real: 16777217 would become 16777216."""
    (column,) = translate(f"SELECT {expression} FROM kinds", LAB).columns

    assert column.datatype == datatype
    assert float(value(ask, expression)) == float(cell)
