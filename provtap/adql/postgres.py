"""A resolved query to PostgreSQL: the typed SELECT, and the COPY form of its rows."""

from dataclasses import dataclass

from provtap.tableset import Column


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
        cells = ", ".join(_wire_form(f"q.c{number}", c) for number, c in enumerate(self.columns, start=1))
        return f"SELECT {cells} FROM ({self.sql}) AS q LIMIT {maxrec + 1:d}"


def _wire_form(cell: str, column: Column) -> str:
    """Return the SQL for one cell as DALI 1.1 writes it: `T` in timestamps, `+Inf` for Infinity."""
    if column.xtype == "timestamp":
        return f"replace({cell}::text, ' ', 'T')"
    if column.datatype in {"float", "double"} and column.arraysize is None:
        return f"CASE {cell} WHEN 'Infinity' THEN '+Inf' WHEN '-Infinity' THEN '-Inf' ELSE {cell}::text END"
    return cell
