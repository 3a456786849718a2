"""Provenance logs of KM3NeT's thepipe: JSON arrays of activities, each with the name of its parent.

Names follow thepipe/provenance.py, release 1.3.9.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime

from provtap.errors import DocumentError
from provtap.ingest.model import identity
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES, file_name
from provtap.ingest.model.records import (
    Activity,
    ActivityDescription,
    Entity,
    External,
    Location,
    Rank,
    Reading,
    Record,
    RecordSet,
    Run,
    WasAssociatedWith,
    WasGeneratedBy,
    WasInformedBy,
    Writing,
)
from provtap.ingest.parsing.bounded import NO_LIMIT, refuse_beyond
from provtap.ingest.parsing.json import canonical, parse
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.ctapipe.configuration import parameters
from provtap.ingest.readers.ctapipe.system import operator

_MARKS = (re.compile(rb'"uuid"\s*:'), re.compile(rb'"parent_activity"\s*:'))


def looks_like(content: bytes) -> bool:
    """Return whether *content* is JSON with activities that have a parent."""
    starts = content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"[", b"{"))
    return starts and all(mark.search(content) for mark in _MARKS)


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the records of each activity of a log that was written at *site*, at most *most*.

    Raises: DocumentError, with the path within the array.
    """
    [array, *others] = parse(content, as_python=True)
    if others:
        raise DocumentError("a log of thepipe is one array, but there are several values in a row")
    count = 0
    for node in Node([array] if isinstance(array, dict) else array, "").items():
        activity = _Activity(node, site)
        records = tuple(activity.records())
        count += len(records)
        refuse_beyond(most, count)
        digest = hashlib.sha256(canonical([site, node.value]).encode()).hexdigest()
        yield RecordSet(activity.id, digest, records, tuple(activity.warnings))


class _Activity:
    """The record of one activity."""

    def __init__(self, node: Node, site: str) -> None:
        self._node = node
        self._site = site
        self.warnings: list[str] = []
        self.id = _id(node["uuid"])
        started = node["start"]["time_utc"]
        started.given_text()
        start, end = started.instant(), node["stop"]["time_utc"].instant()
        if start is None:
            raise DocumentError(f"{started.path} is not a time")
        if end and end < start:
            self.warnings.append(f"{self.id} ends at {end}, before it starts: the end was ignored")
            end = None
        self._start: datetime = start
        self._end = end

    def records(self) -> Iterator[Record]:
        """Yield the activity, its status, its parent, its files and its configuration."""
        node = self._node
        system = node["system"]
        name = node["name"].given_text(NAME_BYTES)
        version = system["thepipe_version"].text(ROLE_BYTES)
        described = identity.activity_description(name, version)
        yield ActivityDescription(id=described, name=name, version=version)
        yield Activity(
            id=self.id,
            name=name,
            start_time=self._start,
            end_time=self._end,
            activity_description_id=described,
        )
        yield Run(
            activity_id=self.id,
            status=node["status"].text(ROLE_BYTES),
            host=system["platform"]["node"].text(NAME_BYTES),
            duration=(self._end - self._start).total_seconds() if self._end else None,
        )
        if node["parent_activity"].value and (parent := _id(node["parent_activity"])) != self.id:
            yield Activity(rank=Rank.MENTION, id=parent)
            yield WasInformedBy(informed_id=self.id, informant_id=parent)
        if agent := operator(self._site, system):
            yield agent
            yield WasAssociatedWith(activity_id=self.id, agent_id=agent.id, role="Operator")
        for file in node["input"].items():
            yield from self._used(file)
        for file in node["output"].items():
            yield from self._generated(file)
        configuration, warnings = parameters(self.id, node["configuration"], Node(None, "arguments"))
        self.warnings += warnings
        yield from configuration

    def _used(self, file: Node) -> Iterator[Record]:
        url, role = file["url"].given_text(), file["comment"].text(ROLE_BYTES) or None
        if file["uuid"].value:
            id = _id(file["uuid"])
            yield Entity(rank=Rank.MENTION, id=id, name=file_name(url), location=url)
            yield Reading(activity_id=self.id, role=role, entity_id=id)
            return
        storage = identity.storage(url, self._site)
        external = identity.external(storage, url)
        yield External(id=external, name=file_name(url), location=url)
        yield Reading(
            activity_id=self.id,
            role=role,
            storage=storage,
            url=url,
            time=self._start,
            external_id=external,
        )

    def _generated(self, file: Node) -> Iterator[Record]:
        url, role = file["url"].given_text(), file["comment"].text(ROLE_BYTES) or None
        storage = identity.storage(url, self._site)
        id = _id(file["uuid"]) if file["uuid"].value else identity.output(self.id, role, url)
        written = self._end or self._start
        yield Entity(id=id, name=file_name(url), location=url, generated_at_time=written)
        yield Location(entity_id=id, url=url, storage=storage)
        yield WasGeneratedBy(entity_id=id, activity_id=self.id, role=role)
        yield Writing(
            activity_id=self.id,
            entity_id=id,
            storage=storage,
            url=url,
            time=written,
            external_id=identity.external(storage, url),
        )


def _id(node: Node) -> str:
    node.given_text()
    return identity.given(node.uuid() or "")
