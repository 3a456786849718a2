"""The expected values of all functions of ADQL, computed without a database.

A number is a Fraction with its exact value. An oracle raises `NoAnswer` if the query must fail.
"""

import decimal
import math
import re
import struct
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

TRAPS = [decimal.Overflow, decimal.Underflow, decimal.InvalidOperation, decimal.DivisionByZero]
WIDE = decimal.Context(prec=60, Emax=999_999, Emin=-999_999, traps=TRAPS)
ALL_DIGITS = decimal.Context(prec=2_500)
"""Holds any double without rounding."""
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494")


class NoAnswer(Exception):
    """PostgreSQL must refuse this."""


def double(x: Fraction | Decimal | int) -> float:
    """Return the nearest DOUBLE PRECISION."""
    try:
        return _bounded(float(Fraction(x)), x)
    except OverflowError as error:
        raise NoAnswer from error


def real(x: Fraction | Decimal | int) -> float:
    """Return the nearest REAL, as a double."""
    try:
        (near,) = struct.unpack("<f", struct.pack("<f", double(x)))
    except OverflowError as error:
        raise NoAnswer from error
    return _bounded(near, x)


def _bounded(near: float, exact: object) -> float:
    if near == 0 and exact != 0:
        raise NoAnswer
    return near


def exactly(x: float | Fraction) -> Decimal:
    """Return a number with all its digits."""
    x = Fraction(x)
    return ALL_DIGITS.divide(Decimal(x.numerator), Decimal(x.denominator))


# Mathematics ----------------------------------------------------------------------------------------------


def mod(x: Fraction, y: Fraction) -> float:
    if y == 0:
        raise NoAnswer
    return double(x - y * int(x / y))


def cut(rounding: str) -> Callable[..., float]:
    """Return ROUND or TRUNCATE."""

    def to_digits(x: Fraction, digits: Fraction = Fraction(0)) -> float:
        unit = Decimal((0, (1,), -int(digits)))
        return double(exactly(x).quantize(unit, rounding=rounding, context=ALL_DIGITS))

    return to_digits


def wide(operation: Callable[..., Decimal]) -> Callable[..., float]:
    """Return a function of doubles that is computed with sixty digits."""

    def compute(*numbers: Fraction) -> float:
        try:
            return double(operation(*(exactly(double(x)) for x in numbers)))
        except ArithmeticError as error:
            raise NoAnswer from error

    return compute


def power(x: Decimal, y: Decimal) -> Decimal:
    whole = y == y.to_integral_value()
    if x < 0 and not whole:
        raise NoAnswer
    if y == 0 or abs(x) == 1 or x == 0 and y > 0:
        size = Decimal(0 if x == 0 != y else 1)
    else:
        size = WIDE.power(abs(x), y)
    return -size if x < 0 and whole and int(y) % 2 else size


def by_libm(function: Callable[..., float]) -> Callable[..., float]:
    """Return a function that the C library has for PostgreSQL and for Python alike."""

    def compute(*numbers: Fraction) -> float:
        try:
            return function(*map(double, numbers))
        except ValueError as error:
            raise NoAnswer from error

    return compute


def cot(x: float) -> float:
    return 1 / math.tan(x) if x else math.inf


# Places ---------------------------------------------------------------------------------------------------


def distance(*degrees: Fraction) -> float:
    """Return what the haversine formula says: its sum of squares has sixty digits, so nothing cancels."""
    lon1, lat1, lon2, lat2 = (WIDE.multiply(exactly(double(x)), PI / 180) for x in degrees)
    half = (
        _sine((lat2 - lat1) / 2) ** 2
        + _sine(lat1 + PI / 2) * _sine(lat2 + PI / 2) * _sine((lon2 - lon1) / 2) ** 2
    )
    half = half if half > Decimal("1e-40") else Decimal(0)  # what the sines leave where there is nothing
    return math.degrees(2 * math.atan2(half.sqrt(), max(1 - half, Decimal(0)).sqrt()))


def _sine(x: Decimal) -> Decimal:
    x = WIDE.remainder_near(x, 2 * PI)
    term, total, n = x, x, 1
    while abs(term) > Decimal("1e-50"):
        n += 2
        term = WIDE.divide(WIDE.multiply(-term, WIDE.multiply(x, x)), Decimal(n * (n - 1)))
        total = WIDE.add(total, term)
    return total


def contains(*numbers: Fraction) -> int:
    lon1, lat1, radius1, lon2, lat2, radius2 = numbers
    inside = distance(lon1, lat1, lon2, lat2) + float(radius1) <= float(radius2) + 1e-12
    return int(inside or radius2 >= 180)


def intersects(*numbers: Fraction) -> int:
    lon1, lat1, radius1, lon2, lat2, radius2 = numbers
    return int(distance(lon1, lat1, lon2, lat2) <= float(radius1 + radius2) + 1e-12)


def place(*numbers: Fraction) -> str:
    return " ".join(f"{float(number):.15g}" for number in numbers)


# Texts and times ------------------------------------------------------------------------------------------

_BLANKS = r"[ \t\n\v\f\r]*"
_NUMBER = re.compile(rf"{_BLANKS}[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)(e[+-]?[0-9]+)?{_BLANKS}", re.I | re.A)


def prov_number(text: str) -> float | None:
    endless = re.fullmatch(rf"{_BLANKS}[+-]?inf(inity)?{_BLANKS}", text, re.I)
    return float(text) if _NUMBER.fullmatch(text) or endless else None


def days_since(offset: Fraction) -> Callable[[datetime], float]:
    def days(moment: datetime) -> float:
        passed = moment - datetime(1858, 11, 17)
        micros = (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds
        return double(Fraction(micros, 86_400_000_000) + offset)

    return days


def has_word(haystack: str, needle: str) -> int:
    there, wanted = (set(re.findall(r"[^\W_]+", text.lower())) for text in (haystack, needle))
    return int(bool(wanted) and wanted <= there)


def no_case_match(value: str, pattern: str) -> int:
    parts = ("." if c == "_" else ".*" if c == "%" else re.escape(c) for c in pattern)
    return int(re.fullmatch("".join(parts), value, re.I | re.S) is not None)


def substring(text: str, start: Fraction, length: Fraction = Fraction(2**31 - 1)) -> str:
    """Return characters by their numbers, which begin with 1 (SQL-92, section 6.7)."""
    if length < 0:
        raise NoAnswer
    first, end = int(start) - 1, int(start) - 1 + int(length)
    return text[max(first, 0) : max(end, 0)]


def match(pattern: str, text: str) -> int:
    try:
        return int(re.search(pattern, text) is not None)
    except re.error as error:
        raise NoAnswer from error


def overlaps(*numbers: Fraction) -> int:
    a1, b1, a2, b2 = map(double, numbers)
    return int(a1 <= b2 and a2 <= b1 and a1 <= b1 and a2 <= b2)


# CAST -----------------------------------------------------------------------------------------------------


def whole(bits: int) -> Callable[[Fraction | str], int]:
    def cast(x: Fraction | str) -> int:
        if isinstance(x, str) and not re.fullmatch(rf"{_BLANKS}[+-]?[0-9]+{_BLANKS}", x, re.A):
            raise NoAnswer
        rounded = round(Fraction(x.strip() if isinstance(x, str) else x))  # a half to the even number
        if not -(2 ** (bits - 1)) <= rounded < 2 ** (bits - 1):
            raise NoAnswer
        return rounded

    return cast


def floating(nearest: Callable[[Fraction], float]) -> Callable[[Fraction | str], float]:
    def cast(x: Fraction | str) -> float:
        if isinstance(x, str):
            number = prov_number(x)
            if x == "NaN" or number is not None and "inf" in x:
                return float(x)
            if number is None:
                raise NoAnswer
            x = Fraction(x.strip())
        return nearest(x)

    return cast


def text(x: Fraction | str | datetime) -> str | float:
    """Return the text of a text or a moment; that of a number is compared by its value."""
    return x.isoformat() if isinstance(x, datetime) else x if isinstance(x, str) else float(x)


CASTS: dict[str, Callable] = {
    "SMALLINT": whole(16),
    "INTEGER": whole(32),
    "BIGINT": whole(64),
    "REAL": floating(real),
    "DOUBLE PRECISION": floating(double),
    "VARCHAR": text,
    "CHAR": text,
}
ORACLES: dict[str, Callable] = {
    "ABS": lambda x: abs(double(x)),
    "CEILING": lambda x: double(math.ceil(Fraction(double(x)))),
    "DEGREES": wide(lambda x: WIDE.multiply(x, 180 / PI)),
    "EXP": wide(WIDE.exp),
    "FLOOR": lambda x: double(math.floor(Fraction(double(x)))),
    "LOG": wide(WIDE.ln),
    "LOG10": wide(WIDE.log10),
    "MOD": mod,
    "PI": lambda: float(PI),
    "POWER": wide(power),
    "RADIANS": wide(lambda x: WIDE.multiply(x, PI / 180)),
    "ROUND": cut(decimal.ROUND_HALF_UP),
    "SQRT": wide(WIDE.sqrt),
    "TRUNCATE": cut(decimal.ROUND_DOWN),
    "ACOS": by_libm(math.acos),
    "ASIN": by_libm(math.asin),
    "ATAN": by_libm(math.atan),
    "ATAN2": by_libm(math.atan2),
    "COS": by_libm(math.cos),
    "COT": by_libm(cot),
    "SIN": by_libm(math.sin),
    "TAN": by_libm(math.tan),
    "LOWER": str.lower,
    "UPPER": str.upper,
    "CHAR_LENGTH": len,
    "SUBSTRING": substring,
    "prov_number": prov_number,
    "ivo_hasword": has_word,
    "ivo_nocasematch": no_case_match,
    "ivo_hashlist_has": lambda hashlist, item: int(
        bool(hashlist) and item.lower() in hashlist.lower().split("#")
    ),
    "ivo_interval_overlaps": overlaps,
    "ivo_to_mjd": days_since(Fraction(0)),
    "ivo_to_jd": days_since(Fraction("2400000.5")),
    "gavo_match": match,
    "POINT": place,
    "CIRCLE": place,
    "DISTANCE": distance,
    "COORD1": lambda point: float(point.split()[0]),
    "COORD2": lambda point: float(point.split()[1]),
    "CONTAINS": contains,
    "INTERSECTS": intersects,
}
"""By name, for every function that answers the same each time and for one row."""
ELSEWHERE = {
    "RAND": "test_functions.py: a number between 0 and 1",
    "CURRENT_TIMESTAMP": "test_extensions.py: now",
    "CURRENT_DATE": "test_extensions.py: today",
    "ivo_string_agg": "test_udfs.py: of a group",
    "prov_derived_from": "test_lineage.py: of a store",
}
"""Functions that have no oracle here, and where they are tested."""
