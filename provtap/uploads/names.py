"""UPLOAD: which tables a request brings, and where each one is (TAP 1.1, section 2.7.6)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provtap.errors import ParameterError, TooLarge

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_SEPARATOR = re.compile(r";(?=[^;,]*,\s*[A-Za-z][A-Za-z0-9+.-]*:)")
"""What stands between two pairs; a `;` inside a URL is followed by no `name,scheme:`."""
_HINT = "Write UPLOAD=name,param:part or UPLOAD=name,https://host/table.vot."


@dataclass(frozen=True)
class Upload:
    """One table that a request brings."""

    name: str
    """What it is called in the query, after `TAP_UPLOAD.`; as the request spells it."""
    uri: str
    """`param:` and the part of the request that it is, or its http or https URL."""


def uploads(values: Sequence[str], limit: int) -> tuple[Upload, ...]:
    """Return what the *values* of UPLOAD name: each a pair `name,uri`, or several with `;` between them.

    Raises: ParameterError for what is no such pair, or a name that is none or there twice, whatever its
    case; TooLarge for more than *limit* tables.
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
