"""The meta of a table in a header of ECSV, as keywords."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from provtap.client.hdf5 import first, reason
from provtap.errors import DocumentError
from provtap.ingest.parsing.yaml import refuse_deep

_MAX_KEYWORDS = 100_000
_MAX_DEPTH = 20


def keywords(lines: list[str]) -> dict[str, Any]:
    """Return the meta of a table from the lines of its header, without the signature.

    Raises: DocumentError.
    """
    from astropy.table.meta import get_header_from_yaml

    refuse_deep("\n".join(lines).encode(errors="replace"))
    try:
        header = get_header_from_yaml(lines)
    except Exception as error:  # the YAML reader has many, and none in common
        raise DocumentError(f"its ECSV header cannot be read: {reason(error)}") from error
    meta = header.get("meta", {}) if isinstance(header, dict) else None
    if not isinstance(meta, dict):
        raise DocumentError("the meta of its ECSV header is not a mapping")
    return flattened(meta)


def flattened(meta: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords of a tree of mappings and lists, joined with `__`."""
    return first(islice(_flat(meta), _MAX_KEYWORDS))


def _flat(meta: Any, before: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield the members of a tree, those of inner mappings and lists as `outer__inner`."""
    members = meta.items() if isinstance(meta, dict) else enumerate(meta)
    for key, value in members:
        if not isinstance(value, dict | list | tuple):
            yield f"{before}{key}", value
        elif depth < _MAX_DEPTH:
            yield from _flat(value, f"{before}{key}__", depth + 1)
