"""Texts of the type CHAR(n), which are padded with blanks: comparisons ignore blanks at the end.

Source: SQL-92, section 8.2, general rule 3: the shorter of two texts is padded with blanks. Texts of other
types are compared unchanged, as in PostgreSQL.
"""

from collections.abc import Iterable
from dataclasses import replace

from provtap.adql.plan import tree as plan
from provtap.adql.plan.tree import ColumnValue, Expression, Operation, Output, Query
from provtap.adql.plan.types import Type

TRIMMED = "RTRIM"
"""The operator that removes blanks at the end of a text."""


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
    """Whether texts together are of the type CHAR(n): literals are ignored."""
    padded = [is_padded(value) for value in values if not isinstance(value, plan.Constant)]
    return bool(padded) and all(padded)


def trimmed(value: Expression) -> Expression:
    """Return a text without the blanks at its end; anything else unchanged."""
    if value.type is not Type.TEXT:
        return value
    if isinstance(value, plan.Constant):
        return replace(value, text=value.text.rstrip(" "))
    return Operation(Type.TEXT, (value,), value.about, operator=TRIMMED)


def trimmed_query(query: Query) -> Query:
    """Return a query that removes the blanks at the ends of its texts."""
    outputs = tuple(Output(output.name, trimmed(output.value)) for output in query.outputs)
    if isinstance(query, plan.SetOperation):
        return replace(query, operands=tuple(map(trimmed_query, query.operands)), outputs=outputs)
    return replace(query, outputs=outputs)
