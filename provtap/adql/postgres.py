"""A resolved query to PostgreSQL: the typed SELECT, and the COPY form of its rows.

Names come from the catalogue, in double quotes, or are our own (t1, c1); of the user's words, only literals
get in, quoted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from provtap.adql import plan
from provtap.adql.cells import wire_form
from provtap.adql.plan import Expression
from provtap.adql.quoting import quote_name
from provtap.adql.uploads import upload_sql
from provtap.adql.values import Values
from provtap.tableset import Column

_LARGEST = 2**63 - 1
"""What LIMIT and OFFSET can hold."""


@dataclass(frozen=True)
class Statement:
    """A translated query: its PostgreSQL, and what each of its output columns is."""

    sql: str
    """A SELECT whose output columns are c1, c2, ..., each of exactly the type that *columns* declares."""
    columns: tuple[Column, ...]
    """One for each output column, in the order of the select list; names may repeat."""

    def copy_sql(self, maxrec: int) -> str:
        """Return the SELECT to COPY from: cells in the form results want, one row more than *maxrec*.

        The row too many tells an overflow (TAP 1.1, section 2.7.4).
        """
        cells = ", ".join(
            wire_form(f"q.c{number}", column) for number, column in enumerate(self.columns, start=1)
        )
        return f"SELECT {cells} FROM ({self.sql}) AS q LIMIT {maxrec + 1:d}"


def generate(specification: plan.QuerySpecification) -> Statement:
    """Return the PostgreSQL of a resolved query."""
    # Materialized: the rows are made once, however often the query uses them.
    common = [
        *(f"u{n} AS MATERIALIZED ({upload_sql(u)})" for n, u in enumerate(specification.uploads, start=1)),
        *(f"{table.name} AS ({query_sql(table.query)})" for table in specification.with_queries),
    ]
    prefix = f"WITH {', '.join(common)} " if common else ""
    query = specification.query
    return Statement(prefix + query_sql(query), tuple(output.column() for output in query.outputs))


# Queries ------------------------------------------------------------------------------------------------


def query_sql(query: plan.Query) -> str:
    """Return one query, its output columns named c1, c2, ... and cast to the types declared."""
    return select_sql(query) if isinstance(query, plan.Select) else set_operation_sql(query)


def set_operation_sql(operation: plan.SetOperation) -> str:
    """Return queries joined by set operators; PostgreSQL ranks these as ADQL does."""
    first, *others = (f"({query_sql(operand)})" for operand in operation.operands)
    sql = first + "".join(f" {o} {other}" for o, other in zip(operation.operators, others, strict=True))
    return " ".join([sql, *_rows(operation)])


def select_sql(select: plan.Select) -> str:
    """Return one SELECT, its output columns named c1, c2, ... and cast to the types declared."""
    outputs = (
        f"{_VALUES.typed_sql(output.value)} AS c{n}" for n, output in enumerate(select.outputs, start=1)
    )
    clauses = [
        f"SELECT {'DISTINCT ' if select.distinct else ''}{', '.join(outputs)}",
        f"FROM {', '.join(map(table_sql, select.tables))}",
    ]
    if select.where:
        clauses.append(f"WHERE {_VALUES.condition_sql(select.where)}")
    if select.group_by:
        clauses.append(f"GROUP BY {', '.join(map(_not_a_position, select.group_by))}")
    if select.having:
        clauses.append(f"HAVING {_VALUES.condition_sql(select.having)}")
    return " ".join([*clauses, *_rows(select, select.top)])


def _rows(query: plan.Query, top: int | None = None) -> Iterator[str]:
    """Yield the clauses that say which rows, in which order."""
    if query.order_by:
        yield f"ORDER BY {', '.join(map(_sort, query.order_by))}"
    if top is not None:
        yield f"LIMIT {min(top, _LARGEST)}"
    if query.offset is not None:
        yield f"OFFSET {min(query.offset, _LARGEST)}"


def table_sql(table: plan.TableExpression) -> str:
    """Return one table of a FROM clause."""
    match table:
        case plan.PublishedTable():
            return f"{quote_name(table.schema)}.{quote_name(table.name)} AS {table.alias}"
        case plan.UploadReference():
            return f"u{table.number} AS {table.alias}"
        case plan.DerivedTable():
            return f"({query_sql(table.query)}) AS {table.alias}"
        case plan.CommonTable():
            return f"{table.name} AS {table.alias}"
        case plan.JoinedTable():
            return table_sql(table.first) + "".join(map(_join, table.joins))


def _join(join: plan.Join) -> str:
    table = table_sql(join.table)
    if isinstance(join.table, plan.JoinedTable):
        table = f"({table})"
    condition = _VALUES.condition_sql(join.condition) if join.condition else "true"
    return f" {join.kind} JOIN {table} ON {condition}"


def _sort(sort: plan.Sort) -> str:
    term = f"c{sort.position}" if sort.position else _not_a_position(sort.value)
    return f"{term} DESC" if sort.descending else term


def _not_a_position(value: Expression) -> str:
    """Return a term of ORDER BY or GROUP BY; PostgreSQL takes a bare number there for a position."""
    return _VALUES.value_sql(value) if any(value.fields()) else _VALUES.typed_sql(value)


_VALUES = Values(query_sql)
