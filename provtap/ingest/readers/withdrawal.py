"""Withdrawals and their ends: one JSON object that names entities, written by `provtap.ingest.withdrawals`.

    {"provtap_withdrawal": 1, "withdraw": ["urn:x:flat"], "kind": "defective", "reason": "Lamp failed.",
     "since": "2026-11-02T00:00:00", "time": "2026-11-29T10:00:00", "successor": "urn:x:flat2",
     "agent": {"id": "urn:x:maria", "name": "Maria"}}

With `reinstate` instead of `withdraw` it ends the withdrawals of these entities.
"""

import hashlib
import re
from collections.abc import Generator, Iterator
from datetime import datetime

from provtap.errors import DocumentError, nearest
from provtap.ingest.model import identity
from provtap.ingest.model.identity import MAX_BYTES, NAME_BYTES
from provtap.ingest.model.records import (
    Activity,
    ActivityDescription,
    Agent,
    Entity,
    Rank,
    Record,
    RecordSet,
    Reinstatement,
    Relation,
    WasAssociatedWith,
    Withdrawal,
)
from provtap.ingest.parsing.bounded import NO_LIMIT, refuse_beyond
from provtap.ingest.parsing.json import parse
from provtap.ingest.parsing.node import Node

MARK = "provtap_withdrawal"
VERSION = 1
KINDS = ("defective", "superseded", "embargoed", "lost")
"""The kinds of withdrawals."""
_START = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"provtap_withdrawal"\s*:')


def looks_like(content: bytes) -> bool:
    """Return whether *content* begins with a withdrawal."""
    return _START.match(content) is not None


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the records of one withdrawal or reinstatement of at most *most* entities.

    Raises: DocumentError.
    """
    values = list(parse(content))
    if len(values) != 1:
        raise DocumentError("there must be one withdrawal in the document")
    node = Node(values[0], "$")
    version = node[MARK].whole_number()
    if version != VERSION:
        raise DocumentError(f"{node[MARK].path} is {version}; supported is {VERSION}", hint="Update ProvTAP.")
    if ("withdraw" in node) == ("reinstate" in node):
        raise DocumentError("the document must have either withdraw or reinstate")
    digest = hashlib.sha256(content).hexdigest()
    make = _withdrawal if "withdraw" in node else _reinstatement
    records = []
    for record in make(node, identity.withdrawal(digest)):
        records.append(record)
        refuse_beyond(most, len(records))
    yield RecordSet(None, digest, tuple(records))


def _withdrawal(node: Node, activity_id: str) -> Iterator[Record]:
    kind = node["kind"].given_text()
    if kind not in KINDS:
        raise DocumentError(f"{node['kind'].path} is {kind[:60]!r}", hint=nearest(kind, KINDS))
    reason, time = node["reason"].given_text(), _time(node)
    since = node["since"].instant() or time
    agent = yield from _act(node, activity_id, "withdrawal", "Withdrawal", reason)
    successor = node["successor"].text(MAX_BYTES) or None
    if successor:
        yield Entity(rank=Rank.MENTION, id=successor)
    for entity_id in _ids(node["withdraw"]):
        yield Entity(rank=Rank.MENTION, id=entity_id)
        yield Relation(kind="wasInvalidatedBy", subject_id=entity_id, object_id=activity_id)
        yield Withdrawal(
            activity_id=activity_id,
            entity_id=entity_id,
            kind=kind,
            reason=reason,
            since=since,
            time=time,
            successor_id=successor,
            agent_id=agent,
        )


def _reinstatement(node: Node, activity_id: str) -> Iterator[Record]:
    yield from _act(node, activity_id, "reinstatement", "Reinstatement", node["reason"].text())
    for entity_id in _ids(node["reinstate"]):
        yield Entity(rank=Rank.MENTION, id=entity_id)
        yield Reinstatement(activity_id=activity_id, entity_id=entity_id, time=_time(node))


def _act(
    node: Node, activity_id: str, name: str, type_: str, reason: str | None
) -> Generator[Record, None, str]:
    """Yield the activity and the responsible agent, whose id is returned."""
    time = _time(node)
    agent = node["agent"]["id"].given_text(MAX_BYTES)
    description = ActivityDescription(id=identity.activity_description(name, None), name=name, type=type_)
    yield description
    yield Activity(
        id=activity_id,
        name=name,
        start_time=time,
        end_time=time,
        comment=reason,
        activity_description_id=description.id,
    )
    yield Agent(rank=Rank.MENTION, id=agent, name=node["agent"]["name"].text(NAME_BYTES) or agent)
    yield WasAssociatedWith(activity_id=activity_id, agent_id=agent, role="Operator")
    return agent


def _ids(node: Node) -> Iterator[str]:
    """Yield the distinct ids of the array *node*."""
    found = dict.fromkeys(each.given_text(MAX_BYTES) for each in node.items())
    if not found:
        raise DocumentError(f"{node.path} names nothing")
    yield from found


def _time(node: Node) -> datetime:
    node["time"].given_text()
    time = node["time"].instant()
    assert time is not None
    return time
