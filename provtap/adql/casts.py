"""CAST: what can be made what.

Source: ADQL 2.1, section 4.6: numbers become numbers, texts become anything, anything becomes a text.
"""

import math
import re
import sys
from dataclasses import replace

from provtap.adql import nodes
from provtap.adql.datatypes import Type
from provtap.adql.geometry import shape
from provtap.adql.lexer import problem
from provtap.adql.literals import as_timestamp, literal_number
from provtap.adql.plan import Cast, Constant, Expression, made_of

LENGTH_LIMIT = 100_000
"""Characters that CHAR(n) and VARCHAR(n) may ask for."""
_TARGETS = {
    "SMALLINT": Type.SHORT,
    "INTEGER": Type.INT,
    "BIGINT": Type.LONG,
    "REAL": Type.FLOAT,
    "DOUBLE PRECISION": Type.DOUBLE,
    "CHAR": Type.TEXT,
    "VARCHAR": Type.TEXT,
    "TIMESTAMP": Type.TIMESTAMP,
    "POINT": Type.POINT,
    "CIRCLE": Type.CIRCLE,
}
_LARGEST: dict[Type, float] = {
    Type.SHORT: 2**15 - 1,
    Type.INT: 2**31 - 1,
    Type.LONG: 2**63 - 1,
    Type.FLOAT: 3.4028235e38,
    Type.DOUBLE: sys.float_info.max,
}
_SMALLEST = {Type.FLOAT: 1.5e-45, Type.DOUBLE: 5e-324}
_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,400}\s*", re.ASCII)
_NUMBER = re.compile(
    r"\s*([+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)(e[+-]?[0-9]+)?|nan|[+-]?inf(inity)?)\s*", re.IGNORECASE | re.ASCII
)


def cast(node: nodes.Cast, value: Expression) -> Expression:
    """Return *value* made the type that *node* names; unit and UCD stay as they are.

    Raises: AdqlError if it can't become that, or is a text literal that does not spell it.
    """
    if node.type_name not in _TARGETS:
        raise problem(f"CAST to {node.type_name} is not offered by this service.", node.at)
    type_ = _TARGETS[node.type_name]
    if node.length is not None and not 1 <= node.length <= LENGTH_LIMIT:
        raise problem(f"A text can be cast to 1 to {LENGTH_LIMIT} characters.", node.at)
    if not _can_become(value.type, type_):
        noun = value.type.noun
        raise problem(f"{noun[0].upper()}{noun[1:]} can't be cast to {node.type_name}.", node.value.at)
    if type_.is_geometry:
        return _place(node, type_, value)
    if isinstance(value, Constant) and value.kind == "string" and type_ is Type.TIMESTAMP:
        value = as_timestamp(value, node.value.at)
    if type_.is_number:
        _check_number(node, type_, value)
    unit, ucd = (value.about.unit, value.about.ucd) if value.about else (None, None)
    about = made_of([value], type_, unit=unit, ucd=ucd)
    padded = node.type_name == "CHAR" and node.length is not None
    if node.length is not None:
        about = replace(about, arraysize=f"{node.length}{'' if padded else '*'}")
    return Cast(type_, (value,), about, length=node.length, padded=padded)


def _can_become(source: Type, target: Type) -> bool:
    if target is Type.TEXT:
        return source is not Type.OTHER
    if target.is_geometry or source.is_geometry:
        return source in {target, Type.TEXT}
    return source in {Type.TEXT, Type.NULL, target} or (source.is_number and target.is_number)


def _check_number(node: nodes.Cast, type_: Type, value: Expression) -> None:
    """Refuse a literal that no number of this type can hold: PostgreSQL would not even plan the query."""
    text, number = None, literal_number(value)
    if isinstance(value, Constant) and value.kind == "string":
        text = value.text
        if not (_NUMBER if type_ in _SMALLEST else _WHOLE).fullmatch(text):
            kind = "number" if type_ in _SMALLEST else "whole number"
            raise problem(f"'{text[:40]}' is no {kind}.", node.value.at)
        number = float(text)
    if number is not None and not _holds(type_, number, text):
        raise problem(f"This number is out of the range of {node.type_name}.", node.value.at)


def _holds(type_: Type, number: float, text: str | None) -> bool:
    if type_ not in _SMALLEST:
        # The largest bigint has no double of its own.
        exact = int(text) if text else int(round(number))
        return -_LARGEST[type_] - 1 <= exact <= _LARGEST[type_]
    if text and number == 0:
        return not re.search("[1-9]", text.lower().partition("e")[0])
    if math.isinf(number):
        return text is not None and "i" in text.lower()
    return math.isnan(number) or number == 0 or _SMALLEST[type_] <= abs(number) <= _LARGEST[type_]


def _place(node: nodes.Cast, type_: Type, value: Expression) -> Expression:
    """Return the point or circle that a text literal tells, as DALI 1.1, section 3.3, writes it."""
    if value.type is type_:
        return value
    if not isinstance(value, Constant):
        raise problem(f"CAST to {node.type_name} takes a text literal.", node.value.at)
    words = value.text.split()
    numbers = [float(word) for word in words if _NUMBER.fullmatch(word)]
    if not len(words) == len(numbers) == (2 if type_ is Type.POINT else 3):
        raise problem(
            f"'{value.text[:40]}' is no {type_.value}.",
            node.value.at,
            "Write its numbers in degrees, with blanks between them.",
        )
    return shape(type_, [_constant(number) for number in numbers], node.value.at)


def _constant(number: float) -> Constant:
    return Constant(Type.DOUBLE, kind="approximate", text=repr(number))
