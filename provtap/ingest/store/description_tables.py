"""What records and sets of descriptions say of activities, and which of it the tables show.

What records say is remembered apart; where two differ, the lesser value counts, as elsewhere. The tables
follow from that and from the sets that are applied: what a set describes (an activity, a role, a parameter)
is as the set has it, wholly; everything else is as records have it. So it is no matter what came first.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.ingest.model.records import ActivityDescription, Record, columns
from provtap.ingest.store.description_links import PARTS, ROLE_OF, Entry, Part, entries, keep_claims, withdraw
from provtap.ingest.store.staging import Rows, rows_of

SQL = load_statements("provtap.ingest.store", "description_tables.sql")


KINDS: tuple[type[Record], ...] = (ActivityDescription, *(part.kind for part in PARTS), *ROLE_OF)
"""Descriptions of activities and what they are composed of, in the order to store them."""

_DRAFT = {"ad_id", "ad_name", "ad_version"}
"""Columns that say no more than that there is such an activity."""

Row = dict[str, Any]
Place = tuple[str, str]
"""A table of descriptions, and what tells one of its rows from another."""


@dataclass
class Written:
    """Rows of descriptions that were written, and what they say now, by table and id."""

    new: int = 0
    updated: int = 0
    rows: dict[Place, Row] = field(default_factory=dict)


@dataclass(frozen=True)
class Told:
    """What a document says of descriptions, with what earlier ones said."""

    rows: Mapping[Place, Sequence[Row]]
    """All that was said of one thing."""
    owners: Sequence[str]
    """The activity descriptions whose tables may have to change."""
    changed: int
    """How many things are said otherwise than before."""

    def contradictions(self, written: Written) -> Iterator[str]:
        """Yield a sentence for each value that was said and is not what the tables show."""
        for place, rows in sorted(self.rows.items()):
            kept = written.rows.get(place, {})
            lost = {name for row in rows for name, value in row.items() if value != kept.get(name, value)}
            for name in sorted(lost):
                if kept[name] is not None:
                    yield f"{place[1]} is told with another {name}; {kept[name]} is kept"


NOTHING = Told({}, (), 0)


@dataclass(frozen=True)
class Drafted:
    """What became of the activity descriptions that a document tells."""

    new: int = 0
    known: Mapping[str, str] = field(default_factory=dict)
    """The ids of those that the store knows by another one."""
    untold: bool = False
    """No record told of one of them before."""


def draft(transaction: Transaction, rows: Rows) -> Drafted:
    """Store that there are the activity descriptions *rows*; what they are, `publish` writes."""
    if not rows:
        return Drafted()
    [drafted] = transaction.rows(SQL["draft"], rows=json.dumps(rows))
    return Drafted(drafted.new, drafted.known or {}, drafted.untold)


def says_more(rows: Mapping[type[Record], Rows]) -> bool:
    """Tell whether *rows* describe anything, beyond that there is such an activity."""
    told = rows[ActivityDescription]
    return any(rows[kind] for kind in KINDS[1:]) or any(not _DRAFT.issuperset(_said(row)) for row in told)


def remember(transaction: Transaction, rows: Mapping[type[Record], Rows]) -> Told:
    """Keep what records say of descriptions, for `publish`; everything else in *rows* is passed over."""
    said: dict[Place, list[Row]] = {}
    owners: dict[Place, str] = {}
    for kind in filter(rows.get, KINDS):
        found = _owners(transaction, kind, rows[kind], owners)
        for row, owner in zip(rows[kind], found, strict=True):
            place = (kind.table, _id(kind, row))
            owners[place] = owner
            said.setdefault(place, []).append(_said(row))
    if not said:
        return NOTHING
    before = _remembered(transaction, said)
    together = {place: [*told, *before.get(place, ())] for place, told in said.items()}
    after = {place: _least(rows) for place, rows in together.items()}
    changed = [place for place, row in after.items() if [row] != before.get(place)]
    if changed:
        kept = [
            {
                "td_table": place[0],
                "td_id": place[1],
                "td_owner_id": owners[place],
                "td_content": after[place],
            }
            for place in changed
        ]
        keep_claims(transaction, kept)
    concerned = {owners[place] for place in said if place in changed or not _DRAFT.issuperset(after[place])}
    return Told(together, sorted(concerned), len(changed))


def _said(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}


def _id(kind: type[Record], row: Row) -> str:
    if kind in ROLE_OF:
        return " ".join(row[column] for _, column in columns(kind))
    return str(row[f"{kind.prefix}id"])


def _owners(
    transaction: Transaction, kind: type[Record], rows: Rows, known: Mapping[Place, str]
) -> Sequence[str]:
    """Return the activity description that each of *rows* is a part of."""
    if kind not in ROLE_OF:
        owner = "ad_id" if kind is ActivityDescription else f"{kind.prefix}activitydescription_id"
        return [row[owner] for row in rows]
    role, (_, left) = ROLE_OF[kind], columns(kind)[0]
    ids = [row[left] for row in rows]
    missing = [id_ for id_ in ids if (role.table, id_) not in known]
    statement = SQL["owners"].format(table=role.table, prefix=role.prefix)
    held = {row.id: row.owner_id for row in transaction.rows(statement, ids=missing)} if missing else {}
    return [known.get((role.table, id_)) or held[id_] for id_ in ids]


def _remembered(transaction: Transaction, said: Mapping[Place, Any]) -> dict[Place, list[Row]]:
    places = [{"td_table": table, "td_id": id_} for table, id_ in said]
    found = transaction.rows(SQL["remembered"], places=json.dumps(places))
    return {(row.td_table, row.td_id): [row.td_content] for row in found}


def _least(rows: Sequence[Row]) -> Row:
    """Make one row of what was said: of each column the least value, whatever came first."""
    names = {name: None for row in rows for name in row}
    return {name: min(row[name] for row in rows if name in row) for name in names}


def publish(transaction: Transaction, ids: Sequence[str]) -> Written:
    """Let the tables show what is known of the activity descriptions *ids*: by sets, else by records."""
    written = Written()
    if not ids:
        return written
    told: dict[str, list[Row]] = defaultdict(list)
    for row in transaction.rows(SQL["told"], ids=list(ids)):
        told[row.td_table].append(row.td_content)
    said = {entry.ad_id: entry for entry in entries(transaction, ids=ids)}
    _publish_activities(transaction, ids, told[ActivityDescription.table], said, written)
    own = rows_of(record for entry in said.values() for record in entry.parts())
    for part in PARTS:
        renamed = _publish_parts(transaction, part, ids, told[part.kind.table], own[part.kind], written)
        for kind in (kind for kind, role in ROLE_OF.items() if role is part.kind):
            of_set = [_renamed(kind, row, renamed) for row in own[kind]]
            _relate(transaction, kind, part, set(renamed.values()), told[kind.table], of_set, written)
    return written


def _publish_activities(
    transaction: Transaction, ids: Sequence[str], told: Rows, said: Mapping[str, Entry], written: Written
) -> None:
    rows = {id_: {"ad_id": id_} for id_ in ids}
    rows |= {row["ad_id"]: row for row in told} | {id_: entry.row() for id_, entry in said.items()}
    written.updated += transaction.execute(SQL["tell"], rows=json.dumps(list(rows.values())))
    written.rows |= {(ActivityDescription.table, id_): row for id_, row in rows.items()}


def _publish_parts(
    transaction: Transaction, part: Part, ids: Sequence[str], told: Rows, said: Rows, written: Written
) -> dict[str, str]:
    """Write the roles or parameters of the activity descriptions *ids*.

    A role keeps the id that a record gave it, since others may refer to that. Returns the ids of those that a
    set describes, by what the set would call them.
    """
    kept = {}
    for row in sorted(told, key=lambda row: str(row[part.key]), reverse=True):
        kept[tuple(row[name] for name in part.natural)] = row
    renamed = {}
    for row in said:
        natural = tuple(row[name] for name in part.natural)
        kept[natural] = row | {part.key: kept.get(natural, row)[part.key]}
        renamed[row[part.key]] = kept[natural][part.key]
    shown = list(kept.values())
    _withdraw(transaction, part, ids, [row[part.key] for row in shown])
    write(transaction, part.kind, shown, written)
    written.rows |= {(part.kind.table, row[part.key]): row for row in shown}
    return renamed


def _withdraw(transaction: Transaction, part: Part, ids: Sequence[str], kept: Sequence[str]) -> None:
    """Remove what nobody describes any more."""
    values = {"table": part.kind.table, "key": part.key, "owner": part.natural[0]}
    gone = [
        row.id for row in transaction.rows(SQL["parts_gone"].format(**values), ids=list(ids), kept=list(kept))
    ]
    if gone:
        values = {"table": part.described, "link": part.link}
        transaction.execute(SQL["unlink"].format(**values), ids=gone)
        withdraw(transaction, part.kind.table, part.key, gone)


def write(transaction: Transaction, kind: type[Record], rows: Rows, written: Written) -> None:
    """Write *rows* of one class, whatever was there."""
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
    told: Rows,
    said: Rows,
    written: Written,
) -> None:
    """Write which kinds of entity may have the roles that were written; a set knows all of its roles'."""
    (_, left), (_, right) = columns(kind)
    roles = {id_ for table, id_ in written.rows if table == part.kind.table}
    if not roles:
        return
    rows = [row for row in told if row[left] in roles - of_sets] + said
    statement = SQL["relate"].format(table=kind.table, left=left, right=right)
    written.new += transaction.rows(statement, rows=json.dumps(rows), ids=list(roles))[0].new
