"""The parts of activity descriptions: one frozen dataclass for each class of ProvenanceDM 1.0."""

from dataclasses import dataclass

from provtap.ingest.model.attributes import needed, optional
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES
from provtap.ingest.model.records import MADE_ID, VALUE_TYPE, Record

FLOW_TYPES = ("Main", "Calibration", "Preview", "Setup", "Quality", "Log", "Context")
"""Reserved words of ProvenanceDM 1.0 for the type of a usage or generation."""


@dataclass(frozen=True, kw_only=True)
class PartDescription(Record):
    """A part of an activity description."""

    id: str = needed(MADE_ID, needed=False)
    activity_description_id: str = needed("Id of the description of the activities that have it.")


@dataclass(frozen=True, kw_only=True)
class RoleDescription(PartDescription):
    """The description of a role of used or generated entities."""

    role: str = needed("Role, as recorded.", limit=ROLE_BYTES)
    description: str | None = optional("What entities with this role are for.")
    type: str | None = optional(
        f"Kind of flow: free text, or one of {', '.join(FLOW_TYPES)}.", limit=ROLE_BYTES
    )
    multiplicity: str | None = optional("Number of entities with this role, such as 1, * or 0..1.")


@dataclass(frozen=True, kw_only=True)
class UsageDescription(RoleDescription):
    """The role of used entities (ProvenanceDM 1.0, UsageDescription)."""

    table = "provenance.usagedescription"
    prefix = "ud_"


@dataclass(frozen=True, kw_only=True)
class GenerationDescription(RoleDescription):
    """The role of generated entities (ProvenanceDM 1.0, GenerationDescription)."""

    table = "provenance.generationdescription"
    prefix = "gd_"


@dataclass(frozen=True, kw_only=True)
class UsedKind(Record):
    """A kind of entity that may be used in a role (ProvenanceDM 1.0, UsageDescription.entityDescription)."""

    table = "provenance.usagedescription_entitydescription"
    prefix = "uded_"
    usage_description_id: str
    entity_description_id: str = needed(
        "Ids of the descriptions of the entities that may have this role.",
        kind="ids",
        column=None,
    )


@dataclass(frozen=True, kw_only=True)
class GeneratedKind(Record):
    """A kind of entity that may be generated in a role (GenerationDescription.entityDescription)."""

    table = "provenance.generationdescription_entitydescription"
    prefix = "gded_"
    generation_description_id: str
    entity_description_id: str = needed(
        "Ids of the descriptions of the entities that may have this role.",
        kind="ids",
        column=None,
    )


@dataclass(frozen=True, kw_only=True)
class ParameterDescription(PartDescription):
    """A parameter that activities may have (ProvenanceDM 1.0, ParameterDescription)."""

    table = "provenance.parameterdescription"
    prefix = "pd_"
    name: str = needed("Name of the parameter, as recorded.", limit=NAME_BYTES)
    value_type: str = needed(f"Type of its values: {VALUE_TYPE}", limit=ROLE_BYTES)
    unit: str | None = optional("Unit of its values, as VOUnit.")
    ucd: str | None = optional("UCD of its values.")
    utype: str | None = optional("Utype of its values.")
    min: str | None = optional("Least value.")
    max: str | None = optional("Greatest value.")
    default: str | None = optional("Default value.")
    options: str | None = optional("All valid values.", kind="texts")
    """A JSON array of texts."""
    description: str | None = optional("What the parameter does.")


@dataclass(frozen=True, kw_only=True)
class ConfigFileDescription(PartDescription):
    """A configuration file that activities may have (ProvenanceDM 1.0, ConfigFileDescription)."""

    table = "provenance.configfiledescription"
    prefix = "cfd_"
    name: str = needed("Name of the configuration file, as recorded.", limit=NAME_BYTES)
    content_type: str = needed("Media type, such as application/yaml.", limit=ROLE_BYTES)
    description: str | None = optional("Contents of the file.")
