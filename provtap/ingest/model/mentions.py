"""What each record is about: keys by which the documents about one thing are found again.

A record has the keys of the things whose published rows it may change. A relation has the key THING of the
thing from which a walk to the origins follows it, and the key FORTH of its other end.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from hashlib import blake2b
from typing import Any, NamedTuple

from provtap.ingest.model.descriptions import (
    ConfigFileDescription,
    GeneratedKind,
    GenerationDescription,
    ParameterDescription,
    UsageDescription,
    UsedKind,
)
from provtap.ingest.model.records import (
    Activity,
    ActivityDescription,
    Agent,
    AgentId,
    Alias,
    Attempt,
    ConfigFile,
    Entity,
    EntityDescription,
    Environment,
    External,
    ExternalHash,
    HadMember,
    HadReference,
    Hash,
    Invalidation,
    Location,
    Parameter,
    Reading,
    Record,
    RecordSet,
    Reinstatement,
    Rights,
    Run,
    WasAssociatedWith,
    WasAttributedTo,
    WasDerivedFrom,
    WasGeneratedBy,
    WasInformedBy,
    Withdrawal,
    Writing,
)


class About(StrEnum):
    """Kinds of keys."""

    THING = "thing"
    """Everything about an entity, activity or agent, with its relations to its origins."""
    FORTH = "forth"
    """The relations to what came from it, or what an agent is responsible for."""
    MEMBERS = "members"
    NAME = "name"
    """What was written to a place, and other names of entities."""
    READ = "read"
    """What was read from a place."""
    CHECKSUM = "checksum"
    PART = "part"
    """Descriptions, and parameters and configuration files by their own ids."""
    WITHDRAWALS = "withdrawals"
    """All withdrawals, with an empty text."""


_Key = tuple[About, str]


class Mention(NamedTuple):
    """That a record set speaks of something; both numbers are digests."""

    key: int
    content: int


def key(about: About, text: str) -> int:
    """Return the key of something, as it is stored."""
    return _digest(f"{about} {text}")


def version(name: str, of: str | None) -> str:
    """Return the text for the key of an activity description by what identifies it apart from its id."""
    return f"{name}\n{of or ''}"


def mentions(record_set: RecordSet) -> set[Mention]:
    """Return what *record_set* speaks of."""
    groups: dict[_Key, list[Record]] = defaultdict(list)
    for record in record_set.records:
        for at in _keys(record):
            groups[at].append(record)
    return set(_mentions(record_set, groups))


def _keys(record: Record) -> Iterable[_Key]:
    of_kind = _KEYS.get(type(record))
    return of_kind(record) if of_kind else ()


def _mentions(record_set: RecordSet, groups: Mapping[_Key, list[Record]]) -> Iterator[Mention]:
    own = None if record_set.activity_id is None else _own(record_set)
    for (about, text), records in groups.items():
        key_ = key(about, text)
        if about in _EACH:
            for record in records:
                yield Mention(key_, _content(record))
        elif own is not None and (about in _OWN or text == record_set.activity_id):
            yield Mention(key_, own)
        else:
            yield Mention(key_, _digest("\n".join(sorted({_text(record) for record in records}))))
    for record in record_set.records:
        if isinstance(record, HadMember):
            yield Mention(key(About.THING, record.collection_id), _COLLECTION)


def _own(record_set: RecordSet) -> int:
    """Return the digest of the record of an activity, and of the places that the location map gave it."""
    places = (record for record in record_set.records if isinstance(record, Reading | Writing))
    return _digest("\n".join([record_set.sha256, *map(_text, places)]))


def _content(record: Record) -> int:
    return _digest(_text(record))


def _text(record: Record) -> str:
    # The id of an environment is made from its content, which may have a hundred kilobytes.
    return record.entity_id if isinstance(record, Environment) else repr(record)


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


_COLLECTION = _digest("It is a collection.")
_EACH = {About.NAME, About.CHECKSUM, About.PART}
"""Keys of which each record is a mention of its own: documents repeat single records."""
_OWN = {About.FORTH, About.MEMBERS, About.READ}
"""Keys of relations, which hardly ever are the same in the records of two activities."""


def _named(*pairs: tuple[About, str | None]) -> list[_Key]:
    return [(about, text) for about, text in pairs if text]


def _told(field: str) -> Callable[[Any], list[_Key]]:
    """Return the function for a class of records about the thing in *field* alone."""
    return lambda record: [(About.THING, getattr(record, field))]


def _described(record: Any) -> list[_Key]:
    return [(About.PART, record.id), (About.PART, record.activity_description_id)]


def _relation(origin: str, result: str) -> Callable[[Any], list[_Key]]:
    """Return the function for a relation from the later thing in *result* to the one in *origin*."""
    return lambda record: [(About.THING, getattr(record, result)), (About.FORTH, getattr(record, origin))]


def _hashed(record: Any) -> list[_Key]:
    return [(About.THING, record.entity_id), (About.CHECKSUM, record.digest)]


def _entity(record: Any) -> list[_Key]:
    return _named((About.THING, record.id), (About.NAME, record.location))


def _configured(record: Any) -> list[_Key]:
    made_here = record.id.startswith(record.activity_id)  # then no other activity has it
    return _named((About.THING, record.activity_id), (About.PART, None if made_here else record.id))


def _reading(record: Any) -> list[_Key]:
    return _named(
        (About.THING, record.activity_id), (About.FORTH, record.entity_id), (About.READ, record.url)
    )


def _writing(record: Any) -> list[_Key]:
    return [
        (About.THING, record.entity_id),
        (About.NAME, record.url),
        (About.NAME, record.external_id),
        (About.FORTH, record.activity_id),
    ]


_KEYS: Mapping[type[Record], Callable[[Any], list[_Key]]] = {
    Agent: _told("id"),
    AgentId: _told("agent_id"),
    Activity: _told("id"),
    Entity: _entity,
    External: _entity,
    ActivityDescription: lambda r: [(About.PART, r.id), (About.PART, version(r.name, r.version))],
    EntityDescription: lambda r: [(About.PART, r.id)],
    UsageDescription: _described,
    GenerationDescription: _described,
    ParameterDescription: _described,
    ConfigFileDescription: _described,
    UsedKind: lambda r: [(About.PART, r.usage_description_id)],
    GeneratedKind: lambda r: [(About.PART, r.generation_description_id)],
    Parameter: _configured,
    ConfigFile: _configured,
    HadReference: lambda r: [(About.PART, r.id)],
    Run: _told("activity_id"),
    Attempt: _told("activity_id"),
    Environment: _told("entity_id"),
    Rights: _told("entity_id"),
    Invalidation: _told("entity_id"),
    Reinstatement: _told("entity_id"),
    Withdrawal: lambda r: [(About.THING, r.entity_id), (About.WITHDRAWALS, "")],
    Location: lambda r: [(About.THING, r.entity_id), (About.NAME, r.url)],
    Alias: lambda r: [(About.THING, r.entity_id), (About.NAME, r.value)],
    Hash: _hashed,
    ExternalHash: _hashed,
    Writing: _writing,
    Reading: _reading,
    WasGeneratedBy: _relation("activity_id", "entity_id"),
    WasDerivedFrom: _relation("used_entity_id", "generated_entity_id"),
    WasInformedBy: _relation("informant_id", "informed_id"),
    WasAssociatedWith: _relation("agent_id", "activity_id"),
    WasAttributedTo: _relation("agent_id", "entity_id"),
    HadMember: lambda r: [(About.THING, r.entity_id), (About.MEMBERS, r.collection_id)],
}
