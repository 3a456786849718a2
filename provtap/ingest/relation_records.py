"""Relations between things, beside those that say what was used and made; checksums and other names."""

from dataclasses import dataclass
from datetime import datetime

from provtap.ingest.records import Record


@dataclass(frozen=True, kw_only=True)
class WasInformedBy(Record):
    """A step of another activity (ProvenanceDM 1.0, Activity.informant)."""

    table = "provenance.wasinformedby"
    prefix = "wib_"
    informed_id: str
    informant_id: str


@dataclass(frozen=True, kw_only=True)
class WasAssociatedWith(Record):
    """Who ran an activity (ProvenanceDM 1.0, WasAssociatedWith)."""

    table = "provenance.wasassociatedwith"
    prefix = "waw_"
    activity_id: str
    agent_id: str
    role: str | None = None


@dataclass(frozen=True, kw_only=True)
class WasAttributedTo(Record):
    """Who answers for an entity (ProvenanceDM 1.0, WasAttributedTo)."""

    table = "provenance.wasattributedto"
    prefix = "wat_"
    entity_id: str
    agent_id: str
    role: str | None = None


@dataclass(frozen=True, kw_only=True)
class WasDerivedFrom(Record):
    """What an entity was made of (ProvenanceDM 1.0, Entity.usedEntity)."""

    table = "provenance.wasderivedfrom"
    prefix = "wdf_"
    generatedentity_id: str
    usedentity_id: str


@dataclass(frozen=True, kw_only=True)
class HadMember(Record):
    """What a collection holds (ProvenanceDM 1.0, Collection.entity)."""

    table = "provenance.hadmember"
    prefix = "hm_"
    collection_id: str
    entity_id: str


@dataclass(frozen=True, kw_only=True)
class Relation(Record):
    """A relation of W3C PROV that ProvenanceDM has no class for, or that lacks an end."""

    table = "provext.relation"
    prefix = "rel_"
    kind: str
    subject_id: str | None
    object_id: str | None
    role: str | None = None


@dataclass(frozen=True, kw_only=True)
class Hash(Record):
    """A checksum of an entity's content; *size* in bytes."""

    table = "provext.hash"
    prefix = "h_"
    entity_id: str
    algorithm: str
    digest: str
    size: int | None = None


@dataclass(frozen=True, kw_only=True)
class Alias(Record):
    """Another name of an entity, from a time on."""

    table = "provext.alias"
    prefix = "al_"
    entity_id: str
    kind: str
    value: str
    valid_from: datetime
