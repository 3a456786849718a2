"""FROM clauses: the tables of a query, which of their columns are in sight, and how they are joined.

NATURAL and USING become plain conditions here, and their columns merge as SQL says: the column of a LEFT
join is the left one, of a RIGHT join the right one, of a FULL join the first that is not NULL.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from provtap.adql import nodes, plan
from provtap.adql.comparisons import comparable
from provtap.adql.datatypes import Type, arithmetic_type, column_type, typed_column
from provtap.adql.expressions import Expressions, QueryResolver
from provtap.adql.lexer import Position, problem
from provtap.adql.lineage import LINEAGES
from provtap.adql.nodes import Name
from provtap.adql.plan import (
    UNKNOWN,
    Expression,
    Field,
    Operation,
    Output,
    TableExpression,
)
from provtap.adql.problems import FollowUp, Problems
from provtap.adql.scopes import ANYTHING, Outputs, Relation, Scope, Source, find_table, matches
from provtap.adql.uploads import UploadedTable
from provtap.tableset import Table, Tableset

TABLE_LIMIT = 200
"""Tables of one query, those of its subqueries included; PostgreSQL plans far fewer in reasonable time."""

LINEAGE_LIMIT = 10
"""Lineages of one query: each is a walk of its own."""


@dataclass(frozen=True, slots=True)
class CommonTable:
    """A table of WITH."""

    name: Name
    alias: str
    """w1, w2, ..."""
    outputs: tuple[Output, ...]


class Joins:
    """Resolves the FROM clauses of one query; its tables are numbered through all subqueries."""

    def __init__(self, tableset: Tableset, query: QueryResolver, problems: Problems) -> None:
        self.tableset = tableset
        self.query = query
        self.problems = problems
        self.common: list[CommonTable] = []
        """The tables of WITH, as far as they can be seen."""
        self.uploads: list[UploadedTable] = []
        """Those that the query uses, each once."""
        self._numbers = count(1)
        self._lineages = 0

    def tables(self, references: Sequence[nodes.TableReference], scope: Scope) -> tuple[TableExpression, ...]:
        """Return the tables of a FROM clause, and put their columns in sight of *scope*.

        Until then *scope* shows nothing of its own: a derived table sees outer queries, not its neighbours.
        """
        resolved = [self.table(reference, scope) for reference in references]
        scope.relation = side_by_side([relation for _, relation in resolved])
        self.problems.attempt(_check_names, scope.relation, references[0].at)
        return tuple(table for table, _ in resolved)

    def table(self, reference: nodes.TableReference, scope: Scope) -> tuple[TableExpression, Relation]:
        """Return a table, and what it lets be seen."""
        match reference:
            case nodes.TableName():
                found = self.problems.attempt(self.named_table, reference)
                return found or self._unknown(reference)
            case nodes.DerivedTable():
                name = reference.alias.text
                return self.derived_table(
                    self.query(reference.query, Scope(scope)), (name,), name, reference.at
                )
            case nodes.JoinedTable():
                return self.joined_table(reference, scope)

    def named_table(self, reference: nodes.TableName) -> tuple[TableExpression, Relation]:
        """Return a table of WITH, which hides those published, or a published one.

        Raises: AdqlError if there is none of this name, or if no query can use it.
        """
        if len(reference.names) == 1:
            (name,) = reference.names
            found = [table for table in self.common if matches(name, table.name.text)]
            if found:
                return self.common_table(found[0], reference)
        return self.published_table(reference)

    def common_table(
        self, table: CommonTable, reference: nodes.TableName
    ) -> tuple[TableExpression, Relation]:
        """Return a table of WITH; its columns are called c1, c2, ... in there."""
        alias = self.alias(reference.at)
        outputs = _columns_of(table.outputs, alias)
        name = (reference.alias or table.name).text
        return plan.CommonTable(alias, table.alias), Relation(
            (Source((name,), table.name.text, outputs),), outputs
        )

    def published_table(self, reference: nodes.TableName) -> tuple[TableExpression, Relation]:
        """Return a published table."""
        table = find_table(reference.names, self.tableset)
        alias = self.alias(reference.at)
        is_upload = isinstance(table, UploadedTable)
        outputs = Outputs(
            Output(
                c.name,
                Field(column_type(c), about=c, table=alias, column=f"c{n}" if is_upload else c.name),
            )
            for n, c in enumerate(table.columns, start=1)
        )
        names = (reference.alias.text,) if reference.alias else (table.schema_name, table.name)
        source = Source(names, table.qualified_name, outputs)
        return self.database_table(table, alias, reference.at), Relation((source,), outputs)

    def database_table(self, table: Table, alias: str, at: Position) -> TableExpression:
        """Return where the rows of a table come from: the database, the request, or a walk.

        Raises: AdqlError for a virtual table that can't be made, or once too often.
        """
        if isinstance(table, UploadedTable):
            return plan.UploadReference(alias, self._number(table))
        if table.table_type != "virtual":
            return plan.PublishedTable(alias, table.schema_name, table.name)
        if table.qualified_name not in LINEAGES:
            raise problem(f"Queries on {table.qualified_name} are not offered by this service.", at)
        self._lineages += 1
        if self._lineages > LINEAGE_LIMIT:
            raise problem(f"The query follows lineage more than {LINEAGE_LIMIT} times.", at)
        return plan.LineageTable(alias, table.qualified_name)

    def _number(self, table: UploadedTable) -> int:
        """Return which upload of this query *table* is."""
        if table not in self.uploads:
            self.uploads.append(table)
        return self.uploads.index(table) + 1

    def derived_table(
        self, query: plan.Query, names: tuple[str, ...], called: str, at: Position
    ) -> tuple[plan.DerivedTable, Relation]:
        """Return a query as table; its columns are called c1, c2, ... in there."""
        alias = self.alias(at)
        outputs = _columns_of(query.outputs, alias)
        return plan.DerivedTable(alias, query), Relation((Source(names, called, outputs),), outputs)

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
        both = side_by_side([left, right])
        if join.on is None:
            merged = self.problems.attempt(_merged_columns, join, left, right)
            return merged or (None, Relation(both.sources, ANYTHING))
        expressions = Expressions(Scope(scope, both), self.query, "ON")
        condition = resolve_condition(join.on, expressions, self.problems)
        if condition:
            self.problems.attempt(_check_full, join, condition, left, right)
        return condition, both

    def _unknown(self, reference: nodes.TableName) -> tuple[TableExpression, Relation]:
        """Return what stands for a table that there is not."""
        names = (reference.alias,) if reference.alias else reference.names
        source = Source(tuple(name.text for name in names), names[-1].text, ANYTHING)
        return plan.CommonTable("", ""), Relation((source,), ANYTHING)

    def alias(self, at: Position) -> str:
        """Return the name of one more table.

        Raises: AdqlError if there are too many.
        """
        number = next(self._numbers)
        if number == TABLE_LIMIT + 1:
            raise problem(f"The query uses more than {TABLE_LIMIT} tables.", at)
        if number > TABLE_LIMIT:
            raise FollowUp
        return f"t{number}"


def resolve_condition(
    condition: nodes.Condition, expressions: Expressions, problems: Problems
) -> Expression | None:
    """Return a condition, None if anything in it is wrong; the members of a chain are wrong one by one."""
    if not isinstance(condition, nodes.Junction):
        return problems.attempt(expressions.condition, condition)
    members = [resolve_condition(member, expressions, problems) for member in condition.operands]
    found = tuple(member for member in members if member)
    if len(found) < len(members):
        return None
    return Operation(Type.CONDITION, found, operator=condition.operator)


def _columns_of(outputs: Iterable[Output], table: str) -> Outputs:
    """Return the columns of a query seen from outside, where it is called *table*."""
    return Outputs(
        o
        if o.value is UNKNOWN
        else Output(o.name, Field(_held(o.value.type), about=o.column(), table=table, column=f"c{number}"))
        for number, o in enumerate(outputs, start=1)
    )


def _held(type_: Type) -> Type:
    return Type.TEXT if type_ is Type.NULL else type_


def side_by_side(relations: Iterable[Relation]) -> Relation:
    """Return the tables of several relations together."""
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
    if left.outputs.may_have_any or right.outputs.may_have_any:
        raise FollowUp
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
    if left.type is right.type and _have_one_shape(left, right):
        return Operation(left.type, (left, right), left.about, operator="COALESCE")
    if not left.type.is_number:
        return Operation(left.type, (left, right), typed_column(left.type), operator="COALESCE")
    return Operation(arithmetic_type([left.type, right.type]), (left, right), operator="COALESCE")


def _have_one_shape(left: Expression, right: Expression) -> bool:
    if left.about is None or right.about is None:
        return left.about is right.about
    return (left.about.datatype, left.about.arraysize) == (right.about.datatype, right.about.arraysize)


def _others(outputs: Sequence[Output], merged: Sequence[Output]) -> list[Output]:
    return [output for output in outputs if not any(output is one for one in merged)]


def _conjunction(conditions: tuple[Expression, ...]) -> Expression | None:
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return Operation(Type.CONDITION, conditions, operator="AND")


def _merged_columns(join: nodes.Join, left: Relation, right: Relation) -> tuple[Expression | None, Relation]:
    """Return what NATURAL or USING joins by, and what can be seen then.

    Raises: AdqlError if a column of USING is not once on either side, or can't be compared.
    """
    pairs = _common(left, right) if join.natural else [_pair(name, left, right) for name in join.using]
    equalities = tuple(_equality(a, b, join.at) for a, b in pairs)
    outputs = (
        *(Output(a.name, _merged(join.kind, a.value, b.value)) for a, b in pairs),
        *_others(left.outputs.all, [a for a, _ in pairs]),
        *_others(right.outputs.all, [b for _, b in pairs]),
    )
    return _conjunction(equalities), Relation((*left.sources, *right.sources), Outputs(outputs))


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
