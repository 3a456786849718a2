"""Counts of the rows of a document, or of several documents that are loaded together."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from provtap.ingest.model.records import Claim, Record, RecordSet, columns


@dataclass
class Counts:
    """Published rows that a document added, changed or left unchanged, and its warnings.

    *stubs* are its activities and entities that are only referred to.
    """

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    stubs: int = 0
    warnings: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    """The warnings about values that were ignored."""
    shares: "Shares | None" = None
    """The parts of the counts that belong to each of several documents."""

    def conflict(self, *sentences: str) -> None:
        """Add warnings about values that were ignored."""
        self.warnings += sentences
        self.conflicts += sentences

    def report_fields(self) -> dict[str, Any]:
        """Return the fields of a report."""
        return {
            **{name: getattr(self, name) for name in ("new", "updated", "unchanged", "stubs")},
            "warnings": tuple(self.warnings),
            "conflicts": tuple(self.conflicts),
        }

    def row(self) -> dict[str, Any]:
        """Return the columns of an ingestion."""
        return self.report_fields() | {
            "warnings": "\n".join(self.warnings) or None,
            "conflicts": len(self.conflicts),
        }

    def add(self, new: int, updated: int, unchanged: int = 0) -> None:
        """Count the rows of one statement."""
        self.new += new
        self.updated += updated
        self.unchanged += unchanged

    def ids(self, selected: str) -> str:
        """Return the SQL of the ids of written rows, or NULL, because one document may have very many."""
        return f"({selected})" if self.shares else "NULL::json"

    def share(self, kind: type[Record], column: str, **ids: Iterable[Any] | None) -> None:
        """Distribute rows that were counted as a whole to their documents; *ids* as for `Shares.count`."""
        if self.shares:
            self.shares.count(kind, column, **{name: given or () for name, given in ids.items()})


class Inseparable(Exception):
    """Documents must be loaded one by one to know the changes of each."""


class Shares:
    """Distributes the counts of a load to its documents.

    A row in several documents is new or updated for the first one, and unchanged for the others.
    """

    def __init__(self, documents: Sequence[Sequence[RecordSet]], kinds: Iterable[type[Record]]) -> None:
        """Count all rows of the classes *kinds* as unchanged, until they are stored."""
        self.counts = [Counts() for _ in documents]
        self._records: list[Mapping[type[Record], set[Record]]] = []
        self._owners: dict[tuple[type[Record], str], defaultdict[Any, list[int]]] = {}
        kinds = tuple(kinds)
        for counts, record_sets in zip(self.counts, documents, strict=True):
            records = defaultdict[type[Record], set[Record]](set)
            for record_set in record_sets:
                counts.warnings += record_set.warnings
                for record in record_set.records:
                    records[type(record)].add(record)
            self._records.append(records)
            counts.unchanged = sum(_number(kind, records[kind]) for kind in kinds)

    def count(
        self,
        kind: type[Record],
        column: str,
        *,
        new: Iterable[Any] = (),
        updated: Iterable[Any] = (),
        stored: Iterable[Any] = (),
        stubs: Iterable[Any] = (),
    ) -> None:
        """Count rows by the values of *column* of the class *kind*: *stored* ones are not unchanged any more.

        Raises: Inseparable for a value that is in no document.
        """
        owners = self._owned(kind, column)
        try:
            for id_ in new:
                self.counts[owners[id_][0]].new += 1
            for id_ in updated:
                self.counts[owners[id_][0]].updated += 1
            for id_ in stored:
                self.counts[owners[id_][0]].unchanged -= 1
            for id_ in stubs:
                for number in owners[id_]:
                    self.counts[number].stubs += 1
        except KeyError as error:
            raise Inseparable(f"no document has the {column} {error.args[0]}") from error

    def check(self, whole: Counts) -> None:
        """Check that all counts of *whole* are distributed. Raises: Inseparable."""
        for name in ("new", "updated"):
            shared = sum(getattr(counts, name) for counts in self.counts)
            if shared != getattr(whole, name):
                raise Inseparable(f"{shared} {name} rows are shared of {getattr(whole, name)}")
        if whole.warnings != [warning for counts in self.counts for warning in counts.warnings]:
            raise Inseparable("there are warnings about all documents")

    def _owned(self, kind: type[Record], column: str) -> Mapping[Any, Sequence[int]]:
        """Return the documents with each value of *column*, in order."""
        if (kind, column) not in self._owners:
            owners = self._owners[kind, column] = defaultdict(list)
            name = _field(kind, column)
            for number, records in enumerate(self._records):
                for value in {getattr(record, name) for record in records[kind]}:
                    owners[value].append(number)
            owners.default_factory = None
        return self._owners[kind, column]


def _field(kind: type[Record], column: str) -> str:
    return next(name for name, of_name in columns(kind) if of_name == column)


def _number(kind: type[Record], records: set[Record]) -> int:
    """Return the number of rows of *records* of a class: claims about one thing become one row."""
    if not issubclass(kind, Claim):
        return len(records)
    name = _field(kind, kind.key)
    return len({getattr(record, name) for record in records})
