"""Finds things by name: an id, a path, an alias, a checksum or a file name.

Pages, ProvSAP and comparisons all use this, so that a name leads to the same thing everywhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum

from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.errors import NotFound, ParameterError, ProvtapError

SQL = load_statements("provtap.query", "names.sql")


class Closeness(IntEnum):
    """The kinds of names, the closest first."""

    ID = 1
    OTHER_NAME = 2
    """A path, a name of provext.alias, or the id that a publisher gave a data product (provext.product)."""
    CHECKSUM = 3
    FILE_NAME = 4


@dataclass(frozen=True)
class Meaning:
    """A thing found by a name."""

    given: str
    """The name."""
    closeness: Closeness
    kind: str
    """`entity`, `activity` or `agent`."""
    id: str
    since: datetime | None = None
    until: datetime | None = None
    """When the thing lost the name, or was invalidated."""


def find(
    transaction: Transaction, names: Sequence[str], closeness: Closeness = Closeness.OTHER_NAME
) -> list[Meaning]:
    """Return all things for *names*, with *closeness* or closer; each thing once for each name.

    Things that have the name now come before those of the past, the newest first.
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
    """Return the things with the closest match for one name."""
    found = list(meanings)
    best = min((meaning.closeness for meaning in found), default=None)
    return [meaning for meaning in found if meaning.closeness == best]


def find_or_file(transaction: Transaction, names: Sequence[str]) -> list[Meaning]:
    """Return all things for *names*, where a name that nothing else has means the only file with this name.

    Checksums are such names as well.
    """
    meanings = find(transaction, names)
    known = {meaning.given for meaning in meanings}
    files: dict[str, list[Meaning]] = {}
    if others := [name for name in names if name not in known]:
        for meaning in find(transaction, others, Closeness.FILE_NAME):
            files.setdefault(meaning.given, []).append(meaning)
    return [*meanings, *(found[0] for each in files.values() if len(found := closest(each)) == 1)]


def unknown_name(transaction: Transaction, names: Sequence[str]) -> ProvtapError:
    """Return the error for *names* that nothing has, or that are only names of files, which are not unique.

    It gives the ids of files that are called so, or like the last part of a path.
    """
    called = {name.rpartition("/")[2]: name for name in reversed(names) if "\0" not in name}
    files = transaction.rows(SQL["named"], names=list(called))
    if not files:
        return NotFound(f"Nothing has the name {', '.join(names)}.")
    name, ids = files[0].name, [row.id for row in files if row.name == files[0].name]
    if called[name] != name:
        what = f"The id of a file called {name} is" if len(ids) == 1 else f"Ids of files called {name}:"
        return NotFound(f"Nothing has the name {called[name]}.", hint=f"{what} {', '.join(ids)}.")
    if len(ids) == 1:
        return ParameterError(
            f"{name} is the name of a file, and others may be called so too.", hint=f"Give its id: {ids[0]}."
        )
    return ParameterError(
        f"{name} is the name of several files.", hint=f"Give the id of one of them: {', '.join(ids)}."
    )


def _one_of(one: Meaning, other: Meaning) -> Meaning:
    """Return one of two meanings of the same name and thing: the later one."""
    later = max(one, other, key=lambda each: (each.since or datetime.min, each.until or datetime.max))
    ended = other if one.until is None else one  # an overwritten entity keeps its path
    return replace(later, closeness=min(one.closeness, other.closeness), until=later.until or ended.until)
