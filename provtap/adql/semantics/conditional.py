"""COALESCE, NULLIF and CASE: one value out of several, and its type and metadata.

Source: ADQL 2.1, section 4.8, for COALESCE; the other two are an extension, with the meaning of SQL-92.
"""

from collections.abc import Sequence
from dataclasses import replace

from provtap.adql.plan.literals import literal_number
from provtap.adql.plan.tree import Case, Cast, Constant, Expression, Operation, made_of
from provtap.adql.plan.types import Type, arithmetic_type
from provtap.adql.semantics.comparisons import comparable
from provtap.adql.semantics.padding import is_padded
from provtap.adql.syntax.lexer import Position
from provtap.tableset import Column

_TOO_LARGE = {Type.SHORT: 2**15, Type.INT: 2**31, Type.LONG: 2**63}
"""The smallest number beyond the range of the type."""


def coalesce(values: Sequence[Expression], at: Position) -> Expression:
    """Return the first of the values that is not NULL.

    Raises: AdqlError unless all are of one kind.
    """
    operands, type_ = of_one_type("COALESCE", values, at)
    return Operation(type_, operands, _shared(type_, operands), operator="COALESCE")


def nullif(values: Sequence[Expression], at: Position) -> Expression:
    """Return the first of two values, NULL where it equals the second.

    Raises: AdqlError if they cannot be compared.
    """
    operands = comparable(values, at)
    if any(map(is_padded, values)):  # compared without blanks at their ends
        equal = Operation(Type.CONDITION, operands, operator="=")
        null = Constant(Type.NULL, kind="null", text="NULL")
        return Case(Type.TEXT, (equal, null, values[0]), _shared(Type.TEXT, values[:1]), simple=False)
    type_ = next((o.type for o in operands if o.type is not Type.NULL), Type.TEXT)
    return Operation(type_, operands, _shared(type_, operands[:1]), operator="NULLIF")


def case(
    looked_for: Expression | None,
    branches: Sequence[tuple[Expression, Expression]],
    otherwise: Sequence[Expression],
    at: Position,
) -> Expression:
    """Return the value of the first branch that applies; else *otherwise*, or NULL without it.

    Raises: AdqlError unless all values are of one kind and the compared values are comparable.
    """
    found = [branch[0] for branch in branches]
    if looked_for is not None:
        looked_for, *found = comparable([looked_for, *found], at)
        if looked_for.type is Type.NULL:  # PostgreSQL would treat it as a text
            looked_for = replace(
                looked_for, type=next((f.type for f in found if f.type is not Type.NULL), Type.NULL)
            )
    results, type_ = of_one_type("CASE", [*(branch[1] for branch in branches), *otherwise], at)
    pairs = [operand for pair in zip(found, results, strict=False) for operand in pair]
    operands = [*([looked_for] if looked_for else []), *pairs, *results[len(branches) :]]
    return Case(type_, tuple(operands), _shared(type_, results), simple=looked_for is not None)


def of_one_type(name: str, values: Sequence[Expression], at: Position) -> tuple[tuple[Expression, ...], Type]:
    """Return values converted to one type, and that type.

    Numbers of different types get a type that holds them all; literals get the type of the others if they
    fit in.
    Raises: AdqlError for values of different kinds.
    """
    operands = comparable(values, at, pad=False, reason=f"{name} takes values of one type")
    types: list[Type] = [o.type for o in operands if not _is_literal(o) and o.type is not Type.NULL]
    literals = [o for o in operands if _is_literal(o) and o.type is not Type.NULL]
    if not types:
        return operands, _literal_type([literal.type for literal in literals])
    common = _widest(types)
    type_ = _widest([common, *(literal.type for literal in literals if not _fits(literal, common))])
    return tuple(widened(operand, type_) for operand in operands), type_


def widened(value: Expression, type_: Type) -> Expression:
    """Return a number cast to a wider type: PostgreSQL would convert an integer and a real to real."""
    if value.type is type_ or not value.type.is_number or _is_literal(value):
        return value
    return Cast(type_, (value,), replace(value.described, datatype=type_.value))


def _is_literal(value: Expression) -> bool:
    return isinstance(value, Constant) or literal_number(value) is not None


def _widest(types: list[Type]) -> Type:
    return arithmetic_type(types) if types[0].is_number else types[0]


def _literal_type(types: list[Type]) -> Type:
    if not types:  # only NULLs, which PostgreSQL treats as texts
        return Type.TEXT
    return _widest(types)


def _fits(literal: Expression, type_: Type) -> bool:
    """Whether a literal fits in this type of the same kind: number, text or timestamp."""
    if not literal.type.is_number or type_ in {Type.FLOAT, Type.DOUBLE}:
        return True
    number = literal_number(literal)
    return literal.type is not Type.DOUBLE and number is not None and abs(number) < _TOO_LARGE[type_]


def _shared(type_: Type, values: Sequence[Expression]) -> Column:
    """Return the metadata that all values share; literals are ignored."""
    abouts = [value.about for value in values if not _is_literal(value)]
    if not abouts or any(about is None for about in abouts):
        return made_of(values, type_)
    units = {about.unit for about in abouts if about}
    ucds = {about.ucd for about in abouts if about}
    return made_of(
        values,
        type_,
        unit=units.pop() if len(units) == 1 else None,
        ucd=ucds.pop() if len(ucds) == 1 else None,
    )
