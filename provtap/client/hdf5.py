"""The attributes in an HDF5 file, and the header that is sent to a service instead of it. It needs h5py."""

import json
import math
import os
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_BYTES = 10_000_000
_MEMORY = 500_000_000
_MAX_OBJECTS = 10_000
"""Groups and data sets whose attributes are looked at."""
_TABLE_META = ".__table_column_meta__"
"""The end of the name of the data set in which astropy writes the meta of a table."""

_DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, MemoryError)
"""What h5py raises for damaged files; a wrong length of a text can make the library ask for gigabytes."""


def header_document(file: BinaryIO, path: Path) -> bytes:
    """Return all attributes in *file*, opened from *path*, each set of them once.

    Raises: ImportError without h5py; ValueError for what is no HDF5 file.
    """
    records: list[str] = []
    content: dict[str, Any] = {"form": "hdf5", "url": os.path.abspath(path)}  # noqa: PTH100  as ctapipe's urls
    first, *others = attributes(file, records)
    content["keywords"] = first
    known: dict[str, Any] = {json.dumps(each, sort_keys=True): each for each in others if each}
    if known:
        content["extensions"] = [*known.values()]
    if records:
        content["records"] = records
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def attributes(file: BinaryIO, records: list[str]) -> Iterator[dict[str, Any] | list[str]]:
    """Yield the attributes of the root group, then those of the groups and data sets in it.

    The meta of a table of astropy is yielded as the lines of a header in ECSV. What `/provenance` holds of
    ctapipe, as lstchain writes it, is added to *records*.

    Raises: ImportError, ValueError.
    """
    import h5py

    try:
        with _bounded_memory(), h5py.File(file, "r") as opened:
            for name, found in islice(_objects(opened, h5py), _MAX_OBJECTS):
                is_table = isinstance(found, h5py.Dataset)
                if name.endswith(_TABLE_META):
                    yield _lines(found) if is_table else {}
                elif name.startswith("/provenance/") and is_table:
                    records += _records(found)
                elif found.attrs or found is opened:
                    yield first((str(key), _attribute(found, key)) for key in found.attrs)
    except _DAMAGE as error:
        raise ValueError(f"its HDF5 attributes cannot be read: {reason(error)}") from error


@contextmanager
def _bounded_memory() -> Iterator[None]:
    """Refuse this process more than _MEMORY additional bytes, where the system can do that.

    In a damaged file, a text may have a length of gigabytes, which the library allocates before it looks.
    """
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = pages * resource.getpagesize() + _MEMORY
        if soft != resource.RLIM_INFINITY:
            most = min(most, soft)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    except (ImportError, OSError, ValueError):  # not Linux
        yield
        return
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _objects(opened: Any, h5py: Any) -> Iterator[tuple[str, Any]]:
    """Yield the root group and all that is in it, level by level; links to other places are not followed."""
    waiting: deque[tuple[str, Any]] = deque([("/", opened)])
    while waiting:
        name, found = waiting.popleft()
        yield name, found
        if isinstance(found, h5py.Group) and len(waiting) < _MAX_OBJECTS:
            for key in found:
                if isinstance(found.get(key, getlink=True), h5py.HardLink):
                    waiting.append((f"{name.rstrip('/')}/{key}", found[key]))


def _records(found: Any) -> list[str]:
    """Return the texts of a data set that are records of ctapipe."""
    if found.dtype.kind not in "SO" or not found.size or found.size > _MAX_OBJECTS or not _fits(found):
        return []
    values = found[()] if found.shape == () else found[...].ravel()
    texts = [values] if found.shape == () else list(values)
    decoded = [text.decode(errors="replace") if isinstance(text, bytes) else str(text) for text in texts]
    return [text for text in decoded if '"activity_uuid"' in text and len(text) <= _BYTES]


def _lines(found: Any) -> list[str]:
    """Return the meta of a table, which astropy writes to HDF5 as lines of ECSV."""
    if found.dtype.kind != "S" or not _fits(found):
        return []
    return [line.decode(errors="replace") for line in found[...].ravel()]


def _fits(found: Any) -> bool:
    """Return whether a data set, and each chunk of it, which is unpacked as a whole, may be in memory."""
    largest: int = max(found.nbytes, math.prod(found.chunks or ()) * found.dtype.itemsize)
    return largest <= _BYTES


def _attribute(found: Any, name: str) -> Any:
    """Return the value of an attribute that has one only; a damaged file may claim any number of them."""
    kept = found.attrs.get_id(name)
    if kept.shape is not None and (math.prod(kept.shape) != 1 or kept.dtype.itemsize > _BYTES):
        return None
    value = found.attrs[name]
    if value is None or type(value).__name__ == "Empty":
        return ""
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value


def first(pairs: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """Return the keywords with a value that is one text, number or truth; the first of each."""
    keywords: dict[str, Any] = {}
    for key, value in pairs:
        value = value.item() if hasattr(value, "item") and getattr(value, "size", 0) == 1 else value
        value = value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value
        is_plain = isinstance(value, str | int) or isinstance(value, float) and math.isfinite(value)
        if key and is_plain:
            keywords.setdefault(str(key), value)
    return keywords


def reason(error: BaseException) -> str:
    """Return the text of *error*, or of what caused it, without advice to programmers."""
    texts = (" ".join(str(each).split()) for each in (error, error.__cause__, error.__context__) if each)
    message = next(filter(None, texts), type(error).__name__)
    return message.partition(", fix it first")[0].rstrip(".")[:200]
