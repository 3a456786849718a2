"""Resolves one SELECT to its plan: its tables, conditions, groups and output columns."""

from collections.abc import Iterator, Sequence

from provtap.adql.plan import tree as plan
from provtap.adql.plan.extents import measured
from provtap.adql.plan.lengths import check_row
from provtap.adql.plan.tree import UNKNOWN, Expression, Output, Sort
from provtap.adql.semantics.expressions import Expressions, QueryResolver
from provtap.adql.semantics.grouping import Grouping, differs
from provtap.adql.semantics.joins import Joins
from provtap.adql.semantics.ordering import Ordering
from provtap.adql.semantics.problems import Problems
from provtap.adql.semantics.scopes import Scope, matches, unknown_qualifier
from provtap.adql.syntax import tree as nodes
from provtap.adql.syntax.extensions import Extension
from provtap.adql.syntax.lexer import Position, problem
from provtap.adql.syntax.tree import ColumnReference, Literal

OUTPUT_LIMIT = 1_600
"""Output columns of one query, including terms of GROUP BY and ORDER BY (PostgreSQL's limit is 1 664)."""


class Selects:
    """Resolves the SELECTs of one query."""

    def __init__(self, joins: Joins, query: QueryResolver, problems: Problems) -> None:
        self.joins = joins
        self.query = query
        """Resolves the subqueries."""
        self.problems = problems

    def select(self, query: nodes.Query, select: nodes.Select, scope: Scope) -> plan.Select:
        """Return the plan of the only SELECT of *query*, and add its names to *scope*."""
        tables = self.joins.tables(select.tables, scope)
        scope.aliases = _aliases(select.items)
        where = self.condition(select.where, Expressions(scope, self.query, "WHERE"))
        group_by = self.group_by(select, scope)
        expressions = Expressions(scope, self.query)
        having = self.condition(select.having, expressions)
        outputs, places = self.select_list(select.items, expressions)
        check_width(max(len(outputs) + len(group_by), len(query.order_by)), select.at)
        ordering = Ordering(expressions, outputs)
        sorts = ordering.sorts(query.order_by, self.problems)
        order_by = tuple(sort for sort in sorts if sort)
        check_width(len(outputs) + len(group_by) + sum(s.position is None for s in order_by), select.at)
        if select.distinct:
            self.check_distinct(sorts, query.order_by)
        if select.group_by or having or expressions.aggregates + ordering.aggregates:
            values: list[Expression | None] = [output.value for output in outputs]
            values += [*(sort.value if sort else None for sort in sorts), having]
            places += [*(term.value.at for term in query.order_by), (select.having or select).at]
            self.check_groups(Grouping(scope, group_by), values, places)
        resolved = plan.Select(
            distinct=select.distinct,
            top=select.top,
            offset=query.offset,
            outputs=outputs,
            tables=tables,
            where=where,
            group_by=group_by,
            having=having,
            order_by=order_by,
        )
        check_row(outputs, select.at)
        return measured(resolved, select.at, self.joins.fenced.add)

    def condition(self, condition: nodes.Condition | None, expressions: Expressions) -> Expression | None:
        """Return the condition of WHERE or HAVING, if there is one."""
        return None if condition is None else expressions.search_condition(condition, self.problems)

    def group_by(self, select: nodes.Select, scope: Scope) -> tuple[Expression, ...]:
        """Return the terms of GROUP BY: columns, or expressions of columns.

        An extension: a name that no table of this SELECT has, or a position, is an output column.
        """
        expressions = Expressions(scope, self.query, "GROUP BY")

        def group(term: nodes.Value) -> Expression:
            if isinstance(term, Literal) and term.kind != "integer":
                raise problem("GROUP BY accepts columns and expressions, not literals.", term.at)
            if isinstance(term, Literal):
                output: nodes.Value | None = _output_at(term, select.items)
            else:
                output = _output_called(term, select.items, scope)
            if output:
                scope.extension(Extension.GROUP_BY_OUTPUT, term.at)
            return expressions.value(output or term)

        return tuple(self.problems.attempt(group, term) or UNKNOWN for term in select.group_by)

    def select_list(
        self, items: Sequence[nodes.SelectItem | nodes.AllColumns], expressions: Expressions
    ) -> tuple[tuple[Output, ...], list[Position]]:
        """Return the output columns, and for each its position in the query."""
        found: list[tuple[Output, Position]] = []
        for item in items:
            if isinstance(item, nodes.AllColumns):
                columns = self.problems.attempt(_all_columns, item, expressions.scope)
                found += [(o, item.at) for o in columns or (Output("", UNKNOWN),)]
            else:
                value = self.problems.attempt(expressions.value, item.value)
                name = _given_name(item) or ("" if value else "?")
                found.append((Output(name, value or UNKNOWN), item.value.at))
        return tuple(_named([output for output, _ in found])), [at for _, at in found]

    def check_groups(
        self, grouping: Grouping, values: Sequence[Expression | None], places: Sequence[Position]
    ) -> None:
        """Note each position of a value that may differ within a group.

        None stands for a value that is missing or has an error.
        """
        noted: set[Position] = set()  # an asterisk has many values at one position
        for value, at in zip(values, places, strict=True):
            loose = grouping.loose_column(value) if value and UNKNOWN not in grouping.terms else None
            if loose and at not in noted:
                noted.add(at)
                self.problems.note(differs(loose, at))

    def check_distinct(self, sorts: Sequence[Sort | None], terms: Sequence[nodes.SortTerm]) -> None:
        """Note terms of ORDER BY that SELECT DISTINCT has removed."""
        for sort, term in zip(sorts, terms, strict=True):
            if sort and sort.position is None:
                message = "With SELECT DISTINCT, ORDER BY accepts only output columns."
                self.problems.note(problem(message, term.value.at))


def _all_columns(item: nodes.AllColumns, scope: Scope) -> tuple[Output, ...]:
    """Return the columns of `*` or `table.*`."""
    if not item.qualifiers:
        return scope.relation.outputs.all
    source = scope.source(item.qualifiers)
    if source is None:
        raise unknown_qualifier(item.qualifiers, scope.relation.sources)
    return source.outputs.all


def _aliases(items: Sequence[nodes.SelectItem | nodes.AllColumns]) -> list[nodes.Name]:
    """Return the names that AS gives to output columns."""
    return [item.alias for item in items if isinstance(item, nodes.SelectItem) and item.alias]


def _output_called(
    term: nodes.Value, items: Sequence[nodes.SelectItem | nodes.AllColumns], scope: Scope
) -> nodes.Value | None:
    """Return the value of the output column named by a term of GROUP BY, or None.

    Raises: AdqlError if several different output columns have the name.
    """
    if not isinstance(term, ColumnReference) or len(term.names) > 1 or scope.has_own(term.names[0]):
        return None
    named = [item for item in items if isinstance(item, nodes.SelectItem) and item.alias]
    found = [item.value for item in named if item.alias and matches(term.names[0], item.alias.text)]
    if any(value != found[0] for value in found):
        raise problem(f"Several output columns have the name {term.names[0].text}.", term.at)
    return found[0] if found else None


def _output_at(term: Literal, items: Sequence[nodes.SelectItem | nodes.AllColumns]) -> nodes.Value:
    """Return the value of the output column at the position in a term of GROUP BY.

    Raises: AdqlError if there is none, or if an asterisk leaves open which one it is.
    """
    position = int(term.text) if len(term.text) < 10 else 0
    if any(isinstance(item, nodes.AllColumns) for item in items[:position]):
        raise problem("GROUP BY cannot count the columns of an asterisk; write a column.", term.at)
    if not 1 <= position <= len(items):
        columns = "column" if len(items) == 1 else "columns"
        raise problem(f"GROUP BY {term.text}: the query has only {len(items)} output {columns}.", term.at)
    item = items[position - 1]
    assert isinstance(item, nodes.SelectItem)
    return item.value


def _given_name(item: nodes.SelectItem) -> str:
    """Return the name of an output column in the query, or an empty string."""
    if item.alias:
        return item.alias.text
    return item.value.names[-1].text if isinstance(item.value, ColumnReference) else ""


def _named(outputs: Sequence[Output]) -> Iterator[Output]:
    """Yield the output columns with names; a generated name ends in the position and is unique."""
    taken = {output.name.lower() for output in outputs}
    for number, output in enumerate(outputs, start=1):
        if output.name or output.value is UNKNOWN:
            yield output
            continue
        stem = output.value.name.lower() if isinstance(output.value, plan.Aggregate) else "column"
        made = f"{stem}_{number}"
        while made in taken:
            made += "_"
        yield Output(made, output.value)


def check_width(width: int, at: Position) -> None:
    """Reject a SELECT with more columns than the limit.

    Raises: AdqlError.
    """
    if width > OUTPUT_LIMIT:
        raise problem(f"This SELECT has {width} columns; the limit is {OUTPUT_LIMIT}.", at)
