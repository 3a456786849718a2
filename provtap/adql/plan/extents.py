"""The size of a query in PostgreSQL's planner, which replaces each use of a column by its expression.

PostgreSQL pulls up derived tables and common tables. `SELECT x || x AS x FROM (SELECT x || x AS x FROM
(...))` then has 2 to the power of its levels columns, in a planner that no time limit stops, and the tables
of all levels are joined at once. Both sizes are counted here from the inside out, without building the
expressions. A table that grows too much is fenced: PostgreSQL plans it separately. Fencing all tables would
be slow, because a condition outside of a fence can't use an index inside.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache

from provtap.adql.plan import tree as plan
from provtap.adql.plan.tree import (
    ColumnValue,
    Expression,
    Extent,
    Operation,
    Output,
    Query,
    Select,
    TableExpression,
    conjuncts,
)
from provtap.adql.syntax.lexer import Position, problem

GROWTH_LIMIT = 1_000
"""Parts that a SELECT may gain when its tables are pulled up."""
JOIN_LIMIT = 32
"""Tables that one SELECT joins: PostgreSQL plans this number, all equal in one column, in a second."""
LINK_LIMIT = 200
"""Equalities of columns in the joins of one SELECT: PostgreSQL takes minutes to plan 1 600."""
PULLED_LIMIT = 12
"""Tables that one SELECT joins; beyond this, the tables of derived tables are joined separately."""
SIZE_LIMIT = 250_000
"""Parts of a whole query; PostgreSQL takes up to 2 kB for one."""
SUBQUERY_SIZE = 50
"""Weight of a subquery in an expression, besides its own parts: each copy is planned separately."""
LIST_MEMBERS = 100
"""Literals of a long list that weigh as much as one part."""
LINEAGE_SIZE = 300
"""Weight of a lineage, which becomes a recursive query of several joins."""
OUTPUT_SIZE = 10
"""Weight of an output column, besides its own parts: PostgreSQL needs up to 8 kB for one."""
LOOKED_UP = {
    **dict.fromkeys(("eo_agent_id", "eo_agents", "ls_project", "ls_agents", "ls_inputs", "ls_ninputs"), 200),
    **dict.fromkeys(("ow_names", "ow_emails"), 200),
    **dict.fromkeys(("ls_configuration", "ls_parameters", "ls_doi", "ls_rights_uri", "co_members"), 100),
    **dict.fromkeys(("su_datasets", "su_agents"), 100),
}
"""Columns of the views in schema/ that are a subquery, and their weights."""
Leaf = (
    plan.PublishedTable
    | plan.UploadReference
    | plan.DerivedTable
    | plan.CommonTable
    | plan.LineageTable
    | plan.RawTable
)
_LARGEST = 10**9
"""The maximum of a count: counts double with each level."""


def column_size(name: str) -> int:
    """Return the weight of a published column."""
    return LOOKED_UP.get(name, 1)


def measured(select: Select, at: Position, materialize: Callable[[str], None]) -> Select:
    """Return *select* with the fences that it needs, and its extent.

    The names of common tables that need a fence are added to *materialize*.
    Raises: AdqlError for a SELECT that is too large even with fences.
    """
    tables = list(_leaves(select.tables))
    parts = _Parts()
    for value in _values(select):
        parts.add(value)
    fences = _fences(tables, parts)
    joined = sum(1 if t.alias in fences else _joined(t) for t in tables) + _semijoined(select)
    if joined > JOIN_LIMIT:
        raise problem(
            f"This SELECT joins {joined} tables; the limit is {JOIN_LIMIT}.",
            at,
            "Join some of them in a subquery with GROUP BY or DISTINCT.",
        )
    links = sum(map(_is_link, _conjuncts(select)))
    if links > LINK_LIMIT:
        message = f"This SELECT joins on {links} equalities of columns; the limit is {LINK_LIMIT}."
        raise problem(message, at, "Join on the columns of a key.")
    for table in tables:
        if isinstance(table, plan.CommonTable) and table.alias in fences:
            materialize(table.name)
    derived = [table for table in tables if isinstance(table, plan.DerivedTable)]
    # The expressions of columns of outer queries are counted in the outer query, which may be fenced.
    grown = sum(parts.grown[table.alias] for table in tables if table.alias not in fences)
    size = parts.own + grown + OUTPUT_SIZE * len(select.outputs)
    size += sum(table.query.extent.size for table in derived)
    size += LINEAGE_SIZE * sum(isinstance(table, plan.LineageTable) for table in tables)
    check_size(size, at)
    return replace(
        select,
        tables=tuple(_fenced(table, fences) for table in select.tables),
        extent=Extent(size, joined if _is_pulled_up(select) else 1),
    )


def check_size(size: int, at: Position) -> None:
    """Reject a query that would need too much memory to plan.

    Raises: AdqlError.
    """
    if size > SIZE_LIMIT:
        message = (
            f"This query has more than {SIZE_LIMIT} columns, constants and operators for PostgreSQL to plan"
        )
        raise problem(f"{message}.", at, "Select fewer columns; upload long lists as a table.")


def united(queries: Iterable[Query]) -> Extent:
    """Return the extent of *queries* in one set operation: conditions outside are copied into each."""
    extents = [query.extent for query in queries]
    return Extent(_sum(e.size for e in extents), _sum(e.joined for e in extents))


def output_sizes(query: Query) -> list[int]:
    """Return the weight of each output column where the outer query uses it.

    Queries that PostgreSQL does not pull up, such as those with TOP, count as well: EXPLAIN expands them.
    """
    if isinstance(query, plan.SetOperation):
        sizes = zip(*map(output_sizes, query.operands), strict=True)
        return [_sum(size) for size in sizes]
    movable = (t for t in _leaves(query.tables) if isinstance(t, plan.DerivedTable | plan.CommonTable))
    fences = {table.alias for table in movable if table.is_fenced}
    return [_size(output, fences) for output in query.outputs]


def _size(output: Output, fences: set[str]) -> int:
    parts = _Parts()
    parts.add(output.value)
    return parts.without(fences)


class _Parts:
    """Counts parts of expressions: fixed parts, and for each table those that replace its columns."""

    def __init__(self) -> None:
        self.own = 0
        self.grown: Counter[str] = Counter()
        """For each table, the additional parts of its columns, beyond one each."""

    def add(self, value: Expression, times: int = 1) -> None:
        """Count *value*, which PostgreSQL writes this number of *times*."""
        times = min(times, _LARGEST)
        self.own += times
        match value:
            case ColumnValue():
                self.grown[value.table] += times * (value.size - 1)
                return
            case plan.Subquery():
                self.own += times * (SUBQUERY_SIZE + value.query.extent.size)
                for column in value.captured:
                    self.add(column, times)
                operands = value.operands[:1] if value.operator in {"IN", "NOT IN"} else ()
            case plan.LongList():
                self.own += times * (len(value.texts) // LIST_MEMBERS)
                operands = ()
            case plan.Call():
                self.own += times * _call_size(value.function.sql)
                operands = value.operands
            case _:
                operands = value.operands
        copies = _copies(value)
        for operand in operands:
            self.add(operand, times * copies)
            copies = 1

    def without(self, fences: Iterable[str]) -> int:
        """Return the number of parts if these tables are fenced."""
        grown = sum(size for table, size in self.grown.items() if table not in fences)
        return min(self.own + grown, _LARGEST)


@cache
def _call_size(sql: str) -> int:
    """Return the weight of a call of the function *sql* beyond itself and its arguments."""
    return len(re.findall(r"\w+", sql)) + SUBQUERY_SIZE * sql.count("SELECT")


def _copies(value: Expression) -> int:
    """Return how often PostgreSQL writes the first operand of *value*."""
    if not isinstance(value, Operation):
        return 1
    if value.operator in {"BETWEEN", "NOT BETWEEN"}:
        return 1 if has_case(value.operands[0]) else 2
    if value.operator in {"IN", "NOT IN"} and not is_copied(value.operands):
        return max(1, sum(not isinstance(other, plan.Constant) for other in value.operands[1:]))
    return 1


def is_copied(operands: Sequence[Expression]) -> bool:
    """Whether PostgreSQL would copy the first operand of IN, if not a plain name, for other operands."""
    value, *others = operands
    is_name = isinstance(value, ColumnValue | plan.Constant)
    return not is_name and any(not isinstance(other, plan.Constant) for other in others)


def has_case(value: Expression) -> bool:
    """Whether a value has conditions in it, as CASE and subqueries do, which may be BETWEEN again.

    PostgreSQL copies the first operand of BETWEEN, and of IN for each value that is not a constant. Nested
    copies double at each level, before any limit of time or memory applies. So both are written differently.
    """
    return isinstance(value, plan.Case | plan.Subquery) or any(map(has_case, value.operands))


def _fences(tables: Sequence[Leaf], parts: _Parts) -> set[str]:
    """Return the tables to fence, as few as possible."""
    fences: set[str] = set()
    growth = sum(parts.grown[table.alias] for table in tables)
    movable = [table for table in tables if isinstance(table, plan.DerivedTable | plan.CommonTable)]
    for table in sorted(movable, key=lambda table: -parts.grown[table.alias]):
        if growth <= GROWTH_LIMIT:
            break
        fences.add(table.alias)
        growth -= parts.grown[table.alias]
    joined = sum(1 if table.alias in fences else _joined(table) for table in tables)
    for table in sorted(movable, key=lambda table: -_joined(table)):
        if joined <= PULLED_LIMIT or _joined(table) == 1:
            break
        if table.alias not in fences:
            fences.add(table.alias)
            joined -= _joined(table) - 1
    return fences


def _joined(table: Leaf) -> int:
    """Return the number of tables that PostgreSQL joins in place of *table*."""
    match table:
        case plan.DerivedTable():
            return table.query.extent.joined
        case plan.CommonTable():
            return table.joined
    return 1


def _semijoined(select: Select) -> int:
    """Return the number of tables that IN and EXISTS add to the join."""
    return sum(map(_semijoined_by, _conjuncts(select)))


def _semijoined_by(condition: Expression) -> int:
    match condition:
        case Operation(operator="NOT", operands=(plan.Subquery(operator="EXISTS") as exists,)):
            return _semijoined_by(exists)
        case plan.Subquery(operator="IN") | plan.Subquery(operator="EXISTS", captured=(_, *_)):
            return condition.query.extent.joined
    return 0


def _is_link(condition: Expression) -> bool:
    """Whether *condition* requires columns to be equal."""
    is_equality = isinstance(condition, Operation) and condition.operator == "="
    return is_equality and all(any(operand.columns()) for operand in condition.operands)


def _conjuncts(select: Select) -> list[Expression]:
    """Return the conditions of WHERE and of all joins."""
    return [c for condition in (select.where, *_conditions(select.tables)) for c in conjuncts(condition)]


def _is_pulled_up(select: Select) -> bool:
    """Whether PostgreSQL moves the tables of *select* into the outer query."""
    separate = (select.distinct, select.group_by, select.having, select.order_by)
    return not any(separate) and select.top is None and select.offset is None


def _leaves(tables: Iterable[TableExpression]) -> Iterator[Leaf]:
    """Yield the tables in *tables* other than joins."""
    for table in tables:
        if isinstance(table, plan.JoinedTable):
            yield from _leaves([table.first, *(join.table for join in table.joins)])
        elif not isinstance(table, plan.SharedRows):  # which `lineage.rewrite` makes later
            yield table


def _fenced(table: TableExpression, fences: set[str]) -> TableExpression:
    match table:
        case plan.DerivedTable() | plan.CommonTable() if table.alias in fences:
            return replace(table, is_fenced=True)
        case plan.JoinedTable():
            joins = (replace(join, table=_fenced(join.table, fences)) for join in table.joins)
            return plan.JoinedTable(_fenced(table.first, fences), tuple(joins))
    return table


def _values(select: Select) -> Iterator[Expression]:
    """Yield every expression of *select*."""
    yield from (output.value for output in select.outputs)
    yield from (c for c in (select.where, select.having) if c)
    yield from select.group_by
    yield from (sort.value for sort in select.order_by if sort.position is None)
    yield from _conditions(select.tables)


def _conditions(tables: Iterable[TableExpression]) -> Iterator[Expression]:
    for table in tables:
        if isinstance(table, plan.JoinedTable):
            yield from (join.condition for join in table.joins if join.condition)
            yield from _conditions([table.first, *(join.table for join in table.joins)])


def _sum(sizes: Iterable[int]) -> int:
    return min(sum(sizes), _LARGEST)
