"""Merges the checked rows of a script into the tables."""

from collections.abc import Mapping
from typing import Any

from provtap.ingest.model.records import (
    Activity,
    ActivityDescription,
    Agent,
    Claim,
    Entity,
    EntityDescription,
    Record,
    WasDerivedFrom,
    WasGeneratedBy,
    columns,
)
from provtap.ingest.scripts.checks import same
from provtap.ingest.scripts.tables import ARTEFACTS, SQL, SqlTable, Staging, wrong
from provtap.ingest.store.copies import find_originals, tell_derivations
from provtap.ingest.store.counts import Counts
from provtap.ingest.store.described_agents import wait
from provtap.ingest.store.description_links import PARTS, link
from provtap.ingest.store.description_tables import KINDS, draft, publish, remember
from provtap.ingest.store.merge import add_rows, join
from provtap.ingest.store.products import link_entities
from provtap.ingest.store.staging import Rows, RowSource

_CLAIMS: tuple[type[Claim], ...] = (EntityDescription, Agent, Entity, Activity, WasGeneratedBy)
_LINKS = {part.link for part in PARTS}
_CLAIMANT: Mapping[type[Claim], str] = {
    # Of two generations one is used as a whole; other claims are merged. A record takes precedence.
    WasGeneratedBy: "'~' || wgb_activity_id || ' ' || coalesce(wgb_role, '')",
}
_LATER_SETS = (
    "provenance.wasderivedfrom", "provenance.wasinformedby", "provenance.hadmember",
    "provenance.wasassociatedwith", "provenance.wasattributedto", "provenance.parameter",
    "provenance.configfile", "provext.alias", "provext.location", "provext.hash", "provext.run",
    "provext.attempt", "provext.relation", "provext.rights", "provext.agent_id", "provext.copy",
)  # fmt: skip
_FOLLOWS = "provext.product"
"""Ignored in a script, where pg_dump writes it, because it is determined by other tables."""
_MOST_WARNINGS = 20

_ACTIVITY_COLUMNS = {
    "provenance.activity": "a_id",
    "provenance.used": "u_activity_id",
    "provenance.wasgeneratedby": "wgb_activity_id",
    "provenance.parameter": "p_activity_id",
    "provenance.configfile": "cf_activity_id",
}
_CONTENT_COLUMNS = {
    "provenance.entity": "e_id",
    "provenance.wasgeneratedby": "wgb_entity_id",
    "provext.hash": "h_entity_id",
    "provext.alias": "al_entity_id",
    "provext.location": "loc_entity_id",
}


def merge(staging: Staging) -> Counts:
    """Store the staged rows, referenced rows before rows that refer to them.

    Raises: DocumentError for a violated rule that involves stored rows.
    """
    counts = Counts()
    _merge_claims(staging, EntityDescription, counts)
    _describe(staging, counts)
    for kind in _CLAIMS[1:]:
        _merge_claims(staging, kind, counts)
    _merge_usages(staging, counts)
    if derived := staging.tables.get(WasDerivedFrom.table):
        tell_derivations(staging.transaction, RowSource(derived.staged))
    for name in _LATER_SETS:
        _add(staging, name, counts)
    _link(staging)
    _join_files(staging, counts)
    _check_stored(staging)
    for table in staging.tables.values():
        if table.full_name not in (ARTEFACTS, _FOLLOWS):
            _compare(staging, table, counts)
    return counts


def _join_files(staging: Staging, counts: Counts) -> None:
    """Find originals of copies, and products of observations, among the things of the script."""
    entities, activities = (
        {
            row.id
            for name, column in columns.items()
            if name in staging.tables
            for row in staging.transaction.rows(
                f"SELECT DISTINCT {column} AS id FROM {staging.tables[name].staged}"
            )
        }
        for columns in (_CONTENT_COLUMNS, _ACTIVITY_COLUMNS)
    )
    find_originals(staging.transaction, entities, activities, counts)
    link_entities(staging.transaction, entities)


def _columns(table: SqlTable) -> list[str]:
    """Return the columns that a script may fill, without those that `link` sets."""
    return [name for name in table.names() if name not in _LINKS]


def _merge_claims(staging: Staging, kind: type[Claim], counts: Counts) -> None:
    table = staging.tables.get(kind.table)
    if table is None:
        return
    names = [column for _, column in columns(kind)]
    claimant = _CLAIMANT.get(kind, "'~'")
    recorded = (
        f'(SELECT 0::smallint AS rank, ({claimant})::text COLLATE "C" AS claimant, {", ".join(names)}'
        f" FROM {table.staged})"
    )
    described = join(staging.transaction, kind, RowSource(recorded), counts)
    if described:
        claims = [row | {"rank": 0, "claimant": "~"} for row in _staged(staging, kind)]
        wait(staging.transaction, claims, described)
    for column in set(_columns(table)) - (set(names) - {"a_comment", "e_invalidatedattime"}):
        staging.transaction.execute(
            SQL["complete"].format(table=kind.table, staged=table.staged, column=column, key=kind.key)
        )


def _describe(staging: Staging, counts: Counts) -> None:
    """Store descriptions of activities, beside those from files of descriptions."""
    rows = {kind: _staged(staging, kind) for kind in KINDS if kind.table in staging.tables}
    if drafts := rows.get(ActivityDescription):
        staging.transaction.execute(SQL["replace_drafts"])
        counts.new += len(draft(staging.transaction, drafts).new)
    recorded = remember(staging.transaction, rows)
    written = publish(staging.transaction, recorded.owners)
    counts.add(written.new, written.updated, sum(map(len, rows.values())) - recorded.changed)


def _staged(staging: Staging, kind: type[Record]) -> Rows:
    names = [column for _, column in columns(kind)]
    found = staging.transaction.rows(f"SELECT {', '.join(names)} FROM {staging.tables[kind.table].staged}")
    return [row._asdict() for row in found]


def _number(staging: Staging, table: SqlTable) -> int:
    return int(staging.first("count", staged=table.staged).number)


def _add(staging: Staging, name: str, counts: Counts) -> None:
    table = staging.tables.get(name)
    if table is None:
        return
    new = add_rows(staging.transaction, name, _columns(table), RowSource(table.staged))
    counts.add(new, 0, _number(staging, table) - new)


def _merge_usages(staging: Staging, counts: Counts) -> None:
    table = staging.tables.get("provenance.used")
    if table is None:
        return
    staging.transaction.execute(SQL["read_staged"].format(staged=table.staged))
    timed = SQL["time_usages"].format(staged=table.staged, same=same(table, table.keys[0]))
    updated = staging.transaction.execute(timed)
    counts.add(0, updated, -updated)
    _add(staging, table.full_name, counts)


def _link(staging: Staging) -> None:
    """Link the rows of the script, and stored rows of activities described in it, to descriptions."""
    activities = [
        f"SELECT {column} FROM {staging.tables[name].staged}"
        for name, column in _ACTIVITY_COLUMNS.items()
        if name in staging.tables
    ]
    described = [
        f"SELECT {part.natural[0]} FROM {staging.tables[part.kind.table].staged}"
        for part in PARTS
        if part.kind.table in staging.tables
    ]
    if not (activities or described):
        return
    none = "SELECT NULL WHERE false"
    names = {"activities": " UNION ".join(activities) or none, "described": " UNION ".join(described) or none}
    # The planner needs statistics of them; otherwise it reads whole tables for a few rows.
    for name in ("concerned_ids", "concerned"):
        staging.transaction.execute(SQL[name].format(**names))
    link(staging.transaction, concerned="pg_temp.concerned")
    staging.transaction.execute(SQL["drop_concerned"])


def _check_stored(staging: Staging) -> None:
    """Check rules that involve several tables, after all are filled."""
    table = staging.tables.get("provenance.used")
    if table and (row := staging.first("wrong_time", staged=table.staged)):
        raise wrong(table, row, f"{row.u_time} is outside the time of the activity {row.activity}")
    table = staging.tables.get("provenance.entity")
    if table and (row := staging.first("wrong_class", staged=table.staged)):
        raise wrong(table, row, f"a {row.e_class} cannot be described by a {row.ed_class}")
    for part in PARTS:
        table = staging.tables.get(part.described)
        if table and (row := _difference(staging, table, [part.link], 1)):
            sentence = f"{row[0].said} is not a description of this role or name of its activity"
            raise wrong(table, row[0], sentence)


def _compare(staging: Staging, table: SqlTable, counts: Counts) -> None:
    """Warn about rows that differ from stored rows."""
    names = [name for name in _columns(table) if name not in table.keys[0]]
    found = _difference(staging, table, names, _MOST_WARNINGS)
    counts.conflict(
        *(
            f"line {row.at_line}, row {row.at_row} of {table.full_name}:"
            f" {row.said} was ignored; the store has {row.stored}"
            for row in found
        )
    )
    if found and found[0].number > len(found):
        counts.conflict(f"{found[0].number - len(found)} more rows of {table.full_name} differ")


def _difference(staging: Staging, table: SqlTable, names: list[str], most: int) -> list[Any]:
    """Return rows that differ from the stored rows in one of the columns *names*."""
    if not names:
        return []
    differs = {
        name: f"staged.{name} IS NOT NULL AND staged.{name} IS DISTINCT FROM held.{name}" for name in names
    }
    statement = SQL["differing"].format(
        staged=table.staged,
        table=table.full_name,
        said=_cells(differs, "'{0} ' || left(staged.{0}::text, 100)"),
        stored=_cells(differs, "'{0} ' || coalesce(left(held.{0}::text, 100), 'nothing')"),
        same=same(table, table.keys[0]),
        differs=" OR ".join(f"({condition})" for condition in differs.values()),
    )
    return staging.transaction.rows(statement, most=most)


def _cells(differs: Mapping[str, str], cell: str) -> str:
    shown = (f"CASE WHEN {condition} THEN {cell.format(name)} END" for name, condition in differs.items())
    return f"concat_ws(', ', {', '.join(shown)})"
