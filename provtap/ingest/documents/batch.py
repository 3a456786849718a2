"""Ingests many documents: small ones are stored together; a rejected one does not affect the others."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from provtap.client.summary import summary_text
from provtap.config import Settings
from provtap.database.connect import Database
from provtap.errors import (
    Contended,
    DocumentError,
    FormatNotRead,
    NoProvenance,
    Outage,
    ProvtapError,
    TooLarge,
)
from provtap.ingest.documents.document import Document, read, store, store_together
from provtap.ingest.documents.files import File, files
from provtap.ingest.documents.parallel import each
from provtap.ingest.store.counts import Inseparable
from provtap.ingest.store.transaction import IngestReport

log = logging.getLogger(__name__)

OUTAGE = 120.0
"""Maximum seconds without PostgreSQL; a standby takes over the primary's role in about half a minute."""
_PAUSE = 1.0
"""Seconds between two attempts."""
_MOST = 50
"""Maximum documents of a batch; more are hardly faster."""
_RECORDS = 20_000
"""Maximum records of a batch of several documents, which are kept in memory."""
_BYTES = 20_000_000
"""Maximum content of a batch of several documents, which is kept in memory too."""


@dataclass(frozen=True)
class PassedOver:
    """A file of a directory that was not ingested."""

    source: str
    kind: str
    """`no provenance`, `format not read` or `damaged`."""
    reason: str
    """A sentence with the name of the file."""

    @classmethod
    def of(cls, file: File, error: ProvtapError) -> "PassedOver":
        """Return the reason why *file* was passed over."""
        kinds = {FormatNotRead: "format not read", NoProvenance: "no provenance"}
        return cls(str(file), next((kinds[k] for k in kinds if isinstance(error, k)), "damaged"), str(error))


@dataclass
class Summary:
    """The results of all documents."""

    reports: list[IngestReport] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """One sentence for each document that was rejected."""
    passed_over: list[PassedOver] = field(default_factory=list)
    """Files in the given directories that were not ingested."""

    @property
    def warnings(self) -> list[str]:
        """The warnings of the loader, one sentence each, with the name of the document."""
        return [f"{report.source}: {warning}" for report in self.reports for warning in report.warnings]

    def __str__(self) -> str:
        return summary_text(self.content())

    def content(self) -> dict[str, Any]:
        """Return the summary as JSON values."""
        return {
            "documents": [report.content() for report in self.reports],
            "problems": self.problems,
            "passed_over": [asdict(file) for file in self.passed_over],
        } | {name: self._sum(name) for name in ("new", "updated", "unchanged", "stubs")}

    def _sum(self, name: str) -> int:
        return sum(getattr(report, name) for report in self.reports)


def ingest_all(
    paths: Iterable[Path],
    database: Database,
    settings: Settings,
    *,
    jobs: int = 1,
    strict: bool = False,
    dry_run: bool = False,
    **options: Any,
) -> Summary:
    """Ingest the documents at *paths* in order, read by *jobs* processes; *options* as for `ingest`.

    In a directory all files are tried, including its subdirectories. Files that can't be read are passed
    over, with the reason; links to directories are not followed. A path that does not exist is used as a
    pattern.

    While PostgreSQL is restarted or fails over, the command waits.

    Raises: DatabaseUnavailable. A document that can't be stored is a problem in the summary.
    """
    summary = Summary()
    batch = _Batch(database, summary, strict=strict, dry_run=dry_run)
    read_one = partial(_read, settings=settings, **options)
    for file, read_document in each(read_one, files(paths), jobs, here=lambda file: not file.path.is_file()):
        try:
            document = read_document()
        except (DocumentError, TooLarge) as error:
            if file.named:
                batch.store()  # problems are listed in the order of the documents
                summary.problems.append(str(error))
            else:
                summary.passed_over.append(PassedOver.of(file, error))
            continue
        batch.add(document)
    batch.store()
    return summary


class _Batch:
    """Documents to be stored in one transaction.

    Where that is not possible, they are stored one by one, and the next batches are smaller for a while.
    """

    def __init__(self, database: Database, summary: Summary, *, strict: bool, dry_run: bool) -> None:
        self._store = partial(store, database=database, strict=strict, dry_run=dry_run)
        self._database = database
        self._summary = summary
        # A dry run stores no document before the next, and with *strict* a warning rejects a document.
        self._most = 1 if dry_run or strict else _MOST
        self._limit = self._most
        self._waiting: list[Document] = []
        self._records = self._bytes = 0

    def add(self, document: Document) -> None:
        """Store *document*, now or together with the next ones."""
        records = sum(len(record_set.records) for record_set in document.record_sets)
        size = len(document.content)
        if self._records + records > _RECORDS or self._bytes + size > _BYTES:
            self.store()
        self._waiting.append(document)
        self._records += records
        self._bytes += size
        if len(self._waiting) >= self._limit:
            self.store()

    def store(self) -> None:
        """Store the waiting documents."""
        documents, self._waiting = self._waiting, []
        self._records = self._bytes = 0
        if len(documents) > 1:
            try:
                self._summary.reports += _outlast(partial(store_together, documents, self._database))
                self._limit = min(2 * self._limit, self._most)
                return
            except (DocumentError, Contended, Inseparable):
                self._limit = max(self._limit // 4, 1)
        for document in documents:
            try:
                self._summary.reports.append(_outlast(partial(self._store, document)))
            except (DocumentError, TooLarge) as error:
                self._summary.problems.append(str(error))
        if len(documents) == 1:
            self._limit = min(2 * self._limit, self._most)


Result = TypeVar("Result")


def _outlast(store: Callable[[], Result]) -> Result:
    """Call *store* until PostgreSQL is available, which may have stored the documents the first time.

    Raises: Outage after OUTAGE seconds, and the other errors of *store*.
    """
    end = time.monotonic() + OUTAGE
    told = False
    while True:
        try:
            return store()
        except Outage as error:
            if time.monotonic() > end:
                raise
            if not told:
                log.warning("%s Waiting up to %d seconds for PostgreSQL.", error.for_operator(), OUTAGE)
                told = True
        time.sleep(_PAUSE)


def _read(file: File, **options: Any) -> Document:
    return read(file.path, **options)
