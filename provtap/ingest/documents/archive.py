"""The archive: the documents as received, with everything needed to read them again."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from provtap.database.connect import Database, Transaction
from provtap.database.sql import load_statements
from provtap.errors import DocumentError, NotFound
from provtap.ingest.documents.locations import LocationMap
from provtap.ingest.model.records import RecordSet
from provtap.ingest.parsing.bounded import NO_LIMIT
from provtap.ingest.readers import formats
from provtap.ingest.readers.prov.export import READERS, prov_document

if TYPE_CHECKING:
    from prov.model import ProvDocument

SQL = load_statements("provtap.ingest.documents", "archive.sql")


@dataclass(frozen=True, kw_only=True)
class ArchivedDocument:
    """One ingested document: its bytes, format and location map."""

    ingestion: int
    source: str
    format: str
    site: str
    content: bytes
    location_map: LocationMap = LocationMap()

    def record_sets(self) -> Iterator[RecordSet]:
        """Yield the records of the document, with paths replaced by names from its location map.

        Raises: DocumentError.
        """
        read = formats.find(self.format, self.content).read
        return placed(read(self.content, self.site, NO_LIMIT), self.location_map)


def placed(record_sets: Iterable[RecordSet], location_map: LocationMap) -> Iterator[RecordSet]:
    """Yield *record_sets* with local paths replaced by names from *location_map*."""
    for record_set in record_sets:
        yield replace(record_set, records=tuple(location_map.apply(record_set.records)))


def scope(site: str, location_map: LocationMap) -> str:
    """Return the scope of a document: the same bytes have another meaning with another location map."""
    return f"{site} {location_map.digest}" if location_map.digest else site


def keep_location_map(transaction: Transaction, location_map: LocationMap) -> None:
    """Store *location_map*, which is needed to read the document again."""
    if location_map.digest:
        transaction.execute(
            SQL["keep_location_map"], digest=location_map.digest, content=json.dumps(location_map.content())
        )


def unknown(ingestion: int, sentence: str | None = None) -> NotFound:
    """Return the error for an unknown ingestion, or the error that *sentence* describes."""
    return NotFound(
        sentence or f"Ingestion {ingestion} does not exist.",
        hint='provtap query "SELECT in_id, in_source, in_time FROM provext.ingestion" lists them.',
    )


def load_documents(transaction: Transaction, ingestions: Sequence[int]) -> list[ArchivedDocument]:
    """Return the documents of *ingestions*, in the order of their numbers.

    Raises: DocumentError if a location map was not stored (as in the first versions).
    """
    return [
        ArchivedDocument(
            ingestion=row.doc_ingestion_id,
            source=row.in_source,
            format=row.doc_format,
            site=row.doc_site.removesuffix(f" {row.digest}"),
            content=bytes(row.doc_content),
            location_map=_location_map(row),
        )
        for row in transaction.rows(SQL["documents"], ingestions=list(ingestions))
    ]


def _location_map(row: Any) -> LocationMap:
    if row.digest is None:
        return LocationMap()
    if row.pl_content is None:
        raise DocumentError(
            f"{row.in_source} (ingestion {row.doc_ingestion_id}) was read with a --map or --catalogue that"
            " was not stored",
            hint="Undo this ingestion, and ingest the document again.",
        )
    return LocationMap.of(row.pl_content)


def recorded_activities(ingestion: int, database: Database) -> tuple[str, ...]:
    """Return the ids of the activities in the document of this ingestion, new or not.

    Raises: NotFound for an unknown ingestion or a document without activities; DocumentError,
    DatabaseUnavailable.
    """
    record_sets = _load_document(ingestion, database).record_sets()
    found = tuple(dict.fromkeys(id_ for record_set in record_sets for id_ in sorted(record_set.activity_ids)))
    if not found:
        raise NotFound(f"The document of ingestion {ingestion} contains no activity.")
    return found


def archived_document(ingestion: int, database: Database) -> "ProvDocument | None":
    """Return the whole PROV document of this ingestion; None if it has another format than PROV.

    Raises: NotFound for an unknown ingestion; DocumentError, DatabaseUnavailable.
    """
    document = _load_document(ingestion, database)
    if document.format not in READERS:
        return None
    return prov_document(document.content, document.format)


def _load_document(ingestion: int, database: Database) -> ArchivedDocument:
    with database.transaction() as transaction:
        found = load_documents(transaction, [ingestion])
    if not found:
        raise unknown(ingestion)
    return found[0]
