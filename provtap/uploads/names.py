"""UPLOAD: the names and locations of the tables of a request (TAP 1.1, section 2.7.6)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provtap.errors import ParameterError, TooLarge

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_SEPARATOR = re.compile(r";(?=[^;,]*,\s*[A-Za-z][A-Za-z0-9+.-]*:)")
"""Matches the separator of two pairs; a `;` inside a URL is not followed by `name,scheme:`."""
_HINT = "Write UPLOAD=name,param:part or UPLOAD=name,https://host/table.vot."


@dataclass(frozen=True)
class Upload:
    """One uploaded table of a request."""

    name: str
    """Its name in the query after `TAP_UPLOAD.`, as spelled in the request."""
    uri: str
    """`param:` and the name of a part of the request, or an http or https URL."""


def uploads(values: Sequence[str], limit: int) -> tuple[Upload, ...]:
    """Return the uploads in the *values* of UPLOAD: each a pair `name,uri`, or several separated by `;`.

    Raises: ParameterError for an invalid pair, or an invalid or repeated name, ignoring case; TooLarge for
    more than *limit* tables.
    """
    found: dict[str, Upload] = {}
    for pair in _pairs(values):
        upload = _upload(pair)
        if upload.name.lower() in found:
            raise ParameterError(f"Two uploads have the name {upload.name}; names ignore case.")
        found[upload.name.lower()] = upload
    if len(found) > limit:
        raise TooLarge(f"The request has {len(found)} uploads; the limit is {limit}.")
    return tuple(found.values())


def _pairs(values: Sequence[str]) -> Iterator[str]:
    for value in values:
        yield from (pair for pair in _SEPARATOR.split(value.strip().rstrip(";")) if pair.strip())


def _upload(pair: str) -> Upload:
    name, comma, uri = (word.strip() for word in pair.partition(","))
    if not comma or not uri:
        raise ParameterError(f"UPLOAD {pair.strip()[:80]!r} is not a pair of a name and a URI.", hint=_HINT)
    if not _NAME.fullmatch(name):
        raise ParameterError(
            f"{name[:80]!r} is not a valid name for an upload.",
            hint="A name has a letter, then letters, digits and underscores.",
        )
    if uri.partition(":")[0].lower() not in {"param", "http", "https"}:
        raise ParameterError(f"The upload {name} cannot be read from {uri[:80]!r}.", hint=_HINT)
    return Upload(name, uri)
