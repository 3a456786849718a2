"""Folders and zips that are a single document: research objects of CWLProv, zips of RO-Crates."""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from provtap.errors import DocumentError, FormatNotRead, NoProvenance, TooLarge
from provtap.ingest.readers.cwlprov import document as cwlprov
from provtap.ingest.readers.unread import recognise

ZIP = b"PK\x03\x04"
_MANIFEST = "metadata/manifest.json"
_PROVENANCE = "metadata/provenance"
_CWLPROV = re.compile(r"https://w3id\.org/cwl/prov/")
_END = re.compile(rf"(.+)\.cwlprov\.({'|'.join(cwlprov.NOTATIONS)})")
_MANIFEST_BYTES = 20_000_000
_START = 4096
"""Bytes at the start of a zip by which unsupported formats are recognised."""
_MOST_ENTRIES = 1_000_000


class Package(Protocol):
    """Files by their paths."""

    def read(self, path: str, most: int) -> bytes | None:
        """Return the file at *path*, or its first *most* bytes; None if there is none."""

    def names(self, folder: str) -> Iterator[str]:
        """Yield the names of the files in *folder*."""


class Folder:
    """A folder on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, path: str, most: int) -> bytes | None:
        """Return the file at *path*, or its first *most* bytes; None if there is none."""
        file = self._path / path
        if not file.is_file():
            return None
        with file.open("rb") as opened:
            return opened.read(most)

    def names(self, folder: str) -> Iterator[str]:
        """Yield the names of the files in *folder*."""
        directory = self._path / folder
        return (path.name for path in sorted(directory.iterdir())) if directory.is_dir() else iter(())


class Zip:
    """A zip; its files may all be in one folder."""

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise DocumentError(f"this zip cannot be read: {str(error).lower()}") from error
        paths = self._zip.namelist()[:_MOST_ENTRIES]
        tops = {PurePosixPath(path).parts[:1] for path in paths}
        [top] = tops if len(tops) == 1 and not any(path in _KNOWN for path in paths) else [()]
        self._top = f"{top[0]}/" if top else ""
        self._paths = [path.removeprefix(self._top) for path in paths]

    def read(self, path: str, most: int) -> bytes | None:
        """Return the file at *path*, or its first *most* bytes; None if there is none."""
        if path not in self._paths:
            return None
        try:
            with self._zip.open(self._top + path) as opened:
                return opened.read(most)
        except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, zlib.error, ValueError) as error:
            raise DocumentError(f"{path} in this zip cannot be read: {str(error).lower()}") from error

    def names(self, folder: str) -> Iterator[str]:
        """Yield the names of the files in *folder*."""
        start = f"{folder}/"
        found = (path.removeprefix(start) for path in self._paths if path.startswith(start))
        return (name for name in sorted(found) if name and "/" not in name)


_CRATES = ("ro-crate-metadata.json", "ro-crate-metadata.jsonld")
_KNOWN = {_MANIFEST, *_CRATES}


def _too_large(what: str, limit: int) -> TooLarge:
    return TooLarge(f"In it {what} more than {limit} bytes.", hint="PROVTAP_DOCUMENT_BYTES sets the limit.")


def is_package(path: Path) -> bool:
    """Return whether the folder *path* is a single document."""
    try:
        return (path / _MANIFEST).is_file() and _is_research_object(Folder(path))
    except OSError:  # the error is reported when it is read
        return False


def folder_document(path: Path, limit: int) -> bytes:
    """Return the document in the folder *path*, of at most *limit* bytes.

    Raises: DocumentError, TooLarge.
    """
    return _document(Folder(path), limit)


def zip_document(file: BinaryIO, limit: int) -> bytes:
    """Return the document in a zip, of at most *limit* bytes.

    Raises: DocumentError, TooLarge.
    """
    if known := recognise(file.read(_START)):
        raise FormatNotRead(f"this is {known.what}, which is not supported", hint=known.instead)
    file.seek(0)
    package = Zip(file)
    if not _is_research_object(package):
        for path in _CRATES:
            if (content := package.read(path, limit + 1)) is not None:
                if len(content) > limit:
                    raise _too_large(f"{path} has", limit)
                return content
        raise NoProvenance(
            "this zip has no ro-crate-metadata.json and no CWLProv manifest", hint="Unpack it first."
        )
    return _document(package, limit)


def unpacked(content: bytes, limit: int) -> bytes:
    """Return the document in *content* if it is a zip, else *content*.

    Raises: DocumentError, TooLarge.
    """
    return zip_document(io.BytesIO(content), limit) if content.startswith(ZIP) else content


def _is_research_object(package: Package) -> bool:
    content = package.read(_MANIFEST, _MANIFEST_BYTES)
    if content is None:
        return False
    try:
        manifest = json.loads(content)
    except ValueError:
        return False
    return isinstance(manifest, dict) and _CWLPROV.match(str(manifest.get("conformsTo"))) is not None


def _document(package: Package, limit: int) -> bytes:
    """Return the documents of a research object as one, each in the notation with the best support."""
    notations: dict[str, set[str]] = {}
    for name in package.names(_PROVENANCE):
        if found := _END.fullmatch(name):
            notations.setdefault(found[1], set()).add(found[2])
    if "primary" not in notations:
        raise DocumentError(
            f"the research object has no {_PROVENANCE}/primary.cwlprov in JSON, PROV-N or XML"
        )
    documents: dict[str, tuple[str, str]] = {}
    left = limit
    for stem, known in sorted(notations.items()):
        notation = next(each for each in cwlprov.NOTATIONS if each in known)
        path = f"{_PROVENANCE}/{stem}.cwlprov.{notation}"
        content = package.read(path, left + 1) or b""
        left -= len(content)
        if left < 0:
            raise _too_large("the documents of the research object have", limit)
        try:
            documents[stem] = (notation, content.decode())
        except UnicodeDecodeError as error:
            raise DocumentError(f"{path} is not UTF-8") from error
    return cwlprov.pack(documents)
