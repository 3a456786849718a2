"""The headers of data products: what a FITS, HDF5 or ECSV file says about its provenance.

Products are too large to be kept, so what is kept as document is a JSON object of their keywords:
`{"url": ..., "form": "fits", "keywords": {...}}`. The url makes documents of the copies of a product differ.
"""

import math
import os
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

from provtap.errors import DocumentError
from provtap.ingest.parsing.json import canonical

_SIGNATURES = {b"SIMPLE  =": "fits", b"\x89HDF\r\n\x1a\n": "hdf5", b"# %ECSV": "ecsv"}
BY_PATH = (
    "A product is known by its path: let provtap ingest read its file, or send its keywords as JSON:"
    ' {"url": …, "form": …, "keywords": {…}}.'
)
_BLOCK = 2880
"""Bytes of a FITS block (FITS 4.0, 3.1)."""
_HEADER_BYTES = 10_000_000


def form_of(start: bytes) -> str | None:
    """Return the form of a product that begins with *start*, or None if it is none of those known."""
    return next((form for signature, form in _SIGNATURES.items() if start.startswith(signature)), None)


def read_header(file: BinaryIO, path: Path, form: str) -> bytes:
    """Return the keywords of the product in *file*, opened from *path*, as the document that is kept.

    Raises: DocumentError.
    """
    try:
        content = {"form": form, "keywords": _READERS[form](file), "url": os.path.abspath(path)}  # noqa: PTH100  as ctapipe's urls
        return canonical(content).encode()
    except UnicodeEncodeError as error:
        raise DocumentError("its path or header has bytes that are no text") from error


def _fits(file: BinaryIO) -> dict[str, Any]:
    from astropy.io.fits import Header, VerifyError

    text = b""
    while True:
        block = file.read(_BLOCK)
        text += block
        if len(block) < _BLOCK or len(text) > _HEADER_BYTES:
            raise DocumentError("its FITS header has no END")
        if any(block[at : at + 8] == b"END     " for at in range(0, _BLOCK, 80)):
            break
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is not standard in cards that nobody needs
            cards = Header.fromstring(_ascii(text)).cards
            return _first((card.keyword, card.value) for card in cards)
    except (VerifyError, ValueError, OSError, KeyError, IndexError) as error:
        raise DocumentError(f"its FITS header cannot be read: {_reason(error)}") from error


def _ascii(header: bytes) -> str:
    """Return the cards of a header, which are ASCII (FITS 4.0, 3.3).

    Raises: DocumentError, naming the card.
    """
    if not header.isascii():
        cards = (header[at : at + 80] for at in range(0, len(header), 80))
        number, card = next((n, card) for n, card in enumerate(cards, start=1) if not card.isascii())
        keyword = card[:8].decode("ascii", errors="replace").strip()
        raise DocumentError(f"card {number} of its FITS header ({keyword}) has bytes that are no ASCII")
    return header.decode("ascii")


def _hdf5(file: BinaryIO) -> dict[str, Any]:
    try:
        import h5py
    except ImportError as error:
        raise DocumentError(
            "reading HDF5 products needs h5py, which is not installed", hint="Install it: pip install h5py"
        ) from error
    try:
        with h5py.File(file, "r") as opened:
            return _first((str(name), _attribute(opened, name)) for name in opened.attrs)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise DocumentError(f"its HDF5 attributes cannot be read: {_reason(error)}") from error


def _attribute(opened: Any, name: str) -> Any:
    value = opened.attrs[name]
    if value is None or type(value).__name__ == "Empty":
        return ""
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value


def _ecsv(file: BinaryIO) -> dict[str, Any]:
    from astropy.table.meta import get_header_from_yaml

    lines: list[str] = []
    size = 0
    try:
        while (line := file.readline(_HEADER_BYTES)).startswith(b"#") and size < _HEADER_BYTES:
            size += len(line)
            lines.append(line.decode()[1:].removeprefix(" ").rstrip("\r\n"))
        meta = get_header_from_yaml(lines[1:]).get("meta", {})  # the first line is the signature
    except Exception as error:  # the YAML reader has many, and none in common
        raise DocumentError(f"its ECSV header cannot be read: {_reason(error)}") from error
    if not isinstance(meta, dict):
        raise DocumentError("the meta of its ECSV header is no mapping")
    return _first(meta.items())


def _first(pairs: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """Return the keywords with a value that is one text, number or truth; the first of each."""
    keywords: dict[str, Any] = {}
    for key, value in pairs:
        value = value.item() if hasattr(value, "item") and getattr(value, "size", 0) == 1 else value
        value = value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value
        is_plain = isinstance(value, str | int) or isinstance(value, float) and math.isfinite(value)
        if key and is_plain:
            keywords.setdefault(str(key), value)
    return keywords


def _reason(error: BaseException) -> str:
    """Return the text of *error*, or of what caused it, without advice to programmers."""
    texts = (" ".join(str(each).split()) for each in (error, error.__cause__, error.__context__) if each)
    message = next(filter(None, texts), type(error).__name__)
    return message.partition(", fix it first")[0].rstrip(".")[:200]


_READERS: dict[str, Callable[[BinaryIO], dict[str, Any]]] = {"fits": _fits, "hdf5": _hdf5, "ecsv": _ecsv}
