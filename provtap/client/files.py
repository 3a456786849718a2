"""Files of a run: which there are, and what they are at one moment. Standard library only."""

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
    """A file, pattern or URL as the command line gives it: `ROLE=FILE`."""

    place: str
    role: str | None = None

    @classmethod
    def of(cls, text: str) -> "Given":
        """Return what *text* gives; a file of this very name has no role."""
        found = _ROLE.fullmatch(text)
        if found is None or os.path.lexists(text):
            return cls(text)
        return cls(found[2], found[1])

    def paths(self) -> list[str]:
        """Return the files that it stands for: all that match a pattern."""
        if _URL.match(self.place) or not glob.has_magic(self.place) or os.path.lexists(self.place):
            return [self.place]
        return sorted(glob.glob(self.place, recursive=True))  # noqa: PTH207  as the shell has it


@dataclass(frozen=True)
class Snapshot:
    """A file at one moment."""

    path: str
    role: str | None
    stat: os.stat_result | None
    """None: there is no such file."""

    @classmethod
    def take(cls, given: Iterable[Given]) -> list["Snapshot"]:
        """Return what *given* stands for now, each file once for each of its roles."""
        found = dict.fromkeys((path, each.role) for each in given for path in each.paths())
        return [cls.of(path, role) for path, role in found]

    @classmethod
    def of(cls, path: str, role: str | None = None) -> "Snapshot":
        """Return what is at *path* now."""
        return cls(path, role, _stat(path))

    @property
    def is_url(self) -> bool:
        """Whether it is somewhere else."""
        return _URL.match(self.path) is not None

    @property
    def version(self) -> tuple[int, ...]:
        """What changes when the file is written."""
        stat = self.stat
        return (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns) if stat else ()

    def content(self, *, checksums: bool) -> dict[str, Any]:
        """Return what the record says of it; a file that has changed since has no checksums."""
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
        """Return checksums; SHA-1 is that of CWL."""
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
    """Return a path, whose bytes may be any, as text."""
    return path.encode(errors="surrogateescape").decode(errors="replace")
