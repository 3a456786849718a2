"""Applies sets of descriptions to the store: reports the changes, and stores all of them or none."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

from provtap.config import Settings
from provtap.database.connect import Database, Transaction
from provtap.database.sql import load_statements
from provtap.errors import DocumentError
from provtap.ingest.descriptions.difference import difference
from provtap.ingest.descriptions.file import Descriptions, entity_class, read_descriptions
from provtap.ingest.documents.files import read_bytes
from provtap.ingest.model import identity
from provtap.ingest.model.records import EntityDescription
from provtap.ingest.store import staging
from provtap.ingest.store.described_agents import put_agents
from provtap.ingest.store.description_links import entries, link, withdraw
from provtap.ingest.store.description_tables import Written, draft, publish, withdraw_drafts, write
from provtap.ingest.store.transaction import alone, naming

SQL = load_statements("provtap.ingest.descriptions", "apply.sql")


@dataclass(frozen=True, kw_only=True)
class Described:
    """The result of applying one set of descriptions."""

    source: str
    name: str
    version: int
    before: int | None
    """The version that was replaced, if any."""
    lines: tuple[str, ...]
    """The changes: `+ activity ...`, `- ...`, `~ ...: type: a -> b`."""
    activities: int = 0
    """Number of activity descriptions to which the set applies."""
    linked: int = 0
    """Number of usages, generations, parameters and configuration files whose description changed."""
    warnings: tuple[str, ...] = ()


Finish = Callable[[Transaction, Described], None]
"""Called at the end of the transaction that applies a set."""


def describe(
    paths: Sequence[str | PathLike[str]], database: Database, settings: Settings, *, dry_run: bool = False
) -> list[Described]:
    """Apply the sets of descriptions at *paths* in one transaction, and report the changes.

    Stored records are linked to the descriptions at once, later records when they are ingested. With
    *dry_run* the report is the same, but nothing is stored.

    Raises: DocumentError, TooLarge, DatabaseUnavailable.
    """
    done: list[Described] = []
    given = [_read(path, settings) for path in paths]
    with alone(database, dry_run) as transaction:
        for source, descriptions in given:
            with naming(source):
                done.append(_apply(transaction, source, descriptions))
    return done


def describe_content(
    content: bytes, source: str, database: Database, *, dry_run: bool = False, finish: Finish
) -> None:
    """Apply the set of descriptions in a file with this *content*, and report it to *finish*.

    Raises: DocumentError, DatabaseUnavailable.
    """
    with naming(source):
        descriptions = read_descriptions(content)
        with alone(database, dry_run) as transaction:
            finish(transaction, _apply(transaction, source, descriptions))


def _read(path: str | PathLike[str], settings: Settings) -> tuple[str, Descriptions]:
    source = os.fsencode(path).decode(errors="replace")
    content = read_bytes(path, source, settings.document_bytes)
    with naming(source):
        return source, read_descriptions(content)


def _apply(transaction: Transaction, source: str, given: Descriptions) -> Described:
    content = given.content
    sets = {row.ds_name: row for row in transaction.rows(SQL["sets"])}
    held = sets.pop(given.name, None)
    report = Described(
        source=source,
        name=given.name,
        version=given.version,
        before=held.ds_version if held else None,
        lines=tuple(difference(held.ds_content if held else {}, content)),
        warnings=tuple(given.warnings()),
    )
    if held:
        _check_version(given, held.ds_version, bool(report.lines))
    if held and held.ds_content == content:
        return report
    _check_others(transaction, given, {name: row.ds_content for name, row in sets.items()})
    return _replace(transaction, report, held.ds_content if held else {}, given, content)


def _check_version(given: Descriptions, held: int, changes: bool) -> None:
    if given.version < held:
        raise given.wrong(
            (),
            f"version {given.version} of {given.name} is older than version {held}, which is already applied",
        )
    if given.version == held and changes:
        raise given.wrong(
            (),
            f"version {held} of {given.name} is already applied with other contents",
            f"Make it version {held + 1}.",
        )


def _check_others(transaction: Transaction, given: Descriptions, others: Mapping[str, Any]) -> None:
    """Reject a set that describes an activity or agent of another set."""
    names = [activity["name"] for activity in given.content["activities"]]
    owners = {
        (row.da_name, row.da_versions): row.da_set_name
        for row in transaction.rows(SQL["entry_owners"], names=names)
    }
    for place, activity in given.each("activities"):
        for versions in activity["versions"]:
            owner = owners.get((activity["name"], versions), given.name)
            if owner != given.name:
                described = f"the activity {activity['name']} {versions}"
                raise given.wrong(place, f"{described} is already described by the set {owner}")
    agents = {agent["id"]: name for name, content in others.items() for agent in content["agents"]}
    for place, agent in given.each("agents"):
        if owner := agents.get(agent["id"]):
            raise given.wrong(place, f"the agent {agent['id']} is already described by the set {owner}")


def _replace(
    transaction: Transaction,
    report: Described,
    held: Mapping[str, Any],
    given: Descriptions,
    content: Mapping[str, Any],
) -> Described:
    old_names = {activity["name"] for activity in held.get("activities", ())}
    names = sorted(old_names | {activity["name"] for activity in content["activities"]})
    before = entries(transaction, names=names)
    _keep(transaction, report.source, given)
    after = entries(transaction, names=names)
    _put_entities(transaction, given.name, content)
    put_agents(transaction, content["agents"], held.get("agents", ()))
    ids = sorted({entry.ad_id for entry in (*before, *after)})
    publish(transaction, ids)
    _withdraw_drafts(transaction, held, content)
    _withdraw_entities(transaction, held, given)
    return Described(
        source=report.source,
        name=report.name,
        version=report.version,
        before=report.before,
        lines=report.lines,
        activities=sum(entry.set_name == given.name for entry in after),
        linked=link(transaction, descriptions=ids),
        warnings=report.warnings,
    )


def _keep(transaction: Transaction, source: str, given: Descriptions) -> None:
    """Store the set for later records, and the versions that it names."""
    rows = [
        {"da_name": said["name"], "da_versions": versions, "da_set_name": given.name, "da_content": said}
        for said in given.content["activities"]
        for versions in said["versions"]
    ]
    transaction.execute(
        SQL["keep_set"],
        name=given.name,
        version=given.version,
        content=json.dumps(given.content),
        source=source,
    )
    transaction.execute(SQL["forget_entries"], name=given.name)
    transaction.execute(SQL["keep_entries"], rows=json.dumps(rows))
    _draft(transaction, rows)


def _draft(transaction: Transaction, entries_: Sequence[Mapping[str, Any]]) -> list[str]:
    """Draft a description for each named version; return their ids."""
    drafts = [
        {
            "ad_id": identity.activity_description(row["da_name"], row["da_versions"]),
            "ad_name": row["da_name"],
            "ad_version": row["da_versions"],
        }
        for row in entries_
        if not row["da_versions"].endswith("*")
    ]
    known = draft(transaction, drafts).known
    return [known.get(row["ad_id"], row["ad_id"]) for row in drafts]


def _withdraw_drafts(transaction: Transaction, held: Mapping[str, Any], content: Mapping[str, Any]) -> None:
    """Remove drafts of versions that the set no longer names, unless a record or an activity uses them."""
    gone = _named(held) - _named(content)
    if gone:
        ids = [identity.activity_description(name, version) for name, version in gone]
        withdraw_drafts(transaction, ids)


def _named(content: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(a["name"], version) for a in content.get("activities", ()) for version in a["versions"]}


def apply_again(transaction: Transaction) -> None:
    """Write the descriptions of all applied sets into empty tables, before records are stored again."""
    for row in transaction.rows(SQL["sets"]):
        _put_entities(transaction, row.ds_name, row.ds_content)
        put_agents(transaction, row.ds_content["agents"])
    entries_ = [row._asdict() for row in transaction.rows(SQL["all_entries"])]
    publish(transaction, _draft(transaction, entries_))


def _put_entities(transaction: Transaction, name: str, said: Mapping[str, Any]) -> None:
    """Write the kinds of entity that the set *name* describes."""
    records = [
        EntityDescription(
            id=identity.entity_description(name, entity["name"]),
            class_=entity_class(entity["content_type"], entity["value_type"]),
            **entity,
        )
        for entity in said["entities"]
    ]
    write(transaction, EntityDescription, staging.rows_of(records)[EntityDescription], Written())


def _withdraw_entities(transaction: Transaction, held: Mapping[str, Any], given: Descriptions) -> None:
    remaining = {entity["name"] for entity in given.content["entities"]}
    gone = [entity["name"] for entity in held.get("entities", ()) if entity["name"] not in remaining]
    ids = {identity.entity_description(given.name, name): name for name in gone}
    used = transaction.one(SQL["entities_described"], ids=list(ids))
    if used:
        name = ids[used.e_entitydescription_id]
        raise DocumentError(f"the entity {name} cannot be removed: it describes {used.e_id}")
    withdraw(transaction, EntityDescription.table, "ed_id", ids)
