"""Minimum lengths of the texts of a query: rows that would be too long are rejected before any is made.

CHAR(n) pads its texts with blanks, and `||` adds lengths, at each level of derived tables. The lengths in
columns of the database are unknown and count as 0 here; the memory limit of PostgreSQL bounds them.
"""

from collections.abc import Sequence

from provtap.adql.plan import tree as plan
from provtap.adql.plan.tree import ColumnValue, Expression, Operation, Output
from provtap.adql.plan.types import Type
from provtap.adql.syntax.lexer import Position, problem

CHARACTER_LIMIT = 1_000_000
"""Limit of the minimum number of characters of a value, or of the texts of one row."""
JOINED_LIMIT = 10_000
"""Limit of the minimum number of characters of each text that an aggregate joins."""
_LARGEST = 10**9
"""The maximum of a length: lengths may double with each level."""


def least_length(value: Expression) -> int:
    """Return the minimum number of characters of *value*, if it is a text and not NULL."""
    match value:
        case ColumnValue():
            return value.length
        case plan.Constant(kind="string"):
            return len(value.text)
        case plan.Cast(padded=True, length=int(length)):
            return length
        case plan.Cast(type=Type.TEXT, operands=(operand,)):
            length = least_length(operand)
            return length if value.length is None else min(length, value.length)
        case Operation(operator="||"):
            return min(sum(map(least_length, value.operands)), _LARGEST)
        case Operation(operator="COALESCE"):
            return min(map(least_length, value.operands))
        case plan.Case():
            return min(map(least_length, value.results))
        case plan.Subquery(operator="VALUE"):
            return least_length(value.query.outputs[0].value)
        case (
            Operation(operator="NULLIF")
            | plan.Aggregate(type=Type.TEXT)
            | plan.Call(type=Type.TEXT, operands=(_,))
        ):
            return least_length(value.operands[0])
    return 0


def check_value(value: Expression, at: Position) -> None:
    """Reject a text that is longer than the limit.

    Raises: AdqlError.
    """
    length = least_length(value)
    if length > CHARACTER_LIMIT:
        raise problem(
            f"This text has {length} characters or more; the limit is {CHARACTER_LIMIT}.", at, _SHORTER
        )


def check_row(outputs: Sequence[Output], at: Position) -> None:
    """Reject rows whose texts are too long.

    Raises: AdqlError.
    """
    length = sum(least_length(output.value) for output in outputs)
    if length > CHARACTER_LIMIT:
        raise problem(
            f"A row of this SELECT has {length} characters or more; the limit is {CHARACTER_LIMIT}.",
            at,
            _SHORTER,
        )


def check_joined(name: str, value: Expression, at: Position) -> None:
    """Reject long texts in an aggregate *name* that joins all rows.

    Raises: AdqlError.
    """
    length = least_length(value)
    if length > JOINED_LIMIT:
        message = f"{name} would join texts of {length} characters or more; the limit is {JOINED_LIMIT}."
        raise problem(message, at, _SHORTER)


_SHORTER = "CAST to VARCHAR(n) does not fill up with blanks."
