"""What descriptions of activities are composed of, one frozen dataclass a class of ProvenanceDM 1.0."""

from dataclasses import dataclass

from provtap.ingest.model.records import Record


@dataclass(frozen=True, kw_only=True)
class UsageDescription(Record):
    """What entities are used as (ProvenanceDM 1.0, UsageDescription): one a role, as its usages need it."""

    table = "provenance.usagedescription"
    prefix = "ud_"
    id: str
    activity_description_id: str
    role: str
    description: str | None = None
    type: str | None = None
    multiplicity: str | None = None


@dataclass(frozen=True, kw_only=True)
class GenerationDescription(Record):
    """What entities are generated as (ProvenanceDM 1.0, GenerationDescription), one a role."""

    table = "provenance.generationdescription"
    prefix = "gd_"
    id: str
    activity_description_id: str
    role: str
    description: str | None = None
    type: str | None = None
    multiplicity: str | None = None


@dataclass(frozen=True, kw_only=True)
class UsedKind(Record):
    """A kind of entity that may be used in a role (ProvenanceDM 1.0, UsageDescription.entityDescription)."""

    table = "provenance.usagedescription_entitydescription"
    prefix = "uded_"
    usage_description_id: str
    entity_description_id: str


@dataclass(frozen=True, kw_only=True)
class GeneratedKind(Record):
    """A kind of entity that may be generated in a role (GenerationDescription.entityDescription)."""

    table = "provenance.generationdescription_entitydescription"
    prefix = "gded_"
    generation_description_id: str
    entity_description_id: str


@dataclass(frozen=True, kw_only=True)
class ParameterDescription(Record):
    """A parameter that activities may have (ProvenanceDM 1.0, ParameterDescription)."""

    table = "provenance.parameterdescription"
    prefix = "pd_"
    id: str
    activity_description_id: str
    name: str
    value_type: str
    unit: str | None = None
    ucd: str | None = None
    utype: str | None = None
    min: str | None = None
    max: str | None = None
    default: str | None = None
    options: str | None = None
    """A JSON array of texts."""
    description: str | None = None


@dataclass(frozen=True, kw_only=True)
class ConfigFileDescription(Record):
    """A configuration file that activities may have (ProvenanceDM 1.0, ConfigFileDescription)."""

    table = "provenance.configfiledescription"
    prefix = "cfd_"
    id: str
    activity_description_id: str
    name: str
    content_type: str
    description: str | None = None
