"""Additions to things recorded in other documents: ends, references, descriptions of roles."""

import json
from collections.abc import Mapping, Sequence

from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.errors import DocumentError
from provtap.ingest.model.descriptions import (
    ConfigFileDescription,
    GeneratedKind,
    GenerationDescription,
    ParameterDescription,
    UsageDescription,
    UsedKind,
)
from provtap.ingest.model.records import (
    Activity,
    ActivityDescription,
    Entity,
    EntityDescription,
    Invalidation,
    Record,
)
from provtap.ingest.store.staging import Rows

SQL = load_statements("provtap.ingest.store", "amendments.sql")

_OF_ACTIVITIES = (UsageDescription, GenerationDescription, ParameterDescription, ConfigFileDescription)
# The tables that refer to a description, and their columns.
_REFERENCES: Sequence[tuple[type[Record], type[Record], str]] = (
    (ActivityDescription, Activity, "a_activitydescription_id"),
    (EntityDescription, Entity, "e_entitydescription_id"),
    *((ActivityDescription, kind, f"{kind.prefix}activitydescription_id") for kind in _OF_ACTIVITIES),
    (EntityDescription, UsedKind, "uded_entitydescription_id"),
    (EntityDescription, GeneratedKind, "gded_entitydescription_id"),
)
_CALLED = {ActivityDescription: "activity description", EntityDescription: "entity description"}


def check_descriptions(
    transaction: Transaction, rows: Mapping[type[Record], Rows], described: type[Record]
) -> None:
    """Check that all descriptions of the class *described* that *rows* refer to are stored.

    Raises: DocumentError for a missing one.
    """
    ids = {row[column] for kind, by, column in _REFERENCES if kind is described for row in rows[by]} - {None}
    if not ids:
        return
    statement = SQL["undescribed"].format(table=described.table, key=f"{described.prefix}id")
    missing = transaction.one(statement, ids=json.dumps(sorted(ids)))
    if missing:
        raise DocumentError(f"there is no {_CALLED[described]} {missing.id}")


def rename(rows: Mapping[type[Record], Rows], known: Mapping[str, str]) -> None:
    """Replace the ids of activity descriptions in *rows* by those in the store (*known*)."""
    owners = [(by, column) for kind, by, column in _REFERENCES if kind is ActivityDescription]
    for by, column in ((ActivityDescription, "ad_id"), *owners):
        for row in rows[by]:
            row[column] = known.get(row[column], row[column])


def invalidate(transaction: Transaction, rows: Mapping[type[Record], Rows]) -> tuple[int, list[str]]:
    """Store the ends of entities; return the number of changes, and a warning for each ignored end."""
    ends = rows[Invalidation]
    entities = {row["e_id"] for row in rows[Entity]} | {row["iv_entity_id"] for row in ends}
    if not entities:
        return 0, []
    updated = transaction.execute(SQL["invalidate"], entities=json.dumps(sorted(entities)))
    early = transaction.rows(SQL["too_early"], rows=json.dumps(ends)) if ends else []
    return updated, [
        f"{row.entity_id} would end at {row.time}, before it was generated: the end was ignored"
        for row in early
    ]


def refer(transaction: Transaction, rows: Rows) -> int:
    """Link parameters to the entities with their values; return the number of new links.

    Raises: DocumentError if the parameter or ValueEntity does not exist.
    """
    if not rows:
        return 0
    references = json.dumps(rows)
    wrong = transaction.one(SQL["unreferable"], rows=references)
    if wrong and wrong.no_parameter:
        raise DocumentError(f"there is no parameter {wrong.parameter_id}")
    if wrong:
        raise DocumentError(f"{wrong.entity_id} is not a ValueEntity, so that no parameter can refer to it")
    return transaction.execute(SQL["refer"], rows=references)
