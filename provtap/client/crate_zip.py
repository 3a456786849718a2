"""Writes a crate as a zip: its metadata, and the files that it describes, as far as they are on this machine.

Provenance is written by many, so a path in it may lead to any file. Files are therefore only taken from the
directories that the user names, after links are resolved.
"""

import hashlib
import json
import os
import re
import stat
import time
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from mimetypes import MimeTypes
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, unquote

from provtap.client.command import Failure

METADATA = "ro-crate-metadata.json"
RECIPE = "recipe.cwl"
_WORKFLOW_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
_CWL = {
    "@id": "https://w3id.org/workflowhub/workflow-ro-crate#cwl",
    "@type": "ComputerLanguage",
    "name": "Common Workflow Language",
    "alternateName": "CWL",
    "url": "https://www.commonwl.org/",
}
_ALGORITHMS = ("sha512", "sha256", "sha1", "md5")
"""Checksums, the best first."""
_BLOCK = 1 << 20
_NAME_BYTES = 200
_NOTES = 20
"""Maximum files that are named for one reason."""
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\ud800-\udfff]')
"""Characters that are replaced in file names: some system could not unpack them."""
_TYPES = MimeTypes()
for _type, _ends in (("application/fits", ".fits .fit .fts"), ("application/x-hdf5", ".h5 .hdf5")):
    for _end in _ends.split():
        _TYPES.add_type(_type, _end)

Thing = dict[str, Any]


@dataclass
class WrittenCrate:
    """What a zip contains."""

    described: int = 0
    """Files that the crate describes."""
    files: int = 0
    """Files that are in the zip."""
    notes: list[str] = field(default_factory=list)
    """Sentences about the others."""


@dataclass(frozen=True)
class _File:
    """A file to be written."""

    thing: Thing
    path: str
    entry: str
    """Its path in the zip."""
    checksum: tuple[str, str] | None
    """The algorithm, and the digits that were recorded and found."""


def write_crate(
    metadata: bytes, archive: Path, directories: Sequence[Path], recipe: bytes | None = None
) -> WrittenCrate:
    """Write the crate *metadata* with those of its files that are below *directories*.

    A *recipe*, which is a workflow of CWL, becomes the main entity of a Workflow RO-Crate 1.0.
    A file whose content is not the recorded one is left out. The zip appears under its name when it is
    complete.

    Raises: Failure.
    """
    document = json.loads(metadata)
    described = [thing for thing in document["@graph"] if _is_file(thing)]
    written, files = WrittenCrate(described=len(described)), list[_File]()
    _choose(described, directories, files, written)
    written.files = len(files)
    part = archive.with_name(f".{archive.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as stream:
            try:
                _add_files(document, files)
                if recipe is not None:
                    _add_recipe(document)
                _write(stream, document, files, recipe)
                part.replace(archive)
            except BaseException:
                with suppress(OSError):
                    part.unlink()
                raise
    except OSError as error:
        raise Failure(f"{archive} cannot be written: {(error.strerror or str(error)).lower()}.") from error
    return written


def read_metadata(file: BinaryIO, path: Path, most: int) -> bytes | None:
    """Return the metadata in the zip *file* at *path*; None if it is no crate, or has more than *most* bytes.

    Raises: Failure for a damaged zip.
    """
    try:
        with zipfile.ZipFile(file) as packed:
            names = packed.namelist()
            tops = {name.partition("/")[0] for name in names}
            inside = f"{tops.pop()}/{METADATA}" if len(tops) == 1 else METADATA
            found = next((name for name in (METADATA, inside) if name in names), None)
            if found is None or packed.getinfo(found).file_size > most:
                return None
            return packed.read(found)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError) as error:
        raise Failure(f"{path}: this zip cannot be read: {str(error).lower()}.") from error


def _is_file(thing: Thing) -> bool:
    """Return whether a thing is the description of a file with a path."""
    return thing["@type"] == "CreativeWork" and _path(thing) is not None


def _path(thing: Thing) -> str | None:
    """Return the recorded path of a thing on its machine."""
    recorded = thing.get("alternateName")
    if not isinstance(recorded, str) or "\0" in recorded:
        return None
    if found := re.match(r"file:(?://)?(?=/[^/])", recorded, re.IGNORECASE):
        return unquote(recorded[found.end() :])
    return recorded if recorded.startswith("/") else None


def _choose(
    described: Sequence[Thing], directories: Sequence[Path], files: list[_File], written: WrittenCrate
) -> None:
    """Fill *files* with what can be written, and the notes of *written* with the rest."""
    roots = [os.path.realpath(directory) for directory in directories]
    places: dict[str, list[Thing]] = {}
    reasons: dict[str, list[str]] = {}
    taken = {METADATA.casefold()}
    for thing in described:
        path = os.path.realpath(_path(thing) or "")
        reason = _unusable(path, roots)
        if reason is None:
            places.setdefault(path, []).append(thing)
        else:
            reasons.setdefault(reason, []).append(_path(thing) or "")
    for path, things in places.items():
        for thing in things:
            checksum, reason = _checked(thing, path)
            if checksum is None and reason is None and len(things) > 1:
                reason = "are one of several files recorded at the same path, without a checksum"
            if reason is None:
                entry = _entry(_path(thing) or "", taken)
                files.append(_File(thing, path, entry, checksum))
            else:
                reasons.setdefault(reason, []).append(_path(thing) or "")
    unchecked = [file.path for file in files if file.checksum is None]
    for reason, paths in reasons.items():
        written.notes.append(f"not in the zip, because they {reason}: {_listed(paths)}")
    if unchecked:
        written.notes.append(f"in the zip, but without a recorded checksum to compare: {_listed(unchecked)}")


def _listed(paths: Sequence[str]) -> str:
    shown = ", ".join(_printable(path) for path in paths[:_NOTES])
    return shown + (f" and {len(paths) - _NOTES} more" if len(paths) > _NOTES else "")


def _printable(path: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", "?", path)


def _unusable(path: str, roots: Sequence[str]) -> str | None:
    """Return why the file at *path* cannot be in the zip."""
    if not any(os.path.commonpath([path, root]) == root for root in roots):
        return "are not below the directories of --files"
    try:
        with _opened(path):
            return None
    except IsADirectoryError:
        return "are no regular files"
    except OSError as error:
        return f"cannot be read ({(error.strerror or str(error)).lower()})"


def _opened(path: str) -> BinaryIO:
    """Open a regular file; anything else, such as a pipe, might never end."""
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise IsADirectoryError
    return os.fdopen(number, "rb")


def _checked(thing: Thing, path: str) -> tuple[tuple[str, str] | None, str | None]:
    """Return the checksum that was recorded and found, and why the file cannot be in the zip."""
    changed = "have another content than recorded"
    try:
        with _opened(path) as stream:
            size = os.fstat(stream.fileno()).st_size
            if "contentSize" in thing and thing["contentSize"] != str(size):
                return None, changed
            for algorithm in _ALGORITHMS:
                if recorded := _values(thing.get(algorithm)):
                    found = _digest(stream, algorithm)
                    return ((algorithm, found), None) if found in recorded else (None, changed)
    except OSError as error:
        return None, f"cannot be read ({(error.strerror or str(error)).lower()})"
    return None, None


def _values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _digest(stream: BinaryIO, algorithm: str) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    for block in iter(lambda: stream.read(_BLOCK), b""):
        digest.update(block)
    return digest.hexdigest()


def _entry(path: str, taken: set[str]) -> str:
    """Return a path in the zip for the file at *path*, another one than those in *taken*."""
    name = unicodedata.normalize("NFC", _UNSAFE.sub("_", path.rstrip("/").rpartition("/")[2])).strip(" .")
    stem, dot, end = (name or "file").rpartition(".")
    if not stem or len(end) > 20:
        stem, dot, end = name or "file", "", ""
    stem = stem.encode()[: _NAME_BYTES - len(end.encode()) - 10].decode(errors="ignore")
    number = 1
    while True:
        entry = f"data/{stem}{'' if number == 1 else f'-{number}'}{dot}{end}"
        key = unicodedata.normalize("NFKD", entry).casefold()
        if key not in taken:
            taken.add(key)
            return entry
        number += 1


def _add_files(document: Thing, files: Sequence[_File]) -> None:
    """Make *files* files of the crate, which were identified by their ids until now."""
    paths = {file.thing["@id"]: quote(file.entry) for file in files}
    for file in files:
        thing = file.thing
        identifiers = [thing["@id"], *_values(thing.get("identifier"))]
        thing["@type"] = "File"
        thing["identifier"] = identifiers[0] if len(identifiers) == 1 else identifiers
        thing["encodingFormat"] = _TYPES.guess_type(file.entry)[0] or "application/octet-stream"
    document["@graph"] = [_renamed(thing, paths) for thing in document["@graph"]]
    for path in paths.values():
        _add_value(_root(document), "hasPart", {"@id": path})


def _add_recipe(document: Thing) -> None:
    """Make the recipe the main entity of the crate."""
    root = _root(document)
    root["mainEntity"] = {"@id": RECIPE}
    _add_value(root, "hasPart", {"@id": RECIPE})
    for thing in document["@graph"]:
        if thing["@id"] in {"./", METADATA}:
            _add_value(thing, "conformsTo", {"@id": _WORKFLOW_CRATE})
    document["@graph"] += [
        {"@id": _WORKFLOW_CRATE, "@type": "CreativeWork", "name": "Workflow RO-Crate", "version": "1.0"},
        {
            "@id": RECIPE,
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
            "name": "Recipe",
            "description": "The recorded steps as a workflow. It was written from the record, and not run.",
            "programmingLanguage": {"@id": _CWL["@id"]},
            "encodingFormat": "application/cwl",
        },
        _CWL,
    ]


def _root(document: Thing) -> Thing:
    root: Thing = next(thing for thing in document["@graph"] if thing["@id"] == "./")
    return root


def _add_value(thing: Thing, name: str, value: Thing) -> None:
    values = [*_values(thing.get(name)), value]
    thing[name] = values[0] if len(values) == 1 else values


def _renamed(value: Any, paths: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: paths.get(each, each) if key == "@id" else _renamed(each, paths)
            for key, each in value.items()
        }
    return [_renamed(each, paths) for each in value] if isinstance(value, list) else value


def _write(stream: BinaryIO, document: Thing, files: Sequence[_File], recipe: bytes | None) -> None:
    metadata = json.dumps(document, ensure_ascii=False, indent=1).encode()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr(METADATA, metadata, zipfile.ZIP_DEFLATED)
        if recipe is not None:
            packed.writestr(RECIPE, recipe, zipfile.ZIP_DEFLATED)
        for file in files:
            with _opened_again(file.path) as source:
                modified = time.localtime(os.fstat(source.fileno()).st_mtime)[:6]
                info = zipfile.ZipInfo(file.entry, max(modified, (1980, 1, 1, 0, 0, 0)))
                info.external_attr = 0o644 << 16
                with packed.open(info, "w", force_zip64=True) as target:
                    _copy(file, source, target)


def _opened_again(path: str) -> BinaryIO:
    try:
        return _opened(path)
    except OSError as error:
        raise Failure(f"{_printable(path)} can no longer be read: write the zip again.") from error


def _copy(file: _File, source: BinaryIO, target: Any) -> None:
    """Copy a file. Raises: Failure if it was changed since it was checked."""
    algorithm, recorded = file.checksum or (None, None)
    digest = hashlib.new(algorithm, usedforsecurity=False) if algorithm else None
    for block in _blocks(source):
        target.write(block)
        if digest:
            digest.update(block)
    if digest and digest.hexdigest() != recorded:
        raise Failure(f"{_printable(file.path)} was changed while it was read: write the zip again.")


def _blocks(source: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: source.read(_BLOCK), b"")
