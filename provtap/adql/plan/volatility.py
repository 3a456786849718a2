"""Volatile parts of a query, which may change with each evaluation: how they are evaluated once.

RAND() is volatile. So is TOP: PostgreSQL chooses among equal rows. Near a lineage, parts of a query are
written twice (see `lineage.rewrite`), and PostgreSQL may run a subquery again for each row of a join. So in a
query with a lineage

- a volatile subquery or derived table that needs no row of the queries around it becomes a table of WITH,
  which PostgreSQL evaluates once (MATERIALIZED);
- any other volatile part stays where it is: it is evaluated for each row, and never written twice.

For example, `q_v1` is evaluated once, and the last condition for each row:

    SELECT e.e_name, l.l_ancestor_id                            WITH q_v1 AS MATERIALIZED (
    FROM lineage AS l                                             SELECT ... ORDER BY random() LIMIT 1)
    JOIN entity AS e ON e.e_id = l.l_descendant_id     becomes  SELECT ...
    WHERE e.e_id IN (SELECT TOP 1 u_entity_id                   WHERE e.e_id IN (SELECT c1 FROM q_v1)
                     FROM used ORDER BY RAND())                   AND random() < 0.5
      AND RAND() < 0.5
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar

from provtap.adql.plan import tree as plan
from provtap.adql.plan.functions import Function
from provtap.adql.plan.tree import (
    ColumnValue,
    CommonTable,
    DerivedTable,
    Expression,
    Output,
    Query,
    Select,
    WithQuery,
)
from provtap.adql.plan.types import Type

AnyQuery = TypeVar("AnyQuery", Query, Select)


def evaluated_once(specification: plan.QuerySpecification) -> plan.QuerySpecification:
    """Return a whole query; if it has a lineage, its volatile subqueries become tables of WITH."""
    if not specification.has_lineage:
        return specification
    tables: list[WithQuery] = []
    for table in specification.with_queries:
        found, query = extracted(table.query, table.name)
        tables += [*found, replace(table, query=query, is_volatile=is_volatile(query))]
    found, query = extracted(specification.query, "q")
    return replace(specification, with_queries=(*tables, *found), query=query)


def extracted(query: AnyQuery, prefix: str) -> tuple[list[WithQuery], AnyQuery]:
    """Return the volatile subqueries that need no row of *query*, and *query* with names in their place.

    The names begin with *prefix*. A subquery comes after the subqueries that it uses.
    """
    if not is_volatile(query):
        return [], query
    extraction = _Extraction(prefix, {p.alias for p in parts(query) if isinstance(p, plan.NamedTable)})
    query = extraction.whole(query)
    return list(extraction.tables.values()), query


def is_volatile(part: object) -> bool:
    """Whether *part* of a plan may have different rows or values with each evaluation."""
    return any(map(_is_volatile_itself, parts(part)))


def _is_volatile_itself(part: object) -> bool:
    """Whether *part* is volatile itself, whatever it contains."""
    match part:
        case plan.Select():
            return part.top is not None or part.offset is not None
        case plan.SetOperation():
            return part.offset is not None
        case plan.Call(function=function) | plan.Aggregate(function=Function() as function):
            return function.is_volatile
        case plan.Aggregate(name="SUM" | "AVG", operands=(Expression(type=Type.FLOAT | Type.DOUBLE),)):
            return True  # the last digits depend on the order of the rows
    return False


def parts(part: object) -> Iterator[object]:
    """Yield *part* and all parts in it."""
    waiting = [part]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, tuple):
            waiting += part
        elif names := _attributes(part):
            waiting += [getattr(part, name) for name in names]


_LEAVES = {"type", "about", "function", "name", "alias", "column", "operator", "kind", "text", "texts"}
"""Attributes of nodes that never contain other nodes, skipped for speed."""


_KNOWN: dict[type, tuple[str, ...]] = {}


def _attributes(part: object) -> tuple[str, ...]:
    """Return the attributes of *part* that may contain other nodes."""
    kind = type(part)
    if kind not in _KNOWN:
        names = [attribute.name for attribute in fields(kind)] if is_dataclass(kind) else []
        _KNOWN[kind] = tuple(name for name in names if name not in _LEAVES)
    return _KNOWN[kind]


@dataclass(slots=True)
class _Seen:
    """The tables found in one part of a query."""

    used: set[str] = field(default_factory=set)
    """Tables with columns in it."""
    own: set[str] = field(default_factory=set)
    """Tables of its FROM clauses."""
    is_volatile: bool = False

    def add(self, inner: "_Seen") -> None:
        self.used |= inner.used
        self.own |= inner.own
        self.is_volatile |= inner.is_volatile


class _Extraction:
    """Extracts subqueries from the inside out: a part that only uses an extracted query is not volatile."""

    def __init__(self, prefix: str, tables: set[str]) -> None:
        self.prefix = prefix
        self.around = tables
        """All tables of the query, at any depth."""
        self.tables: dict[Query, WithQuery] = {}
        self.seen = _Seen()

    def whole(self, query: Any) -> Any:
        """Return the query itself, not extracted; nor are the operands of a set operation."""
        if isinstance(query, plan.SetOperation):
            return replace(query, operands=tuple(map(self.whole, query.operands)))
        return self.inside(query)

    def inside(self, part: Any) -> Any:
        """Return *part* with its members rewritten."""
        self.seen.is_volatile |= _is_volatile_itself(part)
        return replace(part, **{name: self.member(getattr(part, name)) for name in _attributes(part)})

    def member(self, part: Any) -> Any:
        """Return the replacement of *part*."""
        if isinstance(part, tuple):
            return tuple(map(self.member, part))
        if isinstance(part, ColumnValue):
            self.seen.used.add(part.table)
            return part
        if isinstance(part, plan.NamedTable):
            self.seen.own.add(part.alias)
        match part:
            case DerivedTable():
                made = self.query(part.query)
                if isinstance(made, WithQuery):
                    return CommonTable(part.alias, made.name)
                return replace(part, query=made)
            case Select() | plan.SetOperation():
                made = self.query(part)
                return _all_of(made) if isinstance(made, WithQuery) else made
        return self.inside(part) if _attributes(part) else part

    def query(self, query: Query) -> Query | WithQuery:
        """Return a query within another one, or a query of the table of WITH that it becomes."""
        around, self.seen = self.seen, _Seen()
        query = self.inside(query)
        inner, self.seen = self.seen, around
        if inner.is_volatile and not (inner.used - inner.own) & self.around:
            name = f"{self.prefix}_v{len(self.tables) + 1}"
            return self.tables.setdefault(query, WithQuery(name, query, is_volatile=True))
        self.seen.add(inner)
        return query


def _all_of(table: WithQuery) -> Select:
    """Return the query of all rows of a table of WITH."""
    columns = (
        Output(
            output.name,
            ColumnValue(output.value.type, about=output.value.about, table=table.name, column=f"c{n}"),
        )
        for n, output in enumerate(table.query.outputs, start=1)
    )
    return Select(outputs=tuple(columns), tables=(CommonTable(table.name, table.name),))
