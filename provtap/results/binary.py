"""VOTable 1.4 with BINARY or BINARY2 (sections 5.3, 5.4 and 6), one block of rows at a time.

There is no loop over cells: separators are replaced by room for the bytes that BINARY has before a cell, the
whole block is converted to UTF-16, and numpy fills in lengths, numbers and flags, and removes bytes that are
not sent. benchmarks/bench_binary2.py compares this with other methods.
"""

from binascii import b2a_base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from provtap.errors import ProvtapError, QueryError
from provtap.results.blocks import NumberRows, Rows
from provtap.results.cells import (
    NULL,
    PRIMITIVES,
    Numbers,
    Primitive,
    arrays,
    elements,
    numbers,
    set_aside,
    split,
    unescape,
    weave,
)
from provtap.results.votable import Field, Info, write_document
from provtap.tableset import Column

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.intp]
_COUNT = 4
"""Bytes of the number of elements before a cell of variable length."""


def write_binary(
    columns: Sequence[Column],
    blocks: Iterable[tuple[int, bytes]],
    maxrec: int,
    infos: Sequence[Info] = (),
    *,
    binary: bool = False,
) -> Iterator[bytes]:
    """Yield a VOTable with BINARY; the smallest value of each integer type represents null.

    The blocks may be in COPY's *binary* form if all columns are numbers.
    """
    convert = (
        partial(_unflagged, columns, NumberRows(columns)) if binary else _Layout(columns, flags=False).rows
    )
    return _write("BINARY", columns, Rows(blocks, maxrec), infos, convert)


def write_binary2(
    columns: Sequence[Column],
    blocks: Iterable[tuple[int, bytes]],
    maxrec: int,
    infos: Sequence[Info] = (),
    *,
    binary: bool = False,
) -> Iterator[bytes]:
    """Yield a VOTable with BINARY2; the blocks may be in COPY's *binary* form if all columns are numbers."""
    convert = NumberRows(columns).flagged if binary else _Layout(columns, flags=True).rows
    return _write("BINARY2", columns, Rows(blocks, maxrec), infos, convert)


def _write(
    name: str,
    columns: Sequence[Column],
    rows: Rows,
    infos: Sequence[Info],
    convert: Callable[[bytes], bytes],
) -> Iterator[bytes]:
    parts = map(_Part, columns)
    fields = [Field(p.sent, p.magic if name == "BINARY" else None) for p in parts]
    tags = f'<{name}>\n<STREAM encoding="base64">\n', f"</STREAM>\n</{name}>\n"
    return write_document(fields, rows, _base64(map(convert, rows)), infos, tags)


def _base64(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines of base64; after an error they still end with a complete row (VOT-10)."""
    rest, failure = b"", None
    try:
        for piece in pieces:
            piece = rest + piece
            whole = len(piece) // 3 * 3
            yield b2a_base64(piece[:whole])
            rest = piece[whole:]
    except ProvtapError as error:
        failure = error
    if rest:
        yield b2a_base64(rest)
    if failure is not None:
        raise failure


def _unflagged(columns: Sequence[Column], rows: NumberRows, block: bytes) -> bytes:
    """Return rows of numbers, with nulls in the form of BINARY."""
    cells = [_without_flag(_Part(c), found) for c, found in zip(columns, rows.columns(block), strict=True)]
    table = np.empty(len(cells[0]), [(f"c{n}", PRIMITIVES[c.datatype].form) for n, c in enumerate(columns)])
    for number, values in enumerate(cells):
        table[f"c{number}"] = values
    return table.tobytes()


@dataclass(frozen=True)
class _Part:
    """The form in which the cells of one column are sent."""

    column: Column

    @cached_property
    def primitive(self) -> Primitive | None:
        """The type of its values; None for texts."""
        return PRIMITIVES.get(self.column.datatype)

    @property
    def sent(self) -> Column:
        """The column as declared in its FIELD: texts are unicodeChar of any length (VOT-11).

        Only timestamps are certainly ASCII.
        """
        if self.primitive:
            return self.column
        datatype = "char" if self.column.xtype == "timestamp" else "unicodeChar"
        return replace(self.column, datatype=datatype, arraysize="*")

    @property
    def magic(self) -> str | None:
        """The value for null in BINARY, besides NaN and empty cells."""
        return str(self.primitive.magic) if self.primitive and self.primitive.magic is not None else None

    @cached_property
    def elements(self) -> int | None:
        """The number of values in each cell; None if it varies."""
        return elements(self.column) if self.primitive else None

    @property
    def width(self) -> int:
        """Number of bytes at the beginning of each cell: for all its values, or for their number."""
        return self.primitive.size * self.elements if self.primitive and self.elements else _COUNT

    @property
    def unit(self) -> int:
        """Units of UTF-16 reserved for one element: one for each byte of numbers."""
        return self.primitive.size if self.primitive else 1


class _Layout:
    """Converts COPY's marked text form.

    Room is inserted before each cell for the bytes that BINARY has there, and before each row for its flags.
    A *unit* is two bytes of UTF-16; the unit 0 begins the room of a cell and occurs nowhere else.
    """

    def __init__(self, columns: Sequence[Column], *, flags: bool) -> None:
        self.parts = [_Part(c) for c in columns]
        self.flags = -(-len(columns) // 8) if flags else 0  # bytes in each row
        self.flag_units = -(-self.flags // 2)
        self.room = max([2, *(-(-p.width // 2) for p in self.parts)])  # units in each cell
        self.counted = [n for n, p in enumerate(self.parts) if p.elements is None]
        self.fixed = [n for n, p in enumerate(self.parts) if p.elements is not None]
        self.arrays = [n for n, p in enumerate(self.parts) if p.primitive and p.elements is None]
        self.narrow = [n for n, p in enumerate(self.parts) if p.sent.datatype == "char"] + self.arrays

    def rows(self, block: bytes) -> bytes:
        """Return the rows of a block in the form in which they are sent."""
        values: dict[int, Bytes] = {}
        if self.fixed or self.arrays:
            values, block = self._taken_out(block)
        page = _Page(self, self._spread(block))
        for column in self.fixed:
            page.fill(column, values[column])
        for column in self.arrays:
            page.fill_content(column, values[column])
        if self.narrow:
            page.narrow(self.narrow)
        if self.counted:
            page.count(self.counted)
        return page.sent()

    def _taken_out(self, block: bytes) -> tuple[dict[int, Bytes], bytes]:
        """Return the numbers of each column, and the block without them: only arrays keep room."""
        cells, width = split(block), len(self.parts)
        values = {}
        for column in self.fixed + self.arrays:
            mine = cells[column::width]
            values[column] = _numbers(self.parts[column], mine, flagged=self.flags > 0)
            cells[column::width] = [NULL if c == NULL else self._reserved(column, c) for c in mine]
        return values, weave(cells, [b"\t"] * (width - 1) + [b"\n"])

    def _reserved(self, column: int, cell: bytes) -> bytes:
        primitive = self.parts[column].primitive
        return b"\1" * (primitive.size * len(cell.split())) if column in self.arrays and primitive else b""

    def _spread(self, block: bytes) -> bytes:
        """Return the block with room inserted; the second unit of a room is 2 if the cell before is null."""
        flags, room = b"\1" * self.flag_units, b"\1" * (self.room - 2)
        after_value, after_null = b"\0\1" + room, b"\0\2" + room
        block = set_aside(block)  # otherwise the text `\\N` would look like a null
        if NULL in block:
            block = block.replace(NULL + b"\t", after_null).replace(NULL + b"\n", flags + after_null)
        block = block.replace(b"\t", after_value).replace(b"\n", flags + after_value)
        return unescape(flags + after_value + block)


def _numbers(part: _Part, cells: list[bytes], *, flagged: bool) -> Bytes:
    """Return the bytes of the numbers of a column, row by row.

    Raises: QueryError for a number that represents null.
    """
    primitive = part.primitive
    assert primitive is not None
    if part.column.arraysize is None:
        found = numbers(cells, primitive)
    elif part.elements is not None:
        found = arrays(cells, part.column, part.elements)
    else:
        found = numbers(b" ".join([b"" if c == NULL else c for c in cells]).split(), primitive)
    values = found.values if flagged else _without_flag(part, found)
    return np.frombuffer(values.tobytes(), np.uint8)


def _without_flag(part: _Part, found: Numbers) -> npt.NDArray[Any]:
    """Return numbers as BINARY has them.

    Raises: QueryError for a number that represents null.
    """
    magic = part.primitive.magic if part.primitive else None
    if magic is not None and (found.values[~found.nulls] == magic).any():
        raise QueryError(
            f"The column {part.column.name} contains the value {magic}, which BINARY would show as null.",
            hint="Ask for another format, such as votable/b2.",
        )
    return found.filled(magic)


class _Page:
    """The bytes of one block in UTF-16, a mask of those to send, and the positions of its cells, in units."""

    def __init__(self, layout: _Layout, text: bytes) -> None:
        self._layout = layout
        self._bytes = np.frombuffer(bytearray(text.decode().encode("utf-16-be")), np.uint8)
        self._mask = np.ones(len(self._bytes), bool)
        rooms = np.flatnonzero(self._bytes.view(np.uint16) == 0)
        shape = -1, len(layout.parts)
        self._rooms = rooms[:-1].reshape(shape)
        self._starts = self._rooms + layout.room
        self._ends = rooms[1:].reshape(shape).copy()
        self._ends[:, -1] -= layout.flag_units
        self._nulls = (self._bytes[2 * rooms[1:] + 3] == 2).reshape(shape)
        self._mask[2 * (rooms[-1] - layout.flag_units) :] = False

    def fill(self, column: int, numbers: Bytes) -> None:
        """Write the numbers of a column of fixed size into its room."""
        self._put(2 * self._rooms[:, column], numbers, 2 * self._layout.room)

    def fill_content(self, column: int, numbers: Bytes) -> None:
        """Write the numbers of arrays into the low bytes of their units."""
        self._bytes[2 * self._inside([column]) + 1] = numbers

    def narrow(self, columns: list[int]) -> None:
        """Send only the low bytes of the units in these columns."""
        self._mask[2 * self._inside(columns)] = False

    def count(self, columns: list[int]) -> None:
        """Write the number of elements before each cell of these columns."""
        lengths = self._ends[:, columns] - self._starts[:, columns]
        counts = (lengths // [self._layout.parts[column].unit for column in columns]).astype(">u4")
        self._put(2 * self._rooms[:, columns].ravel(), counts.ravel().view(np.uint8), 2 * self._layout.room)

    def sent(self) -> bytes:
        """Return the bytes to send, including flags."""
        layout = self._layout
        if layout.flags:
            flags = np.packbits(self._nulls, axis=1)
            self._put(2 * (self._rooms[:, 0] - layout.flag_units), flags, 2 * layout.flag_units)
        return self._bytes[self._mask].tobytes()

    def _put(self, places: Places, values: Bytes, room: int) -> None:
        """Write one value at each position, and drop the rest of its room."""
        values = values.reshape(len(places), -1)
        width = values.shape[1]
        self._bytes[places[:, None] + np.arange(width)] = values
        if width < room:
            self._mask[places[:, None] + np.arange(width, room)] = False

    def _inside(self, columns: list[int]) -> Places:
        """Return the units in the cells of these columns, ordered by row and column."""
        starts = self._starts[:, columns].ravel()
        lengths = self._ends[:, columns].ravel() - starts
        before = np.cumsum(lengths) - lengths
        units: Places = np.arange(lengths.sum()) + np.repeat(starts - before, lengths)
        return units
