"""Withdrawals of entities: their ends, their effects on entities, and the notices about them.

A withdrawal ends an entity, but is not a claim about it: documents about the entity are joined as if it were
not withdrawn (`lift` before that, `settle` after it). So the order of documents does not matter, and when the
withdrawal ends, the entity gets the end that it has without the withdrawal.

Notices are only added; a notice is valid until a later one revokes it.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from provtap.adql.lineage.recursion import FORTH, steps_sql
from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.ingest.model.records import (
    Entity,
    External,
    Invalidation,
    Record,
    Reinstatement,
    WasDerivedFrom,
    WasGeneratedBy,
    Withdrawal,
)
from provtap.ingest.store.staging import Rows
from provtap.query.withdrawals import current, standing

SQL = load_statements("provtap.ingest.store", "withdrawals.sql")

_ENTITIES: Sequence[tuple[type[Record], str]] = (
    (Entity, "e_id"),
    (External, "e_id"),
    (Invalidation, "iv_entity_id"),
    (WasGeneratedBy, "wgb_entity_id"),
    (WasDerivedFrom, "wdf_generatedentity_id"),
)
_WITHDRAWN: Sequence[tuple[type[Record], str]] = (
    (Withdrawal, "w_entity_id"),
    (Reinstatement, "rs_entity_id"),
)
_FORTH = steps_sql(FORTH, "made")


def lift(transaction: Transaction, rows: Mapping[type[Record], Rows]) -> bool:
    """Suspend the withdrawals of the entities in *rows* until `settle`.

    Returns whether anything is withdrawn or to be so: otherwise there is nothing to settle, or to tell of.
    """
    if not transaction.rows(SQL["standing_now"])[0].any:
        return any(rows[kind] for kind, _ in _WITHDRAWN)
    if entities := _ids(rows, (*_ENTITIES, *_WITHDRAWN)):
        transaction.execute(SQL["lift"], entities=json.dumps(entities))
    return True


def settle(transaction: Transaction, rows: Mapping[type[Record], Rows]) -> int:
    """End withdrawals, and end the withdrawn entities in *rows*; return the number of changes."""
    if withdrawn := _ids(rows, _WITHDRAWN):
        transaction.execute(SQL["end"], entities=json.dumps(withdrawn))
    entities = _ids(rows, (*_ENTITIES, *_WITHDRAWN))
    ended = transaction.execute(SQL["withdraw"], entities=json.dumps(entities)) if entities else 0
    return ended if withdrawn else 0


@contextmanager
def lifted(transaction: Transaction) -> Iterator[None]:
    """Suspend all withdrawals during the block, which may change any entity."""
    entities = json.dumps(_withdrawn_now(transaction))
    transaction.execute(SQL["lift"], entities=entities)
    yield
    transaction.execute(SQL["withdraw"], entities=entities)


def notify(transaction: Transaction, rows: Mapping[type[Record], Rows], activities: Iterable[str]) -> None:
    """Add notices about entities that became, or are no longer, affected after *rows* were stored.

    *activities* are those whose usages may have changed.
    """
    if withdrawn := _ids(rows, _WITHDRAWN):
        found = transaction.rows(SQL["activities_of"], entities=json.dumps(withdrawn))
        _tell_of(transaction, [row.id for row in found])
    given = {"activities": json.dumps(sorted(activities)), "entities": json.dumps(_ids(rows, _ENTITIES))}
    changed = [row.id for row in transaction.rows(SQL["changed"], **given)]
    behind = standing(transaction, changed)
    by = {id_: each.activity_id for id_, each in current(transaction, set().union(*behind.values())).items()}
    _tell(transaction, {(by[each], id_) for id_, found in behind.items() for each in found})


def notify_of_all(transaction: Transaction) -> None:
    """Add the notices that bring the existing ones up to date with the store."""
    found = transaction.rows(SQL["open_activities"].format(holds=SQL["holds"]))
    _tell_of(transaction, [row.id for row in found])


def _tell_of(transaction: Transaction, withdrawals: Sequence[str]) -> None:
    """Update the notices about these *withdrawals*."""
    statement = SQL["take_back"].format(forth=_FORTH, holds=SQL["holds"])
    transaction.execute(statement, activities=withdrawals)
    rows = transaction.rows(SQL["withdrawn_by"], activities=withdrawals)
    _tell(transaction, {(row.activity, row.id) for row in rows})


def _tell(transaction: Transaction, found: Collection[tuple[str, str]]) -> None:
    """Add notices about entities named in a withdrawal (*found*), and about all entities made from them."""
    if found:
        activities, ids = map(list, zip(*sorted(found), strict=True))
        statement = SQL["tell"].format(forth=_FORTH, holds=SQL["holds"])
        transaction.execute(statement, activities=activities, ids=ids)


def _withdrawn_now(transaction: Transaction) -> list[str]:
    return [row.id for row in transaction.rows(SQL["all_withdrawn"])]


def _ids(rows: Mapping[type[Record], Rows], columns: Iterable[tuple[type[Record], str]]) -> list[str]:
    return sorted({row[column] for kind, column in columns for row in rows[kind]})
