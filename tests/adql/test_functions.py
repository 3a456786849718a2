"""CAST, COALESCE, NULLIF, CASE, LOWER, UPPER, ILIKE, IN_UNIT: values, types, units, refusals."""

from pathlib import Path

import psycopg2
import pytest
from astropy import units
from hypothesis import given
from hypothesis import strategies as st

from provtap.adql import translate
from provtap.adql.functions.reference_page import functions_page
from provtap.adql.functions.registry import FUNCTIONS
from provtap.database.failures import query_failure
from provtap.errors import AdqlError
from tests.adql.lab import LAB, value

PAGE = Path(__file__).parents[2] / "docs/reference/functions.md"


def column(expression, source="kinds"):
    (found,) = translate(f"SELECT {expression} FROM {source}", LAB).columns
    return found


def refusal(expression, source="kinds"):
    with pytest.raises(AdqlError) as raised:
        translate(f"SELECT {expression} FROM {source}", LAB)
    return str(raised.value)


# Values ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression, result",
    [("CAST(2.5 AS INTEGER)", "2"), ("CAST(3.5 AS INTEGER)", "4"), ("CAST(k_double AS BIGINT)", "2")]
    + [
        ("CAST('12' AS SMALLINT)", "12"),
        ("CAST(' -1.5e3 ' AS REAL)", "-1500"),
        ("CAST('inf' AS REAL)", "+Inf"),
    ]
    + [("CAST(9223372036854775807 AS BIGINT)", "9223372036854775807"), ("CAST('NaN' AS REAL)", "NaN")]
    + [("CAST(-9223372036854775808 AS BIGINT)", "-9223372036854775808"), ("CAST(NULL AS INTEGER)", None)]
    + [
        ("CAST(k_int AS VARCHAR)", "10"),
        ("CAST(12345 AS VARCHAR(3))", "123"),
        ("CAST('hello' AS CHAR)", "hello"),
    ]
    + [
        ("CAST('ab' AS CHAR(4)) || '.'", "ab  ."),
        ("CAST('hello' AS CHAR(2))", "he"),
        ("CAST(0.1 AS CHAR)", "0.1"),
    ]
    + [("CAST('ab' AS VARCHAR(4)) || '.'", "ab.")]
    + [("CAST(k_time AS VARCHAR)", "2026-01-01T12:00:00"), ("CAST(k_time AS CHAR(10))", "2026-01-01")]
    + [("CAST('2021-01-14T11:25:00.5Z' AS TIMESTAMP)", "2021-01-14T11:25:00.5")]
    + [("CAST('2021-01-' || '14' AS TIMESTAMP)", "2021-01-14T00:00:00")]
    + [("CAST('12.5 -3' AS POINT)", "12.5 -3"), ("CAST(POINT(1, 2) AS VARCHAR)", "1 2")],
)
def test_cast_converts_as_in_adql(ask, expression, result):
    """Digest section 3, CAST: timestamps become text in DALI's form; bare CHAR is a text of any length."""
    assert value(ask, expression) == result


@pytest.mark.parametrize(
    "expression, result",
    [
        ("ROUND(CAST(1234567 AS REAL))", "1234567"),
        ("TRUNCATE(CAST(1234567890123457 AS DOUBLE PRECISION))", "1.234567890123457e+15"),
        ("MOD(CAST(1000000000000001 AS DOUBLE PRECISION), 2)", "1"),
        ("MOD(9007199254740993, 2)", "1"),
        ("MOD(0.3, CAST(0.1 AS REAL))", "0"),
        ("ROUND(CAST(2.675 AS DOUBLE PRECISION), 2)", "2.68"),
        ("CAST(9007199254740993.0 AS BIGINT)", "9007199254740993"),
        ("CAST(9223372036854775807.4 AS BIGINT)", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("-9223372036854775808 / 3", "-3074457345618258602"),
    ],
)
def test_no_digit_is_lost_on_the_way(ask, expression, result):
    """PostgreSQL's own cast to numeric keeps 6 digits of a REAL, 15 of a DOUBLE PRECISION."""
    assert value(ask, expression) == result


def test_a_text_column_is_cast_as_a_text_literal_is(ask):
    """PostgreSQL 16 reads 0x10 and 1_000 as well, 15 does not."""
    for text in ("0x10", "1_000", "0b1", "0x1p3"):
        assert "is not a" in refusal(f"CAST('{text}' AS INTEGER)")
        for type_ in ("INTEGER", "DOUBLE PRECISION"):
            with pytest.raises(psycopg2.errors.InvalidTextRepresentation):
                ask(f"SELECT CAST(q.t AS {type_}) FROM (SELECT '{text}' AS t FROM kinds) AS q")


@pytest.mark.parametrize(
    "text, moment",
    [("2026-01-31T12:30", "12:30:00"), ("2026-01-31 12:30", "12:30:00"), ("2026-01-31T00:00", "00:00:00")]
    + [("2026-01-31T12:30:00+00:00", "12:30:00"), ("2026-01-31T12:30:00.5-00:00", "12:30:00.5")]
    + [("2026-01-31T12:30+0000", "12:30:00"), ("2026-01-31T12:30Z", "12:30:00"), ("2026-01-31Z", "00:00:00")],
)
def test_a_timestamp_may_lack_its_seconds_and_name_utc(ask, text, moment):
    """As Python, JavaScript and the ESO archive write them; a literal and the text of a column alike."""
    as_column = f"CAST(q.t AS TIMESTAMP) FROM (SELECT '{text}' AS t FROM kinds WHERE k_short = 1) AS q"

    assert value(ask, f"CAST('{text}' AS TIMESTAMP)") == f"2026-01-31T{moment}"
    assert ask(f"SELECT {as_column}") == [(f"2026-01-31T{moment}",)]


@pytest.mark.parametrize(
    "expression, result",
    [("COALESCE(NULL, k_int, 5)", "10"), ("COALESCE(k_text)", "one"), ("COALESCE(NULL, NULL)", None)]
    + [("COALESCE(NULL, '2026-01-01', k_time)", "2026-01-01T00:00:00"), ("COALESCE(1, 2.5)", "1")]
    + [("NULLIF(k_int, 10)", None), ("NULLIF(k_int, 11)", "10"), ("NULLIF(k_text, NULL)", "one")]
    + [("CASE WHEN k_int > 5 THEN 'big' ELSE 'small' END", "big"), ("CASE WHEN 1 = 0 THEN 1 END", None)]
    + [
        ("CASE k_int WHEN 1 THEN 'a' WHEN 10 THEN 'b' END", "b"),
        ("CASE NULL WHEN NULL THEN 1 ELSE 0 END", "0"),
    ]
    + [("CASE k_time WHEN '2026-01-01T12:00:00' THEN 1 ELSE 0 END", "1"), ("COALESCE(k_short, -5)", "1")]
    + [("CASE WHEN EXISTS (SELECT 1 FROM lab.other o WHERE o.k_int = kinds.k_int) THEN 1 ELSE 0 END", "1")],
)
def test_alternatives_are_chosen_as_in_sql(ask, expression, result):
    """ADQL 2.1, section 4.8 (COALESCE); NULLIF and CASE as in SQL-92, section 6.9."""
    assert value(ask, expression) == result


@pytest.mark.parametrize(
    "expression, result",
    [("LOWER('Abc')", "abc"), ("UPPER(k_text)", "ONE"), ("LOWER(NULL)", None), ("LOWER('A' || 'B')", "ab")]
    + [("UPPER(LOWER('x')) || 'y'", "Xy")],
)
def test_texts_change_their_case(ask, expression, result):
    """ADQL 2.1, section 4.3."""
    assert value(ask, expression) == result


@pytest.mark.parametrize(
    "condition, rows",
    [("k_text ILIKE 'ONE'", [1]), ("k_text NOT ILIKE 'TWO%'", [1]), ("k_text ILIKE '%W_%'", [2])]
    + [
        ("'a\\b' ILIKE 'A\\B'", [1, 2, 3]),
        ("k_text ILIKE NULL", []),
        ("LOWER(k_text) ILIKE UPPER(k_text)", [1, 2]),
    ],
)
def test_ilike_ignores_case_and_has_no_escape(ask, condition, rows):
    """ADQL 2.1, section 4.3; digest section 2: no ESCAPE."""
    found = ask(f"SELECT k_short FROM kinds WHERE {condition} ORDER BY 1")

    assert [row for (row,) in found] == rows


@pytest.mark.parametrize(
    "expression, result",
    [("IN_UNIT(k_int, 'ms')", "10000"), ("IN_UNIT(k_int, 'min')", "0.16666666666666666")]
    + [("IN_UNIT(k_double, 'arcsec')", "5400"), ("IN_UNIT(k_int + k_long, 's')", "110")]
    + [("IN_UNIT(k_float, 'km')", "0.0005"), ("IN_UNIT(IN_UNIT(k_int, 'h'), 's')", "10")],
)
def test_a_number_is_converted_to_a_unit(ask, expression, result):
    """ADQL 2.1, section 4.7."""
    assert value(ask, expression) == result


@given(st.sampled_from(["ms", "us", "min", "h", "d", "yr", "a", "Ms", "s", "10**3.s", "100s"]))
def test_the_factor_is_that_of_astropy(unit):
    """ADQL 2.1, section 4.7: units in the syntax of VOUnits."""
    try:
        expected = units.s.to(units.Unit(unit, format="vounit"))
    except ValueError:
        assert "is no unit of VOUnits" in refusal(f"IN_UNIT(k_int, '{unit}')")
        return
    sql = translate(f"SELECT IN_UNIT(k_int, '{unit}') FROM kinds", LAB).sql
    operator, factor = sql.split('"k_int" ')[1].split("::")[0].split()

    assert (float(factor) if operator == "*" else 1 / float(factor)) == pytest.approx(expected, rel=1e-15)


# What is told of the result -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression, datatype, arraysize",
    [("CAST(k_int AS SMALLINT)", "short", None), ("CAST(k_int AS BIGINT)", "long", None)]
    + [("CAST(k_int AS REAL)", "float", None), ("CAST(k_text AS DOUBLE PRECISION)", "double", None)]
    + [("CAST(k_int AS CHAR)", "char", "*"), ("CAST(k_int AS CHAR(5))", "char", "5")]
    + [("CAST(k_int AS VARCHAR(5))", "char", "5*"), ("CAST(k_text AS TIMESTAMP)", "char", "*")]
    + [("COALESCE(k_short, 1)", "short", None), ("COALESCE(k_float, 1)", "float", None)]
    + [("CASE WHEN 1 = 1 THEN 1 ELSE 3000000000 END", "long", None), ("NULLIF(k_long, 1)", "long", None)]
    + [
        ("COALESCE(NULL)", "char", "*"),
        ("UPPER(k_text)", "char", "*"),
        ("IN_UNIT(k_int, 'h')", "double", None),
    ],
)
def test_a_result_has_the_type_it_was_made(expression, datatype, arraysize):
    """Digest section 3, type map."""
    found = column(expression)

    assert (found.datatype, found.arraysize) == (datatype, arraysize)


@pytest.mark.parametrize(
    "expression, unit, ucd",
    [("CAST(k_int AS BIGINT)", "s", "time.duration"), ("CAST(k_time AS VARCHAR)", None, "time.start")]
    + [("IN_UNIT(k_int, 'h')", "h", "time.duration"), ("COALESCE(k_int, 0)", "s", "time.duration")]
    + [("COALESCE(k_int, k_int + 1)", None, None), ("NULLIF(k_int, -1)", "s", "time.duration")]
    + [("CASE WHEN 1 = 1 THEN k_int ELSE 0 END", "s", "time.duration"), ("LOWER(k_text)", None, None)]
    + [("CASE WHEN 1 = 1 THEN 1 END", None, None), ("ABS(CAST(k_int AS REAL))", "s", None)],
)
def test_unit_and_ucd_are_kept_where_they_remain_correct(expression, unit, ucd):
    """Digest section 8: CAST keeps both; COALESCE where all agree; IN_UNIT has its literal."""
    found = column(expression)

    assert (found.unit, found.ucd, found.utype) == (unit, ucd, None)


# What is refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression, words",
    [("CAST('abc' AS INTEGER)", "'abc' is not a whole number. (line 1, column 13)")]
    + [
        ("CAST('1.5' AS INTEGER)", "'1.5' is not a whole number."),
        ("CAST('x' AS REAL)", "'x' is not a number."),
    ]
    + [("CAST(40000 AS SMALLINT)", "out of the range of SMALLINT"), ("CAST('1e39' AS REAL)", "range of REAL")]
    + [("CAST('9223372036854775808' AS BIGINT)", "range of BIGINT"), ("CAST(1e-50 AS REAL)", "range of REAL")]
    + [("CAST('1e-400' AS DOUBLE PRECISION)", "out of the range of DOUBLE PRECISION")]
    + [("CAST('yesterday' AS TIMESTAMP)", "'yesterday' is not a timestamp.")]
    + [("CAST('2021-01-14T00:00:00+02' AS TIMESTAMP)", "is not a timestamp.")]
    + [("CAST(k_int AS TIMESTAMP)", "A number cannot be cast to TIMESTAMP.")]
    + [("CAST(k_time AS INTEGER)", "A timestamp cannot be cast to INTEGER.")]
    + [
        ("CAST(k_array AS VARCHAR)", "cannot be cast to VARCHAR"),
        ("CAST(k_text AS POINT)", "takes a text literal"),
    ]
    + [
        ("CAST('1 2 3' AS POINT)", "'1 2 3' is not a valid point."),
        ("CAST('1 95' AS POINT)", "A latitude must be between"),
    ]
    + [("CAST('1 2 3 4 5 6' AS POLYGON)", "CAST to POLYGON is not supported by this service.")]
    + [
        ("CAST(k_int AS CHAR(0))", "1 to 100000 characters"),
        ("CAST(k_int AS POINT)", "cannot be cast to POINT"),
    ],
)
def test_an_impossible_cast_is_reported(expression, words):
    """Digest section 3, CAST; section 8, bad timestamp literal."""
    assert words in refusal(expression)


@pytest.mark.parametrize(
    "expression, words",
    [("COALESCE(k_int, 'a')", "k_int is a number, but 'a' is text: COALESCE takes values of one type.")]
    + [("CASE WHEN 1 = 1 THEN 1 ELSE k_text END", "but k_text is text: CASE takes values of one type.")]
    + [
        ("CASE k_int WHEN 'a' THEN 1 END", "they cannot be compared."),
        ("NULLIF(k_int, 'a')", "cannot be compared"),
    ]
    + [
        ("COALESCE(k_time, 'soon')", "'soon' is not a timestamp."),
        ("COALESCE(k_array)", "can only be selected"),
    ]
    + [
        (
            "LOWER(k_int)",
            "LOWER takes a text here; this is a number. (line 1, column 14) CAST converts it to a text.",
        )
    ]
    + [("SQRT(k_text)", "prov_number converts a text to a number."), ("ABS(k_time)", "takes a number here")]
    + [
        ("IN_UNIT(k_int, 'm')", "s cannot be converted to m."),
        ("IN_UNIT(k_int, 'foo')", "'foo' is not a unit of VOUnits."),
    ]
    + [
        ("IN_UNIT(k_int, '')", "'' is not a unit"),
        ("IN_UNIT(k_short, 's')", "this value has none"),
        ("IN_UNIT(5, 's')", "none"),
    ]
    + [
        ("IN_UNIT(k_text, 's')", "IN_UNIT converts numbers; this is text."),
        ("IN_UNIT(k_int, 's((')", "not a unit"),
    ]
    + [("LOWR('a')", "Unknown function LOWR. (line 1, column 8) Did you mean LOWER?")],
)
def test_wrong_arguments_of_a_function_are_reported(expression, words):
    """Digest section 8: argument types; section 3: IN_UNIT and COALESCE."""
    assert words in refusal(expression)


@pytest.mark.parametrize(
    "expression, words",
    [("CAST(k_text AS INTEGER)", "converts a text to a number")]
    + [("CAST(k_text AS TIMESTAMP)", "converts a text to a timestamp")]
    + [("CAST(LOWER('2021-02-30') AS TIMESTAMP)", "timestamp in the query is out of range")]
    + [
        ("CAST(k_long AS SMALLINT)", "out of the range of its type"),
        ("MOD(1, k_int - 10)", "divides by zero"),
    ]
    + [
        ("gavo_match('(', k_text)", "contains an invalid regular expression"),
        ("LOG(k_int - 10)", "logarithm"),
    ]
    + [("SQRT(-k_int)", "takes the square root of a negative number. CASE WHEN x >= 0 THEN SQRT(x) END")]
    + [("SQRT(-1)", "the square root of a negative number"), ("LOG10(-1)", "CASE WHEN x > 0 THEN LOG(x) END")]
    + [
        ("POWER(0, -1)", "raises zero to a negative power"),
        ("POWER(-k_int, 0.5)", "a fractional power"),
    ]
    + [
        ("ASIN(2)", "the arc sine of a number that is not between -1 and 1"),
        ("ACOS(-1.1)", "THEN ACOS(x) END"),
    ]
    + [
        ("EXP(1000)", "is too large: the largest DOUBLE PRECISION is 1.8e308"),
        ("EXP(-1000)", "is too close to 0"),
    ]
    + [
        ("CAST(k_double * 1e300 AS REAL)", "is too large"),
        ("SIN(CAST('inf' AS REAL))", "infinite number"),
    ]
    + [
        (
            "CAST(CAST('nan' AS REAL) AS INTEGER)",
            "infinite, NaN or too large to a whole number",
        )
    ]
    + [("k_int + 2147483647", "out of the range of its type. CAST(x AS DOUBLE PRECISION) allows")]
    + [
        ("DISTANCE(CAST('inf' AS REAL), 1, 2, 3)", "infinite coordinate"),
        ("k_int / (k_int - 10)", "NULLIF(x, 0)"),
    ]
    + [("POWER(k_int, 999)", "is too large"), ("IN_UNIT(k_int, 'h') / 0", "divides by zero")],
)
def test_runtime_errors_are_reported_in_terms_of_adql(ask, expression, words):
    """ERR-2; digest section 3: domain errors are reported, not masked."""
    with pytest.raises(psycopg2.Error) as raised:
        ask(f"SELECT {expression} FROM kinds")

    assert words in str(query_failure(raised.value, overdue=False))


# The page ---------------------------------------------------------------------------------------------------


def test_the_reference_page_is_up_to_date():
    """docs/reference/functions.md is made from the tables of functions, like capabilities."""
    assert PAGE.read_text(encoding="utf-8") == functions_page(), "make pages makes it anew"


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_function_takes_each_argument_once(function):
    """Nested calls would double with each level otherwise: a short query could fill the memory."""
    counts = [function.sql.count(f"{{{number}}}") for number in range(len(function.parameters))]

    assert all(count <= 1 for count in counts)
