"""What is told of the output columns of a query: name, type, metadata (TAP-18; digest section 8)."""

import pytest

from provtap.adql import translate
from tests.adql.lab import LAB


def columns(text):
    return translate(text, LAB).columns


def column(expression):
    (found,) = columns(f"SELECT {expression} FROM kinds")
    return found


@pytest.mark.parametrize(
    "expression, datatype",
    [("k_short + k_short", "short"), ("k_short + 1", "int"), ("k_int * k_long", "long"), ("1 / 2", "int")]
    + [("k_float + k_float", "float"), ("k_float + k_int", "double"), ("k_int + 1.5", "double")]
    + [("2147483648", "long"), ("9223372036854775808", "double"), ("-k_short", "short"), ("1e1", "double")]
    + [("COUNT(*)", "long"), ("SUM(k_short)", "long"), ("SUM(k_long)", "long"), ("SUM(k_float)", "double")]
    + [
        ("AVG(k_int)", "double"),
        ("MIN(k_short)", "short"),
        ("MAX(k_float)", "float"),
        ("ABS(k_int)", "double"),
    ]
    + [("ROUND(k_int)", "double"), ("k_text || k_int", "char"), ("NULL", "char"), ("'a'", "char")],
)
def test_an_expression_has_the_type_adql_gives_it(expression, datatype):
    """Digest section 3, result types."""
    found = column(expression)

    assert found.datatype == datatype
    assert found.arraysize == ("*" if datatype == "char" else None)


def test_a_column_keeps_all_its_metadata_and_an_alias_changes_its_name_only():
    """TAP-18; digest section 8, propagation."""
    plain, named = columns('SELECT k_int, k_int AS "My Name" FROM kinds')

    assert (plain.name, plain.unit, plain.ucd, plain.utype) == ("k_int", "s", "time.duration", "lab:int")
    assert (named.name, named.unit, named.ucd, named.description) == (
        "My Name",
        "s",
        "time.duration",
        "An int",
    )


def test_a_derived_table_hands_metadata_through():
    """Digest section 8: carried through derived tables."""
    (found,) = columns("SELECT q.n FROM (SELECT p.n FROM (SELECT k_int AS n FROM kinds) AS p) AS q")

    assert (found.name, found.unit, found.utype) == ("n", "s", "lab:int")


@pytest.mark.parametrize(
    "expression, unit, ucd",
    [("MIN(k_int)", "s", "time.duration;stat.min"), ("MAX(k_time)", None, "time.start;stat.max")]
    + [("AVG(k_int)", "s", None), ("SUM(k_int)", "s", None), ("COUNT(k_int)", None, "meta.number")]
    + [("k_int + k_long", "s", None), ("k_int - k_float", None, None), ("k_int * k_long", None, None)]
    + [("k_int + 1", None, None), ("-k_int", "s", None), ("ABS(k_double)", "deg", None)]
    + [("RADIANS(k_double)", "rad", None), ("DEGREES(1)", "deg", None), ("SQRT(k_double)", None, None)],
)
def test_units_survive_where_they_stay_true(expression, unit, ucd):
    """Digest section 8, propagation: utype never survives an expression."""
    found = column(expression)

    assert (found.unit, found.ucd, found.utype, found.description) == (unit, ucd, None, None)


def test_unnamed_expressions_get_names_of_their_own():
    """TAP-18: generated names are identifiers and unique in the table."""
    names = [
        c.name
        for c in columns("SELECT COUNT(*), 1, k_int AS column_2, 'x' AS count_1 FROM kinds GROUP BY k_int")
    ]

    assert names == ["count_1_", "column_2_", "column_2", "count_1"]


def test_a_full_join_of_unlike_numbers_has_the_wider_type():
    """The merged column holds the values of either side."""
    (found,) = columns(
        "SELECT n FROM (SELECT k_int AS n FROM kinds) a FULL JOIN (SELECT k_long AS n FROM kinds) b USING (n)"
    )

    assert (found.name, found.datatype) == ("n", "long")


def test_output_names_may_repeat():
    """Digest section 8: legal, and both keep their name."""
    assert [c.name for c in columns("SELECT a.k_int, b.k_int FROM kinds a, kinds b")] == ["k_int", "k_int"]


@pytest.mark.parametrize(
    "join, names",
    [
        ("kinds JOIN lab.other USING (k_int)", ["k_int", "k_short", "k_long"]),
        ("lab.other NATURAL JOIN kinds", ["k_int", "k_short", "k_long"]),
        ("lab.other o JOIN kinds k ON o.k_int = k.k_int", ["k_int", "k_short", "k_int"]),
    ],
)
def test_an_asterisk_shows_merged_columns_once_and_first(join, names):
    """Digest section 8: `*` over NATURAL and USING."""
    assert [c.name for c in columns(f"SELECT * FROM {join}")][:3] == names
