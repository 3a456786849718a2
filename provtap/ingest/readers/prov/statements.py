"""The parts of W3C PROV documents in any notation: statements, names and values.

The `prov` library also reads these notations, but omits statements that it can't resolve and rejects the
IVOA's dialects. So each notation has a small reader here, which the tests compare with the library.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cached_property
from urllib.parse import unquote

from provtap import iris
from provtap.errors import DocumentError
from provtap.ingest.readers.prov.literals import canonical

PROV = "http://www.w3.org/ns/prov#"
XSD = "http://www.w3.org/2001/XMLSchema#"
VOPROV = "http://www.ivoa.net/documents/ProvenanceDM/index.html#"
VOPROV_NAMESPACES = {
    VOPROV,
    "http://www.ivoa.net/documents/ProvenanceDM/ns/voprov/",  # django-prov_vo
    "http://www.ivoa.net/documents/dm/provdm/voprov/",  # the working draft of 2017
    "http://wiki.ivoa.net/twiki/bin/view/IVOA/ProvenanceDataModel/ns/",  # CTA's prototype of 2019
    "voprov:",  # logprov
}
_TERMS = {
    PROV: "prov",
    XSD: "xsd",
    XSD[:-1]: "xsd",
    "http://xmlns.com/foaf/0.1/": "foaf",
    "http://purl.org/dc/terms/": "dcterms",
    "http://purl.org/dc/elements/1.1/": "dcterms",
    "http://schema.org/": "schema",
    "https://schema.org/": "schema",
} | dict.fromkeys(VOPROV_NAMESPACES, "voprov")
_PARTS = re.compile(r"(.*[/#:])(.+)", re.DOTALL)
_WELL_KNOWN = {"prov": PROV, "xsd": XSD, "voprov": VOPROV, "xsi": "http://www.w3.org/2001/XMLSchema-instance"}
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")

# All kinds of statements and their formal arguments, in the order of PROV-N.
_DERIVATION = ("generatedEntity", "usedEntity", "activity", "generation", "usage")
ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "entity": (),
    "activity": ("startTime", "endTime"),
    "agent": (),
    "used": ("activity", "entity", "time"),
    "wasGeneratedBy": ("entity", "activity", "time"),
    "wasInvalidatedBy": ("entity", "activity", "time"),
    "wasStartedBy": ("activity", "trigger", "starter", "time"),
    "wasEndedBy": ("activity", "trigger", "ender", "time"),
    "wasInformedBy": ("informed", "informant"),
    "wasDerivedFrom": _DERIVATION,
    "wasRevisionOf": _DERIVATION,
    "wasQuotedFrom": _DERIVATION,
    "hadPrimarySource": _DERIVATION,
    "wasAttributedTo": ("entity", "agent"),
    "wasAssociatedWith": ("activity", "agent", "plan"),
    "actedOnBehalfOf": ("delegate", "responsible", "activity"),
    "wasInfluencedBy": ("influencee", "influencer"),
    "specializationOf": ("specificEntity", "generalEntity"),
    "alternateOf": ("alternate1", "alternate2"),
    "mentionOf": ("specificEntity", "generalEntity", "bundle"),
    "hadMember": ("collection", "entity"),
    "hadDictionaryMember": ("dictionary", "entity"),
    "derivedByInsertionFrom": ("after", "before"),
    "derivedByRemovalFrom": ("after", "before"),
    "isDescribedBy": ("described", "descriptor"),
    "isRelatedTo": ("related", "relator"),
    "wasConfiguredBy": ("configured", "configurator"),
    "hadReference": ("referencing", "reference"),
}
TIMES = {"time", "startTime", "endTime"}
# The classes of ProvenanceDM with their own statements in the IVOA's dialect.
VO_CLASSES = {
    name[0].lower() + name[1:]: name
    for name in (
        "Collection",
        "DatasetEntity",
        "ValueEntity",
        "ActivityDescription",
        "EntityDescription",
        "DatasetDescription",
        "ValueDescription",
        "UsageDescription",
        "GenerationDescription",
        "ParameterDescription",
        "ConfigFileDescription",
        "Parameter",
        "ConfigFile",
    )
}
KINDS = {*ARGUMENTS, *VO_CLASSES}
ELEMENTS = {"entity", "activity", "agent", *VO_CLASSES.values()}
"""The kinds of statements about one thing; all others relate two."""
# voprov writes a class of ProvenanceDM as a separate statement, `parameter(...)` or `isDescribedBy(...)`,
# or as W3C PROV: an entity with the type `voprov:Parameter`, and a `wasInfluencedBy` with the type
# `voprov:DescriptionRelation`. `normal` converts the second form to the first, using these types.
_CLASSES = {f"voprov:{name}": name for name in VO_CLASSES.values()} | {
    "prov:Collection": "Collection",
    "prov:collection": "Collection",
    "prov:EmptyCollection": "Collection",
    "prov:Dictionary": "Collection",
    "prov:EmptyDictionary": "Collection",
    "voprov:Configfile": "ConfigFile",  # so in the VO-DML file
    "File": "DatasetEntity",  # logprov
}
_INFLUENCES = {
    "voprov:DescriptionRelation": "isDescribedBy",
    "voprov:IsDescribedBy": "isDescribedBy",
    "voprov:ConfigurationRelation": "wasConfiguredBy",
    "voprov:WasConfiguredBy": "wasConfiguredBy",
    "voprov:RelatedToRelation": "isRelatedTo",
    "voprov:IsRelatedTo": "isRelatedTo",
    "voprov:HadReferenceRelation": "hadReference",
    "voprov:HadReference": "hadReference",
}


@dataclass(frozen=True, slots=True)
class Name:
    """A qualified name; its parts together are an IRI."""

    namespace: str
    local: str
    prefix: str = ""

    @property
    def iri(self) -> str:
        """The IRI of the name."""
        return self.namespace + self.local

    @property
    def id(self) -> str:
        """The id of the named thing."""
        return iris.id_of(self.iri)

    @property
    def term(self) -> str:
        """The name with the usual prefix of a known vocabulary (`voprov:email`), else the IRI."""
        known = _TERMS.get(self.namespace)
        return f"{known}:{self.local}" if known else self.iri


@dataclass(frozen=True, slots=True)
class Value:
    """The value of an attribute."""

    text: str
    type: Name | None = None
    language: str | None = None
    name: Name | None = None
    """The name, if the value is one."""

    @property
    def term(self) -> str:
        """The term of the value, however it was written."""
        return self.name.term if self.name else self.text

    @property
    def plain(self) -> str:
        """The canonical text of the literal; for a name, its IRI."""
        if self.name is not None and self.name.namespace:
            return self.name.iri
        vocabulary, _, type_ = self.type.term.partition(":") if self.type else ("", "", "")
        return canonical(self.text, type_) if vocabulary == "xsd" else self.text


@dataclass(frozen=True)
class Statement:
    """One statement of a document."""

    kind: str
    """The name in PROV-N, or a class of ProvenanceDM: `Parameter`."""
    where: str
    """Its position in the document, for messages."""
    id: Name | None = None
    arguments: Mapping[str, Name] = field(default_factory=dict)
    times: Mapping[str, datetime] = field(default_factory=dict)
    """As written, with or without a zone."""
    attributes: tuple[tuple[Name, Value], ...] = ()
    bundle: Name | None = None

    @cached_property
    def values(self) -> Mapping[str, list[Value]]:
        """The values of each attribute by its term."""
        values: dict[str, list[Value]] = {}
        for name, value in self.attributes:
            values.setdefault(name.term, []).append(value)
        return values

    def end(self, argument: str) -> str | None:
        """Return the id in a formal argument."""
        name = self.arguments.get(argument)
        return name.id if name else None

    def ends(self) -> tuple[str | None, str | None]:
        """Return the subject and object of a relation: its first two arguments."""
        subject, object_, *_ = ARGUMENTS[self.kind]
        return self.end(subject), self.end(object_)

    def types(self) -> Iterator[str]:
        """Yield the terms of all types in the statement."""
        return (value.term for value in self.values.get("prov:type", ()))


class Namespaces:
    """The prefixes declared in a document or bundle, in addition to those of the enclosing one."""

    def __init__(self, outer: "Namespaces | None" = None) -> None:
        self._known: dict[str, str] = dict(outer._known) if outer else dict(_WELL_KNOWN)

    def declare(self, prefix: str, uri: str) -> None:
        """Declare *prefix* for *uri*; an empty prefix is the default namespace."""
        self._known[prefix] = uri

    def name(self, text: str, where: str) -> Name:
        """Return the name in *text*; an undeclared prefix is treated as the scheme of a URI.

        Raises: DocumentError for a name without meaning outside of its document.
        """
        name = self.attribute(text)
        if not name.namespace and not text.startswith("#") and ":" not in text:
            raise DocumentError(f"{where}: {text[:60]!r} has no prefix, and no default namespace is declared")
        return name

    def relation(self, id: str) -> Name | None:
        """Return the name of a relation; most have no name, or a number within their document."""
        return None if id.startswith("_:") else self.attribute(id)

    def attribute(self, text: str) -> Name:
        """Return the name of an attribute, which may be a bare word."""
        prefix, colon, local = text.partition(":")
        if _ABSOLUTE.match(text):
            return Name("", text)
        if colon and prefix in self._known:
            return Name(self._known[prefix], local, prefix)
        if colon or text.startswith("#"):
            return Name("", text)
        return Name(self._known.get("", ""), text)


def name_of(iri: str) -> Name:
    """Return the name for *iri*: in a known vocabulary, otherwise split after its last separator."""
    for namespace in _TERMS:
        if iri.startswith(namespace) and iri != namespace and namespace != XSD[:-1]:
            return Name(namespace, iri.removeprefix(namespace))
    parts = None if iri.startswith("_:") else _PARTS.fullmatch(iri)
    return Name(parts[1], parts[2]) if parts else Name("", iri)


def each_member(arguments: Mapping[str, Name], members: Sequence[Name]) -> Iterator[Mapping[str, Name]]:
    """Yield the arguments of a statement, once for each of its *members* (PROV-DM allows only one)."""
    if not members:
        yield arguments
    for member in members:
        yield {**arguments, "entity": member}


def find_kind(word: str, where: str) -> str:
    """Return the kind of statement called *word*.

    Raises: DocumentError for an unknown one, with the most similar name.
    """
    if word in ARGUMENTS:
        return word
    if word in VO_CLASSES:
        return VO_CLASSES[word]
    near = get_close_matches(word, sorted(KINDS), n=1)
    raise DocumentError(
        f"{where}: unknown statement {word[:60]!r}", hint=f"Did you mean {near[0]}?" if near else None
    )


def read_time(text: str, where: str) -> datetime:
    """Return the ISO 8601 time in *text*, with its zone if it has one.

    Raises: DocumentError.
    """
    try:
        start, midnight, zone = text.strip().partition("T24:00:00")
        if midnight:  # XML Schema, dateTime: the first instant of the following day
            return datetime.fromisoformat(f"{start}T00:00:00{zone}") + timedelta(days=1)
        return datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError) as error:
        raise DocumentError(f"{where}: {text[:60]!r} is not a time of the years 1 to 9999") from error


def utc(time: datetime, where: str) -> datetime:
    """Return *time* in UTC without a zone; a time without zone is treated as UTC.

    Raises: DocumentError if the result is before year 1 or after 9999.
    """
    try:
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except OverflowError as error:
        raise DocumentError(f"{where}: {time} is not in the years 1 to 9999 in UTC") from error


def normal(statement: Statement) -> Statement:
    """Return *statement*, converted to the separate statement of its class if it has one."""
    if statement.kind == "entity":
        classes = [_CLASSES[type_] for type_ in statement.types() if type_ in _CLASSES]
        return replace(statement, kind=classes[0]) if classes else statement
    if statement.kind == "wasInfluencedBy":
        for type_ in statement.types():
            if type_ in _INFLUENCES:
                return _relation(statement, _INFLUENCES[type_])
    return statement


def _relation(statement: Statement, kind: str) -> Statement:
    ends = zip(ARGUMENTS[kind], ARGUMENTS[statement.kind], strict=True)
    arguments = {new: statement.arguments[old] for new, old in ends if old in statement.arguments}
    return replace(statement, kind=kind, arguments=arguments)


def with_own_ids(statements: Sequence[Statement]) -> Sequence[Statement]:
    """Return the statements with ids from `voprov:id`, where the name is the percent-encoded id.

    Earlier releases wrote names in this form: `a%2520b` for `a%20b`.
    """
    known = {
        statement.id.iri: Name("", value.text)
        for statement in statements
        if statement.id is not None and statement.kind in ELEMENTS
        for value in statement.values.get("voprov:id", ())
        if value.text and unquote(statement.id.iri).endswith(value.text)
    }
    if not known:
        return statements
    return [
        replace(
            statement,
            id=statement.id and known.get(statement.id.iri, statement.id),
            arguments={word: known.get(name.iri, name) for word, name in statement.arguments.items()},
        )
        for statement in statements
    ]
