"""Workflow Run RO-Crates: `ro-crate-metadata.json` of runcrate, Galaxy, Nextflow, StreamFlow and others.

A crate is flat JSON-LD with fixed terms. Its actions are the runs. The run to which a step belongs is found
by their instruments, or by control and organize actions. Ids are valid only in the crate, unless they are
URIs or UUIDs. A thing whose id is a URN, as in the crates that ProvTAP writes, has the same id in the store:
then more of it is read, and its parts are members of a collection rather than the files that a run used.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from datetime import datetime
from functools import cached_property
from urllib.parse import unquote

from provtap import iris
from provtap.errors import DocumentError, NoProvenance
from provtap.ingest.model import identity, persistent
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES, file_name
from provtap.ingest.model.records import (
    Activity,
    ActivityDescription,
    Agent,
    Entity,
    HadMember,
    Hash,
    Location,
    Parameter,
    Rank,
    Reading,
    Record,
    RecordSet,
    Rights,
    Run,
    WasAssociatedWith,
    WasAttributedTo,
    WasDerivedFrom,
    WasGeneratedBy,
    WasInformedBy,
)
from provtap.ingest.parsing.bounded import NO_LIMIT, refuse_beyond
from provtap.ingest.parsing.json import canonical, parse
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.prov.nesting import claimant, depths, outer_claims

_MARKS = (
    re.compile(rb'"@graph"\s*:'),
    re.compile(rb"w3id\.org/ro/crate|ro-crate-metadata\.json"),
    re.compile(rb'"@context"\s*:'),
)
_ACTIONS = {"CreateAction", "UpdateAction", "ActivateAction"}
_FILES = {"File", "Dataset", "Collection", "CreativeWork", "MediaObject", "ImageObject"}
_STATUSES = {
    "CompletedActionStatus": "completed",
    "FailedActionStatus": "error",
    "ActiveActionStatus": "running",
}
_AGENTS = {"Person": "Person", "Organization": "Organization", "SoftwareApplication": "SoftwareAgent"}
_MENTIONED = {*_AGENTS, "Thing"}
"""Types of agents that a crate may mention although no run names them."""
_UUID = re.compile(r"#?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")
_ABSOLUTE = re.compile(r"(?:urn:|[A-Za-z][A-Za-z0-9+.-]*://)")
_URI = re.compile(r"(?:urn:|https?://)\S{1,990}")
_NAME = re.compile(r"urn:")
"""Matches the id of a thing that is independent of its location."""
_ALGORITHMS = ("sha1", "sha256", "sha512", "md5")
_DIGEST = re.compile(r"[0-9a-fA-F]{8,128}")
_MAIN = re.compile(r"#main/(.+)$")
_MEMBERS = 100_000
_SIZE = re.compile(r"\d{1,18}")
_TEXT_BYTES = 1_000_000_000
"""Maximum length of a description or location."""
_CLASSES = ("Entity", "ValueEntity")
"""The classes of entities that an additionalType may say, by the end of its IRI."""


def looks_like(content: bytes) -> bool:
    """Return whether *content* may be the metadata of an RO-Crate."""
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return start == b"{" and all(mark.search(content) for mark in _MARKS)


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the single set of records of a crate, at most *most* records.

    Raises: DocumentError.
    """
    [value, *others] = parse(content)
    if others:
        raise DocumentError("an RO-Crate is one object, but there are several values in a row")
    crate = _Crate(Node(value, "the crate"), site)
    if not crate.actions:
        raise NoProvenance("this RO-Crate has no record of a run (no CreateAction)")
    records: list[Record] = []
    for record in crate.records():
        records.append(record)
        refuse_beyond(most, len(records))
    digest = hashlib.sha256(content).hexdigest()
    yield RecordSet(None, digest, tuple(records), tuple(dict.fromkeys(crate.warnings)))


class _Crate:
    """The things of a crate by their ids, and the runs among them."""

    def __init__(self, crate: Node, site: str) -> None:
        self.warnings: list[str] = []
        self._site = site
        self._things: dict[str, Node] = {}
        self._other_sides: dict[tuple[tuple[str, ...], str], Set[str]] = {}
        for thing in crate["@graph"].items():
            id = thing["@id"].value
            if isinstance(id, str) and id:
                self._things.setdefault(id, thing)
        self.actions = {id: thing for id, thing in self._things.items() if self._types(thing) & _ACTIONS}
        digest = hashlib.sha256(canonical(self._told()).encode()).hexdigest()
        self._scope = identity.scope("rocrate", digest)

    def _told(self) -> list[object]:
        """Return the content that identifies the crate: its runs, without its licence or title."""
        words = ("startTime", "endTime", "instrument", "object", "result")
        return [[id, *(self.actions[id][word].value for word in words)] for id in sorted(self.actions)]

    def records(self) -> Iterator[Record]:
        """Yield the runs, their files and their relations."""
        yield from self._engines()
        for id, action in self.actions.items():
            yield from self._run(id, action)
        lists = (*self._used.values(), *self._made.values(), self._named_things)
        for id in dict.fromkeys(file for files in lists for file in files):
            yield from self._file(id)
        for id in self._ids(self._things["./"]["mentions"]) if "./" in self._things else ():
            if _ABSOLUTE.match(id) and id in self._things and self._types(self._things[id]) & _MENTIONED:
                yield from self._agent(id)
        yield from self._relations()

    # JSON-LD

    def _types(self, thing: Node) -> set[str]:
        return {each for each in _values(thing["@type"]) if isinstance(each, str)}

    def _ids(self, value: Node) -> list[str]:
        """Return the distinct ids that a property refers to."""
        found = (each.get("@id") for each in _values(value) if isinstance(each, dict))
        return list(dict.fromkeys(id for id in found if isinstance(id, str) and id))

    def _text(self, thing: Node | None, *words: str, limit: int = NAME_BYTES) -> str | None:
        """Return the first text or number of a thing under one of these words."""
        for word in words if thing is not None else ():
            for value in _values(thing[word]) if thing is not None else ():
                text = value if isinstance(value, str) else None
                if isinstance(value, int | float) and not isinstance(value, bool):
                    text = canonical(value)
                if text:
                    return text.encode()[:limit].decode(errors="ignore")
        return None

    # Runs

    @cached_property
    def _is_nextflow(self) -> bool:
        """Whether Nextflow wrote the crate: the id of its run is that of a session, which may be resumed."""
        tools = {"SoftwareApplication", "ComputerLanguage"}
        names = [self._text(thing, "name") for thing in self._things.values() if self._types(thing) & tools]
        return any(name and name.startswith("Nextflow") for name in names)

    def _id(self, id: str) -> str:
        """Return the id of an action or agent in the store."""
        uuid = _UUID.fullmatch(id)
        if uuid and not self._is_nextflow:
            return identity.given(uuid[1].lower())
        own = iris.id_of(id)
        if _ABSOLUTE.match(id) and len(own.encode()) <= identity.MAX_BYTES:
            return own
        return identity.within(self._scope, id)

    def _run(self, id: str, action: Node) -> Iterator[Record]:
        own = self._id(id)
        description = self._program(self._ids(action["instrument"]))
        if description:
            yield description
        start, end = self._lifetime(id, action)
        yield Activity(
            rank=Rank.STATEMENT,
            id=own,
            name=self._name(id, action),
            start_time=start,
            end_time=end,
            comment=self._comment(action),
            activity_description_id=description.id if description else None,
        )
        if status := self._status(action):
            yield Run(rank=Rank.STATEMENT, activity_id=own, status=status)
        others = self._ids(action["participant"])
        for agent in dict.fromkeys([*self._ids(action["agent"]), *others]):
            yield from self._agent(agent)
            role = None if agent in others else "Operator"
            yield WasAssociatedWith(activity_id=own, agent_id=self._id(agent), role=role)
        yield from self._values_of(own, action)

    def _program(self, tools: list[str]) -> ActivityDescription | None:
        tool = next((each for each in tools if each in self._things), None)
        thing = self._things.get(tool or "")
        name = self._text(thing, "name") or next(iter(tools), "")[:200]
        if not name or tool and tool.startswith(iris.PROGRAM):
            return None
        version = self._text(thing, "softwareVersion", "version", limit=ROLE_BYTES)
        is_named = tool is not None and _NAME.match(tool)
        return ActivityDescription(
            id=self._id(tool) if tool and is_named else identity.activity_description(name, version),
            name=name,
            version=version,
            description=self._text(thing, "description", limit=_TEXT_BYTES) if is_named else None,
            docurl=self._text(thing, "url", limit=_TEXT_BYTES),
        )

    def _name(self, id: str, action: Node) -> str | None:
        name = self._text(action, "name")
        if name == self._id(id):
            return None
        if _ABSOLUTE.match(id):
            return name
        step = _MAIN.search(name or "")
        return step[1] if step else name

    def _comment(self, action: Node) -> str | None:
        """Return the description of a run, unless it only repeats its name or command line."""
        text = self._text(action, "description", limit=_TEXT_BYTES)
        if text == f"Run of {self._text(action, 'name')}":
            return None
        return None if text in {self._value(each) for each in self._ids(action["object"])} else text

    def _lifetime(self, id: str, action: Node) -> tuple[datetime | None, datetime | None]:
        start, end = _time(action["startTime"]), _time(action["endTime"])
        if start and end and end < start:  # as written by Autosubmit
            self.warnings.append(f"{id} ends at {end}, before it starts at {start}: the end was ignored")
            return start, None
        return start, end

    def _status(self, action: Node) -> str | None:
        given = [self._text(action, "actionStatus") or "", *self._ids(action["actionStatus"])]
        words = (text.rstrip("/").rpartition("/")[2] for text in given)
        return next((_STATUSES[word] for word in words if word in _STATUSES), None)

    def _agent(self, id: str) -> Iterator[Record]:
        thing = self._things.get(id)
        types = self._types(thing) if thing else set()
        for text in self._first([thing] if thing else [], "identifier"):
            if found := persistent.agent_id(self._id(id), text):
                yield found
        yield Agent(
            rank=Rank.STATEMENT if thing else Rank.MENTION,
            id=self._id(id),
            name=self._text(thing, "name") or id[:200],
            type=next((_AGENTS[type_] for type_ in sorted(types) if type_ in _AGENTS), None),
            comment=self._text(thing, "description", limit=_TEXT_BYTES),
            email=(self._text(thing, "email", limit=_TEXT_BYTES) or "").removeprefix("mailto:") or None,
            affiliation=next(iter(self._labels(thing, "affiliation")), None),
            phone=self._text(thing, "telephone", limit=_TEXT_BYTES),
            address=self._text(thing, "address", limit=_TEXT_BYTES),
            url=self._text(thing, "url", limit=_TEXT_BYTES),
        )

    def _values_of(self, own: str, action: Node) -> Iterator[Record]:
        """Yield the parameters of a run, and the values that it generated."""
        for name, id in self._named(action, "object"):
            if (value := self._value(id)) is not None:
                yield Parameter(
                    rank=Rank.STATEMENT,
                    id=self._id(id) if _NAME.match(id) else identity.parameter(own, name),
                    activity_id=own,
                    name=name,
                    value=value,
                )
        values = [(name, self._value(id)) for name, id in self._named(action, "result")]
        if error := self._text(action, "error", limit=100_000):
            values.append(("error", error))
        for name, value in values:
            if value is not None:
                id = identity.value(own, name)
                yield Entity(rank=Rank.STATEMENT, id=id, class_="ValueEntity", name=name, value=value)
                yield WasGeneratedBy(
                    rank=Rank.STATEMENT, claimant=own, entity_id=id, activity_id=own, role=name[:100]
                )

    def _value(self, id: str) -> str | None:
        """Return the text of a PropertyValue, unless it represents files or an entity."""
        thing = self._things.get(id)
        if thing is None or "PropertyValue" not in self._types(thing) or self._class(thing):
            return None
        if self._ids(thing["value"]):
            return None if self._leaves(id) else canonical(thing["value"].value)
        return _text_of(thing["value"])

    def _named(self, action: Node, word: str) -> Iterator[tuple[str, str]]:
        """Yield the values of a run with their names; equal names are replaced by their formal parameters."""
        values = [id for id in self._ids(action[word]) if self._value(id) is not None]
        names = {id: self._text(self._things[id], "name") or id.lstrip("#")[:200] for id in values}
        numbers = Counter(names.values())
        for id, name in names.items():
            if numbers[name] > 1 and not _NAME.match(id):
                formal = next(self._formal(id, action, word), "").rpartition("#")[2] or id.lstrip("#")
                yield formal[:200], id
            else:
                yield name, id

    def _formal(self, id: str, action: Node, word: str) -> Iterator[str]:
        """Yield the formal parameters of which a file or value is an example, first those of the run.

        Those on the other side of the run's program are left out.
        """
        thing = self._things.get(id)
        found = self._ids(thing["exampleOfWork"]) if thing else []
        tools = self._ids(action["instrument"])
        wrong = self._other_side(tuple(tools), word)
        found = [each for each in found if each not in wrong]
        for tool in tools:
            for start in (f"{tool}/", f"{tool}#main/", f"{tool}#"):
                yield from (each for each in found if each.startswith(start))
        yield from (each for each in found if not _NAME.match(each))

    def _other_side(self, tools: tuple[str, ...], word: str) -> Set[str]:
        """Return the formal parameters of programs that are outputs only, or for results inputs only."""
        if (tools, word) not in self._other_sides:
            programs = [self._things[tool] for tool in tools if tool in self._things]
            sides = [
                {id for program in programs for id in self._ids(program[side])}
                for side in ("input", "output")
            ]
            own, other = sides if word == "object" else reversed(sides)
            self._other_sides[tools, word] = other - own
        return self._other_sides[tools, word]

    # Files

    def _leaves(self, id: str) -> list[str]:
        """Return the files of an id: itself, or the files in a collection or list."""
        found: dict[str, None] = {}
        waiting, seen = [id], {id}
        while waiting and len(found) < _MEMBERS:
            each = waiting.pop(0)
            thing = self._things.get(each)
            types = self._types(thing) if thing else set()
            if self._is_entity(each) or (thing is None and _ABSOLUTE.match(each)):
                found[each] = None
            if thing is not None and not _NAME.match(each):
                parts = [*self._ids(thing["hasPart"]), *self._ids(thing["mainEntity"])]
                inside = self._ids(thing["value"]) if "PropertyValue" in types else parts
                new = [part for part in inside if part not in seen and part != "./"]
                waiting += new if types & {"PropertyValue", "Collection"} else []
                seen.update(new)
        return list(found)

    def _class(self, thing: Node | None) -> str | None:
        """Return the class of entities that a thing says of itself."""
        given = self._texts(thing, "additionalType")
        classes = (text.rpartition("#")[2] for text in given)
        return next((each for each in classes if each in _CLASSES), None)

    def _is_entity(self, id: str) -> bool:
        thing = self._things.get(id)
        return thing is not None and bool(self._types(thing) & _FILES or self._class(thing) == "ValueEntity")

    @cached_property
    def _named_things(self) -> list[str]:
        """The entities whose ids are valid outside of the crate, whether or not a run used or made them."""
        licences = {text for thing in self._things.values() for text in self._texts(thing, "license")}
        return [
            id for id in self._things if self._is_named(id) and self._is_entity(id) and id not in licences
        ]

    def _is_named(self, id: str) -> bool:
        return _NAME.match(id) is not None or id in self._identified

    @cached_property
    def _identified(self) -> dict[str, str]:
        """The URNs of files in the crate, by their paths."""
        found: dict[str, str] = {}
        for id, thing in self._things.items():
            urns = [text for text in self._texts(thing, "identifier") if _NAME.match(text)]
            if urns and not _ABSOLUTE.match(id) and "File" in self._types(thing):
                found[id] = urns[0]
        names = Counter(found.values())
        return {id: urn for id, urn in found.items() if names[urn] == 1 and urn not in self._things}

    @cached_property
    def _used(self) -> dict[str, dict[str, str | None]]:
        return {id: self._files(action, "object") for id, action in self.actions.items()}

    @cached_property
    def _made(self) -> dict[str, dict[str, str | None]]:
        """The files that each run generated, with their roles, except files that it used."""
        made: dict[str, dict[str, str | None]] = {}
        for id, action in self.actions.items():
            found = self._files(action, "result")
            same = [file for file in found if file in self._used[id] and not self._is_named(file)]
            if same:
                self.warnings.append(f"{id} uses and generates {same[0]}: only the usage was stored")
            made[id] = {file: role for file, role in found.items() if file not in same}
        return made

    def _files(self, action: Node, word: str) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        for id in self._ids(action[word]):
            for file in self._leaves(id):
                found.setdefault(file, self._role(id, action, word))
        return found

    def _role(self, id: str, action: Node, word: str) -> str | None:
        """Return the name of the formal parameter of which a file or list of files is an example."""
        for formal in self._formal(id, action, word):
            if name := self._text(self._things.get(formal), "name", limit=ROLE_BYTES):
                return name
        thing = self._things.get(id)
        is_value = thing is not None and "PropertyValue" in self._types(thing) and not self._class(thing)
        return self._text(thing, "name", limit=ROLE_BYTES) if is_value else None

    def _file_id(self, id: str) -> str:
        if self._is_named(id):
            return self._id(self._identified.get(id, id))
        if _ABSOLUTE.match(id):
            return identity.external(identity.storage(id, self._site), id)
        return identity.within(self._scope, unquote(id))

    def _file(self, id: str) -> Iterator[Record]:
        own, thing = self._file_id(id), self._things.get(id)
        yield self._entity(id, own, thing)
        given = self._texts(thing, "contentUrl") if self._is_named(id) else [id]
        for url in filter(iris.authority, given):
            yield Location(entity_id=own, url=url, storage=identity.storage(url, self._site))
        size = self._text(thing, "contentSize") or ""
        for algorithm in _ALGORITHMS:
            for digest in filter(_DIGEST.fullmatch, self._texts(thing, algorithm)):
                yield Hash(
                    entity_id=own,
                    algorithm=algorithm,
                    digest=digest.lower(),
                    size=int(size) if _SIZE.fullmatch(size) else None,
                )
        yield from self._credits(id, own, thing)

    def _entity(self, id: str, own: str, thing: Node | None) -> Entity:
        types = self._types(thing) if thing else set()
        class_ = "Collection" if types & {"Collection", "Dataset"} else "DatasetEntity"
        alternate = self._text(thing, "alternateName", limit=_TEXT_BYTES)
        if thing is not None and self._is_named(id):
            class_ = self._class(thing) or class_
            return Entity(
                rank=Rank.STATEMENT,
                id=own,
                class_=class_,
                name=self._text(thing, "name"),
                location=alternate,
                generated_at_time=_time(thing["dateCreated"]),
                invalidated_at_time=_time(thing["expires"]),
                comment=self._text(thing, "description", limit=_TEXT_BYTES),
                value=_text_of(thing["value"]) if class_ == "ValueEntity" else None,
            )
        name = file_name(alternate) if alternate else self._text(thing, "name") or file_name(unquote(id))
        location = id if _ABSOLUTE.match(id) and not _NAME.match(id) else None
        return Entity(rank=Rank.STATEMENT, id=own, class_=class_, name=name, location=location)

    def _credits(self, id: str, own: str, thing: Node | None) -> Iterator[Record]:
        """Yield the rights, authors and identifiers of a file; a file in the crate has those of the crate."""
        root = None if _ABSOLUTE.match(id) or self._is_named(id) else self._things.get("./")
        things = [each for each in (thing, root) if each is not None]
        holder = next((text for each in things for text in self._labels(each, "copyrightHolder")), None)
        licences: list[str | None] = [*self._first(things, "license")]
        given = (text for each in things for text in _values(each["license"]))
        words = {text for text in given if isinstance(text, str) and not _is_uri(text)}
        for licence in licences or ([None] if holder else []):
            is_uri = _is_uri(licence)
            thing_of = None if licence is None or licence in words else self._things.get(licence)
            name = self._text(thing_of, "name")
            yield Rights(
                entity_id=own,
                uri=licence if is_uri else None,
                text=name or (None if is_uri else licence),
                holder=holder,
            )
        for author in self._first(things, "author", "creator"):
            if author in self._things or _ABSOLUTE.match(author):
                yield from self._agent(author)
                yield WasAttributedTo(entity_id=own, agent_id=self._id(author), role="Creator")
        for other in self._ids(thing["contributor"]) if thing is not None else ():
            yield from self._agent(other)
            yield WasAttributedTo(entity_id=own, agent_id=self._id(other))
        for text in self._first([thing] if thing is not None else [], "identifier"):
            if alias := persistent.alias(own, text):
                yield alias

    def _first(self, things: Iterable[Node], *words: str) -> list[str]:
        """Return the texts and ids of the first of *things* with one of these properties."""
        found = ([text for word in words for text in self._texts(thing, word)] for thing in things)
        return next(filter(None, found), [])

    def _texts(self, thing: Node | None, word: str) -> list[str]:
        """Return the distinct texts and ids of a property."""
        given = _values(thing[word]) if thing is not None else []
        texts = (each.get("@id") if isinstance(each, dict) else each for each in given)
        return list(dict.fromkeys(text for text in texts if isinstance(text, str) and text))

    def _labels(self, thing: Node | None, word: str) -> list[str]:
        """Return the texts of a property, and the names of the things that it refers to, or substitutes."""
        given = _values(thing[word]) if thing is not None else []
        ids = self._ids(thing[word]) if thing is not None else []
        found = [self._text(self._things.get(id), "name") or id for id in ids]
        found += [each for each in given if isinstance(each, str) and each]
        return [text.encode()[:NAME_BYTES].decode(errors="ignore") for text in found]

    # Relations

    @cached_property
    def _around(self) -> dict[str, str]:
        """The enclosing run of each run: by its instrument, otherwise by organize actions."""
        found = dict(self._by_instrument())
        for thing in self._things.values():
            whole = self._organized(thing)
            for control in self._ids(thing["object"]) if whole else ():
                steps = self._ids(self._things[control]["object"]) if control in self._things else []
                for step in (*steps, control):
                    if whole and step in self.actions and step != whole:
                        found.setdefault(step, whole)
        return {id: whole for id, whole in found.items() if found.get(whole) != id}

    def _organized(self, thing: Node) -> str | None:
        """Return the run of a workflow that an OrganizeAction is about."""
        if "OrganizeAction" not in self._types(thing):
            return None
        return next((id for id in self._ids(thing["result"]) if id in self.actions), None)

    def _by_instrument(self) -> Iterator[tuple[str, str]]:
        """Yield pairs of a run and the only run whose instrument contains the instrument of the first."""
        users: dict[str, list[str]] = {}
        for id, action in self.actions.items():
            for tool in self._ids(action["instrument"]):
                users.setdefault(tool, []).append(id)
        parts = {
            tool: set(self._ids(self._things[tool]["hasPart"])) for tool in users if tool in self._things
        }
        for tool, ids in users.items():
            wholes = [whole for whole, inside in parts.items() if tool in inside and whole != tool]
            # A workflow may list the parts of its parts: the innermost one is used.
            inner = [whole for whole in wholes if not parts[whole] & {*wholes}] or wholes
            if inner and len(users[inner[0]]) == 1:
                yield from ((id, users[inner[0]][0]) for id in ids if id != users[inner[0]][0])

    def _engines(self) -> Iterator[Record]:
        for thing in self._things.values():
            whole = self._organized(thing)
            for engine in self._ids(thing["instrument"]) if whole else ():
                tool = self._things.get(engine)
                name = self._text(tool, "name")
                if whole and name:
                    version = self._text(tool, "softwareVersion", "version", limit=ROLE_BYTES) or ""
                    full = (name if version in name else f"{name} {version}")[:NAME_BYTES]
                    agent = Agent(
                        rank=Rank.STATEMENT,
                        id=identity.scope("software", full),
                        name=full,
                        type="SoftwareAgent",
                    )
                    yield agent
                    yield WasAssociatedWith(activity_id=self._id(whole), agent_id=agent.id)

    def _relations(self) -> Iterator[Record]:
        for step, whole in self._around.items():
            yield WasInformedBy(informed_id=self._id(step), informant_id=self._id(whole))
        for id, files in self._used.items():
            for file, role in files.items():
                yield Reading(activity_id=self._id(id), role=role, entity_id=self._file_id(file))
        around = depths(self._around)
        outer = outer_claims(self._claims(), self._around)
        for file, id in self._claims():
            if (file, id) not in outer:
                yield WasGeneratedBy(
                    rank=Rank.STATEMENT,
                    claimant=claimant(around.get(id, 0), self._id(id)),
                    entity_id=self._file_id(file),
                    activity_id=self._id(id),
                    role=self._made[id][file],
                )

        yield from self._named_relations()

    def _named_relations(self) -> Iterator[Record]:
        """Yield the sources and members of entities whose ids are valid outside of the crate."""
        named = dict.fromkeys(self._named_things)
        for id in named:
            thing, own = self._things[id], self._file_id(id)
            for source in self._ids(thing["isBasedOn"]):
                if source in named and source != id:
                    yield WasDerivedFrom(generated_entity_id=own, used_entity_id=self._file_id(source))
            for part in self._ids(thing["hasPart"]) if "Collection" in self._types(thing) else ():
                if part in named:
                    yield HadMember(collection_id=own, entity_id=self._file_id(part))

    def _claims(self) -> Iterable[tuple[str, str]]:
        return [(file, id) for id, files in self._made.items() for file in files]


def _is_uri(text: object) -> bool:
    return isinstance(text, str) and _URI.fullmatch(text) is not None


def _text_of(node: Node) -> str:
    return node.value if isinstance(node.value, str) else canonical(node.value)


def _values(node: Node) -> list[object]:
    """Return the values of a property, which may be a single value or an array."""
    return node.value if isinstance(node.value, list) else [] if node.value is None else [node.value]


def _time(node: Node) -> datetime | None:
    """Return the time of a property: a date alone is midnight."""
    values = [value for value in _values(node) if isinstance(value, str)]
    return Node(values[0], node.path).instant() if values else None
