"""CAST: which types can be converted to which.

Source: ADQL 2.1, section 4.6: numbers to numbers, texts to any type, any type to a text.
"""

import math
import re
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal

from provtap.adql.functions.geometry import shape
from provtap.adql.plan.literals import as_timestamp, literal_decimal, literal_number
from provtap.adql.plan.tree import Cast, Constant, Expression, made_of
from provtap.adql.plan.types import Type, typed_column
from provtap.adql.syntax import tree as nodes
from provtap.adql.syntax.lexer import problem
from provtap.errors import AdqlError

LENGTH_LIMIT = 100_000
"""The maximum n in CHAR(n) and VARCHAR(n), in characters."""
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
_WHOLE_LIMITS = {Type.SHORT: 2**15, Type.INT: 2**31, Type.LONG: 2**63}
"""The smallest number is minus this, the largest this minus 1."""
_FLOAT_LIMITS = {Type.FLOAT: (2.0**-150, 2.0**128 - 2.0**103), Type.DOUBLE: (0.0, math.inf)}
"""Between these, magnitudes become neither 0 nor infinite."""
_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,400}\s*", re.ASCII)
_NUMBER = re.compile(
    r"\s*([+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)(e[+-]?[0-9]+)?|nan|[+-]?inf(inity)?)\s*", re.IGNORECASE | re.ASCII
)


def cast(node: nodes.Cast, value: Expression) -> Expression:
    """Return *value* cast to the type named by *node*; unit and UCD are kept.

    Raises: AdqlError if the types can't be converted, or a text literal is not a valid value of the type.
    """
    if node.type_name not in _TARGETS:
        raise problem(f"CAST to {node.type_name} is not supported by this service.", node.at)
    type_ = _TARGETS[node.type_name]
    if node.length is not None and not 1 <= node.length <= LENGTH_LIMIT:
        raise problem(f"A text can be cast to 1 to {LENGTH_LIMIT} characters.", node.at)
    if not _can_become(value.type, type_):
        noun = value.type.noun
        raise problem(f"{noun[0].upper()}{noun[1:]} cannot be cast to {node.type_name}.", node.value.at)
    if type_.is_geometry:
        return _place(node, type_, value)
    if isinstance(value, Constant) and value.kind == "string" and type_ is Type.TIMESTAMP:
        value = as_timestamp(value, node.value.at)
    if type_.is_number and isinstance(value, Constant) and value.kind == "string":
        _check_spelling(node, type_, value.text)
    elif type_.is_number:
        value = _fitting(node, type_, value)
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
        return source in {target, Type.TEXT, Type.NULL}
    return source in {Type.TEXT, Type.NULL, target} or (source.is_number and target.is_number)


def _check_spelling(node: nodes.Cast, type_: Type, text: str) -> None:
    """Reject a text literal that is not a number of this type: PostgreSQL would not even plan the query."""
    if type_ in _WHOLE_LIMITS:
        if not _WHOLE.fullmatch(text):
            raise problem(f"'{text[:40]}' is not a whole number.", node.value.at)
        _check_whole(node, type_, int(text))
        return
    if not _NUMBER.fullmatch(text):
        raise problem(f"'{text[:40]}' is not a number.", node.value.at)
    spells_infinity = "inf" in text.lower()
    spells_zero = not spells_infinity and not re.search("[1-9]", text.lower().partition("e")[0])
    if not (spells_infinity or spells_zero):
        _check_float(node, type_, float(text))


def _fitting(node: nodes.Cast, type_: Type, value: Expression) -> Expression:
    """Return *value*; a literal number becomes a literal of this type, an integer with all its digits.

    Raises: AdqlError if a literal is out of the range of the type.
    """
    number = literal_number(value)
    if number is None:
        return value
    if type_ in _FLOAT_LIMITS:
        if number:
            _check_float(node, type_, float(number))
        return value
    exact = literal_decimal(value)
    rounded = (Decimal(number) if exact is None else exact).to_integral_value(ROUND_HALF_EVEN)
    _check_whole(node, type_, int(rounded))
    return Constant(type_, about=value.about, kind="integer", text=str(int(rounded)))


def _check_whole(node: nodes.Cast, type_: Type, number: int) -> None:
    if not -_WHOLE_LIMITS[type_] <= number < _WHOLE_LIMITS[type_]:
        raise _out_of_range(node)


def _check_float(node: nodes.Cast, type_: Type, number: float) -> None:
    least, largest = _FLOAT_LIMITS[type_]
    if not (math.isnan(number) or least < abs(number) < largest):
        raise _out_of_range(node)


def _out_of_range(node: nodes.Cast) -> AdqlError:
    return problem(f"This number is out of the range of {node.type_name}.", node.value.at)


def _place(node: nodes.Cast, type_: Type, value: Expression) -> Expression:
    """Return the point or circle in a text literal, in the form of DALI 1.1, section 3.3."""
    if value.type is type_:
        return value
    if value.type is Type.NULL:
        return Cast(type_, (value,), typed_column(type_))
    if not isinstance(value, Constant):
        raise problem(f"CAST to {node.type_name} takes a text literal.", node.value.at)
    words = value.text.split()
    numbers = [float(word) for word in words if _NUMBER.fullmatch(word)]
    if not len(words) == len(numbers) == (2 if type_ is Type.POINT else 3):
        raise problem(
            f"'{value.text[:40]}' is not a valid {type_.value}.",
            node.value.at,
            "Write its numbers in degrees, with blanks between them.",
        )
    return shape(type_, [_constant(number) for number in numbers], node.value.at)


def _constant(number: float) -> Constant:
    return Constant(Type.DOUBLE, kind="approximate", text=repr(number))
