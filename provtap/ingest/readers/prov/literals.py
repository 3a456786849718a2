"""Literals of XML Schema: equal values get the same text, however they were written.

`1` is `true` as a boolean, `+07` is `7` as an integer. A text that is not a literal of its type is not
changed.
Source: XML Schema 1.1, Part 2, canonical representations; doubles are written as in JSON (`1e+22`).
"""

import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime

_BOOLEANS = {"1": "true", "true": "true", "0": "false", "false": "false"}
_DECIMAL = re.compile(r"([+-]?)0*([0-9]*)(?:\.([0-9]*?)0*)?", re.ASCII)
_DOUBLE = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_SIGNED = ("integer", "long", "int", "short", "byte", "nonPositiveInteger", "negativeInteger")
_UNSIGNED = (
    "nonNegativeInteger",
    "positiveInteger",
    "unsignedLong",
    "unsignedInt",
    "unsignedShort",
    "unsignedByte",
)


def canonical(text: str, type_: str) -> str:
    """Return the canonical text of *text* as an xsd:*type_*."""
    read = _READERS.get(type_)
    return read(text.strip(" \t\r\n")) if read else text


def _boolean(text: str) -> str:
    return _BOOLEANS.get(text, text)


def _decimal(text: str) -> str:
    found = _DECIMAL.fullmatch(text)
    if found is None or not any(digit.isdigit() for digit in text):
        return text
    whole, fraction = found[2] or "0", f".{found[3]}" if found[3] else ""
    minus = "-" if found[1] == "-" and (whole, fraction) != ("0", "") else ""
    return f"{minus}{whole}{fraction}"


def _integer(text: str) -> str:
    return text if "." in text else _decimal(text)


def _double(text: str) -> str:
    if text == "+INF":
        return "INF"
    number = float(text) if _DOUBLE.fullmatch(text) else math.nan
    return repr(number) if math.isfinite(number) else text


def _date_time(text: str) -> str:
    with suppress(ValueError, OverflowError):
        time = datetime.fromisoformat(text) if "T" in text else None
        if time is not None:
            time = time.astimezone(UTC).replace(tzinfo=None) if (zoned := time.tzinfo is not None) else time
            return time.isoformat() + ("Z" if zoned else "")
    return text


_READERS: Mapping[str, Callable[[str], str]] = {
    "boolean": _boolean,
    "decimal": _decimal,
    "double": _double,
    "float": _double,
    "dateTime": _date_time,
} | dict.fromkeys((*_SIGNED, *_UNSIGNED), _integer)
