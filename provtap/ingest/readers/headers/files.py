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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from provtap.client import ecsv as client_ecsv
from provtap.client import hdf5
from provtap.client.ecsv import header_lines
from provtap.client.fits import SIGNATURE
from provtap.errors import DocumentError
from provtap.ingest.parsing.json import canonical
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.headers import ecsv
from provtap.ingest.readers.headers.products import dialects

_SIGNATURES = {SIGNATURE: "fits", hdf5.SIGNATURE: "hdf5", client_ecsv.SIGNATURE: "ecsv"}
BY_PATH = (
    "A product is known by its path: let provtap ingest read its file, or send its keywords as JSON:"
    ' {"url": …, "form": …, "keywords": {…}}.'
)
_BLOCK = 2880
"""Size of a FITS block, in bytes (FITS 4.0, 3.1)."""
_HEADER_BYTES = 10_000_000
_MAX_AXES = 999
"""Maximum axes of a FITS array (FITS 4.0, 4.4.1)."""


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
                keywords = hdf5.first((card.keyword, card.value) for card in header.cards)
                size = _data_bytes(header)
        except (VerifyError, ValueError, OSError, KeyError, IndexError) as error:
            raise DocumentError(f"its FITS header cannot be read: {hdf5.reason(error)}") from error
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
    """Yield the attributes in the file; what `/provenance` holds of ctapipe is added to *records*."""
    try:
        for found in hdf5.attributes(file, records):
            yield ecsv.keywords(found) if isinstance(found, list) else found
    except ValueError as error:
        raise DocumentError(str(error)) from error


def _ecsv(file: BinaryIO) -> Iterator[dict[str, Any]]:
    yield ecsv.keywords(header_lines(file))


_READERS: dict[str, Callable[[BinaryIO], Iterator[dict[str, Any]]]] = {"fits": _fits, "ecsv": _ecsv}
