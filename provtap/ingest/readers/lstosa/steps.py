"""The steps recorded by lstosa, in either form, as records.

The ids of lstosa are digests of paths, or six random digits for each processing: files are identified by
their locations, steps only within their session.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from provtap.ingest.model import identity
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES, file_name
from provtap.ingest.model.records import (
    Activity,
    ActivityDescription,
    Agent,
    ConfigFile,
    Entity,
    EntityDescription,
    External,
    Location,
    Rank,
    Reading,
    Record,
    Run,
    WasAssociatedWith,
    WasDerivedFrom,
    WasGeneratedBy,
    Writing,
)
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.ctapipe.configuration import parameters

_RUN_WISE = "run-wise"
"""Replaces the six digits of a step of a whole run, which change with each processing."""


@dataclass(frozen=True)
class Thing:
    """A file, or the files of all sub-runs in one folder (a collection)."""

    kind: str | None
    path: str
    content_type: str | None
    is_collection: bool

    @classmethod
    def of(cls, name: Node, path: Node, type_: Node, content_type: Node) -> "Thing | None":
        """Return the thing described in a record, or None if it has no location."""
        place = path.text()
        if not place:
            return None
        is_collection = type_.text() == "SetCollection"
        return cls(name.text(NAME_BYTES), place, content_type.text(ROLE_BYTES), is_collection)

    @property
    def url(self) -> str:
        """Its location, with the kind of a collection: a folder has collections of several kinds."""
        return f"{self.path}#{self.kind}" if self.is_collection and self.kind else self.path

    @property
    def name(self) -> str | None:
        """The name of the file, or the kind of the collection."""
        return self.kind if self.is_collection else file_name(self.path)

    @property
    def class_(self) -> str:
        """Its class in ProvenanceDM."""
        return "Collection" if self.is_collection else "DatasetEntity"

    def is_moved(self, origin: "Thing") -> bool:
        """Return whether it is the file *origin* in another folder."""
        return self.url != origin.url and identity.basename(self.path) == identity.basename(origin.path)

    def description(self) -> EntityDescription | None:
        """Return its description; a data set without a content type can't have one."""
        if not self.kind or not (self.content_type or self.is_collection):
            return None
        return EntityDescription(
            id=identity.kind(self.kind, self.content_type),
            class_="DatasetDescription" if self.content_type else "EntityDescription",
            name=self.kind,
            content_type=self.content_type,
        )


@dataclass(frozen=True)
class Session:
    """The steps that lstosa started together."""

    version: str | None = None
    config_file: str | None = None
    host: str | None = None


@dataclass
class Step:
    """One step of the analysis; used and generated things are ids of lstosa with roles."""

    short_id: str
    name: str
    session: str
    started: str
    start: datetime | None
    end: datetime | None = None
    user: str | None = None
    script: str | None = None
    parameters: list[Node] = field(default_factory=list)
    used: list[tuple[str, str | None]] = field(default_factory=list)
    generated: list[tuple[str, str | None]] = field(default_factory=list)


@dataclass
class Book:
    """The content of one document."""

    site: str
    run_wise: bool
    things: dict[str, Thing] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    sessions: dict[tuple[str, str], Session] = field(default_factory=dict)
    """By the id and start of the session, because a session is written again for each step."""
    progenitors: list[tuple[str, str]] = field(default_factory=list)
    """Pairs of ids: a thing, and its origin."""
    warnings: list[str] = field(default_factory=list)

    def session_of(self, step: Step) -> Session:
        """Return the session of a step; in a document of a whole run, all steps have the same session."""
        exact = self.sessions.get((step.session, step.started))
        same = (session for (name, _), session in self.sessions.items() if name == step.session)
        return exact or next(same, None) or next(iter(self.sessions.values()), Session())

    def id_of(self, step: Step) -> str:
        """Return the id of a step."""
        scope = identity.scope("lstosa", self.site, step.session)
        if self.run_wise:
            return identity.within(scope, step.name, step.started, _RUN_WISE)
        return identity.within(scope, step.short_id, step.started)

    def records(self) -> Iterator[Record]:
        """Yield the records of all steps and their files."""
        origins = self._origins()
        written: dict[str, str] = {}
        for step in self.steps:
            yield from self._step(step, origins, written)

    def _origins(self) -> dict[str, str]:
        """Return the plausible origins of things, by id.

        lstosa records the previous file of the same variable as origin, often a file of another sub-run. Only
        the same file in another folder is accepted.
        """
        found: dict[str, str] = {}
        wrong = 0
        for made, origin in self.progenitors:
            of_made, of_origin = self.things.get(made), self.things.get(origin)
            if of_made and of_origin and of_made.is_moved(of_origin):
                found[made] = min(origin, found.get(made, origin))
            else:
                wrong += 1
        if wrong:
            self.warnings.append(
                f"{wrong} derivations are kept in the document only: they relate files that are not"
                " described or have different names"
            )
        return found

    def _step(self, step: Step, origins: dict[str, str], written: dict[str, str]) -> Iterator[Record]:
        id = self.id_of(step)
        session = self.session_of(step)
        end = step.end
        if step.start and end and end < step.start:
            self.warnings.append(f"{id} ends at {end}, before it starts at {step.start}: the end was ignored")
            end = None
        description = ActivityDescription(
            id=identity.activity_description(step.name, session.version),
            name=step.name,
            version=session.version,
        )
        yield description
        yield Activity(
            id=id,
            name=step.name,
            start_time=step.start,
            end_time=end if step.start else None,
            comment=step.script,
            activity_description_id=description.id,
        )
        duration = (end - step.start).total_seconds() if step.start and end else None
        yield Run(activity_id=id, host=session.host, duration=duration)
        if step.user:
            agent = Agent(id=identity.user(self.site, step.user), name=step.user, type="Person")
            yield agent
            yield WasAssociatedWith(activity_id=id, agent_id=agent.id, role="Operator")
        if session.config_file:
            yield ConfigFile(
                id=identity.config_file(id, session.config_file),
                activity_id=id,
                name=file_name(session.config_file) or "",
                location=session.config_file,
            )
        for given in step.parameters:
            found, warnings = parameters(id, given, Node(None, "arguments"))
            yield from found
            self.warnings += warnings
        yield from self._usages(step, id, origins)
        yield from self._generations(step, id, end, origins, written)

    def _usages(self, step: Step, id: str, origins: dict[str, str]) -> Iterator[Record]:
        made = {self._place(thing) for thing, _ in step.generated}
        for thing, role in step.used:
            if self._place(thing) in made:
                origin = origins.get(thing)
                if origin is None:
                    self.warnings.append(
                        f"{step.name} ({step.started}) uses and generates {self._place(thing)}:"
                        " the usage was ignored"
                    )
                    continue
                thing = origin
            yield from self._usage(step, id, thing, role)

    def _place(self, thing: str) -> str:
        known = self.things.get(thing)
        return known.url if known else thing

    def _usage(self, step: Step, id: str, thing: str, role: str | None) -> Iterator[Record]:
        known = self.things.get(thing)
        if known is None:
            unknown = identity.within(identity.scope("lstosa", self.site, step.session), thing)
            yield Entity(rank=Rank.MENTION, id=unknown)
            yield Reading(activity_id=id, role=role, entity_id=unknown)
            return
        storage = identity.storage(known.url, self.site)
        external = identity.external(storage, known.url)
        if step.start is None:
            yield Entity(
                rank=Rank.MENTION,
                id=external,
                class_=known.class_,
                name=known.name,
                location=known.path,
            )
            yield Reading(activity_id=id, role=role, entity_id=external)
            return
        yield External(id=external, class_=known.class_, name=known.name, location=known.path)
        yield Reading(
            activity_id=id,
            role=role,
            storage=storage,
            url=known.url,
            time=step.start,
            external_id=external,
        )

    def _generations(
        self,
        step: Step,
        id: str,
        end: datetime | None,
        origins: dict[str, str],
        written: dict[str, str],
    ) -> Iterator[Record]:
        # Two steps that wrote to the same location wrote two files, identified by their steps.
        for thing, role in step.generated:
            known = self.things.get(thing)
            if known is None:
                entity_id = identity.within(identity.scope("lstosa", self.site, step.session), thing)
                yield Entity(rank=Rank.MENTION, id=entity_id)
            else:
                entity_id = written[known.url] = identity.output(id, role, known.url)
                yield from self._written(step, id, end, known, entity_id)
            claimant = f"{step.started} {id}"
            yield WasGeneratedBy(entity_id=entity_id, activity_id=id, role=role, claimant=claimant)
            origin = self.things.get(origins.get(thing, ""))
            if origin and origin.url in written and written[origin.url] != entity_id:
                yield WasDerivedFrom(generated_entity_id=entity_id, used_entity_id=written[origin.url])

    def _written(
        self, step: Step, id: str, end: datetime | None, thing: Thing, entity_id: str
    ) -> Iterator[Record]:
        description = thing.description()
        if description:
            yield description
        yield Entity(
            id=entity_id,
            class_=thing.class_,
            name=thing.name,
            location=thing.path,
            generated_at_time=end,
            entity_description_id=description.id if description else None,
            claimant=id,
        )
        storage = identity.storage(thing.url, self.site)
        yield Location(entity_id=entity_id, url=thing.url, storage=storage)
        if step.start:
            yield Writing(
                activity_id=id,
                entity_id=entity_id,
                storage=storage,
                url=thing.url,
                # The steps of a whole run overlap, because sub-runs are independent: only their starts are in
                # order.
                time=step.start,
                external_id=identity.external(storage, thing.url),
            )
