"""FITS: a binary table (FITS Standard 4.0, section 7.3), with a header from astropy.

The header contains the number of rows and the width of each text, so the rows are first written to a file
without name: nothing is sent before the query has ended, and only one block is in memory.
"""

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from provtap.disk import Room
from provtap.errors import Busy, QueryError, TooLarge
from provtap.results.blocks import NumberRows, Rows
from provtap.results.cells import (
    NULL,
    PRIMITIVES,
    Numbers,
    Primitive,
    arrays,
    distinct,
    elements,
    numbers,
    split,
)
from provtap.results.votable import Info
from provtap.tableset import Column

LIMIT = 2_000_000_000
"""Maximum size of the table, and of the file of rows, in bytes."""
COLUMNS = 999
"""The maximum of TFIELDS."""
_RECORD = 2880
"""The parts of a FITS file are padded to multiples of this size."""
_CODES = dict(
    zip(("boolean", "unsignedByte", "short", "int", "long", "float", "double"), "LBIJKED", strict=True)
)
_CARDS = {"QUERY": "QUERY", "MAXREC": "MAXREC", "request_date": "DATE", "server_software": "CREATOR"}
_QUERY_LENGTH = 4_000
"""Maximum characters of a text in the header."""


def write_fits(
    columns: Sequence[Column],
    blocks: Iterable[tuple[int, bytes]],
    maxrec: int,
    infos: Sequence[Info] = (),
    *,
    binary: bool = False,
    room: Room | None = None,
) -> Iterator[bytes]:
    """Yield a FITS file after all rows have arrived; QSTATUS in its header reports an overflow.

    The blocks may be in COPY's *binary* form if all columns are numbers. Their file uses disk space of
    *room*.

    Raises: TooLarge; Busy; QueryError for more columns than FITS allows, or if no value is free for null.
    """
    if len(columns) > COLUMNS:
        raise QueryError(f"The result has {len(columns)} columns; FITS allows up to {COLUMNS}.")
    cells = [_fits_column(column) for column in distinct(columns)]
    taken = NumberRows(columns).columns if binary else partial(_taken, cells)
    rows = Rows(blocks, maxrec)
    room = room or Room()
    with ExitStack() as stack:
        stack.callback(room.give_back)
        file = stack.enter_context(tempfile.TemporaryFile())
        count = _keep(rows, cells, taken, file, room)
        yield from _headers(cells, count, infos, "OVERFLOW" if rows.overflow else "OK")
        form = np.dtype([(f"c{n}", c.form) for n, c in enumerate(cells)])
        file.seek(0)
        while length := int.from_bytes(file.read(8)):
            yield _table(taken(file.read(length)), cells, form)
        yield bytes(-count * form.itemsize % _RECORD)


def _keep(
    rows: Iterable[bytes],
    cells: Sequence["_FitsColumn"],
    taken: Callable[[bytes], "_Taken"],
    file: BinaryIO,
    room: Room,
) -> int:
    """Write the blocks to *file*, each after its length, and return the number of rows.

    Raises: TooLarge; Busy if there is not enough disk space.
    """
    count = 0
    for block in rows:
        found = taken(block)
        for column, values in zip(cells, found, strict=True):
            column.see(values)
        count += len(found[0])
        size = max(count * sum(np.dtype(c.form).itemsize for c in cells), file.tell() + len(block))
        if size > LIMIT:
            raise TooLarge(
                f"As FITS the result would exceed {LIMIT} bytes: every row takes as much space as the"
                " widest.",
                hint="Ask for another format, such as votable/b2.",
            )
        if not room.take(8 + len(block), file.fileno()):
            raise Busy(
                "There is not enough disk space for the temporary file of a FITS result.",
                hint="Try again later, or ask for another format, such as votable/b2.",
            )
        file.write(len(block).to_bytes(8) + block)
    file.write(bytes(8))
    return count


class _TextColumn:
    """A column of texts, or of arrays of variable length, which are written as texts."""

    null: int | None = None

    def __init__(self, column: Column) -> None:
        self.column = column
        self._width = 1

    @property
    def form(self) -> Any:
        """The numpy type of a cell."""
        return f"S{self._width}"

    @property
    def code(self) -> str:
        """The value of TFORM."""
        return f"{self._width}A"

    def taken(self, cells: list[bytes]) -> list[bytes]:
        """Return some cells as printable ASCII; most columns have no escapes other than nulls."""
        text = b"".join(cells)
        if text.count(b"\\") == cells.count(NULL) and text.isascii() and not _UNPRINTABLE.search(text):
            return [b"" if cell == NULL else cell for cell in cells]
        return list(map(_ascii, cells))

    def see(self, cells: list[bytes]) -> None:
        """Take notice of some cells, all of which are seen before any is written."""
        self._width = max(self._width, *map(len, cells))

    def values(self, cells: list[bytes]) -> npt.NDArray[Any]:
        """Return some cells as they are written."""
        return np.array(cells, self.form)


class _NumberColumn:
    """A column of numbers or arrays of one size."""

    def __init__(self, column: Column, primitive: Primitive, count: int) -> None:
        self.column = column
        self._primitive = primitive
        self._count = count
        self.form: Any = (primitive.form, (count,)) if column.arraysize else primitive.form
        self.code = f"{count}{_CODES[column.datatype]}"
        self._nulls = False
        self._free = _extremes(primitive)

    @property
    def null(self) -> int | None:
        """The value for null (TNULL), if needed: not used as a value, and as far from zero as possible.

        Raises: QueryError if no value is free.
        """
        if not self._nulls or self._primitive.magic is None:
            return None
        if not self._free:
            raise QueryError(
                f"The column {self.column.name} leaves no value of its type free to mark null in FITS.",
                hint="Ask for another format, such as votable/b2.",
            )
        return max(self._free, key=lambda value: (abs(value), -value))

    def taken(self, cells: list[bytes]) -> Numbers:
        """Return some cells as numbers."""
        if not self.column.arraysize:
            return numbers(cells, self._primitive)
        return arrays(cells, self.column, self._count)

    def see(self, cells: Numbers) -> None:
        """Take notice of some cells, all of which are seen before any is written."""
        self._nulls |= bool(cells.nulls.any())
        if self._free:
            self._free.difference_update(cells.values[np.isin(cells.values, [*self._free])].tolist())

    def values(self, cells: Numbers) -> npt.NDArray[Any]:
        """Return some cells as they are written."""
        return cells.filled(self.null)


def _extremes(primitive: Primitive) -> set[int]:
    """Return the values of an integer type that may represent null."""
    if primitive.magic is None:
        return set()
    limits = np.iinfo(primitive.form)
    return {*range(limits.min, limits.min + 8), *range(limits.max - 7, limits.max + 1)}


_FitsColumn = _TextColumn | _NumberColumn
_Taken = Sequence[Any]
"""The cells of each _FitsColumn."""


def _taken(cells: Sequence[_FitsColumn], block: bytes) -> _Taken:
    """Return the cells of a block of COPY's marked text form."""
    found = split(block)
    return [column.taken(found[number :: len(cells)]) for number, column in enumerate(cells)]


def _fits_column(column: Column) -> _FitsColumn:
    count = elements(column)
    primitive = PRIMITIVES.get(column.datatype)
    return (
        _TextColumn(column) if primitive is None or count is None else _NumberColumn(column, primitive, count)
    )


_UNPRINTABLE = re.compile(rb"[\x00-\x1f\x7f]")


def _ascii(cell: bytes) -> bytes:
    """Return a text of printable ASCII; other characters are escaped as in Python, null is empty."""
    if cell == NULL:
        return b""
    if not cell.isascii():
        cell = cell.decode().encode("ascii", "backslashreplace")
    if _UNPRINTABLE.search(cell):
        cell = _UNPRINTABLE.sub(lambda found: b"\\x%02x" % found[0][0], cell)
    return cell.replace(rb"\\", b"\\")


def _table(found: _Taken, cells: Sequence[_FitsColumn], form: np.dtype[Any]) -> bytes:
    """Return a block as rows of the table."""
    table = np.empty(len(found[0]), form)
    for number, column in enumerate(cells):
        table[f"c{number}"] = column.values(found[number])
    return table.tobytes()


def _headers(cells: Sequence[_FitsColumn], rows: int, infos: Sequence[Info], status: str) -> Iterator[bytes]:
    """Yield the headers of the empty primary unit and of the table."""
    from astropy.io import fits  # a slow import

    columns = [
        fits.Column(name=_card(c.column.name), format=c.code, null=c.null, unit=c.column.unit) for c in cells
    ]
    header = fits.BinTableHDU.from_columns(columns, nrows=0).header
    header["NAXIS2"] = rows
    header["EXTNAME"] = "RESULT"
    header["QSTATUS"] = (status, "OVERFLOW: there are more rows")
    for info in infos:
        if info.name in _CARDS:
            header[_CARDS[info.name]] = _card(info.value)
    for number, column in enumerate((c.column for c in cells), 1):
        cards = {
            "TCOMM": column.description,
            "TUCD": column.ucd,
            "TUTYP": column.utype,
            "TXTYP": column.xtype,
        }
        header.update({f"{key}{number}": _card(text) for key, text in cards.items() if text})
    yield fits.PrimaryHDU().header.tostring().encode()
    yield header.tostring().encode()


def _card(text: str) -> str:
    """Return the part of *text* that fits in a card."""
    return " ".join(text[:_QUERY_LENGTH].encode("ascii", "replace").decode().split())
