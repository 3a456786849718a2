"""Reads the record sets about given things from the documents that had arrived by a time."""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from provtap.config import Settings
from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.errors import NotFound, ProvtapError, QueryTimeout, TooLarge
from provtap.ingest.documents.archive import load_documents
from provtap.ingest.model.mentions import About, Mention, key, mentions
from provtap.ingest.model.records import Activity, Entity, RecordSet
from provtap.ingest.store.loader import completed
from provtap.query.origin import instant

SQL = load_statements("provtap.history", "history.sql")


class Clock:
    """The time that one answer may take."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds until the end. Raises: QueryTimeout."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise QueryTimeout(
                f"The answer as of a date took more than {self._seconds:g} seconds.",
                hint="Use a smaller DEPTH.",
            )
        return left


@dataclass(frozen=True)
class Part:
    """A record set with its place in the archive."""

    ingestion: int
    number: int
    """Of the record set in its document."""
    record_set: RecordSet = field(compare=False, hash=False)

    @property
    def order(self) -> tuple[int, int]:
        """The order of arrival."""
        return self.ingestion, self.number


class _Document:
    """The record sets of one document by what they mention."""

    def __init__(self, ingestion: int, record_sets: Iterable[RecordSet]) -> None:
        self._by_mention: dict[Mention, Part] = {}
        self._by_key: dict[int, list[Part]] = defaultdict(list)
        for number, record_set in enumerate(record_sets):
            part = Part(ingestion, number, replace(record_set, ingestion_id=ingestion))
            for mention in mentions(completed(record_set)):
                self._by_mention.setdefault(mention, part)
                self._by_key[mention.key].append(part)

    def parts(self, mention: Mention) -> Sequence[Part]:
        """Return the first record set with *mention*.

        If an older version of a reader made other records of the document, return all that speak of the same.
        """
        part = self._by_mention.get(mention)
        return self._by_key.get(mention.key, ()) if part is None else (part,)


@dataclass(frozen=True)
class Arrived:
    """The documents that had arrived by a time: all up to a number."""

    time: datetime
    last: int
    undone: int
    """How many of them were undone later, so that their content is not kept."""


def arrived(transaction: Transaction, time: datetime) -> Arrived:
    """Return the documents that had arrived by *time*, in UTC.

    Raises: NotFound if there is none; ProvtapError if the store can't be read as of a date yet.
    """
    row = transaction.rows(SQL["arrived"], time=time)[0]
    if row.first_time is None or row.last <= 0 or row.first_time > time:
        first = f"The first document arrived on {instant(row.first_time)}." if row.first_time else None
        raise NotFound(f"The store was empty on {instant(time)}.", hint=first)
    if row.gap is not None:
        raise ProvtapError(
            "Answers as of a date need an index, which this store does not have for its older documents.",
            hint="The operator of the service makes it once with provtap reingest.",
        )
    undone = transaction.rows(SQL["undone"], time=time, last=row.last)[0].number
    return Arrived(time, row.last, undone)


class Archive:
    """The documents that had arrived by a time; what was read of them stays in memory."""

    def __init__(self, transaction: Transaction, until: Arrived, settings: Settings, clock: Clock) -> None:
        self._transaction = transaction
        self._last = until.last
        self._most_documents = settings.asof_documents
        self._most_bytes = settings.asof_bytes
        self._clock = clock
        self._documents: dict[int, _Document] = {}
        self._bytes = 0
        self._wanted: set[int] = set()
        self._looked_up: set[str] = set()
        """Ids whose clashes were looked up."""
        self.scripts: tuple[int, ...] = self._scripts()
        """The numbers of the SQL scripts, each of which is needed."""

    @property
    def documents(self) -> int:
        """Number of documents read."""
        return len(self._documents) + len(self.scripts)

    def _scripts(self) -> tuple[int, ...]:
        rows = self._transaction.rows(SQL["scripts"], last=self._last)
        self._count(sum(row.bytes for row in rows), len(rows))
        return tuple(row.ingestion for row in rows)

    def _count(self, more_bytes: int, documents: int) -> None:
        self._bytes += more_bytes
        if documents > self._most_documents:
            raise _too_large(f"more than {self._most_documents} documents")
        if self._bytes > self._most_bytes:
            raise _too_large(f"documents of more than {self._most_bytes} bytes")

    def select(self, wanted: Iterable[tuple[About, str]]) -> list[Part]:
        """Return the record sets about *wanted* that were not returned for them before.

        Of several sets that say the same about it, only the first is returned.

        Raises: TooLarge, QueryTimeout.
        """
        keys = {key(about, text) for about, text in wanted} - self._wanted
        if not keys:
            return []
        self._wanted |= keys
        rows = self._transaction.rows(SQL["mentions"], keys=list(keys), last=self._last)
        self._read({row.ingestion for row in rows} - self._documents.keys())
        parts = {
            part
            for row in rows
            for part in self._documents[row.ingestion].parts(Mention(row.key, row.content))
        }
        return self._that_count(sorted(parts, key=lambda part: part.order))

    def _read(self, ingestions: set[int]) -> None:
        if not ingestions:
            return
        self._clock.left()
        if self.documents + len(ingestions) > self._most_documents:
            raise _too_large(f"more than {self._most_documents} documents")
        numbers = sorted(ingestions)
        size = self._transaction.rows(SQL["sizes"], ingestions=numbers)[0].bytes
        self._count(size, self.documents + len(numbers))
        for document in load_documents(self._transaction, numbers):
            self._clock.left()
            self._documents[document.ingestion] = _Document(document.ingestion, document.record_sets())

    def _that_count(self, parts: Sequence[Part]) -> list[Part]:
        """Leave out records of activities of which an earlier document has another record."""
        ids = list({part.record_set.activity_id for part in parts} - {None})
        recorded: Mapping[str, str] = {}
        if ids:
            recorded = {row.id: row.sha256 for row in self._transaction.rows(SQL["recorded"], ids=ids)}
        return [
            part
            for part in parts
            if recorded.get(part.record_set.activity_id or "", part.record_set.sha256)
            == part.record_set.sha256
        ]

    def clashes(self, parts: Iterable[Part]) -> list[str]:
        """Return the ids of entities in *parts* that are activities elsewhere, and the reverse."""
        stated = [
            record for p in parts if p.record_set.activity_id is None for record in p.record_set.records
        ]
        if not stated:
            return []
        entities = {record.id for record in stated if isinstance(record, Entity)} - self._looked_up
        activities = {record.id for record in stated if isinstance(record, Activity)} - self._looked_up
        self._looked_up |= entities | activities
        if not entities and not activities:
            return []
        rows = self._transaction.rows(SQL["clashes"], entities=list(entities), activities=list(activities))
        return [row.id for row in rows]

    def any(self, about: About) -> bool:
        """Return whether a document mentions anything of this kind, which has no text."""
        return bool(self._transaction.rows(SQL["mentions"], keys=[key(about, "")], last=self._last))


def _too_large(reached: str) -> TooLarge:
    return TooLarge(
        f"The answer as of this date needs {reached}, the limit of this service.",
        hint="Use a smaller DEPTH, or the present answer without ASOF.",
    )
