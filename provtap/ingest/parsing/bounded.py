"""The limit of records that a document may have: held before there is work for each of them."""

from collections.abc import Iterable, Iterator
from itertools import islice
from math import inf
from typing import TypeVar

Thing = TypeVar("Thing")
NO_LIMIT = inf


class TooMany(Exception):
    """A document has more than the records that it may have."""


def bounded(things: Iterable[Thing], most: float) -> Iterator[Thing]:
    """Yield *things*, each of which stands for one record at least.

    Raises: TooMany if there are more than *most*, when the first one beyond comes.
    """
    iterator = iter(things)
    if most == NO_LIMIT:
        yield from iterator
        return
    yield from islice(iterator, int(most))
    for _ in iterator:
        raise TooMany


def refuse_beyond(most: float, count: int) -> None:
    """Refuse a document whose number of records is known. Raises: TooMany."""
    if count > most:
        raise TooMany
