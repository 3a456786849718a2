"""Marks on what a page names: withdrawn, or made from something withdrawn. The macro `thing` shows them."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from flask import g

from provtap.query.withdrawals import UNMARKED, Marks, marks
from provtap.web.site.store import Store


def mark(store: Store, page: Any) -> None:
    """Find the marks of all things that *page* has, in the time that is left for it."""
    ids = list(_ids(page))
    note(store.within(lambda transaction: marks(transaction, ids)) or UNMARKED)


def note(found: Marks) -> None:
    """Keep marks that were found for the page of this request."""
    g.marks = _found().joined(found)


def mark_of(id_: str) -> str:
    """Return what to write beside an entity; nothing if it is not marked, or was not looked for."""
    return _found().word(id_)


def _found() -> Marks:
    found: Marks = g.get("marks", UNMARKED)
    return found


def _ids(value: Any) -> Iterator[str]:
    """Yield the ids of all things in a page: of its dataclasses, and of those in these."""
    if is_dataclass(value) and not isinstance(value, type):
        id_ = getattr(value, "id", None)
        if isinstance(id_, str):
            yield id_
        for each in fields(value):
            yield from _ids(getattr(value, each.name))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _ids(each)
