"""Accounts into tables, so that neither the order in which documents arrive nor a repetition matters.

Three rules make it so. What is told of one thing by several sources is joined: the most trusted claim makes
the row, equals are merged (`join` in load.sql). What is told as a set is united (`add`). What was read at a
path follows from everything that is stored of readings and writings (`settle`, `alias`).
"""

import json
from collections.abc import Iterable, Mapping, Sequence

from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.database.transaction import Row
from provtap.errors import DocumentError
from provtap.ingest.model.records import (
    Account,
    Activity,
    ActivityDescription,
    Agent,
    Alias,
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
    Relation,
    Run,
    WasAssociatedWith,
    WasAttributedTo,
    WasDerivedFrom,
    WasGeneratedBy,
    WasInformedBy,
    Writing,
)
from provtap.ingest.store import description_links as described
from provtap.ingest.store.amendments import check_descriptions, refer, rename
from provtap.ingest.store.conflicts import (
    claimed_generators,
    lost_claims,
    shared_names,
    usages_outside,
    without_clashes,
)
from provtap.ingest.store.counts import Counts
from provtap.ingest.store.described_agents import wait
from provtap.ingest.store.description_tables import KINDS, NOTHING, Told, draft, publish, remember, says_more
from provtap.ingest.store.merge import add, join, join_new, make_collections
from provtap.ingest.store.staging import Rows, Sending, rows_of
from provtap.ingest.store.usages import end_entities, second_generators, settle

SQL = load_statements("provtap.ingest.store", "loader.sql")


# What a row points to is stored before it.
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
    Relation,
)
# Claims that are hardly ever made twice.
_CLAIMED_ONCE: tuple[type[Claim], ...] = (Parameter, ConfigFile, Run)

_ANOTHER = "another record"


def load(transaction: Transaction, accounts: Iterable[Account], ingestion_id: int) -> Counts:
    """Store what *accounts* say, as the ingestion *ingestion_id* or their own; the caller holds `lock`.

    An activity that is known from another record is left as it is, with a warning.

    Raises: DocumentError for what breaks a rule of the model.
    """
    counts = Counts()
    taken = _without_conflicts(transaction, accounts, ingestion_id, counts)
    clashes: list[str] = []
    taken = without_clashes(transaction, taken, clashes)
    counts.conflict(*clashes)
    rows = rows_of(record for account in taken for record in account.records)
    sending = Sending(transaction, rows)
    _check_kinds(transaction, rows)
    told = _draft(transaction, rows, counts)
    _join(transaction, rows, sending, told, counts)
    transaction.execute(SQL["keep_records"], rows=_record_rows(taken), ingestion=ingestion_id)
    _unite(transaction, rows, sending, counts)
    counts.add(0, refer(transaction, rows[HadReference]))
    end_entities(transaction, rows, sending, counts)
    settle(transaction, rows, sending, counts)
    described.link(transaction, activities=_concerned(rows), descriptions=told.owners)
    if rows[Writing]:
        counts.conflict(*second_generators(transaction, sending[Writing]))
    counts.conflict(*usages_outside(transaction, rows[Reading]))
    counts.warnings += shared_names(transaction, rows[Alias])
    sending.end()
    return counts


def _without_conflicts(
    transaction: Transaction, accounts: Iterable[Account], ingestion_id: int, counts: Counts
) -> Sequence[Account]:
    """Return the accounts of activities that have one record only, or of their first record."""
    first: dict[str | None, Account] = {}
    told = [
        (account, first.setdefault(account.activity_id or account.sha256, account)) for account in accounts
    ]
    found = transaction.rows(
        SQL["conflicting_activities"], rows=_record_rows(first.values()), ingestion=ingestion_id
    )
    refused = {row.rec_activity_id: _other_record(row) for row in found}
    here = {account.activity_id or "" for account, kept in told if account.sha256 != kept.sha256}
    counts.warnings += [warning for account, _ in told for warning in account.warnings]
    for activity_id in sorted(refused.keys() | here):
        counts.conflict(f"{activity_id} is known from {refused.get(activity_id, _ANOTHER)}, which is kept")
    return [
        account
        for account, kept in told
        if account.activity_id not in refused and account.sha256 == kept.sha256
    ]


def _other_record(row: Row) -> str:
    """Say which record is known; one site's log handed in for another site is the same but for its paths."""
    if None in (row.site, row.kept_site) or row.site == row.kept_site:
        return _ANOTHER
    return f"its record at the site {row.kept_site} (ingestion {row.kept_ingestion})"


def _record_rows(accounts: Iterable[Account]) -> str:
    return json.dumps(
        [
            {
                "rec_activity_id": account.activity_id,
                "rec_sha256": account.sha256,
                "rec_ingestion_id": account.ingestion_id,
            }
            for account in accounts
            if account.activity_id is not None
        ]
    )


def _check_kinds(transaction: Transaction, rows: Mapping[type[Record], Rows]) -> None:
    entities = [row["e_id"] for row in [*rows[Entity], *rows[External]]]
    activities = [row["a_id"] for row in rows[Activity]]
    found = transaction.one(
        SQL["both_kinds"], entities=json.dumps(entities), activities=json.dumps(activities)
    )
    if found:
        raise DocumentError(f"{found.id} would be an entity as well as an activity")


def _draft(transaction: Transaction, rows: Mapping[type[Record], Rows], counts: Counts) -> Told:
    """Keep what is said of descriptions, for later; store that there are such activities."""
    drafted = draft(transaction, rows[ActivityDescription])
    counts.new += drafted.new
    if drafted.known:
        rename(rows, drafted.known)
    told = remember(transaction, rows) if drafted.untold or says_more(rows) else NOTHING
    check_descriptions(transaction, rows, ActivityDescription)
    return told


def _join(
    transaction: Transaction, rows: Mapping[type[Record], Rows], sending: Sending, told: Told, counts: Counts
) -> None:
    """Store what is claimed of things, and tell which claims of generations are not kept."""
    rivals = claimed_generators(transaction, rows[WasGeneratedBy])
    for claimed in _JOINED:
        described = join(transaction, claimed, sending[claimed], counts) if rows[claimed] else ()
        if described:
            wait(transaction, rows[claimed], described)
        if claimed is EntityDescription:
            check_descriptions(transaction, rows, EntityDescription)
            _describe(transaction, rows, told, counts)
    counts.conflict(*lost_claims(transaction, rows[WasGeneratedBy], rivals))


def _describe(
    transaction: Transaction, rows: Mapping[type[Record], Rows], told: Told, counts: Counts
) -> None:
    """Let the tables of descriptions show what is known by now."""
    written = publish(transaction, told.owners)
    counts.add(written.new, written.updated, sum(len(rows[kind]) for kind in KINDS) - told.changed)
    counts.conflict(*told.contradictions(written))


def _unite(
    transaction: Transaction, rows: Mapping[type[Record], Rows], sending: Sending, counts: Counts
) -> None:
    """Store what is told as a set, and what is claimed of activities that are stored by now."""
    if rows[Environment]:
        add(transaction, Environment, sending[Environment])
    if rows[HadMember]:
        counts.add(0, make_collections(transaction, sending[HadMember]))
    for kind in filter(rows.get, _PUBLISHED_SETS):
        new = add(transaction, kind, sending[kind])
        counts.add(new, 0, len(rows[kind]) - new)
    for claimed in filter(rows.get, _CLAIMED_ONCE):
        join_new(transaction, claimed, rows[claimed], sending[claimed], counts)


def _concerned(rows: Mapping[type[Record], Rows]) -> list[str]:
    """Return the activities whose roles and parameters may have got another description."""
    keys = {
        Activity: "a_id",
        WasGeneratedBy: "wgb_activity_id",
        Parameter: "p_activity_id",
        ConfigFile: "cf_activity_id",
    }
    return list({row[key] for kind, key in keys.items() for row in rows[kind]})
