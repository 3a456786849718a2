"""The seeds of a lineage: which conditions and tables of a query narrow the ids at which a walk starts.

A pair in the result fulfils all conditions of its SELECT. So each of its ends is among the ids that fulfil
the conditions on this end, joined with the tables in these conditions. Conditions that can't be evaluated
before the walk are left out, and those that an outer join does not apply to the pair.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from provtap.adql.plan import tree as plan
from provtap.adql.plan.tree import (
    ColumnValue,
    Constant,
    Expression,
    LineageTable,
    Operation,
    TableExpression,
    conjuncts,
)
from provtap.adql.plan.volatility import is_volatile, parts
from provtap.tableset import Column

LIGHT = 500
"""Maximum parts of a condition that may be written twice, for a seed and in the query."""


class Bound(IntEnum):
    """How much the query narrows the seeds of one end."""

    NOT = 0
    BY_OUTER = 1
    """By a column of an outer query: one walk for each of its rows."""
    BY_TABLES = 2
    BY_CONSTANTS = 3


@dataclass(frozen=True, slots=True)
class Seeds:
    """The conditions and tables that narrow one end of a lineage."""

    tables: tuple[TableExpression, ...]
    conditions: tuple[Expression, ...]
    bound: Bound

    @property
    def indexed(self) -> int:
        """The number of conditions that can use an index: such seeds are likely to be few."""
        return sum(map(_is_indexed, self.conditions))

    def linked(self, alias: str) -> tuple[ColumnValue | None, list[Expression]]:
        """Return a column that is equal to the end of the lineage *alias*, and the other conditions.

        None if there are other conditions on that end.
        """
        links = [c for c in self.conditions if alias in used_tables(c)]
        if len(links) != 1 or not _is_link(links[0]):
            return None, []
        for column in links[0].columns():
            if any(column.table in aliases(table) for table in self.tables):
                return column, [c for c in self.conditions if c is not links[0]]
        return None, []


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Conditions that hold for all rows of a lineage in the result of a part of a FROM clause.

    Without the lineage: conditions that hold for the rows of that part.
    """

    tables: tuple[TableExpression, ...] = ()
    conditions: tuple[Expression, ...] = ()
    sure: frozenset[str] = frozenset()
    """Tables for which further conditions hold: no outer join may have filled them with NULLs."""
    has_lineage: bool = False


_NOTHING = Surroundings()


def aliases(table: TableExpression) -> frozenset[str]:
    """Return the names (t1, t2, ...) of the tables in *table*."""
    match table:
        case plan.JoinedTable():
            return aliases(table.first).union(*(aliases(join.table) for join in table.joins))
        case plan.SharedRows():
            return frozenset(column.table for column in table.columns)
    return frozenset({table.alias})


def used_tables(condition: Expression) -> set[str]:
    """Return the tables whose columns are in *condition*, those of outer queries included."""
    return {column.table for column in condition.columns()}


class FromClause:
    """The tables of one SELECT, as one of its lineages sees them."""

    def __init__(self, select: plan.Select, lineage: LineageTable) -> None:
        self.alias = lineage.alias
        self.own = frozenset[str]().union(*map(aliases, select.tables))
        """All tables of this SELECT."""
        found = _NOTHING
        for table in select.tables:
            found = self._inner(found, self._around(table), [])
        self.around = self._inner(found, _NOTHING, conjuncts(select.where))

    def local(self, condition: Expression) -> frozenset[str]:
        """Return the tables of this SELECT that *condition* is about."""
        return self.own & used_tables(condition)

    def seeds(self, end: str, allowed: Callable[[object], bool]) -> Seeds:
        """Return the *allowed* conditions and tables that narrow the column *end* of the lineage."""
        usable = [c for c in self.around.conditions if self._is_about(c, end) and allowed(c)]
        tables = [table for table in self.around.tables if allowed(table)]
        tied = self._tied(usable, tables)
        conditions = tuple(c for c in usable if self.local(c) and self.local(c) <= tied)
        tables = [table for table in tables if aliases(table) & tied]
        return Seeds(tuple(tables), conditions, self._bound(tables, conditions))

    def _is_about(self, condition: Expression, end: str) -> bool:
        """Whether *condition* uses only this end of the lineage."""
        return all(c.column == end for c in condition.columns() if c.table == self.alias)

    def _tied(self, conditions: Iterable[Expression], tables: Iterable[TableExpression]) -> frozenset[str]:
        """Return the lineage and the tables that conditions connect to it, directly or through others."""
        known = frozenset({self.alias}).union(*map(aliases, tables))
        tied, grown = frozenset({self.alias}), frozenset[str]()
        while tied != grown:
            grown = tied
            for condition in conditions:
                if self.local(condition) & tied and self.local(condition) <= known:
                    tied |= self.local(condition)
            for table in tables:
                if aliases(table) & tied:
                    tied |= aliases(table)
        return tied

    def _bound(self, tables: Sequence[TableExpression], conditions: Sequence[Expression]) -> Bound:
        outer = any(used_tables(c) - self.own for c in conditions)
        if any(self._is_constant(c) for c in conditions):
            return Bound.BY_CONSTANTS
        if not conditions or all(map(_is_whole, tables)) and all(map(_is_link, conditions)):
            return Bound.NOT
        return Bound.BY_OUTER if outer else Bound.BY_TABLES

    def _is_constant(self, condition: Expression) -> bool:
        """Whether *condition* requires the end to be one of some constants."""
        if not isinstance(condition, Operation) or condition.operator not in {"=", "IN"}:
            return False
        ends = [operand for operand in condition.operands if isinstance(operand, ColumnValue)]
        constants = [operand for operand in condition.operands if isinstance(operand, Constant)]
        return (
            len(ends) == 1 and ends[0].table == self.alias and len(constants) + 1 == len(condition.operands)
        )

    # Conditions on the rows of the lineage ----------------------------------------------------------------

    def _around(self, table: TableExpression) -> Surroundings:
        match table:
            case plan.JoinedTable():
                found = self._around(table.first)
                for join in table.joins:
                    found = self._joined(found, join, self._around(join.table))
                return found
            case LineageTable():
                if table.alias == self.alias:
                    return Surroundings(sure=frozenset({table.alias}), has_lineage=True)
                return _NOTHING  # its rows do not exist yet
        return Surroundings((table,), sure=aliases(table))

    def _joined(self, left: Surroundings, join: plan.Join, right: Surroundings) -> Surroundings:
        on = conjuncts(join.condition)
        match join.kind:
            case "INNER":
                return self._inner(left, right, on)
            case "LEFT":
                return self._outer(left, right, on)
            case "RIGHT":
                return self._outer(right, left, on)
        found = left if left.has_lineage else right
        return replace(found, sure=frozenset()) if found.has_lineage else _NOTHING

    def _outer(self, preserved: Surroundings, other: Surroundings, on: list[Expression]) -> Surroundings:
        """Return the conditions that hold in a join that preserves all rows of one side.

        Later conditions on the *other* side do not hold for its rows: where a row is missing, they apply
        to NULLs.
        """
        if not other.has_lineage:
            return preserved
        return replace(self._inner(preserved, other, on), sure=preserved.sure)

    def _inner(self, left: Surroundings, right: Surroundings, on: Iterable[Expression]) -> Surroundings:
        sure = left.sure | right.sure
        return Surroundings(
            left.tables + right.tables,
            (*left.conditions, *right.conditions, *(c for c in on if self.local(c) <= sure)),
            sure,
            left.has_lineage or right.has_lineage,
        )


def _is_whole(table: TableExpression) -> bool:
    """Whether *table* is a whole table of the database, which alone narrows nothing."""
    return isinstance(table, plan.PublishedTable)


def _is_link(condition: Expression) -> bool:
    """Whether *condition* only requires two columns to be equal."""
    return (
        isinstance(condition, Operation)
        and condition.operator == "="
        and all(isinstance(operand, ColumnValue) for operand in condition.operands)
    )


def _is_indexed(condition: Expression) -> bool:
    """Whether *condition* compares an indexed column with constants."""
    if not isinstance(condition, Operation) or condition.operator not in {"=", "IN", "LIKE", "BETWEEN"}:
        return False
    match [operand for operand in condition.operands if not isinstance(operand, Constant)]:
        case [ColumnValue(about=Column(indexed=indexed))]:
            return indexed
    return False


def is_light(part: object) -> bool:
    """Whether *part* of a plan may be written twice: it is small, not volatile, and has no lineage."""
    small = all(
        size <= LIGHT and not isinstance(inner, LineageTable)
        for size, inner in enumerate(parts(part), start=1)
    )
    return small and not is_volatile(part)
