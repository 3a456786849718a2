"""Blocks: rows on their way from COPY to a writer."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import numpy as np

from provtap.results.cells import PRIMITIVES, Numbers
from provtap.tableset import Column


class Rows:
    """The rows of a result up to maxrec, and whether there were more (TAP 1.1, section 2.7.4).

    A block is a number of rows and their bytes in a form of COPY: complete rows, each ending in a newline.

    One row more than *maxrec* is requested. A block beyond *maxrec* is not written at all, so the additional
    rows must be in separate blocks. With *maxrec* 0 there is always an overflow (TAP-15).
    """

    def __init__(self, blocks: Iterable[tuple[int, bytes]], maxrec: int) -> None:
        self._blocks = blocks
        self._maxrec = maxrec
        self.overflow = maxrec == 0

    @property
    def cut(self) -> str:
        """The sentence that reports an overflow."""
        return f"The result was truncated: there are more rows than {self._maxrec}."

    def __iter__(self) -> Iterator[bytes]:
        left = self._maxrec
        for rows, data in self._blocks:  # to the end, where late errors are raised
            left -= rows
            if left >= 0:
                yield data
            else:
                self.overflow = True


_COUNT = 2
"""Bytes before a row in the binary form, with the number of its cells."""
_LENGTH = 4
"""Bytes before each cell, with its length."""


class NumberRows:
    """Splits blocks of COPY's binary form if all columns are numbers.

    All rows have the same length, so that numpy can read them at once. No cell is null; instead there are
    flags for nulls in shorts before the cells, eight in each short, the first one in the highest bit.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._flags = [f"flags{n}" for n in range(-(-len(columns) // 8))]
        self._names = [f"value{n}" for n in range(len(columns))]
        values = zip(self._names, (PRIMITIVES[c.datatype].form for c in columns), strict=True)
        members = [("count", f"V{_COUNT}")]
        for name, form in [*((flags, ">i2") for flags in self._flags), *values]:
            members += [(f"length of {name}", f"V{_LENGTH}"), (name, form)]
        self._form = np.dtype(members)

    def columns(self, block: bytes) -> list[Numbers]:
        """Return the values of each column."""
        rows = np.frombuffer(block, self._form)
        flags = np.stack([rows[name].astype(np.uint8) for name in self._flags], axis=1)
        nulls = np.unpackbits(flags, axis=1).view(bool)
        return [Numbers(rows[name], nulls[:, n]) for n, name in enumerate(self._names)]

    def flagged(self, block: bytes) -> bytes:
        """Return the rows in the form of BINARY2: bytes of flags, then values."""
        rows = np.frombuffer(block, np.uint8).reshape(-1, self._form.itemsize)
        return rows.take(self._sent, axis=1).tobytes()

    @cached_property
    def _sent(self) -> list[int]:
        """The positions in a row of the bytes for BINARY2."""
        assert self._form.fields
        places = {name: range(at, at + form.itemsize) for name, (form, at, *_) in self._form.fields.items()}
        flags = [places[name][-1] for name in self._flags]
        return [*flags, *(place for name in self._names for place in places[name])]
