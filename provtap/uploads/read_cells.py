"""Converts cells of an uploaded table to the text form of PostgreSQL arrays: `1.5`, `NULL`, `"a text"`.

A cell is the text of a TD, or a value from BINARY or FITS. Nothing is rounded: a number in digits keeps its
digits. Values that PostgreSQL would reject are rejected here, where the row is known. In VOTable, null of
floating point numbers is NaN, so NaN becomes NULL, except within arrays.

Source: VOTable 1.4, sections 4.7, 5 and 6.
"""

import math
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from provtap.adql.plan.types import Type, column_type
from provtap.uploads.fields import COMPLEX, ITEM_LIMIT, UploadField

NULL = "NULL"
ItemReader = Callable[[str], str]
"""Converts the text of one item; raises WrongCell."""


class WrongCell(ValueError):
    """A cell does not match its FIELD; the text contains the reason."""


_BITS = {"short": 16, "int": 32, "long": 64}
_LARGEST_SINGLE = 3.4028235677973362e38
RANGES: dict[str, tuple[float, float]] = {"unsignedByte": (0, 255), "bit": (0, 1)} | {
    name: (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for name, bits in _BITS.items()
}
RANGES |= dict.fromkeys(("float", "floatComplex"), (-_LARGEST_SINGLE, _LARGEST_SINGLE))
"""The smallest and the largest number of a datatype, if its range is limited."""
_SINGLE = frozenset({"float", "floatComplex"})
_FLOATS = frozenset({"float", "double", *COMPLEX})
_SMALLEST_SINGLE = 7.1e-46
"""Numbers closer to zero are rounded to it, which PostgreSQL would reject."""
_TRUE, _FALSE = frozenset({"t", "true", "1"}), frozenset({"f", "false", "0"})
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)?)(Z|[+-]00:?00)?"
)
_PLACES = {Type.POINT: 2, Type.CIRCLE: 3}


def text_reader(field: UploadField) -> Callable[[str], str]:
    """Return a function that converts the text of a TD to a cell; it raises WrongCell."""
    type_ = column_type(field.column)
    if type_ is Type.TIMESTAMP:
        return lambda text: timestamp(text) if text.strip() and text != field.null else NULL
    if field.is_text:
        return lambda text: quoted(text) if text and text != field.null else NULL
    read_item = _item_reader(field)
    if field.is_array:
        return _array_reader(field, read_item, type_)
    return _null_aware(read_item, field)


def value_writer(field: UploadField) -> Callable[[Any], str]:
    """Return a function that converts a value to a cell: None, bool, int, float, str, or a sequence."""
    type_ = column_type(field.column)
    if type_ is Type.TIMESTAMP:
        return lambda value: timestamp(value) if value and value != field.null else NULL
    if field.is_text:
        return lambda value: NULL if value is None or value == field.null else quoted(value)
    if field.is_array:
        return lambda value: NULL if value is None else _array(list(map(item, value)), type_)
    if field.column.datatype == "boolean":
        return {True: "t", False: "f", None: NULL}.__getitem__
    null = _number(field.null)
    return lambda value: NULL if value is None or value == null or value != value else repr(value)


def item(value: bool | int | float | None) -> str:
    """Return a number or truth value."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "t" if value else "f"
    return repr(value)  # including inf, -inf, nan


def quoted(text: str) -> str:
    """Return a text as an item of an array."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def timestamp(text: str) -> str:
    """Return a timestamp in the form of results, with up to microseconds, as in PostgreSQL."""
    word = text.strip()
    try:
        written = _TIMESTAMP.fullmatch(word)
        if not written:
            raise ValueError
        moment = datetime.fromisoformat(written[1])
    except ValueError:
        raise WrongCell(f"{word[:40]!r} is not a timestamp like 2026-01-31T12:00:00") from None
    if written[1].partition(".")[2][6:].strip("0"):
        raise WrongCell(f"{word[:40]!r} is more precise than a microsecond, the limit for timestamps")
    return shown(moment)


def shown(moment: datetime) -> str:
    """Return a timestamp in the form of results, without trailing zeros in its fraction."""
    text = moment.isoformat()
    return text.rstrip("0") if moment.microsecond else text


def _null_aware(read_item: ItemReader, field: UploadField) -> Callable[[str], str]:
    """Return a reader of scalars: blanks, NaN and the value for null become NULL."""
    is_float = field.column.datatype in _FLOATS
    null = None if field.column.datatype == "boolean" else _number(field.null)

    def read(text: str) -> str:
        stripped = text.strip()
        if not stripped or stripped == field.null:
            return NULL
        made = read_item(stripped)
        if null is not None and _number(made) == null:
            return NULL
        return NULL if is_float and made == "NaN" else made

    return read


def _number(text: str | None) -> int | float | None:
    """Return the number in *text*, exact if it is an integer; None if it is not a number."""
    try:
        return _whole(text or "")
    except ValueError:
        pass
    try:
        return float(text or "")
    except ValueError:
        return None


def _array_reader(field: UploadField, read_item: ItemReader, type_: Type) -> Callable[[str], str]:
    items = field.items * (2 if field.column.datatype in COMPLEX else 1)
    is_bits = field.column.datatype == "bit"

    def read(text: str) -> str:
        words: Sequence[str] = text.split(None, ITEM_LIMIT)
        if not words:
            return NULL
        if is_bits:
            words = "".join(words)
        if len(words) > ITEM_LIMIT:
            raise WrongCell(f"there are more than {ITEM_LIMIT} items")
        if len(words) % items if field.is_variable and items else len(words) != items:
            size = f"the arraysize {field.column.arraysize}" if field.column.arraysize else "one cell"
            raise WrongCell(f"{len(words)} numbers do not fit {size}")
        return _array(list(map(read_item, words)), type_)

    return read


def _array(items: list[str], type_: Type) -> str:
    """Return an array as an item of an array of texts; a position with unknown coordinates becomes NULL."""
    if type_ in _PLACES:
        if all(number.lower() == "nan" for number in items):
            return NULL
        if len(items) != _PLACES[type_]:
            raise WrongCell(f"{len(items)} numbers do not make {type_.noun}")
    return f'"{{{",".join(items)}}}"'


def _item_reader(field: UploadField) -> ItemReader:
    datatype = field.column.datatype
    if datatype == "boolean":
        return _truth
    if datatype in _SINGLE:
        return _single
    if datatype in _FLOATS:
        return _double
    return _whole_within(datatype)


def _truth(word: str) -> str:
    lower = word.lower()
    if lower == "?":
        return NULL
    if lower not in _TRUE and lower not in _FALSE:
        raise WrongCell(f"{word[:40]!r} is not a truth value like T or F")
    return "t" if lower in _TRUE else "f"


def _whole(word: str) -> int:
    if "_" in word or not word.isascii() or len(word) > 40:
        raise ValueError
    return int(word, 16) if "x" in word.lower() else int(word)


def _whole_within(datatype: str) -> ItemReader:
    low, high = RANGES[datatype]

    def read(word: str) -> str:
        try:
            value = _whole(word)
        except ValueError:
            raise WrongCell(f"{word[:40]!r} is not a whole number") from None
        if not low <= value <= high:
            raise WrongCell(f"{word[:40]} is out of the range of {datatype}")
        return str(value)

    return read


def _double(word: str) -> str:
    try:
        value = float(word)
    except ValueError:
        raise WrongCell(f"{word[:40]!r} is not a number") from None
    if not math.isfinite(value):
        return _special(word, value, "double")
    if value == 0:  # exactly, or too close to it for PostgreSQL
        return repr(value)
    return _same_digits(word)


def _single(word: str) -> str:
    made = _double(word)
    size = abs(float(made))
    if size > _LARGEST_SINGLE and not math.isinf(size):
        raise WrongCell(f"{word[:40]} is out of the range of float")
    if 0 < size < _SMALLEST_SINGLE:
        return "-0.0" if made.startswith("-") else "0.0"
    return made


def _special(word: str, value: float, datatype: str) -> str:
    """Return NaN or an infinity, if it is spelled out."""
    if word[-1].isdigit() or word[-1] == ".":
        raise WrongCell(f"{word[:40]} is out of the range of {datatype}")
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _same_digits(word: str) -> str:
    """Return a number as written; Python accepts more forms than PostgreSQL."""
    if "_" in word or not word.isascii():
        raise WrongCell(f"{word[:40]!r} is not a number")
    return word
