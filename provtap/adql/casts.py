"""CAST: what can be made what.

Source: ADQL 2.1, section 4.6: numbers become numbers, texts become anything, anything becomes a text.
"""

import re
from dataclasses import replace

from provtap.adql import nodes
from provtap.adql.datatypes import Type, typed_column
from provtap.adql.geometry import shape
from provtap.adql.lexer import problem
from provtap.adql.literals import as_timestamp
from provtap.adql.plan import Cast, Constant, Expression

LENGTH_LIMIT = 1_000_000
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
        raise problem(f"{value.type.noun.capitalize()} can't be cast to {node.type_name}.", node.value.at)
    if type_.is_geometry:
        return _place(node, type_, value)
    if isinstance(value, Constant) and value.kind == "string":
        value = _checked(node, type_, value)
    unit, ucd = (value.about.unit, value.about.ucd) if value.about else (None, None)
    about = typed_column(type_, unit=unit, ucd=ucd)
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


def _checked(node: nodes.Cast, type_: Type, literal: Constant) -> Expression:
    """Return a text literal, if it spells a value of this type."""
    if type_ is Type.TIMESTAMP:
        return as_timestamp(literal, node.value.at)
    if type_.is_number and not _NUMBER.fullmatch(literal.text):
        raise problem(f"'{literal.text[:40]}' is no number.", node.value.at)
    return literal


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
