"""The locations of products, and the URLs from which they can be downloaded."""

from collections.abc import Sequence
from dataclasses import dataclass

from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.downloads import Downloads

SQL = load_statements("provtap.datalink", "copies.sql")
MOST = 100
"""Maximum copies of one product."""


@dataclass(frozen=True)
class Copy:
    """A present or former location of a product."""

    url: str
    """The recorded path or URL."""
    storage: str | None
    """Scope of a path, or scheme and authority; None if not recorded."""
    download: str | None
    """The URL for downloads, if the copy still exists."""


def copies(transaction: Transaction, ids: Sequence[str], downloads: Downloads) -> dict[str, list[Copy]]:
    """Return the copies of each of the entities *ids*, up to MOST for each; entities without are omitted."""
    found: dict[str, list[Copy]] = {}
    for row in transaction.rows(SQL["copies"], ids=list(ids), most=MOST):
        download = downloads.url(row.url, row.storage) if row.is_there else None
        found.setdefault(row.id, []).append(Copy(row.url, row.storage, download))
    return found
