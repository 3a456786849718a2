"""Literals: their types, and the meaning of a text literal next to a timestamp."""

import re
from datetime import datetime
from decimal import Decimal

from provtap.adql.plan.tree import Constant, Expression, Operation
from provtap.adql.plan.types import Type
from provtap.adql.syntax import tree as nodes
from provtap.adql.syntax.lexer import Position, problem

DIGITS_LIMIT = 300
"""Characters of one number."""
SMALLEST_BIGINT = str(-(2**63))
"""Without its sign, this number is not a BIGINT."""
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)?)(Z|[+-]00:?00)?"
)


def as_timestamp(operand: Expression, at: Position) -> Expression:
    """Return a text literal as a timestamp (DALI 1.1, section 3.3.3); anything else unchanged.

    Raises: AdqlError if the text is not a timestamp.
    """
    if not isinstance(operand, Constant) or operand.kind != "string":
        return operand
    try:
        written = _TIMESTAMP.fullmatch(operand.text)
        if not written:
            raise ValueError(operand.text)
        moment = datetime.fromisoformat(written[1])
    except ValueError as error:
        message = f"'{operand.text[:40]}' is not a timestamp."
        raise problem(message, at, "Write it in UTC, as '2026-01-31' or '2026-01-31T12:00:00.5'.") from error
    return Constant(Type.TIMESTAMP, kind="timestamp", text=moment.isoformat())


def as_truth(operand: Expression) -> Expression:
    """Return the literal 0 or 1 as a truth value; anything else unchanged."""
    if isinstance(operand, Constant) and operand.kind == "integer" and operand.text in {"0", "1"}:
        return Constant(Type.BOOLEAN, kind="boolean", text="true" if operand.text == "1" else "false")
    return operand


def literal(node: nodes.Literal) -> Constant:
    """Return a literal with its type; an integer has the smallest of int, long and double that holds it.

    Raises: AdqlError if a number has too many digits, or is out of the range of double precision.
    """
    if node.kind == "string":
        return Constant(Type.TEXT, kind=node.kind, text=node.text)
    if node.kind == "null":
        return Constant(Type.NULL, kind=node.kind, text=node.text)
    if len(node.text) > DIGITS_LIMIT:
        raise problem(f"This number has more than {DIGITS_LIMIT} digits.", node.at)
    value = float(node.text)
    if value == float("inf") or (value == 0 and node.text.lower().partition("e")[0].strip("0.")):
        raise problem(f"{node.text} is out of the range of double precision.", node.at)
    type_ = _integer_type(int(node.text)) if node.kind == "integer" else Type.DOUBLE
    return Constant(type_, kind=node.kind, text=node.text)


def _integer_type(value: int) -> Type:
    if value < 2**31:
        return Type.INT
    return Type.LONG if value < 2**63 else Type.DOUBLE


def whole_number(call: nodes.FunctionCall, value: nodes.Value) -> Constant:
    """Return an argument that must be a literal whole number: digits of ROUND and TRUNCATE, seed of RAND."""
    sign, number = (value.sign, value.operand) if isinstance(value, nodes.Sign) else ("+", value)
    if not isinstance(number, nodes.Literal) or number.kind != "integer" or len(number.text) > 9:
        raise problem(f"This argument of {call.name} must be a whole number, as a literal.", value.at)
    return Constant(Type.INT, kind="integer", text=number.text if sign == "+" else f"-{number.text}")


def literal_number(value: Expression) -> float | None:
    """Return the number of a literal, signed or not; None for any other expression."""
    match value:
        case Constant(type=type_) if type_.is_number:
            return int(value.text) if value.kind == "integer" else float(value.text)
        case Operation(operator="-", operands=(operand,)):
            number = literal_number(operand)
            return None if number is None else -number
    return None


def literal_decimal(value: Expression) -> Decimal | None:
    """Return the number of a literal without exponent, signed or not, with all its digits.

    PostgreSQL keeps all digits too. None for any other expression.
    """
    match value:
        case Constant(kind="integer" | "decimal"):
            return Decimal(value.text)
        case Operation(operator="-", operands=(operand,)):
            number = literal_decimal(operand)
            return None if number is None else number.copy_negate()
    return None
