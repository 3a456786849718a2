"""Documents of records: JSON with the attributes of ProvenanceDM, as the write API and ProvClient send them.

A document is one set of statements, to which other documents may add. What it refers to without describing it
is a mention, which a later document may complete.
"""

import hashlib
import json
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
    RecordSet,
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
from provtap.ingest.readers.records.parse import ParsedRecord, read_records

_START = re.compile(rb'(\xef\xbb\xbf)?\s*\{\s*"(%s)"\s*:' % "|".join(c.name for c in CLASSES).encode())


def looks_like(content: bytes) -> bool:
    """Tell whether *content* may be such a document: an object whose first key is a class."""
    return _START.match(content) is not None


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the one set of a document, whose paths are those of *site*; it may have *most* records.

    Raises: DocumentError, with line and column or a JSON pointer.
    """
    records = tuple(_RecordReader(read_records(content, most), site).records())
    yield RecordSet(None, hashlib.sha256(content).hexdigest(), records)


class _RecordReader:
    """The parsed records of one document, and the ids of the things that they describe."""

    def __init__(self, parsed: list[ParsedRecord], site: str) -> None:
        self._parsed = parsed
        self._site = site
        self._ids = Ids(parsed)

    def records(self) -> Iterator[Record]:
        """Yield the records of everything that is described, and of what is only referred to."""
        for each in self._parsed:
            yield from self._MAKERS[each.of.name](self, each)
        yield from self._ids.mentions

    def _fields(self, parsed: ParsedRecord) -> dict[str, Any]:
        """Return the values by the names of fields, with the ids that things have in the store."""
        fields: dict[str, Any] = {}
        for attribute in parsed.of.attributes:
            if attribute.refers and attribute.kind == "id":
                fields[attribute.field] = self._ids.end(parsed, attribute.name)
            elif attribute.kind == "texts" and attribute.name in parsed.values:
                fields[attribute.field] = json.dumps(parsed.values[attribute.name], ensure_ascii=False)
            elif attribute.name != "id":
                fields[attribute.field] = parsed.get(attribute.name)
        return fields

    def _plain(self, kind: type[Record], parsed: ParsedRecord, **further: Any) -> Record:
        return kind(**{name: v for name, v in (self._fields(parsed) | further).items() if v is not None})

    def _agent(self, parsed: ParsedRecord) -> Iterator[Record]:
        yield self._plain(Agent, parsed, rank=Rank.STATEMENT, id=self._ids.own(parsed))

    def _activity(self, parsed: ParsedRecord) -> Iterator[Record]:
        _in_order(parsed, "startTime", "endTime")
        yield self._plain(Activity, parsed, rank=Rank.STATEMENT, id=self._ids.own(parsed))

    def _entity(self, parsed: ParsedRecord) -> Iterator[Record]:
        _in_order(parsed, "generatedAtTime", "invalidatedAtTime")
        yield self._plain(
            Entity, parsed, rank=Rank.STATEMENT, id=self._ids.own(parsed), class_=parsed.of.name
        )

    def _activity_description(self, parsed: ParsedRecord) -> Iterator[Record]:
        yield self._plain(ActivityDescription, parsed, id=self._ids.own(parsed))

    def _entity_description(self, parsed: ParsedRecord) -> Iterator[Record]:
        yield self._plain(
            EntityDescription, parsed, rank=Rank.STATEMENT, id=self._ids.own(parsed), class_=parsed.of.name
        )

    def _role_description(self, parsed: ParsedRecord) -> Iterator[Record]:
        kinds: dict[str, tuple[type[Record], type[Record], str]] = {
            "UsageDescription": (UsageDescription, UsedKind, "usage_description_id"),
            "GenerationDescription": (GenerationDescription, GeneratedKind, "generation_description_id"),
        }
        kind, of_kind, field = kinds[parsed.of.name]
        own = self._ids.own(parsed)
        yield self._plain(kind, parsed, id=own, entity_description_id=None)
        for given in parsed.get("entityDescription") or ():
            described = self._ids.find(parsed, "entityDescription", given)
            yield of_kind(**{field: own, "entity_description_id": described})

    def _parameter_description(self, parsed: ParsedRecord) -> Iterator[Record]:
        yield self._plain(ParameterDescription, parsed, id=self._ids.own(parsed))

    def _config_file_description(self, parsed: ParsedRecord) -> Iterator[Record]:
        yield self._plain(ConfigFileDescription, parsed, id=self._ids.own(parsed))

    def _run(self, parsed: ParsedRecord) -> Iterator[Record]:
        yield self._plain(Run, parsed, rank=Rank.STATEMENT)

    def _used(self, parsed: ParsedRecord) -> Iterator[Record]:
        activity, role, time = self._ids.given_end(parsed, "activity"), parsed.get("role"), parsed.get("time")
        url = _location(parsed)
        if url is None:
            entity = self._ids.given_end(parsed, "entity")
            yield Reading(activity_id=activity, role=role, entity_id=entity, usage_time=time)
            return
        storage = identity.storage(url, self._site)
        external = External(id=identity.external(storage, url), name=file_name(url), location=url)
        yield external
        yield Reading(
            activity_id=activity,
            role=role,
            storage=storage,
            url=url,
            time=time or self._ids.times(parsed, activity)[0],
            external_id=external.id,
            usage_time=time,
        )

    def _was_generated_by(self, parsed: ParsedRecord) -> Iterator[Record]:
        activity, role, url = self._ids.given_end(parsed, "activity"), parsed.get("role"), _location(parsed)
        entity = self._ids.end(parsed, "entity") or identity.output(activity, role, url or "")
        if url is not None:
            yield from self._written(parsed, activity, entity, url)
        elif parsed.get("time"):
            raise parsed.wrong("goes with a location: an entity has its generatedAtTime", "time")
        # Of two activities the same one is kept, whatever document comes first.
        yield WasGeneratedBy(
            rank=Rank.STATEMENT, claimant=activity, entity_id=entity, activity_id=activity, role=role
        )

    def _written(self, parsed: ParsedRecord, activity: str, entity: str, url: str) -> Iterator[Record]:
        time = parsed.get("time") or self._ids.times(parsed, activity)[1]
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

    def _was_derived_from(self, parsed: ParsedRecord) -> Iterator[Record]:
        yield self._between_two(WasDerivedFrom, parsed, "generatedEntity", "usedEntity")

    def _was_informed_by(self, parsed: ParsedRecord) -> Iterator[Record]:
        yield self._between_two(WasInformedBy, parsed, "informed", "informant")

    def _had_member(self, parsed: ParsedRecord) -> Iterator[Record]:
        yield self._between_two(HadMember, parsed, "collection", "entity")

    def _between_two(self, kind: type[Record], parsed: ParsedRecord, subject: str, object_: str) -> Record:
        if parsed.values[subject] == parsed.values[object_]:
            raise parsed.wrong(f"is the same as {subject}", object_)
        return self._plain(kind, parsed)

    def _was_associated_with(self, parsed: ParsedRecord) -> Iterator[Record]:
        yield self._plain(WasAssociatedWith, parsed)

    def _was_attributed_to(self, parsed: ParsedRecord) -> Iterator[Record]:
        yield self._plain(WasAttributedTo, parsed)

    def _parameter(self, parsed: ParsedRecord) -> Iterator[Record]:
        own, activity = self._ids.own(parsed), self._ids.activity_of(parsed)
        said = {"name": parsed.values["name"], "value": parsed.values["value"]}
        yield Parameter(rank=Rank.STATEMENT, id=own, activity_id=activity, **said)
        if value := self._ids.end(parsed, "valueEntity"):
            yield HadReference(id=own, value_entity_id=value)

    def _config_file(self, parsed: ParsedRecord) -> Iterator[Record]:
        own, activity = self._ids.own(parsed), self._ids.activity_of(parsed)
        yield self._plain(ConfigFile, parsed, rank=Rank.STATEMENT, id=own, activity_id=activity)

    def _was_configured_by(self, parsed: ParsedRecord) -> Iterator[Record]:
        for attribute, thing in (("parameter", "parameter"), ("configFile", "config file")):
            if attribute in parsed.values and not self._ids.knows(thing, parsed.values[attribute]):
                raise parsed.wrong(
                    f"is not a {thing} of this document: both must be in one document", attribute
                )
        yield from ()  # the parameter or file itself says whose it is

    def _had_reference(self, parsed: ParsedRecord) -> Iterator[Record]:
        yield HadReference(
            id=self._ids.given_end(parsed, "parameter"),
            value_entity_id=self._ids.given_end(parsed, "valueEntity"),
        )

    def _invalidation(self, parsed: ParsedRecord) -> Iterator[Record]:
        yield Invalidation(entity_id=self._ids.given_end(parsed, "entity"), time=parsed.values["time"])

    _MAKERS: Mapping[str, Callable[["_RecordReader", ParsedRecord], Iterator[Record]]] = {
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


def _in_order(parsed: ParsedRecord, first: str, second: str) -> None:
    if parsed.get(first) and parsed.get(second) and parsed.values[second] < parsed.values[first]:
        raise parsed.wrong(f"is before {first}", second)


def _location(parsed: ParsedRecord) -> str | None:
    """Return the location that stands for an entity, where it does."""
    if (parsed.get("entity") is None) == (parsed.get("location") is None):
        raise parsed.wrong("must have an entity or a location, and not both")
    location: str | None = parsed.get("location")
    return location
