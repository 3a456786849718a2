"""The formats that documents come in: how to recognise one, and who reads it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from provtap.errors import DocumentError
from provtap.ingest import ctapipe_log
from provtap.ingest.records import Account


@dataclass(frozen=True)
class Format:
    """A format by its name on the command line."""

    name: str
    looks_like: Callable[[bytes], bool]
    """Tell cheaply whether a document may be of this format: its reader says what is wrong with it."""
    read: Callable[[bytes, str], Iterator[Account]]
    """Yield the accounts of a document (its bytes, its site)."""


FORMATS = (Format("ctapipe", ctapipe_log.looks_like, ctapipe_log.read),)
NAMES = ("auto", *(known.name for known in FORMATS))


def find(name: str, content: bytes) -> Format:
    """Return the format *name*, or with `auto` the first one that *content* looks like.

    Raises: DocumentError.
    """
    if name not in NAMES:
        raise DocumentError(f"there is no format {name!r}", hint=f"Known are {', '.join(NAMES)}.")
    if not content.strip():
        raise DocumentError("the document is empty")
    for known in FORMATS:
        if name == known.name or name == "auto" and known.looks_like(content):
            return known
    readable = ", ".join(known.name for known in FORMATS)
    raise DocumentError(f"this is in no format that can be read ({readable})")
