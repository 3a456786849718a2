"""The user defined functions, in particular prov_number, which accepts any text of a parameter."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from provtap.adql import translate
from provtap.adql.functions.features import language_features
from provtap.adql.functions.user_defined import USER_FUNCTIONS
from provtap.errors import AdqlError
from tests.adql.lab import LAB, value

NUMBERS = st.from_regex(
    r"\A[ \t\n]*[+-]?([0-9]{1,9}\.?[0-9]{0,9}|\.[0-9]{1,9})([eE][+-]?[0-9]{1,5})?[ \r]*\Z"
)


@pytest.fixture(scope="module")
def number(lab):
    """The function prov_number."""

    def called(text):
        with lab, lab.cursor() as cursor:
            cursor.execute("SELECT provext.prov_number(%s)", [text])
            return cursor.fetchone()[0]

    return called


# prov_number ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, result",
    [("5", 5), ("  5 ", 5), ("-1.5e3", -1500), (".5", 0.5), ("5.", 5), ("+7", 7), ("\t7\n", 7), ("-0", 0)]
    + [("1e999", math.inf), ("-1e999", -math.inf), ("1e-999", 0), ("inf", math.inf), ("-Infinity", -math.inf)]
    + [("1e99999999999999999999", math.inf), ("-1e-99999999999999999999", 0), ("0e99999999", 0)]
    + [("1.7976931348623158e308", 1.7976931348623157e308), ("4.9e-324", 5e-324), ("1e0000000005", 1e5)]
    + [("9" * 400, math.inf), ("0" * 900 + "5", 5)],
)
def test_a_text_that_spells_a_number_is_that_number(number, text, result):
    """The nearest double, as IEEE 754 rounds: what is too large is infinite, what is too small is zero."""
    assert number(text) == result


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "NaN",
        "nan",
        "0x10",
        "1_000",
        "1,5",
        "5 m",
        "true",
        "None",
        "1e",
        "e5",
        ".",
        "+-1",
        "--1",
        "1 2",
    ]
    + ["1e5.5", "٣", "½", "\u00a05", "[1]", "1e+", "infinit", "9" * 1001, "5\\", "5;", "null"],
)
def test_any_other_text_is_null(number, text):
    """NaN too, which PostgreSQL would sort above all numbers: `> 5` would hold for it."""
    assert number(text) is None


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
@example("1e" + "9" * 900)
def test_no_text_stops_it(number, text):
    """Rows could not be loaded any more: an index depends on it."""
    found = number(text)

    assert found is None or isinstance(found, float)


@given(NUMBERS)
def test_numbers_are_read_as_python_reads_them(number, text):
    """Both round to the nearest double."""
    assert number(text) == float(text)


@given(st.floats(allow_nan=False))
def test_values_written_by_python_come_back(number, x):
    """The values of parameters were written by Python."""
    assert number(repr(x)) == x


def test_the_index_on_parameters_serves_a_comparison_of_numbers(lab, tableset):
    """`p_name = 'x' AND prov_number(p_value) > 5` reads the rows it gives, and no more."""
    query = "SELECT p_id FROM provenance.parameter WHERE p_name = 'x' AND prov_number(p_value) > 5"
    sql = translate(query, tableset).sql.replace('"p_id"', '"p_value"')  # the lab's table is smaller
    with lab.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}")
        plan = "\n".join(line for (line,) in cursor)
    lab.rollback()

    assert "AND (provext.prov_number(p_value) > '5'" in plan.partition("Index Cond: ")[2]


def test_a_reader_may_call_every_function(settings, database, tableset):
    """D11: users' queries run over a login that can only read."""
    calls = {
        "prov_number(p_value)",
        "CAST(p_value AS TIMESTAMP)",
        "ivo_hasword(p_value, 'a')",
        "ivo_interval_overlaps(1, 2, 3, 4)",
        "DISTANCE(1, 2, 3, 4)",
        "CONTAINS(POINT(1, 2), CIRCLE(1, 2, 3))",
        "INTERSECTS(POINT(1, 2), CIRCLE(1, 2, 3))",
    }
    sql = translate(f"SELECT {', '.join(calls)} FROM provenance.parameter", tableset).copy_sql(1)
    with database.reader.connection() as connection, connection.cursor() as cursor:
        cursor.execute(sql)

        assert cursor.fetchall() == []


# The others -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression, result",
    [("ivo_hasword('The quick/brown-fox_1.dl1', 'FOX quick')", "1"), ("ivo_hasword('abc', 'ab')", "0")]
    + [("ivo_hasword('/data/run_5.h5', 'run')", "1"), ("ivo_hasword('the cat', 'the')", "1")]
    + [
        ("ivo_hasword('', '')", "0"),
        ("ivo_hasword('a', NULL)", None),
        ("ivo_hasword('a & b', 'a | !b')", "1"),
    ]
    + [("ivo_nocasematch('Crab', 'cr%')", "1"), ("ivo_nocasematch('Crab', 'r%')", "0")]
    + [("ivo_nocasematch('a\\b', 'A\\B')", "1"), ("ivo_nocasematch(k_text, 'O_E')", "1")]
    + [("ivo_hashlist_has('Radio#optical', 'RADIO')", "1"), ("ivo_hashlist_has('a#b', 'a#b')", "0")]
    + [("ivo_hashlist_has('ab', 'a')", "0"), ("ivo_hashlist_has(NULL, 'a')", None)]
    + [("ivo_interval_overlaps(1, 2, 2, 3)", "1"), ("ivo_interval_overlaps(1, 2, 2.1, 3)", "0")]
    + [("ivo_interval_overlaps(2, 1, 1, 3)", "0"), ("ivo_interval_overlaps(1, 9, 3, 2)", "0")]
    + [("ivo_interval_overlaps(1, NULL, 1, 2)", None), ("ivo_interval_overlaps(k_int, k_long, 5, 10)", "1")]
    + [("ivo_to_mjd('2000-01-01T12:00:00')", "51544.5"), ("ivo_to_mjd('1858-11-17')", "0")]
    + [("ivo_to_jd('2000-01-01T12:00:00Z')", "2451545"), ("ivo_to_mjd(NULL)", None)]
    + [("ivo_to_jd(k_time) - ivo_to_mjd(k_time)", "2400000.5"), ("IVO_TO_MJD(k_time)", "61041.5")]
    + [("gavo_match('^o.e$', k_text)", "1"), ("gavo_match('^n', k_text)", "0"), ("gavo_match('N', 'n')", "0")]
    + [("gavo_match('[[:digit:]]+', 'run 5')", "1"), ("Prov_Number(k_text || '1')", None)],
)
def test_user_defined_functions_agree_with_their_catalogue(ask, expression, result):
    """Digest section 5."""
    assert value(ask, expression) == result


@pytest.mark.parametrize(
    "text, rows",
    [("SELECT ivo_string_agg(k_text, '+') FROM kinds WHERE k_short = 1", [("one",)])]
    + [("SELECT ivo_string_agg(k_text, '+') FROM kinds WHERE k_short = 3", [(None,)])]
    + [
        (
            "SELECT ivo_string_agg(k_int, '') FROM kinds GROUP BY k_short ORDER BY k_short",
            [("10",), ("20",), (None,)],
        )
    ]
    + [
        (
            "SELECT k_flag FROM kinds GROUP BY k_flag HAVING ivo_string_agg(k_time, '') LIKE '%T12%'",
            [("true",)],
        )
    ]
    + [
        (
            "SELECT ivo_string_agg(k.k_text, '') FROM kinds k WHERE ivo_hasword(k.k_text, 'two') = 1",
            [("two%",)],
        )
    ],
)
def test_the_texts_of_a_group_are_joined(ask, text, rows):
    """Digest section 5, ivo_string_agg: an aggregate that leaves NULLs out."""
    assert [tuple("t" if cell is True else cell for cell in row) for row in ask(text)] == rows


def test_conditions_on_functions_choose_the_rows(ask):
    """`1 = f(...)` and `f(...) = 0` become conditions; what is compared otherwise stays a number."""
    found = ask(
        "SELECT k_short FROM kinds WHERE 1 = gavo_match('o', k_text) AND ivo_hasword(k_text, 'two') = 0"
        " AND ivo_nocasematch(k_text, 'O%') > 0"
    )

    assert found == [(1,)]


@pytest.mark.parametrize(
    "expression, words",
    [("prov_number(k_int)", "prov_number takes a text here; this is a number. (line 1, column 20)")]
    + [
        (
            "prov_number('1', '2')",
            "prov_number takes 1 argument, not 2. (line 1, column 8) Write prov_number(value",
        )
    ]
    + [
        ("gavo_match('a')", "gavo_match takes 2 arguments, not 1."),
        ("ivo_to_mjd()", "takes 1 argument, not 0."),
    ]
    + [("prov_numbr('1')", "Unknown function prov_numbr. (line 1, column 8) Did you mean prov_number?")]
    + [("ivo_tomjd(k_time)", "Did you mean ivo_to_mjd?"), ("gavo_to_mjd(k_time)", "Did you mean ivo_to_mjd?")]
    + [
        ("ivo_to_mjd(k_text)", "takes a timestamp here; this is text."),
        ("ivo_to_mjd('soon')", "is not a timestamp"),
    ]
    + [
        ("ivo_string_agg(k_point, ',')", "Unknown column k_point"),
        ("ivo_string_agg(k_flag, ',')", "this is a truth value"),
    ]
    + [
        ("ivo_string_agg(k_text)", "ivo_string_agg takes 2 arguments, not 1."),
        ("pg_sleep(5)", "Unknown function"),
    ]
    + [("ivo_string_agg(MAX(k_text), ',')", "MAX cannot be used in the argument of ivo_string_agg.")]
    + [("MAX(ivo_string_agg(k_text, ','))", "ivo_string_agg cannot be used in the argument of MAX.")]
    + [("k_int || ivo_string_agg(k_text, ',')", "k_int has several values in a group.")],
)
def test_a_wrong_call_is_reported(expression, words):
    """Digest section 5: an error that names an undeclared function; section 8: arguments, aggregates."""
    with pytest.raises(AdqlError) as raised:
        translate(f"SELECT {expression} FROM kinds", LAB)

    assert words in str(raised.value)


def test_every_user_defined_function_is_declared_with_its_signature():
    """REG-8: `name(argument TYPE, ...) -> TYPE`."""
    (declared,) = [members for type_, members in language_features().items() if type_.endswith("-udf")]

    assert [feature.form for feature in declared] == [function.signature for function in USER_FUNCTIONS]
    assert "ivo_to_mjd(d TIMESTAMP) -> DOUBLE PRECISION" in {feature.form for feature in declared}
