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
            raise ParameterError(f"Two uploads are called {upload.name}; the case of a name does not matter.")
        found[upload.name.lower()] = upload
    if len(found) > limit:
        raise TooLarge(f"The request brings {len(found)} tables; this service takes up to {limit}.")
    return tuple(found.values())


def _pairs(values: Sequence[str]) -> Iterator[str]:
    for value in values:
        yield from (pair for pair in _SEPARATOR.split(value.strip().rstrip(";")) if pair.strip())


def _upload(pair: str) -> Upload:
    name, comma, uri = (word.strip() for word in pair.partition(","))
    if not comma or not uri:
        raise ParameterError(f"UPLOAD {pair.strip()[:80]!r} is no pair of a name and a URI.", hint=_HINT)
    if not _NAME.fullmatch(name):
        raise ParameterError(
            f"An upload can't be called {name[:80]!r}.",
            hint="A name starts with a letter; letters, digits and underscores follow.",
        )
    if uri.partition(":")[0].lower() not in {"param", "http", "https"}:
        raise ParameterError(f"The upload {name} can't be had from {uri[:80]!r}.", hint=_HINT)
    return Upload(name, uri)
