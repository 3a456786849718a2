"""The store of the results of jobs: one file for each, complete or missing."""

import errno
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from provtap.config import Settings
from provtap.disk import Room
from provtap.errors import DiskFull, SettingsError

DRAFT = ".draft"
"""The suffix of files that are being written."""


@dataclass(frozen=True)
class StoredFile:
    """A file of the store, open for reading."""

    content: BinaryIO
    """It can seek."""
    size: int
    """Bytes."""
    modified: datetime


class ResultStore(Protocol):
    """Named files that are written once. A name consists of a job's id, a dot, and letters, digits, `.-_`."""

    def put(self, name: str, pieces: Iterable[bytes]) -> int:
        """Store *pieces* as *name*, and return their length in bytes; nothing is stored on failure.

        Raises: DiskFull, OSError, and the errors of *pieces*.
        """

    def open(self, name: str) -> StoredFile:
        """Return a file. Raises: FileNotFoundError."""

    def delete(self, name: str) -> None:
        """Remove a file, if it exists."""

    def names(self, age: float) -> Iterator[str]:
        """Yield the names of all files, including unfinished ones, not written to for *age* seconds."""


@dataclass(frozen=True)
class ResultDirectory:
    """A result store in one directory, shared by all processes of a service.

    *reserve* bytes of its file system stay free for the database, which may be on it as well.
    """

    path: Path
    reserve: int = 0

    def put(self, name: str, pieces: Iterable[bytes]) -> int:
        """Write a draft, and rename it once it is on disk."""
        try:
            return self._put(name, pieces)
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise _full() from error
            raise

    def _put(self, name: str, pieces: Iterable[bytes]) -> int:
        room = Room(reserve=self.reserve)
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.path / f"{name}{DRAFT}"
        try:
            with draft.open("wb") as file:
                for piece in pieces:
                    if not room.take(len(piece), file.fileno()):
                        raise _full()
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
            draft.replace(self.path / name)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        self._sync()
        return size

    def open(self, name: str) -> StoredFile:
        """Open the file; the caller must close it."""
        content = (self.path / name).open("rb")
        found = os.fstat(content.fileno())
        return StoredFile(content, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def delete(self, name: str) -> None:
        """Remove the file."""
        (self.path / name).unlink(missing_ok=True)

    def names(self, age: float) -> Iterator[str]:
        """Yield the names in the directory."""
        latest = time.time() - age
        with suppress(FileNotFoundError), os.scandir(self.path) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # it was removed meanwhile
                    if entry.stat().st_mtime <= latest:
                        yield entry.name

    def _sync(self) -> None:
        """Ensure that the name is on disk as well."""
        directory = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _full() -> DiskFull:
    return DiskFull("The service has not enough disk space for the files of jobs.", hint="Try again later.")


def result_store(settings: Settings) -> ResultStore:
    """Return the result store of a service."""
    return ResultDirectory(directory(settings), settings.result_reserve_bytes)


def probe(settings: Settings) -> None:
    """Create the directory of results, so that a service where all jobs would fail does not start.

    Raises: SettingsError.
    """
    path = directory(settings)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path).close()
    except OSError as error:
        raise SettingsError(
            f"The result directory {path} cannot be used: {(error.strerror or str(error)).lower()}.",
            hint="See PROVTAP_RESULT_DIR.",
        ) from error


def directory(settings: Settings) -> Path:
    """Return the directory of results, which may not exist yet."""
    return (settings.result_dir or settings.data_dir / "results").absolute()
