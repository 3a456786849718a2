"""Comparisons: numbers, texts and timestamps can be compared, each only with values of the same kind.

Source: ADQL 2.1, section 3. PostgreSQL would convert values by its own rules.
"""

from collections.abc import Sequence

from provtap.adql.plan.literals import as_timestamp, as_truth
from provtap.adql.plan.tree import ColumnValue, Constant, Expression
from provtap.adql.plan.types import Type
from provtap.adql.semantics.padding import is_padded, trimmed
from provtap.adql.syntax.lexer import Position, problem


def comparable(
    operands: Sequence[Expression],
    at: Position,
    fixed: int = 0,
    pad: bool = True,
    reason: str = "they cannot be compared",
) -> tuple[Expression, ...]:
    """Return the operands ready for comparison, with literals converted to the type of the others.

    Beside a timestamp, a text becomes a timestamp; beside a truth value, 0 and 1 become truth values. Beside
    a CHAR(n), texts lose the blanks at their ends, unless *pad* says that they are not compared.

    The last *fixed* operands are not changed.
    Raises: AdqlError if two operands have incompatible types.
    """
    types = {operand.type for operand in operands}
    free = len(operands) - fixed
    if Type.TIMESTAMP in types:
        operands = (*(as_timestamp(operand, at) for operand in operands[:free]), *operands[free:])
    if Type.BOOLEAN in types:
        operands = (*map(as_truth, operands[:free]), *operands[free:])
    kinds: dict[Type, Expression] = {}
    for operand in operands:
        kinds.setdefault(_kind(operand.type), operand)
    kinds.pop(Type.NULL, None)
    for value in kinds.values():
        if not value.type.is_comparable:
            why = "" if value.type is Type.OTHER else ", which cannot be compared"
            raise problem(f"{_described(value, 'This')}{why}.", at)
    if len(kinds) > 1:
        one, other, *_ = kinds.values()
        message = f"{_described(one, 'This')}, but {_described(other)}: {reason}."
        raise problem(message, at, _hint([one, other]))
    if pad and any(map(is_padded, operands)):
        operands = (*map(trimmed, operands[:free]), *operands[free:])
    return tuple(operands)


def _kind(type_: Type) -> Type:
    return Type.DOUBLE if type_.is_number else type_


def _described(value: Expression, this: str = "this") -> str:
    """Return a description of a value, with its name in the query if it has one."""
    match value:
        case ColumnValue():
            name = value.about.name if value.about else value.column
        case Constant(kind="string"):
            name = f"'{value.text[:40]}'"
        case Constant():
            name = value.text[:40]
        case _:
            name = f"{this} expression"
    return f"{name} is {value.type.noun}"


def _hint(operands: Sequence[Expression]) -> str:
    types = {operand.type for operand in operands}
    if Type.TIMESTAMP in types:
        days = (
            "; ivo_to_mjd converts a timestamp to a modified Julian date"
            if any(t.is_number for t in types)
            else ""
        )
        return f"Write a timestamp as a text, '2026-01-31T12:00:00'{days}."
    if Type.BOOLEAN in types:
        return "Compare it with 0 or 1."
    if any(o.type is Type.TEXT and isinstance(o, Constant) for o in operands):
        return "Write numbers without quotes, texts in single quotes."
    return "Write texts in single quotes; prov_number converts a text to a number."
