"""Loads records into tables, independently of the order and repetition of documents.

Three rules ensure this. Claims of several sources about one thing are joined: the most trusted claim becomes
the row, equally trusted ones are merged (`join` in merge.sql). Rows of a set are added if new (`add`). The
entity that was read at a path is determined from all stored readings and writings (`resolve_readings` and
`alias` in usages.sql).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.database.transaction import Row
from provtap.errors import DocumentError
from provtap.ingest.model.persistent import with_identifiers
from provtap.ingest.model.records import (
    Activity,
    ActivityDescription,
    Agent,
    AgentId,
    Alias,
    Attempt,
    Claim,
    ConfigFile,
    Entity,
    EntityDescription,
    Environment,
    External,
    HadMember,
    HadReference,
    Hash,
    Location,
    Parameter,
    Reading,
    Record,
    RecordSet,
    Reinstatement,
    Relation,
    Rights,
    Run,
    WasAssociatedWith,
    WasAttributedTo,
    WasDerivedFrom,
    WasGeneratedBy,
    WasInformedBy,
    Withdrawal,
    Writing,
)
from provtap.ingest.store import description_links as described
from provtap.ingest.store.amendments import check_descriptions, refer, rename
from provtap.ingest.store.conflicts import (
    claimed_ends,
    claimed_generators,
    lost_claims,
    lost_ends,
    shared_names,
    usages_outside,
    without_clashes,
)
from provtap.ingest.store.copies import join_copies
from provtap.ingest.store.counts import Counts, Inseparable, Shares
from provtap.ingest.store.described_agents import wait
from provtap.ingest.store.description_tables import (
    KINDS,
    NOTHING,
    RecordedDescriptions,
    draft,
    publish,
    remember,
    says_more,
)
from provtap.ingest.store.mentions import keep_mentions
from provtap.ingest.store.merge import add, join, join_new, make_collections
from provtap.ingest.store.products import entities_of, link_entities
from provtap.ingest.store.staging import Rows, Stage, rows_of
from provtap.ingest.store.usages import end_entities, resolve_readings, second_generators
from provtap.ingest.store.withdrawals import lift, notify, settle

SQL = load_statements("provtap.ingest.store", "loader.sql")


# Rows are stored after the rows that they refer to.
_JOINED: tuple[type[Claim], ...] = (EntityDescription, Agent, Entity, Activity, WasGeneratedBy)
_PUBLISHED_SETS: tuple[type[Record], ...] = (
    WasInformedBy,
    WasDerivedFrom,
    HadMember,
    WasAssociatedWith,
    WasAttributedTo,
    Location,
    Hash,
    Alias,
    Rights,
    AgentId,
    Relation,
    Attempt,
    Withdrawal,
    Reinstatement,
)
# Classes with hardly ever more than one claim about the same thing.
_CLAIMED_ONCE: tuple[type[Claim], ...] = (Parameter, ConfigFile, Run)
_COUNTED = (*_JOINED, *_PUBLISHED_SETS, *_CLAIMED_ONCE, *KINDS, Reading)
"""The classes with rows that count as new, updated or unchanged."""

_ANOTHER = "another record"


def load(
    transaction: Transaction, record_sets: Iterable[RecordSet], ingestion_id: int, *, notices: bool = True
) -> Counts:
    """Store what *record_sets* say, as the ingestion *ingestion_id* or their own; the caller holds `lock`.

    An activity that is already recorded by another record is left as it is, with a warning. With *notices*,
    entities that are now affected by a withdrawal are added to the feed.

    Raises: DocumentError for a record that breaks a rule of the model.
    """
    counts = Counts()
    _load(transaction, map(completed, record_sets), ingestion_id, counts, notices=notices)
    return counts


def load_together(
    transaction: Transaction, documents: Mapping[int, Sequence[RecordSet]]
) -> Mapping[int, Counts]:
    """Store *documents*, given by the number of their ingestion; the caller holds `lock`.

    This takes a fraction of the time of one load for each. Raises: DocumentError, and Inseparable: the caller
    rolls back and loads each document separately.
    """
    whole = [
        [replace(completed(record_set), ingestion_id=ingestion) for record_set in document]
        for ingestion, document in documents.items()
    ]
    shares = Shares(whole, _COUNTED)
    counts = Counts(shares=shares)
    _load(transaction, chain.from_iterable(whole), next(iter(documents)), counts)
    shares.check(counts)
    return dict(zip(documents, shares.counts, strict=True))


def _load(
    transaction: Transaction,
    record_sets: Iterable[RecordSet],
    ingestion_id: int,
    counts: Counts,
    *,
    notices: bool = True,
) -> None:
    taken = _without_conflicts(transaction, record_sets, ingestion_id, counts)
    keep_mentions(transaction, taken, ingestion_id)
    clashes: list[str] = []
    taken = without_clashes(transaction, taken, clashes)
    counts.conflict(*clashes)
    rows = rows_of(record for record_set in taken for record in record_set.records)
    stage = Stage(transaction, rows)
    _check_kinds(transaction, rows)
    recorded = _draft(transaction, rows, counts)
    claims = claimed_generators(transaction, rows[WasGeneratedBy])
    ends = claimed_ends(transaction, rows[Activity])
    any_withdrawn = lift(transaction, rows)
    _join(transaction, rows, stage, recorded, counts)
    transaction.execute(SQL["keep_records"], rows=_record_rows(taken), ingestion=ingestion_id)
    _unite(transaction, rows, stage, counts)
    counts.conflict(*lost_claims(transaction, rows[WasGeneratedBy], claims))
    counts.conflict(*lost_ends(transaction, ends))
    counts.add(0, refer(transaction, rows[HadReference]))
    end_entities(transaction, rows, stage, counts)
    if any_withdrawn:
        counts.add(0, settle(transaction, rows))
    changed = resolve_readings(transaction, rows, stage, counts)
    join_copies(transaction, rows, stage, counts)
    described.link(transaction, activities=_concerned(rows), descriptions=recorded.owners)
    link_entities(transaction, entities_of(rows))
    if rows[Writing]:
        counts.conflict(*second_generators(transaction, stage[Writing]))
    counts.conflict(*usages_outside(transaction, rows[Reading]))
    counts.warnings += shared_names(transaction, rows[Alias])
    if notices and any_withdrawn:
        notify(transaction, rows, changed)
    stage.end()


def completed(record_set: RecordSet) -> RecordSet:
    """Return *record_set* with the records that follow directly from its own."""
    return replace(record_set, records=tuple(with_identifiers(record_set.records)))


def empty(transaction: Transaction, tables: Iterable[str]) -> None:
    """Delete all rows of *tables*, in this order."""
    for table in tables:
        transaction.execute(SQL["empty"].format(table=table))


def _without_conflicts(
    transaction: Transaction, record_sets: Iterable[RecordSet], ingestion_id: int, counts: Counts
) -> Sequence[RecordSet]:
    """Return the sets without second records of an activity."""
    first: dict[str | None, RecordSet] = {}
    recorded = [
        (record_set, first.setdefault(record_set.activity_id or record_set.sha256, record_set))
        for record_set in record_sets
    ]
    found = transaction.rows(
        SQL["conflicting_activities"], rows=_record_rows(first.values()), ingestion=ingestion_id
    )
    refused = {row.rec_activity_id: _other_record(row) for row in found}
    here = {
        record_set.activity_id or ""
        for record_set, first_of_activity in recorded
        if record_set.sha256 != first_of_activity.sha256
    }
    counts.warnings += [warning for record_set, _ in recorded for warning in record_set.warnings]
    for activity_id in sorted(refused.keys() | here):
        counts.conflict(
            f"{activity_id} is already recorded by {refused.get(activity_id, _ANOTHER)}, which was kept"
        )
    return [
        record_set
        for record_set, first_of_activity in recorded
        if record_set.activity_id not in refused and record_set.sha256 == first_of_activity.sha256
    ]


def _other_record(row: Row) -> str:
    """Return the name of the stored record; a log loaded for another site differs only in its paths."""
    if None in (row.site, row.stored_site) or row.site == row.stored_site:
        return _ANOTHER
    return f"its record at the site {row.stored_site} (ingestion {row.stored_ingestion})"


def _record_rows(record_sets: Iterable[RecordSet]) -> str:
    return json.dumps(
        [
            {
                "rec_activity_id": record_set.activity_id,
                "rec_sha256": record_set.sha256,
                "rec_ingestion_id": record_set.ingestion_id,
            }
            for record_set in record_sets
            if record_set.activity_id is not None
        ]
    )


def _check_kinds(transaction: Transaction, rows: Mapping[type[Record], Rows]) -> None:
    entities = [row["e_id"] for row in [*rows[Entity], *rows[External]]]
    activities = [row["a_id"] for row in rows[Activity]]
    found = transaction.one(
        SQL["both_kinds"], entities=json.dumps(entities), activities=json.dumps(activities)
    )
    if found:
        raise DocumentError(f"{found.id} would be both an entity and an activity")


def _draft(
    transaction: Transaction, rows: Mapping[type[Record], Rows], counts: Counts
) -> RecordedDescriptions:
    """Store the identity of activity descriptions, and keep all claims about descriptions for later."""
    drafted = draft(transaction, rows[ActivityDescription])
    counts.new += len(drafted.new)
    counts.share(ActivityDescription, "ad_id", new=drafted.new, stored=drafted.new)
    if drafted.known:
        rename(rows, drafted.known)
    recorded = remember(transaction, rows) if drafted.unrecorded or says_more(rows) else NOTHING
    if counts.shares and recorded.changed != len(drafted.new):
        raise Inseparable("claims about descriptions are counted together")
    check_descriptions(transaction, rows, ActivityDescription)
    return recorded


def _join(
    transaction: Transaction,
    rows: Mapping[type[Record], Rows],
    stage: Stage,
    recorded: RecordedDescriptions,
    counts: Counts,
) -> None:
    """Store the claims about things."""
    for claimed in _JOINED:
        described = join(transaction, claimed, stage[claimed], counts) if rows[claimed] else ()
        if described:
            wait(transaction, rows[claimed], described)
        if claimed is EntityDescription:
            check_descriptions(transaction, rows, EntityDescription)
            _describe(transaction, rows, recorded, counts)


def _describe(
    transaction: Transaction,
    rows: Mapping[type[Record], Rows],
    recorded: RecordedDescriptions,
    counts: Counts,
) -> None:
    """Update the tables of descriptions."""
    written = publish(transaction, recorded.owners)
    counts.add(written.new, written.updated, sum(len(rows[kind]) for kind in KINDS) - recorded.changed)
    counts.conflict(*recorded.contradictions(written))


def _unite(transaction: Transaction, rows: Mapping[type[Record], Rows], stage: Stage, counts: Counts) -> None:
    """Store the rows of sets, and claims about activities, which are already stored."""
    if rows[Environment]:
        add(transaction, Environment, stage[Environment])
    if rows[HadMember]:
        counts.add(0, make_collections(transaction, stage[HadMember]))
    for kind in filter(rows.get, _PUBLISHED_SETS):
        new = add(transaction, kind, stage[kind], counts)
        counts.add(new, 0, len(rows[kind]) - new)
    for claimed in filter(rows.get, _CLAIMED_ONCE):
        join_new(transaction, claimed, rows[claimed], stage[claimed], counts)


def _concerned(rows: Mapping[type[Record], Rows]) -> list[str]:
    """Return the activities with roles and parameters whose description may have changed."""
    keys = {
        Activity: "a_id",
        WasGeneratedBy: "wgb_activity_id",
        Parameter: "p_activity_id",
        ConfigFile: "cf_activity_id",
    }
    return list({row[key] for kind, key in keys.items() for row in rows[kind]})
