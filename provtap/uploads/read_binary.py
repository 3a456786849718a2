"""Reads BINARY and BINARY2: rows of bytes, numbers big-endian (VOTable 1.4, sections 5.3, 5.4 and 6).

Lengths in a document are trusted only as far as there are bytes. Rows of fixed length are split many at once,
rows with cells of variable length one by one.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from provtap.uploads.fields import COMPLEX, DATATYPES, ITEM_LIMIT, Damaged, UploadField

BLOCK_BYTES = 250_000
"""Bytes of rows that are split at once."""
BLOCK_ROWS = 5_000
BLOCK_CELLS = 50_000
"""Cells that are split at once, because cells may have no bytes."""
_CODES = {"unsignedByte": "B", "short": "h", "int": "i", "long": "q", "float": "f", "double": "d"} | {
    "floatComplex": "f",
    "doubleComplex": "d",
}
_TRUTHS = {**dict.fromkeys(b"Tt1", True), **dict.fromkeys(b"Ff0", False), **dict.fromkeys(b"? \0", None)}
_LENGTH = struct.Struct(">i")

Columns = list[list[Any]]
"""A block of rows: for each column its cells, None for null."""


def read_columns(data: bytes, fields: Sequence[UploadField], *, has_flags: bool) -> Iterator[Columns]:
    """Yield the rows of BINARY, or of BINARY2, which *has_flags* for nulls before each row, in blocks.

    Raises: Damaged if the bytes are not rows of these *fields*.
    """
    cells = [_Cells(field, has_flags) for field in fields]
    flag_bytes = (len(fields) + 7) // 8 if has_flags else 0
    if any(field.is_variable for field in fields):
        yield from _varying(data, cells, flag_bytes)
    else:
        yield from _even(data, cells, flag_bytes)


@dataclass(frozen=True)
class _Cells:
    """Reads the cells of a column; without flags, an empty text is null."""

    field: UploadField
    has_flags: bool

    def size(self, items: int) -> int:
        """Return the size in bytes of a cell with this number of items."""
        if self.field.column.datatype == "bit":
            return (items + 7) // 8
        return items * DATATYPES[self.field.column.datatype]

    @cached_property
    def code(self) -> str:
        """The struct code of a cell of fixed length: a number, otherwise bytes."""
        if self.is_number:
            return _CODES[self.field.column.datatype]
        return f"{self.size(self.field.items)}s"

    @cached_property
    def is_number(self) -> bool:
        """Whether a cell is one number."""
        return self.field.column.datatype in _CODES and not self.field.is_array

    def start(self, data: bytes, at: int) -> tuple[int, int]:
        """Return the start of the bytes of the cell at *at*, and its number of items."""
        if not self.field.is_variable:
            return at, self.field.items
        (items,) = _LENGTH.unpack_from(data, at)
        if items < 0:
            raise Damaged(f"has a length of {items}")
        if self.field.items and items % self.field.items:
            raise Damaged(f"has {items} items, which do not fit {self.field.column.arraysize}")
        return at + _LENGTH.size, items

    def value(self, cell: bytes, items: int) -> Any:
        """Return the value of the bytes of a cell."""
        datatype = self.field.column.datatype
        if self.field.is_text:
            return self._text(cell)
        if items > ITEM_LIMIT:
            raise Damaged(f"has more than {ITEM_LIMIT} items in a cell")
        if datatype == "bit" and not self.field.is_array:
            values: Sequence[Any] = [int(any(cell))]  # astropy sets another bit than the first one
        elif datatype == "bit":
            values = _bits(cell)[:items]
        elif datatype == "boolean":
            values = [_truth(byte) for byte in cell]
        else:
            numbers = items * 2 if datatype in COMPLEX else items
            values = struct.unpack(f">{numbers}{_CODES[datatype]}", cell)
        return (values or None) if self.field.is_array else values[0]

    def _text(self, cell: bytes) -> str | None:
        codec, name = ("utf-8", "UTF-8") if self.field.column.datatype == "char" else ("utf-16-be", "UTF-16")
        try:
            text = cell.decode(codec)
        except UnicodeDecodeError:
            raise Damaged(f"has a text that is not {name}") from None
        # In an array of texts of one length each text is padded; a single text ends where its padding starts.
        is_matrix = "x" in (self.field.column.arraysize or "")
        text = text.replace("\0", " ").rstrip() if is_matrix else text.partition("\0")[0]
        return text if text or self.has_flags else None


def _even(data: bytes, cells: Sequence[_Cells], flag_bytes: int) -> Iterator[Columns]:
    """Yield rows of fixed length."""
    row = struct.Struct(f">{flag_bytes}s" + "".join(column.code for column in cells))
    if row.size == flag_bytes and data:
        raise Damaged("its rows have no bytes")
    if row.size and len(data) % row.size:
        raise Damaged(f"its bytes end within row {len(data) // row.size + 1}")
    rows = max(1, min(BLOCK_ROWS, BLOCK_CELLS // len(cells), BLOCK_BYTES // max(1, row.size)))
    for at in range(0, len(data), rows * row.size or 1):
        flags, *raw = map(list, zip(*row.iter_unpack(data[at : at + rows * row.size]), strict=True))
        columns = [
            values if column.is_number else _decoded(column, values, at // row.size)
            for column, values in zip(cells, raw, strict=True)
        ]
        if flag_bytes:
            _set_nulls(columns, flags)
        yield columns


def _decoded(column: _Cells, raw: Sequence[bytes], row: int) -> list[Any]:
    items = column.field.items
    if column.size(items) == 0:  # any number of such cells fits in any number of bytes
        return [column.value(b"", items)] * len(raw)
    values = []
    for number, cell in enumerate(raw, start=row + 1):
        try:
            values.append(column.value(cell, items))
        except Damaged as error:
            raise Damaged(f"in row {number}, {column.field.label} {error}") from None
    return values


def _varying(data: bytes, cells: Sequence[_Cells], flag_bytes: int) -> Iterator[Columns]:
    """Yield rows of variable length."""
    at, number, most = 0, 0, max(1, min(BLOCK_ROWS, BLOCK_CELLS // len(cells)))
    while at < len(data):
        rows: list[list[Any]] = []
        flags: list[bytes] = []
        start = at
        while at < len(data) and len(rows) < most and at - start < BLOCK_BYTES:
            number += 1
            flags.append(data[at : at + flag_bytes])
            row, at = _row(data, at + flag_bytes, cells, number)
            rows.append(row)
        columns = list(map(list, zip(*rows, strict=True)))
        if flag_bytes:
            _set_nulls(columns, flags)
        yield columns


def _row(data: bytes, at: int, cells: Sequence[_Cells], number: int) -> tuple[list[Any], int]:
    """Return the row at *at*, and the start of the next one."""
    row = []
    for column in cells:
        try:
            start, items = column.start(data, at)
            at = start + column.size(items)
            if at > len(data):
                raise EOFError
            row.append(column.value(data[start:at], items))
        except (struct.error, EOFError):
            raise Damaged(f"its bytes end in row {number}, within {column.field.label}") from None
        except Damaged as error:
            raise Damaged(f"in row {number}, {column.field.label} {error}") from None
    return row, at


def _set_nulls(columns: Columns, flags: Sequence[bytes]) -> None:
    """Set cells with a flag to null; the first column has the highest bit of the first byte."""
    for number, row in enumerate(flags):
        if any(row):
            for column in _set_bits(row):
                if column < len(columns):
                    columns[column][number] = None


def _set_bits(row: bytes) -> Iterator[int]:
    return (place for place, bit in enumerate(_bits(row)) if bit)


def _bits(data: bytes) -> list[int]:
    """Return bits, the highest of each byte first."""
    return [byte >> shift & 1 for byte in data for shift in range(7, -1, -1)]


def _truth(byte: int) -> bool | None:
    try:
        return _TRUTHS[byte]
    except KeyError:
        raise Damaged(f"has the byte {byte}, which is not a truth value") from None
