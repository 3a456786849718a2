"""Loads SQL scripts into the store: read as a stream, checked as a whole, merged like other documents.

The row of an entity, activity, agent or generation in a script is a claim. A record from `provtap ingest`
takes precedence over it, and it is merged with claims of other scripts. All other rows are added to the
store; where they differ from stored rows, the stored row is kept and the difference is reported.
"""

import hashlib
import os
from collections.abc import Sequence
from io import BufferedReader, RawIOBase
from os import PathLike
from pathlib import Path
from typing import IO, Any

from provtap.config import Settings
from provtap.database.connect import Database, Transaction
from provtap.errors import DocumentError
from provtap.ingest.parsing.pipes import rewindable
from provtap.ingest.scripts.checks import check
from provtap.ingest.scripts.lexer import Script
from provtap.ingest.scripts.merge import merge
from provtap.ingest.scripts.parser import read_rows
from provtap.ingest.scripts.tables import SQL, Staging, tables
from provtap.ingest.store.counts import Counts
from provtap.ingest.store.transaction import (
    IngestReport,
    alone,
    begin_ingestion,
    end_ingestion,
    known_ingestion,
    naming,
)
from provtap.ingest.store.withdrawals import lifted, notify_of_all

_PIECE = 1 << 20


def load_sql(
    paths: Sequence[str | PathLike[str]],
    database: Database,
    settings: Settings,
    *,
    strict: bool = False,
    dry_run: bool = False,
) -> list[IngestReport]:
    """Load the scripts at *paths* in order, in one transaction.

    With *strict* any difference is an error; with *dry_run* the reports are the same, but nothing is stored.

    Raises: DocumentError, TooLarge, DatabaseUnavailable.
    """
    reports: list[IngestReport] = []
    with alone(database, dry_run) as transaction:
        for path in paths:
            reports.append(_load(transaction, path, settings, strict))
    return reports


def _load(
    transaction: Transaction, path: str | PathLike[str], settings: Settings, strict: bool
) -> IngestReport:
    source = os.fsencode(path).decode(errors="replace")
    try:
        with naming(source), rewindable(Path(path)) as stream:
            return _load_stream(transaction, source, stream, settings, strict)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DocumentError(f"{source} cannot be read: {reason.lower()}.") from error


def _load_stream(
    transaction: Transaction, source: str, stream: BufferedReader, settings: Settings, strict: bool
) -> IngestReport:
    key = {
        "sha256": hashlib.file_digest(stream, "sha256").hexdigest(),
        "site": settings.site,
        "format": "sql",
    }
    known = known_ingestion(transaction, key)
    if known is not None:
        return IngestReport(
            source=source, format="sql", records=0, activity_ids=frozenset(), known=True, ingestion=known
        )
    ingestion = begin_ingestion(transaction, source, key, b"")  # the script is kept in pieces
    stream.seek(0)
    counts, rows = _take(transaction, stream, settings)
    notify_of_all(transaction)
    if strict and counts.warnings:
        raise DocumentError("; ".join(counts.warnings))
    stream.seek(0)
    _keep(transaction, ingestion, stream, key["sha256"])
    end_ingestion(transaction, ingestion, counts)
    return IngestReport(
        source=source,
        format="sql",
        records=rows,
        activity_ids=frozenset(),
        ingestion=ingestion,
        **counts.report_fields(),
    )


def _take(transaction: Transaction, stream: IO[bytes], settings: Settings) -> tuple[Counts, int]:
    """Store the rows of the script; return the counts of new rows, and the number of its rows."""
    staging = Staging(transaction, tables(transaction))
    staging.fill(read_rows(Script(stream, settings.document_bytes), staging.known))
    check(staging)
    with lifted(transaction):
        counts = merge(staging)
    staging.drop()
    return counts, staging.rows


def take_again(transaction: Transaction, ingestion: int, settings: Settings) -> None:
    """Store the rows of the script of *ingestion* again, from the archived bytes.

    Raises: DocumentError.
    """
    with naming(f"ingestion {ingestion}"):
        _take(transaction, BufferedReader(_Pieces(transaction, ingestion), _PIECE), settings)


class _Pieces(RawIOBase):
    """The archived bytes of a script; one piece is in memory at a time."""

    def __init__(self, transaction: Transaction, ingestion: int) -> None:
        self._transaction = transaction
        self._ingestion = ingestion
        self._number = 0
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            found = self._transaction.one(SQL["piece"], ingestion=self._ingestion, number=self._number)
            self._rest = bytes(found.dp_content) if found else b""
            self._number += 1
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def _keep(transaction: Transaction, ingestion: int, stream: BufferedReader, sha256: str) -> None:
    """Archive the bytes of the script, in pieces; reject a script that changed while it was read."""
    digest = hashlib.sha256()
    for number, piece in enumerate(iter(lambda: stream.read(_PIECE), b"")):
        digest.update(piece)
        transaction.execute(SQL["keep_piece"], ingestion=ingestion, number=number, content=piece)
    if digest.hexdigest() != sha256:
        raise DocumentError("the script was changed while it was read")
