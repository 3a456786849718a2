r"""Splits a block of COPY's text form into cells, one column at a time, with functions written in C.

In the form `marked` a null is `\N`, to distinguish it from an empty text.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from provtap.errors import QueryError
from provtap.tableset import Column

NULL = rb"\N"


@dataclass(frozen=True)
class Primitive:
    """A VOTable datatype of fixed size in BINARY and FITS (VOTable 1.4, section 6)."""

    form: str
    """The numpy type, big-endian."""
    parse: Callable[[bytes], Any]
    """Converts from the text of COPY."""
    null: bytes
    """The text for null, in the form of COPY, if a flag or mask marks nulls."""
    magic: int | None = None
    """The value for null if only a value can mark it."""

    @property
    def size(self) -> int:
        """Bytes of one value."""
        return np.dtype(self.form).itemsize


TRUTH: dict[bytes, bool | None] = {b"true": True, b"false": False, b"T": True, b"F": False, b"?": None}
"""Truth values as written by the generator: words as single values, letters in arrays."""
_LETTERS = {True: ord("T"), False: ord("F"), None: 0}

PRIMITIVES = {
    "boolean": Primitive("u1", lambda word: _LETTERS[TRUTH[word]], b"?"),
    "unsignedByte": Primitive("u1", int, b"0", 255),
    "short": Primitive(">i2", int, b"0", -(2**15)),
    "int": Primitive(">i4", int, b"0", -(2**31)),
    "long": Primitive(">i8", int, b"0", -(2**63)),
    "float": Primitive(">f4", float, b"NaN"),
    "double": Primitive(">f8", float, b"NaN"),
}
"""All other datatypes are texts there, including bits and complex numbers."""


def is_text(column: Column) -> bool:
    """Return whether the cells of *column* are texts, including timestamps."""
    return column.datatype in {"char", "unicodeChar"}


def only_numbers(columns: Sequence[Column]) -> bool:
    """Return whether all cells are single numbers."""
    return all(c.datatype in _NUMBERS and c.arraysize is None for c in columns)


_NUMBERS = frozenset({"short", "int", "long", "float", "double"})


def split(block: bytes) -> list[bytes]:
    """Return the cells of a block, row by row, with COPY's escapes."""
    return block[:-1].replace(b"\n", b"\t").split(b"\t")


def weave(cells: list[bytes], separators: Sequence[bytes]) -> bytes:
    """Return *cells*, each followed by its separator; *separators* are for one row."""
    pieces = [b""] * (2 * len(cells))
    pieces[::2] = cells
    pieces[1::2] = list(separators) * (len(cells) // len(separators))
    return b"".join(pieces)


def set_aside(cells: bytes) -> bytes:
    """Replace double backslashes by a byte not used in UTF-8, so that remaining backslashes are escapes."""
    return cells.replace(rb"\\", b"\xff")


ESCAPES = (
    (rb"\t", b"\t"),
    (rb"\n", b"\n"),
    (rb"\r", b"\r"),
    (rb"\b", b"\b"),
    (rb"\f", b"\f"),
    (rb"\v", b"\v"),
)
"""The characters that COPY escapes in texts, besides the backslash."""


def unescape(cells: bytes, escapes: Sequence[tuple[bytes, bytes]] = ESCAPES) -> bytes:
    """Undo the escapes of COPY, except nulls; *escapes* maps each escape to its replacement."""
    if b"\\" in cells:
        cells = set_aside(cells)
        for escaped, character in escapes:
            cells = cells.replace(escaped, character)
    return cells.replace(b"\xff", b"\\")


def texts(cells: list[bytes]) -> list[bytes | None]:
    """Return the values of a column of texts, in UTF-8; most columns have no escapes other than nulls."""
    if b"".join(cells).count(b"\\") == cells.count(NULL):
        return [None if cell == NULL else cell for cell in cells]
    return [None if cell == NULL else unescape(cell) for cell in cells]


@dataclass(frozen=True)
class Numbers:
    """Some rows of a column of numbers or truth values, or of arrays of them."""

    values: npt.NDArray[Any]
    """The values; nulls have the primitive's filler."""
    nulls: npt.NDArray[np.bool_]
    """Which of the rows are null."""

    def __len__(self) -> int:
        return len(self.values)

    def filled(self, null: float | None) -> npt.NDArray[Any]:
        """Return the values with *null* in place of nulls; None: unchanged."""
        if null is None or not self.nulls.any():
            return self.values
        values = self.values.copy()
        values[self.nulls] = null
        return values


def numbers(cells: list[bytes], primitive: Primitive) -> Numbers:
    """Return the values of a column."""
    nulls = np.zeros(len(cells), bool)
    if NULL in cells:
        nulls = np.fromiter(map(NULL.__eq__, cells), bool, len(cells))
        cells = [primitive.null if cell == NULL else cell for cell in cells]
    return Numbers(_parsed(cells, primitive), nulls)


def arrays(cells: list[bytes], column: Column, size: int) -> Numbers:
    """Return the values of a column of arrays of *size*.

    Raises: QueryError for an array of another size.
    """
    primitive = PRIMITIVES[column.datatype]
    nulls = np.fromiter(map(NULL.__eq__, cells), bool, len(cells))
    cells = [b" ".join([primitive.null] * size) if cell == NULL else cell for cell in cells]
    for found in set(map(len, map(bytes.split, cells))) - {size}:
        raise QueryError(f"An array of the column {column.name} has {found} values, not {size}.")
    return Numbers(_parsed(b" ".join(cells).split(), primitive).reshape(len(cells), size), nulls)


def _parsed(words: list[bytes], primitive: Primitive) -> npt.NDArray[Any]:
    """Return numbers; numpy reads integers in a third of the time, and others not faster."""
    if primitive.parse is int:
        return np.fromstring(b" ".join(words), np.int64, sep=" ").astype(primitive.form)
    return np.array(list(map(primitive.parse, words)), primitive.form)


def elements(column: Column) -> int | None:
    """Return the number of values in each cell of *column*; None if it varies."""
    sizes = (column.arraysize or "1").split("x")
    return int(np.prod([int(size) for size in sizes])) if all(map(str.isdecimal, sizes)) else None


def distinct(columns: Sequence[Column]) -> list[Column]:
    """Return *columns*, with a number added to repeated names, ignoring case."""
    found: list[Column] = []
    used: set[str] = set()
    for column in columns:
        spellings = (column.name, *(f"{column.name}_{n}" for n in range(2, len(columns) + 2)))
        name = next(spelling for spelling in spellings if spelling.lower() not in used)
        used.add(name.lower())
        found.append(replace(column, name=name))
    return found
