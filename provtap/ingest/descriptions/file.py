"""A file of descriptions: what the activities of a pipeline are, what they use, make and are configured by.

Its names are those of ProvenanceDM 1.0. A set of descriptions has a name and a version: a greater
version replaces the whole set. A description of activities is for all versions of them that match, the most
exact match first; each version has a row of its own, as the model has it.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES
from provtap.ingest.parsing.yaml import At, YamlObject, attribute, nearest, read, schema

ACTIVITY_TYPES = (
    "Observation", "Simulation", "Reduction", "Calibration", "Reconstruction", "Selection", "Analysis",
)  # fmt: skip
FLOW_TYPES = ("Main", "Calibration", "Preview", "Setup", "Quality", "Log", "Context")
"""Reserved words of ProvenanceDM 1.0, for activities, and for usages and generations."""
DATATYPES = (
    "boolean", "bit", "unsignedByte", "short", "int", "long", "char", "unicodeChar", "float", "double",
    "floatComplex", "doubleComplex",
)  # fmt: skip
_WHOLE = {"unsignedByte", "short", "int", "long"}
_MULTIPLICITY = r"(\d+|\*)|\d+\.\.(\d+|\*)"
_ID_BYTES = 1000


@dataclass(frozen=True, kw_only=True)
class Agent(YamlObject):
    """A person, organization or software that bears responsibility."""

    id: str = attribute("Id of the agent, as records name it.", limit=_ID_BYTES)
    name: str = attribute("Name.", limit=NAME_BYTES)
    type: str | None = attribute(
        "Kind of agent.", default=None, choices=("Person", "Organization", "SoftwareAgent")
    )
    comment: str | None = attribute("Remark.", default=None)
    email: str | None = attribute("E-mail address.", default=None)
    affiliation: str | None = attribute("Where the agent belongs to.", default=None)
    phone: str | None = attribute("Phone number.", default=None)
    address: str | None = attribute("Postal address.", default=None)
    url: str | None = attribute("Page about the agent.", default=None)


@dataclass(frozen=True, kw_only=True)
class Entity(YamlObject):
    """A kind of entity: a dataset if it has a contentType, a value if it has a valueType."""

    name: str = attribute("Name, by which usages and generations of this file refer to it.", limit=NAME_BYTES)
    description: str | None = attribute("What it is.", default=None)
    docurl: str | None = attribute("Page that documents it.", default=None)
    type: str | None = attribute("Kind of thing, such as data or document.", default=None, limit=ROLE_BYTES)
    content_type: str | None = attribute("Media type of a dataset.", default=None, limit=ROLE_BYTES)
    value_type: str | None = attribute(
        "VOTable datatype of a value, then arraysize and xtype, by semicolons: char;*, double.",
        default=None,
        limit=ROLE_BYTES,
    )
    unit: str | None = attribute("VOUnit of a value.", default=None)
    ucd: str | None = attribute("UCD of a value.", default=None)
    utype: str | None = attribute("Utype of a value.", default=None)


def entity_class(content_type: str | None, value_type: str | None) -> str:
    """Return the class of ProvenanceDM that such a kind of entity has."""
    if content_type:
        return "DatasetDescription"
    return "ValueDescription" if value_type else "EntityDescription"


@dataclass(frozen=True, kw_only=True)
class Flow(YamlObject):
    """What entities are used or generated as."""

    role: str = attribute("Role, as records have it.", limit=ROLE_BYTES)
    aliases: tuple[str, ...] = attribute(
        "The same role under other names, in other versions.", default=(), limit=ROLE_BYTES
    )
    description: str | None = attribute("What the entity is for.", default=None)
    type: str | None = attribute(
        f"Free text, or one of {', '.join(FLOW_TYPES)}.", default=None, limit=ROLE_BYTES
    )
    multiplicity: str | None = attribute(
        "How many entities have this role.", default=None, pattern=_MULTIPLICITY, example="1, * or 0..1"
    )
    entities: tuple[str, ...] = attribute("Names of the kinds of entity that may have this role.", default=())


@dataclass(frozen=True, kw_only=True)
class Parameter(YamlObject):
    """A parameter that activities may have."""

    name: str = attribute("Name, as records have it.", limit=NAME_BYTES)
    aliases: tuple[str, ...] = attribute(
        "The same parameter under other names.", default=(), limit=NAME_BYTES
    )
    value_type: str = attribute(
        "VOTable datatype, then arraysize and xtype, by semicolons: char;*, double.", limit=ROLE_BYTES
    )
    unit: str | None = attribute("VOUnit.", default=None)
    ucd: str | None = attribute("UCD.", default=None)
    utype: str | None = attribute("Utype.", default=None)
    min: str | None = attribute("Least value.", default=None)
    max: str | None = attribute("Greatest value.", default=None)
    default: str | None = attribute("Value if none is given.", default=None)
    options: tuple[str, ...] = attribute("All values that it may have.", default=())
    description: str | None = attribute("What it does.", default=None)


@dataclass(frozen=True, kw_only=True)
class ConfigFile(YamlObject):
    """A configuration file that activities may have."""

    name: str = attribute("Name, as records have it.", limit=NAME_BYTES)
    aliases: tuple[str, ...] = attribute("The same file under other names.", default=(), limit=NAME_BYTES)
    content_type: str = attribute("Media type.", limit=ROLE_BYTES)
    description: str | None = attribute("What it holds.", default=None)


@dataclass(frozen=True, kw_only=True)
class Activity(YamlObject):
    """A kind of activity, in some versions or all."""

    name: str = attribute("Name, as records have it.", limit=NAME_BYTES)
    versions: tuple[str, ...] = attribute(
        "Versions that this holds for: one, or how they begin (0.28.*). The most exact one counts."
        " Without it: all.",
        default=("*",),
        limit=ROLE_BYTES,
        pattern=r"[^*]*\*?",
        example="0.28.0 or 0.28.*",
    )
    description: str | None = attribute("What it does.", default=None)
    docurl: str | None = attribute("Page that documents it.", default=None)
    type: str | None = attribute(
        f"Free text, or one of {', '.join(ACTIVITY_TYPES)}.", default=None, limit=ROLE_BYTES
    )
    subtype: str | None = attribute("Kind within the type.", default=None, limit=ROLE_BYTES)
    usage: tuple[Flow, ...] = attribute("What it uses, by role.", default=())
    generation: tuple[Flow, ...] = attribute("What it makes, by role.", default=())
    parameters: tuple[Parameter, ...] = attribute("Its parameters.", default=())
    config_files: tuple[ConfigFile, ...] = attribute("Its configuration files.", default=())


@dataclass(frozen=True, kw_only=True)
class Descriptions(YamlObject):
    """A set of descriptions of ProvenanceDM 1.0 for ProvTAP."""

    format: str = attribute("Version of this form of files.", choices=("1",))
    name: str = attribute("Name of the set: a file of the same name replaces it.", limit=NAME_BYTES)
    version: int = attribute("Version of the set: whatever is changed needs a greater one.")
    agents: tuple[Agent, ...] = attribute("Agents.", default=())
    entities: tuple[Entity, ...] = attribute("Kinds of entity.", default=())
    activities: tuple[Activity, ...] = attribute("Kinds of activity.", default=())

    def content(self) -> dict[str, Any]:
        """Return all that is said, without positions, as JSON."""
        content: dict[str, Any] = _without_positions(asdict(self))
        return content

    def warnings(self) -> Iterator[str]:
        """Yield types that differ from a reserved word by their case only."""
        for activity in self.activities:
            kinds = [(activity.at, activity.type, ACTIVITY_TYPES)]
            kinds += [(f.at, f.type, FLOW_TYPES) for f in (*activity.usage, *activity.generation)]
            for at, given, reserved in kinds:
                for known in reserved:
                    if given and given != known and given.lower() == known.lower():
                        yield f"type {given} differs from {known} by its case only (line {at.line})"


def read_descriptions(content: bytes) -> Descriptions:
    """Return the set of descriptions in a file.

    Raises: DocumentError, with line, column and the nearest attribute.
    """
    found = read(content, Descriptions)
    _once((agent.at, agent.id) for agent in found.agents)
    _once((entity.at, entity.name) for entity in found.entities)
    _once((a.at, f"{a.name} {version}") for a in found.activities for version in a.versions)
    for entity in found.entities:
        _check_entity(entity)
    names = [entity.name for entity in found.entities]
    for activity in found.activities:
        _check_activity(activity, names)
    return found


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of such a file (draft 2020-12)."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "ProvTAP descriptions"} | (
        schema(Descriptions)
    )


def schema_text() -> str:
    """Return the JSON schema as the text that is published (`descriptions.schema.json`)."""
    return json.dumps(json_schema(), indent=2) + "\n"


def _without_positions(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_positions(member) for key, member in value.items() if key != "at"}
    if isinstance(value, list | tuple):
        return [_without_positions(item) for item in value]
    return value


def _once(items: Iterable[tuple[At, str]]) -> None:
    seen: dict[str, At] = {}
    for at, name in items:
        if name in seen:
            raise at.wrong(f"{name} is described twice, first in line {seen[name].line}")
        seen[name] = at


def _check_entity(entity: Entity) -> None:
    if entity.content_type and entity.value_type:
        raise entity.at.wrong(f"{entity.name} can't have both a contentType and a valueType")
    if entity.value_type:
        _check_value_type(entity.at, entity.value_type)
    elif entity.unit or entity.ucd or entity.utype:
        raise entity.at.wrong(f"{entity.name} is no value: unit, ucd and utype need a valueType")


def _check_activity(activity: Activity, entities: list[str]) -> None:
    for flows in (activity.usage, activity.generation):
        _once((flow.at, role) for flow in flows for role in (flow.role, *flow.aliases))
        for flow in flows:
            _once((flow.at, name) for name in flow.entities)
            for name in flow.entities:
                if name not in entities:
                    raise flow.at.wrong(f"there is no entity {name!r} in this file", nearest(name, entities))
    for named in (activity.parameters, activity.config_files):
        _once((one.at, name) for one in named for name in (one.name, *one.aliases))
    for parameter in activity.parameters:
        _check_parameter(parameter)


def _check_parameter(parameter: Parameter) -> None:
    datatype = _check_value_type(parameter.at, parameter.value_type)
    for word_, value in (("min", parameter.min), ("max", parameter.max), ("default", parameter.default)):
        if value is not None and ";" not in parameter.value_type:
            _check_value(parameter.at, f"{word_} of {parameter.name}", value, datatype)
    if parameter.options and parameter.default is not None and parameter.default not in parameter.options:
        hint = nearest(parameter.default, parameter.options)
        raise parameter.at.wrong(
            f"default of {parameter.name} is none of its options: {parameter.default}", hint
        )


def _check_value_type(at: At, value_type: str) -> str:
    datatype = value_type.partition(";")[0]
    if datatype not in DATATYPES:
        hint = nearest(datatype, DATATYPES) or "A text is char;*."
        raise at.wrong(f"valueType can't begin with {datatype!r}, which is no datatype of VOTable", hint)
    return datatype


def _check_value(at: At, what: str, value: str, datatype: str) -> None:
    good = True
    if datatype in _WHOLE:
        good = re.fullmatch(r"[+-]?\d+", value) is not None
    elif datatype in {"float", "double"}:
        good = (
            re.fullmatch(r"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf|nan)", value, re.I)
            is not None
        )
    elif datatype == "boolean":
        good = value.lower() in {"true", "false"}
    if not good:
        raise at.wrong(f"{what} can't be {value!r}: it must be {datatype}")
