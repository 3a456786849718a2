"""Conditions that all must hold: taken apart, and put together again."""

from collections.abc import Sequence

from provtap.adql.datatypes import Type
from provtap.adql.plan import Expression, Operation


def conjuncts(condition: Expression | None) -> list[Expression]:
    """Return the conditions that all must hold."""
    if condition is None:
        return []
    if isinstance(condition, Operation) and condition.operator == "AND":
        return [part for operand in condition.operands for part in conjuncts(operand)]
    return [condition]


def conjunction(conditions: Sequence[Expression]) -> Expression | None:
    """Return the condition that all of *conditions* hold; None if there are none."""
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return Operation(Type.CONDITION, tuple(conditions), operator="AND")
