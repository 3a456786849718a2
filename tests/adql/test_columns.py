"""The metadata of the output columns of a query: name, type, etc. (TAP-18; digest section 8)."""

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
def test_units_are_kept_where_they_remain_correct(expression, unit, ucd):
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


@pytest.mark.parametrize(
    "expression, datatype",
    [("'ä'", "unicodeChar"), ("'a'", "char"), ("e_name", "unicodeChar"), ("e_id", "char")]
    + [
        ("e_id || '/' || e_id", "char"),
        ("e_id || '→' || e_id", "unicodeChar"),
        ("1 || e_name", "unicodeChar"),
    ]
    + [("LOWER(e_name)", "unicodeChar"), ("UPPER(e_id)", "char"), ("MIN('ä')", "unicodeChar")]
    + [("COALESCE(e_name, e_id)", "unicodeChar"), ("COALESCE(e_id, 'ä')", "unicodeChar")]
    + [("NULLIF(e_name, 'a')", "unicodeChar"), ("CASE WHEN 1 = 1 THEN e_id ELSE e_name END", "unicodeChar")]
    + [("CAST(e_name AS VARCHAR(9))", "unicodeChar"), ("CAST(e_generatedattime AS CHAR)", "char")]
    + [("ivo_string_agg(e_name, ',')", "unicodeChar"), ("MAX(UPPER(e_name) || e_id)", "unicodeChar")],
)
def test_a_text_that_may_exceed_ascii_is_unicode(tableset, expression, datatype):
    """VOT-11: `char` is ASCII up to VOTable 1.5, and clients warn of other characters in it."""
    (found,) = translate(f"SELECT {expression} AS x FROM provenance.entity", tableset).columns

    assert found.datatype == datatype


@pytest.mark.parametrize(
    "query, datatype",
    [
        ("SELECT e_id FROM entity UNION SELECT e_name FROM entity", "unicodeChar"),
        ("SELECT e_id FROM entity UNION SELECT 'ä' FROM entity", "unicodeChar"),
        ("SELECT 'a' FROM entity UNION SELECT e_name FROM entity", "unicodeChar"),
        ("SELECT NULL FROM entity UNION SELECT e_id FROM entity UNION SELECT 'a' FROM entity", "char"),
        (
            "SELECT x FROM (SELECT e_id AS x FROM entity) a"
            " FULL JOIN (SELECT e_name AS x FROM entity) b USING (x)",
            "unicodeChar",
        ),
        ("WITH w AS (SELECT e_id || e_name AS x FROM entity) SELECT x || '!' AS y FROM w", "unicodeChar"),
    ],
)
def test_texts_brought_together_are_unicode_if_one_of_them_is(tableset, query, datatype):
    """VOT-11; digest section 8: the first operand gives the metadata, but its type must hold all of them."""
    (found,) = translate(query, tableset).columns

    assert (found.datatype, found.arraysize) == (datatype, "*")


def test_a_set_operation_does_not_cut_longer_texts_of_later_operands(tableset):
    """Digest section 8: the length of the first column holds only if all have it."""
    first = (
        "SELECT CAST(e_id AS VARCHAR(3)) AS x FROM provenance.entity UNION SELECT {} FROM provenance.entity"
    )
    sizes = [
        translate(first.format(other), tableset).columns[0].arraysize
        for other in ("'longer'", "CAST(e_id AS VARCHAR(3))")
    ]

    assert sizes == ["*", "3*"]
