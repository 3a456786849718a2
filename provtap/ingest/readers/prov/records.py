"""Statements of W3C PROV and its IVOA dialect as records of ProvenanceDM.

Relations without a class in the model become a `Relation`; attributes without a counterpart remain in the
archived document.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from provtap.ingest.model.identity import NAME_BYTES
from provtap.ingest.model.persistent import agent_id, alias
from provtap.ingest.model.records import (
    Activity,
    Agent,
    Entity,
    EntityDescription,
    Rank,
    Record,
    RecordSet,
    Rights,
)
from provtap.ingest.parsing.bounded import NO_LIMIT, bounded
from provtap.ingest.readers.prov.relations import Relations
from provtap.ingest.readers.prov.statements import ELEMENTS, Statement, Value, normal, with_own_ids
from provtap.ingest.readers.prov.things import Thing, Things, described_activity, description_class

_AGENT_TYPES = {
    "Person": "Person",
    "Individual": "Person",  # the working draft of 2017
    "Organization": "Organization",
    "Organisation": "Organization",
    "SoftwareAgent": "SoftwareAgent",
}
_LICENCES = ("dcterms:license", "schema:license", "voprov:license")
_RIGHTS = ("dcterms:rights", "voprov:rights")
_HOLDERS = ("dcterms:rightsHolder", "schema:copyrightHolder", "voprov:rightsHolder")
_IDENTIFIERS = ("dcterms:identifier", "schema:identifier", "voprov:identifier")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S{1,990}")
_LATE = "~"
"""Claimant of a row with an end but no start, which must not be merged with a start from another claim."""


def reader(
    statements: Callable[[bytes], Iterator[Statement]],
) -> Callable[[bytes, str, float], Iterator[RecordSet]]:
    """Return the reader of a notation; all statements of a document are one set of records."""

    def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
        yield record_set(bounded(statements(content), most), hashlib.sha256(content).hexdigest())

    return read


def record_set(statements: Iterable[Statement], sha256: str) -> RecordSet:
    """Return the records of a document; *sha256* is its digest.

    Raises: DocumentError.
    """
    normalized = with_own_ids([normal(statement) for statement in statements])
    things = Things((statement for statement in normalized if statement.kind in ELEMENTS), sha256)
    relations = Relations(things)
    for statement in normalized:
        if statement.kind not in ELEMENTS:
            relations.add(statement)
    records = tuple(_Converter(things, relations).records())
    return RecordSet(
        None, sha256, (*records, *relations.records, *relations.generations()), tuple(things.warnings)
    )


class _Converter:
    """Converts the things of one document to records; their relations are already known."""

    def __init__(self, things: Things, relations: Relations) -> None:
        self._things = things
        self._relations = relations

    def records(self) -> Iterator[Record]:
        """Yield descriptions, agents, entities, activities."""
        for thing in self._things.of("activity description"):
            yield from self._activity_description(thing)
        for thing in self._things.of("entity description"):
            yield from self._entity_description(thing)
        for thing in self._things.of("agent"):
            yield self._agent(thing)
            found = (agent_id(thing.id, _iri(value)) for value in thing.values(*_IDENTIFIERS))
            yield from filter(None, found)
        for thing in self._things.of("entity"):
            yield self._entity(thing)
            yield from self._credits(thing)
        for thing in self._things.of("activity"):
            yield self._activity(thing)
        for kind in ("parameter", "configuration file"):
            yield from (self._stray(thing) for thing in self._things.of(kind) if self._is_stray(thing))
        yield from self._relations.plans

    def _activity_description(self, thing: Thing) -> Iterator[Record]:
        if thing.statements:
            yield described_activity(thing)

    def _entity_description(self, thing: Thing) -> Iterator[Record]:
        if thing.statements:
            class_ = description_class(thing)
            yield EntityDescription(
                rank=Rank.STATEMENT,
                id=thing.id,
                class_=class_,
                name=thing.label,
                **thing.stated(EntityDescription, class_),
            )

    def _agent(self, thing: Thing) -> Agent:
        types = (_AGENT_TYPES[each] for each in sorted(thing.types()) if each in _AGENT_TYPES)
        stated = thing.stated(Agent)
        if email := stated["email"]:
            stated["email"] = email.strip("<>").removeprefix("mailto:")
        # A name that is part of the id was not stated.
        rank = Rank.STATEMENT if any(each.attributes for each in thing.statements) else Rank.MENTION
        return Agent(rank=rank, id=thing.id, name=thing.label, type=next(types, None), **stated)

    def _entity(self, thing: Thing) -> Entity:
        class_ = self._class(thing)
        generated = self._things.first(thing, "generatedAtTime") or self._relations.generated.get(thing.id)
        invalidated = self._things.first(thing, "invalidatedAtTime") or self._relations.invalidated.get(
            thing.id
        )
        begun, ended = self._lifetime(thing, generated, invalidated)
        description_id = self._relations.description_of(thing.id, class_)
        return Entity(
            rank=_rank(thing, begun, ended, class_ == "Collection", description_id),
            claimant=_LATE if ended and not begun else "",
            id=thing.id,
            class_=class_,
            name=thing.name,
            generated_at_time=begun,
            invalidated_at_time=ended,
            entity_description_id=description_id,
            **thing.stated(Entity, class_),
        )

    def _credits(self, thing: Thing) -> Iterator[Record]:
        """Yield the rights of an entity, and its persistent identifiers."""
        licences: list[str | None] = [*dict.fromkeys(map(_iri, thing.values(*_LICENCES)))]
        text, holder = thing.text(*_RIGHTS), thing.text(*_HOLDERS)
        for licence in licences or ([None] if text or holder else []):
            uri = licence if licence and _URI.fullmatch(licence) else None
            yield Rights(
                entity_id=thing.id,
                uri=uri,
                text=text if uri or not licence else licence,
                holder=holder if holder and len(holder.encode()) <= NAME_BYTES else None,
            )
        found = (alias(thing.id, _iri(value)) for value in thing.values(*_IDENTIFIERS))
        yield from filter(None, found)

    def _class(self, thing: Thing) -> str:
        if "Collection" in thing.classes or thing.id in self._relations.collections:
            return "Collection"
        if thing.value_of("value") is not None:
            return "ValueEntity"
        return "DatasetEntity" if "DatasetEntity" in thing.classes else "Entity"

    def _activity(self, thing: Thing) -> Activity:
        start = self._things.first(thing, "startTime") or self._relations.started.get(thing.id)
        end = self._things.first(thing, "endTime") or self._relations.ended.get(thing.id)
        begun, ended = self._lifetime(thing, start, end)
        description_id = self._relations.activity_descriptions.get(thing.id)
        return Activity(
            rank=_rank(thing, begun, ended, description_id),
            claimant=_LATE if ended and not begun else "",
            id=thing.id,
            name=thing.name,
            start_time=begun,
            end_time=ended,
            activity_description_id=description_id,
            **thing.stated(Activity),
        )

    def _is_stray(self, thing: Thing) -> bool:
        return bool(thing.statements) and thing.id not in self._relations.configured

    def _stray(self, thing: Thing) -> Entity:
        """Return, as an entity, a thing that configured no activity: the model has no other place for it."""
        class_ = "Entity" if thing.value_of("value") is None else "ValueEntity"
        stated = thing.stated(Entity, class_)
        return Entity(rank=Rank.STATEMENT, id=thing.id, class_=class_, name=thing.name, **stated)

    def _lifetime(
        self, thing: Thing, begun: datetime | None, ended: datetime | None
    ) -> tuple[datetime | None, datetime | None]:
        if begun and ended and ended < begun:
            self._things.warnings.append(
                f"{thing.id} ends at {ended}, before it begins at {begun}: the end was ignored"
            )
            return begun, None
        return begun, ended


def _iri(value: Value) -> str:
    """Return the IRI of a value, otherwise its text."""
    return value.name.id if value.name else value.plain


def _rank(thing: Thing, *facts: object) -> Rank:
    """Return the rank of a row: a description takes precedence over a mere reference."""
    return Rank.STATEMENT if thing.statements or any(facts) else Rank.MENTION
