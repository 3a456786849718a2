"""Documents of records: JSON in the very words of ProvenanceDM, as the write API and ProvClient send them.

All of a document is one account of statements, to which other documents may add. What it refers to without
telling of it is a mention, to be completed by whoever knows more.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from provtap.ingest.model import identity
from provtap.ingest.model.descriptions import (
    ConfigFileDescription,
    GeneratedKind,
    GenerationDescription,
    ParameterDescription,
    UsageDescription,
    UsedKind,
)
from provtap.ingest.model.identity import file_name
from provtap.ingest.model.records import (
    Account,
    Activity,
    ActivityDescription,
    Agent,
    ConfigFile,
    Entity,
    EntityDescription,
    External,
    HadMember,
    HadReference,
    Invalidation,
    Location,
    Parameter,
    Rank,
    Reading,
    Record,
    Run,
    WasAssociatedWith,
    WasAttributedTo,
    WasDerivedFrom,
    WasGeneratedBy,
    WasInformedBy,
    Writing,
)
from provtap.ingest.parsing.bounded import NO_LIMIT
from provtap.ingest.readers.records.classes import CLASSES
from provtap.ingest.readers.records.ids import Ids
from provtap.ingest.readers.records.parse import Told, read_told

_START = re.compile(rb'(\xef\xbb\xbf)?\s*\{\s*"(%s)"\s*:' % "|".join(c.name for c in CLASSES).encode())
_CAPITAL = re.compile("[A-Z]")
_FIELDS = {"generatedEntity": "generatedentity_id", "usedEntity": "usedentity_id"}


def looks_like(content: bytes) -> bool:
    """Tell whether *content* may be such a document: an object whose first key is a class."""
    return _START.match(content) is not None


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[Account]:
    """Yield the one account of a document, whose paths are those of *site*, with *most* records.

    Raises: DocumentError, with line and column or a JSON pointer.
    """
    records = tuple(_Document(read_told(content, most), site).records())
    yield Account(None, hashlib.sha256(content).hexdigest(), records)


class _Document:
    """All that one document tells, and the ids of what it tells of."""

    def __init__(self, told: list[Told], site: str) -> None:
        self._told = told
        self._site = site
        self._ids = Ids(told)

    def records(self) -> Iterator[Record]:
        """Yield the records of everything that is told, and of what is only referred to."""
        for each in self._told:
            yield from self._MAKERS[each.of.name](self, each)
        yield from self._ids.mentions

    def _fields(self, told: Told) -> dict[str, Any]:
        """Return what is told by the names of fields, with the ids that things have in the store."""
        fields: dict[str, Any] = {}
        for word in told.of.words:
            if word.refers and word.kind == "id":
                fields[_field(word.name, "_id")] = self._ids.end(told, word.name)
            elif word.name != "id":
                fields[_field(word.name)] = told.get(word.name)
        return fields

    def _plain(self, kind: type[Record], told: Told, **further: Any) -> Record:
        return kind(**{name: v for name, v in (self._fields(told) | further).items() if v is not None})

    def _agent(self, told: Told) -> Iterator[Record]:
        yield self._plain(Agent, told, rank=Rank.STATEMENT, id=self._ids.own(told))

    def _activity(self, told: Told) -> Iterator[Record]:
        _in_order(told, "startTime", "endTime")
        yield self._plain(Activity, told, rank=Rank.STATEMENT, id=self._ids.own(told))

    def _entity(self, told: Told) -> Iterator[Record]:
        _in_order(told, "generatedAtTime", "invalidatedAtTime")
        yield self._plain(Entity, told, rank=Rank.STATEMENT, id=self._ids.own(told), class_=told.of.name)

    def _activity_description(self, told: Told) -> Iterator[Record]:
        yield self._plain(ActivityDescription, told, id=self._ids.own(told))

    def _entity_description(self, told: Told) -> Iterator[Record]:
        yield self._plain(
            EntityDescription, told, rank=Rank.STATEMENT, id=self._ids.own(told), class_=told.of.name
        )

    def _role_description(self, told: Told) -> Iterator[Record]:
        kinds: dict[str, tuple[type[Record], type[Record], str]] = {
            "UsageDescription": (UsageDescription, UsedKind, "usage_description_id"),
            "GenerationDescription": (GenerationDescription, GeneratedKind, "generation_description_id"),
        }
        kind, of_kind, field = kinds[told.of.name]
        own = self._ids.own(told)
        yield self._plain(kind, told, id=own, entity_description=None)
        for given in told.get("entityDescription") or ():
            described = self._ids.find(told, "entityDescription", given)
            yield of_kind(**{field: own, "entity_description_id": described})

    def _parameter_description(self, told: Told) -> Iterator[Record]:
        yield self._plain(ParameterDescription, told, id=self._ids.own(told))

    def _config_file_description(self, told: Told) -> Iterator[Record]:
        yield self._plain(ConfigFileDescription, told, id=self._ids.own(told))

    def _run(self, told: Told) -> Iterator[Record]:
        yield self._plain(Run, told, rank=Rank.STATEMENT)

    def _used(self, told: Told) -> Iterator[Record]:
        activity, role, time = self._ids.given_end(told, "activity"), told.get("role"), told.get("time")
        url = _place(told)
        if url is None:
            entity = self._ids.given_end(told, "entity")
            yield Reading(activity_id=activity, role=role, told_id=entity, usage_time=time)
            return
        storage = identity.storage(url, self._site)
        external = External(id=identity.external(storage, url), name=file_name(url), location=url)
        yield external
        yield Reading(
            activity_id=activity,
            role=role,
            storage=storage,
            url=url,
            time=time or self._ids.times(told, activity)[0],
            external_id=external.id,
            usage_time=time,
        )

    def _was_generated_by(self, told: Told) -> Iterator[Record]:
        activity, role, url = self._ids.given_end(told, "activity"), told.get("role"), _place(told)
        entity = self._ids.end(told, "entity") or identity.output(activity, role, url or "")
        if url is not None:
            yield from self._written(told, activity, entity, url)
        elif told.get("time"):
            raise told.wrong("goes with a location: an entity has its generatedAtTime", "time")
        # Of two activities the same one is kept, whatever document comes first.
        yield WasGeneratedBy(
            rank=Rank.STATEMENT, claimant=activity, entity_id=entity, activity_id=activity, role=role
        )

    def _written(self, told: Told, activity: str, entity: str, url: str) -> Iterator[Record]:
        time = told.get("time") or self._ids.times(told, activity)[1]
        storage = identity.storage(url, self._site)
        yield Entity(
            rank=Rank.STATEMENT, id=entity, name=file_name(url), location=url, generated_at_time=time
        )
        yield Location(entity_id=entity, url=url, storage=storage)
        yield Writing(
            activity_id=activity,
            entity_id=entity,
            storage=storage,
            url=url,
            time=time,
            external_id=identity.external(storage, url),
        )

    def _was_derived_from(self, told: Told) -> Iterator[Record]:
        yield self._between_two(WasDerivedFrom, told, "generatedEntity", "usedEntity")

    def _was_informed_by(self, told: Told) -> Iterator[Record]:
        yield self._between_two(WasInformedBy, told, "informed", "informant")

    def _had_member(self, told: Told) -> Iterator[Record]:
        yield self._between_two(HadMember, told, "collection", "entity")

    def _between_two(self, kind: type[Record], told: Told, subject: str, object_: str) -> Record:
        if told.values[subject] == told.values[object_]:
            raise told.wrong(f"is the same as {subject}", object_)
        return self._plain(kind, told)

    def _was_associated_with(self, told: Told) -> Iterator[Record]:
        yield self._plain(WasAssociatedWith, told)

    def _was_attributed_to(self, told: Told) -> Iterator[Record]:
        yield self._plain(WasAttributedTo, told)

    def _parameter(self, told: Told) -> Iterator[Record]:
        own, activity = self._ids.own(told), self._ids.activity_of(told)
        said = {"name": told.values["name"], "value": told.values["value"]}
        yield Parameter(rank=Rank.STATEMENT, id=own, activity_id=activity, **said)
        if value := self._ids.end(told, "valueEntity"):
            yield HadReference(id=own, value_entity_id=value)

    def _config_file(self, told: Told) -> Iterator[Record]:
        own, activity = self._ids.own(told), self._ids.activity_of(told)
        yield self._plain(ConfigFile, told, rank=Rank.STATEMENT, id=own, activity_id=activity)

    def _was_configured_by(self, told: Told) -> Iterator[Record]:
        for word, thing in (("parameter", "parameter"), ("configFile", "config file")):
            if word in told.values and not self._ids.knows(thing, told.values[word]):
                raise told.wrong(f"is no {thing} of this document: both are told together", word)
        yield from ()  # the parameter or file itself says whose it is

    def _had_reference(self, told: Told) -> Iterator[Record]:
        yield HadReference(
            id=self._ids.given_end(told, "parameter"),
            value_entity_id=self._ids.given_end(told, "valueEntity"),
        )

    def _invalidation(self, told: Told) -> Iterator[Record]:
        yield Invalidation(entity_id=self._ids.given_end(told, "entity"), time=told.values["time"])

    _MAKERS: Mapping[str, Callable[["_Document", Told], Iterator[Record]]] = {
        "Agent": _agent,
        "ActivityDescription": _activity_description,
        "EntityDescription": _entity_description,
        "DatasetDescription": _entity_description,
        "ValueDescription": _entity_description,
        "UsageDescription": _role_description,
        "GenerationDescription": _role_description,
        "ParameterDescription": _parameter_description,
        "ConfigFileDescription": _config_file_description,
        "Entity": _entity,
        "DatasetEntity": _entity,
        "ValueEntity": _entity,
        "Collection": _entity,
        "Activity": _activity,
        "Run": _run,
        "Used": _used,
        "WasGeneratedBy": _was_generated_by,
        "WasDerivedFrom": _was_derived_from,
        "WasInformedBy": _was_informed_by,
        "WasAssociatedWith": _was_associated_with,
        "WasAttributedTo": _was_attributed_to,
        "HadMember": _had_member,
        "Parameter": _parameter,
        "ConfigFile": _config_file,
        "WasConfiguredBy": _was_configured_by,
        "HadReference": _had_reference,
        "Invalidation": _invalidation,
    }


def _field(word: str, suffix: str = "") -> str:
    """Return the name of the field of a record that a word is."""
    return _FIELDS.get(word) or _CAPITAL.sub(lambda c: f"_{c.group().lower()}", word) + suffix


def _in_order(told: Told, first: str, second: str) -> None:
    if told.get(first) and told.get(second) and told.values[second] < told.values[first]:
        raise told.wrong(f"is before {first}", second)


def _place(told: Told) -> str | None:
    """Return the location that stands for an entity, where it does."""
    if (told.get("entity") is None) == (told.get("location") is None):
        raise told.wrong("must have an entity or a location, and not both")
    location: str | None = told.get("location")
    return location
