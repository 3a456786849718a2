"""What a name means: an id, a path, another name, a checksum or the name of a file.

Pages, ProvSAP and comparisons find things by this, so that one name leads to the same thing everywhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum

from provtap.database.connect import Transaction
from provtap.database.sql import load_statements

SQL = load_statements("provtap.query", "names.sql")


class Closeness(IntEnum):
    """How a name leads to a thing, the closest first."""

    ID = 1
    OTHER_NAME = 2
    """A path, a name of provext.alias, or the publisher's identifier of provext.product."""
    CHECKSUM = 3
    FILE_NAME = 4


@dataclass(frozen=True)
class Meaning:
    """A thing that a name leads to."""

    given: str
    """The name."""
    closeness: Closeness
    kind: str
    """`entity`, `activity` or `agent`."""
    id: str
    since: datetime | None = None
    until: datetime | None = None
    """When the thing lost the name, or became invalid."""


def find(
    transaction: Transaction, names: Sequence[str], closeness: Closeness = Closeness.OTHER_NAME
) -> list[Meaning]:
    """Return all that *names* mean, as closely as *closeness* or closer; each thing of a name once.

    Those of a name that is borne now come before those of the past, and the newest first.
    """
    rows = transaction.rows(SQL["find"], names=list(names), closeness=int(closeness))
    meanings: dict[tuple[str, str, str], Meaning] = {}
    for row in rows:
        meaning = Meaning(row.given, Closeness(row.closeness), row.kind, row.id, row.since, row.until)
        key = (meaning.given, meaning.kind, meaning.id)
        meanings[key] = _one_of(meanings.get(key, meaning), meaning)
    newest_first = sorted(
        meanings.values(), key=lambda each: (each.since or datetime.min, each.id), reverse=True
    )
    return sorted(newest_first, key=lambda each: (each.given, each.closeness, each.until is not None))


def closest(meanings: Iterable[Meaning]) -> list[Meaning]:
    """Return those of one name that it leads to most closely."""
    found = list(meanings)
    best = min((meaning.closeness for meaning in found), default=None)
    return [meaning for meaning in found if meaning.closeness == best]


def ids_by_file_name(transaction: Transaction, names: Sequence[str]) -> str | None:
    """Return a hint about entities called like the last part of *names*: file names are not unique."""
    called = [name.rpartition("/")[2] for name in names]
    found = transaction.rows(SQL["named"], names=called)
    if not found:
        return None
    ids = ", ".join(row.id for row in found if row.name == found[0].name)
    return f"{found[0].name} is the name of {ids}."


def _one_of(one: Meaning, other: Meaning) -> Meaning:
    """Return one meaning for two of the same name and thing: the last time that it bore the name."""
    later = max(one, other, key=lambda each: (each.since or datetime.min, each.until or datetime.max))
    ended = other if one.until is None else one  # a path stays with the entity that was written over
    return replace(later, closeness=min(one.closeness, other.closeness), until=later.until or ended.until)
