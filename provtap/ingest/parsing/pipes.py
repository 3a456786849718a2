"""Files that can be read again from their start, including pipes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from tempfile import TemporaryFile
from typing import cast

_PIECE = 1 << 20
"""Number of bytes to read at once."""


@contextmanager
def rewindable(path: Path, most: int = sys.maxsize) -> Iterator[BufferedReader]:
    """Open a file that can be read again from its start; of a pipe, up to *most* + 1 bytes are copied."""
    with path.open("rb") as file:
        if file.seekable():
            yield file
            return
        with TemporaryFile() as copy:
            left = most + 1
            while left > 0 and (piece := file.read(min(left, _PIECE))):
                left -= copy.write(piece)
            copy.seek(0)
            yield cast(BufferedReader, copy)
