"""A file of descriptions: the activities of a pipeline, their inputs and outputs, and their configuration.

Its attributes are those of the records made from it (`ingest/model`). A set of descriptions has a name and a
version; a greater version replaces the whole set. A description of activities applies to all matching
versions of a program, the most exact match first. Each version has its own row, as in the model.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError, WithJsonSchema

from provtap.errors import DocumentError, nearest
from provtap.ingest.model import descriptions, records
from provtap.ingest.model.attributes import attributes
from provtap.ingest.model.checks import (
    Fields,
    Location,
    TextSchemas,
    array_of,
    checked,
    pattern_type,
    problems,
    rule,
    text_fields,
    text_type,
)
from provtap.ingest.model.descriptions import FLOW_TYPES
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES
from provtap.ingest.model.records import ACTIVITY_TYPES, Record
from provtap.ingest.parsing import yaml

DATATYPES = (
    "boolean", "bit", "unsignedByte", "short", "int", "long", "char", "unicodeChar", "float", "double",
    "floatComplex", "doubleComplex",
)  # fmt: skip
_WHOLE = {"unsignedByte", "short", "int", "long"}
_YAML: Mapping[type, str] = {dict: "a mapping", list: "a list", str: "a text"}
Said = Mapping[str, Any]
"""A mapping of the file: all attributes by the name of their field, None for missing ones."""


def _of(kind: type[Record], *without: str) -> Fields:
    """Return the attributes of a class of records in a file: all except those that the store fills in."""
    given = (each for each in attributes(kind, "") if each.field not in {"id", "activity_description_id"})
    return text_fields(
        replace(each, needed=each.needed and not each.of) for each in given if each.field not in without
    )


def _list(about: str, of: Any, absent: Any = (), name: str | None = None) -> tuple[Any, Any]:
    return array_of(of), Field(list(absent), description=about, alias=name)


def _whole(given: Any) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,8}", str(given)):
        raise rule("must be a whole number, 1 or more")
    return int(given)


def _format(given: Any) -> str:
    if given != "1":
        raise rule("must be 1")
    return "1"


Agent = checked(
    "Agent",
    "A person, organization or software that is responsible.",
    text_fields(attributes(records.Agent, "")),
)
Entity = checked(
    "Entity",
    "A kind of entity: a dataset if it has a contentType, a value if it has a valueType.",
    _of(records.EntityDescription),
)
Flow = checked(
    "Flow",
    "A role of used or generated entities.",
    {
        **_of(descriptions.RoleDescription),
        "multiplicity": (
            pattern_type(r"(\d+|\*)|\d+\.\.(\d+|\*)", "1, * or 0..1"),
            Field(None, description="Number of entities with this role, such as 1, * or 0..1."),
        ),
        "aliases": _list("Other names of the role, in other versions.", text_type(ROLE_BYTES)),
        "entities": _list("Names of the kinds of entity that may have this role.", text_type()),
    },
)
_ALIASES = _list("Other names, in other versions.", text_type(NAME_BYTES))
Parameter = checked(
    "Parameter",
    "A parameter that activities may have.",
    {**_of(descriptions.ParameterDescription), "aliases": _ALIASES},
)
ConfigFile = checked(
    "ConfigFile",
    "A configuration file that activities may have.",
    {**_of(descriptions.ConfigFileDescription), "aliases": _ALIASES},
)
Activity = checked(
    "Activity",
    "A kind of activity, in some versions or all.",
    {
        **_of(records.ActivityDescription, "version"),
        "versions": _list(
            "Versions to which the description applies: a version, or a prefix (0.28.*). The longest match"
            " applies. Default: all.",
            pattern_type(r"[^*]*\*?", "0.28.0 or 0.28.*", ROLE_BYTES),
            ["*"],
        ),
        "usage": _list("Inputs by role.", Flow),
        "generation": _list("Outputs by role.", Flow),
        "parameters": _list("Its parameters.", Parameter),
        "config_files": _list("Its configuration files.", ConfigFile, name="configFiles"),
    },
)
_VERSION = {"type": "integer", "minimum": 1, "maximum": 999_999_999}
File = checked(
    "Descriptions",
    "A set of descriptions of ProvenanceDM 1.0 for ProvTAP.",
    {
        "format": (
            Annotated[str, BeforeValidator(_format), WithJsonSchema({"enum": ["1", 1]})],
            Field(..., description="Version of the file format."),
        ),
        "name": (
            text_type(NAME_BYTES),
            Field(..., description="Name of the set. A file with the same name replaces it."),
        ),
        "version": (
            Annotated[int, BeforeValidator(_whole), WithJsonSchema(_VERSION)],
            Field(..., description="Version of the set. Increase it with every change."),
        ),
        "agents": _list("Agents.", Agent),
        "entities": _list("Kinds of entity.", Entity),
        "activities": _list("Kinds of activity.", Activity),
    },
)


def entity_class(content_type: str | None, value_type: str | None) -> str:
    """Return the class of ProvenanceDM of this kind of entity."""
    if content_type:
        return "DatasetDescription"
    return "ValueDescription" if value_type else "EntityDescription"


@dataclass(frozen=True)
class Descriptions:
    """A set of descriptions, with positions in its file."""

    content: dict[str, Any]
    """The whole content, as JSON."""
    document: yaml.YamlDocument

    @property
    def name(self) -> str:
        """Name of the set."""
        return str(self.content["name"])

    @property
    def version(self) -> int:
        """Version of the set."""
        return int(self.content["version"])

    def wrong(self, location: Location, message: str, hint: str | None = None) -> DocumentError:
        """Return the error about the value at *location*."""
        return self.document.wrong(location, message, hint)

    def warnings(self) -> Iterator[str]:
        """Yield a warning for each type that differs from a reserved word only in case."""
        for location, activity in self.each("activities"):
            yield from self._case(location, activity["type"], ACTIVITY_TYPES)
            for flows in ("usage", "generation"):
                for place, flow in self.each(flows, location, activity):
                    yield from self._case(place, flow["type"], FLOW_TYPES)

    def each(
        self, part: str, location: Location = (), within: Said | None = None
    ) -> Iterator[tuple[Location, Said]]:
        """Yield the items of a list of the file, or of a list *within* the value at *location*."""
        name = "configFiles" if part == "config_files" else part
        items = (self.content if within is None else within)[part]
        return (((*location, name, at), item) for at, item in enumerate(items))

    def _case(self, location: Location, given: str | None, reserved: Iterable[str]) -> Iterator[str]:
        for known in reserved:
            if given and given != known and given.lower() == known.lower():
                line, _ = self.document.position(location)
                yield f"type {given} differs from {known} only in case (line {line})"


def read_descriptions(content: bytes) -> Descriptions:
    """Return the set of descriptions in a file.

    Raises: DocumentError, with line, column and the nearest attribute.
    """
    document = yaml.read(content)
    try:
        file = File.model_validate(document.value)
    except ValidationError as error:
        raise _first(document, error) from error
    found = Descriptions(file.model_dump(), document)
    _Rules(found).check()
    return found


def _first(document: yaml.YamlDocument, error: ValidationError) -> DocumentError:
    """Return the first error in the order of the file; missing attributes come last."""
    found = []
    for problem in problems(error, File, _YAML):
        name = problem.location[-1] if problem.location else None
        own = problem.location[:-1] if problem.kind != "wrong" else problem.location
        subject = str(name) if problem.kind == "missing" else _subject(own)
        at = own if problem.kind == "missing" else problem.location
        wrong = document.wrong(at, f"{subject} {problem.rule}", problem.hint, key=problem.kind == "unknown")
        found.append((problem.kind == "missing", wrong.line, wrong.column, wrong))
    return min(found, key=lambda each: each[:3])[3]


def _subject(location: Location) -> str:
    if not location:
        return "the file"
    *above, name = location
    return f"an item of {above[-1]}" if isinstance(name, int) else name


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of such a file (draft 2020-12)."""
    schema = File.model_json_schema(schema_generator=TextSchemas)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "ProvTAP descriptions"}
    return head | {name: value for name, value in schema.items() if name != "title"}


def schema_text() -> str:
    """Return the JSON schema as the text that is published (`descriptions.schema.json`)."""
    return json.dumps(json_schema(), indent=2) + "\n"


class _Rules:
    """Rules that involve several attributes."""

    def __init__(self, file: Descriptions) -> None:
        self._file = file
        self._entities = [entity["name"] for entity in file.content["entities"]]

    def check(self) -> None:
        """Raise DocumentError, with line and column, if a rule is broken."""
        each = self._file.each
        self._once((place, agent["id"]) for place, agent in each("agents"))
        self._once((place, entity["name"]) for place, entity in each("entities"))
        activities = list(each("activities"))
        self._once((place, f"{a['name']} {version}") for place, a in activities for version in a["versions"])
        for place, entity in each("entities"):
            self._check_entity(place, entity)
        for place, activity in activities:
            self._check_activity(place, activity)

    def _once(self, items: Iterable[tuple[Location, str]]) -> None:
        seen: dict[str, Location] = {}
        for place, name in items:
            if name in seen:
                line, _ = self._file.document.position(seen[name])
                raise self._file.wrong(place, f"{name} is described twice, first in line {line}")
            seen[name] = place

    def _check_entity(self, place: Location, entity: Said) -> None:
        name = entity["name"]
        if entity["content_type"] and entity["value_type"]:
            raise self._file.wrong(place, f"{name} cannot have both a contentType and a valueType")
        if entity["value_type"]:
            self._check_value_type(place, entity["value_type"])
        elif entity["unit"] or entity["ucd"] or entity["utype"]:
            raise self._file.wrong(place, f"{name} is not a value: unit, ucd and utype need a valueType")

    def _check_activity(self, place: Location, activity: Said) -> None:
        for part, key in (
            ("usage", "role"),
            ("generation", "role"),
            ("parameters", "name"),
            ("config_files", "name"),
        ):
            items = list(self._file.each(part, place, activity))
            self._once((at, name) for at, item in items for name in (item[key], *item["aliases"]))
            for at, item in items:
                for name in item.get("entities", ()):
                    self._check_kind(at, name)
                self._once((at, name) for name in item.get("entities", ()))
        for at, parameter in self._file.each("parameters", place, activity):
            self._check_parameter(at, parameter)

    def _check_kind(self, place: Location, name: str) -> None:
        if name not in self._entities:
            hint = nearest(name, self._entities)
            raise self._file.wrong(place, f"unknown entity {name!r}", hint)

    def _check_parameter(self, place: Location, parameter: Said) -> None:
        name, default, options = (parameter[each] for each in ("name", "default", "options"))
        datatype = self._check_value_type(place, parameter["value_type"])
        for each in ("min", "max", "default"):
            value = parameter[each]
            if value is not None and ";" not in parameter["value_type"] and not _fits(value, datatype):
                raise self._file.wrong(place, f"{each} of {name} cannot be {value!r}: it must be {datatype}")
        if options and default is not None and default not in options:
            message = f"default of {name} is not one of its options: {default}"
            raise self._file.wrong(place, message, nearest(default, options))

    def _check_value_type(self, place: Location, value_type: str) -> str:
        datatype = value_type.partition(";")[0]
        if datatype not in DATATYPES:
            hint = nearest(datatype, DATATYPES) or "A text is char;*."
            message = f"valueType cannot begin with {datatype!r}, which is not a datatype of VOTable"
            raise self._file.wrong(place, message, hint)
        return datatype


def _fits(value: str, datatype: str) -> bool:
    if datatype in _WHOLE:
        return re.fullmatch(r"[+-]?\d+", value) is not None
    if datatype in {"float", "double"}:
        number = r"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf|nan)"
        return re.fullmatch(number, value, re.I) is not None
    return datatype != "boolean" or value.lower() in {"true", "false"}
