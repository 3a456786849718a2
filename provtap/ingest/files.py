"""The files that paths, directories and patterns stand for, one at a time however many there are; opened."""

import glob
import gzip
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, cast

_GZIP = b"\x1f\x8b"
_PIECE = 1 << 20
"""Bytes to read at once."""


@dataclass(frozen=True)
class File:
    """A file to read."""

    path: Path
    named: bool
    """It was asked for by its name or a pattern; otherwise it was found in a directory."""


def files(paths: Iterable[Path]) -> Iterator[File]:
    """Yield the files of *paths*: all below a directory, all that match a pattern that names no file.

    A path that names nothing is yielded as well: whoever opens it says so.
    """
    for path in _expanded(paths):
        if path.is_dir():
            yield from (File(found, named=False) for found in _below(path))
        else:
            yield File(path, named=True)


def _expanded(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        matches: Iterator[Path] = iter(())
        if glob.has_magic(os.fspath(path)) and not os.path.lexists(path):
            # Links to directories are not followed: they may lead round in circles.
            matches = Path(path.anchor).glob(os.fspath(path.relative_to(path.anchor)))
        yield next(matches, path)
        yield from matches


def _below(directory: Path) -> Iterator[Path]:
    """Yield the files below *directory*, in the order of their names; no pipes or devices.

    A directory that can't be read comes at the end: whoever opens it says why.
    """
    unread: list[Path] = []
    for parent, directories, names in os.walk(directory, onerror=lambda e: unread.append(Path(e.filename))):
        directories.sort()
        yield from (path for name in sorted(names) if (path := Path(parent, name)).is_file())
    yield from unread


@contextmanager
def rewindable(path: Path, most: int = sys.maxsize) -> Iterator[BufferedReader]:
    """Open a file that can be read again from its start; up to *most* + 1 bytes of a pipe are copied."""
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


@contextmanager
def opened(path: Path, most: int) -> Iterator[BinaryIO]:
    """Open a file as `rewindable` does, through gzip if that packed it."""
    with rewindable(path, most) as file:
        packed = file.read(2) == _GZIP
        file.seek(0)
        if packed:
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield cast(BinaryIO, unpacked)
        else:
            yield file
