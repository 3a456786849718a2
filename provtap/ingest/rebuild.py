"""Rebuilds the store from the archived documents.

This proves that nothing is lost, applies a new mapping to stored documents, and removes a document again. The
tables are determined by the set of documents, so they are rebuilt from it in one transaction: users see the
old store until the new one is complete.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

from provtap.config import Settings
from provtap.database.connect import Database, Transaction
from provtap.database.sql import load_statements
from provtap.database.transaction import Row
from provtap.errors import DocumentError
from provtap.ingest.descriptions.apply import apply_again
from provtap.ingest.documents.archive import ArchivedDocument, load_documents, unknown
from provtap.ingest.model.records import RecordSet
from provtap.ingest.scripts import load as sql_file
from provtap.ingest.store.loader import empty, load
from provtap.ingest.store.products import link_all
from provtap.ingest.store.transaction import alone, naming
from provtap.ingest.store.withdrawals import notify_of_all

SQL = load_statements("provtap.ingest", "rebuild.sql")


# Referring tables are emptied before the tables that they refer to.
PUBLISHED = (
    "provext.withdrawal", "provext.product", "provext.copy", "provext.alias", "provext.location",
    "provext.hash", "provext.run", "provext.attempt", "provext.relation", "provext.rights",
    "provext.agent_id",
    "provenance.used", "provenance.wasgeneratedby", "provenance.wasderivedfrom", "provenance.wasinformedby",
    "provenance.hadmember", "provenance.wasassociatedwith", "provenance.wasattributedto",
    "provenance.parameter", "provenance.configfile", "provenance.activity", "provenance.entity",
    "provenance.agent", "provenance.usagedescription_entitydescription",
    "provenance.generationdescription_entitydescription", "provenance.usagedescription",
    "provenance.generationdescription", "provenance.parameterdescription",
    "provenance.configfiledescription", "provenance.activitydescription", "provenance.entitydescription",
)  # fmt: skip
REMEMBERED = (
    "provtap.reinstatement", "provtap.own_end", "provtap.environment", "provtap.invalidation",
    "provtap.writing", "provtap.reading", "provtap.record", "provtap.trust", "provtap.told_description",
    "provtap.external_hash", "provtap.mention", "provtap.mention_gap",
)  # fmt: skip
"""Tables of the loader, beside the published tables."""
_TOGETHER = 1 << 20
_MOST_TOGETHER = 200
"""Maximum bytes and number of documents that are loaded at once."""

Advance = Callable[[int], object]
"""Called with the number of documents finished since the last call."""


@dataclass(frozen=True)
class Change:
    """The difference of a published table in rows; a changed row counts as gone and new."""

    table: str
    gone: int
    new: int

    def __str__(self) -> str:
        return f"{self.table}: {self.gone} rows gone, {self.new} new"


@dataclass(frozen=True)
class Rebuilt:
    """The result of rebuilding the store."""

    documents: int
    changes: tuple[Change, ...]

    def __str__(self) -> str:
        read = f"{self.documents} document{'' if self.documents == 1 else 's'} read again"
        if not self.changes:
            return f"{read}: the tables are as they were"
        return "\n".join([f"{read}:", *(f"  {change}" for change in self.changes)])


def number_of_documents(database: Database) -> int:
    """Return the number of archived documents."""
    with database.transaction() as transaction:
        return len(transaction.rows(SQL["all_documents"]))


def reingest(
    database: Database, settings: Settings, *, dry_run: bool = False, advance: Advance = lambda done: None
) -> Rebuilt:
    """Rebuild all tables from the archived documents; with *dry_run* only report the differences.

    Raises: DocumentError if a document can't be read any more (nothing is changed); DatabaseUnavailable.
    """
    with alone(database, dry_run) as transaction:
        return rebuild_tables(transaction, settings, advance)


def undo(
    ingestion: int,
    database: Database,
    settings: Settings,
    *,
    dry_run: bool = False,
    advance: Advance = lambda done: None,
) -> Rebuilt:
    """Remove the document of *ingestion*: the store becomes as if it had never been ingested.

    The ingestion remains in the list, marked as undone; the document can be ingested again.

    Raises: NotFound; DocumentError if another document needs records of this one (nothing is changed);
    DatabaseUnavailable.
    """
    with alone(database, dry_run) as transaction:
        _withdraw(transaction, ingestion)
        return rebuild_tables(transaction, settings, advance)


def _withdraw(transaction: Transaction, ingestion: int) -> None:
    found = transaction.one(SQL["ingestion"], ingestion=ingestion)
    if found is None or not transaction.execute(SQL["withdraw"], ingestion=ingestion):
        raise unknown(ingestion, f"Ingestion {ingestion} has already been undone." if found else None)
    transaction.execute(SQL["mark_undone"], ingestion=ingestion)


def rebuild_tables(transaction: Transaction, settings: Settings, advance: Advance) -> Rebuilt:
    """Rebuild all tables in *transaction*, which blocks other writers. Raises: as `reingest`."""
    rows = " UNION ALL ".join(SQL["rows_of"].format(table=table) for table in PUBLISHED)
    transaction.execute(SQL["remember"].format(rows=rows))
    empty(transaction, (*REMEMBERED, *PUBLISHED))
    apply_again(transaction)
    documents = transaction.rows(SQL["all_documents"])
    for batch in _batches(documents):
        _take_again(transaction, batch, settings)
        advance(len(batch))
    transaction.rows(SQL["count_again"])
    link_all(transaction)
    notify_of_all(transaction)
    for table in (*PUBLISHED, *REMEMBERED):
        transaction.execute(SQL["analyze"].format(table=table))
    changes = transaction.rows(SQL["changes"].format(rows=rows))
    return Rebuilt(len(documents), tuple(Change(row.name, int(row.gone), int(row.new)) for row in changes))


def _batches(documents: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield batches of documents that can be loaded together; each SQL script is loaded alone."""
    batch: list[Row] = []
    size = 0
    for document in documents:
        alone = "sql" in {document.format, *(one.format for one in batch)}
        if batch and (alone or size + document.size > _TOGETHER or len(batch) == _MOST_TOGETHER):
            yield batch
            batch, size = [], 0
        batch.append(document)
        size += document.size
    if batch:
        yield batch


def _take_again(transaction: Transaction, batch: Sequence[Row], settings: Settings) -> None:
    numbers = [document.ingestion for document in batch]
    if batch[0].format == "sql":
        sql_file.take_again(transaction, numbers[0], settings)
        return
    documents = load_documents(transaction, numbers)
    try:
        with transaction.savepoint():
            _load(transaction, documents)
    except DocumentError:  # a conflict between two documents, or within one: loading one by one finds it
        for document in documents:
            _load(transaction, [document])


def _load(transaction: Transaction, documents: Sequence[ArchivedDocument]) -> None:
    """Load *documents* as if they arrived one by one."""
    record_sets = [record_set for document in documents for record_set in _read(document)]
    with naming(documents[0].source) if len(documents) == 1 else nullcontext():
        load(transaction, record_sets, documents[-1].ingestion, notices=False)


def _read(document: ArchivedDocument) -> Iterator[RecordSet]:
    with naming(f"{document.source} (ingestion {document.ingestion})"):
        for record_set in document.record_sets():
            yield replace(record_set, ingestion_id=document.ingestion)
