"""Builds an uploaded table from its rows: for each column, all its cells as text for SQL."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from provtap.adql.plan.tree import UploadedTable
from provtap.adql.plan.types import Type, column_type
from provtap.errors import UploadError
from provtap.uploads.budget import Budget
from provtap.uploads.fields import UploadField
from provtap.uploads.read_cells import NULL, WrongCell, text_reader, value_writer


class TableBuilder:
    """Collects blocks of rows, column by column, and returns the whole table."""

    def __init__(self, name: str, fields: Sequence[UploadField], budget: Budget) -> None:
        self.name = name
        self.fields = fields
        self.count = 0
        self._budget = budget
        self._made: list[list[str]] = [[] for _ in fields]
        self._of_text = [text_reader(field) for field in fields]
        self._of_value = [value_writer(field) for field in fields]

    def add_texts(self, columns: Sequence[Sequence[str]]) -> None:
        """Add rows of texts from TABLEDATA.

        Raises: UploadError for a cell that does not match its FIELD; TooLarge.
        """
        self._add(self._of_text, columns)

    def add_values(self, columns: Sequence[Sequence[Any]]) -> None:
        """Add rows of values, None for null.

        Raises: UploadError for a cell that can't be stored in a column; TooLarge.
        """
        self._add(self._of_value, columns)

    def table(self) -> UploadedTable:
        """Return the table."""
        arrays = tuple(f"{{{','.join(cells)}}}" for cells in self._made)
        columns = tuple(_echoed(f, cells) for f, cells in zip(self.fields, self._made, strict=True))
        return UploadedTable(schema_name="tap_upload", name=self.name, columns=columns, arrays=arrays)

    def _add(self, writers: Sequence[Callable[[Any], str]], columns: Sequence[Sequence[Any]]) -> None:
        rows, characters = len(columns[0]), 0
        for made, write, cells, field in zip(self._made, writers, columns, self.fields, strict=True):
            try:
                text = ",".join(map(write, cells))
            except Exception as error:
                raise self._wrong(write, cells, field) from error
            characters += len(text)
            if cells:
                made.append(text)
        self._budget.spend(self.name, rows, rows * len(columns), characters)
        self.count += rows

    def _wrong(self, write: Callable[[Any], str], cells: Iterable[Any], field: UploadField) -> UploadError:
        for number, cell in enumerate(cells, start=self.count + 1):
            try:
                write(cell)
            except WrongCell as error:
                return UploadError(f"In row {number} of the upload {self.name}, {field.label}: {error}.")
            except Exception:
                return UploadError(
                    f"In row {number} of the upload {self.name}, {field.label}: {str(cell)[:40]!r} is not"
                    f" of the datatype {field.column.datatype}."
                )
        raise AssertionError("no cell is wrong")


def _echoed(field: UploadField, cells: Sequence[str]) -> Any:
    """Return the column as declared in results: timestamps may be longer than in the FIELD."""
    column = field.column
    if column_type(column) is not Type.TIMESTAMP or (column.arraysize or "").endswith("*"):
        return column
    longest = max((len(c) for text in cells for c in text.split(",") if c != NULL), default=0)
    return replace(column, arraysize="*") if longest > field.items else column
