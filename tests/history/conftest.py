"""A store whose documents arrive one a day, and its answers by day."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from provtap.config import Settings
from provtap.database.connect import Database, open_database
from provtap.errors import DocumentError, NotFound
from provtap.history import retrieve
from provtap.ingest import ingest_content
from provtap.provsap import ProvsapRequest, write
from provtap.tableset import Tableset
from tests.ingest.logs import rows

FIRST_DAY = datetime(2026, 1, 1)


class Calendar:
    """A store in which one document arrives a day, each at midnight."""

    def __init__(self, database: Database, settings: Settings, tableset: Tableset) -> None:
        self.database = database
        self.settings = settings
        self._tableset = tableset
        self.days = 0

    def take(self, content: bytes | str | dict[str, Any] | list[Any], **options: Any) -> int | None:
        """Store a document on the next day, and return its number; None if it is refused or known."""
        if not isinstance(content, bytes):
            content = (content if isinstance(content, str) else json.dumps(content)).encode()
        try:
            report = ingest_content(content, f"document {self.days}", self.database, self.settings, **options)
        except DocumentError:
            return None
        if not report.known:
            self.tick(report.ingestion)
        return None if report.known else report.ingestion

    def tick(self, ingestion: int) -> None:
        """Let the newest document have arrived on the next day."""
        with self.database.transaction() as transaction:
            transaction.execute(
                "UPDATE provext.ingestion SET in_time = %(time)s WHERE in_id = %(id)s",
                time=self.time(self.days),
                id=ingestion,
            )
        self.days += 1

    @staticmethod
    def time(day: int) -> datetime:
        """Return the time at which the document of *day* arrived."""
        return FIRST_DAY + timedelta(days=day)

    def ids(self) -> list[str]:
        """Return all entities, activities and agents."""
        return [
            id_
            for (id_,) in rows(
                self.database,
                "SELECT e_id FROM provenance.entity UNION SELECT a_id FROM provenance.activity"
                " UNION SELECT ag_id FROM provenance.agent ORDER BY 1",
            )
        ]

    def answer(self, request: ProvsapRequest, day: int | None = None) -> bytes:
        """Return the answer, as it was known on *day*; without an answer the kind of the error."""
        asked = request if day is None else replace(request, asof=self.time(day))
        try:
            graph = retrieve(asked, self.database, self._tableset, self.settings)
        except NotFound:
            return b"NotFound"
        return write(replace(graph, known=None), request, "http://x")


@pytest.fixture
def calendar(scratch: Settings, tableset: Tableset) -> Iterator[Calendar]:
    """An empty store with a calendar."""
    with open_database(scratch) as database:
        yield Calendar(database, scratch, tableset)


def asked(id_: str, **parameters: str) -> ProvsapRequest:
    """Return a request for *id_*, with everything that a request may show."""
    given = {"ID": id_, "DESCRIPTIONS": "2"} | {name.upper(): value for name, value in parameters.items()}
    return ProvsapRequest.from_parameters({name: [value] for name, value in given.items()})


def all_of(ids: Iterable[str]) -> list[ProvsapRequest]:
    """Return a request for each of *ids*, of every kind in turn."""
    kinds = (
        {"direction": "BACK", "depth": "ALL"},
        {"direction": "FORTH", "depth": "ALL"},
        {"direction": "BACK", "depth": "1"},
        {"direction": "BOTH", "depth": "3", "members": "1", "steps": "1"},
        {"direction": "BACK", "depth": "2", "agent": "1"},
        {"direction": "FORTH", "depth": "2", "members": "1"},
    )
    return [asked(id_, **kinds[number % len(kinds)]) for number, id_ in enumerate(ids)]
