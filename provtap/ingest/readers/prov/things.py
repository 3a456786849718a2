"""The things in a PROV document: those that it describes, and those that it only names."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from provtap.errors import DocumentError
from provtap.ingest.model import identity
from provtap.ingest.model.attributes import Attribute, attributes
from provtap.ingest.model.identity import NAME_BYTES
from provtap.ingest.model.records import (
    Activity,
    ActivityDescription,
    Agent,
    ConfigFile,
    Entity,
    EntityDescription,
    Parameter,
    Record,
)
from provtap.ingest.readers.prov.statements import Statement, Value, read_time, utc

_NAMES = ("voprov:name", "prov:name", "prov:label", "dcterms:title", "foaf:name", "foaf:givenName")
_COMMENTS = ("voprov:comment", "voprov:annotation", "dcterms:description", "voprov:description")
_TERMS = {
    "comment": _COMMENTS,
    "description": _COMMENTS,
    "docurl": ("voprov:docurl", "voprov:doculink"),
    "email": ("voprov:email", "foaf:mbox"),
    "phone": ("voprov:phone", "foaf:phone"),
    "url": ("voprov:url", "foaf:homepage"),
    "location": ("prov:location", "voprov:location"),
    "value": ("prov:value", "voprov:value"),
    "contentType": ("voprov:contentType", "voprov:content_type", "prov:contentType"),
    "valueType": ("voprov:valueType", "voprov:datatype"),
}
"""Terms for the values of attributes with several; others have one term of the same name (voprov:unit)."""
_TEXTS: Mapping[type[Record], tuple[Attribute, ...]] = {
    kind: tuple(
        each
        for each in attributes(kind, "")
        if each.kind in {"text", "value"} and not each.choices and each.name != "name"
    )
    for kind in (Activity, ActivityDescription, Agent, ConfigFile, Entity, EntityDescription, Parameter)
}
"""Attributes with texts that are used unchanged; names, times and references have their own rules."""
_KINDS = {
    "activity": "activity",
    "agent": "agent",
    "ActivityDescription": "activity description",
    "EntityDescription": "entity description",
    "DatasetDescription": "entity description",
    "ValueDescription": "entity description",
    "Parameter": "parameter",
    "ConfigFile": "configuration file",
}
"""The kinds of things other than entities, by the kind of statement."""


class Thing:
    """One thing, with all statements about it in the document."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.statements: list[Statement] = []
        """None: the document only names it."""

    @property
    def where(self) -> str:
        """Its first position in the document."""
        return self.statements[0].where if self.statements else self.id

    @property
    def classes(self) -> set[str]:
        """The kinds of the statements about it."""
        return {statement.kind for statement in self.statements}

    def values(self, *terms: str) -> Iterator[Value]:
        """Yield the values of attributes, beginning with the first term."""
        for term in terms:
            for statement in self.statements:
                yield from statement.values.get(term, ())

    def text(self, *terms: str) -> str | None:
        """Return the first value that is not empty."""
        return next((value.plain for value in self.values(*terms) if value.text), None)

    def value_of(self, attribute: str) -> str | None:
        """Return the value of an attribute of the model."""
        return self.text(*_TERMS.get(attribute, (f"voprov:{attribute}",)))

    def stated(self, kind: type[Record], class_: str | None = None) -> dict[str, Any]:
        """Return the texts of a class of records by field, without the name; *class_* is the row's class.

        Raises: DocumentError for a text that exceeds the limit of its attribute.
        """
        return {each.field: self._stated(each) for each in _TEXTS[kind] if each.of in {None, class_}}

    def _stated(self, attribute: Attribute) -> str | None:
        text = self.value_of(attribute.name)
        if text and attribute.limit and (size := len(text.encode())) > attribute.limit:
            raise DocumentError(
                f"{self.where}: {attribute.name} has {size} bytes; the limit is {attribute.limit}"
            )
        return text

    @property
    def name(self) -> str | None:
        """Its name, unless it exceeds the maximum length of a name."""
        name = self.text(*_NAMES)
        return name if name and len(name.encode()) <= NAME_BYTES else None

    @property
    def label(self) -> str:
        """Its name, else the last part of its id."""
        return self.name or (identity.basename(self.id) or self.id).rpartition("#")[2] or self.id

    def times(self, argument: str) -> list[datetime]:
        """Return the distinct times, in UTC, in formal arguments or attributes of this name."""
        formal = [
            utc(statement.times[argument], statement.where)
            for statement in self.statements
            if argument in statement.times
        ]
        stated = [
            utc(read_time(value.text, f"{self.where}, {argument}"), self.where)
            for value in self.values(f"prov:{argument}", f"voprov:{argument}")
        ]
        return list(dict.fromkeys([*formal, *stated]))

    def types(self) -> set[str]:
        """Return the last parts of the terms of its types."""
        terms = [value.term for value in self.values("prov:type", "voprov:type")]
        return {term.rpartition(":")[2].rpartition("/")[2].rpartition("#")[2] for term in terms}


class Things:
    """The things of one document by kind and id; *scope* makes the ids of its blank nodes unique."""

    def __init__(self, statements: Iterable[Statement], scope: str) -> None:
        self._scope = scope
        self._things: dict[tuple[str, str], Thing] = {}
        self.warnings: list[str] = []
        for statement in statements:
            if statement.id is not None:
                kind = _KINDS.get(statement.kind, "entity")
                thing = self.mention(kind, statement.id.id, statement.where)
                if thing is not None:
                    thing.statements.append(statement)

    def id(self, iri: str, where: str) -> str:
        """Return the id of the thing *iri*.

        Raises: DocumentError if it exceeds the maximum length of an id.
        """
        if iri.startswith(("_:", "id:")):  # lstosa has short numbers in the namespace `id:`
            return identity.blank(self._scope, iri)
        if len(iri.encode()) > identity.MAX_BYTES:
            raise DocumentError(f"{where}: the id {iri[:60]}... has more than {identity.MAX_BYTES} bytes")
        return iri

    def mention(self, kind: str, iri: str, where: str) -> Thing | None:
        """Return the thing of this kind; None if the id already belongs to an activity, or to an entity."""
        id = self.id(iri, where)
        other = {"entity": "activity", "activity": "entity"}.get(kind)
        if other and (other, id) in self._things:
            article = {"activity": "an activity", "entity": "an entity"}
            self.warnings.append(
                f"{id} is {article[other]}; the statement that it is {article[kind]} ({where}) is kept"
                " in the document only"
            )
            return None
        return self._things.setdefault((kind, id), Thing(id))

    def find(self, kind: str, id: str) -> Thing | None:
        """Return the thing of this kind, if the document has a statement about it."""
        thing = self._things.get((kind, id))
        return thing if thing and thing.statements else None

    def of(self, kind: str) -> Iterator[Thing]:
        """Yield all things of a kind."""
        return (thing for (known, _), thing in self._things.items() if known == kind)

    def first(self, thing: Thing, argument: str) -> datetime | None:
        """Return the first of the times in the document, with a warning if there are several."""
        times = thing.times(argument)
        if len(times) > 1:
            self.warnings.append(f"{thing.id} has {len(times)} times as {argument}; {times[0]} was kept")
        return times[0] if times else None


def described_activity(thing: Thing) -> ActivityDescription:
    """Return the activity description of a document, with the id made from its name and version."""
    stated = thing.stated(ActivityDescription)
    id_ = identity.activity_description(thing.label, stated["version"])
    return ActivityDescription(id=id_, name=thing.label, **stated)


def description_class(thing: Thing) -> str:
    """Return the class of an entity description.

    A dataset description has a content type, a value description a value type (ProvenanceDM 1.0); without
    them it is a plain EntityDescription.
    """
    if thing.value_of("contentType") and "ValueDescription" not in thing.classes:
        return "DatasetDescription"
    if thing.value_of("valueType") and "DatasetDescription" not in thing.classes:
        return "ValueDescription"
    return "EntityDescription"
