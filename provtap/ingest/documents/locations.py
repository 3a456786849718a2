"""The true locations of files of grid jobs: replaces local paths by the names under which files were stored.

A job writes `out.h5` in its own directory and uploads it as `/vo/prod/out.h5`; another job downloads it to
its own directory. Both paths are names of the same file, which connects the two jobs.
"""

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from provtap.errors import DocumentError
from provtap.ingest.model import identity
from provtap.ingest.model.records import (
    Alias,
    External,
    ExternalHash,
    Hash,
    Location,
    Reading,
    Record,
    Writing,
)
from provtap.ingest.parsing.json import canonical

_ALGORITHMS = {8: "adler32", 32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
"""Checksum algorithms by the number of hexadecimal digits."""
_HEXADECIMAL = re.compile(r"[0-9a-f]+")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_STAGED = re.compile(r"(?:file://)?/(?:(?:var/)?tmp/|var/(?:lib|spool)/cwl/|(?:[^/]+/)*stg[0-9a-f-]+/)")
"""Matches the beginning of a path in a temporary folder, such as `stg<uuid>` of cwltool and Toil."""
_SIZE = re.compile(r"\d{1,18}")
_COLUMNS = ("path", "id", "guid", "size", "checksum")


@dataclass(frozen=True)
class Copy:
    """The entry of one file in a catalogue; *size* in bytes."""

    id: str
    """Its logical name."""
    guid: str | None = None
    size: int | None = None
    checksum: str | None = None
    algorithm: str | None = None


@dataclass(frozen=True)
class LocationMap:
    """Other names for local paths: of single files, and of directories by prefixes of paths.

    With a *workflow_run*, files in temporary folders get a name within the run: the engine stages a file in
    another folder with a random name for each step.
    """

    prefixes: tuple[tuple[str, str], ...] = ()
    copies: Mapping[str, Copy] = field(default_factory=dict)
    workflow_run: str = ""

    @property
    def digest(self) -> str:
        """Digest of the map; '' if it is empty."""
        if not self.prefixes and not self.copies and not self.workflow_run:
            return ""
        return hashlib.sha256(canonical(self.content()).encode()).hexdigest()

    def content(self) -> list[Any]:
        """Return the map as JSON values."""
        told = [[*map(list, self.prefixes)], {path: vars(copy) for path, copy in self.copies.items()}]
        return [*told, self.workflow_run] if self.workflow_run else told

    @classmethod
    def of(cls, content: list[Any]) -> "LocationMap":
        """Return the map with this *content*."""
        prefixes, copies, *run = content
        return cls(tuple(map(tuple, prefixes)), {path: Copy(**said) for path, said in copies.items()}, *run)

    def name(self, url: str) -> str | None:
        """Return the other name of *url*, or None if it has none."""
        if url in self.copies:
            id = self.copies[url].id
            return id if _SCHEME.match(id) else f"lfn:{id}"
        for start, uri in self.prefixes:
            if url.startswith(start):
                return uri + url[len(start) :]
        if self.workflow_run and _STAGED.match(url) and (file := identity.basename(url)):
            return f"workflow-run:{quote(self.workflow_run, safe='')}/{file}"
        return None

    def apply(self, records: Iterable[Record]) -> Iterator[Record]:
        """Yield *records* with replaced names, and the catalogue's sizes and checksums of written files."""
        renamed: dict[str, str] = {}
        for record in records:
            if isinstance(record, ExternalHash):
                yield replace(record, entity_id=renamed.get(record.entity_id, record.entity_id))
                continue
            attribute = "location" if isinstance(record, External) else "url"
            url: str | None = getattr(record, attribute, None)
            name = self.name(url) if url else None
            if name is None or url is None:
                yield record
            elif isinstance(record, External):
                renamed[record.id] = _external(name)
                yield replace(record, id=_external(name), location=name)
            elif isinstance(record, Reading):
                yield replace(record, url=name, storage=_storage(name), external_id=_external(name))
            elif isinstance(record, Location):
                yield record
                yield replace(record, url=name, storage=_storage(name))
            elif isinstance(record, Writing):
                yield replace(record, url=name, storage=_storage(name), external_id=_external(name))
                yield from self._catalogued(record, url)
            else:
                yield record

    def _catalogued(self, record: Writing, url: str) -> Iterator[Record]:
        copy = self.copies.get(url)
        if copy is not None:
            for kind, value in (("lfn", copy.id), ("guid", copy.guid)):
                if value:
                    yield Alias(entity_id=record.entity_id, kind=kind, value=value, valid_from=record.time)
            if copy.checksum and copy.algorithm:
                yield Hash(
                    entity_id=record.entity_id,
                    algorithm=copy.algorithm,
                    digest=copy.checksum,
                    size=copy.size,
                )


def _storage(name: str) -> str:
    """Return the scope of a name: not the site, because the name is the same at all sites."""
    scheme = _SCHEME.match(name)
    return identity.storage(name, scheme.group() if scheme else "lfn:")


def _external(name: str) -> str:
    return identity.external(_storage(name), name)


def read_location_map(
    maps: Iterable[str], catalogue: Path | None, workflow_run: str | None = None
) -> LocationMap:
    """Return the map from options: PREFIX=URI pairs, a CSV file, and the id of a workflow run.

    Raises: DocumentError, with the line in the file.
    """
    prefixes = []
    for option in maps:
        start, equals, uri = option.partition("=")
        if not start or not equals or not uri:
            raise DocumentError(f"map must be PREFIX=URI, not {option[:200]!r}.")
        prefixes.append((start, uri))
    longest_first = tuple(sorted(prefixes, key=lambda pair: (-len(pair[0]), pair)))
    return LocationMap(longest_first, dict(_copies(catalogue)) if catalogue else {}, workflow_run or "")


def _copies(path: Path) -> Iterator[tuple[str, Copy]]:
    known: dict[str, Copy] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file, strict=True)
            names = {(name or "").strip().lower(): name for name in table.fieldnames or ()}
            columns = {column: names.get(column) for column in _COLUMNS}
            columns["id"] = names.get("id") or names.get("lfn")
            if columns["path"] is None or columns["id"] is None:
                raise DocumentError(
                    f"{path}: the columns path and id (or lfn) are required", line=1, column=1
                )
            for row in table:
                cells = {key: (row.get(name) or "").strip() for key, name in columns.items() if name}
                copy = _copy(cells, f"{path}, line {table.line_num}")
                if known.setdefault(cells["path"], copy) != copy:
                    raise DocumentError(f"{path}, line {table.line_num}: {cells['path']} appears twice.")
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DocumentError(f"{path} cannot be read as CSV: {error}.") from error
    yield from known.items()


def _copy(cells: Mapping[str, str], where: str) -> Copy:
    if not cells["path"] or not cells["id"]:
        raise DocumentError(f"{where}: path and id must not be empty.")
    size, checksum = cells.get("size", ""), cells.get("checksum", "").lower()
    if size and not _SIZE.fullmatch(size):
        raise DocumentError(f"{where}: {size[:60]!r} is not a size in bytes.")
    algorithm, colon, digest = checksum.partition(":")
    if not colon:
        algorithm, digest = _ALGORITHMS.get(len(checksum), ""), checksum
    if checksum and not (algorithm and _HEXADECIMAL.fullmatch(digest)):
        raise DocumentError(f"{where}: {checksum[:60]!r} is not a checksum.", hint="Write md5:0cc1....")
    guid = cells.get("guid") or None
    return Copy(cells["id"], guid, int(size) if size else None, digest or None, algorithm or None)
