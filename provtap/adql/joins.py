"""FROM clauses: the tables of a query, which of their columns are in sight, and how they are joined.

NATURAL and USING become plain conditions here, and their columns merge as SQL says: the column of a LEFT
join is the left one, of a RIGHT join the right one, of a FULL join the first that is not NULL.
"""

from collections.abc import Iterable, Sequence
from itertools import count

from provtap.adql import nodes, plan
from provtap.adql.comparisons import comparable
from provtap.adql.datatypes import Type, arithmetic_type, column_type
from provtap.adql.expressions import Expressions, QueryResolver
from provtap.adql.lexer import Position, problem
from provtap.adql.nodes import Name
from provtap.adql.plan import (
    Expression,
    Field,
    Operation,
    Output,
    TableExpression,
)
from provtap.adql.scopes import Outputs, Relation, Scope, Source, find_table
from provtap.tableset import Tableset

TABLE_LIMIT = 200
"""Tables of one query, those of its subqueries included; PostgreSQL plans far fewer in reasonable time."""


class Joins:
    """Resolves the FROM clauses of one query; its tables are numbered through all subqueries."""

    def __init__(self, tableset: Tableset, query: QueryResolver) -> None:
        self.tableset = tableset
        self.query = query
        self._numbers = count(1)

    def tables(self, references: Sequence[nodes.TableReference], scope: Scope) -> tuple[TableExpression, ...]:
        """Return the tables of a FROM clause, and put their columns in sight of *scope*.

        Until then *scope* shows nothing of its own: a derived table sees outer queries, not its neighbours.
        """
        resolved = [self.table(reference, scope) for reference in references]
        scope.relation = _side_by_side([relation for _, relation in resolved])
        _check_names(scope.relation, references[0].at)
        return tuple(table for table, _ in resolved)

    def table(self, reference: nodes.TableReference, scope: Scope) -> tuple[TableExpression, Relation]:
        """Return a table, and what it lets be seen."""
        match reference:
            case nodes.TableName():
                return self.published_table(reference)
            case nodes.DerivedTable():
                return self.derived_table(reference, scope)
            case nodes.JoinedTable():
                return self.joined_table(reference, scope)

    def published_table(self, reference: nodes.TableName) -> tuple[TableExpression, Relation]:
        """Return a published table.

        Raises: AdqlError if there is none of this name, or if no query can use it.
        """
        table = find_table(reference.names, self.tableset)
        if table.table_type == "virtual":
            raise problem(f"Queries on {table.qualified_name} are not offered by this service.", reference.at)
        alias = self._alias(reference.at)
        outputs = Outputs(
            Output(c.name, Field(column_type(c), about=c, table=alias, column=c.name)) for c in table.columns
        )
        names = (reference.alias.text,) if reference.alias else (table.schema_name, table.name)
        source = Source(names, table.qualified_name, outputs)
        return plan.PublishedTable(alias, table.schema_name, table.name), Relation((source,), outputs)

    def derived_table(self, reference: nodes.DerivedTable, scope: Scope) -> tuple[TableExpression, Relation]:
        """Return a query as table; its columns are called c1, c2, ... in there."""
        select = self.query(reference.query, Scope(scope))
        alias = self._alias(reference.at)
        outputs = Outputs(
            Output(o.name, Field(_held(o.value.type), about=o.column(), table=alias, column=f"c{number}"))
            for number, o in enumerate(select.outputs, start=1)
        )
        source = Source((reference.alias.text,), reference.alias.text, outputs)
        return plan.DerivedTable(alias, select), Relation((source,), outputs)

    def joined_table(self, reference: nodes.JoinedTable, scope: Scope) -> tuple[TableExpression, Relation]:
        """Return tables joined from left to right; a condition sees those joined so far."""
        first, relation = self.table(reference.first, scope)
        joins = []
        for join in reference.joins:
            table, right = self.table(join.table, scope)
            condition, relation = self._joined(join, relation, right, scope)
            joins.append(plan.Join(join.kind, table, condition))
        return plan.JoinedTable(first, tuple(joins)), relation

    def _joined(
        self, join: nodes.Join, left: Relation, right: Relation, scope: Scope
    ) -> tuple[Expression | None, Relation]:
        both = _side_by_side([left, right])
        if join.on is not None:
            condition = Expressions(Scope(scope, both), self.query, "ON").condition(join.on)
            _check_full(join, condition, left, right)
            return condition, both
        pairs = _common(left, right) if join.natural else [_pair(name, left, right) for name in join.using]
        equalities = tuple(_equality(a, b, join.at) for a, b in pairs)
        outputs = (
            *(Output(a.name, _merged(join.kind, a.value, b.value)) for a, b in pairs),
            *_others(left.outputs.all, [a for a, _ in pairs]),
            *_others(right.outputs.all, [b for _, b in pairs]),
        )
        return _conjunction(equalities), Relation(both.sources, Outputs(outputs))

    def _alias(self, at: Position) -> str:
        number = next(self._numbers)
        if number > TABLE_LIMIT:
            raise problem(f"The query uses more than {TABLE_LIMIT} tables.", at)
        return f"t{number}"


def _held(type_: Type) -> Type:
    return Type.TEXT if type_ is Type.NULL else type_


def _side_by_side(relations: Iterable[Relation]) -> Relation:
    relations = list(relations)
    return Relation(
        tuple(source for relation in relations for source in relation.sources),
        Outputs(output for relation in relations for output in relation.outputs.all),
    )


def _check_names(relation: Relation, at: Position) -> None:
    """Refuse two tables of one name, which no column reference could tell apart."""
    seen = set()
    for source in relation.sources:
        name = tuple(text.lower() for text in source.names)
        if name in seen:
            raise problem(
                f"Two tables of this query are called {source.names[-1]}.",
                at,
                "Give each a name of its own with AS.",
            )
        seen.add(name)


def _common(left: Relation, right: Relation) -> list[tuple[Output, Output]]:
    """Return the columns that a NATURAL join merges; without any, all pairs of rows are joined."""
    names = {output.name for output in right.outputs.all}
    at = Position(1, 1)
    return [_pair(Name(o.name, True, at), left, right) for o in left.outputs.all if o.name in names]


def _pair(name: Name, left: Relation, right: Relation) -> tuple[Output, Output]:
    """Return the column of this name on either side of a join.

    Raises: AdqlError unless each side has exactly one.
    """
    sides = []
    for side, relation in (("left", left), ("right", right)):
        found = relation.outputs.called(name)
        if len(found) != 1:
            number = "no" if not found else "more than one"
            raise problem(f"The {side} side of this join has {number} column {name.text}.", name.at)
        sides.append(found[0])
    return sides[0], sides[1]


def _equality(left: Output, right: Output, at: Position) -> Expression:
    operands = comparable((left.value, right.value), at)
    return Operation(Type.CONDITION, operands, operator="=")


def _merged(kind: str, left: Expression, right: Expression) -> Expression:
    if kind == "RIGHT":
        return right
    if kind != "FULL":
        return left
    if left.type is right.type:
        return Operation(left.type, (left, right), left.about, operator="COALESCE")
    return Operation(arithmetic_type([left.type, right.type]), (left, right), operator="COALESCE")


def _others(outputs: Sequence[Output], merged: Sequence[Output]) -> list[Output]:
    return [output for output in outputs if not any(output is one for one in merged)]


def _conjunction(conditions: tuple[Expression, ...]) -> Expression | None:
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return Operation(Type.CONDITION, conditions, operator="AND")


def _check_full(join: nodes.Join, condition: Expression, left: Relation, right: Relation) -> None:
    """Refuse a FULL JOIN that PostgreSQL can't do: one that no equality of both sides holds together."""
    if join.kind != "FULL":
        return
    sides = left.tables(), right.tables()
    for part in condition.operands if _is(condition, "AND") else (condition,):
        if _is(part, "="):
            used = [{f.table for f in operand.fields()} for operand in part.operands]
            if any(used[0] and used[1] and used[0] <= a and used[1] <= b for a, b in (sides, sides[::-1])):
                return
    raise problem("A FULL JOIN needs an equality between a column of either side.", join.at)


def _is(expression: Expression, operator: str) -> bool:
    return isinstance(expression, Operation) and expression.operator == operator
