"""The records of sources: one frozen dataclass for each class of ProvenanceDM 1.0 or of `provext`.

A field is stored in the column of the same name: `start_time` of an Activity is `a_starttime`, `entity_id` of
a generation is `wgb_entity_id`. Documents may give the fields that have a sentence about them.
"""

from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import IntEnum
from functools import cache
from typing import Any, ClassVar

from provtap.ingest.model.attributes import needed, optional
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES

AGENT_TYPES = ("Person", "Organization", "SoftwareAgent")
ACTIVITY_TYPES = (
    "Observation", "Simulation", "Reduction", "Calibration", "Reconstruction", "Selection", "Analysis",
)  # fmt: skip
"""Reserved words of ProvenanceDM 1.0 for the type of an activity."""
MADE_ID = (
    "Id. If it is missing, the service makes one. An id that begins with _: is valid in this document only."
)
CONFIGURED = (
    "Id of its activity. If it is missing, WasConfiguredBy in the same document must name the activity."
)
CHECKSUMS = "Checksums of its content, each with its algorithm, such as sha256:e3b0c44298fc and more digits."
ACCESS = ("public", "secure", "proprietary")
"""Access to an entity: the values of data_rights in ObsCore 1.1."""
URI_BYTES = 1000
"""Maximum length of the URI of a licence."""
SIZE = "Size of its content, in bytes."
VALUE_TYPE = "VOTable datatype, arraysize and xtype, separated by semicolons, such as double or char;*."


class Rank(IntEnum):
    """The trust in a claim about a thing: the claim of the lowest rank determines its row."""

    DESCRIBED = -1
    """A file of descriptions, in which an operator describes an agent."""
    OWN_RECORD = 0
    HEADER = 1
    """The header of a product, from an activity that used it."""
    STATEMENT = 2
    """A statement about it in a general document, such as W3C PROV."""
    MENTION = 3
    """A reference in another record."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One row from a source; all times are UTC, without a zone."""

    table: ClassVar[str]
    prefix: ClassVar[str]


@dataclass(frozen=True, kw_only=True)
class Claim(Record):
    """A row about a thing that several sources may describe; the lowest (rank, claimant) wins."""

    key: ClassVar[str]
    rank: Rank = Rank.OWN_RECORD
    claimant: str = ""
    """Orders claims of the same rank; claims with equal claimants are merged column by column."""


@dataclass(frozen=True, kw_only=True)
class Agent(Claim):
    """A person, organization or software that is responsible (ProvenanceDM 1.0, Agent)."""

    table = "provenance.agent"
    prefix = "ag_"
    key = "ag_id"
    id: str = needed("Id of the agent, such as urn:x:maria.")
    name: str = needed("Name of the agent.", limit=NAME_BYTES)
    type: str | None = optional("Kind of agent.", choices=AGENT_TYPES)
    comment: str | None = optional("Remark about the agent.")
    email: str | None = optional("E-mail address.")
    affiliation: str | None = optional("Organization that the agent belongs to.")
    phone: str | None = optional("Phone number.")
    address: str | None = optional("Postal address.")
    url: str | None = optional("Web page about the agent.")


@dataclass(frozen=True, kw_only=True)
class ActivityDescription(Record):
    """A kind of activity, such as a program in a version (ProvenanceDM 1.0, ActivityDescription)."""

    table = "provenance.activitydescription"
    prefix = "ad_"
    id: str = needed(MADE_ID, needed=False)
    name: str = needed("Name of the program, as recorded for its runs.", limit=NAME_BYTES)
    version: str | None = optional("Version of the program.", limit=ROLE_BYTES)
    description: str | None = optional("What activities of this kind do.")
    docurl: str | None = optional("Web page of its documentation.")
    type: str | None = optional(
        f"Kind of activity: free text, or one of {', '.join(ACTIVITY_TYPES)}.", limit=ROLE_BYTES
    )
    subtype: str | None = optional("Kind within the type.", limit=ROLE_BYTES)


@dataclass(frozen=True, kw_only=True)
class EntityDescription(Claim):
    """A kind of entity (ProvenanceDM 1.0, EntityDescription and its subclasses)."""

    table = "provenance.entitydescription"
    prefix = "ed_"
    key = "ed_id"
    id: str = needed(MADE_ID, needed=False)
    class_: str
    name: str = needed("Name of the kind of entity.", limit=NAME_BYTES)
    description: str | None = optional("What entities of this kind are.")
    docurl: str | None = optional("Web page of its documentation.")
    type: str | None = optional("Kind of thing, such as data or document.", limit=ROLE_BYTES)
    content_type: str | None = optional(
        "Media type of a dataset, such as application/fits.",
        of="DatasetDescription",
        needed=True,
        limit=ROLE_BYTES,
    )
    value_type: str | None = optional(
        f"Type of a value: {VALUE_TYPE}", of="ValueDescription", needed=True, limit=ROLE_BYTES
    )
    unit: str | None = optional("Unit of a value, as VOUnit.", of="ValueDescription")
    ucd: str | None = optional("UCD of a value.", of="ValueDescription")
    utype: str | None = optional("Utype of a value.", of="ValueDescription")


@dataclass(frozen=True, kw_only=True)
class Entity(Claim):
    """A thing that is used or generated (ProvenanceDM 1.0, Entity and its subclasses)."""

    table = "provenance.entity"
    prefix = "e_"
    key = "e_id"
    id: str = needed("Id of the entity: the same in every document, and never used for another entity.")
    class_: str = "DatasetEntity"
    name: str | None = optional("Name of the entity, such as the name of a file.", limit=NAME_BYTES)
    location: str | None = optional("Path or URL of the entity.")
    generated_at_time: datetime | None = optional("When the entity was generated.")
    invalidated_at_time: datetime | None = optional("When the entity was deleted, or became unusable.")
    comment: str | None = optional("Remark about the entity.")
    value: str | None = optional("The value itself.", of="ValueEntity", needed=True, kind="value")
    entity_description_id: str | None = optional("Id of the description of this kind of entity.")


@dataclass(frozen=True, kw_only=True)
class External(Entity):
    """A file at a location, while no generation of the file read there is known."""


@dataclass(frozen=True, kw_only=True)
class Activity(Claim):
    """An action over a period of time, such as a run of a program (ProvenanceDM 1.0, Activity)."""

    table = "provenance.activity"
    prefix = "a_"
    key = "a_id"
    id: str = needed("Id of the activity, such as urn:uuid: and a UUID.")
    name: str | None = optional("Name of the activity, usually the program that ran.", limit=NAME_BYTES)
    start_time: datetime | None = optional("When the activity started.")
    end_time: datetime | None = optional("When the activity ended.")
    comment: str | None = optional("Remark about the activity.")
    activity_description_id: str | None = optional("Id of the description of this kind of activity.")


@dataclass(frozen=True, kw_only=True)
class WasGeneratedBy(Claim):
    """The activity that generated an entity, and in which role (ProvenanceDM 1.0, WasGeneratedBy)."""

    table = "provenance.wasgeneratedby"
    prefix = "wgb_"
    key = "wgb_entity_id"
    entity_id: str = needed("Id of the entity that was generated.", needed=False)
    activity_id: str = needed("Id of the activity that generated it.")
    role: str | None = optional("Role of the entity, such as the name of the output.", limit=ROLE_BYTES)


@dataclass(frozen=True, kw_only=True)
class Parameter(Claim):
    """A value that configured an activity (ProvenanceDM 1.0, Parameter with its WasConfiguredBy)."""

    table = "provenance.parameter"
    prefix = "p_"
    key = "p_id"
    id: str = needed(MADE_ID, needed=False)
    activity_id: str = needed(CONFIGURED, needed=False)
    name: str = needed("Name of the parameter.", limit=NAME_BYTES)
    value: str = needed("Value of the parameter.", kind="value")


@dataclass(frozen=True, kw_only=True)
class ConfigFile(Claim):
    """A file that configured an activity (ProvenanceDM 1.0, ConfigFile with its WasConfiguredBy)."""

    table = "provenance.configfile"
    prefix = "cf_"
    key = "cf_id"
    id: str = needed(MADE_ID, needed=False)
    activity_id: str = needed(CONFIGURED, needed=False)
    name: str = needed("Name of the configuration file.", limit=NAME_BYTES)
    location: str = needed("Path or URL of the configuration file.")
    comment: str | None = optional("Remark about the configuration file.")


@dataclass(frozen=True, kw_only=True)
class WasConfiguredBy(Record):
    """A parameter or configuration file of an activity (ProvenanceDM 1.0, WasConfiguredBy).

    These rows are a view: each parameter or file has the id of its activity.
    """

    table = "provenance.wasconfiguredby"
    prefix = "wcb_"
    activity_id: str = needed("Id of the activity.")
    artefact_type: str | None = optional(
        "Whether it is a parameter or a configuration file.", choices=("Parameter", "ConfigFile")
    )
    parameter_id: str | None = optional("Id of a parameter of the same document.")
    config_file_id: str | None = optional("Id of a configuration file of the same document.")


@dataclass(frozen=True, kw_only=True)
class Location(Record):
    """A location of a present or former copy of an entity."""

    table = "provext.location"
    prefix = "loc_"
    entity_id: str
    url: str
    storage: str


@dataclass(frozen=True, kw_only=True)
class Run(Claim):
    """How an activity ended, and where it ran."""

    table = "provext.run"
    prefix = "r_"
    key = "r_activity_id"
    activity_id: str = needed("Id of the activity.")
    status: str | None = optional("How the activity ended, such as completed or error.", limit=ROLE_BYTES)
    exit_code: int | None = optional("Exit code of the process.")
    host: str | None = optional("Name of the computer on which the activity ran.", limit=NAME_BYTES)
    duration: float | None = optional("How long the activity took, in seconds.")


@dataclass(frozen=True, kw_only=True)
class Attempt(Record):
    """One attempt at an activity that may be retried; *cpu_time* in seconds, *memory* in bytes."""

    table = "provext.attempt"
    prefix = "at_"
    activity_id: str
    number: int
    status: str | None = None
    caveats: str | None = None
    exception: str | None = None
    message: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    cpu_time: float | None = None
    memory: int | None = None
    host: str | None = None


@dataclass(frozen=True, kw_only=True)
class Environment(Record):
    """The complete software environment of an entity, not published."""

    table = "provtap.environment"
    prefix = "en_"
    entity_id: str
    content: dict[str, Any] = field(hash=False)


@dataclass(frozen=True, kw_only=True)
class Writing(Record):
    """An activity wrote an entity to a location: later readings of the location, from *time* on, read it."""

    table = "provtap.writing"
    prefix = "wr_"
    activity_id: str
    entity_id: str
    storage: str
    url: str = needed(
        "Path or URL of the file that was written, instead of entity. A later activity that reads this"
        " location used this file.",
        name="location",
        column=None,
    )
    time: datetime = needed(
        "When the file at location was written; default: when the activity ended. For an entity that is given"
        " by its id, use its generatedAtTime.",
        column=None,
    )
    external_id: str
    """Name of the file at this location for activities that read it without a known producer."""


@dataclass(frozen=True, kw_only=True)
class Reading(Record):
    """An activity used an entity (ProvenanceDM 1.0, Used)."""

    table = "provtap.reading"
    prefix = "rd_"
    activity_id: str = needed("Id of the activity that used the entity.")
    entity_id: str | None = optional("Id of the entity that was used.", own_column="told_id")
    """The entity, if the source gives its id; `rd_entity_id` is the entity found for the reading."""
    storage: str | None = None
    url: str | None = optional(
        "Path or URL of the file that was read, instead of entity: the file that was there at that time.",
        name="location",
        column=None,
    )
    role: str | None = optional("Role of the entity, such as the name of the input.", limit=ROLE_BYTES)
    time: datetime | None = None
    """When the activity started: it can't have read a file written later."""
    external_id: str | None = None
    usage_time: datetime | None = optional("When the entity was used.", name="time")


@dataclass(frozen=True, kw_only=True)
class WasInformedBy(Record):
    """An activity was informed by another one (ProvenanceDM 1.0, Activity.informant)."""

    table = "provenance.wasinformedby"
    prefix = "wib_"
    informed_id: str = needed("Id of the activity that was informed, such as a step.", refers="activity")
    informant_id: str = needed(
        "Id of the activity that informed it, such as the run that the step belongs to.", refers="activity"
    )


@dataclass(frozen=True, kw_only=True)
class WasAssociatedWith(Record):
    """The agent responsible for an activity (ProvenanceDM 1.0, WasAssociatedWith)."""

    table = "provenance.wasassociatedwith"
    prefix = "waw_"
    activity_id: str = needed("Id of the activity.")
    agent_id: str = needed("Id of the agent that is responsible for the activity.")
    role: str | None = optional("Role of the agent, such as Operator.", limit=ROLE_BYTES)


@dataclass(frozen=True, kw_only=True)
class WasAttributedTo(Record):
    """The agent responsible for an entity (ProvenanceDM 1.0, WasAttributedTo)."""

    table = "provenance.wasattributedto"
    prefix = "wat_"
    entity_id: str = needed("Id of the entity.")
    agent_id: str = needed("Id of the agent that is responsible for the entity.")
    role: str | None = optional("Role of the agent, such as Creator.", limit=ROLE_BYTES)


@dataclass(frozen=True, kw_only=True)
class WasDerivedFrom(Record):
    """An entity was made from another one (ProvenanceDM 1.0, Entity.usedEntity)."""

    table = "provenance.wasderivedfrom"
    prefix = "wdf_"
    generated_entity_id: str = needed("Id of the entity that was made from another one.", refers="entity")
    used_entity_id: str = needed("Id of the entity that it was made from.", refers="entity")


@dataclass(frozen=True, kw_only=True)
class HadMember(Record):
    """An entity belongs to a collection (ProvenanceDM 1.0, Collection.entity)."""

    table = "provenance.hadmember"
    prefix = "hm_"
    collection_id: str = needed("Id of the collection.", refers="entity")
    entity_id: str = needed("Id of the entity that belongs to it.")


@dataclass(frozen=True, kw_only=True)
class Relation(Record):
    """A relation of W3C PROV without a class in ProvenanceDM, or with a missing end."""

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
    digest: str = needed(CHECKSUMS, name="checksums", kind="texts", column=None)
    size: int | None = optional(SIZE, kind="bytes", column=None)


@dataclass(frozen=True, kw_only=True)
class ExternalHash(Record):
    """A checksum of the file read at the location of an External, known or not; *size* in bytes."""

    table = "provtap.external_hash"
    prefix = "xh_"
    entity_id: str
    algorithm: str
    digest: str = needed(CHECKSUMS, name="checksums", kind="texts", column=None)
    size: int | None = optional(SIZE, kind="bytes", column=None)


@dataclass(frozen=True, kw_only=True)
class Alias(Record):
    """Another name of an entity, valid from a certain time."""

    table = "provext.alias"
    prefix = "al_"
    entity_id: str
    kind: str
    value: str = needed(
        "Persistent identifiers of the entity: DOI, ARK, bibcode or IVOID, such as doi:10.5281/zenodo.1.",
        name="identifiers",
        kind="texts",
        column=None,
    )
    valid_from: datetime | None


@dataclass(frozen=True, kw_only=True)
class Rights(Record):
    """The licence and rights of an entity."""

    table = "provext.rights"
    prefix = "ri_"
    entity_id: str
    uri: str | None = optional(
        "Licence of the entity, as a URI of SPDX or Creative Commons, such as"
        " https://spdx.org/licenses/CC-BY-4.0.html.",
        name="license",
        limit=URI_BYTES,
        column=None,
    )
    text: str | None = optional("Licence or copyright of the entity in words.", name="rights", column=None)
    holder: str | None = optional("Who has the rights.", name="rightsHolder", limit=NAME_BYTES, column=None)
    access: str | None = None
    """One of ACCESS."""
    valid_from: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class AgentId(Record):
    """A persistent identifier of a person or organization."""

    table = "provext.agent_id"
    prefix = "ai_"
    agent_id: str
    scheme: str
    value: str = needed(
        "Persistent identifiers of the agent: ORCID, ROR or ISNI, such as"
        " https://orcid.org/0000-0002-1825-0097.",
        name="identifiers",
        kind="texts",
        column=None,
    )


@dataclass(frozen=True, kw_only=True)
class HadReference(Record):
    """The ValueEntity that gave a parameter its value (ProvenanceDM 1.0, Parameter.valueEntity)."""

    table = "provenance.parameter"
    prefix = "p_"
    id: str = needed("Id of the parameter.", name="parameter", refers="parameter", column="id")
    value_entity_id: str = needed("Id of the ValueEntity that gave the value.", refers="entity")


@dataclass(frozen=True, kw_only=True)
class Invalidation(Record):
    """An entity was deleted, or became unusable (PROV-DM, 5.1.8)."""

    table = "provtap.invalidation"
    prefix = "iv_"
    entity_id: str = needed("Id of the entity.", column="id")
    time: datetime = needed("When the entity was deleted, or became unusable.", column="invalidatedattime")


@dataclass(frozen=True, kw_only=True)
class Withdrawal(Record):
    """An entity was withdrawn by an activity, with the reason."""

    table = "provext.withdrawal"
    prefix = "w_"
    activity_id: str
    entity_id: str
    kind: str
    reason: str
    since: datetime
    time: datetime
    successor_id: str | None
    agent_id: str


@dataclass(frozen=True, kw_only=True)
class Reinstatement(Record):
    """The withdrawal of an entity ended."""

    table = "provtap.reinstatement"
    prefix = "rs_"
    activity_id: str
    entity_id: str
    time: datetime


@dataclass(frozen=True)
class RecordSet:
    """The rows of one record of a source, stored as a whole or not at all if they are of one activity."""

    activity_id: str | None
    """The activity; None for statements to which other documents may add."""
    sha256: str
    """Digest of the record: all copies of the record of an activity have the same one."""
    records: tuple[Record, ...]
    warnings: tuple[str, ...] = ()
    ingestion_id: int | None = None
    """The ingestion of the record, if one load has several."""

    @property
    def activity_ids(self) -> frozenset[str]:
        """The activities described by the record."""
        if self.activity_id is not None:
            return frozenset([self.activity_id])
        activities = (record for record in self.records if isinstance(record, Activity))
        return frozenset(activity.id for activity in activities if activity.rank != Rank.MENTION)


def columns(kind: type[Record]) -> tuple[tuple[str, str], ...]:
    """Return the pairs (field, column) of a class of records."""
    own = [f for f in fields(kind) if f.name not in {"rank", "claimant"}]
    return tuple((f.name, kind.prefix + _column(f.metadata.get("own_column", f.name))) for f in own)


@cache
def _column(name: str) -> str:
    stem = name.removesuffix("_id")
    return stem.replace("_", "") + name[len(stem) :]
