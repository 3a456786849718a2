"""Maintenance: queries are answered with 503; requests without a query are still answered.

Each process regularly reads the times of maintenance from `provtap.operation.maintenance`.
"""

import threading
import time
from datetime import UTC, datetime
from math import ceil
from typing import cast

from flask import Flask, current_app

from provtap.database.connect import Database
from provtap.errors import ProvtapError, UnderMaintenance
from provtap.operation.maintenance import Maintenance, latest

EVERY = 1.0
"""Seconds after which a process asks the database again at the next request."""
EVERY_WITHOUT_DATABASE = 10.0
RETRY_AFTER = 300
"""Seconds in Retry-After if no end is announced."""


class MaintenanceWatch:
    """The last known maintenance, which remains valid while the database is down."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._known: Maintenance | None = None
        self._due = 0.0  # on the monotonic clock

    def latest(self) -> Maintenance | None:
        """Return the open maintenance, else the last one, or None; at most EVERY seconds old.

        One thread asks; meanwhile the others use the last known value.
        """
        if self._is_due() and self._lock.acquire(blocking=not self._due):
            try:
                if self._is_due():
                    self._ask()
            finally:
                self._lock.release()
        return self._known

    def _is_due(self) -> bool:
        return time.monotonic() >= self._due

    def _ask(self) -> None:
        try:
            self._known = latest(self._database)
            wait = EVERY
        except ProvtapError:
            wait = EVERY_WITHOUT_DATABASE
        self._due = time.monotonic() + wait


def register(app: Flask) -> None:
    """Add a MaintenanceWatch to *app*."""
    app.extensions["provtap.operation.maintenance"] = MaintenanceWatch(app.extensions["provtap"].database)


def last_maintenance() -> Maintenance | None:
    """Return the current or announced maintenance, else the last one, or None."""
    return cast(MaintenanceWatch, current_app.extensions["provtap.operation.maintenance"]).latest()


def refuse_under_maintenance() -> None:
    """Check that queries are allowed now.

    Raises: UnderMaintenance if not.
    """
    now_on = last_maintenance()
    if now_on is None or not now_on.is_on():
        return
    back_at = now_on.back_at()
    if back_at is None:
        raise UnderMaintenance(f"The service is closed: {now_on.note}", retry_after=RETRY_AFTER)
    raise UnderMaintenance(
        f"The service is closed until {back_at:%Y-%m-%dT%H:%M:%SZ}: {now_on.note}",
        retry_after=ceil((back_at - datetime.now(UTC)).total_seconds()),
    )
