"""Derives rows from all stored records: the files that activities read, names of files, ends of entities."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping

from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.ingest.model.records import (
    Activity,
    Entity,
    External,
    Invalidation,
    Reading,
    Record,
    WasInformedBy,
    Writing,
    columns,
)
from provtap.ingest.store.amendments import invalidate
from provtap.ingest.store.counts import Counts
from provtap.ingest.store.merge import add
from provtap.ingest.store.staging import Rows, RowSource, Stage

SQL = load_statements("provtap.ingest.store", "usages.sql")


def end_entities(
    transaction: Transaction, rows: Mapping[type[Record], Rows], stage: Stage, counts: Counts
) -> None:
    """Set the end of entities that were invalidated."""
    if rows[Invalidation]:
        add(transaction, Invalidation, stage[Invalidation])
    updated, lost = invalidate(transaction, rows)
    counts.add(0, updated)
    counts.conflict(*lost)


def resolve_readings(
    transaction: Transaction, rows: Mapping[type[Record], Rows], stage: Stage, counts: Counts
) -> set[str]:
    """Update usages, files without producer and aliases from the stored readings and writings.

    Returns the activities whose usages may have changed.
    """
    if rows[Writing]:
        add(transaction, Writing, stage[Writing])
    if rows[Reading]:
        add_readings(transaction, rows[Reading], stage[Reading], counts)
    moved: set[str] = set()
    if rows[Writing] or rows[WasInformedBy] or any(row["rd_told_id"] is None for row in rows[Reading]):
        moved = resolve(transaction, stage, counts)
    activities = {row["a_id"] for row in rows[Activity]} | {row["rd_activity_id"] for row in rows[Reading]}
    activities |= moved
    _time_usages(transaction, activities, counts)
    if rows[Writing]:
        source = stage[Writing]
        statement = SQL["alias"].format(
            rows=source.rows,
            new_ids=counts.ids("SELECT json_agg(al_entity_id) FROM aliased WHERE new"),
            updated_urls=counts.ids(
                "SELECT json_agg(al_value) FROM aliased WHERE NOT new AND al_kind = 'path'"
            ),
            updated_ids=counts.ids("SELECT json_agg(al_value) FROM aliased WHERE NOT new AND al_kind = 'id'"),
        )
        [aliases] = transaction.rows(statement, **source.values)
        counts.add(aliases.new, aliases.updated)
        counts.share(Writing, "wr_entity_id", new=aliases.new_ids)
        # The alias that ends may belong to a file that an earlier document wrote to the same location.
        counts.share(Writing, "wr_url", updated=aliases.updated_urls)
        counts.share(Writing, "wr_external_id", updated=aliases.updated_ids)
    return activities


def _time_usages(transaction: Transaction, activities: Iterable[str], counts: Counts) -> None:
    """Set the times of the usages of *activities*."""
    statement = SQL["time_usages"].format(
        updated_ids=counts.ids("SELECT json_agg(u_activity_id) FROM updated")
    )
    [timed] = transaction.rows(statement, activities=json.dumps(sorted(activities)))
    counts.add(0, timed.updated)
    counts.share(Reading, "rd_activity_id", updated=timed.updated_ids)


def add_readings(transaction: Transaction, rows: Rows, source: RowSource, counts: Counts) -> None:
    """Store readings; those with an id are stored as usages, too."""
    names = ", ".join(column for _, column in columns(Reading))
    statement = SQL["read"].format(
        columns=names,
        rows=source.rows,
        added_ids=counts.ids("SELECT json_agg(rd_activity_id) FROM added"),
        used_ids=counts.ids("SELECT json_agg(u_activity_id) FROM used"),
    )
    [row] = transaction.rows(statement, **source.values)
    counts.add(row.used, 0, len(rows) - row.new)
    counts.share(Reading, "rd_activity_id", new=row.used_ids, stored=row.added_ids)


def resolve(transaction: Transaction, stage: Stage, counts: Counts) -> set[str]:
    """Find the entity of each affected reading again; return the activities with changed usages."""
    writings, externals, steps = stage[Writing], stage[External], stage[WasInformedBy]
    statement = SQL["resolve_readings"].format(
        columns=", ".join(column for _, column in columns(Entity)),
        writings=writings.rows.replace("%(rows)", "%(writings)"),
        externals=externals.rows.replace("%(rows)", "%(externals)"),
        steps=steps.rows.replace("%(rows)", "%(steps)"),
        appeared_ids=counts.ids(
            "SELECT json_agg(id) FROM (SELECT e_id FROM appeared UNION ALL TABLE located) AS entities (id)"
        ),
        used_ids=counts.ids("SELECT json_agg(u_activity_id) FROM used"),
        moved_urls=counts.ids("SELECT json_agg(rd_url) FROM changed WHERE was_id IS NOT NULL"),
        stub_ids=counts.ids("SELECT json_agg(entity_id) FROM resolved WHERE entity_id = rd_external_id"),
    )
    values = {
        "writings": writings.values.get("rows"),
        "externals": externals.values.get("rows"),
        "steps": steps.values.get("rows"),
    }
    [row] = transaction.rows(statement, **values)
    counts.add(row.new, row.updated)
    counts.stubs += row.stubs
    moved = [usage["u_activity_id"] for usage in json.loads(row.moved or "[]")]
    used = Counter(row.used_ids) - Counter(moved)
    counts.share(Reading, "rd_activity_id", new=used.elements())
    counts.share(External, "e_id", new=row.appeared_ids, stubs=set(row.stub_ids or ()))
    counts.share(Writing, "wr_url", updated=row.moved_urls)
    if row.moved:
        transaction.execute(SQL["take_back"], rows=row.moved, external_ids=row.external_ids)
    return set(moved)


def second_generators(transaction: Transaction, source: RowSource) -> list[str]:
    """Return a sentence for each entity of the writings in *sent* that other activities wrote as well."""
    found = transaction.rows(SQL["second_generators"].format(rows=source.rows), **source.values)
    return [
        f"{row.entity_id} was generated by {row.stored_id};"
        f" the later claim of {', '.join(sorted(set(row.activity_ids) - {row.stored_id}))} was ignored"
        for row in found
    ]
