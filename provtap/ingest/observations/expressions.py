"""The expression of a column in a mapping: a keyword, a constant, or a function of these.

    <expression> ::= <function> ( <expression> [ , <expression> ]... ) | '<text>' | <number> | <keyword>

A keyword has its name in the header or table: `DATE-OBS`, `ESO OBS ID`. Unknown values are None, and so are
functions of them, unless stated otherwise.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from provtap.errors import DocumentError, nearest


@dataclass(frozen=True)
class Keywords:
    """The keywords of one header, or the columns of one row and the keywords of its table, in upper case."""

    values: Mapping[str, Any]
    units: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name.upper())


@dataclass(frozen=True)
class Expression:
    """An expression: its value for some keywords, and the keywords that it needs."""

    text: str
    value: Callable[[Keywords], Any]
    keywords: frozenset[str] = frozenset()
    unit: Callable[[Keywords], str | None] = lambda keywords: None


_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<mark>[(),])|(?P<word>[^\s(),'][^(),']*))")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def constant(value: Any) -> Expression:
    """Return the expression with the constant *value*."""
    return Expression(str(value), lambda keywords: value)


def keyword(name: str) -> Expression:
    """Return the expression with the value of a keyword."""
    return Expression(
        name,
        lambda keywords: keywords[name],
        frozenset({name.upper()}),
        lambda keywords: keywords.units.get(name.upper()),
    )


def parse(text: str) -> Expression:
    """Return the expression in *text*.

    Raises: DocumentError.
    """
    tokens = list(_tokens(text))
    found = _expression(text, tokens)
    if tokens:
        raise DocumentError(f"{text}: there is {tokens[0]} after the end of the expression")
    return found


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise DocumentError(f"{text}: the text that begins with {text[at:].strip()[:10]} has no end")
        yield found[0].strip()
        at = found.end()


def _expression(text: str, tokens: list[str]) -> Expression:
    if not tokens or tokens[0] in {"(", ")", ","}:
        raise DocumentError(f"{text}: an expression is missing{f' before {tokens[0]}' if tokens else ''}")
    token = tokens.pop(0)
    if token.startswith("'"):
        return constant(token[1:-1].replace("''", "'"))
    if tokens[:1] == ["("]:
        return _call(text, token, tokens)
    if _NUMBER.fullmatch(token):
        return constant(float(token) if re.search("[.eE]", token) else int(token))
    return keyword(token)


def _call(text: str, name: str, tokens: list[str]) -> Expression:
    if name not in FUNCTIONS:
        hint = nearest(name, FUNCTIONS) or f"There are {', '.join(FUNCTIONS)}."
        raise DocumentError(f"{text}: there is no function {name}", hint=hint)
    arguments: list[Expression] = []
    tokens.pop(0)
    while True:
        arguments.append(_expression(text, tokens))
        mark = tokens.pop(0) if tokens else "its end"
        if mark == ")":
            break
        if mark != ",":
            raise DocumentError(f"{text}: , or ) is missing before {mark}")
    function = FUNCTIONS[name]
    if not function.least <= len(arguments) <= function.most:
        raise DocumentError(f"{text}: {name} is written {function.form}")
    keywords = frozenset[str]().union(*(argument.keywords for argument in arguments))
    return Expression(text, lambda row: function.apply(row, arguments), keywords)


@dataclass(frozen=True)
class Function:
    """A function of mappings."""

    form: str
    about: str
    apply: Callable[[Keywords, list[Expression]], Any]
    least: int
    most: int = 100


def _of(compute: Callable[..., Any]) -> Callable[[Keywords, list[Expression]], Any]:
    """Return *compute* as a function of expressions, which is None if one of them is None."""

    def apply(keywords: Keywords, arguments: list[Expression]) -> Any:
        values = [argument.value(keywords) for argument in arguments]
        return None if None in values else compute(*values)

    return apply


def _first(keywords: Keywords, arguments: list[Expression]) -> Any:
    return next((v for argument in arguments if (v := argument.value(keywords)) is not None), None)


def _choose(keywords: Keywords, arguments: list[Expression]) -> Any:
    given = arguments[0].value(keywords)
    for when, then in zip(arguments[1::2], arguments[2::2], strict=False):
        if given is not None and text(given).lower() == text(when.value(keywords)).lower():
            return then.value(keywords)
    return arguments[-1].value(keywords) if given is not None and len(arguments) % 2 == 0 else None


def _known(keywords: Keywords, arguments: list[Expression]) -> Any:
    return None if arguments[0].value(keywords) is None else arguments[1].value(keywords)


def number(value: Any) -> float:
    """Return a value as a finite number.

    Raises: ValueError.
    """
    if isinstance(value, bool):
        raise ValueError(f"{value} is not a number")
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{value!r} is not a number") from None
    if not math.isfinite(found):
        raise ValueError(f"{value!r} is not finite")
    return found


def text(value: Any) -> str:
    """Return a value as text; integers have no decimal point."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _mjd(time: Any, *reference: Any) -> float | None:
    """Return the MJD of an ISO 8601 time, or of seconds after an MJD, which may have two parts."""
    from astropy.time import Time

    try:
        seconds = number(time)
    except ValueError:
        try:
            return float(Time(str(time).strip().removesuffix("Z"), format="isot").mjd)
        except ValueError:
            raise ValueError(f"{time!r} is not a time by ISO 8601, nor a number") from None
    return sum(map(number, reference)) + seconds / 86_400 if reference else None


def _unit(name: Any) -> Any:
    from astropy import units

    try:
        return units.Unit(str(name))
    except ValueError:
        raise ValueError(f"{name!r} is not a unit") from None


def _convert(value: Any, given: Any, wanted: Any) -> float:
    from astropy import units

    try:
        return float((number(value) * _unit(given)).to_value(_unit(wanted), equivalencies=units.spectral()))
    except units.UnitConversionError:
        raise ValueError(f"{given} cannot become {wanted}") from None
    except ZeroDivisionError:
        raise ValueError(f"{value} {given} has no {wanted}") from None


def _wavelength(keywords: Keywords, arguments: list[Expression]) -> float | None:
    """Return a wavelength in m; the default unit is that of the column."""
    value = arguments[0].value(keywords)
    unit = arguments[1].value(keywords) if len(arguments) == 2 else arguments[0].unit(keywords)
    if value is None or unit is None or number(value) <= 0:
        return None
    return _convert(value, unit, "m")


def _sexagesimal(hours: bool) -> Callable[[Any], float]:
    def degrees(value: Any) -> float:
        from astropy.coordinates import Angle

        try:
            return float(Angle(str(value), unit="hourangle" if hours else "deg").deg)
        except ValueError:
            raise ValueError(f"{value!r} is not an angle") from None

    return degrees


def _data_level(value: Any) -> int | None:
    """Return the calib_level of CTAO's highest data level in a text such as `DL1_IMAGES,DL2`."""
    levels = [
        _LEVELS[found[0].upper()]
        for found in re.finditer(r"(?<![A-Za-z0-9])(R[01]|DL[0-6])(?![0-9])", str(value), re.IGNORECASE)
    ]
    return max(levels, default=None)


_LEVELS = {"R0": 0, "R1": 0, "DL0": 0, "DL1": 1, "DL2": 1, "DL3": 2, "DL4": 3, "DL5": 4, "DL6": 4}

FUNCTIONS = {
    "first": Function("first(a, b, …)", "the first of several that is known", _first, 1),
    "concat": Function(
        "concat(a, b, …)", "texts, one after the other", _of(lambda *t: "".join(map(text, t))), 1
    ),
    "choose": Function(
        "choose(a, 'x', b, 'y', c, …, otherwise)",
        "b if a is the text x, c if it is y, without regard to case; else otherwise or null",
        _choose,
        3,
    ),
    "known": Function("known(a, b)", "b if a is known", _known, 2, 2),
    "lower": Function("lower(a)", "a text in lower case", _of(lambda a: text(a).lower()), 1, 1),
    "without": Function(
        "without(a, '.fits')",
        "a text without this end",
        _of(lambda a, end: text(a).removesuffix(text(end))),
        2,
        2,
    ),
    "sum": Function("sum(a, b, …)", "the sum of numbers", _of(lambda *n: sum(map(number, n))), 2),
    "product": Function(
        "product(a, b, …)", "the product of numbers", _of(lambda *n: math.prod(map(number, n))), 2
    ),
    "mjd": Function(
        "mjd(time, reference, …)",
        "a time by ISO 8601 as MJD, or seconds after a reference: the MJD of this, maybe in two parts"
        " (`mjd(TSTART, MJDREFI, MJDREFF)`)",
        _of(_mjd),
        1,
        3,
    ),
    "convert": Function(
        "convert(a, 'min', 's')",
        "a number in another unit; energies, too, as wavelengths",
        _of(_convert),
        3,
        3,
    ),
    "wavelength": Function(
        "wavelength(a, 'TeV')",
        "the wavelength in m of an energy, frequency or wavelength; without a unit, in that of its column",
        _wavelength,
        1,
        2,
    ),
    "hours": Function(
        "hours(a)", "degrees of a right ascension like 05:34:31.97", _of(_sexagesimal(True)), 1, 1
    ),
    "degrees": Function("degrees(a)", "degrees of an angle like +22:00:52.1", _of(_sexagesimal(False)), 1, 1),
    "circle": Function(
        "circle(ra, dec, radius)",
        "the region in STC-S; degrees, ICRS",
        _of(lambda *n: "Circle ICRS " + " ".join(f"{number(each):.10g}" for each in n)),
        3,
        3,
    ),
    "data_level": Function(
        "data_level(a)",
        "calib_level of CTAO's data level: 0 for R0, R1, DL0, 1 for DL1, DL2, 2 for DL3, 3 for DL4, else 4",
        _of(_data_level),
        1,
        1,
    ),
}
