"""One document into the store: its bytes, its format, its accounts, all in one transaction."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from provtap.config import Settings
from provtap.database.connect import Database, Transaction
from provtap.errors import DocumentError, TooLarge
from provtap.ingest import formats
from provtap.ingest.loader import SQL, load
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
    warnings: tuple[str, ...] = ()
    known: bool = False
    """The same bytes from the same site were taken in before: nothing was done."""

    def line(self) -> str:
        """Return what became of a document of rows, in a line."""
        if self.known:
            return f"{self.source}: known already"
        return (
            f"{self.source}: {self.records} rows, {self.new} new, {self.updated} updated,"
            f" {self.unchanged} unchanged"
        )

    @property
    def activities(self) -> int:
        """Distinct activities among the records."""
        return len(self.activity_ids)


class Rehearsed(Exception):
    """Ends the transaction of a dry run."""


def ingest(
    path: str | PathLike[str],
    database: Database,
    settings: Settings,
    *,
    format: str = "auto",
    site: str | None = None,
    strict: bool = False,
    dry_run: bool = False,
) -> Report:
    """Store the document at *path*, wholly or not at all, and report what was new in it.

    *site* scopes local paths and host names, by default as the settings say. With *strict* a warning refuses
    the document; with *dry_run* the report is as if it were stored, but nothing is.

    Raises: DocumentError, TooLarge, DatabaseUnavailable.
    """
    source = os.fsencode(path).decode(errors="replace")  # a file name may be any bytes
    content = read_bytes(path, source, settings.document_bytes)
    scope = site or settings.site
    with naming(source):
        found = formats.find(format, content)
        accounts = list(found.read(content, scope))
        document = _Document(source, found.name, scope, content, accounts)
        try:
            with database.transaction() as transaction:
                report = document.store(transaction)
                if strict and report.warnings:
                    raise DocumentError("; ".join(report.warnings))
                if dry_run:
                    raise Rehearsed
        except Rehearsed:
            pass
    return report


@dataclass(frozen=True)
class _Document:
    source: str
    format: str
    site: str
    content: bytes
    accounts: list[Account]

    def store(self, transaction: Transaction) -> Report:
        """Store the document and what it says, unless it is known."""
        key = {
            "sha256": hashlib.sha256(self.content).hexdigest(),
            "site": self.site,
            "format": self.format,
        }
        transaction.rows(SQL["lock"])
        if transaction.one(SQL["known_document"], **key):
            return self._report(known=True)
        [begun] = transaction.rows(
            SQL["begin_ingestion"], source=self.source, format=self.format, sha256=key["sha256"]
        )
        transaction.execute(SQL["keep_document"], ingestion=begun.in_id, content=self.content, **key)
        counts = load(transaction, self.accounts, begun.in_id)
        transaction.execute(
            SQL["end_ingestion"],
            ingestion=begun.in_id,
            new=counts.new,
            updated=counts.updated,
            unchanged=counts.unchanged,
            warnings="\n".join(counts.warnings) or None,
        )
        return self._report(
            new=counts.new,
            updated=counts.updated,
            unchanged=counts.unchanged,
            warnings=tuple(counts.warnings),
        )

    def _report(
        self,
        *,
        new: int = 0,
        updated: int = 0,
        unchanged: int = 0,
        warnings: tuple[str, ...] = (),
        known: bool = False,
    ) -> Report:
        return Report(
            source=self.source,
            format=self.format,
            records=len(self.accounts),
            activity_ids=frozenset(account.activity_id for account in self.accounts),
            new=new,
            updated=updated,
            unchanged=unchanged,
            warnings=warnings,
            known=known,
        )


def read_bytes(path: str | PathLike[str], source: str, limit: int) -> bytes:
    """Return the bytes of *path*, shown as *source*: at most *limit*, and never more of them in memory."""
    try:
        with Path(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            content = file.read(limit + 1) if size <= limit else b""
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DocumentError(f"{source} can't be read: {reason.lower()}.") from error
    if size > limit or len(content) > limit:
        raise TooLarge(
            f"{source} has more than the {limit} bytes that a document may have.",
            hint="PROVTAP_DOCUMENT_BYTES sets the limit.",
        )
    return content


@contextmanager
def naming(source: str) -> Iterator[None]:
    """Make a sentence of each error that names the document."""
    try:
        yield
    except DocumentError as error:
        message = f"{source}: {error.message.rstrip('.')}."
        raise DocumentError(message, line=error.line, column=error.column, hint=error.hint) from error
    except RecursionError as error:
        raise DocumentError(f"{source}: this is nested too deeply.") from error
