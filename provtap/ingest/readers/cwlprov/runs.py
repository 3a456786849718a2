"""Reads the runs of a workflow and their files from CWLProv, and yields them as records.

A file that a step wrote has the same UUID wherever it is used. A file from outside the workflow has a new
UUID at each use, so it is identified by its content and name within one research object.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from urllib.parse import unquote

from provtap.ingest.model import identity
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES
from provtap.ingest.model.records import (
    Activity,
    ActivityDescription,
    Agent,
    Alias,
    Entity,
    HadMember,
    Hash,
    Parameter,
    Rank,
    Reading,
    Record,
    Relation,
    WasAssociatedWith,
    WasGeneratedBy,
    WasInformedBy,
)
from provtap.ingest.parsing.json import canonical
from provtap.ingest.readers.prov.nesting import claimant, depths, outer_claims
from provtap.ingest.readers.prov.statements import Statement, utc

_CWLPROV = "https://w3id.org/cwl/prov#"
_NONE = f"{_CWLPROV}None"
_CONTENT = "urn:hash::sha1:"
_WFPROV = "http://purl.org/wf4ever/wfprov#"
_STEP = re.compile(r"#main/(?:.*/)?([^/]+)$")  # in a packed document a workflow inside is `main/main/night`
_ENCLOSING = re.compile(r"#main/workflow (.+)/[^/]+$")
_MEMBERS = 100_000
"""Maximum members of collections, at any depth, that one run may use or generate."""


@dataclass
class _Run:
    """One run, of a workflow or of one of its steps."""

    id: str
    label: str | None = None
    is_workflow: bool = False
    has_document: bool = False
    """Whether it is a workflow with its own document."""
    starts: list[datetime] = field(default_factory=list)
    ends: list[datetime] = field(default_factory=list)
    plan: str | None = None
    agents: list[str] = field(default_factory=list)


@dataclass
class _Thing:
    """A file, a collection or a value."""

    id: str
    names: set[str] = field(default_factory=set)
    values: list[str] = field(default_factory=list)
    content: str | None = None
    """The SHA-1 of a file."""
    is_collection: bool = False
    is_file: bool = False


@dataclass(frozen=True)
class _Link:
    """A usage or a generation."""

    run: str
    thing: str
    role: str | None
    time: datetime | None


class Runs:
    """The content of the documents of a research object; *scope* is the UUID of the research object."""

    def __init__(self, statements: Iterable[Statement], scope: str, site: str, whole: bool) -> None:
        self.warnings: list[str] = []
        self._scope = identity.scope("cwl", scope)
        self._main = f"urn:uuid:{scope}"
        self._site = site
        self._whole = whole
        self._runs: dict[str, _Run] = {}
        self._things: dict[str, _Thing] = {}
        self._agents: dict[str, Statement] = {}
        self._used: list[_Link] = []
        self._generated: list[_Link] = []
        self._members: dict[str, list[str]] = {}
        self._secondary: dict[str, list[str]] = {}
        self._starters: dict[str, str] = {}
        self._accounts: dict[str, str] = {}
        for statement in sorted(statements, key=_things_first):
            self._take(statement)

    # Statements

    def _take(self, statement: Statement) -> None:
        id = statement.id.id if statement.id else None
        match statement.kind:
            case "activity" if id:
                self._take_run(self._run(id), statement)
            case "agent" if id:
                self._agents[id] = max(self._agents.get(id, statement), statement, key=_says)
            case "entity" if id:
                self._take_thing(self._thing(id), statement)
            case "used" | "wasGeneratedBy":
                self._take_link(statement)
            case "hadMember":
                self._relate(self._members, statement, "collection", "entity")
            case "wasDerivedFrom" if f"{_CWLPROV}SecondaryFile" in _types(statement):
                self._relate(self._secondary, statement, "usedEntity", "generatedEntity")
            case "specializationOf":
                self._take_content(*statement.ends())
            case "wasStartedBy" | "wasEndedBy" | "wasAssociatedWith" | "actedOnBehalfOf":
                self._take_relation(statement)

    def _run(self, id: str) -> _Run:
        return self._runs.setdefault(id, _Run(id))

    def _thing(self, id: str) -> _Thing:
        return self._things.setdefault(id, _Thing(id))

    def _take_run(self, run: _Run, statement: Statement) -> None:
        run.is_workflow |= f"{_WFPROV}WorkflowRun" in _types(statement)
        run.has_document |= _attribute(statement, "prov:has_provenance") is not None
        label = _attribute(statement, "prov:label")
        # The document of a nested workflow calls its own run `#main`.
        if label and (run.label is None or _STEP.search(label)):
            run.label = label
        for argument, times in (("startTime", run.starts), ("endTime", run.ends)):
            if time := statement.times.get(argument):
                times.append(utc(time, statement.where))

    def _take_thing(self, thing: _Thing, statement: Statement) -> None:
        types = _types(statement)
        thing.is_collection |= bool(types & _COLLECTIONS)
        name = _attribute(statement, f"{_CWLPROV}basename")
        thing.is_file |= name is not None or any(type_.endswith("wf4ever#File") for type_ in types)
        if name and len(name.encode()) <= NAME_BYTES:
            thing.names.add(name)
        thing.values += [value.plain for value in statement.values.get("prov:value", ())]

    def _take_link(self, statement: Statement) -> None:
        used = statement.kind == "used"
        run, thing = statement.end("activity"), statement.end("entity")
        if run and thing and thing != _NONE:
            self._run(run), self._thing(thing)
            time = statement.times.get("time")
            link = _Link(run, thing, _role(statement), utc(time, statement.where) if time else None)
            (self._used if used else self._generated).append(link)

    def _take_content(self, specific: str | None, general: str | None) -> None:
        if specific and general and general.startswith(_CONTENT):
            self._thing(specific).content = general.removeprefix(_CONTENT).lower()

    def _relate(self, relations: dict[str, list[str]], statement: Statement, one: str, other: str) -> None:
        first, second = statement.end(one), statement.end(other)
        if first and second and second not in relations.setdefault(first, []):
            self._thing(first), self._thing(second)
            relations[first].append(second)
            if statement.kind == "hadMember":
                self._thing(first).is_collection = True

    def _take_relation(self, statement: Statement) -> None:
        subject = statement.ends()[0]
        if subject is None:
            return
        if statement.kind == "actedOnBehalfOf":
            self._accounts[subject] = statement.end("responsible") or ""
        elif subject not in self._agents:
            run = self._run(subject)
            time = statement.times.get("time")
            if time:
                times = run.starts if statement.kind == "wasStartedBy" else run.ends
                times.append(utc(time, statement.where))
            starter, agent = statement.end("starter"), statement.end("agent")
            if starter and starter not in self._agents:
                self._run(starter)
                self._starters[subject] = starter
            elif agent or starter:
                run.agents.append(agent or starter or "")
            plan = statement.end("plan")
            if plan and (run.plan is None or _STEP.search(unquote(plan))):
                run.plan = plan

    # Records

    def records(self) -> Iterator[Record]:
        """Yield agents, runs, files, and their relations."""
        yield from self._agent_records()
        for run in self._runs.values():
            yield from self._run_records(run)
        for thing in self._things.values():
            yield from self._thing_records(thing)
        yield from self._usages()
        yield from self._generations()
        self._warn_of_lost_steps()

    def _warn_of_lost_steps(self) -> None:
        """Warn of a workflow without a step: with --parallel cwltool 3.3 writes none."""
        started = set(self._starters.values())
        for run in self._runs.values():
            if run.is_workflow and run.id not in started:
                self.warnings.append(
                    f"the workflow {self._name(run) or run.id} has no steps:"
                    " cwltool does not record those that it runs with --parallel"
                )

    def _agent_records(self) -> Iterator[Record]:
        for id in dict.fromkeys(agent for run in self._runs.values() for agent in run.agents):
            yield Agent(
                rank=Rank.STATEMENT,
                id=self._agent_id(id),
                name=self._agent_name(id) or id,
                type="SoftwareAgent" if self._is_engine(id) else None,
            )
        for account, person in self._accounts.items():
            statement = self._agents.get(person)
            if statement and self._main in self._runs:
                id = self._person(account, person)
                name = _attribute(statement, "foaf:name", "prov:label") or person
                yield Agent(rank=Rank.STATEMENT, id=id, name=name[:NAME_BYTES], type="Person")
                yield WasAssociatedWith(activity_id=self._main, agent_id=id, role="Operator")

    def _is_engine(self, id: str) -> bool:
        statement = self._agents.get(id)
        return statement is not None and f"{_WFPROV}WorkflowEngine" in _types(statement)

    def _agent_name(self, id: str) -> str | None:
        statement = self._agents.get(id)
        name = _attribute(statement, "foaf:name", "prov:label") if statement else None
        return name if name and len(name.encode()) <= NAME_BYTES else None

    def _agent_id(self, id: str) -> str:
        """Return the id of an agent: from name and version, because an engine has a new UUID at each run."""
        name = self._agent_name(id)
        return identity.scope("software", name) if name and self._is_engine(id) else id

    def _person(self, account: str, person: str) -> str:
        """Return the id of a person: an ORCID, or the id of a login name at the site, as in other logs."""
        statement = self._agents.get(account)
        login = _attribute(statement, "foaf:accountName") if statement else None
        if login and person.startswith("urn:uuid:") and len(login.encode()) <= NAME_BYTES:
            return identity.user(self._site, login)
        return person

    def _run_records(self, run: _Run) -> Iterator[Record]:
        name = self._name(run)
        description = None
        if run.plan and (step := _STEP.search(unquote(run.plan))) and len(step[1].encode()) <= NAME_BYTES:
            description = ActivityDescription(id=identity.activity_description(step[1], None), name=step[1])
            yield description
        start, end = self._lifetime(run)
        stated = name or start or end or run.label
        yield Activity(
            rank=Rank.STATEMENT if stated else Rank.MENTION,
            id=run.id,
            name=name,
            start_time=start,
            end_time=end,
            activity_description_id=description.id if description else None,
        )
        for agent in dict.fromkeys(run.agents):
            yield WasAssociatedWith(activity_id=run.id, agent_id=self._agent_id(agent))
        if starter := self._starters.get(run.id):
            yield WasInformedBy(informed_id=run.id, informant_id=starter)
            yield Relation(kind="wasStartedBy", subject_id=run.id, object_id=starter)

    def _name(self, run: _Run) -> str | None:
        """Return the name of the step, or `main`; a nested workflow is named by the roles of its outputs."""
        step = _STEP.search(run.label or "")
        if step is None and run.id != self._main:
            roles = (link.role or "" for link in self._generated if link.run == run.id)
            step = next(filter(None, (_ENCLOSING.search(role) for role in roles)), None)
        name = step[1] if step else "main" if run.id == self._main else None
        return name if name is None or len(name.encode()) <= NAME_BYTES else None

    def _lifetime(self, run: _Run) -> tuple[datetime | None, datetime | None]:
        """Return the times of a run; the times of a nested workflow are in its own document."""
        if run.has_document and not (run.is_workflow or self._whole):
            return None, None
        start, end = min(run.starts, default=None), max(run.ends, default=None)
        if start and end and end < start:
            self.warnings.append(f"{run.id} ends at {end}, before it starts at {start}: the end was ignored")
            end = None
        return start, end if start else None

    # Things

    def _thing_records(self, thing: _Thing) -> Iterator[Record]:
        if thing.id not in self._needed:
            return
        id = self._id(thing)
        if thing.is_collection:
            yield self._entity(thing, id, "Collection")
            yield from (
                HadMember(collection_id=id, entity_id=self._id(self._things[member]))
                for member in self._members.get(thing.id, ())
                if member in self._needed
            )
        elif self._is_data(thing):
            yield self._entity(thing, id, "DatasetEntity")
            if thing.content:
                yield Hash(entity_id=id, algorithm="sha1", digest=thing.content)
            if id != thing.id:
                yield Alias(entity_id=id, kind="id", value=thing.id, valid_from=None)

    def _entity(self, thing: _Thing, id: str, class_: str) -> Entity:
        roles = [_last(link.role) for link in self._links.get(thing.id, ())]
        name = min(thing.names, default=None) or (min(filter(None, roles), default=None))
        return Entity(
            rank=Rank.STATEMENT,
            id=id,
            class_=class_,
            name=name,
            generated_at_time=min(self._times.get(thing.id, ()), default=None),
        )

    def _is_data(self, thing: _Thing) -> bool:
        """Return whether *thing* is a file; a value has no identity outside of its run."""
        return not thing.is_collection and not thing.values and not thing.id.startswith(_CONTENT)

    def _id(self, thing: _Thing) -> str:
        if thing.id in self._from_outside:
            return identity.within(self._scope, thing.content or "", min(thing.names, default=""))
        return thing.id

    @cached_property
    def _links(self) -> dict[str, list[_Link]]:
        """The usages and generations of each thing."""
        links: dict[str, list[_Link]] = {}
        for link in (*self._used, *self._generated):
            links.setdefault(link.thing, []).append(link)
        return links

    @cached_property
    def _needed(self) -> set[str]:
        """Files and collections that a run used or generated, directly or in a collection."""
        return {
            id
            for link in (*self._used, *self._generated)
            for id in (link.thing, *self._leaves(link.thing), *self._inner(link.thing))
            if id in self._things and not self._is_empty(id)
        }

    def _is_empty(self, id: str) -> bool:
        """Return whether a collection contains no file: it may consist of values."""
        return self._things[id].is_collection and not self._leaves(id)

    def _inner(self, id: str) -> list[str]:
        """Return the collections inside a collection."""
        return [each for each in self._below(id) if self._things[each].is_collection]

    def _leaves(self, id: str) -> list[str]:
        """Return the files in a collection, at any depth, and the secondary files of a file."""
        return [each for each in self._below(id) if self._is_data(self._things[each])]

    def _below(self, id: str) -> list[str]:
        if id not in self._reached:
            found: dict[str, None] = {}
            waiting = [id]
            while waiting and len(found) < _MEMBERS:
                next_ = waiting.pop()
                inside = (*self._members.get(next_, ()), *self._secondary.get(next_, ()))
                new = [each for each in inside if each not in found and each != id]
                found.update(dict.fromkeys(new))
                waiting += new
            self._reached[id] = list(found)
        return self._reached[id]

    @cached_property
    def _reached(self) -> dict[str, list[str]]:
        return {}

    @cached_property
    def _from_outside(self) -> set[str]:
        """Files that no step generated.

        A file without producer in one document may have one in another document of the research object. A
        generated file has the same UUID at all uses, and may come from a nested workflow.
        """
        made = {id for link in self._generated for id in (link.thing, *self._leaves(link.thing))}
        users: dict[str, set[str]] = {}
        for link in self._used:
            for id in (link.thing, *self._leaves(link.thing)):
                users.setdefault(id, set()).add(link.run)
        files = {
            id: (thing.content, min(thing.names, default=None))
            for id, thing in self._things.items()
            if id not in made and thing.content and self._is_data(thing)
        }
        if self._whole:
            return set(files)
        workflows = {run.id for run in self._runs.values() if run.is_workflow}
        inputs = {
            files[id] for id, runs in users.items() if id in files and runs & workflows and len(runs) == 1
        }
        nested = any(run.has_document for run in self._runs.values())
        return {
            id for id, file in files.items() if len(users.get(id, ())) < 2 and (not nested or file in inputs)
        }

    # Usages and generations

    def _usages(self) -> Iterator[Record]:
        for link in self._used:
            thing, role = self._things[link.thing], _last(link.role)
            files = self._files(thing)
            for id in files:
                yield Reading(activity_id=link.run, role=role, entity_id=id, usage_time=link.time)
            value = self._value(thing)
            if value is not None and role:
                yield Parameter(
                    rank=Rank.STATEMENT,
                    id=identity.parameter(link.run, role),
                    activity_id=link.run,
                    name=role,
                    value=value,
                )

    def _files(self, thing: _Thing) -> list[str]:
        """Return the ids of the things a run used or generated: the collection or file, and its members."""
        own = [thing.id] if thing.id in self._needed and (thing.is_collection or self._is_data(thing)) else []
        found = [id for id in (*own, *self._leaves(thing.id)) if id in self._needed]
        return list(dict.fromkeys(self._id(self._things[id]) for id in found))

    def _value(self, thing: _Thing) -> str | None:
        """Return the value of a thing; for a collection of values, their JSON."""
        if thing.values:
            return thing.values[0]
        if not thing.is_collection:
            return None
        members = [self._things[member] for member in self._members.get(thing.id, ())]
        values = [member.values[0] for member in members if member.values]
        return canonical(values) if values else None

    @cached_property
    def _made(self) -> list[tuple[str, _Link]]:
        """The id of each thing that a run generated, directly or in a collection, unless the run used it."""
        used = {(link.run, id) for link in self._used for id in self._files(self._things[link.thing])}
        return [
            (id, link)
            for link in self._generated
            for id in self._files(self._things[link.thing])
            if (link.run, id) not in used
        ]

    @cached_property
    def _times(self) -> dict[str, list[datetime]]:
        """The times when steps generated a thing; the enclosing workflow repeats them later."""
        times: dict[str, list[datetime]] = {}
        for id, link in self._made:
            run = self._runs[link.run]
            if link.time and not run.is_workflow and not run.has_document:
                times.setdefault(id, []).append(link.time)
        return times

    def _generations(self) -> Iterator[Record]:
        around = depths(self._starters)
        inside = 0 if self._whole or self._main in self._runs else 1
        outer = outer_claims(((id, link.run) for id, link in self._made), self._starters)
        for id, link in self._made:
            if (id, link.run) in outer:
                continue
            depth = around.get(link.run, 0) + inside
            yield WasGeneratedBy(
                rank=Rank.STATEMENT,
                claimant=claimant(depth, link.run),
                entity_id=id,
                activity_id=link.run,
                role=_last(link.role),
            )
        for link in self._generated:
            thing, role = self._things[link.thing], _last(link.role)
            value = self._value(thing)
            if value is not None and role:
                id = identity.value(link.run, role)
                yield Entity(
                    rank=Rank.STATEMENT,
                    id=id,
                    class_="ValueEntity",
                    name=role,
                    value=value,
                    generated_at_time=link.time,
                )
                yield WasGeneratedBy(rank=Rank.STATEMENT, entity_id=id, activity_id=link.run, role=role)


_COLLECTIONS = {
    f"http://www.w3.org/ns/prov#{name}"
    for name in ("Collection", "EmptyCollection", "Dictionary", "EmptyDictionary")
}


def _things_first(statement: Statement) -> bool:
    return statement.kind not in {"entity", "activity", "agent"}


def _says(statement: Statement) -> int:
    """Return how many attributes a statement gives to a thing."""
    return len(statement.attributes)


def _types(statement: Statement) -> set[str]:
    """Return the IRIs of all types in a statement."""
    return {value.name.iri if value.name else value.text for value in statement.values.get("prov:type", ())}


def _attribute(statement: Statement, *terms: str) -> str | None:
    """Return the text of the first of these attributes that is present."""
    return next(
        (value.text for term in terms for value in statement.values.get(term, ()) if value.text), None
    )


def _role(statement: Statement) -> str | None:
    """Return the complete role, with percent-encoding removed."""
    for value in statement.values.get("prov:role", ()):
        return unquote(value.name.iri if value.name else value.text)
    return None


def _last(role: str | None) -> str | None:
    """Return the last part of a role: the name of the input or output."""
    name = role.rpartition("#")[2].rpartition("/")[2] if role else ""
    return name.encode()[:ROLE_BYTES].decode(errors="ignore") or None
