"""Ingests one document: `read` returns a Document, `store` writes it, `ingest` does both."""

import hashlib
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from typing import Any

from provtap.config import Settings
from provtap.database.connect import Database, Transaction
from provtap.errors import Contended, DocumentError, NoProvenance, TooLarge
from provtap.ingest.documents.archive import keep_location_map, placed, scope
from provtap.ingest.documents.files import read_bytes
from provtap.ingest.documents.locations import LocationMap
from provtap.ingest.documents.packages import unpacked
from provtap.ingest.model.records import RecordSet
from provtap.ingest.parsing.bounded import NO_LIMIT, TooMany, refuse_beyond
from provtap.ingest.readers import formats
from provtap.ingest.store.counts import Counts
from provtap.ingest.store.loader import load, load_together
from provtap.ingest.store.transaction import (
    IngestReport,
    Rehearsed,
    begin_ingestion,
    end_ingestion,
    known_ingestion,
    lock,
    naming,
    safe_to_repeat,
)

_PAUSES = (0.1, 0.5, 1.0)
"""Minimum seconds before storing a document again after another process changed the same rows."""
Finish = Callable[[Transaction, IngestReport], None]
"""Called at the end of the transaction that stores a document."""


@dataclass(frozen=True)
class Document:
    """A document that was read and is to be stored."""

    source: str
    format: str
    site: str
    location_map: LocationMap
    content: bytes
    record_sets: list[RecordSet]

    @cached_property
    def key(self) -> Mapping[str, str]:
        """The same for a document that was loaded already."""
        return {
            "sha256": hashlib.sha256(self.content).hexdigest(),
            "site": scope(self.site, self.location_map),
            "format": self.format,
        }

    def report(self, ingestion: int, counts: Counts, known: bool = False) -> IngestReport:
        """Return the report on the document."""
        return IngestReport(
            source=self.source,
            format=self.format,
            records=len(self.record_sets),
            activity_ids=frozenset[str]().union(*(found.activity_ids for found in self.record_sets)),
            known=known,
            ingestion=ingestion,
            **counts.report_fields(),
        )


def ingest(
    path: str | PathLike[str],
    database: Database,
    settings: Settings,
    *,
    strict: bool = False,
    dry_run: bool = False,
    **options: Any,
) -> IngestReport:
    """Read the document at *path* and store it; *options* are those of `read_content`.

    Raises: DocumentError, TooLarge, DatabaseUnavailable.
    """
    return store(read(path, settings, **options), database, strict=strict, dry_run=dry_run)


def ingest_content(
    content: bytes,
    source: str,
    database: Database,
    settings: Settings,
    *,
    strict: bool = False,
    dry_run: bool = False,
    finish: Finish = lambda transaction, report: None,
    **options: Any,
) -> IngestReport:
    """Read a document from its bytes and store it; *options* are those of `read_content`.

    Raises: DocumentError, TooLarge, DatabaseUnavailable, and the errors of *finish*.
    """
    document = read_content(content, source, settings, **options)
    return store(document, database, strict=strict, dry_run=dry_run, finish=finish)


def read(path: str | PathLike[str], settings: Settings, **options: Any) -> Document:
    """Return the document at *path*, with the *options* of `read_content`; no database is needed.

    Raises: DocumentError, TooLarge.
    """
    source = os.fsencode(path).decode(errors="replace")  # a file name may consist of any bytes
    return read_content(read_bytes(path, source, settings.document_bytes), source, settings, **options)


def read_content(
    content: bytes,
    source: str,
    settings: Settings,
    *,
    format: str = "auto",
    site: str | None = None,
    location_map: LocationMap = LocationMap(),  # noqa: B008  it is frozen
    most_records: int | None = None,
) -> Document:
    """Return a document with its records.

    *source* is its name in messages and in the list of ingestions. *site* scopes local paths and host names;
    the default comes from the settings. *location_map* has other names for local paths. The document may
    have at most *most_records*.

    Raises: DocumentError, TooLarge.
    """
    at = site or settings.site
    with naming(source):
        content = unpacked(content, settings.document_bytes)
        found = formats.find(format, content)
        most = NO_LIMIT if most_records is None else most_records
        try:
            record_sets = list(placed(_counted(found.read(content, at, most), most), location_map))
            if not any(record_set.records for record_set in record_sets):
                raise NoProvenance(f"there is no provenance in it (read as {found.name})")
            return Document(source, found.name, at, location_map, content, record_sets)
        except TooMany:
            raise TooLarge(
                f"{source} has more than {most} records, the limit for a document sent to this service.",
                hint="Split it.",
            ) from None


def store(
    document: Document,
    database: Database,
    *,
    strict: bool = False,
    dry_run: bool = False,
    finish: Finish = lambda transaction, report: None,
) -> IngestReport:
    """Store the whole *document* or nothing, and report what was new.

    With *strict* a warning rejects the document; with *dry_run* the report is the same, but nothing is
    stored. *finish* is called at the end of the transaction. If another process is changing the same rows,
    the transaction is repeated.

    Raises: DocumentError, DatabaseUnavailable, and the errors of *finish*.
    """
    pauses = iter(_PAUSES)
    while True:
        try:
            with (
                naming(document.source),
                safe_to_repeat(),
                suppress(Rehearsed),
                database.transaction(repeated=True) as transaction,
            ):
                report = _write(transaction, document)
                if strict and report.warnings:
                    raise DocumentError("; ".join(report.warnings))
                finish(transaction, report)
                if dry_run:
                    raise Rehearsed
            return report
        except Contended:
            pause = next(pauses, None)
            if pause is None:
                raise
            time.sleep(pause * random.uniform(1, 2))


def store_together(documents: Sequence[Document], database: Database) -> list[IngestReport]:
    """Store *documents*, all or none of them, and report what was new in each, in order.

    Raises: as `store`, and Inseparable: nothing was stored, and each document must be stored with `store`.
    """
    with safe_to_repeat(), database.transaction(repeated=True) as transaction:
        lock(transaction)
        begun = [(document, *_begin(transaction, document)) for document in documents]
        unknown = {number: document.record_sets for document, number, known in begun if not known}
        counts = load_together(transaction, unknown) if unknown else {}
        for number, of_document in counts.items():
            end_ingestion(transaction, number, of_document)
        return [
            document.report(number, Counts() if known else counts[number], known)
            for document, number, known in begun
        ]


def _write(transaction: Transaction, document: Document) -> IngestReport:
    """Write the document and its records, unless it is known."""
    known = known_ingestion(transaction, document.key)
    if known is not None:  # no lock is needed for this
        return document.report(known, Counts(), known=True)
    lock(transaction)
    ingestion, is_known = _begin(transaction, document)
    if is_known:
        return document.report(ingestion, Counts(), known=True)
    counts = load(transaction, document.record_sets, ingestion)
    end_ingestion(transaction, ingestion, counts)
    return document.report(ingestion, counts)


def _begin(transaction: Transaction, document: Document) -> tuple[int, bool]:
    """Archive *document*; return the number of its ingestion, and whether it was already known."""
    known = known_ingestion(transaction, document.key)
    if known is not None:
        return known, True
    ingestion = begin_ingestion(transaction, document.source, document.key, document.content)
    keep_location_map(transaction, document.location_map)
    return ingestion, False


def _counted(record_sets: Iterable[RecordSet], most: float) -> Iterator[RecordSet]:
    """Yield the sets, up to *most* records. Raises: TooMany."""
    count = 0
    for record_set in record_sets:
        count += len(record_set.records)
        refuse_beyond(most, count)
        yield record_set
