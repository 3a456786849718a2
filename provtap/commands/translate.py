"""What an operator sees of a translation: PostgreSQL to paste into psql, and what each output column is."""

import sqlparse
from sqlparse.exceptions import SQLParseError

from provtap.adql.postgres.generator import Statement
from provtap.tableset import Column

_HEAD = ("column", "name", "type", "unit", "UCD")


def report(statement: Statement) -> str:
    """Return the SQL of *statement*, formatted, and its output columns as comments below."""
    rows = [_HEAD, *(_row(number, column) for number, column in enumerate(statement.columns, start=1))]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join([f"{_formatted(statement.sql)};", "", *(f"-- {line}" for line in lines)])


def _formatted(sql: str) -> str:
    """Return *sql* in lines, where it is not too long or too deep for sqlparse."""
    try:
        return str(sqlparse.format(sql, reindent=True))
    except SQLParseError:
        return sql


def _row(number: int, column: Column) -> tuple[str, ...]:
    shape = f"[{column.arraysize}]" if column.arraysize else ""
    type_ = " ".join(filter(None, [f"{column.datatype}{shape}", column.xtype]))
    # A name may hold a line break, which would end the comment.
    name = " ".join(column.name.split())
    return f"c{number}", name, type_, column.unit or "", column.ucd or ""
