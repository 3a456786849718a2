"""Accounts into tables, so that neither the order in which documents arrive nor a repetition matters.

Three rules make it so. What is told of one thing by several sources is joined: the most trusted claim makes
the row, equals are merged (`join` in load.sql). What is told as a set is united (`add`). What was read at a
path follows from everything that is stored of readings and writings (`settle`, `alias`).
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from provtap.database.connect import Transaction
from provtap.errors import DocumentError
from provtap.ingest.contradictions import (
    SQL,
    Rows,
    claimed_generators,
    lost_claims,
    shared_names,
    usages_outside,
    without_clashes,
)
from provtap.ingest.described import describe_drafts, link
from provtap.ingest.later import ROLES, check_descriptions, described_anew, invalidate, overruled, refer
from provtap.ingest.later_records import HadReference, Invalidation
from provtap.ingest.records import (
    Account,
    Activity,
    ActivityDescription,
    Agent,
    Claim,
    ConfigFile,
    Entity,
    EntityDescription,
    Environment,
    External,
    Location,
    Parameter,
    Rank,
    Reading,
    Record,
    Run,
    WasAssociatedWith,
    WasAttributedTo,
    WasGeneratedBy,
    WasInformedBy,
    Writing,
    columns,
)
from provtap.ingest.relation_records import Alias, HadMember, Hash, Relation, WasDerivedFrom

# What a row points to is stored before it.
_JOINED: tuple[type[Claim], ...] = (EntityDescription, Agent, Entity, Activity, WasGeneratedBy)
_PUBLISHED_SETS: tuple[type[Record], ...] = (
    *ROLES,
    WasInformedBy,
    WasDerivedFrom,
    HadMember,
    WasAssociatedWith,
    WasAttributedTo,
    Parameter,
    ConfigFile,
    Location,
    Hash,
    Alias,
    Run,
    Relation,
)
_DESCRIPTIONS: tuple[type[Record], ...] = (ActivityDescription,)

# Of the most trusted claims, which are merged; every column that is not named takes their least value.
_BEST = "FILTER (WHERE place = 1)"
_MERGES = {
    "a_endtime": f"max(a_endtime) {_BEST}",  # a run lasts at least until its last product is written
    # These last, whoever is more trusted: no record of a run has them, and what has members is a collection.
    "a_comment": "min(a_comment)",
    "e_invalidatedattime": "max(e_invalidatedattime)",
    "e_class": f"""CASE WHEN bool_or(e_class = 'Collection') THEN 'Collection'
                        WHEN bool_or(e_value IS NOT NULL) {_BEST} THEN 'ValueEntity'
                        ELSE min(e_class) {_BEST} END""",
    "e_value": f"CASE WHEN NOT bool_or(e_class = 'Collection') THEN min(e_value) {_BEST} END",
}
# By whom a thing is known that is only a stub so far.
_STUBS: Mapping[type[Claim], tuple[Rank, ...]] = {
    Activity: (Rank.HEADER, Rank.MENTION),
    Entity: (Rank.MENTION,),
}


@dataclass
class Counts:
    """Published rows that a document added, changed, or told again as they were; and its warnings.

    *stubs* are its activities and entities that are known only because others name them.
    """

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    stubs: int = 0
    warnings: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    """Those of the warnings that tell what is not kept."""

    def conflict(self, *sentences: str) -> None:
        """Warn of what is not kept."""
        self.warnings += sentences
        self.conflicts += sentences

    def told(self) -> dict[str, Any]:
        """Return what a report tells."""
        return {
            **{name: getattr(self, name) for name in ("new", "updated", "unchanged", "stubs")},
            "warnings": tuple(self.warnings),
            "conflicts": tuple(self.conflicts),
        }

    def row(self) -> dict[str, Any]:
        """Return what is kept of an ingestion."""
        return self.told() | {
            "warnings": "\n".join(self.warnings) or None,
            "conflicts": len(self.conflicts),
        }

    def add(self, new: int, updated: int, unchanged: int = 0) -> None:
        """Count the rows of one statement."""
        self.new += new
        self.updated += updated
        self.unchanged += unchanged


def load(transaction: Transaction, accounts: Iterable[Account], ingestion_id: int) -> Counts:
    """Store what *accounts* say, as the ingestion *ingestion_id*; the caller holds the lock `lock`.

    An activity that is known from another record is left as it is, with a warning.

    Raises: DocumentError for what breaks a rule of the model.
    """
    counts = Counts()
    taken = _without_conflicts(transaction, accounts, counts)
    clashes: list[str] = []
    taken = without_clashes(transaction, taken, clashes)
    counts.conflict(*clashes)
    rows = _rows(record for account in taken for record in account.records)
    _check_kinds(transaction, rows)
    for described in _DESCRIPTIONS:
        drafted = _complete(transaction, described, rows[described], counts)
        counts.new += describe_drafts(transaction, drafted)
    rivals = claimed_generators(transaction, rows[WasGeneratedBy])
    check_descriptions(transaction, rows, ActivityDescription)
    for claimed in _JOINED:
        join(transaction, claimed, rows[claimed], counts)
        if claimed is EntityDescription:
            check_descriptions(transaction, rows, EntityDescription)
    counts.conflict(*lost_claims(transaction, rows[WasGeneratedBy], rivals))
    transaction.execute(SQL["keep_records"], rows=_record_rows(taken), ingestion=ingestion_id)
    _add(transaction, Environment, rows)
    if rows[HadMember]:
        counts.add(0, transaction.execute(SQL["make_collections"], rows=json.dumps(rows[HadMember])))
    for kind in _PUBLISHED_SETS:
        counts.add(new := _add(transaction, kind, rows), 0, len(rows[kind]) - new)
    counts.conflict(*overruled(transaction, rows))
    counts.add(0, refer(transaction, rows[HadReference]))
    _end(transaction, rows, counts)
    _settle(transaction, rows, counts)
    link(transaction, activities=_concerned(rows), descriptions=described_anew(rows))
    _warn_of_second_generators(transaction, rows, counts)
    counts.conflict(*usages_outside(transaction, rows[Reading]))
    counts.warnings += shared_names(transaction, rows[Alias])
    return counts


def _without_conflicts(
    transaction: Transaction, accounts: Iterable[Account], counts: Counts
) -> Sequence[Account]:
    """Return the accounts of activities that have one record only, or of their first record."""
    first: dict[str | None, Account] = {}
    told = [
        (account, first.setdefault(account.activity_id or account.sha256, account)) for account in accounts
    ]
    known = transaction.rows(SQL["conflicting_activities"], rows=_record_rows(first.values()))
    refused = {row.rec_activity_id for row in known}
    refused_here = {account.activity_id or "" for account, kept in told if account.sha256 != kept.sha256}
    counts.warnings += [warning for account, _ in told for warning in account.warnings]
    for activity_id in sorted(refused | refused_here):
        counts.conflict(f"{activity_id} is known from another record, which is kept")
    return [
        account
        for account, kept in told
        if account.activity_id not in refused and account.sha256 == kept.sha256
    ]


def _record_rows(accounts: Iterable[Account]) -> str:
    return json.dumps(
        [
            {"rec_activity_id": account.activity_id, "rec_sha256": account.sha256}
            for account in accounts
            if account.activity_id is not None
        ]
    )


def _rows(records: Iterable[Record]) -> Mapping[type[Record], Rows]:
    """Sort records by their class, as rows of its table; equal ones become one."""
    seen: dict[type[Record], dict[Record, None]] = defaultdict(dict)
    for record in records:
        seen[type(record)][record] = None
    rows: Mapping[type[Record], Rows] = defaultdict(list)
    for kind, distinct in seen.items():
        pairs = columns(kind)
        rows[kind].extend(row_of(record, pairs) for record in distinct)
    return rows


def row_of(record: Record, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return *record* as a row: the values of the columns, and how far it is to be trusted."""
    row = {column: _cell(getattr(record, name)) for name, column in pairs}
    if isinstance(record, Claim):
        row |= {"rank": int(record.rank), "claimant": record.claimant}
    return row


def _cell(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _check_kinds(transaction: Transaction, rows: Mapping[type[Record], Rows]) -> None:
    entities = [row["e_id"] for row in [*rows[Entity], *rows[External]]]
    activities = [row["a_id"] for row in rows[Activity]]
    found = transaction.one(
        SQL["both_kinds"], entities=json.dumps(entities), activities=json.dumps(activities)
    )
    if found:
        raise DocumentError(f"{found.id} would be an entity as well as an activity")


def _add(transaction: Transaction, kind: type[Record], rows: Mapping[type[Record], Rows]) -> int:
    """Unite the rows of one class with what is stored; return how many are new."""
    if not rows[kind]:
        return 0
    statement = SQL["add"].format(table=kind.table, columns=", ".join(column for _, column in columns(kind)))
    return transaction.execute(statement, rows=json.dumps(rows[kind]))


def _concerned(rows: Mapping[type[Record], Rows]) -> list[str]:
    """Return the activities whose roles and parameters may have got another description."""
    keys = {
        Activity: "a_id",
        WasGeneratedBy: "wgb_activity_id",
        Parameter: "p_activity_id",
        ConfigFile: "cf_activity_id",
    }
    return list({row[key] for kind, key in keys.items() for row in rows[kind]})


def _complete(transaction: Transaction, kind: type[Record], rows: Rows, counts: Counts) -> list[str]:
    """Unite descriptions of one class with the stored ones, column by column: the first value stays.

    Returns the ids of those that are new.
    """
    if not rows:
        return []
    key, *further = [column for _, column in columns(kind)]
    statement = SQL["complete"].format(
        table=kind.table,
        key=key,
        columns=", ".join([key, *further]),
        held=", ".join(f"held.{name}" for name in [key, *further]),
        filled=", ".join(f"coalesce(held.{name}, excluded.{name})" for name in [key, *further]),
    )
    distinct = _united(rows, key)
    [row] = transaction.rows(statement, rows=json.dumps(distinct))
    counts.add(row.new, row.updated, len(distinct) - row.new - row.updated)
    return list(row.drafted)


def _united(rows: Rows, key: str) -> Rows:
    """Make one row of those with the same key: of each column the first value."""
    united: dict[Any, dict[str, Any]] = {}
    for row in rows:
        told = {name: value for name, value in row.items() if value is not None}
        united[row[key]] = {
            **row,
            **told,
            **{k: v for k, v in united.get(row[key], {}).items() if v is not None},
        }
    return list(united.values())


def join(transaction: Transaction, kind: type[Claim], rows: Rows, counts: Counts) -> None:
    """Join the claims of one class with the stored rows and their trust."""
    if rows:
        told = SQL["told"].format(table=kind.table)
        join_claims(transaction, kind, told, counts, rows=json.dumps(rows))


def join_claims(
    transaction: Transaction, kind: type[Claim], told: str, counts: Counts, **values: Any
) -> None:
    """Join claims with the stored rows; *told* selects rank, claimant and the columns of the class."""
    names = [column for _, column in columns(kind)]
    statement = SQL["join"].format(
        told=told,
        table=kind.table,
        key=kind.key,
        columns=", ".join(names),
        merged=", ".join(_merged(name, kind.key) for name in names),
        held=", ".join(f"held.{name}" for name in names),
        excluded=", ".join(f"excluded.{name}" for name in names),
        contradicted=", ".join(f"CASE WHEN count(DISTINCT {name}) > 1 THEN '{name}' END" for name in names),
        kept=", ".join(f"({_merge(name)})::text" for name in names),
        stubs=", ".join(str(int(rank)) for rank in _STUBS.get(kind, ())),
        # Another role has another description: `link` finds it.
        also=", wgb_generationdescription_id = NULL" if kind is WasGeneratedBy else "",
    )
    [row] = transaction.rows(statement, **values)
    counts.add(row.new, row.updated, row.unchanged)
    counts.stubs += row.stubs
    counts.conflict(*(row.contradictions or []))


def _merged(name: str, key: str) -> str:
    return name if name == key else f"{_merge(name)} AS {name}"


def _merge(name: str) -> str:
    return _MERGES.get(name, f"min({name}) {_BEST}")


def _end(transaction: Transaction, rows: Mapping[type[Record], Rows], counts: Counts) -> None:
    """Let entities end when they are told to."""
    _add(transaction, Invalidation, rows)
    updated, lost = invalidate(transaction, rows)
    counts.add(0, updated)
    counts.conflict(*lost)


def _settle(transaction: Transaction, rows: Mapping[type[Record], Rows], counts: Counts) -> None:
    """Bring usages, files without producer and aliases in line with what is told of readings and writings."""
    _add(transaction, Writing, rows)
    counts.unchanged += len(rows[Reading]) - _add(transaction, Reading, rows)
    writings = json.dumps(rows[Writing])
    statement = SQL["settle"].format(columns=", ".join(column for _, column in columns(Entity)))
    [row] = transaction.rows(statement, writings=writings, externals=json.dumps(rows[External]))
    counts.add(row.new, row.updated)
    counts.stubs += row.stubs
    if row.moved:
        transaction.execute(SQL["take_back"], rows=row.moved)
    activities = {row["a_id"] for row in rows[Activity]} | {row["rd_activity_id"] for row in rows[Reading]}
    counts.add(0, transaction.execute(SQL["time_usages"], activities=json.dumps(sorted(activities))))
    [aliases] = transaction.rows(SQL["alias"], writings=writings)
    counts.add(aliases.new, aliases.updated)


def _warn_of_second_generators(
    transaction: Transaction, rows: Mapping[type[Record], Rows], counts: Counts
) -> None:
    for row in transaction.rows(SQL["second_generators"], rows=json.dumps(rows[Writing])):
        others = ", ".join(sorted(set(row.activity_ids) - {row.kept_id}))
        counts.conflict(
            f"{row.entity_id} was generated by {row.kept_id}; the later claim of {others} is not kept"
        )
