"""`provext.affected`: entities made from withdrawn ones, as a lineage joined with the withdrawals.

The join is part of the plan, not a subquery, so that all conditions of a query on either end, or on the
withdrawal, narrow the start of the walk (see `seeds`).
"""

from provtap.adql.plan import tree as plan
from provtap.adql.plan.extents import column_size
from provtap.adql.plan.functions import Function, FunctionParameter, Kind
from provtap.adql.plan.tree import Call, ColumnValue, Expression, Operation, Output
from provtap.adql.plan.types import Type, column_type
from provtap.tableset import Column, Table

NAME = "provext.affected"
LINEAGE = "provenance.lineage"

_OF_LINEAGE = {
    "af_entity_id": "l_descendant_id",
    "af_withdrawn_id": "l_ancestor_id",
    "af_distance": "l_distance",
}
_OF_WITHDRAWAL = {"af_kind": "w_kind", "af_successor_id": "w_successor_id", "af_since": "w_since"}
_REPLACED = Function(
    name="replaced",
    parameters=(FunctionParameter("entity", Kind.TEXT), FunctionParameter("withdrawn", Kind.TEXT)),
    result=Type.INT,
    sql="provext.replaced({0}, {1})",
    description="Whether there is a later entity of the same name that was not made from a withdrawn one.",
)


def affected(table: Table, lineage: str, withdrawal: str) -> tuple[plan.JoinedTable, list[Output]]:
    """Return the join for the published *table*, and its columns.

    *lineage* and *withdrawal* are the names of the two tables of the join.
    """
    ancestor = ColumnValue(Type.TEXT, table=lineage, column="l_ancestor_id")
    withdrawn = ColumnValue(Type.TEXT, table=withdrawal, column="w_entity_id")
    until = ColumnValue(Type.TIMESTAMP, table=withdrawal, column="w_until")
    conditions = (
        Operation(Type.CONDITION, (ancestor, withdrawn), operator="="),
        Operation(Type.CONDITION, (until,), operator="IS NULL"),
    )
    join = plan.Join(
        "INNER",
        plan.PublishedTable(withdrawal, "provext", "withdrawal"),
        Operation(Type.CONDITION, conditions, operator="AND"),
    )
    joined = plan.JoinedTable(plan.LineageTable(lineage, LINEAGE), (join,))
    return joined, [Output(c.name, _value(c, lineage, withdrawal)) for c in table.columns]


def _value(column: Column, lineage: str, withdrawal: str) -> Expression:
    if column.name == "af_replaced":
        ends = tuple(
            ColumnValue(Type.TEXT, table=lineage, column=name)
            for name in ("l_descendant_id", "l_ancestor_id")
        )
        return Call(Type.INT, ends, about=column, function=_REPLACED)
    table, name = (
        (lineage, _OF_LINEAGE[column.name])
        if column.name in _OF_LINEAGE
        else (withdrawal, _OF_WITHDRAWAL[column.name])
    )
    return ColumnValue(
        column_type(column), about=column, table=table, column=name, size=column_size(column.name)
    )
