"""What a script says, in temporary tables until it is known to keep the rules of the model."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from provtap.database.connect import Transaction
from provtap.errors import DocumentError
from provtap.ingest.scripts.parser import Row
from provtap.ingest.scripts.tables import SQL, SqlTable

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

    def fill(self, rows: Iterable[Row]) -> None:
        """Send all *rows*, as they are read, and let PostgreSQL look at what there is."""
        for (table, names), group in groupby(rows, lambda row: (row.target.table, row.target.columns)):
            self._stage(table)
            lines = ((*values, line, number) for _, line, number, values in group)
            self.rows += self.transaction.copy(table.staged, [*names, "at_line", "at_row"], lines)
        for table in self.tables.values():
            self.transaction.execute(f"ANALYZE {table.staged}")

    def _stage(self, table: SqlTable) -> None:
        if table.full_name not in self.tables:
            names = {"name": f"staged_{table.name}", "table": table.full_name, "staged": table.staged}
            self.transaction.execute(SQL["stage"].format(**names, optional=_OPTIONAL.get(table.name, "")))
            self.tables[table.full_name] = table

    def drop(self) -> None:
        """Remove the tables, for the next script."""
        for table in self.tables.values():
            self.transaction.execute(SQL["unstage"].format(staged=table.staged))
        self.tables.clear()

    def first(self, statement: str, **names: Any) -> Any:
        """Return the first row that a statement of sql_file.sql finds, with its *names* filled in."""
        return self.transaction.one(SQL[statement].format(**names))


def wrong(table: SqlTable, row: Any, sentence: str) -> DocumentError:
    """Return the error about one row of a script."""
    return DocumentError(f"line {row.at_line}, row {row.at_row} of {table.full_name}: {sentence}")
