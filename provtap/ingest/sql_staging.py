"""What a script says, in temporary tables until it is known to keep the rules of the model."""

from collections.abc import Iterable, Mapping
from typing import Any

from provtap.database.connect import Transaction
from provtap.errors import DocumentError
from provtap.ingest.sql_rows import Row
from provtap.ingest.sql_tables import SQL, SqlTable, Target

_ROWS = 5_000
_CHARACTERS = 8_000_000
"""Rows and characters that wait before they are sent: all that a script takes of memory."""
_OPTIONAL = {
    "parameter": ", ALTER p_activity_id DROP NOT NULL",
    "configfile": ", ALTER cf_activity_id DROP NOT NULL",
}


class Staging:
    """The temporary tables of one script, each made when its first row comes."""

    def __init__(self, transaction: Transaction, known: Mapping[str, SqlTable]) -> None:
        self.transaction = transaction
        self.known = known
        self.tables: dict[str, SqlTable] = {}
        self.rows = 0
        self._waiting: list[list[Any]] = []
        self._size = 0
        self._target: Target | None = None

    def fill(self, rows: Iterable[Row]) -> None:
        """Send all *rows*, some at a time, and let PostgreSQL look at what there is."""
        for target, line, number, values in rows:
            full = len(self._waiting) >= _ROWS or self._size >= _CHARACTERS
            if full or self._target is not None and target is not self._target and not self._alike(target):
                self._send()
            self._target = target
            self._waiting.append([*values, line, number])
            self._size += sum(map(len, filter(None, values)))
            self.rows += 1
        self._send()
        for table in self.tables.values():
            self.transaction.execute(f"ANALYZE {table.staged}")

    def drop(self) -> None:
        """Remove the tables, for the next script."""
        for table in self.tables.values():
            self.transaction.execute(SQL["unstage"].format(staged=table.staged))
        self.tables.clear()

    def first(self, statement: str, **names: Any) -> Any:
        """Return the first row that a statement of sql_file.sql finds, with its *names* filled in."""
        return self.transaction.one(SQL[statement].format(**names))

    def _alike(self, target: Target) -> bool:
        held = self._target
        return held is not None and (held.table, held.columns) == (target.table, target.columns)

    def _send(self) -> None:
        if self._target is None or not self._waiting:
            return
        table = self._target.table
        if table.full_name not in self.tables:
            names = {"name": f"staged_{table.name}", "table": table.full_name, "staged": table.staged}
            optional = _OPTIONAL.get(table.name, "")
            self.transaction.execute(SQL["stage"].format(**names, optional=optional))
            self.tables[table.full_name] = table
        columns = [*self._target.columns, "at_line", "at_row"]
        self.transaction.copy(table.staged, columns, self._waiting)
        self._waiting, self._size = [], 0


def wrong(table: SqlTable, row: Any, sentence: str) -> DocumentError:
    """Return the error about one row of a script."""
    return DocumentError(f"line {row.at_line}, row {row.at_row} of {table.full_name}: {sentence}")
