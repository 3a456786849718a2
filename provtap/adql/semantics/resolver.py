"""Resolves a query to its plan: all tables, columns and types are checked against the published tables.

All errors of a query are reported together (see `problems`), and no plan is returned.
"""

from collections.abc import Sequence
from dataclasses import replace

from provtap.adql.plan import tree as plan
from provtap.adql.plan.extents import check_size, measured, united
from provtap.adql.plan.tree import UNKNOWN, Output
from provtap.adql.semantics.expressions import Expressions
from provtap.adql.semantics.joins import Joins, VisibleTable
from provtap.adql.semantics.ordering import Ordering
from provtap.adql.semantics.problems import FollowUp, Problems
from provtap.adql.semantics.scopes import Scope, matches
from provtap.adql.semantics.selects import Selects
from provtap.adql.semantics.set_operations import common_columns
from provtap.adql.syntax import tree as nodes
from provtap.adql.syntax.lexer import Position, problem
from provtap.tableset import Tableset


def resolve(query: nodes.Query, tableset: Tableset, *, strict: bool = False) -> plan.QuerySpecification:
    """Return the plan of *query*; if *strict*, extensions of ADQL 2.1 are refused.

    Raises: AdqlError about all names that are not published and all types that do not fit.
    """
    problems = Problems()
    resolver = Resolver(tableset, problems, strict=strict)
    specification = problems.attempt(resolver.query_specification, query)
    problems.check()
    assert specification is not None
    return specification


class Resolver:
    """Resolves one query and the queries in it."""

    def __init__(self, tableset: Tableset, problems: Problems, *, strict: bool) -> None:
        self.problems = problems
        self.outermost = Scope(strict=strict)
        """Shows no names."""
        self.joins = Joins(tableset, self.query, problems)
        self.selects = Selects(self.joins, self.subquery, problems)

    def query_specification(self, query: nodes.Query) -> plan.QuerySpecification:
        """Return the plan of a whole query; each table of WITH sees the ones before it."""
        with_queries = tuple(self.with_query(common) for common in query.with_queries)
        resolved = self.query(query, Scope(self.outermost))
        fenced = tuple(replace(common, is_fenced=common.name in self.joins.fenced) for common in with_queries)
        check_size(sum(q.extent.size for q in (resolved, *(w.query for w in fenced))), query.at)
        return plan.QuerySpecification(
            fenced,
            resolved,
            tuple(self.joins.uploads),
            has_lineage=self.joins.lineages > 0,
            schemas=frozenset(self.joins.schemas),
        )

    def with_query(self, common: nodes.WithQuery) -> plan.WithQuery:
        """Return a common table, and make it visible to the queries after it."""
        known = self.joins.common
        if any(
            matches(common.name, other.name.text) or matches(other.name, common.name.text) for other in known
        ):
            self.problems.note(
                problem(f"Two tables of WITH have the name {common.name.text}.", common.name.at)
            )
        query = self.query(common.query, Scope(self.outermost))
        table = VisibleTable(common.name, f"w{len(known) + 1}", query)
        known.append(table)
        return plan.WithQuery(table.alias, query)

    def subquery(self, query: nodes.Query, scope: Scope) -> plan.Query:
        """Return the plan of a query in an expression.

        Raises: FollowUp if it has errors itself, so that the expression has no known type.
        """
        before = len(self.problems)
        resolved = self.query(query, scope)
        if len(self.problems) > before or any(output.value is UNKNOWN for output in resolved.outputs):
            raise FollowUp
        return resolved

    def query(self, query: nodes.Query, scope: Scope) -> plan.Query:
        """Return the plan of a query that looks up names in *scope*, which has no names of its own yet."""
        if isinstance(query.body, nodes.Select):
            return self.selects.select(query, query.body, scope)
        if isinstance(query.body, nodes.Query):
            return self.ordered(self.query(query.body, Scope(scope)), query, scope)
        operation = self.set_operation(query.body, scope)
        if not query.order_by:
            return replace(operation, offset=query.offset)
        ordered = self.ordered(operation, query, scope)
        if any(sort.position is None for sort in ordered.order_by):
            return ordered
        # PostgreSQL can order a set operation by output columns only; other terms need a query around it.
        return replace(operation, order_by=ordered.order_by, offset=query.offset)

    def set_operation(self, operation: nodes.SetOperation, scope: Scope) -> plan.SetOperation:
        """Return queries joined by set operators, with their columns cast to the same types."""
        operands = [self._operand(operand, Scope(scope)) for operand in operation.operands]
        places = [operand.at for operand in operation.operands]
        outputs = common_columns([o.outputs for o in operands], operation.operators, places, self.problems)
        typed = (self._as_columns(o, outputs, at) for o, at in zip(operands, places, strict=True))
        queries = tuple(typed)
        return plan.SetOperation(
            operands=queries, operators=operation.operators, outputs=outputs, extent=united(queries)
        )

    def _operand(self, operand: nodes.Select | nodes.SetOperation | nodes.Query, scope: Scope) -> plan.Query:
        if isinstance(operand, nodes.Query):
            return self.query(operand, scope)
        return self.query(nodes.Query(operand.at, operand), scope)

    def _as_columns(self, query: plan.Query, outputs: Sequence[Output], at: Position) -> plan.Query:
        """Return a query with its columns cast to the types of *outputs*."""
        types = [output.value.type for output in outputs]
        if UNKNOWN in [o.value for o in outputs] or types == [o.value.type for o in query.outputs]:
            return query
        table, relation = self.joins.derived_table(query, (), "the operand", at)
        columns = zip(relation.outputs.all, types, strict=True)
        typed = tuple(Output(o.name, replace(o.value, type=type_)) for o, type_ in columns)
        return plan.Select(outputs=typed, tables=(table,), extent=query.extent)

    def ordered(self, inner: plan.Query, query: nodes.Query, scope: Scope) -> plan.Select:
        """Return `SELECT * FROM (inner)` with another order, which can use only the columns of *inner*."""
        table, scope.relation = self.joins.derived_table(inner, (), "the result", query.at)
        outputs = scope.relation.outputs.all
        expressions = Expressions(scope, self.subquery, "this ORDER BY")
        sorts = Ordering(expressions, outputs).sorts(query.order_by, self.problems)
        order_by = tuple(sort for sort in sorts if sort)
        select = plan.Select(outputs=outputs, tables=(table,), order_by=order_by, offset=query.offset)
        return measured(select, query.at, self.joins.fenced.add)
