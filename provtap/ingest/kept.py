"""The documents that were taken in, as they came, with all that is needed to read them once more."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.errors import DocumentError, NotFound
from provtap.ingest import formats
from provtap.ingest.bounded import NO_LIMIT
from provtap.ingest.places import Places
from provtap.ingest.records import Account

SQL = load_statements("provtap.ingest", "kept.sql")


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One document: the bytes, and how they are read."""

    ingestion: int
    source: str
    format: str
    site: str
    content: bytes
    places: Places = Places()

    def accounts(self) -> Iterator[Account]:
        """Yield what the document says, with the names that its places have.

        Raises: DocumentError.
        """
        read = formats.find(self.format, self.content).read
        return placed(read(self.content, self.site, NO_LIMIT), self.places)


def placed(accounts: Iterable[Account], places: Places) -> Iterator[Account]:
    """Yield *accounts* with the names that local paths have elsewhere."""
    for account in accounts:
        yield replace(account, records=tuple(places.apply(account.records)))


def scope(site: str, places: Places) -> str:
    """Return what tells two readings of the same bytes apart: they say something else with other places."""
    return f"{site} {places.digest}" if places.digest else site


def keep_places(transaction: Transaction, places: Places) -> None:
    """Keep *places*, for the day when a document is read again."""
    if places.digest:
        transaction.execute(SQL["keep_places"], digest=places.digest, content=json.dumps(places.content()))


def unknown(ingestion: int, sentence: str | None = None) -> NotFound:
    """Return the error for a number that no ingestion has, or for what else *sentence* says of it."""
    return NotFound(
        sentence or f"There is no ingestion {ingestion}.",
        hint='provtap query "SELECT in_id, in_source, in_time FROM provext.ingestion" lists them.',
    )


def kept(transaction: Transaction, ingestions: Sequence[int]) -> list[Kept]:
    """Return the documents of *ingestions*, in the order of their numbers.

    Raises: DocumentError for one whose places were not kept (ProvTAP kept none at first).
    """
    return [
        Kept(
            ingestion=row.doc_ingestion_id,
            source=row.in_source,
            format=row.doc_format,
            site=row.doc_site.removesuffix(f" {row.digest}"),
            content=bytes(row.doc_content),
            places=_places(row),
        )
        for row in transaction.rows(SQL["documents"], ingestions=list(ingestions))
    ]


def _places(row: Any) -> Places:
    if row.digest is None:
        return Places()
    if row.pl_content is None:
        raise DocumentError(
            f"{row.in_source} (ingestion {row.doc_ingestion_id}) was read with a --map or --catalogue that"
            " was not kept",
            hint="Undo it and ingest it once more.",
        )
    return Places.of(row.pl_content)
