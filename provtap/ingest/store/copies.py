"""Files that were read as copies of a generated file, recognised by checksum instead of location.

A copy remains a separate file. It was derived from the original, and `provext.copy` records that this was
found by checksum.
"""

import hashlib
import json
import re
from collections.abc import Container, Iterable, Mapping, Sequence

from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.ingest.model.records import (
    Activity,
    Entity,
    External,
    ExternalHash,
    Hash,
    Reading,
    Record,
    WasDerivedFrom,
    WasGeneratedBy,
)
from provtap.ingest.store.counts import Counts
from provtap.ingest.store.merge import add
from provtap.ingest.store.staging import Rows, RowSource, Stage

SQL = load_statements("provtap.ingest.store", "copies.sql")

EMPTY = [
    hashlib.new(name, usedforsecurity=False).hexdigest()
    for name in ("md5", "sha1", "sha256", "sha384", "sha512")
]
"""The digests of empty files, which all have the same content."""
_STAGED = re.compile(r"(?:file://)?/(?:[^/]+/)*stg[0-9a-f-]+/")
"""The beginning of a path in the folder of one step (cwltool and Toil), which differs in each step."""
_KEYS = ((Hash, "h_entity_id"), (Entity, "e_id"), (External, "e_id"), (WasGeneratedBy, "wgb_entity_id"))


def join_copies(
    transaction: Transaction, rows: Mapping[type[Record], Rows], stage: Stage, counts: Counts
) -> None:
    """Store checksums of files that were read, find the originals of copies, and warn if none is known."""
    if rows[ExternalHash]:
        add(transaction, ExternalHash, stage[ExternalHash])
    read = {row["rd_external_id"] for row in rows[Reading]} | {
        row["xh_entity_id"] for row in rows[ExternalHash]
    }
    externals = sorted(filter(None, read))
    if externals:
        _publish_hashes(transaction, externals, {row["xh_entity_id"] for row in rows[ExternalHash]}, counts)
    if rows[WasDerivedFrom]:
        tell_derivations(transaction, stage[WasDerivedFrom])
    entities = {row[key] for kind, key in _KEYS for row in rows[kind]}
    activities = {row["a_id"] for row in rows[Activity]} | {row["rd_activity_id"] for row in rows[Reading]}
    find_originals(transaction, {*entities, *externals}, activities, counts)
    counts.warnings += _unknown_copies(transaction, rows[Reading])


def _publish_hashes(
    transaction: Transaction, externals: Sequence[str], hashed: Container[str], counts: Counts
) -> None:
    """Store the checksums of *externals* that have become entities; this load has those of the *hashed*."""
    statement = SQL["publish_hashes"].format(
        new_ids=counts.ids("SELECT json_agg(h_entity_id) FROM published")
    )
    [published] = transaction.rows(statement, externals=json.dumps(externals))
    counts.add(published.new, 0)
    new = published.new_ids or ()
    counts.share(ExternalHash, "xh_entity_id", new=[id_ for id_ in new if id_ in hashed])
    counts.share(Reading, "rd_external_id", new=[id_ for id_ in new if id_ not in hashed])


def tell_derivations(transaction: Transaction, source: RowSource) -> None:
    """Mark derivations that a source states itself, so that they do not depend on checksums."""
    transaction.execute(SQL["tell"].format(rows=source.rows), **source.values)


def find_originals(
    transaction: Transaction, entities: Iterable[str], activities: Iterable[str], counts: Counts
) -> None:
    """Find originals of copies among *entities* and the files that *activities* used and generated."""
    if not transaction.rows(SQL["is_any_hash"])[0].found:
        return
    [row] = transaction.rows(
        SQL["find"],
        entities=json.dumps(sorted(entities)),
        activities=json.dumps(sorted(activities)),
        empty=EMPTY,
    )
    counts.add(row.new, 0)
    if row.parted:
        transaction.execute(SQL["part"], rows=row.parted)
    counts.warnings += [
        f"{copy} has the {algorithms} of {original}: it is stored as a copy of it"
        for copy, original, algorithms in row.joined or ()
    ]


def _unknown_copies(transaction: Transaction, rows: Rows) -> list[str]:
    """Return a warning for each activity that read files of unknown origin in a temporary folder."""
    staged = [row for row in rows if row["rd_url"] and _STAGED.match(row["rd_url"])]
    if not staged:
        return []
    return [
        f"{row.activity_id} read {row.url}{f' and {row.number - 1} more' if row.number > 1 else ''} in a"
        " temporary folder of a workflow engine, with an unknown producer: load the logs of all steps with"
        " --workflow-run, or the research object of the workflow"
        for row in transaction.rows(SQL["unknown_copies"], rows=json.dumps(staged))
    ]
