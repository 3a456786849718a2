"""Selects the record sets on which an answer depends: a walk over records, before any of them is stored.

Documents contradict and complete each other, and the loader decides which of them count. The walk does not
decide: it follows each relation that any document states, so it reaches all things of the answer, and perhaps
a few more. For each thing it selects everything that may change the rows about it, whatever document has it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from provtap.history.archive import Archive, Part
from provtap.history.statements import Statements
from provtap.ingest.model.descriptions import GeneratedKind, PartDescription, UsedKind
from provtap.ingest.model.mentions import About, version
from provtap.ingest.model.records import ActivityDescription, HadReference, Reading
from provtap.provsap.graph import Key
from provtap.provsap.request import MAX_DEPTH, Direction, ProvsapRequest

Wanted = tuple[About, str]


class Place(NamedTuple):
    """A thing that the walk has reached, and the direction of the walk."""

    key: Key
    way: str
    """`back` or `forth`."""


@dataclass(frozen=True)
class Rules:
    """The relations that a walk follows, as in provsap/traverse.py."""

    steps: bool = False
    collections: bool = False
    members: bool = False
    agents: bool = False
    agent: bool = False

    @classmethod
    def of(cls, request: ProvsapRequest) -> "Rules":
        """Return the rules of *request*."""
        straight = request.to is not None
        return cls(
            steps=request.steps and not straight,
            collections=not straight,
            members=request.members and not straight,
            agents=not straight,
            agent=request.agent and request.agents and not straight,
        )


_ANCESTORS = Rules()


class Selection:
    """The record sets on which the answer to *request* depends."""

    def __init__(self, archive: Archive, request: ProvsapRequest) -> None:
        self._archive = archive
        self._request = request
        self._said = Statements()
        self._parts: set[Part] = set()
        self.reached: set[Key] = set()
        """The things of the walk."""

    @property
    def scripts(self) -> Sequence[int]:
        """The numbers of the SQL scripts, each of which may have said something about any thing."""
        return self._archive.scripts

    @property
    def parts(self) -> list[Part]:
        """The selected record sets, in the order of arrival."""
        return sorted(self._parts, key=lambda part: part.order)

    def expect(self, keys: Iterable[Key]) -> None:
        """Select everything about *keys* at once, which the walk will probably reach one after the other.

        Raises: TooLarge, QueryTimeout.
        """
        self._complete(both_ways(self._request.direction, keys), Rules.of(self._request))

    def around(self, names: Iterable[str]) -> None:
        """Select what the answer around *names* depends on. Raises: TooLarge, QueryTimeout."""
        request = self._request
        names = list(names)
        also = [request.to] if request.to is not None else []
        self._want((about, name) for name in (*names, *also) for about in (About.THING, About.NAME))
        roots = {key for name in names for key in self._said.things(name)}
        ends = {key for name in also for key in self._said.things(name)}
        self._want((About.THING, key.id) for key in roots | ends)
        ways = request.direction.value
        self.walk({Place(key, way) for key in roots for way in ways}, Rules.of(request), request.depth)

    def walk(self, start: set[Place], rules: Rules, depth: int) -> None:
        """Walk from *start*; then to all ancestors, if something is withdrawn. Raises: as `around`."""
        self._walk(start, rules, depth)
        if self._archive.any(About.WITHDRAWALS):  # the answer marks what was made from withdrawn things
            self._walk({Place(key, "back") for key in self.reached}, _ANCESTORS, MAX_DEPTH)
            told = [each for key in self.reached for each in self._said.withdrawals.get(key.id, ())]
            ids = chain.from_iterable((each.successor_id, each.agent_id) for each in told)
            self._want((About.THING, id_) for id_ in ids if id_)

    def _walk(self, start: set[Place], rules: Rules, depth: int) -> None:
        seen: set[Place] = set()
        level = start
        for distance in range(depth + 1):
            seen |= level
            self._complete(level, rules)
            self.reached |= {place.key for place in level}
            if distance < depth:
                level = {step for place in level for step in self._steps(place, rules)} - seen
            if not level:
                return

    def _complete(self, places: set[Place], rules: Rules) -> None:
        """Select everything about *places*, and about the relations that lead on from them."""
        self._want(chain.from_iterable(_about(place, rules) for place in places))
        said = self._said
        activities = {p.key.id for p in places if p.key.kind == "activity"}
        self._want((About.PART, id_) for a in activities for id_ in said.configuration.get(a, ()))
        # Another activity may have the better claim to what this one says that it generated.
        generated = {e for p in places if p.way == "forth" for e in said.products.get(p.key.id, ())}
        self._want((About.THING, entity) for entity in generated)
        urls = {str(r.url) for p in places if p.way == "back" for r in said.read.get(p.key.id, ())}
        entities = {p.key.id for p in places if p.way == "forth" and p.key.kind == "entity"}
        self._want_places(urls | {url for e in entities for url in said.places.get(e, ())})
        self._want_readings(entities)
        self._want_copies(places)

    def _want_places(self, urls: set[str]) -> None:
        """Select who wrote to *urls*, and of whose run they were steps: that run reads their files."""
        self._want((About.NAME, url) for url in urls)
        written = [writing for url in urls for writing in self._said.written.get(url, ())]
        self._want((About.THING, writing.activity_id) for writing in written)

    def _want_readings(self, entities: Iterable[str]) -> None:
        """Select who read *entities* by their places; other files may have been there."""
        urls = {url for entity in entities for url in self._said.places.get(entity, ())}
        self._want((About.READ, url) for url in urls)
        self._want_places(urls)

    def _want_copies(self, places: set[Place]) -> None:
        """Select the files with the content of those without generation, or of those to be followed forth."""
        said = self._said
        entities = {p.key.id for p in places if p.key.kind == "entity"}
        forth = {p.key.id for p in places if p.way == "forth"}
        digests = {
            digest
            for entity in entities
            if entity in forth or not said.generators.get(entity)
            for digest in said.checksums.get(entity, ())
        }
        self._want((About.CHECKSUM, digest) for digest in digests)
        alike = [said.content[digest] for digest in digests if len(said.content[digest]) > 1]
        files = set(chain.from_iterable(alike))
        self._want((About.THING, entity) for entity in files)
        self._want((About.THING, a) for entity in files for a in said.generators.get(entity, ()))
        # A copy was read after the original was made: the first time counts.
        copies = {e for group in alike if any(map(said.generators.get, group)) for e in group}
        copies = {entity for entity in copies if not said.generators.get(entity)}
        self._want((About.FORTH, entity) for entity in copies)
        self._want_readings(copies)
        users = {a for entity in copies for a in said.users.get(entity, ())}
        users |= {
            reading.activity_id
            for entity in copies
            for url in said.places.get(entity, ())
            for reading in said.readers.get(url, ())
        }
        self._want((About.THING, activity) for activity in users)

    def _want(self, wanted: Iterable[Wanted]) -> None:
        """Select the record sets about *wanted*, and what they refer to."""
        waiting = set(wanted)
        while waiting:
            new = set(self._archive.select(waiting)) - self._parts
            self._parts |= new
            records = [record for part in new for record in part.record_set.records]
            for record in records:
                self._said.add(record)
            waiting = set(chain.from_iterable(map(_references, records)))
            waiting |= {(About.THING, id_) for id_ in self._archive.clashes(new)}
            waiting |= {(About.THING, id_) for id_ in self._said.undeclared()}

    def _steps(self, place: Place, rules: Rules) -> Iterator[Place]:
        for key in self._next(place, rules):
            yield Place(key, place.way)

    def _next(self, place: Place, rules: Rules) -> Iterator[Key]:
        """Yield what one relation leads to, as in provsap/traverse.sql."""
        (kind, id_), way = place
        said = self._said
        if kind == "agent":
            yield from said.responsible.get(id_, ()) if rules.agent else ()
            return
        if rules.agents:
            yield from _keys("agent", said.agents, id_)
        if kind == "entity":
            yield from _keys("entity", said.collections, id_) if rules.collections else ()
            yield from _keys("entity", said.members, id_) if rules.members else ()
            if way == "back":
                yield from _keys("activity", said.generators, id_)
                yield from _keys("entity", said.sources, id_)
            else:
                yield from _keys("activity", said.users, id_)
                yield from _keys("entity", said.derivatives, id_)
                readings = (r for url in said.places.get(id_, ()) for r in said.readers.get(url, ()))
                yield from (Key("activity", r.activity_id) for r in readings if id_ in self._read(r))
            yield from self._copies(id_, way)
        elif way == "back":
            yield from _keys("entity", said.used, id_)
            yield from _keys("activity", said.informants, id_)
            yield from (Key("entity", entity) for r in said.read.get(id_, ()) for entity in self._read(r))
        else:
            yield from _keys("entity", said.products, id_)
        if kind == "activity" and (way == "forth" or rules.steps):
            yield from _keys("activity", said.informed, id_)

    def _read(self, reading: Reading) -> Iterator[str]:
        """Yield the files that may have been read at a place: the last one there, and those of steps."""
        yield str(reading.external_id)
        written = self._said.written.get(str(reading.url), ())
        assert reading.time is not None
        before = [w for w in written if w.time <= reading.time]
        # The last writing counts. What its own run wrote does not, nor do writings at the same time but one.
        others = [w for w in before if w.activity_id != reading.activity_id]
        last = max((w.time for w in others), default=None)
        for writing in written:
            of_step = reading.activity_id in self._said.informants.get(writing.activity_id, ())
            own = writing.activity_id == reading.activity_id
            if of_step or own or (writing.time == last):
                yield writing.entity_id

    def _copies(self, entity: str, way: str) -> Iterator[Key]:
        said = self._said
        alike = {e for digest in said.checksums.get(entity, ()) for e in said.content.get(digest, ())}
        for other in alike - {entity}:
            if said.generators.get(other if way == "back" else entity):
                yield Key("entity", other)


def _keys(kind: str, relation: Mapping[str, set[str]], id_: str) -> Iterator[Key]:
    return (Key(kind, other) for other in relation.get(id_, ()))


def _about(place: Place, rules: Rules) -> Iterator[Wanted]:
    """Yield what is needed to know of a place and its relations."""
    (kind, id_), way = place
    yield About.THING, id_
    follows = {"entity": way == "forth", "activity": way == "forth" or rules.steps, "agent": rules.agent}
    if follows[kind]:
        yield About.FORTH, id_
    if kind == "entity" and rules.members:
        yield About.MEMBERS, id_


def _references(record: Any) -> Iterator[Wanted]:
    """Yield what must be stored before *record* can be: descriptions, and parameters with a reference."""
    for name in (
        "activity_description_id",
        "entity_description_id",
        "usage_description_id",
        "generation_description_id",
    ):
        id_ = getattr(record, name, None)
        if id_ is not None:
            yield About.PART, id_
    match record:
        case ActivityDescription():
            yield About.PART, record.id
            yield About.PART, version(record.name, record.version)
        case PartDescription() | UsedKind() | GeneratedKind():
            id_ = getattr(record, "id", None)
            if id_:
                yield About.PART, id_
        case HadReference():
            yield About.PART, record.id
            yield About.THING, record.value_entity_id


def both_ways(direction: Direction, keys: Iterable[Key]) -> set[Place]:
    """Return the places of *keys* in the ways of *direction*."""
    return {Place(key, way) for key in keys for way in direction.value}
