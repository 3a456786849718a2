"""Descriptions of activities from records and from sets of descriptions, and which of them the tables show.

Claims of records are stored separately; where two differ, the lesser value counts, as elsewhere. The tables
are derived from these claims and the applied sets: anything a set describes (an activity, a role, a
parameter) comes entirely from the set, everything else from records. So the order of arrival does not matter.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.ingest.model.records import ActivityDescription, Record, columns
from provtap.ingest.store.description_links import (
    DRAFT,
    PARTS,
    ROLE_OF,
    Entry,
    Part,
    description_texts,
    entries,
    keep_claims,
    withdraw,
)
from provtap.ingest.store.staging import Rows, rows_of

SQL = load_statements("provtap.ingest.store", "description_tables.sql")


KINDS: tuple[type[Record], ...] = (ActivityDescription, *(part.kind for part in PARTS), *ROLE_OF)
"""Descriptions of activities and their parts, in the order in which they are stored."""

Row = dict[str, Any]
Key = tuple[str, str]
"""A table of descriptions, and the id of one of its rows."""


@dataclass
class Written:
    """The written rows of descriptions, by table and id."""

    new: int = 0
    updated: int = 0
    rows: dict[Key, Row] = field(default_factory=dict)


@dataclass(frozen=True)
class RecordedDescriptions:
    """The claims of a document about descriptions, with those of earlier documents."""

    rows: Mapping[Key, Sequence[Row]]
    """All claims about one thing."""
    owners: Sequence[str]
    """The activity descriptions whose tables may have to change."""
    changed: int
    """Number of things with changed claims."""

    def contradictions(self, written: Written) -> Iterator[str]:
        """Yield a sentence for each claimed value that is not in the tables."""
        for key, rows in sorted(self.rows.items()):
            shown_rows = written.rows.get(key, {})
            lost = {
                name for row in rows for name, value in row.items() if value != shown_rows.get(name, value)
            }
            for name in sorted(lost):
                if shown_rows[name] is not None:
                    yield f"{key[1]} has two values of {name}; {shown_rows[name]} was kept"


NOTHING = RecordedDescriptions({}, (), 0)


@dataclass(frozen=True)
class Drafted:
    """The activity descriptions of a document after it was stored."""

    new: Sequence[str] = ()
    """The ids of new activity descriptions."""
    known: Mapping[str, str] = field(default_factory=dict)
    """The stored ids of descriptions that have another id in the store."""
    unrecorded: bool = False
    """Whether at least one is new."""


def draft(transaction: Transaction, rows: Rows) -> Drafted:
    """Store the identity of the activity descriptions *rows*; `publish` writes the rest."""
    if not rows:
        return Drafted()
    [drafted] = transaction.rows(SQL["draft"], rows=json.dumps(rows))
    return Drafted(drafted.new or (), drafted.known or {}, drafted.unrecorded)


def withdraw_drafts(transaction: Transaction, ids: Sequence[str]) -> None:
    """Remove the activity descriptions *ids* to which no record and no activity refers."""
    transaction.execute(SQL["withdraw_drafts"], ids=list(ids))


def says_more(rows: Mapping[type[Record], Rows]) -> bool:
    """Return whether *rows* describe more of an activity than its identity."""
    recorded = rows[ActivityDescription]
    return any(rows[kind] for kind in KINDS[1:]) or any(not DRAFT.issuperset(_said(row)) for row in recorded)


def remember(transaction: Transaction, rows: Mapping[type[Record], Rows]) -> RecordedDescriptions:
    """Keep the claims of records about descriptions for `publish`; ignore all other *rows*."""
    said: dict[Key, list[Row]] = {}
    owners: dict[Key, str] = {}
    for kind in filter(rows.get, KINDS):
        found = _owners(transaction, kind, rows[kind], owners)
        for row, owner in zip(rows[kind], found, strict=True):
            key = (kind.table, _id(kind, row))
            owners[key] = owner
            said.setdefault(key, []).append(_said(row))
    if not said:
        return NOTHING
    before = _remembered(transaction, said)
    together = {key: [*recorded, *before.get(key, ())] for key, recorded in said.items()}
    after = {key: _least(rows) for key, rows in together.items()}
    changed = [key for key, row in after.items() if [row] != before.get(key)]
    if changed:
        shown_rows = [
            {
                "td_table": key[0],
                "td_id": key[1],
                "td_owner_id": owners[key],
                "td_content": after[key],
            }
            for key in changed
        ]
        keep_claims(transaction, shown_rows)
    concerned = {owners[key] for key in said if key in changed or not DRAFT.issuperset(after[key])}
    return RecordedDescriptions(together, sorted(concerned), len(changed))


def _said(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}


def _id(kind: type[Record], row: Row) -> str:
    if kind in ROLE_OF:
        return " ".join(row[column] for _, column in columns(kind))
    return str(row[f"{kind.prefix}id"])


def _owners(
    transaction: Transaction, kind: type[Record], rows: Rows, known: Mapping[Key, str]
) -> Sequence[str]:
    """Return the activity description of each of *rows*."""
    if kind not in ROLE_OF:
        owner = "ad_id" if kind is ActivityDescription else f"{kind.prefix}activitydescription_id"
        return [row[owner] for row in rows]
    role, (_, left) = ROLE_OF[kind], columns(kind)[0]
    ids = [row[left] for row in rows]
    missing = [id_ for id_ in ids if (role.table, id_) not in known]
    statement = SQL["owners"].format(table=role.table, prefix=role.prefix)
    held = {row.id: row.owner_id for row in transaction.rows(statement, ids=missing)} if missing else {}
    return [known.get((role.table, id_)) or held[id_] for id_ in ids]


def _remembered(transaction: Transaction, said: Mapping[Key, Any]) -> dict[Key, list[Row]]:
    keys = [{"td_table": table, "td_id": id_} for table, id_ in said]
    found = transaction.rows(SQL["remembered"], keys=json.dumps(keys))
    return {(row.td_table, row.td_id): [row.td_content] for row in found}


def _least(rows: Sequence[Row]) -> Row:
    """Return one row from all claims: the smallest value of each column, in any order of arrival."""
    names = {name: None for row in rows for name in row}
    return {name: min(row[name] for row in rows if name in row) for name in names}


def publish(transaction: Transaction, ids: Sequence[str]) -> Written:
    """Write the activity descriptions *ids* into the tables: from sets, otherwise from records."""
    written = Written()
    if not ids:
        return written
    recorded: dict[str, list[Row]] = defaultdict(list)
    for row in transaction.rows(SQL["recorded"], ids=list(ids)):
        recorded[row.td_table].append(row.td_content)
    said = {entry.ad_id: entry for entry in entries(transaction, ids=ids)}
    _publish_activities(transaction, ids, recorded[ActivityDescription.table], said, written)
    own = rows_of(record for entry in said.values() for record in entry.parts())
    for part in PARTS:
        renamed = _publish_parts(transaction, part, ids, recorded[part.kind.table], own[part.kind], written)
        for kind in (kind for kind, role in ROLE_OF.items() if role is part.kind):
            of_set = [_renamed(kind, row, renamed) for row in own[kind]]
            _relate(transaction, kind, part, set(renamed.values()), recorded[kind.table], of_set, written)
    return written


def _publish_activities(
    transaction: Transaction, ids: Sequence[str], recorded: Rows, said: Mapping[str, Entry], written: Written
) -> None:
    rows = {id_: {"ad_id": id_} for id_ in ids}
    rows |= {row["ad_id"]: row for row in recorded} | {id_: entry.row() for id_, entry in said.items()}
    texts = list(description_texts().values())
    statement = SQL["set_texts"].format(
        columns=", ".join(texts),
        held=", ".join(f"held.{name}" for name in texts),
        given=", ".join(f"given.{name}" for name in texts),
    )
    written.updated += transaction.execute(statement, rows=json.dumps(list(rows.values())))
    written.rows |= {(ActivityDescription.table, id_): row for id_, row in rows.items()}


def _publish_parts(
    transaction: Transaction, part: Part, ids: Sequence[str], recorded: Rows, said: Rows, written: Written
) -> dict[str, str]:
    """Write the roles or parameters of the activity descriptions *ids*.

    A role keeps the id from a record, because other rows may refer to it. Returns the ids of roles and
    parameters described in a set, by the ids that the set would give them.
    """
    shown_rows = {}
    for row in sorted(recorded, key=lambda row: str(row[part.key]), reverse=True):
        shown_rows[tuple(row[name] for name in part.natural)] = row
    renamed = {}
    for row in said:
        natural = tuple(row[name] for name in part.natural)
        shown_rows[natural] = row | {part.key: shown_rows.get(natural, row)[part.key]}
        renamed[row[part.key]] = shown_rows[natural][part.key]
    shown = list(shown_rows.values())
    _withdraw(transaction, part, ids, [row[part.key] for row in shown])
    write(transaction, part.kind, shown, written)
    written.rows |= {(part.kind.table, row[part.key]): row for row in shown}
    return renamed


def _withdraw(transaction: Transaction, part: Part, ids: Sequence[str], shown_rows: Sequence[str]) -> None:
    """Remove rows that no source describes any more."""
    values = {"table": part.kind.table, "key": part.key, "owner": part.natural[0]}
    gone = [
        row.id
        for row in transaction.rows(SQL["parts_gone"].format(**values), ids=list(ids), shown=list(shown_rows))
    ]
    if gone:
        values = {"table": part.described, "link": part.link}
        transaction.execute(SQL["unlink"].format(**values), ids=gone)
        withdraw(transaction, part.kind.table, part.key, gone)


def write(transaction: Transaction, kind: type[Record], rows: Rows, written: Written) -> None:
    """Write *rows* of one class, replacing stored rows."""
    if not rows:
        return
    names = [column for _, column in columns(kind)]
    statement = SQL["write"].format(
        table=kind.table,
        key=f"{kind.prefix}id",
        columns=", ".join(names),
        held=", ".join(f"held.{name}" for name in names),
        excluded=", ".join(f"excluded.{name}" for name in names),
    )
    [row] = transaction.rows(statement, rows=json.dumps(rows))
    written.new += row.new
    written.updated += row.updated


def _renamed(kind: type[Record], row: Row, ids: Mapping[str, str]) -> Row:
    (_, left), _ = columns(kind)
    return row | {left: ids[row[left]]}


def _relate(
    transaction: Transaction,
    kind: type[Record],
    part: Part,
    of_sets: set[str],
    recorded: Rows,
    said: Rows,
    written: Written,
) -> None:
    """Write the kinds of entity allowed in the written roles; a set lists all kinds of its roles."""
    (_, left), (_, right) = columns(kind)
    roles = {id_ for table, id_ in written.rows if table == part.kind.table}
    if not roles:
        return
    rows = [row for row in recorded if row[left] in roles - of_sets] + said
    statement = SQL["relate"].format(table=kind.table, left=left, right=right)
    written.new += transaction.rows(statement, rows=json.dumps(rows), ids=list(roles))[0].new
