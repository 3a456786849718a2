"""Names, types and metadata, before any SQL exists (digest sections 7 and 8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provtap.adql import translate
from provtap.errors import AdqlError
from tests.adql.lab import LAB


def columns(text):
    return translate(text, LAB).columns


def refusal(text, tableset=LAB):
    with pytest.raises(AdqlError) as caught:
        translate(text, tableset)
    return str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["k_int", "K_INT", "kinds.k_int", "lab.kinds.k_int", "LAB.Kinds.K_int", '"k_int"', 'lab."kinds"."k_int"'],
)
def test_regular_names_ignore_case_and_delimited_ones_match_exactly(name):
    """ADQL 2.1, section 2.1.3."""
    (column,) = columns(f"SELECT {name} FROM kinds")

    assert column.name == name.split(".")[-1].strip('"')


@pytest.mark.parametrize("name", ['"K_INT"', '"Kinds".k_int', '"LAB".kinds.k_int'])
def test_delimited_names_of_another_case_are_unknown(name):
    """ADQL 2.1, section 2.1.3: case counts inside of double quotes."""
    assert "(line 1, column 8)" in refusal(f"SELECT {name} FROM kinds")


def test_among_names_that_differ_by_case_a_regular_one_is_the_small_one():
    """Digest section 7: prefer the all-lower spelling."""
    statement = translate('SELECT TWICE, "Twice", STARTTIME, "a b", "q""q" FROM odd', LAB)

    assert 't1."twice"::integer AS c1, t1."Twice"::integer AS c2, t1."startTime"' in statement.sql
    assert 't1."q""q"' in statement.sql


@pytest.mark.parametrize(
    "text, words",
    [
        (
            "SELECT k_intt FROM kinds",
            "Unknown column k_intt in lab.kinds. (line 1, column 8) Did you mean k_int?",
        ),
        ("SELECT k.nope FROM kinds AS k", "Unknown column nope in lab.kinds."),
        ("SELECT nope FROM kinds, odd", "Unknown column nope in lab.kinds, lab.Odd."),
        ("SELECT 1 FROM kindz", "Unknown table kindz. (line 1, column 15) Did you mean lab.kinds?"),
        ("SELECT 1 FROM lob.kinds", "Unknown schema lob. (line 1, column 15) Did you mean lab?"),
        ("SELECT 1 FROM x.lab.kinds", "This service has no catalogues. (line 1, column 15) Write lab.kinds."),
        (
            "SELECT 1 FROM other",
            "The table other is ambiguous. (line 1, column 15) Write lab.other or attic.other.",
        ),
        ("SELECT x.k_int FROM kinds", "This query has no table or alias x."),
        (
            'SELECT k_int FROM kinds WHERE k_text = "one"',
            "Double quotes enclose names; write a text in single",
        ),
        ("SELECT k_int FROM lab.other, attic.other", "Write lab.other.k_int or attic.other.k_int."),
        ("SELECT 1 FROM la.kinds", "Unknown schema la. (line 1, column 15) Did you mean lab?"),
        ("SELECT x.* FROM kinds", "This query has no table or alias x."),
        ("SELECT kinds.k_int FROM kinds AS a", "lab.kinds is called a in this query."),
        (
            "SELECT k_int FROM kinds a, kinds b",
            "The column k_int is ambiguous. (line 1, column 8) Write a.k_int or b",
        ),
        (
            'SELECT 1 FROM "lab.kinds"',
            "Unknown table lab.kinds. (line 1, column 15) Put quotes around each part of a name, not",
        ),
        ("SELECT 1 FROM stars", "Unknown table stars. (line 1, column 15) TAP_SCHEMA.tables lists all"),
        ("SELECT 1 FROM sdss.stars", "Unknown schema sdss. (line 1, column 15) Available: lab, attic."),
        ("SELECT ra FROM lab.other", "Unknown column ra in lab.other. (line 1, column 8) Available: k_int."),
        ("SELECT z.ra FROM kinds k, sky s", "no table or alias z. (line 1, column 8) Available: k, s."),
        (
            "SELECT k_int AS n FROM kinds WHERE n = 1",
            "n is an output column; only GROUP BY and ORDER BY can refer to it. (line 1, column 36)",
        ),
        ("SELECT COUNT(*) AS n FROM kinds GROUP BY k_int HAVING N > 1", "N is an output column; only"),
        (
            "SELECT k_int + 1 AS n, n * 2 AS m FROM kinds",
            "n is an output column; only GROUP BY and ORDER BY can",
        ),
        ("SELECT k_int AS n FROM kinds WHERE kinds.n = 1", "Unknown column n in lab.kinds."),
        ("SELECT 1 FROM kinds, kinds", "Two tables of this query have the name kinds. (line 1, column 22)"),
        ("SELECT 1 FROM kinds a, odd A", "Two tables of this query have the name A."),
        ("SELECT o.k_int FROM lab.other o, attic.other O", "Two tables of this query have the name O."),
        ("SELECT other.k_int FROM lab.other, attic.other", "other can refer to lab.other and attic.other."),
        ("SELECT q.a FROM (SELECT 1 AS a, 2 AS a FROM kinds) AS q", "The column a is ambiguous."),
        ("SELECT 1 FROM unreal", "This service does not support queries of attic.unreal."),
        ("SELECT ctid FROM kinds", "Unknown column ctid"),
        ("SELECT kinds FROM kinds", "Unknown column kinds"),
        ("SELECT k.k_int FROM kinds AS k JOIN lab.other AS o ON o.k_int = p.k_int, odd AS p", "alias p"),
        ("SELECT 1 FROM kinds, (SELECT kinds.k_int FROM lab.other) AS q", "no table or alias kinds"),
        ("SELECT 1 FROM kinds JOIN odd USING (k_int)", "The right side of this join has no column k_int."),
        (
            "SELECT 1 FROM lab.other NATURAL JOIN (kinds a JOIN kinds b ON a.k_int = b.k_int)",
            "The right side of this join has more than one column k_int. (line 1, column 25)",
        ),
    ],
)
def test_an_unknown_or_ambiguous_name_is_reported(text, words):
    """Digest section 8: name the thing, where it was searched, and what is most like it."""
    assert words in refusal(text)


@pytest.mark.parametrize(
    "text, words",
    [
        (
            "k_text = 5",
            "k_text is text, but 5 is a number: they cannot be compared. (line 1, column 34) Write texts in",
        ),
        ("k_text > k_int", "Write texts in single quotes; prov_number converts a text to a number."),
        ("k_int > '5'", "Write numbers without quotes, texts in single quotes."),
        ("k_time > k_text", "k_time is a timestamp, but k_text is text: they cannot be compared."),
        ("k_time > 5", "k_time is a timestamp, but 5 is a number: they cannot be compared."),
        (
            "k_text = muon",
            "Unknown column muon in lab.kinds. (line 1, column 36) As a text, write it in single",
        ),
        ("rownum < 10", "Unknown column rownum in lab.kinds. (line 1, column 27)"),
        ("k_text LIKE muon", "As a text, write it in single quotes: 'muon'."),
        ("k_text IN ('a', k_txt)", "Did you mean k_text? As a text, write it in single quotes: 'k_txt'."),
        ("k_time > 58000", "; ivo_to_mjd converts a timestamp to a modified Julian date."),
        ("k_time > 'yesterday'", "'yesterday' is not a timestamp."),
        ("k_time = '2026-02-30'", "'2026-02-30' is not a timestamp."),
        ("k_time = '2026-01-01T00:00:00+02:00'", "is not a timestamp."),
        ("k_time = '2026-01-01T24:00:00'", "is not a timestamp."),
        ("k_array = 1", "k_array is a value that can only be selected."),
        ("k_array IN (1)", "can only be selected"),
        ("k_int LIKE '1%'", "LIKE compares texts; this is a number."),
        (
            "k_text + 1 = 2",
            "Arithmetic needs numbers; this is text. (line 1, column 27) Join texts with ||; prov_n",
        ),
        (
            "k_time - k_time = 0",
            "Arithmetic needs numbers; this is a timestamp. (line 1, column 27) ivo_to_mjd converts",
        ),
        ("k_time LIKE '2026%'", "compares texts; this is a timestamp. (line 1, column 27) CAST converts it"),
        ("POINT(1, 2) = POINT(1, 2)", "This expression is a point, which cannot be compared."),
        ("k_flag IN (SELECT 1 FROM kinds)", "k_flag is a truth value, but 1 is a number"),
        ("k_flag + 1 = 2", "this is a truth value. (line 1, column 27) CASE WHEN x = 1 THEN 1 ELSE 0 END"),
        ("CAST(NULL AS POINT) = 1", "This expression is a point, which cannot be compared."),
        ("NULL + 1 = 2", "Arithmetic needs numbers; this is NULL."),
        ("-k_text = 'a'", "Arithmetic needs numbers; this is text."),
        ("k_int IN (1, 'a')", "k_int is a number, but 'a' is text: they cannot be compared."),
        ("k_int BETWEEN 1 AND 'a'", "k_int is a number, but 'a' is text"),
        ("k_int + 1 IN (SELECT k_text FROM kinds)", "This expression is a number, but k_text is text"),
        ("k_int IN (SELECT k_int, k_text FROM kinds)", "must have one column; it has 2"),
        (
            "COUNT(*) = 1",
            "COUNT cannot be used in WHERE. (line 1, column 27) Write conditions on groups in HAVING.",
        ),
        ("ABS(k_text) = 1", "ABS takes a number here; this is text."),
        ("ivo_nothing(1) = 1", "Unknown function ivo_nothing."),
        ("k_double > 1e400", "1e400 is out of the range of double precision."),
        ("k_double > 1e-400", "1e-400 is out of the range of double precision."),
        ("k_int = " + "1" * 400, "more than 300 digits"),
    ],
)
def test_wrong_types_are_reported(text, words):
    """Digest section 8: types are checked before PostgreSQL could."""
    assert words in refusal(f"SELECT 1 FROM kinds WHERE {text}")


@pytest.mark.parametrize(
    "text, words",
    [
        ("SELECT k_int, COUNT(*) FROM kinds", "k_int has several values in a group. (line 1, column 8)"),
        ("SELECT k_int + 1 FROM kinds GROUP BY k_long", "k_int has several values in a group."),
        ("SELECT * FROM kinds GROUP BY k_int", "k_short has several values in a group."),
        ("SELECT 1 FROM kinds GROUP BY k_int HAVING k_long > 1", "k_long has several values in a group."),
        ("SELECT k_int FROM kinds GROUP BY k_int ORDER BY k_long", "k_long has several values in a group."),
        ("SELECT k_int FROM kinds ORDER BY COUNT(*)", "k_int has several values in a group."),
        ("SELECT k_int FROM kinds HAVING 1 = 1", "k_int has several values in a group."),
        (
            "SELECT k_int FROM kinds k GROUP BY k_int"
            " HAVING EXISTS (SELECT 1 FROM lab.other o WHERE o.k_int = k.k_long)",
            "k_long has several values in a group.",
        ),
        (
            "SELECT o.k_int FROM lab.other o NATURAL RIGHT JOIN kinds k GROUP BY k_short",
            "k_int has several values in",
        ),
        ("SELECT SUM(COUNT(*)) FROM kinds", "COUNT cannot be used in the argument of SUM."),
        ("SELECT 1 FROM kinds GROUP BY MAX(k_int)", "MAX cannot be used in GROUP BY."),
        ("SELECT 1 FROM kinds k JOIN lab.other o ON MAX(o.k_int) = 1", "MAX cannot be used in ON."),
        ("SELECT SUM(k_text) FROM kinds", "SUM does not accept text."),
        ("SELECT AVG(k_time) FROM kinds", "AVG does not accept a timestamp."),
        ("SELECT MIN(k_array) FROM kinds", "MIN does not accept a value that can only be selected."),
        (
            "SELECT 1 FROM kinds WHERE k_int IN (SELECT MAX(kinds.k_int) FROM lab.other)",
            "MAX uses only columns of the outer query.",
        ),
        ("SELECT k_int FROM kinds ORDER BY 2", "ORDER BY 2: the query has only 1 output column."),
        ("SELECT k_int FROM kinds ORDER BY 0", "ORDER BY 0: the query has only"),
        ("SELECT k_int AS a, k_long AS a FROM kinds ORDER BY a", "Several output columns have the name a."),
        (
            "SELECT DISTINCT k_int FROM kinds ORDER BY k_long",
            "With SELECT DISTINCT, ORDER BY accepts only output columns",
        ),
        ("SELECT 1 FROM kinds k FULL JOIN lab.other o ON k.k_int < o.k_int", "A FULL JOIN needs an equality"),
        (
            "SELECT 1 FROM kinds k FULL JOIN lab.other o ON k.k_int = k.k_long",
            "A FULL JOIN needs an equality",
        ),
    ],
)
def test_invalid_groups_and_orders_are_reported(text, words):
    """Digest section 8: aggregates, groups, positions; SQL-92, section 7.9."""
    assert words in refusal(text)


def test_as_many_columns_as_postgresql_has_are_possible():
    """Design section 4, limits: 1 600 output columns."""
    many = ", ".join(["k_int"] * 1_600)

    assert len(columns(f"SELECT {many} FROM kinds ORDER BY k_int")) == 1_600
    assert "has 1601 columns" in refusal(f"SELECT {many}, k_int FROM kinds")


def test_many_tables_are_possible_and_too_many_refused():
    """PostgreSQL can't plan joins of thousands of tables."""
    assert translate("SELECT 1 FROM kinds" + "".join(f", kinds k{n}" for n in range(31)), LAB)
    assert translate("SELECT 1 FROM kinds" + " UNION ALL SELECT 1 FROM kinds" * 199, LAB)
    assert "This SELECT joins 33 tables; the limit is 32." in refusal(
        "SELECT 1 FROM kinds" + "".join(f", kinds k{n}" for n in range(32))
    )
    assert "more than 200 tables" in refusal(
        "SELECT 1 FROM kinds" + "".join(f", kinds k{n}" for n in range(999))
    )


@pytest.mark.parametrize(
    "text",
    ["SELECT 1 FROM kinds WHERE " + "NOT (k_int = 1 OR (" * 50 + "k_int = 2" + "))" * 50]
    + ["SELECT 1 FROM kinds WHERE " + "EXISTS (SELECT 1 FROM kinds WHERE " * 100 + "1 = 1" + ")" * 100]
    + ["SELECT " + "ABS(-" * 100 + "1" + ")" * 100 + " FROM kinds"]
    + ["SELECT k_int FROM " + "(SELECT k_int FROM " * 100 + "kinds" + ") AS x" * 100],
)
def test_a_hundred_levels_are_translated(text):
    """Design section 4, limits: each pass bears the nesting that the parser lets in."""
    assert translate(text, LAB).sql


WORDS = st.sampled_from(
    [
        "k_int",
        "k_text",
        "k_time",
        "k.k_double",
        "o.k_int",
        "x",
        "1",
        "2.5",
        "'a'",
        "'2026-01-01'",
        "NULL",
        "*",
    ]
    + [
        "(",
        ")",
        ",",
        "+",
        "-",
        "/",
        "||",
        "=",
        "<",
        "AND",
        "OR",
        "NOT",
        "IN",
        "LIKE",
        "BETWEEN",
        "IS",
        "EXISTS",
    ]
    + ["ABS(", "ROUND(", "COUNT(", "MAX(", "DISTINCT", "(SELECT k_int FROM lab.other)", "GROUP BY", "HAVING"]
    + ["ORDER BY", "DESC", "OFFSET", "AS a", "FROM kinds AS k", "WHERE"]
)


@given(st.lists(WORDS, max_size=12), st.lists(WORDS, max_size=12))
def test_any_soup_is_a_statement_or_a_clear_refusal(items, rest):
    """Nothing but AdqlError leaves the translator."""
    text = f"SELECT {' '.join(items) or '*'} FROM kinds AS k, lab.other AS o {' '.join(rest)}"
    try:
        assert translate(text, LAB).columns
    except AdqlError as refused:
        assert refused.line is not None
