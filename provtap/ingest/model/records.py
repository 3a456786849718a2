"""What a source can record: one frozen dataclass for each class of ProvenanceDM 1.0 or of `provext`.

A field holds the column of the same name: `start_time` of an Activity is `a_starttime`, `entity_id` of a
generation is `wgb_entity_id`.
"""

from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import IntEnum
from typing import Any, ClassVar


class Rank(IntEnum):
    """How far a claim about a thing is to be trusted: the claim of the lowest rank makes its row."""

    DESCRIBED = -1
    """A file of descriptions: what an operator says of an agent."""
    OWN_RECORD = 0
    HEADER = 1
    """The header of a product, seen by somebody who used it."""
    STATEMENT = 2
    """A statement about it in a document that may be about anything, such as W3C PROV."""
    MENTION = 3
    """Another record names it."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One row that a source asks for; all times are UTC, without a zone."""

    table: ClassVar[str]
    prefix: ClassVar[str]


@dataclass(frozen=True, kw_only=True)
class Claim(Record):
    """A row about a thing that several sources may describe; the least (rank, claimant) of all wins."""

    key: ClassVar[str]
    rank: Rank = Rank.OWN_RECORD
    claimant: str = ""
    """Orders claims of one rank: they are merged, column by column, only where it is the same."""


@dataclass(frozen=True, kw_only=True)
class Agent(Claim):
    """Who bears responsibility (ProvenanceDM 1.0, Agent)."""

    table = "provenance.agent"
    prefix = "ag_"
    key = "ag_id"
    id: str
    name: str
    type: str | None = None
    comment: str | None = None
    email: str | None = None
    affiliation: str | None = None
    phone: str | None = None
    address: str | None = None
    url: str | None = None


@dataclass(frozen=True, kw_only=True)
class ActivityDescription(Record):
    """What kind of activity (ProvenanceDM 1.0, ActivityDescription): drafted when nobody described it."""

    table = "provenance.activitydescription"
    prefix = "ad_"
    id: str
    name: str
    version: str | None = None
    description: str | None = None
    docurl: str | None = None
    type: str | None = None
    subtype: str | None = None


@dataclass(frozen=True, kw_only=True)
class EntityDescription(Claim):
    """What kind of entity (ProvenanceDM 1.0, EntityDescription and its subclasses)."""

    table = "provenance.entitydescription"
    prefix = "ed_"
    key = "ed_id"
    id: str
    class_: str
    name: str
    description: str | None = None
    docurl: str | None = None
    type: str | None = None
    content_type: str | None = None
    value_type: str | None = None
    unit: str | None = None
    ucd: str | None = None
    utype: str | None = None


@dataclass(frozen=True, kw_only=True)
class Entity(Claim):
    """A thing that is used or generated (ProvenanceDM 1.0, Entity, DatasetEntity, ValueEntity)."""

    table = "provenance.entity"
    prefix = "e_"
    key = "e_id"
    id: str
    class_: str = "DatasetEntity"
    name: str | None = None
    location: str | None = None
    generated_at_time: datetime | None = None
    invalidated_at_time: datetime | None = None
    comment: str | None = None
    value: str | None = None
    entity_description_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class External(Entity):
    """A file at a place, for as long as nobody is known to have generated what was read there."""


@dataclass(frozen=True, kw_only=True)
class Activity(Claim):
    """What happened over a time (ProvenanceDM 1.0, Activity)."""

    table = "provenance.activity"
    prefix = "a_"
    key = "a_id"
    id: str
    name: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    comment: str | None = None
    activity_description_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class WasGeneratedBy(Claim):
    """The one activity that made an entity, and as what (ProvenanceDM 1.0, WasGeneratedBy)."""

    table = "provenance.wasgeneratedby"
    prefix = "wgb_"
    key = "wgb_entity_id"
    entity_id: str
    activity_id: str
    role: str | None = None


@dataclass(frozen=True, kw_only=True)
class Parameter(Claim):
    """A value that configured an activity (ProvenanceDM 1.0, Parameter with its WasConfiguredBy)."""

    table = "provenance.parameter"
    prefix = "p_"
    key = "p_id"
    id: str
    activity_id: str
    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class ConfigFile(Claim):
    """A file that configured an activity (ProvenanceDM 1.0, ConfigFile with its WasConfiguredBy)."""

    table = "provenance.configfile"
    prefix = "cf_"
    key = "cf_id"
    id: str
    activity_id: str
    name: str
    location: str


@dataclass(frozen=True, kw_only=True)
class Location(Record):
    """A place where a copy of an entity is or was."""

    table = "provext.location"
    prefix = "loc_"
    entity_id: str
    url: str
    storage: str


@dataclass(frozen=True, kw_only=True)
class Run(Claim):
    """How a recorded activity went; *duration* in seconds."""

    table = "provext.run"
    prefix = "r_"
    key = "r_activity_id"
    activity_id: str
    status: str | None = None
    exit_code: int | None = None
    host: str | None = None
    duration: float | None = None


@dataclass(frozen=True, kw_only=True)
class Environment(Record):
    """The software environment behind an entity, in full and private."""

    table = "provtap.environment"
    prefix = "en_"
    entity_id: str
    content: dict[str, Any] = field(hash=False)


@dataclass(frozen=True, kw_only=True)
class Writing(Record):
    """An activity wrote an entity to a place: from *time* on, who reads there reads that entity."""

    table = "provtap.writing"
    prefix = "wr_"
    activity_id: str
    entity_id: str
    storage: str
    url: str
    time: datetime
    external_id: str
    """What a file at this place is called by those who don't know its producer."""


@dataclass(frozen=True, kw_only=True)
class Reading(Record):
    """An activity used an entity (ProvenanceDM 1.0, Used), given by its id or by a place and time."""

    table = "provtap.reading"
    prefix = "rd_"
    activity_id: str
    role: str | None = None
    entity_id: str | None = field(default=None, metadata={"column": "told_id"})
    """The entity, if the source gives its id; `rd_entity_id` is the entity that was found to be meant."""
    storage: str | None = None
    url: str | None = None
    time: datetime | None = None
    """When the activity started: it can't have read what was written later."""
    external_id: str | None = None
    usage_time: datetime | None = None
    """When it was used, where the source says so."""


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
    valid_from: datetime | None


@dataclass(frozen=True, kw_only=True)
class HadReference(Record):
    """Which ValueEntity a parameter took its value from (ProvenanceDM 1.0, Parameter.valueEntity)."""

    table = "provenance.parameter"
    prefix = "p_"
    id: str
    value_entity_id: str


@dataclass(frozen=True, kw_only=True)
class Invalidation(Record):
    """The end of an entity, recorded by whoever ended it (PROV-DM, 5.1.8)."""

    table = "provtap.invalidation"
    prefix = "iv_"
    entity_id: str
    time: datetime


@dataclass(frozen=True)
class RecordSet:
    """What one record of a source says: of an activity, taken or refused as a whole, or of anything."""

    activity_id: str | None
    """None: a document of statements that other documents may add to."""
    sha256: str
    """Digest of the record: an activity has one record, wherever and however often it is written down."""
    records: tuple[Record, ...]
    warnings: tuple[str, ...] = ()
    ingestion_id: int | None = None
    """The ingestion that it comes from, if not all of the load come from one."""

    @property
    def activity_ids(self) -> frozenset[str]:
        """The activities that the record is about."""
        if self.activity_id is not None:
            return frozenset([self.activity_id])
        activities = (record for record in self.records if isinstance(record, Activity))
        return frozenset(activity.id for activity in activities if activity.rank != Rank.MENTION)


def columns(kind: type[Record]) -> tuple[tuple[str, str], ...]:
    """Return the pairs (field, column) of a class of records."""
    own = [f for f in fields(kind) if f.name not in {"rank", "claimant"}]
    return tuple((f.name, kind.prefix + _column(f.metadata.get("column", f.name))) for f in own)


def _column(name: str) -> str:
    stem = name.removesuffix("_id")
    return stem.replace("_", "") + name[len(stem) :]
