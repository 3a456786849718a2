"""One session of logprov: its lines, in order, as records."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from provtap.ingest.model import identity
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES, file_name
from provtap.ingest.model.records import (
    Activity,
    ActivityDescription,
    Agent,
    Entity,
    EntityDescription,
    External,
    HadMember,
    Hash,
    Location,
    Rank,
    Reading,
    Record,
    Relation,
    WasAssociatedWith,
    WasDerivedFrom,
    WasGeneratedBy,
    Writing,
)
from provtap.ingest.parsing.json import canonical
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.ctapipe.configuration import parameters
from provtap.ingest.readers.ctapipe.system import context_records


@dataclass
class _Run:
    """An activity, as far as its lines were read."""

    id: str
    name: str
    start: datetime | None
    end: datetime | None = None


@dataclass
class Session:
    """The lines of one session so far; *started* is the text of its first time."""

    name: str
    site: str
    started: str
    lines: list[Node] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.id = identity.session(self.site, self.name, self.started)
        self._runs: dict[str, _Run] = {}
        self._all: list[_Run] = []
        self._things: dict[str, Node] = {}
        self._ids: dict[str, str] = {}
        self._records: list[Record] = []
        self._definitions = Node(None, "definitions")
        self._system = Node(None, "system")

    def knows(self, line: Node) -> bool:
        """Return whether *line* is about an activity of this session, which most lines do not name."""
        short = line["activity_id"].value
        return short is not None and str(short) in self._runs

    def take(self, line: Node) -> None:
        """Process the next line."""
        self.lines.append(line)
        if "session_id" in line:
            self._definitions, self._system = line["definitions"], _system(line["system"])
        elif "name" in line and "activity_id" in line:
            self._begin(line)
        elif "activity_id" in line:
            self._continue(line)
        elif "member_id" in line or "progenitor_id" in line:
            self._relate(line)
        else:
            self._describe(line)

    def records(self) -> Iterator[Record]:
        """Yield the records of the session."""
        for run in self._all:
            description = self._activity_description(run.name)
            yield description
            yield Activity(
                id=run.id,
                name=run.name,
                start_time=run.start,
                end_time=run.end if run.start else None,
                activity_description_id=description.id,
            )
            yield from context_records(run.id, self.site, self._system)
        yield from self._records

    # Activities

    def _begin(self, line: Node) -> None:
        short, name = _id(line["activity_id"]), line["name"].given_text(NAME_BYTES)
        start = line["startTime"]
        # The last six digits of a UUID, which may not be unique within a session.
        id = identity.within(self.id, short, start.text() or "")
        run = self._runs[short] = _Run(id, name, start.instant())
        self._all.append(run)
        if user := line["agent_name"].text(NAME_BYTES):
            agent = Agent(id=identity.user(self.site, user), name=user, type="Person")
            self._records += [
                agent,
                WasAssociatedWith(activity_id=run.id, agent_id=agent.id, role="Operator"),
            ]

    def _continue(self, line: Node) -> None:
        short = _id(line["activity_id"])
        run = self._runs.get(short)
        if run is None:
            self.warnings.append(
                f"{line.path} is about {short}, which has no start: kept in the document only"
            )
            return
        if "endTime" in line:
            run.end = line["endTime"].instant()
        if "parameters" in line:
            found, warnings = parameters(run.id, line["parameters"], Node(None, "arguments"))
            self._records += found
            self.warnings += warnings
        if "used_id" in line:
            self._use(run, _id(line["used_id"]), line["used_role"].text(ROLE_BYTES))
        if "generated_id" in line:
            self._generate(run, _id(line["generated_id"]), line["generated_role"].text(ROLE_BYTES))

    def _use(self, run: _Run, thing: str, role: str | None) -> None:
        url = self._file(thing)
        if url is None or run.start is None:
            self._records.append(Reading(activity_id=run.id, role=role, entity_id=self._entity(thing)))
            return
        storage = self._storage(url)
        external = External(id=identity.external(storage, url), name=file_name(url), location=url)
        self._records += [
            external,
            Reading(
                activity_id=run.id,
                role=role,
                storage=storage,
                url=url,
                time=run.start,
                external_id=external.id,
            ),
        ]

    def _generate(self, run: _Run, thing: str, role: str | None) -> None:
        url, time = self._file(thing), run.end or run.start
        if url is None or time is None:
            id = self._entity(thing)
        else:
            # Files with equal content are still two files: the id identifies the writing, not logprov's hash.
            id = self._ids[thing] = identity.output(run.id, role, url)
            storage = self._storage(url)
            self._records += [
                Entity(id=id, name=file_name(url), location=url, claimant=run.id),
                *self._hashes(thing, id),
                Location(entity_id=id, url=url, storage=storage),
                Writing(
                    activity_id=run.id,
                    entity_id=id,
                    storage=storage,
                    url=url,
                    time=time,
                    external_id=identity.external(storage, url),
                ),
            ]
        claimant = f"{(run.start or datetime.max).isoformat()} {run.id}"
        self._records.append(WasGeneratedBy(entity_id=id, activity_id=run.id, role=role, claimant=claimant))

    # Entities

    def _describe(self, line: Node) -> None:
        """Keep the description of an entity in a line; the key of a used entity is its id."""
        own = next((key for key, member in line.members() if key == str(member.value)), None)
        id = _id(line["entity_id"]) if "entity_id" in line else own
        if id is None:
            self.warnings.append(
                f"{line.path} does not name an activity or entity: kept in the document only"
            )
        else:
            self._things[id] = line
            self._ids.pop(id, None)

    def _file(self, thing: str) -> str | None:
        line = self._things.get(thing)
        return line["location"].text() if line and line["type"].text() == "File" else None

    def _storage(self, url: str) -> str:
        """Return the scope of a path; the directory of a relative path is known only to its session."""
        absolute = url.startswith("/") or "://" in url
        return identity.storage(url, self.site if absolute else self.id)[:500]

    def _entity(self, thing: str) -> str:
        """Return the id of an entity, and record it the first time."""
        if thing not in self._ids:
            line = self._things.get(thing, Node({}, thing))
            id = self._ids[thing] = identity.within(self.id, thing)
            value = line["value"].value
            class_ = "DatasetEntity" if self._file(thing) else "Entity" if value is None else "ValueEntity"
            name, location = line["location"].text(NAME_BYTES), line["location"].text()
            self._records += [
                Entity(
                    rank=Rank.OWN_RECORD if line.value else Rank.MENTION,
                    id=id,
                    class_=class_,
                    name=name,
                    location=location if class_ == "DatasetEntity" else None,
                    value=None if class_ != "ValueEntity" else _text(value),
                ),
                *self._hashes(thing, id),
                *self._description(line, id),
            ]
        return self._ids[thing]

    def _hashes(self, thing: str, id: str) -> Iterator[Record]:
        line = self._things.get(thing, Node({}, thing))
        digest, algorithm = line["hash"].text(NAME_BYTES), line["hash_type"].text(ROLE_BYTES)
        if digest and algorithm:
            yield Hash(entity_id=id, algorithm=algorithm.lower(), digest=digest.lower())

    def _description(self, line: Node, id: str) -> Iterator[Record]:
        name = line["entity_description"].text(NAME_BYTES)
        if name:
            lines = self._definitions["entity_descriptions"][name]
            text, content_type = lines["description"].text(), lines["contentType"].text(ROLE_BYTES)
            description = EntityDescription(
                id=identity.kind(name, text),
                class_="DatasetDescription" if content_type else "EntityDescription",
                name=name,
                description=text,
                docurl=lines["docurl"].text(),
                type=lines["type"].text(ROLE_BYTES),
                content_type=content_type,
            )
            yield description
            # A value can't have a description of this class, so the relation is stored outside the model.
            yield Relation(kind="isDescribedBy", subject_id=id, object_id=description.id)

    def _activity_description(self, name: str) -> ActivityDescription:
        lines = self._definitions["activity_descriptions"][name]
        version = lines["version"].value
        text = None if version is None else _text(version)
        return ActivityDescription(
            id=identity.activity_description(name, text),
            name=name,
            version=text,
            description=lines["description"].text(),
            docurl=lines["docurl"].text(),
            type=lines["type"].text(ROLE_BYTES),
            subtype=lines["subtype"].text(ROLE_BYTES),
        )

    def _relate(self, line: Node) -> None:
        entity = self._entity(_id(line["entity_id"]))
        if "member_id" in line:
            member = self._entity(_id(line["member_id"]))
            self._records += [
                Entity(id=entity, class_="Collection"),
                HadMember(collection_id=entity, entity_id=member),
            ]
        if "progenitor_id" in line:
            progenitor = self._entity(_id(line["progenitor_id"]))
            if progenitor != entity:
                self._records.append(WasDerivedFrom(generated_entity_id=entity, used_entity_id=progenitor))


def _id(node: Node) -> str:
    return str(node.value) if isinstance(node.value, int) else node.given_text()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else canonical(value)


def _system(node: Node) -> Node:
    """Return the system of a session in the form of ctapipe, from which logprov copied it."""
    python = node["python"]
    version = python["version"].value
    if not isinstance(version, str):
        return node
    return Node({**node.value, "python": {**python.value, "version": version.split(".")}}, node.path)
