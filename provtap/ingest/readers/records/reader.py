"""Documents of records: JSON with the attributes of ProvenanceDM, as sent to the write API and by ProvClient.

A document is one set of statements, to which other documents may add. A thing that it refers to without
describing it is a mention, which a later document may complete.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from provtap.identifiers import of_thing
from provtap.ingest.model import identity, persistent
from provtap.ingest.model.identity import file_name
from provtap.ingest.model.records import (
    Claim,
    Entity,
    External,
    ExternalHash,
    HadReference,
    Hash,
    Location,
    Rank,
    Reading,
    Record,
    RecordSet,
    Rights,
    WasGeneratedBy,
    Writing,
    columns,
)
from provtap.ingest.parsing.bounded import NO_LIMIT
from provtap.ingest.readers.records.classes import CLASSES
from provtap.ingest.readers.records.ids import Ids
from provtap.ingest.readers.records.parse import ParsedRecord, read_records

_START = re.compile(rb'(\xef\xbb\xbf)?\s*\{\s*"(%s)"\s*:' % "|".join(c.name for c in CLASSES).encode())
_CHECKSUM = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,99}):([0-9A-Fa-f]{8,128})")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")

_IN_ORDER = (("startTime", "endTime"), ("generatedAtTime", "invalidatedAtTime"))
_DISTINCT = {
    "WasDerivedFrom": ("generatedEntity", "usedEntity"),
    "WasInformedBy": ("informed", "informant"),
    "HadMember": ("collection", "entity"),
}


def looks_like(content: bytes) -> bool:
    """Return whether *content* may be such a document: an object whose first key is a class."""
    return _START.match(content) is not None


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the single set of a document with paths of *site*, of at most *most* records.

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
        """Yield the records of all things that are described or only referred to."""
        for parsed in self._parsed:
            _check(parsed)
            make = self._MAKERS.get(parsed.of.name)
            yield from make(self, parsed) if make else [self._record(parsed)]
        yield from self._ids.mentions

    def _record(self, parsed: ParsedRecord, **further: Any) -> Record:
        """Return all attributes as a record of its class, with the ids of the store."""
        kind = parsed.of.held_by[0]
        given: dict[str, Any] = {"id": self._ids.own(parsed)} if parsed.of.thing else {}
        if issubclass(kind, Claim):
            given["rank"] = Rank.STATEMENT
        if parsed.of.fixed:
            given["class_"] = parsed.of.name
        for attribute in parsed.of.own_attributes:
            if attribute.name not in parsed.values or attribute.name == "id":
                continue
            value = parsed.values[attribute.name]
            if attribute.refers:
                value = self._ids.find(parsed, attribute.name, value)
            elif attribute.kind == "texts":
                value = json.dumps(value, ensure_ascii=False)
            given[attribute.field] = value
        return kind(**(given | further))

    def _agent(self, parsed: ParsedRecord) -> Iterator[Record]:
        yield self._record(parsed)
        for at, text in enumerate(parsed.get("identifiers") or ()):
            found = persistent.agent_id(self._ids.own(parsed), text)
            if found is None:
                raise parsed.wrong(
                    "must be an ORCID, ROR or ISNI, such as https://orcid.org/0000-0002-1825-0097",
                    f"identifiers/{at}",
                )
            yield found

    def _entity(self, parsed: ParsedRecord) -> Iterator[Record]:
        yield self._record(parsed)
        yield from _citable(parsed, self._ids.own(parsed))

    def _role_description(self, parsed: ParsedRecord) -> Iterator[Record]:
        yield self._record(parsed)
        link, id_ = parsed.of.held_by[1], self._ids.own(parsed)
        (own, _), (other, _) = columns(link)
        for given in parsed.get("entityDescription") or ():
            described = self._ids.find(parsed, "entityDescription", given)
            yield link(**{own: id_, other: described})

    def _used(self, parsed: ParsedRecord) -> Iterator[Record]:
        activity, role, time = self._ids.given_end(parsed, "activity"), parsed.get("role"), parsed.get("time")
        url = _location(parsed)
        if url is None:
            entity = self._ids.given_end(parsed, "entity")
            yield Reading(activity_id=activity, role=role, entity_id=entity, usage_time=time)
            yield from _hashes(Hash, parsed, entity)
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
        yield from _hashes(ExternalHash, parsed, external.id)

    def _was_generated_by(self, parsed: ParsedRecord) -> Iterator[Record]:
        activity, role, url = self._ids.given_end(parsed, "activity"), parsed.get("role"), _location(parsed)
        entity = self._ids.end(parsed, "entity") or identity.output(activity, role, url or "")
        if url is not None:
            yield from self._written(parsed, activity, entity, url)
        elif parsed.get("time"):
            raise parsed.wrong("needs a location; the time of an entity is its generatedAtTime", "time")
        yield from _hashes(Hash, parsed, entity)
        yield from _citable(parsed, entity)
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

    def _parameter(self, parsed: ParsedRecord) -> Iterator[Record]:
        yield self._record(parsed, activity_id=self._ids.activity_of(parsed))
        if value := self._ids.end(parsed, "valueEntity"):
            yield HadReference(id=self._ids.own(parsed), value_entity_id=value)

    def _config_file(self, parsed: ParsedRecord) -> Iterator[Record]:
        yield self._record(parsed, activity_id=self._ids.activity_of(parsed))

    def _was_configured_by(self, parsed: ParsedRecord) -> Iterator[Record]:
        for attribute, thing in (("parameter", "parameter"), ("configFile", "config file")):
            if attribute in parsed.values and not self._ids.knows(thing, parsed.values[attribute]):
                raise parsed.wrong(
                    f"is not a {thing} of this document: both must be in one document", attribute
                )
        yield from ()  # the parameter or file itself names its activity

    _MAKERS: Mapping[str, Callable[["_RecordReader", ParsedRecord], Iterator[Record]]] = {
        "Agent": _agent,
        **dict.fromkeys(("Entity", "DatasetEntity", "ValueEntity", "Collection"), _entity),
        "UsageDescription": _role_description,
        "GenerationDescription": _role_description,
        "Used": _used,
        "WasGeneratedBy": _was_generated_by,
        "Parameter": _parameter,
        "ConfigFile": _config_file,
        "WasConfiguredBy": _was_configured_by,
    }
    """Makes the records of classes with several records, by the attributes that are present."""


def _check(parsed: ParsedRecord) -> None:
    """Reject an end before its start, and a thing that is related to itself."""
    for first, second in _IN_ORDER:
        if parsed.get(first) and parsed.get(second) and parsed.values[second] < parsed.values[first]:
            raise parsed.wrong(f"is before {first}", second)
    subject, object_ = _DISTINCT.get(parsed.of.name, (None, None))
    if subject and object_ and parsed.values[subject] == parsed.values[object_]:
        raise parsed.wrong(f"is the same as {subject}", object_)


def _hashes(kind: type[Hash | ExternalHash], parsed: ParsedRecord, entity_id: str) -> Iterator[Record]:
    """Yield the checksums of the used or generated entity, with its size."""
    for at, checksum in enumerate(parsed.get("checksums") or ()):
        found = _CHECKSUM.fullmatch(checksum)
        if found is None:
            raise parsed.wrong(
                "must be an algorithm, a colon, and hexadecimal digits, such as md5:0cc1...",
                f"checksums/{at}",
            )
        yield kind(
            entity_id=entity_id,
            algorithm=found[1].lower(),
            digest=found[2].lower(),
            size=parsed.get("size"),
        )


def _citable(parsed: ParsedRecord, entity_id: str) -> Iterator[Record]:
    """Yield the rights of an entity, and its persistent identifiers."""
    uri, text, holder = (parsed.get(name) for name in ("license", "rights", "rightsHolder"))
    if uri and not _URI.fullmatch(uri):
        raise parsed.wrong("must be a URI; write a licence in words as rights", "license")
    if uri or text or holder:
        yield Rights(entity_id=entity_id, uri=uri, text=text, holder=holder)
    for at, given in enumerate(parsed.get("identifiers") or ()):
        if of_thing(given) is None:
            raise parsed.wrong(
                "must be a DOI, ARK, bibcode or IVOID, such as doi:10.5281/zenodo.1234567",
                f"identifiers/{at}",
            )
        if alias := persistent.alias(entity_id, given):
            yield alias


def _location(parsed: ParsedRecord) -> str | None:
    """Return the location given instead of an entity, if any."""
    if (parsed.get("entity") is None) == (parsed.get("location") is None):
        raise parsed.wrong("must have an entity or a location, and not both")
    location: str | None = parsed.get("location")
    return location
