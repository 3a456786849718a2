"""The limit on the records of a document, enforced before the records are processed."""

from collections.abc import Iterable, Iterator
from itertools import islice
from math import inf
from typing import TypeVar

Thing = TypeVar("Thing")
NO_LIMIT = inf


class TooMany(Exception):
    """A document has more records than the limit."""


def bounded(things: Iterable[Thing], most: float) -> Iterator[Thing]:
    """Yield *things*, each of which represents at least one record.

    Raises: TooMany at the first one after *most*.
    """
    iterator = iter(things)
    if most == NO_LIMIT:
        yield from iterator
        return
    yield from islice(iterator, int(most))
    for _ in iterator:
        raise TooMany


def refuse_beyond(most: float, count: int) -> None:
    """Reject a document with a known number of records beyond the limit. Raises: TooMany."""
    if count > most:
        raise TooMany
