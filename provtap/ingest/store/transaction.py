"""One writer at a time, and the report of what it did."""

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
    """What became of one document; the counts are of rows in published tables."""

    source: str
    format: str
    records: int
    """Records of activities in the document, repetitions included."""
    activity_ids: frozenset[str]
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    stubs: int = 0
    """Activities and entities of the document that are known only because others name them."""
    warnings: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    """Those of the warnings that tell what was not kept, since something else is known already."""
    known: bool = False
    """The same bytes from the same site were taken in before: nothing was done."""
    ingestion: int
    """Number of the ingestion; of the earlier one for a document that is known."""

    def line(self) -> str:
        """Return what became of a document of rows, in a line."""
        if self.known:
            return f"{self.source}: known already"
        return (
            f"{self.source}: {self.records} rows, {self.new} new, {self.updated} updated,"
            f" {self.unchanged} unchanged"
        )

    def content(self) -> dict[str, Any]:
        """Return all of it, as JSON has it."""
        return vars(self) | {"activity_ids": sorted(self.activity_ids)}

    @property
    def activities(self) -> int:
        """Distinct activities among the records."""
        return len(self.activity_ids)


def lock(transaction: Transaction) -> None:
    """Let nobody else store documents until *transaction* ends."""
    transaction.rows(SQL["lock"])


def known_ingestion(transaction: Transaction, key: Mapping[str, str]) -> int | None:
    """Return the ingestion of the document with this *key* (sha256, site, format), if it is known."""
    known = transaction.one(SQL["known_document"], **key)
    return known.doc_ingestion_id if known else None


def begin_ingestion(transaction: Transaction, source: str, key: Mapping[str, str], content: bytes) -> int:
    """Keep a document with its *key* and *content*, and return the number of its ingestion."""
    [begun] = transaction.rows(
        SQL["begin_ingestion"], source=source, format=key["format"], sha256=key["sha256"]
    )
    transaction.execute(SQL["keep_document"], ingestion=begun.in_id, content=content, **key)
    return int(begun.in_id)


def end_ingestion(transaction: Transaction, ingestion: int, counts: Counts) -> None:
    """Keep what became of the rows of a document."""
    transaction.execute(SQL["end_ingestion"], ingestion=ingestion, **counts.row())


class Rehearsed(Exception):
    """Ends the transaction of a dry run."""


@contextmanager
def alone(database: Database, dry_run: bool) -> Iterator[Transaction]:
    """Lend a transaction in which nobody else stores documents; with *dry_run* nothing of it stays."""
    with safe_to_repeat(), suppress(Rehearsed), database.transaction() as transaction:
        lock(transaction)
        yield transaction
        if dry_run:
            raise Rehearsed


@contextmanager
def safe_to_repeat() -> Iterator[None]:
    """Say what to do when it is not known whether a document was stored; natural keys make it safe."""
    try:
        yield
    except Unconfirmed as error:
        raise Unconfirmed(
            error.message, hint="Send the same again: nothing is stored twice.", detail=error.detail
        ) from error


@contextmanager
def naming(source: str) -> Iterator[None]:
    """Make a sentence of each error that names the document."""
    try:
        yield
    except DocumentError as error:
        message = f"{source}: {error.message.rstrip('.')}."
        raise type(error)(
            message, line=error.line, column=error.column, hint=error.hint, pointer=error.pointer
        ) from error
    except RecursionError as error:
        raise DocumentError(f"{source}: this is nested too deeply.") from error
