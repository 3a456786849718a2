"""Texts of the type CHAR(n), which blanks fill up: in comparisons, blanks at the end do not count.

Source: SQL-92, section 8.2, general rule 3: the shorter of two texts is padded with blanks. Texts of other
types compare as they are, as in PostgreSQL.
"""

from collections.abc import Iterable
from dataclasses import replace

from provtap.adql.plan import tree as plan
from provtap.adql.plan.tree import ColumnValue, Expression, Operation, Output, Query
from provtap.adql.plan.types import Type

TRIMMED = "RTRIM"
"""The operator that takes the blanks at the end from a text."""


def is_padded(value: Expression) -> bool:
    """Whether *value* is of the type CHAR(n)."""
    match value:
        case ColumnValue() | plan.Cast():
            return value.padded
        case plan.Aggregate(name="MIN" | "MAX") | plan.Call(type=Type.TEXT, operands=(_,)):
            return is_padded(value.operands[0])
        case Operation(operator="||" | "COALESCE"):
            return _are_padded(value.operands)
        case plan.Subquery(operator="VALUE"):
            return is_padded(value.query.outputs[0].value)
        case plan.Case():
            return _are_padded(value.results)
    return False


def _are_padded(values: Iterable[Expression]) -> bool:
    """Whether texts together are of the type CHAR(n): those that are no literals."""
    padded = [is_padded(value) for value in values if not isinstance(value, plan.Constant)]
    return bool(padded) and all(padded)


def trimmed(value: Expression) -> Expression:
    """Return a text without the blanks at its end; anything else as it is."""
    if value.type is not Type.TEXT:
        return value
    if isinstance(value, plan.Constant):
        return replace(value, text=value.text.rstrip(" "))
    return Operation(Type.TEXT, (value,), value.about, operator=TRIMMED)


def trimmed_query(query: Query) -> Query:
    """Return a query whose texts have no blanks at their ends."""
    outputs = tuple(Output(output.name, trimmed(output.value)) for output in query.outputs)
    if isinstance(query, plan.SetOperation):
        return replace(query, operands=tuple(map(trimmed_query, query.operands)), outputs=outputs)
    return replace(query, outputs=outputs)
