"""Where the bytes of products are, and from which URLs people can fetch them."""

from collections.abc import Sequence
from dataclasses import dataclass

from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.downloads import Downloads

SQL = load_statements("provtap.datalink", "copies.sql")
MOST = 100
"""Copies of one product."""


@dataclass(frozen=True)
class Copy:
    """A place where a product is or was."""

    url: str
    """As it was recorded: a path or a URL."""
    storage: str | None
    """Scope of a path, or scheme and authority; None: not recorded."""
    download: str | None
    """From where people can fetch it, as far as it is still there."""


def copies(transaction: Transaction, ids: Sequence[str], downloads: Downloads) -> dict[str, list[Copy]]:
    """Return the copies of each of the entities *ids*, up to MOST of one; those without are left out."""
    found: dict[str, list[Copy]] = {}
    for row in transaction.rows(SQL["copies"], ids=list(ids), most=MOST):
        download = downloads.url(row.url, row.storage) if row.is_there else None
        found.setdefault(row.id, []).append(Copy(row.url, row.storage, download))
    return found
