"""A resolved query to PostgreSQL: the typed SELECT, and the COPY form of its rows.

Names come from the catalogue, in double quotes, or are our own (t1, c1); of the user's words, only literals
get in, quoted.
"""

from dataclasses import dataclass

from provtap.adql import plan
from provtap.adql.cells import wire_form
from provtap.adql.datatypes import column_type
from provtap.adql.plan import Expression
from provtap.adql.quoting import quote_name
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
            wire_form(f"q.c{number}", column_type(c)) for number, c in enumerate(self.columns, start=1)
        )
        return f"SELECT {cells} FROM ({self.sql}) AS q LIMIT {maxrec + 1:d}"


def generate(select: plan.Select) -> Statement:
    """Return the PostgreSQL of a resolved query."""
    return Statement(select_sql(select), tuple(output.column() for output in select.outputs))


# Queries ------------------------------------------------------------------------------------------------


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
    if select.order_by:
        clauses.append(f"ORDER BY {', '.join(map(_sort, select.order_by))}")
    if select.top is not None:
        clauses.append(f"LIMIT {min(select.top, _LARGEST)}")
    if select.offset is not None:
        clauses.append(f"OFFSET {min(select.offset, _LARGEST)}")
    return " ".join(clauses)


def table_sql(table: plan.TableExpression) -> str:
    """Return one table of a FROM clause."""
    match table:
        case plan.PublishedTable():
            return f"{quote_name(table.schema)}.{quote_name(table.name)} AS {table.alias}"
        case plan.DerivedTable():
            return f"({select_sql(table.query)}) AS {table.alias}"
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


_VALUES = Values(select_sql)
