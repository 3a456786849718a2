"""Transactions that store documents, one at a time, and their reports."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from provtap.database.connect import Database, Transaction
from provtap.database.sql import load_statements
from provtap.errors import DocumentError, Unconfirmed
from provtap.ingest.store.counts import Counts

SQL = load_statements("provtap.ingest.store", "transaction.sql")


@dataclass(frozen=True, kw_only=True)
class IngestReport:
    """The report on one document; the counts are of rows in published tables."""

    source: str
    format: str
    records: int
    """Records of activities in the document, repetitions included."""
    activity_ids: frozenset[str]
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    stubs: int = 0
    """Activities and entities that the document refers to, but that have no record yet."""
    warnings: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    """The warnings about values that were ignored because they contradict the store."""
    known: bool = False
    """Whether the same bytes were loaded before for the same site, so that nothing was done."""
    ingestion: int
    """Number of the ingestion; for a known document, the earlier number."""

    def line(self) -> str:
        """Return the report on an SQL script, in one line."""
        if self.known:
            return f"{self.source}: known already"
        return (
            f"{self.source}: {self.records} rows, {self.new} new, {self.updated} updated,"
            f" {self.unchanged} unchanged"
        )

    def content(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return vars(self) | {"activity_ids": sorted(self.activity_ids)}

    @property
    def activities(self) -> int:
        """Distinct activities among the records."""
        return len(self.activity_ids)


def lock(transaction: Transaction) -> None:
    """Block other writers of documents until *transaction* ends."""
    transaction.rows(SQL["lock"])


def known_ingestion(transaction: Transaction, key: Mapping[str, str]) -> int | None:
    """Return the ingestion of the document with this *key* (sha256, site, format), if it is known."""
    known = transaction.one(SQL["known_document"], **key)
    return known.doc_ingestion_id if known else None


def begin_ingestion(transaction: Transaction, source: str, key: Mapping[str, str], content: bytes) -> int:
    """Archive a document with its *key* and *content*, and return the number of its ingestion.

    Raises: DocumentError for the original of a document in which a person was replaced by a pseudonym.
    """
    begun = transaction.one(SQL["begin_ingestion"], source=source, format=key["format"], sha256=key["sha256"])
    if begun is None:
        raise DocumentError(
            "this document names a person who was removed from this store with provtap forget",
            hint="Replace the person in the document, then load it.",
        )
    transaction.execute(SQL["keep_document"], ingestion=begun.in_id, content=content, **key)
    return int(begun.in_id)


def end_ingestion(transaction: Transaction, ingestion: int, counts: Counts) -> None:
    """Store the report on a document."""
    transaction.execute(SQL["end_ingestion"], ingestion=ingestion, **counts.row())


class Rehearsed(Exception):
    """Ends the transaction of a dry run."""


@contextmanager
def alone(database: Database, dry_run: bool) -> Iterator[Transaction]:
    """Yield a transaction that blocks other writers of documents, rolled back if *dry_run*."""
    with safe_to_repeat(), suppress(Rehearsed), database.transaction() as transaction:
        lock(transaction)
        yield transaction
        if dry_run:
            raise Rehearsed


@contextmanager
def safe_to_repeat() -> Iterator[None]:
    """Suggest a repetition if it is unknown whether a document was stored: natural keys make it safe."""
    try:
        yield
    except Unconfirmed as error:
        raise Unconfirmed(
            error.message, hint="Send the document again; nothing is stored twice.", detail=error.detail
        ) from error


@contextmanager
def naming(source: str) -> Iterator[None]:
    """Add the name of the document to each error."""
    try:
        yield
    except DocumentError as error:
        message = f"{source}: {error.message.rstrip('.')}."
        raise type(error)(
            message, line=error.line, column=error.column, hint=error.hint, pointer=error.pointer
        ) from error
    except RecursionError as error:
        raise DocumentError(f"{source}: this is nested too deeply.") from error
