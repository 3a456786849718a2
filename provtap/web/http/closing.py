"""Maintenance: queries are answered with 503; requests without a query are still answered.

Each process regularly reads the times of maintenance from `provtap.operation.maintenance`; the last known
ones remain valid while the database is down.
"""

from datetime import UTC, datetime
from functools import partial
from math import ceil

from flask import Flask, current_app

from provtap.database.watched import Watched
from provtap.errors import UnderMaintenance
from provtap.operation.maintenance import Maintenance, latest

RETRY_AFTER = 300
"""Seconds in Retry-After if no end is announced."""


def register(app: Flask) -> None:
    """Let *app* watch the times of maintenance."""
    app.extensions["provtap.operation.maintenance"] = Watched[Maintenance | None](None)


def last_maintenance() -> Maintenance | None:
    """Return the current or announced maintenance, else the last one, or None."""
    watched: Watched[Maintenance | None] = current_app.extensions["provtap.operation.maintenance"]
    return watched.latest(partial(latest, current_app.extensions["provtap"].database))


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
