"""FROM clauses: the tables of a query, how they are joined, and which of their columns are visible.

NATURAL and USING become plain conditions here (see `natural_joins`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from provtap.adql.lineage import affected
from provtap.adql.lineage.recursion import LINEAGES
from provtap.adql.plan import tree as plan
from provtap.adql.plan.extents import column_size, output_sizes
from provtap.adql.plan.lengths import least_length
from provtap.adql.plan.tree import (
    UNKNOWN,
    ColumnValue,
    Expression,
    Operation,
    Output,
    TableExpression,
    UploadedTable,
    conjuncts,
)
from provtap.adql.plan.types import Type, column_type
from provtap.adql.semantics.expressions import Expressions, QueryResolver
from provtap.adql.semantics.natural_joins import merged_columns
from provtap.adql.semantics.padding import is_padded
from provtap.adql.semantics.problems import FollowUp, Problems
from provtap.adql.semantics.scopes import ANYTHING, Outputs, Relation, Scope, Source, find_table, matches
from provtap.adql.syntax import tree as nodes
from provtap.adql.syntax.lexer import Position, problem
from provtap.adql.syntax.tree import Name
from provtap.tableset import Table, Tableset

TABLE_LIMIT = 200
"""Tables of one query including its subqueries; PostgreSQL plans far fewer in reasonable time."""

COLUMN_LIMIT = 10_000
"""Columns of one join; PostgreSQL's limit is 32 767."""
LINEAGE_LIMIT = 10
"""Lineages of one query: each is a separate walk."""


@dataclass(frozen=True, slots=True)
class VisibleTable:
    """A table of WITH that the queries after it can use."""

    name: Name
    alias: str
    """w1, w2, ..."""
    query: plan.Query


class Joins:
    """Resolves the FROM clauses of one query; its tables are numbered through all subqueries."""

    def __init__(self, tableset: Tableset, query: QueryResolver, problems: Problems) -> None:
        self.tableset = tableset
        self.query = query
        self.problems = problems
        self.common: list[VisibleTable] = []
        """The visible tables of WITH."""
        self.fenced: set[str] = set()
        """The names of those of them that PostgreSQL must plan by themselves."""
        self.schemas: set[str] = set()
        """The schemas of published tables that the query uses."""
        self.uploads: list[UploadedTable] = []
        """The uploads that the query uses, each once."""
        self.lineages = 0
        """Uses of a lineage so far."""
        self._numbers = count(1)

    def tables(self, references: Sequence[nodes.TableReference], scope: Scope) -> tuple[TableExpression, ...]:
        """Return the tables of a FROM clause, and make their columns visible in *scope*.

        Before that, *scope* has no names of its own: a derived table sees outer queries, but not its
        neighbours.
        """
        resolved = [self.table(reference, scope) for reference in references]
        scope.relation = side_by_side([relation for _, relation in resolved])
        self.problems.attempt(_check_names, scope.relation)
        return tuple(table for table, _ in resolved)

    def table(self, reference: nodes.TableReference, scope: Scope) -> tuple[TableExpression, Relation]:
        """Return a table, and its visible names."""
        match reference:
            case nodes.TableName():
                found = self.problems.attempt(self.named_table, reference)
                return found or self._unknown(reference)
            case nodes.DerivedTable():
                query, name = self.query(reference.query, Scope(scope)), reference.alias.text
                return self.derived_table(query, (name,), name, reference.at)
            case nodes.JoinedTable():
                return self.joined_table(reference, scope)

    def named_table(self, reference: nodes.TableName) -> tuple[TableExpression, Relation]:
        """Return the table of WITH of this name, else the published table.

        Raises: AdqlError if there is no such table, or if queries can't use it.
        """
        if len(reference.names) == 1:
            (name,) = reference.names
            found = [table for table in self.common if matches(name, table.name.text)]
            if found:
                return self.common_table(found[0], reference)
        return self.published_table(reference)

    def common_table(
        self, table: VisibleTable, reference: nodes.TableName
    ) -> tuple[TableExpression, Relation]:
        """Return a table of WITH, whose columns are called c1, c2, ... in it."""
        alias = self.alias(reference.at)
        outputs = _columns_of(table.query, alias)
        name = (reference.alias or table.name).text
        source = Source((name,), table.name.text, outputs, reference.at)
        joined = table.query.extent.joined
        return plan.CommonTable(alias, table.alias, joined), Relation((source,), outputs)

    def published_table(self, reference: nodes.TableName) -> tuple[TableExpression, Relation]:
        """Return a published table."""
        table = find_table(reference.names, self.tableset)
        alias = self.alias(reference.at)
        names = (reference.alias.text,) if reference.alias else (table.schema_name, table.name)
        if table.qualified_name == affected.NAME:
            self._follow(reference.at)
            joined, columns = affected.affected(table, alias, self.alias(reference.at))
            source = Source(names, table.qualified_name, Outputs(columns), reference.at)
            return joined, Relation((source,), source.outputs)
        is_upload = isinstance(table, UploadedTable)
        values = (
            ColumnValue(
                column_type(c),
                about=c,
                table=alias,
                column=f"c{n}" if is_upload else c.name,
                size=column_size(c.name),
            )
            for n, c in enumerate(table.columns, start=1)
        )
        outputs = Outputs(Output(c.name, f) for c, f in zip(table.columns, values, strict=True))
        source = Source(names, table.qualified_name, outputs, reference.at)
        return self.database_table(table, alias, reference.at), Relation((source,), outputs)

    def database_table(self, table: Table, alias: str, at: Position) -> TableExpression:
        """Return the source of a table's rows: the database, the request, or a walk.

        Raises: AdqlError for a virtual table that is not supported, or is used too often.
        """
        if isinstance(table, UploadedTable):
            return plan.UploadReference(alias, self._number(table))
        self.schemas.add(table.schema_name)
        if table.table_type != "virtual":
            return plan.PublishedTable(alias, table.schema_name, table.name)
        if table.qualified_name not in LINEAGES:
            raise problem(f"This service does not support queries of {table.qualified_name}.", at)
        self._follow(at)
        return plan.LineageTable(alias, table.qualified_name)

    def _follow(self, at: Position) -> None:
        """Count one more lineage. Raises: AdqlError if there are too many."""
        self.lineages += 1
        if self.lineages > LINEAGE_LIMIT:
            raise problem(f"The query follows lineage more than {LINEAGE_LIMIT} times.", at)

    def _number(self, table: UploadedTable) -> int:
        """Return the number of the upload *table* in this query."""
        if table not in self.uploads:
            self.uploads.append(table)
        return self.uploads.index(table) + 1

    def derived_table(
        self, query: plan.Query, names: tuple[str, ...], called: str, at: Position
    ) -> tuple[plan.DerivedTable, Relation]:
        """Return a query as a table, whose columns are called c1, c2, ... in it."""
        alias = self.alias(at)
        outputs = _columns_of(query, alias)
        source = Source(names, called, outputs, at)
        return plan.DerivedTable(alias, query), Relation((source,), outputs)

    def joined_table(self, reference: nodes.JoinedTable, scope: Scope) -> tuple[TableExpression, Relation]:
        """Return tables joined from left to right; a condition sees the tables joined so far."""
        first, relation = self.table(reference.first, scope)
        joins = []
        for join in reference.joins:
            table, right = self.table(join.table, scope)
            condition, relation = self._joined(join, relation, right, scope)
            joins.append(plan.Join("INNER" if join.kind == "CROSS" else join.kind, table, condition))
        return plan.JoinedTable(first, tuple(joins)), relation

    def _joined(
        self, join: nodes.Join, left: Relation, right: Relation, scope: Scope
    ) -> tuple[Expression | None, Relation]:
        both = side_by_side([left, right])
        if len(both.outputs.all) > COLUMN_LIMIT:
            raise problem(
                f"This JOIN has {len(both.outputs.all)} columns; the limit is {COLUMN_LIMIT}.",
                join.at,
                "Join subqueries that select fewer of them.",
            )
        if join.on is None:
            merged = self.problems.attempt(merged_columns, join, left, right)
            return merged or (None, Relation(both.sources, ANYTHING))
        expressions = Expressions(Scope(scope, both), self.query, "ON")
        condition = expressions.search_condition(join.on, self.problems)
        if condition:
            self.problems.attempt(_check_full, join, condition, left, right)
        return condition, both

    def _unknown(self, reference: nodes.TableName) -> tuple[TableExpression, Relation]:
        """Return a placeholder for an unknown table."""
        names = (reference.alias,) if reference.alias else reference.names
        source = Source(tuple(name.text for name in names), names[-1].text, ANYTHING, reference.at)
        return plan.CommonTable("", ""), Relation((source,), ANYTHING)

    def alias(self, at: Position) -> str:
        """Return the alias for another table.

        Raises: AdqlError if the query has too many tables.
        """
        number = next(self._numbers)
        if number == TABLE_LIMIT + 1:
            raise problem(f"The query uses more than {TABLE_LIMIT} tables.", at)
        if number > TABLE_LIMIT:
            raise FollowUp
        return f"t{number}"


def _columns_of(query: plan.Query, table: str) -> Outputs:
    """Return the columns of *query* as seen from outside, where its name is *table*."""
    numbered = enumerate(zip(query.outputs, output_sizes(query), strict=True), start=1)
    return Outputs(
        o if o.value is UNKNOWN else Output(o.name, _column_of(o, table, f"c{number}", size))
        for number, (o, size) in numbered
    )


def _column_of(output: Output, table: str, column: str, size: int) -> ColumnValue:
    value = output.value
    return ColumnValue(
        _held(value.type),
        about=output.column(),
        table=table,
        column=column,
        size=size,
        length=least_length(value),
        padded=is_padded(value),
    )


def _held(type_: Type) -> Type:
    return Type.TEXT if type_ is Type.NULL else type_


def side_by_side(relations: Iterable[Relation]) -> Relation:
    """Return several relations as one."""
    relations = list(relations)
    return Relation(
        tuple(source for relation in relations for source in relation.sources),
        Outputs(output for relation in relations for output in relation.outputs.all),
    )


def _check_names(relation: Relation) -> None:
    """Reject two tables with the same name: a column reference would be ambiguous."""
    seen = set()
    for source in relation.sources:
        name = tuple(text.lower() for text in source.names)
        if name in seen:
            message = f"Two tables of this query have the name {source.names[-1]}."
            raise problem(message, source.at, "Give each a different name with AS.")
        seen.add(name)


def _check_full(join: nodes.Join, condition: Expression, left: Relation, right: Relation) -> None:
    """Reject a FULL JOIN without an equality between both sides, which PostgreSQL can't execute."""
    if join.kind != "FULL":
        return
    sides = left.tables(), right.tables()
    for part in conjuncts(condition):
        if isinstance(part, Operation) and part.operator == "=":
            used = [{f.table for f in operand.columns()} for operand in part.operands]
            if any(used[0] and used[1] and used[0] <= a and used[1] <= b for a, b in (sides, sides[::-1])):
                return
    raise problem("A FULL JOIN needs an equality between a column of each side.", join.at)
