"""Many documents, each for itself: one that can't be read keeps no other one out."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provtap.config import Settings
from provtap.database.connect import Database
from provtap.errors import DocumentError, TooLarge
from provtap.ingest.document import Report, ingest


@dataclass
class Summary:
    """What became of all documents."""

    reports: list[Report] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """One sentence a document that was refused."""

    @property
    def warnings(self) -> list[str]:
        """What the loader had to decide, one sentence each, with the document it came from."""
        return [f"{report.source}: {warning}" for report in self.reports for warning in report.warnings]

    def __str__(self) -> str:
        activities = frozenset[str]().union(*(report.activity_ids for report in self.reports))
        known = sum(report.known for report in self.reports)
        return (
            f"{_count(len(self.reports) + len(self.problems), 'document')}"
            f"{f' ({known} known already)' if known else ''}: "
            f"{_count(self._sum('records'), 'record')}, {_count(len(activities), 'activity')}, "
            f"{_count(len(self.problems), 'error')}, {_count(len(self.warnings), 'warning')}\n"
            f"{_count(self._sum('new'), 'row')} new, {self._sum('updated')} updated, "
            f"{self._sum('unchanged')} unchanged"
        )

    def _sum(self, name: str) -> int:
        return sum(getattr(report, name) for report in self.reports)


def _count(number: int, noun: str) -> str:
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def ingest_all(paths: Iterable[Path], database: Database, settings: Settings, **options: Any) -> Summary:
    """Take in the documents at *paths*, in their order; *options* are those of `ingest`.

    Raises: DatabaseUnavailable; a document that can't be stored is told in the summary.
    """
    summary = Summary()
    for path in paths:
        try:
            summary.reports.append(ingest(path, database, settings, **options))
        except (DocumentError, TooLarge) as error:
            summary.problems.append(str(error))
    return summary
