"""Files of a run, and their state at one moment. Uses only the standard library."""

import glob
import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_ROLE = re.compile(r"([A-Za-z_][\w .-]*)=(.+)", re.DOTALL)
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Given:
    """A file, pattern or URL from the command line: `ROLE=FILE`."""

    place: str
    role: str | None = None

    @classmethod
    def of(cls, text: str) -> "Given":
        """Return the argument *text*; if a file has exactly this name, there is no role."""
        found = _ROLE.fullmatch(text)
        if found is None or os.path.lexists(text):
            return cls(text)
        return cls(found[2], found[1])

    def paths(self) -> list[str]:
        """Return the paths of the file, or of all files that match the pattern."""
        if _URL.match(self.place) or not glob.has_magic(self.place) or os.path.lexists(self.place):
            return [self.place]
        return sorted(glob.glob(self.place, recursive=True))  # noqa: PTH207  as the shell has it


@dataclass(frozen=True)
class Snapshot:
    """A file at one moment."""

    path: str
    role: str | None
    stat: os.stat_result | None
    """None if the file does not exist."""

    @classmethod
    def take(cls, given: Iterable[Given]) -> list["Snapshot"]:
        """Return the current state of the files of *given*, once for each file and role."""
        found = dict.fromkeys((path, each.role) for each in given for path in each.paths())
        return [cls.of(path, role) for path, role in found]

    @classmethod
    def of(cls, path: str, role: str | None = None) -> "Snapshot":
        """Return the current state of *path*."""
        return cls(path, role, _stat(path))

    @property
    def is_url(self) -> bool:
        """Whether it is a URL."""
        return _URL.match(self.path) is not None

    @property
    def version(self) -> tuple[int, ...]:
        """A value that changes when the file is written."""
        stat = self.stat
        return (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns) if stat else ()

    def content(self, *, checksums: bool) -> dict[str, Any]:
        """Return its part of the record, without checksums if the file has changed since."""
        path = self.path if self.is_url else absolute(self.path)
        said: dict[str, Any] = {"path": printable(path)}
        if self.role:
            said["role"] = self.role
        if self.stat and S_ISDIR(self.stat.st_mode):
            said["directory"] = True
        elif self.stat and S_ISREG(self.stat.st_mode):
            said["size"] = self.stat.st_size
            if checksums and (digests := self._digests()):
                said["checksums"] = digests
        return said

    def _digests(self) -> dict[str, str] | None:
        """Return checksums, including SHA-1 as in CWL."""
        digests = {"sha256": hashlib.sha256(), "sha1": hashlib.sha1(usedforsecurity=False)}
        try:
            with Path(self.path).open("rb") as file:
                while block := file.read(_BLOCK):
                    for digest in digests.values():
                        digest.update(block)
        except OSError:
            return None
        if Snapshot.of(self.path).version != self.version:
            return None
        return {name: digest.hexdigest() for name, digest in digests.items()}


def _stat(path: str) -> os.stat_result | None:
    try:
        return None if _URL.match(path) else Path(path).stat()
    except (OSError, ValueError):
        return None


def absolute(path: str) -> str:
    """Return the absolute path."""
    return os.path.abspath(path)  # noqa: PTH100  `..` goes, links stay, as in ctapipe


def printable(path: str) -> str:
    """Return a path of arbitrary bytes as text."""
    return path.encode(errors="surrogateescape").decode(errors="replace")
