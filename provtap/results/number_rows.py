"""Rows of COPY's binary form where all columns are numbers: of one length, so that numpy has them at once.

There a row has its number of cells, in two bytes, and each cell its length, in four. No cell is null there:
cells before them tell which ones are, by flags, eight a short, the first one in the highest bit.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from provtap.results.cells import PRIMITIVES, Numbers
from provtap.tableset import Column

_COUNT = 2
_LENGTH = 4


class NumberRows:
    """Takes blocks of such rows apart."""

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
        """Return the rows as BINARY2 has them: flags, of a byte each, and values."""
        rows = np.frombuffer(block, np.uint8).reshape(-1, self._form.itemsize)
        return rows.take(self._sent, axis=1).tobytes()

    @cached_property
    def _sent(self) -> list[int]:
        """Where in a row the bytes are that BINARY2 has."""
        assert self._form.fields
        places = {name: range(at, at + form.itemsize) for name, (form, at, *_) in self._form.fields.items()}
        flags = [places[name][-1] for name in self._flags]
        return [*flags, *(place for name in self._names for place in places[name])]
