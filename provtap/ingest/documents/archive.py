"""The documents that were taken in, as they came, with all that is needed to read them once more."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from provtap.database.connect import Database, Transaction
from provtap.database.sql import load_statements
from provtap.errors import DocumentError, NotFound
from provtap.ingest.documents.locations import Places
from provtap.ingest.model.records import Account
from provtap.ingest.parsing.bounded import NO_LIMIT
from provtap.ingest.readers import formats
from provtap.ingest.readers.prov.export import READERS, prov_document

SQL = load_statements("provtap.ingest.documents", "archive.sql")


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


# What an ingestion told, by the document that was kept of it.


if TYPE_CHECKING:
    from prov.model import ProvDocument


def told_activities(ingestion: int, database: Database) -> tuple[str, ...]:
    """Return the ids of the activities that the ingestion with this number told of, known before or not.

    Raises: NotFound for a number that no ingestion has, or a document without activities; DocumentError,
    DatabaseUnavailable.
    """
    accounts = _kept(ingestion, database).accounts()
    found = tuple(dict.fromkeys(id_ for account in accounts for id_ in sorted(account.activity_ids)))
    if not found:
        raise NotFound(f"Ingestion {ingestion} told of no activity.")
    return found


def told_document(ingestion: int, database: Database) -> "ProvDocument | None":
    """Return the PROV document that the ingestion with this number took in, whole; None if it was no PROV.

    Raises: NotFound for a number that no ingestion has; DocumentError, DatabaseUnavailable.
    """
    document = _kept(ingestion, database)
    if document.format not in READERS:
        return None
    return prov_document(document.content, document.format)


def _kept(ingestion: int, database: Database) -> Kept:
    with database.transaction() as transaction:
        found = kept(transaction, [ingestion])
    if not found:
        raise unknown(ingestion)
    return found[0]
