"""Limits on the jobs of one client, so that no client fills the disk or the queue for others."""

from dataclasses import dataclass

from provtap.config import Settings
from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.errors import Forbidden
from provtap.uws.job import Client, Job

SQL = load_statements("provtap.uws", "limits.sql")


@dataclass(frozen=True)
class Holding:
    """The jobs and disk space of a client."""

    jobs: int
    active: int
    """Jobs queued or executing."""
    size: int
    """Size of parameters, uploads and results, in bytes."""


def holding(transaction: Transaction, client: str) -> Holding:
    """Return the holding of *client*."""
    return Holding(*transaction.rows(SQL["counts"], client=client)[0])


@dataclass(frozen=True)
class Quota:
    """The limits of a client."""

    bytes: int
    jobs: int


def quota(transaction: Transaction, owner: str | None, settings: Settings) -> Quota:
    """Return the limits of the account *owner*; what it has none of its own for is limited as for all."""
    own = None if owner is None else transaction.one(SQL["quota"], owner=owner)
    return Quota(
        bytes=(own and own.bytes) or settings.client_bytes, jobs=(own and own.jobs) or settings.client_jobs
    )


def make_room(
    transaction: Transaction,
    client: Client,
    settings: Settings,
    *,
    create: bool = False,
    run: bool = False,
    but: str = "",
) -> list[str]:
    """Check the limits of *client* for new parameters, files or jobs, until *transaction* ends.

    Old jobs of anonymous clients, except the job *but*, are removed to make room, because one address may
    have thousands of users. Returns the names of files to remove after the transaction was committed.

    Raises: Forbidden beyond the limits.
    """
    transaction.one(SQL["alone"], client=client.key)
    limit = quota(transaction, client.owner, settings)
    has = holding(transaction, client.key)
    removed: list[str] = []
    while client.owner is None and (has.size >= limit.bytes or (create and has.jobs >= limit.jobs)):
        files = give_way(transaction, client.key, but=but)[1]
        if (less := holding(transaction, client.key)) == has:
            break
        removed += files
        has = less
    if has.size >= limit.bytes:
        raise Forbidden(
            f"Your jobs use {has.size} bytes, with their uploads and results; the limit is {limit.bytes}.",
            hint="Delete some, or wait for their destruction.",
        )
    if create and has.jobs >= limit.jobs:
        raise Forbidden(
            f"You have {has.jobs} jobs; the limit is {limit.jobs}.",
            hint="Delete some, or wait for their destruction.",
        )
    if run and has.active >= settings.client_active:
        raise Forbidden(
            f"You have reached the limit of {settings.client_active} queued or executing jobs.",
            hint="Run this one once another has ended.",
        )
    return removed


def give_way(transaction: Transaction, client: str, *, but: str) -> tuple[int, list[str]]:
    """Remove the least needed job of *client*: the first that ended, otherwise the oldest PENDING one.

    Returns its size in bytes and the names of its files; without such a job, 0 and no names.
    """
    row = transaction.one(SQL["give_way"], client=client, but=but)
    return (0, []) if row is None else (row.size, Job.from_row(row).files)
