"""Every function and cast, at the ends of each type and of NULL, against values computed in Python."""

import itertools
import math
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

import numpy
import psycopg2
import pytest

from provtap.adql import translate
from provtap.adql.functions.registry import FUNCTIONS
from provtap.adql.plan.functions import Function, Kind
from provtap.errors import AdqlError
from tests.adql.lab import LAB, fetch
from tests.adql.oracles import CASTS, ELSEWHERE, ORACLES, NoAnswer, real


class Given(NamedTuple):
    """An argument: as ADQL, its value, and what a function sees of it that works with the digits shown."""

    adql: str
    value: object
    shown: object


def _whole(type_: str, number: int) -> Given:
    return Given(f"CAST({number} AS {type_})", Fraction(number), Fraction(number))


def _double(number: float) -> Given:
    shown = Fraction(number) if abs(number) >= 2**53 else Fraction(repr(number))
    return Given(f"CAST('{number!r}' AS DOUBLE PRECISION)", Fraction(number), shown)


def _real(spelled: str) -> Given:
    number = numpy.float32(spelled)
    shown = Fraction(float(number)) if abs(number) >= 2**24 else Fraction(str(number))
    return Given(f"CAST('{spelled}' AS REAL)", Fraction(float(number)), shown)


def _literal(spelled: str) -> Given:
    return Given(spelled, Fraction(spelled), Fraction(spelled))


NUMBERS = (
    [_whole("SMALLINT", number) for number in (0, 1, -7, 2**15 - 1, -(2**15))]
    + [_whole("INTEGER", number) for number in (2**31 - 1, -(2**31))]
    + [_whole("BIGINT", sign * (2**53 + d)) for sign in (1, -1) for d in (-1, 0, 1)]
    + [_whole("BIGINT", number) for number in (2**63 - 1, -(2**63), 1_000_000_000_000_001)]
    + [_literal(number) for number in ("9223372036854775807", "-9223372036854775808", "9223372036854775808")]
    + [_literal(number) for number in ("2.5", "-2.5", "0.1", "9007199254740993.5", "12345678901234567.89")]
    + [_real(number) for number in ("0.1", "-0.5", "1234567", "16777217", "2147483648", "1e10", "0.29")]
    + [_real(number) for number in ("1e-45", "-1e-45", "1.1754944e-38", "3.4028235e38", "-3.4028235e38")]
    + [
        _double(number)
        for number in (0.1, 0.29, 0.5, -0.5, 1.5, 2.5, -2.5, 2.675, 1e15 + 1, 1234567890123457.0)
    ]
    + [
        _double(number)
        for number in (2.0**53, 2.0**53 - 1, -(2.0**53), 2.0**63, -(2.0**63), 1e22, 1e23, 3e300)
    ]
    + [_double(number) for number in (5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308)]
    + [
        _double(number)
        for number in (0.49999999999999994, 4503599627370496.5, 0.1 + 0.2, 1e-7, 700.0, -700.0)
    ]
)
FEW = NUMBERS[::4]
FOR_PLACES = {
    "lon": [_literal("10"), _literal("359.5")],
    "lat": [_literal("0"), _literal("-90"), _literal("5.5")],
    "radius": [_literal("0"), _literal("7")],
}
TEXTS = [
    Given("'" + text.replace("'", "''") + "'", text, text)
    for text in ("", "a", "Crab", "cr%", "ÄÖ_1", "a#B", "the quick/brown", "5", " -1.5e3\n", "1e-400", "inf")
    + ("0x10", "1_000", "NaN", "(", "it's", "9223372036854775808", "-32768", "\\d", "")
]
MOMENTS = [
    Given(f"CAST('{text}' AS TIMESTAMP)", moment := datetime.fromisoformat(text), moment)
    for text in (
        "2000-01-01T12:00:00",
        "1858-11-17",
        "9999-12-31T23:59:59.999999",
        "0001-01-01",
        "1970-01-01",
    )
]
INTEGERS = [_literal(number) for number in ("0", "1", "2", "-3", "15", "2147483647", "-2147483648")]
DIGITS = [_literal(number) for number in ("0", "2", "-3", "15", "330", "-400")]
POINTS = [Given("POINT(10, 20.5)", "10 20.5", None), Given("POINT(0, -90)", "0 -90", None)]
BY_KIND = {
    Kind.NUMBER: NUMBERS,
    Kind.TEXT: TEXTS,
    Kind.TIMESTAMP: MOMENTS,
    Kind.WHOLE: DIGITS,
    Kind.INTEGER: INTEGERS,
    Kind.POINT: POINTS,
}
NULLS = {
    Kind.NUMBER: ["NULL", "CAST(NULL AS DOUBLE PRECISION)", "CAST(NULL AS REAL)", "CAST(NULL AS BIGINT)"],
    Kind.INTEGER: ["NULL", "CAST(NULL AS SMALLINT)", "CAST(NULL AS BIGINT)"],
    Kind.TEXT: ["NULL", "CAST(NULL AS VARCHAR)"],
    Kind.TIMESTAMP: ["NULL", "CAST(NULL AS TIMESTAMP)"],
    Kind.POINT: ["POINT(CAST(NULL AS REAL), 1)", "POINT(1, NULLIF(1, 1))"],
}
FORMS = {
    name: f"{name}(CIRCLE({{}}, {{}}, {{}}), CIRCLE({{}}, {{}}, {{}}))" for name in ("CONTAINS", "INTERSECTS")
}
LOOSE = 4
"""Units in the last place, for what is rounded more than once on its way."""
STRICT = frozenset({"ABS", "CEILING", "FLOOR", "MOD", "PI", "ROUND", "TRUNCATE", "SQRT", "prov_number"})
NAMES = sorted(ORACLES)


def test_every_function_has_an_oracle():
    """A new function is tested by being listed in `oracles.py`."""
    assert ORACLES.keys() | ELSEWHERE.keys() == FUNCTIONS.keys()
    assert not ORACLES.keys() & ELSEWHERE.keys()


# Values ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_columns", [False, True], ids=["literals", "columns"])
@pytest.mark.parametrize("name", NAMES)
def test_a_function_agrees_with_its_oracle(lab, name, as_columns):
    """ADQL 2.1, section 2.3; A6: all digits of an argument count, whatever type it comes in."""
    function, oracle = FUNCTIONS[name], ORACLES[name]
    cases = []
    for arguments in combinations(function):
        values = [given.shown if function.is_exact else given.value for given in arguments]
        if name not in CASE_FOLDING or all_ascii(values) or folds_unicode(lab):
            cases.append((call(function, arguments), expected(oracle, values)))

    check(lab, cases, as_columns and function.parameters != (), name in STRICT)


@pytest.mark.parametrize("as_columns", [False, True], ids=["literals", "columns"])
@pytest.mark.parametrize("type_name", CASTS)
def test_a_cast_keeps_values_in_the_range_of_its_type(lab, type_name, as_columns):
    """ADQL 2.1, section 4.6: numbers to the nearest, texts as they are spelled."""
    sources = NUMBERS + TEXTS + (MOMENTS if "CHAR" in type_name else [])
    form = f"CAST({{}} AS {type_name})"
    if type_name == "REAL":  # psycopg2 would read its text as a double
        form = f"CAST({form} AS DOUBLE PRECISION)"
    cases = [((form, (given,)), expected(CASTS[type_name], [given.value])) for given in sources]

    check(lab, cases, as_columns, True)


@pytest.mark.parametrize(
    "expression, result",
    [
        (f"{name}({x})", y)
        for name in ("ABS", "CEILING", "FLOOR", "ROUND", "TRUNCATE")
        for x, y in (("'inf'", math.inf), ("'nan'", math.nan))
    ]
    + [
        ("ROUND('-inf', 3)", -math.inf),
        ("ABS('-inf')", math.inf),
        ("EXP('-inf')", 0),
        ("EXP('inf')", math.inf),
    ]
    + [
        ("MOD('inf', 2)", math.nan),
        ("MOD(5, 'inf')", 5),
        ("MOD('nan', 2)", math.nan),
        ("SQRT('inf')", math.inf),
    ]
    + [
        ("POWER('inf', 0)", 1),
        ("POWER(2, '-inf')", 0),
        ("LOG('inf')", math.inf),
        ("ATAN('inf')", math.pi / 2),
    ]
    + [("ATAN2('inf', 1)", math.pi / 2), ("SIN('nan')", math.nan), ("DEGREES('-inf')", -math.inf)],
)
def test_infinities_and_nan_are_numbers_as_ieee_754_has_them(lab, expression, result):
    """A REAL or DOUBLE column may hold them."""
    for type_ in ("REAL", "DOUBLE PRECISION"):
        written = expression
        for special in ("'inf'", "'-inf'", "'nan'"):
            written = written.replace(special, f"CAST({special} AS {type_})")
        assert answers(lab, [written]) == [pytest.approx(result, rel=1e-15, nan_ok=True)]


# NULL -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_function_of_null_is_null(lab, name):
    """A7: whichever argument it is, whatever type it has, and whatever the others are."""
    function = FUNCTIONS[name]
    expressions = [written(form, arguments) for form, arguments in with_nulls(function)]

    assert answers(lab, expressions) == [None] * len(expressions)
    if function.result.is_geometry:
        tested = [f"CASE WHEN {e} IS NULL THEN 1 ELSE 0 END" for e in expressions]
        assert answers(lab, tested) == [1] * len(expressions)


@pytest.mark.parametrize("name", [name for name in NAMES if FUNCTIONS[name].is_condition] + ["DISTANCE"])
def test_a_condition_on_null_chooses_no_row(lab, name):
    """A7: neither it nor its contrary, where conditions are written for an index too."""
    test = "{} <= 7" if name == "DISTANCE" else "{} = 1"
    contrary = "{} > 7" if name == "DISTANCE" else "0 = {}"
    conditions = (test, contrary, f"NOT {test}", f"NOT ({test} AND k_short = 1)", f"NOT (NOT {contrary})")
    calls = list(with_nulls(FUNCTIONS[name]))
    columns = sorted({argument for _, arguments in calls for argument in arguments})
    source = ", ".join(f"{adql} AS n{number}" for number, adql in enumerate(columns))
    for form, arguments in calls:
        fields = (a if a == "NULL" else f"q.n{columns.index(a)}" for a in arguments)
        for call_ in (form.format(*arguments), form.format(*fields)):
            for condition in conditions:
                query = (
                    f"SELECT 1 FROM (SELECT {source}, k_short FROM kinds WHERE k_short = 1) AS q"
                    f" WHERE {condition.format(call_)}"
                )
                assert fetch(lab, translate(query, LAB).sql) == [], query


# How calls are made -----------------------------------------------------------------------------------------


def combinations(function: Function):
    """Yield arguments of a function, with those that may be left out and without."""
    if takes_places(function):
        yield from itertools.product(*(FOR_PLACES[p.name.rstrip("12")] for p in function.parameters))
        return
    choices = [BY_KIND[parameter.kind] for parameter in function.parameters]
    if len(choices) > 1:
        choices = [FEW if choice is NUMBERS else choice for choice in choices]
    if len(choices) == 4:
        choices = [choice[::3] for choice in choices]
    for left_out in range(function.optional + 1):
        yield from itertools.product(*choices[: len(choices) - left_out])


def with_nulls(function: Function):
    """Yield calls with a NULL for each argument, beside values close to each other and far apart."""
    is_place = takes_places(function)
    others = [FOR_PLACES[p.name.rstrip("12")] if is_place else BY_KIND[p.kind] for p in function.parameters]
    count = len(others)
    patterns = {(0,) * count, (1,) * count, (0,) * (count // 2) + (1,) * (count - count // 2)}
    for position, parameter in enumerate(function.parameters):
        if parameter.kind is Kind.WHOLE:
            continue
        for null in NULLS[parameter.kind][is_place:]:  # the grammar has no bare NULL among coordinates
            for choices in patterns:
                arguments = [given[choice].adql for given, choice in zip(others, choices, strict=True)]
                arguments[position] = null
                yield form_of(function, len(arguments)), tuple(arguments)


def takes_places(function: Function) -> bool:
    return function.name in FORMS or function.result.is_geometry or function.name == "DISTANCE"


def form_of(function: Function, count: int) -> str:
    return FORMS.get(function.name) or f"{function.name}({', '.join(['{}'] * count)})"


def written(form: str, arguments) -> str:
    return form.format(*arguments)


def call(function: Function, arguments):
    return form_of(function, len(arguments)), arguments


def expected(oracle, values):
    """Return what the oracle says, `NoAnswer` where it is that the query fails."""
    try:
        return oracle(*values)
    except NoAnswer:
        return NoAnswer


CASE_FOLDING = {"LOWER", "UPPER", "ivo_hasword", "ivo_hashlist_has", "ivo_nocasematch"}
"""They fold case by the collation of the database, which may be C where ProvTAP did not make it."""


def all_ascii(values):
    return all(value.isascii() for value in values if isinstance(value, str))


def folds_unicode(lab):
    return answers(lab, ["LOWER('Ä')"]) == ["ä"]


def check(lab, cases, as_columns, is_strict):
    """Compare answers: those that there must be in one query, those that must fail one by one."""
    good = [(call_, result) for call_, result in cases if result is not NoAnswer]
    found = []
    for start in range(0, len(good), 400):
        found += asked(lab, [call_ for call_, _ in good[start : start + 400]], as_columns)
    wrong = [
        (written(form, [given.adql for given in arguments]), answer, result)
        for ((form, arguments), result), answer in zip(good, found, strict=True)
        if not is_same(answer, result, is_strict)
    ]
    assert wrong == []
    for call_, result in cases:
        if result is NoAnswer:
            with pytest.raises((AdqlError, psycopg2.DataError)):
                pytest.fail(f"{call_}: {asked(lab, [call_], as_columns)}")


def asked(lab, calls, as_columns):
    if not as_columns:
        return answers(lab, [written(form, [given.adql for given in arguments]) for form, arguments in calls])
    columns = list(dict.fromkeys(given.adql for _, arguments in calls for given in arguments))
    names = {adql: f"q.n{number}" for number, adql in enumerate(columns)}
    expressions = [
        written(form, [_column(form, names, given) for given in arguments]) for form, arguments in calls
    ]
    source = ", ".join(f"{adql} AS n{number}" for number, adql in enumerate(columns))
    return answers(lab, expressions, f"(SELECT {source} FROM kinds WHERE k_short = 1) AS q")


def _column(form, names, given):
    """Digits of ROUND and TRUNCATE must be literals."""
    is_digits = form.startswith(("ROUND", "TRUNCATE")) and given in DIGITS
    return given.adql if is_digits else names[given.adql]


def answers(lab, expressions, source="kinds WHERE k_short = 1"):
    if not expressions:
        return []
    sql = translate(f"SELECT {', '.join(expressions)} FROM {source}", LAB).sql
    ((*cells,),) = fetch(lab, sql)
    return cells


def is_same(answer, result, is_strict):
    if isinstance(answer, list):
        return " ".join(f"{number:.15g}" for number in answer) == result
    if isinstance(result, float) and isinstance(answer, str):
        return float(answer) == result or real(Fraction(answer)) == result
    if isinstance(answer, datetime):
        return answer == result
    if isinstance(answer, float) and isinstance(result, float) and result == result:
        return answer == result or not is_strict and abs(answer - result) <= LOOSE * math.ulp(result)
    return (answer == result or answer != answer and result != result) and type(answer) is type(result)
