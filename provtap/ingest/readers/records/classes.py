"""The classes of a document of records, which can be recorded and read over the write API.

Their attributes are defined with the records in `ingest/model`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from provtap.ingest.model import descriptions, records
from provtap.ingest.model.attributes import Attribute, attributes
from provtap.ingest.model.records import Record, columns


@dataclass(frozen=True)
class Class:
    """A class or relation of the model."""

    name: str
    path: str
    """The last segment of its address in the API."""
    held_by: tuple[type[Record], ...]
    """The classes of records with its attributes."""
    thing: str | None = None
    """The kind of thing that its id identifies, for references."""
    special: str = ""
    """Its meaning in one sentence, if it shares a table with other classes."""
    shown: tuple[str, str] | None = None
    """Its published table and the prefix of its columns, if they differ from those of its records."""

    @property
    def table(self) -> str:
        """Its published table."""
        return self.shown[0] if self.shown else self.held_by[0].table

    @property
    def about(self) -> str:
        """Its meaning, in one sentence."""
        sentence = (self.held_by[0].__doc__ or "").partition("\n")[0]
        return self.special or f"{sentence.partition(' (')[0].rstrip('.')}."

    @cached_property
    def attributes(self) -> tuple[Attribute, ...]:
        """Its attributes: those of a subclass only for the subclass, and only one for each column.

        Attributes of further records are optional.
        """
        prefix = self.shown[1] if self.shown else self.held_by[0].prefix
        found: dict[str, Attribute] = {}
        for kind in self.held_by:
            for each in attributes(kind, prefix):
                if each.of in {None, self.name}:
                    own = each if kind is self.held_by[0] else replace(each, needed=False)
                    found.setdefault(own.column or own.name, own)
        return tuple(found.values())

    @cached_property
    def own_attributes(self) -> tuple[Attribute, ...]:
        """Those of its attributes that the first of the classes of records holds."""
        own = {each.name for each in attributes(self.held_by[0], "")}
        return tuple(each for each in self.attributes if each.name in own)

    @cached_property
    def fixed(self) -> Mapping[str, str]:
        """The fixed value of another column: the class of an entity or of its description."""
        of_class = [column for field, column in columns(self.held_by[0]) if field == "class_"]
        return dict.fromkeys(of_class, self.name)

    @property
    def links(self) -> tuple[str, str, str] | None:
        """Table and two columns of the attribute of kind `ids`."""
        for kind in self.held_by:
            if kind is descriptions.UsedKind or kind is descriptions.GeneratedKind:
                (_, own), (_, other) = columns(kind)
                return kind.table, own, other
        return None

    @property
    def general(self) -> bool:
        """Whether its records include those of its subclasses."""
        return self.name in {"Entity", "EntityDescription"}

    @property
    def by_column(self) -> Mapping[str, Attribute]:
        """Its attributes with their own published column, by the column."""
        return {each.column: each for each in self.attributes if each.column is not None}

    def attribute(self, name: str) -> Attribute | None:
        """Return the attribute with this name, or None."""
        return next((attribute for attribute in self.attributes if attribute.name == name), None)


def _entity(name: str, path: str, special: str = "") -> Class:
    return Class(name, path, (records.Entity, records.Rights, records.Alias), "entity", special)


def _entity_description(name: str, path: str, special: str = "") -> Class:
    return Class(name, path, (records.EntityDescription,), "entity description", special)


def _role(path: str, kind: type[Record], link: type[Record]) -> Class:
    return Class(kind.__name__, path, (kind, link), "role description")


def _relation(path: str, *held_by: type[Record]) -> Class:
    return Class(held_by[0].__name__, path, held_by)


CLASSES = (
    Class("Agent", "agents", (records.Agent, records.AgentId), "agent"),
    Class(
        "ActivityDescription", "activityDescriptions", (records.ActivityDescription,), "activity description"
    ),
    _entity_description("EntityDescription", "entityDescriptions"),
    _entity_description("DatasetDescription", "datasetDescriptions", "A kind of file or data set."),
    _entity_description("ValueDescription", "valueDescriptions", "A kind of value."),
    _role("usageDescriptions", descriptions.UsageDescription, descriptions.UsedKind),
    _role("generationDescriptions", descriptions.GenerationDescription, descriptions.GeneratedKind),
    Class(
        "ParameterDescription",
        "parameterDescriptions",
        (descriptions.ParameterDescription,),
        "parameter description",
    ),
    Class(
        "ConfigFileDescription",
        "configFileDescriptions",
        (descriptions.ConfigFileDescription,),
        "config file description",
    ),
    _entity("Entity", "entities"),
    _entity("DatasetEntity", "datasetEntities", "A file or data set."),
    _entity("ValueEntity", "valueEntities", "A single value."),
    _entity("Collection", "collections", "A set of entities."),
    Class("Activity", "activities", (records.Activity,), "activity"),
    _relation("runs", records.Run),
    Class("Used", "used", (records.Reading, records.ExternalHash), shown=("provenance.used", "u_")),
    _relation(
        "wasGeneratedBy",
        records.WasGeneratedBy,
        records.Writing,
        records.Hash,
        records.Rights,
        records.Alias,
    ),
    _relation("wasDerivedFrom", records.WasDerivedFrom),
    _relation("wasInformedBy", records.WasInformedBy),
    _relation("wasAssociatedWith", records.WasAssociatedWith),
    _relation("wasAttributedTo", records.WasAttributedTo),
    _relation("hadMember", records.HadMember),
    Class("Parameter", "parameters", (records.Parameter, records.HadReference), "parameter"),
    Class("ConfigFile", "configFiles", (records.ConfigFile,), "config file"),
    _relation("wasConfiguredBy", records.WasConfiguredBy),
    _relation("hadReference", records.HadReference),
    Class("Invalidation", "invalidations", (records.Invalidation,), shown=("provenance.entity", "e_")),
)
"""The classes that a document may record, each before the classes that refer to it."""
BY_NAME = {each.name: each for each in CLASSES}
