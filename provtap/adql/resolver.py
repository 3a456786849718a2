"""A query to its plan: every table, column and type settled against what is published, before any SQL."""

from collections.abc import Iterator, Sequence

from provtap.adql import nodes, plan
from provtap.adql.expressions import Expressions
from provtap.adql.grouping import Grouping
from provtap.adql.joins import Joins
from provtap.adql.lexer import Position, problem
from provtap.adql.nodes import ColumnReference, Literal
from provtap.adql.plan import Expression, Output, Sort
from provtap.adql.scopes import Outputs, Scope, unknown_qualifier
from provtap.errors import AdqlError
from provtap.tableset import Tableset

OUTPUT_LIMIT = 1_600
"""Output columns of one query; what GROUP BY and ORDER BY add counts as well (PostgreSQL can do 1 664)."""


def resolve(query: nodes.Query, tableset: Tableset) -> plan.Select:
    """Return the plan of *query*.

    Raises: AdqlError at the first thing that is not published, or that does not fit.
    """
    return Resolver(tableset).query(query, Scope())


class Resolver:
    """Resolves one query and the queries in it."""

    def __init__(self, tableset: Tableset) -> None:
        self.joins = Joins(tableset, self.query)

    def query(self, query: nodes.Query, scope: Scope) -> plan.Select:
        """Return the plan of a query that sees its names in *scope*, which shows none of its own so far."""
        select = query.body
        tables = self.joins.tables(select.tables, scope)
        where = self.condition(select.where, Expressions(scope, self.query, "WHERE"))
        group_by = self.group_by(select.group_by, scope)
        expressions = Expressions(scope, self.query)
        having = self.condition(select.having, expressions)
        outputs, places = self.select_list(select.items, expressions)
        named = Outputs(outputs)
        _check_width(max(len(outputs) + len(group_by), len(query.order_by)), select.at)
        order_by = tuple(self.sort(term, named, expressions) for term in query.order_by)
        _check_width(len(outputs) + len(group_by) + sum(s.position is None for s in order_by), select.at)
        if group_by or having or expressions.aggregates:
            values = [output.value for output in outputs] + [sort.value for sort in order_by]
            places += [term.value.at for term in query.order_by]
            if having and select.having:
                values, places = [*values, having], [*places, select.having.at]
            Grouping(scope, group_by).check(values, places)
        if select.distinct:
            _check_distinct(order_by, query.order_by)
        return plan.Select(
            select.distinct, select.top, query.offset, outputs, tables, where, group_by, having, order_by
        )

    def condition(self, condition: nodes.Condition | None, expressions: Expressions) -> Expression | None:
        """Return the condition of WHERE or HAVING, if there is one."""
        return None if condition is None else expressions.condition(condition)

    def group_by(self, terms: Sequence[nodes.Value], scope: Scope) -> tuple[Expression, ...]:
        """Return the terms of GROUP BY: columns, or expressions of columns."""
        expressions = Expressions(scope, self.query, "GROUP BY")
        values = []
        for term in terms:
            if isinstance(term, Literal):
                raise problem("GROUP BY takes columns and expressions, no literals or positions.", term.at)
            values.append(expressions.value(term))
        return tuple(values)

    def select_list(
        self, items: Sequence[nodes.SelectItem | nodes.AllColumns], expressions: Expressions
    ) -> tuple[tuple[Output, ...], list[Position]]:
        """Return the output columns, and for each the place in the query that asks for it."""
        found: list[tuple[str, Expression, Position]] = []
        for item in items:
            if isinstance(item, nodes.AllColumns):
                found += [(o.name, o.value, item.at) for o in _all_columns(item, expressions.scope)]
            else:
                found.append((_given_name(item), expressions.value(item.value), item.value.at))
        names = _named([name for name, _, _ in found], [value for _, value, _ in found])
        outputs = tuple(Output(name, value) for name, (_, value, _) in zip(names, found, strict=True))
        return outputs, [at for _, _, at in found]

    def sort(self, term: nodes.SortTerm, outputs: Outputs, expressions: Expressions) -> Sort:
        """Return one term of ORDER BY: a position, the name of an output column, or any expression."""
        node = term.value
        if isinstance(node, Literal) and node.kind == "integer":
            position = _position(node, len(outputs.all))
            return Sort(position, outputs.all[position - 1].value, term.descending)
        value = _output_called(node, outputs)
        if value is None:
            value = Ordering(expressions, outputs).value(node)
        same = (number for number, output in enumerate(outputs.all, start=1) if output.value == value)
        return Sort(next(same, None), value, term.descending)


class Ordering(Expressions):
    """Resolves an expression of ORDER BY: where FROM has no such column, the name of an output column."""

    def __init__(self, around: Expressions, outputs: Outputs) -> None:
        super().__init__(around.scope, around.query)
        self.around = around
        self.outputs = outputs

    def column(self, reference: ColumnReference) -> Expression:
        """Return the column meant."""
        try:
            return super().column(reference)
        except AdqlError:
            value = _output_called(reference, self.outputs)
            if value is None:
                raise
            return value

    def set_function(self, call: nodes.SetFunction) -> Expression:
        """Return an aggregate, which makes the whole query one of groups."""
        self.around.aggregates += 1
        return super().set_function(call)


def _all_columns(item: nodes.AllColumns, scope: Scope) -> tuple[Output, ...]:
    """Return what `*` or `table.*` means."""
    if not item.qualifiers:
        return scope.relation.outputs.all
    source = scope.source(item.qualifiers)
    if source is None:
        raise unknown_qualifier(item.qualifiers, scope.relation.sources)
    return source.outputs.all


def _given_name(item: nodes.SelectItem) -> str:
    """Return the name that the query gives to an output column, empty if none."""
    if item.alias:
        return item.alias.text
    return item.value.names[-1].text if isinstance(item.value, ColumnReference) else ""


def _named(names: Sequence[str], values: Sequence[Expression]) -> Iterator[str]:
    """Yield the names of the output columns; made ones tell the position, and are no name given elsewhere."""
    taken = {name.lower() for name in names}
    for number, (name, value) in enumerate(zip(names, values, strict=True), start=1):
        stem = value.name.lower() if isinstance(value, plan.Aggregate) else "column"
        made = f"{stem}_{number}"
        while made in taken:
            made += "_"
        yield name or made


def _position(node: Literal, width: int) -> int:
    position = int(node.text) if len(node.text) < 10 else 0
    if not 1 <= position <= width:
        raise problem(f"ORDER BY {node.text} is no output column; there are {width}.", node.at)
    return position


def _output_called(node: nodes.Value, outputs: Outputs) -> Expression | None:
    """Return the output column that an unqualified name means, None if it means none.

    Raises: AdqlError if it means several that differ.
    """
    if not isinstance(node, ColumnReference) or len(node.names) > 1:
        return None
    found = outputs.called(node.names[0])
    if any(output.value != found[0].value for output in found):
        raise problem(f"Several output columns are called {node.names[0].text}.", node.at)
    return found[0].value if found else None


def _check_width(width: int, at: Position) -> None:
    if width > OUTPUT_LIMIT:
        raise problem(f"This SELECT has {width} columns; the limit is {OUTPUT_LIMIT}.", at)


def _check_distinct(order_by: Sequence[Sort], terms: Sequence[nodes.SortTerm]) -> None:
    """Refuse an order by what SELECT DISTINCT has merged away."""
    for sort, term in zip(order_by, terms, strict=True):
        if sort.position is None:
            raise problem("With SELECT DISTINCT, ORDER BY takes output columns only.", term.value.at)
