"""What is withdrawn, and what was made from something withdrawn: for marks on pages and in documents.

Queries find the same in `provext.affected`; these functions answer for many things at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from provtap.adql.lineage.recursion import BACK, steps_sql
from provtap.database.connect import Transaction
from provtap.database.sql import load_statements

SQL = load_statements("provtap.query", "withdrawals.sql")


@dataclass(frozen=True)
class CurrentWithdrawal:
    """A withdrawal that has not ended. Times are UTC."""

    entity_id: str
    activity_id: str
    kind: str
    reason: str
    since: datetime
    time: datetime
    """When it was recorded."""
    successor_id: str | None
    successor_name: str | None
    agent_id: str
    agent_name: str | None


@dataclass(frozen=True)
class Marks:
    """The marks of some entities, by their ids."""

    withdrawn: Mapping[str, CurrentWithdrawal]
    """Those that are withdrawn, and the withdrawn ones that others were made from."""
    affected: Mapping[str, tuple[str, ...]]
    """Those that were made from something withdrawn, and from what."""


def current(transaction: Transaction, ids: Iterable[str]) -> dict[str, CurrentWithdrawal]:
    """Return the withdrawals of *ids* that have not ended, by entity."""
    rows = transaction.rows(SQL["current"], ids=list(ids))
    return {row.w_entity_id: CurrentWithdrawal(*row) for row in rows}


def standing(transaction: Transaction, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return those of *ids* that were made from something that is withdrawn now, and from what."""
    ids = list(dict.fromkeys(ids))
    back = steps_sql(BACK, "behind")
    behind = transaction.rows(SQL["behind"].format(back=back), ids=ids) if ids else ()
    if not behind:
        return {}
    rows = transaction.rows(SQL["standing"].format(back=back), ids=ids, withdrawn=[row.id for row in behind])
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        found[row.entity_id] = (*found.get(row.entity_id, ()), row.withdrawn_id)
    return found


def marks(transaction: Transaction, ids: Iterable[str]) -> Marks:
    """Return the marks of *ids*."""
    ids = list(dict.fromkeys(ids))
    affected = standing(transaction, ids)
    behind = {withdrawn for each in affected.values() for withdrawn in each}
    return Marks(current(transaction, {*ids, *behind}), affected)
