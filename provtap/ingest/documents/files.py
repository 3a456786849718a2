"""Finds the files of paths, directories and patterns, one at a time, and opens them."""

import glob
import gzip
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import BinaryIO, cast

from provtap.errors import DocumentError, TooLarge
from provtap.ingest.documents import packages
from provtap.ingest.parsing.pipes import rewindable
from provtap.ingest.readers.headers import files as product_file
from provtap.ingest.store.transaction import naming

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class File:
    """A file to read, or a folder that is a single document."""

    path: Path
    named: bool
    """Whether it was given by name or pattern, not found in a directory."""

    def __str__(self) -> str:
        return os.fsencode(self.path).decode(errors="replace")  # a file name may consist of any bytes


def files(paths: Iterable[Path]) -> Iterator[File]:
    """Yield the files of *paths*: all files in a directory, all matches of a path that does not exist.

    A path without any match is yielded as well: opening it reports the error.
    """
    for path in _expanded(paths):
        if path.is_dir() and not packages.is_package(path):
            yield from _below(path)
        else:
            yield File(path, named=True)


def _expanded(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        matches: Iterator[Path] = iter(())
        if glob.has_magic(os.fspath(path)) and not os.path.lexists(path):
            # Links to directories are not followed: they may form loops.
            matches = Path(path.anchor).glob(os.fspath(path.relative_to(path.anchor)))
        yield next(matches, path)
        yield from matches


def _below(directory: Path) -> Iterator[File]:
    """Yield the files in *directory* and its subdirectories, ordered by name, except pipes and devices.

    A directory that can't be read comes last, as if it were given by name: opening it reports the error.
    """
    unread: list[Path] = []
    for parent, directories, names in os.walk(directory, onerror=lambda e: unread.append(Path(e.filename))):
        directories.sort()
        paths = (Path(parent, name) for name in sorted(names))
        yield from (File(path, named=False) for path in paths if path.is_file())
        inner = [name for name in directories if _is_document(Path(parent, name))]
        yield from (File(Path(parent, name), named=False) for name in inner)
        directories[:] = [name for name in directories if name not in inner]
    yield from (File(path, named=True) for path in unread)


def _is_document(folder: Path) -> bool:
    return packages.is_package(folder) and not folder.is_symlink()


@contextmanager
def opened(path: Path, most: int) -> Iterator[BinaryIO]:
    """Open a file as `rewindable` does, and decompress it if it is a gzip file."""
    with rewindable(path, most) as file:
        packed = file.read(2) == _GZIP
        file.seek(0)
        if packed:
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield cast(BinaryIO, unpacked)
        else:
            yield file


def read_bytes(path: str | PathLike[str], source: str, limit: int) -> bytes:
    """Return the bytes of *path*, at most *limit*; *source* is its name in messages.

    For a data product these are the keywords of its header, whatever its size. Gzip files are decompressed.
    For a research object, a folder or a zip, these are its documents. Never more than *limit* bytes are in
    memory.
    """
    try:
        if packages.is_package(Path(path)):
            with naming(source):
                return packages.folder_document(Path(path), limit)
        with opened(Path(path), limit) as file:
            start = file.read(16)
            file.seek(0)
            if start.startswith(packages.ZIP):
                with naming(source):
                    return packages.zip_document(file, limit)
            if form := product_file.form_of(start):
                with naming(source):
                    if not Path(path).is_file():
                        why = f"this is a data product ({form}), but not a file"
                        raise DocumentError(why, hint=product_file.BY_PATH)
                    return product_file.read_header(file, Path(path), form)
            size = os.fstat(file.fileno()).st_size
            file.seek(0)
            content = file.read(limit + 1) if size <= limit else b""
    except (OSError, ValueError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DocumentError(f"{source} cannot be read: {reason.lower()}.") from error
    if size > limit or len(content) > limit:
        raise TooLarge(
            f"{source} exceeds the limit of {limit} bytes for a document.",
            hint="The setting is PROVTAP_DOCUMENT_BYTES.",
        )
    return content
