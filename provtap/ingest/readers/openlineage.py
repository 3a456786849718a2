"""Events of OpenLineage 1 and 2, sent by Airflow, Spark, dbt and others about their runs.

The events of a run arrive one by one, in any order and repeatedly; each describes a part of one activity. A
file has one event, one event on each line, or an array of events.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from provtap.errors import DocumentError
from provtap.ingest.model import identity
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES, file_name
from provtap.ingest.model.records import (
    Activity,
    ActivityDescription,
    Agent,
    Alias,
    Entity,
    External,
    Location,
    Parameter,
    Rank,
    Reading,
    Record,
    RecordSet,
    Run,
    WasAssociatedWith,
    WasAttributedTo,
    WasGeneratedBy,
    WasInformedBy,
    Writing,
)
from provtap.ingest.parsing.bounded import NO_LIMIT, refuse_beyond
from provtap.ingest.parsing.json import canonical, parse
from provtap.ingest.parsing.node import Node

_MARKS = tuple(
    re.compile(mark)
    for mark in (rb'"eventTime"\s*:', rb'"(?:producer|eventType)"\s*:', rb'"(?:run|job|dataset)"\s*:')
)
_LOOK = 1 << 18
"""Bytes at the start that are searched for the marks: facets may be long."""
_ENDS = {"COMPLETE": "completed", "FAIL": "error", "ABORT": "interrupted"}
_TYPES = ("START", "RUNNING", "OTHER", *_ENDS)
_LOCAL = {"file", "file:", "file://"}
"""Namespaces of files at the site of the sender."""
_MOMENT = timedelta(microseconds=1)


def looks_like(content: bytes) -> bool:
    """Return whether *content* is JSON with the marks of an event."""
    start = content[:_LOOK].removeprefix(b"\xef\xbb\xbf").lstrip()
    return start[:1] in (b"{", b"[") and all(mark.search(start) for mark in _MARKS)


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the single set of records of all events, at most *most* records.

    Raises: DocumentError, with the path within the document.
    """
    records: list[Record] = []
    warnings: list[str] = []
    about_no_run = 0
    for event in _events(content):
        _check(event)
        if event["run"].value is None:
            about_no_run += 1
            continue
        records += _Event(event, site, warnings).records()
        refuse_beyond(most, len(records))
    if about_no_run and records:
        warnings.append(f"{about_no_run} events do not belong to a run: they are kept in the document only")
    digest = hashlib.sha256(content).hexdigest()
    yield RecordSet(None, digest, tuple(records), tuple(dict.fromkeys(warnings)))


def _events(content: bytes) -> Iterator[Node]:
    values = list(parse(content))
    if len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    alone = len(values) == 1 and not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    for at, value in enumerate(values):
        yield Node(value, "the event" if alone else f"[{at}]")


def _check(event: Node) -> None:
    """Raise DocumentError for a value that is not an event."""
    event["eventTime"].given_text()
    event["eventTime"].instant()
    # Events of jobs and datasets have no run; events with a type belong to a run.
    other = event["job"].value if event["dataset"].value is None else event["dataset"].value
    if event["run"].value is None and (other is None or event["eventType"].value is not None):
        raise DocumentError(f"{event.path}.run is missing")
    if event["run"].value is not None:
        event["run"]["runId"].given_text()
        event["run"]["runId"].uuid()
        event["job"]["name"].given_text()
    kind = event["eventType"].text()
    if kind is not None and kind.upper() not in _TYPES:
        raise DocumentError(
            f"{event['eventType'].path} is {kind[:60]!r}", hint=f"Known are {', '.join(_TYPES)}."
        )


class _Event:
    """One event of a run."""

    def __init__(self, event: Node, site: str, warnings: list[str]) -> None:
        self._event = event
        self._site = site
        self._warnings = warnings
        self._id = identity.given(event["run"]["runId"].uuid() or "")
        self._kind = (event["eventType"].text() or "OTHER").upper()
        time = event["eventTime"].instant()
        assert time is not None
        self._time: datetime = time

    def records(self) -> Iterator[Record]:
        """Yield the records of the run and its datasets."""
        job, ends = self._event["job"], self._kind in _ENDS
        description = self._description(job)
        yield description
        yield Activity(
            rank=Rank.STATEMENT,
            id=self._id,
            name=_short(job["name"].given_text()),
            start_time=self._time if self._kind == "START" else None,
            end_time=self._time if ends else None,
            comment=job["facets"]["documentation"]["description"].text() or None,
            activity_description_id=description.id,
        )
        # Independent of the order of arrival: a run that has ended is not running.
        status = _ENDS.get(self._kind, "running")
        yield Run(rank=Rank.STATEMENT, claimant="" if ends else "~", activity_id=self._id, status=status)
        yield from self._run_facets(self._event["run"]["facets"])
        yield from self._owners(job["facets"]["ownership"], None)
        for each in self._event["inputs"].items():
            yield from self._used(each)
        for each in self._event["outputs"].items():
            yield from self._generated(each)

    def _description(self, job: Node) -> ActivityDescription:
        parts = (job["namespace"].text(), job["name"].given_text())
        name = _short("/".join(part for part in parts if part))
        return ActivityDescription(
            id=identity.activity_description(name, None),
            name=name,
            docurl=job["facets"]["sourceCodeLocation"]["url"].text() or None,
        )

    def _run_facets(self, facets: Node) -> Iterator[Record]:
        parent = facets["parent"]["run"]["runId"]
        upstream = [each["run"]["runId"] for each in facets["jobDependencies"]["upstream"].items()]
        for other in (parent, *upstream):
            if (uuid := other.uuid()) and identity.given(uuid) != self._id:
                name = facets["parent"]["job"]["name"].text() if other is parent else None
                stub = Activity(rank=Rank.MENTION, id=identity.given(uuid), name=_short(name or "") or None)
                yield stub
                yield WasInformedBy(informed_id=self._id, informant_id=stub.id)
        engine = facets["processing_engine"]
        if name := engine["name"].text():
            full = _short(f"{name} {engine['version'].text() or ''}".strip())
            agent = Agent(
                rank=Rank.STATEMENT, id=identity.scope("software", full), name=full, type="SoftwareAgent"
            )
            yield agent
            yield WasAssociatedWith(activity_id=self._id, agent_id=agent.id)
        for each in facets["executionParameters"]["parameters"].items():
            yield self._parameter(each)
        if message := facets["errorMessage"]["message"].text():
            yield from self._error(message)

    def _parameter(self, parameter: Node) -> Parameter:
        given = parameter["name"].text() or parameter["key"].given_text()
        name, value = _short(given), parameter["value"].value
        return Parameter(
            rank=Rank.STATEMENT,
            id=identity.parameter(self._id, name),
            activity_id=self._id,
            name=name,
            value=value if isinstance(value, str) else canonical(value),
        )

    def _error(self, message: str) -> Iterator[Record]:
        id = identity.value(self._id, "error")
        yield Entity(rank=Rank.STATEMENT, id=id, class_="ValueEntity", name="error", value=message)
        yield WasGeneratedBy(
            rank=Rank.STATEMENT, claimant=self._id, entity_id=id, activity_id=self._id, role="error"
        )

    def _owners(self, ownership: Node, entity_id: str | None) -> Iterator[Record]:
        for owner in ownership["owners"].items():
            name, role = _short(owner["name"].given_text()), owner["type"].text(ROLE_BYTES) or None
            agent = Agent(rank=Rank.STATEMENT, id=identity.contact(None, name, None), name=name)
            yield agent
            if entity_id:
                yield WasAttributedTo(entity_id=entity_id, agent_id=agent.id, role=role)
            else:
                yield WasAssociatedWith(activity_id=self._id, agent_id=agent.id, role=role)

    def _used(self, dataset: Node) -> Iterator[Record]:
        url, name = _place(dataset)
        storage = identity.storage(url, self._site)
        external = identity.external(storage, url)
        # A file that the run wrote itself when it ended is not an input.
        time = self._time - _MOMENT if self._kind in _ENDS and self._time > datetime.min else self._time
        yield External(id=external, name=name, location=url)
        yield Reading(
            activity_id=self._id,
            storage=storage,
            url=url,
            time=time,
            external_id=external,
            usage_time=time,
        )

    def _generated(self, dataset: Node) -> Iterator[Record]:
        url, name = _place(dataset)
        storage = identity.storage(url, self._site)
        id = identity.output(self._id, None, url)
        ends = self._kind in _ENDS
        yield Entity(
            rank=Rank.STATEMENT,
            id=id,
            name=name,
            location=url,
            generated_at_time=self._time if ends else None,
        )
        yield Location(entity_id=id, url=url, storage=storage)
        yield WasGeneratedBy(rank=Rank.STATEMENT, claimant=self._id, entity_id=id, activity_id=self._id)
        if ends:
            yield Writing(
                activity_id=self._id,
                entity_id=id,
                storage=storage,
                url=url,
                time=self._time,
                external_id=identity.external(storage, url),
            )
        yield from self._dataset_facets(dataset["facets"], id)

    def _dataset_facets(self, facets: Node, entity_id: str) -> Iterator[Record]:
        if version := facets["version"]["datasetVersion"].text():
            yield Alias(entity_id=entity_id, kind="version", value=version, valid_from=None)
        for link in facets["symlinks"]["identifiers"].items():
            parts = (link["namespace"].text(), link["name"].given_text())
            value = "/".join(part for part in parts if part)
            yield Alias(entity_id=entity_id, kind="symlink", value=value, valid_from=None)
        yield from self._owners(facets["ownership"], entity_id)


def _place(dataset: Node) -> tuple[str, str | None]:
    """Return the URL of a dataset, a path for a local file, and its name."""
    namespace, name = dataset["namespace"].text() or "", dataset["name"].given_text()
    if namespace.rstrip("/") in {each.rstrip("/") for each in _LOCAL} or not namespace:
        return name, file_name(name)
    return f"{namespace.rstrip('/')}/{name.lstrip('/')}", file_name(name)


def _short(name: str) -> str:
    return name.encode()[:NAME_BYTES].decode(errors="ignore")
