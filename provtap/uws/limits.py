"""What the jobs of one client may come to, so that nobody fills the disk or the queue for the others."""

from dataclasses import dataclass

from provtap.config import Settings
from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.errors import Forbidden

SQL = load_statements("provtap.uws", "limits.sql")


@dataclass(frozen=True)
class Holding:
    """What a client has."""

    kept: int
    """Jobs."""
    active: int
    """Of these, jobs that are queued or executing."""
    size: int
    """Bytes of parameters, uploads and results, together."""


def holding(transaction: Transaction, client: str) -> Holding:
    """Return what *client* has."""
    return Holding(*transaction.rows(SQL["counts"], client=client)[0])


def make_room(
    transaction: Transaction, client: str, settings: Settings, *, create: bool = False, run: bool = False
) -> None:
    """Let *client* bring parameters and files, create a job, run one, until *transaction* ends.

    Raises: Forbidden beyond the limits.
    """
    transaction.one(SQL["alone"], client=client)
    has = holding(transaction, client)
    if has.size >= settings.client_bytes:
        raise Forbidden(
            f"Your jobs take {has.size} bytes with their uploads and results, and can take"
            f" {settings.client_bytes}.",
            hint="Delete some, or wait for their destruction.",
        )
    if create and has.kept >= settings.client_jobs:
        raise Forbidden(
            f"You have {has.kept} jobs, and can have {settings.client_jobs}.",
            hint="Delete some, or wait for their destruction.",
        )
    if run and has.active >= settings.client_active:
        raise Forbidden(
            f"You have {has.active} jobs queued or executing; {settings.client_active} can be.",
            hint="Run this one once another has ended.",
        )
