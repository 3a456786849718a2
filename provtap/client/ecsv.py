"""The header of an ECSV file: its lines, which a service reads. Standard library only."""

import json
import os
from pathlib import Path
from typing import Any, BinaryIO

SIGNATURE = b"# %ECSV"
_BYTES = 10_000_000


def header_lines(file: BinaryIO) -> list[str]:
    """Return the lines of the header after the signature, without the number sign."""
    lines: list[str] = []
    size = 0
    while (line := file.readline(_BYTES)).startswith(b"#") and size < _BYTES:
        size += len(line)
        lines.append(line.decode(errors="replace")[1:].removeprefix(" ").rstrip("\r\n"))
    return lines[1:]


def header_document(file: BinaryIO, path: Path) -> bytes:
    """Return the header of *file*, opened from *path*, as the JSON that a service takes instead of it."""
    content: dict[str, Any] = {"form": "ecsv", "url": os.path.abspath(path)}  # noqa: PTH100  as ctapipe's urls
    return json.dumps(content | {"keywords": header_lines(file)}, sort_keys=True).encode()
