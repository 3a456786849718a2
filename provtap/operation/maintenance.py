"""Maintenance: periods in which the service is closed, stored in the database for all nodes."""

from dataclasses import dataclass
from datetime import UTC, datetime

from provtap.database.connect import Database
from provtap.database.sql import load_statements
from provtap.errors import ParameterError

SQL = load_statements("provtap.operation", "maintenance.sql")


@dataclass(frozen=True)
class Maintenance:
    """A period of maintenance. It lasts until the operator ends it; *until* is only an announcement."""

    note: str
    start: datetime
    until: datetime | None
    ended: datetime | None = None

    def is_on(self) -> bool:
        """Return whether queries are refused now."""
        return self.ended is None and self.start <= datetime.now(UTC)

    def is_planned(self) -> bool:
        """Return whether it is in the future."""
        return self.ended is None and not self.is_on()

    def back_at(self) -> datetime | None:
        """Return the announced end, unless it has passed."""
        return self.until if self.until is not None and self.until > datetime.now(UTC) else None


def announce(database: Database, note: str, start: datetime | None, until: datetime | None) -> Maintenance:
    """Begin maintenance at *start* (None: now), or change the current or announced one.

    Raises: ParameterError for an end in the past or before the start; DatabaseUnavailable.
    """
    now = datetime.now(UTC)
    if until is not None and until <= max(now, start or now):
        raise ParameterError(f"The maintenance must end after it starts, not at {until:%FT%TZ}.")
    with database.transaction() as transaction:
        return Maintenance(*transaction.rows(SQL["announce"], note=note, start=start, until=until)[0])


def end(database: Database) -> bool:
    """End the current or announced maintenance; return whether there was one.

    Raises: DatabaseUnavailable.
    """
    with database.transaction() as transaction:
        return transaction.execute(SQL["end"]) > 0


def latest(database: Database) -> Maintenance | None:
    """Return the current or announced maintenance, otherwise the last one, or None.

    Raises: DatabaseUnavailable.
    """
    with database.transaction() as transaction:
        row = transaction.one(SQL["latest"])
    return Maintenance(*row) if row else None
