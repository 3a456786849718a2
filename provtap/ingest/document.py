"""One document into the store: its bytes, its format, its accounts, all in one transaction."""

import hashlib
import os
import random
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from provtap.config import Settings
from provtap.database.connect import Database, Transaction
from provtap.errors import Contended, DocumentError, TooLarge, Unconfirmed
from provtap.ingest import formats, product_file
from provtap.ingest.bounded import NO_LIMIT, TooMany, refuse_beyond
from provtap.ingest.contradictions import SQL
from provtap.ingest.counts import Counts
from provtap.ingest.files import opened
from provtap.ingest.kept import keep_places, placed, scope
from provtap.ingest.loader import load
from provtap.ingest.places import Places
from provtap.ingest.records import Account


@dataclass(frozen=True, kw_only=True)
class Report:
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


_PAUSES = (0.1, 0.5, 1.0)
"""Seconds before a document is stored again whose rows another process was changing, at least."""


class Rehearsed(Exception):
    """Ends the transaction of a dry run."""


@contextmanager
def alone(database: Database, dry_run: bool) -> Iterator[Transaction]:
    """Lend a transaction in which nobody else stores documents; with *dry_run* nothing of it stays."""
    with resending(), suppress(Rehearsed), database.transaction() as transaction:
        transaction.rows(SQL["lock"])
        yield transaction
        if dry_run:
            raise Rehearsed


def ingest(
    path: str | PathLike[str],
    database: Database,
    settings: Settings,
    *,
    strict: bool = False,
    dry_run: bool = False,
    **options: Any,
) -> Report:
    """Store the document at *path*, as `ingest_content` does; *options* are those of `parse`.

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
    finish: Callable[[Transaction, Report], None] = lambda transaction, report: None,
    **options: Any,
) -> Report:
    """Store a document, wholly or not at all, and report what was new in it; *options* are those of `parse`.

    With *strict* a warning refuses the document; with *dry_run* the report is as if it were stored, but
    nothing is. *finish* has the last word in the transaction.

    Raises: DocumentError, TooLarge, DatabaseUnavailable, and what *finish* does.
    """
    document = parse(content, source, settings, **options)
    return store(document, database, strict=strict, dry_run=dry_run, finish=finish)


def read(path: str | PathLike[str], settings: Settings, **options: Any) -> "Document":
    """Return the document at *path*, as `parse` does with these *options*; this needs no database.

    Raises: DocumentError, TooLarge.
    """
    source = os.fsencode(path).decode(errors="replace")  # a file name may be any bytes
    return parse(read_bytes(path, source, settings.document_bytes), source, settings, **options)


def parse(
    content: bytes,
    source: str,
    settings: Settings,
    *,
    format: str = "auto",
    site: str | None = None,
    places: Places = Places(),  # noqa: B008  it is frozen
    most_records: int | None = None,
) -> "Document":
    """Return what a document tells.

    *source* names it in messages and in the list of ingestions. *site* scopes local paths and host names, by
    default as the settings say; *places* tell what local paths are called elsewhere. It may tell
    *most_records*.

    Raises: DocumentError, TooLarge.
    """
    at = site or settings.site
    with naming(source):
        found = formats.find(format, content)
        most = NO_LIMIT if most_records is None else most_records
        try:
            told = _counted(found.read(content, at, most), most)
            return Document(source, found.name, at, places, content, list(placed(told, places)))
        except TooMany:
            raise TooLarge(
                f"{source} tells of more than the {most} records that a document may have here.",
                hint="Send it in parts.",
            ) from None


def store(
    document: "Document",
    database: Database,
    *,
    strict: bool = False,
    dry_run: bool = False,
    finish: Callable[[Transaction, Report], None] = lambda transaction, report: None,
) -> Report:
    """Store *document* as `ingest_content` does, again where another process was in the way.

    Raises: DocumentError, DatabaseUnavailable, and what *finish* does.
    """
    for pause in _PAUSES:
        try:
            return _store_once(document, database, strict, dry_run, finish)
        except Contended:
            time.sleep(pause * random.uniform(1, 2))
    return _store_once(document, database, strict, dry_run, finish)


def _store_once(
    document: "Document",
    database: Database,
    strict: bool,
    dry_run: bool,
    finish: Callable[[Transaction, Report], None],
) -> Report:
    with (
        naming(document.source),
        resending(),
        suppress(Rehearsed),
        database.transaction(repeated=True) as transaction,
    ):
        report = document.store(transaction)
        if strict and report.warnings:
            raise DocumentError("; ".join(report.warnings))
        finish(transaction, report)
        if dry_run:
            raise Rehearsed
    return report


@dataclass(frozen=True)
class Document:
    """A document that was read, on its way into the store."""

    source: str
    format: str
    site: str
    places: Places
    content: bytes
    accounts: list[Account]

    def store(self, transaction: Transaction) -> Report:
        """Store the document and what it says, unless it is known."""
        key = {
            "sha256": hashlib.sha256(self.content).hexdigest(),
            "site": scope(self.site, self.places),
            "format": self.format,
        }
        known = transaction.one(SQL["known_document"], **key)
        if not known:
            transaction.rows(SQL["lock"])
            known = transaction.one(SQL["known_document"], **key)
        if known:
            return self._report(known.doc_ingestion_id, Counts(), known=True)
        [begun] = transaction.rows(
            SQL["begin_ingestion"], source=self.source, format=self.format, sha256=key["sha256"]
        )
        transaction.execute(SQL["keep_document"], ingestion=begun.in_id, content=self.content, **key)
        keep_places(transaction, self.places)
        counts = load(transaction, self.accounts, begun.in_id)
        transaction.execute(SQL["end_ingestion"], ingestion=begun.in_id, **counts.row())
        return self._report(begun.in_id, counts)

    def _report(self, ingestion: int, counts: Counts, known: bool = False) -> Report:
        return Report(
            source=self.source,
            format=self.format,
            records=len(self.accounts),
            activity_ids=frozenset[str]().union(*(account.activity_ids for account in self.accounts)),
            known=known,
            ingestion=ingestion,
            **counts.told(),
        )


def read_bytes(path: str | PathLike[str], source: str, limit: int) -> bytes:
    """Return the bytes of *path*, shown as *source*: at most *limit*, and never more of them in memory.

    Of a data product these are the keywords of its header, however large it is. What gzip packed is unpacked:
    the document is the same.
    """
    try:
        with opened(Path(path), limit) as file:
            if form := product_file.form_of(file.read(16)):
                file.seek(0)
                with naming(source):
                    if not Path(path).is_file():
                        why = f"this is a data product ({form}), but no file"
                        raise DocumentError(why, hint=product_file.BY_PATH)
                    return product_file.read_header(file, Path(path), form)
            size = os.fstat(file.fileno()).st_size
            file.seek(0)
            content = file.read(limit + 1) if size <= limit else b""
    except (OSError, ValueError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DocumentError(f"{source} can't be read: {reason.lower()}.") from error
    if size > limit or len(content) > limit:
        raise TooLarge(
            f"{source} has more than the {limit} bytes that a document may have.",
            hint="PROVTAP_DOCUMENT_BYTES sets the limit.",
        )
    return content


def _counted(accounts: Iterable[Account], most: float) -> Iterator[Account]:
    """Yield the accounts, as long as they have no more than *most* records. Raises: TooMany."""
    told = 0
    for account in accounts:
        told += len(account.records)
        refuse_beyond(most, told)
        yield account


@contextmanager
def resending() -> Iterator[None]:
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
