"""The headers of a FITS file as JSON, which is sent instead of the file. Uses only the standard library."""

import json
import os
import re
from collections.abc import Iterator
from math import isfinite, prod
from pathlib import Path
from typing import Any, BinaryIO

SIGNATURE = b"SIMPLE  ="
_BLOCK = 2880
_CARD = 80
_HEADER_BYTES = 10_000_000
_MOST_HEADERS = 1_000
_VALUE = re.compile(r"\s*(?:'((?:[^']|'')*)'|([TF])(?=\s|/|$)|([^/]*))")
_INTEGER = re.compile(r"[+-]?\d+")


def header_document(file: BinaryIO, path: Path) -> bytes:
    """Return the keywords of all headers in *file*, opened from *path*.

    Raises: ValueError if it is not a FITS file.
    """
    first, *others = _headers(file)
    content: dict[str, Any] = {"form": "fits", "url": os.path.abspath(path)}  # noqa: PTH100  as ctapipe's urls
    content["keywords"] = first
    if others:
        content["extensions"] = others
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _headers(file: BinaryIO) -> Iterator[dict[str, Any]]:
    block = file.read(_BLOCK)
    if not block.startswith(SIGNATURE):
        raise ValueError("this is not a FITS file")
    for _ in range(_MOST_HEADERS):
        keywords = dict(_keywords(_cards(file, block)))
        yield keywords
        file.seek(-(-_data_bytes(keywords) // _BLOCK) * _BLOCK, os.SEEK_CUR)
        block = file.read(_BLOCK)
        if not block.startswith(b"XTENSION"):  # the end, or additional records (FITS 4.0, 3.5)
            return


def _cards(file: BinaryIO, block: bytes) -> Iterator[str]:
    read = 0
    while True:
        for at in range(0, _BLOCK, _CARD):
            card = block[at : at + _CARD].decode("ascii", errors="replace")
            if card.rstrip() == "END":
                return
            yield card
        read += _BLOCK
        if len(block) < _BLOCK or read > _HEADER_BYTES:
            raise ValueError("its FITS header has no END")
        block = file.read(_BLOCK)


def _keywords(cards: Iterator[str]) -> Iterator[tuple[str, Any]]:
    """Yield keywords with values; the first of equal keywords comes last, so that a dictionary keeps it."""
    found: dict[str, Any] = {}
    last = ""
    for card in cards:
        if card.startswith("CONTINUE") and isinstance(found.get(last), str) and found[last].endswith("&"):
            value = _value(card[8:])
            if isinstance(value, str):
                found[last] = found[last][:-1] + value
            continue
        key, text = _split(card)
        last = key if key not in found else ""
        if key and (value := _value(text)) is not None:
            found.setdefault(key, value)
    yield from found.items()


def _split(card: str) -> tuple[str, str]:
    """Return keyword and the text with its value; '' for a card without a value."""
    if card.startswith("HIERARCH "):
        key, equals, text = card[9:].partition("=")
        return (key.strip().upper(), text) if equals else ("", "")
    return (card[:8].strip(), card[9:]) if card[8:10] == "= " else ("", "")


def _value(text: str) -> str | bool | int | float | None:
    found = _VALUE.match(text)
    quoted, truth, other = found.groups() if found else (None, None, None)
    if quoted is not None:
        return str(quoted).replace("''", "'").rstrip()
    if truth:
        return bool(truth == "T")
    number = (other or "").strip()
    try:
        if _INTEGER.fullmatch(number):
            return int(number)
        value = float(number.upper().replace("D", "E"))
    except ValueError:
        return None
    return value if isfinite(value) else None


def _data_bytes(keywords: dict[str, Any]) -> int:
    """Return the size of the data after a header (FITS 4.0, 4.4.1)."""
    numbers = {name: keywords.get(name, default) for name, default in _SIZES.items()}
    axes = numbers["NAXIS"] if isinstance(numbers["NAXIS"], int) else 0
    lengths = [keywords.get(f"NAXIS{axis}", 0) for axis in range(1, min(axes, 999) + 1)]
    if keywords.get("GROUPS") is True and lengths[:1] == [0]:
        lengths = lengths[1:]
    if not all(isinstance(each, int) and abs(each) < 2**62 for each in (*lengths, *numbers.values())):
        raise ValueError("its FITS header has a size that is not a number")
    elements = prod(lengths) if lengths else 0
    size = abs(numbers["BITPIX"]) // 8 * numbers["GCOUNT"] * (numbers["PCOUNT"] + elements)
    if not 0 <= size < 2**62:
        raise ValueError("its FITS header has an impossible size")
    return int(size)


_SIZES = {"BITPIX": 8, "NAXIS": 0, "GCOUNT": 1, "PCOUNT": 0}
"""The keywords that determine the size of the data, with their default values."""
