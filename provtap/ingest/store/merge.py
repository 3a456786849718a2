"""Merges new rows with stored rows: by trust, or as a set."""

from collections.abc import Mapping, Sequence

from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.ingest.model.records import (
    Activity,
    Claim,
    ConfigFile,
    Entity,
    Parameter,
    Rank,
    Record,
    WasGeneratedBy,
    columns,
)
from provtap.ingest.store.counts import Counts
from provtap.ingest.store.staging import Rows, RowSource, of_themselves

SQL = load_statements("provtap.ingest.store", "merge.sql")


# How the most trusted claims are merged; columns not listed here get the smallest value.
_BEST = "FILTER (WHERE trust_order = 1)"
_BEST_ONE_OF_TWO = "FILTER (WHERE trust_order = 1 AND ed_class <> 'EntityDescription')"
_MERGES = {
    # A run lasts at least until its last product is written; an end before the start is ignored.
    "a_endtime": f"""CASE WHEN max(a_endtime) {_BEST} >= coalesce(min(a_starttime) {_BEST}, '-infinity')
                          THEN max(a_endtime) {_BEST} END""",
    # These are also used from less trusted claims: no record of a run has them, and an entity with members
    # is a collection.
    "a_comment": "min(a_comment)",
    "e_invalidatedattime": "max(e_invalidatedattime)",
    "e_class": f"""CASE WHEN bool_or(e_class = 'Collection') THEN 'Collection'
                        WHEN bool_or(e_value IS NOT NULL) {_BEST} THEN 'ValueEntity'
                        ELSE min(e_class) {_BEST} END""",
    "e_value": f"CASE WHEN NOT bool_or(e_class = 'Collection') THEN min(e_value) {_BEST} END",
    # A description of datasets has no datatype, a description of values no media type.
    "ed_class": f"""coalesce(min(ed_class) {_BEST_ONE_OF_TWO}, 'EntityDescription')""",
    **{
        name: f"""CASE WHEN NOT coalesce(bool_or(ed_class = 'DatasetDescription') {_BEST}, false)
                       THEN min({name}) {_BEST} END"""
        for name in ("ed_valuetype", "ed_unit", "ed_ucd", "ed_utype")
    },
}
_WIDEST = {"e_class": "Entity", "ed_class": "EntityDescription"}
# A changed role or name has another description, which `link` finds.
_ALSO: Mapping[type[Claim], str] = {
    WasGeneratedBy: ", wgb_generationdescription_id = NULL",
    Parameter: """, p_parameterdescription_id = CASE WHEN (held.p_activity_id, held.p_name)
                     = (excluded.p_activity_id, excluded.p_name) THEN held.p_parameterdescription_id END""",
    ConfigFile: """, cf_configfiledescription_id
                     = CASE WHEN (held.cf_activity_id, held.cf_name)
                               = (excluded.cf_activity_id, excluded.cf_name)
                            THEN held.cf_configfiledescription_id END""",
}
# The rank of things that are only stubs so far.
STUBS: Mapping[type[Claim], tuple[Rank, ...]] = {
    Activity: (Rank.HEADER, Rank.MENTION),
    Entity: (Rank.MENTION,),
}


def add(transaction: Transaction, kind: type[Record], source: RowSource, counts: Counts | None = None) -> int:
    """Add the rows of one class that are not stored; return their number, which *counts* only distributes."""
    names = [column for _, column in columns(kind)]
    if counts is None or not counts.shares:
        return add_rows(transaction, kind.table, names, source)
    subject = next(name for name in names if name.endswith("_id"))
    statement = SQL["add_shared"].format(
        table=kind.table, columns=", ".join(names), rows=source.rows, id=subject
    )
    [row] = transaction.rows(statement, **source.values)
    counts.share(kind, subject, new=row.ids, stored=row.ids)
    return int(row.new)


def add_rows(transaction: Transaction, table: str, names: Sequence[str], source: RowSource) -> int:
    """Add rows of *table* with the columns *names* that are not stored yet; return their number."""
    statement = SQL["add"].format(table=table, columns=", ".join(names), rows=source.rows)
    return transaction.execute(statement, **source.values)


def make_collections(transaction: Transaction, source: RowSource) -> int:
    """Turn entities with members into collections; return the number of changes."""
    return transaction.execute(SQL["make_collections"].format(rows=source.rows), **source.values)


def join(transaction: Transaction, kind: type[Claim], source: RowSource, counts: Counts) -> Sequence[str]:
    """Join the claims of one class, with their rank and claimant, with the stored rows and their ranks.

    Returns the ids of things described in a set (Rank.DESCRIBED), which are not changed.
    """
    names = [column for _, column in columns(kind)]
    stubs = ", ".join(str(int(rank)) for rank in STUBS.get(kind, ()))
    statement = SQL["join"].format(
        rows=source.rows,
        table=kind.table,
        key=kind.key,
        columns=", ".join(names),
        merged=", ".join(_merged(name, kind.key) for name in names),
        held=", ".join(f"held.{name}" for name in names),
        excluded=", ".join(f"excluded.{name}" for name in names),
        contradicted=", ".join(f"CASE WHEN {_differ(name)} THEN '{name}' END" for name in names),
        values=", ".join(f"({_merge(name)})::text" for name in names),
        stubs=stubs,
        new_ids=counts.ids("SELECT json_agg(id) FROM joined WHERE new"),
        updated_ids=counts.ids("SELECT json_agg(id) FROM joined WHERE NOT new"),
        stub_ids=counts.ids(
            f"SELECT json_agg({kind.key}) FROM best WHERE rank = ANY (ARRAY[{stubs}]::smallint[])"
        ),
        also=_ALSO.get(kind, ""),
    )
    [row] = transaction.rows(statement, **source.values)
    counts.add(row.new, row.updated, row.unchanged)
    counts.stubs += row.stubs
    stored = [*(row.new_ids or ()), *(row.updated_ids or ())]
    counts.share(kind, kind.key, new=row.new_ids, updated=row.updated_ids, stored=stored, stubs=row.stub_ids)
    counts.conflict(*(row.contradictions or []))
    return row.described or ()


def _merged(name: str, key: str) -> str:
    return name if name == key else f"{_merge(name)} AS {name}"


def join_new(
    transaction: Transaction, kind: type[Claim], rows: Rows, source: RowSource, counts: Counts
) -> None:
    """Do what `join` does, faster where things are described by their own record and are not stored yet."""
    new = add(transaction, kind, source, counts) if of_themselves(rows) else 0
    if new == len(rows):
        counts.add(new, 0)
    else:
        counts.add(new, 0, -new)
        join(transaction, kind, source, counts)


def _differ(name: str) -> str:
    # The general class Entity contradicts no other class.
    said = f"nullif({name}, '{_WIDEST[name]}')" if name in _WIDEST else name
    return f"count(DISTINCT {said}) > 1"


def _merge(name: str) -> str:
    return _MERGES.get(name, f"min({name}) {_BEST}")
