"""The headers of data products: the provenance in FITS, HDF5 and ECSV files.

Products are too large to be archived, so the archived document is a JSON object of their keywords:
`{"url": ..., "form": "fits", "keywords": {...}}`. Copies of a product differ in the url. The keywords come
from the first header: the primary header of a FITS file, the attributes of the root group of an HDF5 file.
The array `extensions` has the first other header in each dialect.
"""

import math
import os
import warnings
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import h5py

from provtap.errors import DocumentError
from provtap.ingest.parsing.json import canonical
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.headers.products import dialects

_SIGNATURES = {b"SIMPLE  =": "fits", b"\x89HDF\r\n\x1a\n": "hdf5", b"# %ECSV": "ecsv"}
BY_PATH = (
    "A product is known by its path: let provtap ingest read its file, or send its keywords as JSON:"
    ' {"url": …, "form": …, "keywords": {…}}.'
)
_BLOCK = 2880
"""Size of a FITS block, in bytes (FITS 4.0, 3.1)."""
_HEADER_BYTES = 10_000_000
_MAX_AXES = 999
"""Maximum axes of a FITS array (FITS 4.0, 4.4.1)."""
_MAX_KEYWORDS = 100_000
_MAX_OBJECTS = 10_000
"""Maximum groups and data sets of an HDF5 file whose attributes are read."""
_TABLE_META = ".__table_column_meta__"
"""The suffix of data sets in which astropy stores the meta of a table in HDF5."""


def form_of(start: bytes) -> str | None:
    """Return the form of a product that begins with *start*, or None if it is unknown."""
    return next((form for signature, form in _SIGNATURES.items() if start.startswith(signature)), None)


def read_header(file: BinaryIO, path: Path, form: str) -> bytes:
    """Return the keywords of the product in *file*, opened from *path*, as the document to archive.

    Raises: DocumentError.
    """
    records: list[str] = []
    headers = each_header(file, form, records)
    content: dict[str, Any] = {"form": form, "url": os.path.abspath(path)}  # noqa: PTH100  as ctapipe's urls
    content["keywords"] = next(headers, {})
    spoken = dialects(Node(content["keywords"], "the header"))
    try:
        for keywords in headers:
            if further := dialects(Node(keywords, "the header")) - spoken:
                spoken |= further
                content.setdefault("extensions", []).append(keywords)
    except (DocumentError, OSError, EOFError, zlib.error):
        if not spoken and not records:  # headers before the damage are complete
            raise
    if records:
        content["records"] = records
    try:
        return canonical(content).encode()
    except UnicodeEncodeError as error:
        raise DocumentError("its path or header contains bytes that are not text") from error


def each_header(file: BinaryIO, form: str, records: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """Yield the keywords of each header in *file*; records of ctapipe inside it are added to *records*.

    Raises: DocumentError.
    """
    return _hdf5(file, [] if records is None else records) if form == "hdf5" else _READERS[form](file)


def _fits(file: BinaryIO) -> Iterator[dict[str, Any]]:
    """Yield the keywords of each HDU; data after the last HDU are ignored (FITS 4.0, 3.5)."""
    from astropy.io.fits import Header, VerifyError

    text = _fits_header(file, file.read(_BLOCK))
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about non-standard cards, which are not used
                header = Header.fromstring(_ascii(text))
                keywords = _first((card.keyword, card.value) for card in header.cards)
                size = _data_bytes(header)
        except (VerifyError, ValueError, OSError, KeyError, IndexError) as error:
            raise DocumentError(f"its FITS header cannot be read: {_reason(error)}") from error
        yield keywords
        file.seek(-(-size // _BLOCK) * _BLOCK, os.SEEK_CUR)
        block = file.read(_BLOCK)
        if not block.startswith(b"XTENSION"):
            return
        text = _fits_header(file, block)


def _fits_header(file: BinaryIO, block: bytes) -> bytes:
    """Return the header that begins with *block*, up to the block with END."""
    text = block
    while not any(block[at : at + 8] == b"END     " for at in range(0, _BLOCK, 80)):
        if len(block) < _BLOCK or len(text) > _HEADER_BYTES:
            raise DocumentError("its FITS header has no END")
        block = file.read(_BLOCK)
        text += block
    return text


def _data_bytes(header: Any) -> int:
    """Return the size of the data after a header (FITS 4.0, 4.4.1)."""
    bits, axes, groups, parameters = (header.get(keyword, default) for keyword, default in _SIZES.items())
    lengths = [header.get(f"NAXIS{axis}", 0) for axis in range(1, _count(axes, _MAX_AXES) + 1)]
    if header.get("GROUPS") is True and lengths[:1] == [0]:
        lengths = lengths[1:]
    elements = math.prod(_count(length) for length in lengths) if lengths else 0
    return _count(abs(_count(bits, low=-64)) // 8 * _count(groups) * (_count(parameters) + elements))


_SIZES = {"BITPIX": 8, "NAXIS": 0, "GCOUNT": 1, "PCOUNT": 0}
"""The keywords that determine the size of the data, with their default values."""


def _count(value: Any, most: int = 2**62, low: int = 0) -> int:
    if not isinstance(value, int) or not low <= value <= most:
        raise ValueError(f"{value!r} is not a size")
    return value


def _ascii(header: bytes) -> str:
    """Return the cards of a header, which are ASCII (FITS 4.0, 3.3).

    Raises: DocumentError, with the number of the card.
    """
    if not header.isascii():
        cards = (header[at : at + 80] for at in range(0, len(header), 80))
        number, card = next((n, card) for n, card in enumerate(cards, start=1) if not card.isascii())
        keyword = card[:8].decode("ascii", errors="replace").strip()
        raise DocumentError(f"card {number} of its FITS header ({keyword}) contains bytes that are not ASCII")
    return header.decode("ascii")


def _hdf5(file: BinaryIO, records: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the attributes of the root group, then those of the groups and data sets in it.

    Records of ctapipe in `/provenance`, as written by lstchain, are added to *records*.
    """
    try:
        with h5py.File(file, "r") as opened:
            for name, found in islice(_objects(opened), _MAX_OBJECTS):
                if name.endswith(_TABLE_META):
                    yield _table_meta(found)
                elif name.startswith("/provenance/") and isinstance(found, h5py.Dataset):
                    records += _records(found)
                elif found.attrs or found is opened:
                    yield _first((str(key), _attribute(found, key)) for key in found.attrs)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise DocumentError(f"its HDF5 attributes cannot be read: {_reason(error)}") from error


def _objects(opened: h5py.File) -> Iterator[tuple[str, Any]]:
    """Yield the root group and its content, level by level; links are not followed."""
    waiting: deque[tuple[str, Any]] = deque([("/", opened)])
    while waiting:
        name, found = waiting.popleft()
        yield name, found
        if isinstance(found, h5py.Group) and len(waiting) < _MAX_OBJECTS:
            for key in found:
                if isinstance(found.get(key, getlink=True), h5py.HardLink):
                    waiting.append((f"{name.rstrip('/')}/{key}", found[key]))


def _records(found: h5py.Dataset) -> list[str]:
    """Return the texts of a data set with records of ctapipe."""
    if found.size is None or found.size > _MAX_OBJECTS or found.dtype.kind not in "SO":
        return []
    values = found[()] if found.shape == () else found[...].ravel()
    texts = [values] if found.shape == () else list(values)
    decoded = [text.decode(errors="replace") if isinstance(text, bytes) else str(text) for text in texts]
    return [text for text in decoded if '"activity_uuid"' in text and len(text) <= _HEADER_BYTES]


def _attribute(found: Any, name: str) -> Any:
    value = found.attrs[name]
    if value is None or type(value).__name__ == "Empty":
        return ""
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value


def _table_meta(found: Any) -> dict[str, Any]:
    """Return the meta of a table, which astropy stores in HDF5 as lines of ECSV."""
    if not isinstance(found, h5py.Dataset) or found.dtype.kind != "S" or found.nbytes > _HEADER_BYTES:
        return {}
    return _meta([line.decode(errors="replace") for line in found[...].ravel()])


def _ecsv(file: BinaryIO) -> Iterator[dict[str, Any]]:
    lines: list[str] = []
    size = 0
    while (line := file.readline(_HEADER_BYTES)).startswith(b"#") and size < _HEADER_BYTES:
        size += len(line)
        lines.append(line.decode(errors="replace")[1:].removeprefix(" ").rstrip("\r\n"))
    yield _meta(lines[1:])  # the first line is the signature


def _meta(lines: list[str]) -> dict[str, Any]:
    """Return the meta of a table from the lines of its header in ECSV."""
    from astropy.table.meta import get_header_from_yaml

    try:
        meta = get_header_from_yaml(lines).get("meta", {})
    except Exception as error:  # the errors of the YAML reader have no common class
        raise DocumentError(f"its ECSV header cannot be read: {_reason(error)}") from error
    if not isinstance(meta, dict):
        raise DocumentError("the meta of its ECSV header is not a mapping")
    return flattened(meta)


def flattened(meta: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords of a tree of mappings and lists, joined with `__`."""
    return _first(islice(_flat(meta), _MAX_KEYWORDS))


def _flat(meta: Any, before: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield the members of a tree, with members of inner mappings and lists named `outer__inner`."""
    members = meta.items() if isinstance(meta, dict) else enumerate(meta)
    for key, value in members:
        if not isinstance(value, dict | list | tuple):
            yield f"{before}{key}", value
        elif depth < _MAX_DEPTH:
            yield from _flat(value, f"{before}{key}__", depth + 1)


_MAX_DEPTH = 20


def _first(pairs: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """Return the first value of each keyword, if it is a text, number or logical value."""
    keywords: dict[str, Any] = {}
    for key, value in pairs:
        value = value.item() if hasattr(value, "item") and getattr(value, "size", 0) == 1 else value
        value = value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value
        is_plain = isinstance(value, str | int) or isinstance(value, float) and math.isfinite(value)
        if key and is_plain:
            keywords.setdefault(str(key), value)
    return keywords


def _reason(error: BaseException) -> str:
    """Return the text of *error* or of its cause, without advice to programmers."""
    texts = (" ".join(str(each).split()) for each in (error, error.__cause__, error.__context__) if each)
    message = next(filter(None, texts), type(error).__name__)
    return message.partition(", fix it first")[0].rstrip(".")[:200]


_READERS: dict[str, Callable[[BinaryIO], Iterator[dict[str, Any]]]] = {"fits": _fits, "ecsv": _ecsv}
