"""Several errors of one query are reported together, each once."""

import pytest

from provtap.adql import translate
from provtap.errors import AdqlError
from tests.adql.lab import LAB


def problems(text):
    """Return line, column and message of each error told of a query."""
    with pytest.raises(AdqlError) as caught:
        translate(text, LAB)
    errors = (caught.value, *caught.value.further)
    return [(error.line, error.column, error.message) for error in errors]


def test_errors_are_reported_together_in_the_order_of_the_text():
    """Each with its own position, whatever was found first: FROM is resolved before the select list."""
    found = problems(
        "SELECT k_intt,\n k_text + 1 FROM kinds, nope\n WHERE k_int = 'a' OR k_int LIKE 'b' ORDER BY 5"
    )

    assert [(line, column) for line, column, _ in found] == [(2, 2), (2, 25), (3, 14), (3, 23), (3, 47)]


def test_the_text_has_each_position_and_hint():
    """What a client shows: every sentence with its place."""
    with pytest.raises(AdqlError) as caught:
        translate("SELECT k_intt FROM kinds WHERE x.a = 1", LAB)

    assert str(caught.value) == (
        "Unknown column k_intt in lab.kinds. (line 1, column 8) Did you mean k_int? "
        "This query has no table or alias x. (line 1, column 32) Available: kinds."
    )


@pytest.mark.parametrize(
    "text",
    [
        "SELECT n.a, b, n.* FROM nope AS n WHERE n.c = 1 GROUP BY d ORDER BY e",
        "SELECT x.lab.kinds.k_int, x.lab.kinds.* FROM x.lab.kinds",
        "SELECT * FROM nope, kinds WHERE k_intt = 1",
        "SELECT * FROM nope NATURAL JOIN kinds ORDER BY 3",
        "SELECT nope.a FROM kinds JOIN nope USING (k_int) WHERE y = 'z'",
        "SELECT q.a FROM (SELECT n.a FROM nope AS n) AS q WHERE q.a = 1",
        "WITH q AS (SELECT a FROM nope) SELECT a + 1 AS c FROM q UNION SELECT 'x' FROM q ORDER BY c",
        "SELECT k_intt AS a FROM kinds ORDER BY a",
        "SELECT 1 FROM kinds WHERE k_int IN (SELECT k_intt FROM kinds)",
        "SELECT 1 FROM kinds WHERE k_text IN (SELECT a FROM nope)",
        "SELECT 1 FROM kinds WHERE EXISTS (SELECT 1 FROM nope)",
        "SELECT q.a + 1 FROM (SELECT k_text + 1 AS a FROM kinds) AS q WHERE q.a = 'x'",
        "SELECT COUNT(*) FROM kinds GROUP BY k_intt",
        "SELECT k_intt, k_text, k_long FROM kinds GROUP BY k_text, k_long",
        "SELECT k_intt FROM kinds UNION SELECT k_text FROM kinds",
        "SELECT 1 FROM kinds a JOIN nope ON nope.x = a.k_int AND b = nope.y",
    ],
)
def test_consequences_of_an_error_are_not_reported(text):
    """One wrong name is one error, however often it is used."""
    assert len(problems(text)) == 1


@pytest.mark.parametrize(
    "text, places",
    [
        ("SELECT k_intt FROM kinds WHERE EXISTS (SELECT zz FROM kinds)", [8, 47]),
        ("SELECT zz FROM kinds UNION SELECT yy FROM kinds", [8, 35]),
        ("WITH q AS (SELECT zz FROM kinds) SELECT yy FROM kinds", [19, 41]),
        ("SELECT 1 FROM kinds a JOIN kinds b ON a.zz = 1 AND b.yy = 2", [41, 54]),
        ("SELECT 1 FROM nope, nada JOIN kinds ON 1 = 'a'", [15, 21, 42]),
        ("SELECT k_int, k_long, COUNT(*) FROM kinds", [8, 15]),
        ("SELECT k_int - k_long - 1, 1 - k_int - k_long FROM kinds GROUP BY k_int - k_long", [28]),
        ("SELECT k_int + k_long - 1 FROM kinds GROUP BY k_int - k_long", [8]),
        ("SELECT kinds.*, k_long, COUNT(*) FROM kinds ORDER BY k_text", [8, 17, 54]),
        ("SELECT 1 FROM kinds GROUP BY zz, yy HAVING k_int = 'a'", [30, 34, 50]),
        ("SELECT 1 FROM kinds WHERE (zz = 1 OR yy = 2) AND k_int = 1", [28, 38]),
    ],
)
def test_errors_in_independent_parts_are_all_reported(text, places):
    """Subqueries, operands, common tables, join conditions, members of AND and OR, columns, terms."""
    assert [column for _, column, _ in problems(text)] == places


def test_ten_errors_are_enough():
    """The number of reported errors is limited."""
    found = problems("SELECT " + ", ".join(f"z{n}" for n in range(30)) + " FROM kinds")

    assert len(found) == 10
    assert found[0][2] == "Unknown column z0 in lab.kinds."
