"""Sends rows to PostgreSQL: a few as one parameter, many by COPY into a temporary table."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.ingest.model.records import Claim, Rank, Record, columns

SQL = load_statements("provtap.ingest.store", "staging.sql")

Rows = list[dict[str, Any]]
"""Rows of one table by column, as sent to PostgreSQL."""
FEW = 2_000
"""Maximum rows sent as a parameter: a temporary table costs a millisecond and entries in the catalogue."""


@dataclass(frozen=True)
class RowSource:
    """Rows of one class as a source for PostgreSQL: the text for {rows} in a statement, and its value."""

    rows: str
    values: Mapping[str, str] = field(default_factory=dict)


class Stage:
    """The rows of one load by class; a class is staged when it is first needed."""

    def __init__(self, transaction: Transaction, rows: Mapping[type[Record], Rows]) -> None:
        self._transaction = transaction
        self._rows = rows
        self._sources: dict[type[Record], RowSource] = {}
        self._staged: list[str] = []

    def __getitem__(self, kind: type[Record]) -> RowSource:
        if kind not in self._sources:
            rows = self._rows[kind]
            self._sources[kind] = parameter(kind, rows) if len(rows) <= FEW else self._stage(kind, rows)
        return self._sources[kind]

    def end(self) -> None:
        """Remove the temporary tables, because another load may follow in the same transaction."""
        for name in self._staged:
            self._transaction.execute(SQL["unstage"].format(staged=name))

    def _stage(self, kind: type[Record], rows: Rows) -> RowSource:
        name = f"rows_{kind.__name__.lower()}"
        names = {"staged": f"pg_temp.{name}", "columns": _columns(kind), "table": kind.table}
        self._transaction.execute(SQL["stage"].format(name=name, **names))
        self._staged.append(names["staged"])
        self._transaction.copy(names["staged"], list(rows[0]), (tuple(row.values()) for row in rows))
        self._transaction.execute(SQL["analyze"].format(**names))
        return RowSource(names["staged"])


def parameter(kind: type[Record], rows: Rows) -> RowSource:
    """Return *rows* of one class as a parameter."""
    form = "records"
    if issubclass(kind, Claim):
        form = "own_claims" if of_themselves(rows) else "claims"
    return RowSource(SQL[form].format(table=kind.table, trust=SQL["trust"]), {"rows": json.dumps(rows)})


def of_themselves(rows: Rows) -> bool:
    """Return whether all claims are the own records of things, without second claims."""
    return all(row["rank"] == Rank.OWN_RECORD and not row["claimant"] for row in rows)


def _columns(kind: type[Record]) -> str:
    names = [column for _, column in columns(kind)]
    return ", ".join([*names, SQL["trust"]] if issubclass(kind, Claim) else names)


def rows_of(records: Iterable[Record]) -> Mapping[type[Record], Rows]:
    """Group records by class, as rows of its table, without duplicates."""
    by_class: dict[type[Record], list[Record]] = defaultdict(list)
    for record in records:
        by_class[type(record)].append(record)
    rows: Mapping[type[Record], Rows] = defaultdict(list)
    for kind, alike in by_class.items():
        rows[kind].extend(as_rows(kind, alike))
    return rows


def as_rows(kind: type[Record], records: Iterable[Record]) -> Iterator[dict[str, Any]]:
    """Yield *records* of one class as rows: the values of the columns, and their rank."""
    names, keys = zip(*columns(kind), strict=True)
    if issubclass(kind, Claim):
        names, keys = (*names, "rank", "claimant"), (*keys, "rank", "claimant")
    values = attrgetter(*names)
    plain = all(f.hash is not False for f in fields(kind))
    # Comparing tuples takes a third of the time of comparing records.
    for row in dict.fromkeys(map(values, records)) if plain else map(values, dict.fromkeys(records)):
        yield dict(zip(keys, map(_cell, row), strict=True))


def _cell(value: Any) -> Any:
    return value.isoformat() if type(value) is datetime else value
