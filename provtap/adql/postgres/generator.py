"""A resolved query to PostgreSQL: the typed SELECT, and the COPY form of its rows.

Names come from the catalogue, in double quotes, or are our own (t1, c1). Of the user's text, only literals
reach the SQL, quoted.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from provtap.adql.lineage.rewrite import without_lineages
from provtap.adql.plan import tree as plan
from provtap.adql.plan.tree import Expression
from provtap.adql.plan.volatility import evaluated_once
from provtap.adql.postgres.forms import number_forms, sql_type, wire_form
from provtap.adql.postgres.values import Values
from provtap.adql.syntax.quoting import quote_name, quote_text
from provtap.tableset import Column

_LARGEST = 2**63 - 1
"""The maximum of LIMIT and OFFSET."""


@dataclass(frozen=True)
class Statement:
    """A translated query: its PostgreSQL, and its output columns."""

    sql: str
    """A SELECT with output columns c1, c2, ..., each of exactly the type declared in *columns*."""
    columns: tuple[Column, ...]
    """The output columns, in the order of the select list; names may repeat."""
    table: str | None = None
    """The first table of FROM, without its schema, if there is one to name."""
    schemas: frozenset[str] = frozenset()
    """The schemas of the tables that the query reads."""

    def ordered(self, number: int, *, descending: bool) -> "Statement":
        """Return the same query, ordered by column *number* (from 1), then by the others; null is last."""
        others = (n for n, column in enumerate(self.columns, 1) if n != number and has_order(column))
        keys = [f"q.c{number}{' DESC' if descending else ''} NULLS LAST", *(f"q.c{n}" for n in others)]
        return replace(self, sql=f"SELECT * FROM ({self.sql}) AS q ORDER BY {', '.join(keys)}")

    def copy_sql(self, maxrec: int, *, binary: bool = False) -> str:
        """Return the SELECT for COPY: cells in the form of results, one row more than *maxrec*.

        The additional row reveals an overflow (TAP 1.1, section 2.7.4). For the *binary* form of COPY, all
        columns must be numbers. Shorts come before them with a bit for each null, eight in each short, and
        nulls are replaced by numbers.
        """
        names = [f"q.c{number}" for number in range(1, len(self.columns) + 1)]
        cells = number_forms(names, self.columns) if binary else map(wire_form, names, self.columns)
        return f"SELECT {', '.join(cells)} FROM ({self.sql}) AS q LIMIT {maxrec + 1:d}"


def has_order(column: Column) -> bool:
    """Return whether an output column can be sorted; geometry can't."""
    return column.xtype in {None, "timestamp"}


def generate(specification: plan.QuerySpecification) -> Statement:
    """Return the PostgreSQL of a resolved query."""
    first_table = _first_table(specification.query)
    specification = evaluated_once(specification)
    # Materialized, so that the rows are made once, however often the query uses them.
    common = [
        *(f"u{n} AS MATERIALIZED ({upload_sql(u)})" for n, u in enumerate(specification.uploads, start=1)),
        *map(with_query_sql, specification.with_queries),
    ]
    prefix = f"WITH {', '.join(common)} " if common else ""
    query = specification.query
    sql = query_sql(query)
    if prefix and sql.startswith("WITH"):
        sql = f"SELECT * FROM ({sql}) AS q"  # a query can have only one WITH
    columns = tuple(output.column() for output in query.outputs)
    return Statement(prefix + sql, columns, first_table, specification.schemas)


def _first_table(source: plan.Query | plan.TableExpression | None) -> str | None:
    """Return the name of the first published table in a query, outside of WITH."""
    match source:
        case plan.PublishedTable():
            return source.name
        case plan.LineageTable():
            return source.name.rpartition(".")[2]
        case plan.DerivedTable():
            return _first_table(source.query)
        case plan.JoinedTable():
            return _first_table(source.first)
        case plan.SetOperation():
            return _first_table(source.operands[0])
        case plan.Select():
            return _first_table(source.tables[0] if source.tables else None)
    return None


# Queries ------------------------------------------------------------------------------------------------


def upload_sql(table: plan.UploadedTable) -> str:
    """Return the query of the rows of an uploaded table; its columns are called c1, c2, ...

    The rows are part of the SQL, so that uploads work on a standby and for a role that can only read. All
    cells of a column are one array in PostgreSQL's text form, which `unnest` turns into rows. PostgreSQL
    knows the length of an array, so it plans a join with the true number of rows.
    """
    types = [sql_type(column) for column in table.columns]
    arrays = (
        f"{quote_text(array)}::{'text' if type_.endswith('[]') else type_}[]"
        for array, type_ in zip(table.arrays, types, strict=True)
    )
    names = [f"c{number}" for number in range(1, len(types) + 1)]
    columns = (
        f"{name}::{type_} AS {name}" if type_.endswith("[]") else name
        for name, type_ in zip(names, types, strict=True)
    )
    return f"SELECT {', '.join(columns)} FROM unnest({', '.join(arrays)}) AS u ({', '.join(names)})"


def with_query_sql(table: plan.WithQuery) -> str:
    """Return one table of WITH."""
    is_made_once = table.is_volatile or table.is_fenced
    return f"{table.name} AS {'MATERIALIZED ' if is_made_once else ''}({query_sql(table.query)})"


def query_sql(query: plan.Query) -> str:
    """Return one query, its output columns named c1, c2, ... and cast to the types declared."""
    return select_sql(query) if isinstance(query, plan.Select) else set_operation_sql(query)


def set_operation_sql(operation: plan.SetOperation) -> str:
    """Return queries joined by set operators, which have the same precedence in PostgreSQL as in ADQL."""
    first, *others = (f"({query_sql(operand)})" for operand in operation.operands)
    sql = first + "".join(f" {o} {other}" for o, other in zip(operation.operators, others, strict=True))
    return " ".join([sql, *_rows(operation)])


def select_sql(select: plan.Select) -> str:
    """Return one SELECT, its output columns named c1, c2, ... and cast to the types declared."""
    common, select = without_lineages(select, _plain_sql, with_query_sql)
    return f"WITH {', '.join(common)} {_plain_sql(select)}" if common else _plain_sql(select)


def _plain_sql(select: plan.Select) -> str:
    """Return one SELECT without lineages, which were rewritten before."""
    outputs = (
        f"{_VALUES.typed_sql(output.value)} AS c{n}" for n, output in enumerate(select.outputs, start=1)
    )
    clauses = [
        f"SELECT {'DISTINCT ' if select.distinct else ''}{', '.join(outputs)}",
        f"FROM {', '.join(map(table_sql, select.tables))}",
    ]
    if select.where:
        clauses.append(f"WHERE {_CHOICES.condition_sql(select.where)}")
    if select.group_by:
        clauses.append(f"GROUP BY {', '.join(map(_not_a_position, select.group_by))}")
    if select.having:
        clauses.append(f"HAVING {_VALUES.condition_sql(select.having)}")
    return " ".join([*clauses, *_rows(select, select.top)])


def _rows(query: plan.Query, top: int | None = None) -> Iterator[str]:
    """Yield the clauses ORDER BY, LIMIT and OFFSET."""
    if query.order_by:
        yield f"ORDER BY {', '.join(map(_sort, query.order_by))}"
    if top is not None:
        yield f"LIMIT {min(top, _LARGEST)}"
    if query.offset is not None:
        yield f"OFFSET {min(query.offset, _LARGEST)}"


def table_sql(table: plan.TableExpression) -> str:
    """Return one table of a FROM clause; lineages were rewritten before."""
    match table:
        case plan.PublishedTable():
            return f"{quote_name(table.schema)}.{quote_name(table.name)} AS {table.alias}"
        case plan.UploadReference():
            return f"u{table.number} AS {table.alias}"
        case plan.DerivedTable():
            return f"({fenced_sql(table) if table.is_fenced else query_sql(table.query)}) AS {table.alias}"
        case plan.CommonTable():
            return f"{table.name} AS {table.alias}"
        case plan.RawTable():
            return f"{table.sql} AS {table.alias}"
        case plan.SharedRows():
            return shared_rows_sql(table)
        case plan.JoinedTable():
            return table_sql(table.first) + "".join(map(_join, table.joins))
    raise TypeError(table)


def fenced_sql(table: plan.DerivedTable) -> str:
    """Return a query that PostgreSQL plans separately.

    OFFSET 0 would be enough for the planner, but EXPLAIN would still show each column as its expression,
    expanded through all levels below.
    """
    name = f"{table.alias}_fenced"
    return f"WITH {name} AS MATERIALIZED ({query_sql(table.query)}) SELECT * FROM {name}"


def shared_rows_sql(table: plan.SharedRows) -> str:
    """Return tables joined in advance under their former names, at no cost in PostgreSQL."""
    columns = defaultdict(list)
    for number, column in enumerate(table.columns, start=1):
        columns[column.table].append(f"{table.rows}.c{number} AS {quote_name(column.column)}")
    parts = (f"LATERAL (SELECT {', '.join(cells)}) AS {alias}" for alias, cells in columns.items())
    return " CROSS JOIN ".join([table.rows, *parts])


def _join(join: plan.Join) -> str:
    table = table_sql(join.table)
    if isinstance(join.table, plan.JoinedTable):
        table = f"({table})"
    condition = _CHOICES.condition_sql(join.condition) if join.condition else "true"
    return f" {join.kind} JOIN {table} ON {condition}"


def _sort(sort: plan.Sort) -> str:
    term = f"c{sort.position}" if sort.position else _not_a_position(sort.value)
    return f"{term} DESC" if sort.descending else term


def _not_a_position(value: Expression) -> str:
    """Return a term of ORDER BY or GROUP BY, where PostgreSQL would treat a bare number as a position."""
    return _VALUES.value_sql(value) if any(value.columns()) else _VALUES.typed_sql(value)


_VALUES = Values(query_sql)
_CHOICES = Values(query_sql, for_index=True)
