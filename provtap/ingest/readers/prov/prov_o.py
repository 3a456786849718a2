"""PROV-O (W3C Recommendation of 2013-04-30): PROV as RDF, in Turtle, TriG, N-Triples or JSON-LD.

A relation is a property (`prov:used`) or, with time, role and attributes, a separate node
(`prov:qualifiedUsage [a prov:Usage; prov:entity ...]`); if a document has both, they are one statement.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from provtap.errors import DocumentError
from provtap.ingest.model.records import RecordSet
from provtap.ingest.parsing.bounded import NO_LIMIT
from provtap.ingest.readers.prov.dictionary import MEMBERSHIP, Pair, with_keys
from provtap.ingest.readers.prov.rdf import Triple, triples
from provtap.ingest.readers.prov.records import reader
from provtap.ingest.readers.prov.statements import (
    ARGUMENTS,
    PROV,
    Name,
    Statement,
    Value,
    name_of,
    read_time,
)
from provtap.ingest.readers.unread import is_n_quads

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_TYPE = f"{_RDF}type"
_LABEL = f"{_RDFS}label"
_ELEMENTS = {
    "entity": ("Entity", "Collection", "EmptyCollection", "Bundle", "Plan", "Dictionary", "EmptyDictionary"),
    "activity": ("Activity",),
    "agent": ("Agent", "Person", "Organization", "SoftwareAgent"),
}
_KINDS = {f"{PROV}{type_}": kind for kind, types in _ELEMENTS.items() for type_ in types}
_PLAIN = {f"{PROV}{types[0]}" for types in _ELEMENTS.values()}
_PROPERTIES = {f"{PROV}{kind}": kind for kind in ARGUMENTS.keys() - {*_ELEMENTS, MEMBERSHIP, "mentionOf"}}
_INVERSE = {
    f"{PROV}{name}": kind
    for name, kind in {
        "generated": "wasGeneratedBy",
        "invalidated": "wasInvalidatedBy",
        "influenced": "wasInfluencedBy",
        "wasUsedBy": "used",
        "informed": "wasInformedBy",
        "started": "wasStartedBy",
        "ended": "wasEndedBy",
        "hadDerivation": "wasDerivedFrom",
        "hadRevision": "wasRevisionOf",
        "quotedAs": "wasQuotedFrom",
        "wasPrimarySourceOf": "hadPrimarySource",
        "contributed": "wasAttributedTo",
        "wasAssociateFor": "wasAssociatedWith",
        "hadDelegate": "actedOnBehalfOf",
        "generalizationOf": "specializationOf",
        "wasMemberOf": "hadMember",
    }.items()
}
"""Inverse properties (PROV-O, appendix B.1)."""
_QUALIFIED = {
    "Usage": "used",
    "Generation": "wasGeneratedBy",
    "Invalidation": "wasInvalidatedBy",
    "Start": "wasStartedBy",
    "End": "wasEndedBy",
    "Communication": "wasInformedBy",
    "Derivation": "wasDerivedFrom",
    "Revision": "wasRevisionOf",
    "Quotation": "wasQuotedFrom",
    "PrimarySource": "hadPrimarySource",
    "Attribution": "wasAttributedTo",
    "Association": "wasAssociatedWith",
    "Delegation": "actedOnBehalfOf",
    "Influence": "wasInfluencedBy",
    "Insertion": "derivedByInsertionFrom",
    "Removal": "derivedByRemovalFrom",
    "Membership": "hadMember",  # this one and the following are from the `prov` library
    "Specialization": "specializationOf",
}
"""The classes of relation nodes; with the prefix `qualified`, the properties that refer to them."""
_LINKS = {f"{PROV}qualified{class_}": kind for class_, kind in _QUALIFIED.items()}
_NODES = {f"{PROV}{class_}": kind for class_, kind in _QUALIFIED.items()}
# The names of the arguments of a relation in its node, if they differ from the arguments' names.
_INFLUENCERS = ("entity", "activity", "agent", "influencer")
_NODE_ARGUMENTS = {
    "hadPlan": "plan",
    "hadActivity": "activity",
    "hadGeneration": "generation",
    "hadUsage": "usage",
    "dictionary": "before",
}
_NODE_ACTIVITIES = {"wasStartedBy": "starter", "wasEndedBy": "ender"}
_TIMES = {"startedAtTime": "startTime", "endedAtTime": "endTime"}
_ATTRIBUTES = {
    _TYPE: Name(PROV, "type", "prov"),
    _LABEL: Name(PROV, "label", "prov"),
    f"{_RDFS}comment": name_of("http://purl.org/dc/terms/description"),
    f"{PROV}atLocation": Name(PROV, "location", "prov"),
    f"{PROV}hadRole": Name(PROV, "role", "prov"),
}
_ARGUMENT_KINDS = {
    "activity": ("activity", "informed", "informant", "starter", "ender"),
    "agent": ("agent", "delegate", "responsible"),
    "entity": (
        *("entity", "trigger", "generatedEntity", "usedEntity", "specificEntity", "generalEntity", "plan"),
        *("alternate1", "alternate2", "collection", "dictionary", "before", "after"),
    ),
}
_KIND_OF = {argument: kind for kind, arguments in _ARGUMENT_KINDS.items() for argument in arguments}
_TEXT = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?:\s|#[^\n]*\n)*"
    rb"(?:@prefix\s|@base\s|prefix\s+[^\s:]*:\s*<|base\s+<|graph\s+[<_]|<[^<>\s]*[:#/][^<>\s]*>\s|_:\w|\[\s*\]\s)",
    re.IGNORECASE,
)
"""The beginning of Turtle, TriG and N-Triples."""
_START = 65536
"""Bytes in which a line of N-Quads is looked for."""
_JSON = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*[{\[]")
_JSON_TERMS = re.compile(
    rb'"(?:prov:(?:used|was[A-Z]\w+|qualified\w+|hadMember)|http://www\.w3\.org/ns/prov#\w+)"'
)
_PROV_JSONLD = re.compile(rb'"https?://openprovenance\.org/prov-jsonld')


def looks_like(content: bytes) -> bool:
    """Return whether *content* is RDF with words of PROV."""
    if _JSON.match(content) and not _TEXT.match(content):
        if _PROV_JSONLD.search(content):
            return False
        linked = b'"@id"' in content and (b'"@context"' in content or b'"@type"' in content)
        return _JSON_TERMS.search(content) is not None or linked and PROV.encode() in content
    is_text = PROV.encode() in content and _TEXT.match(content) is not None
    return is_text and not is_n_quads(content[:_START])


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the single set of records of a document of at most *most* statements.

    Raises: as `statements`.
    """
    return reader(partial(statements, most=most))(content, site, most)


def statements(content: bytes, *, most: float = NO_LIMIT) -> Iterator[Statement]:
    """Yield the statements of a document; a named graph is a bundle.

    Raises: DocumentError; TooMany for many more triples than *most*.
    """
    graphs: dict[str | None, _Graph] = {}
    for triple in triples(content, most):
        graphs.setdefault(triple.graph, _Graph(triple.graph)).add(triple)
    for graph in graphs.values():
        yield from graph.statements()


_Node = Mapping[str, Mapping[Value, None]]
"""The distinct values of each property of a node, in order."""


@dataclass
class _Graph:
    """The nodes of one graph, and their kinds."""

    name: str | None
    nodes: dict[str, dict[str, dict[Value, None]]] = field(default_factory=dict)

    def add(self, triple: Triple) -> None:
        """Add a triple."""
        self.nodes.setdefault(triple.subject, {}).setdefault(triple.property, {})[triple.value] = None

    def statements(self) -> Iterator[Statement]:
        """Yield the statements of the graph: first about things, whose kind may follow from relations."""
        relations = list(self._relations())
        kinds: dict[str, set[str]] = {}
        for relation in relations:
            for argument, name in relation.arguments.items():
                if kind := _KIND_OF.get(argument):
                    kinds.setdefault(name.iri, set()).add(kind)
        linked = {
            value.text
            for node in self.nodes.values()
            for property, values in node.items()
            if property in _LINKS
            for value in values
        }
        for subject, node in self.nodes.items():
            types = {value.text for value in node.get(_TYPE, ())}
            if subject in linked or types & _NODES.keys():
                continue
            stated = {_KINDS[type_] for type_ in types if type_ in _KINDS}
            if any(time in node for time in (f"{PROV}startedAtTime", f"{PROV}endedAtTime")):
                stated.add("activity")
            for kind in sorted(stated or kinds.get(subject, set())):
                statement = self._element(kind, subject, node)
                if stated or statement.attributes:
                    yield statement
        yield from relations

    def _element(self, kind: str, subject: str, node: _Node) -> Statement:
        times = {}
        further: list[tuple[Name, Value]] = []
        for property, argument in _TIMES.items():
            values = sorted(node.get(PROV + property, ()), key=lambda value: value.text)
            if kind == "activity" and values:
                times[argument] = read_time(values[0].text, f"{subject}, {argument}")
                further += [(Name(PROV, argument, "prov"), value) for value in values[1:]]
        left_out = {*(PROV + property for property in _TIMES)}
        return Statement(
            kind,
            subject,
            name_of(subject),
            times=times,
            attributes=(*further, *self._attributes(node, _PLAIN, left_out)),
            bundle=self._bundle,
        )

    @property
    def _bundle(self) -> Name | None:
        return None if self.name is None else name_of(self.name)

    def _attributes(self, node: _Node, classes: set[str], left_out: set[str]) -> list[tuple[Name, Value]]:
        """Return the attributes of a node without relations, sorted: texts without a language first."""
        relations = {*_PROPERTIES, *_INVERSE, *_LINKS, f"{PROV}mentionOf", f"{PROV}asInBundle"} | left_out
        found = [
            (_ATTRIBUTES.get(property) or name_of(property), named)
            for property, values in node.items()
            if property not in relations
            for value in values
            if not (property == _TYPE and value.text in classes) and (named := self._named(value)) is not None
        ]
        return sorted(found, key=lambda pair: (pair[0].iri, pair[1].language or "", pair[1].text))

    def _named(self, value: Value) -> Value | None:
        """Return the value; a blank node is replaced by its label or value, if it has one."""
        if value.name is None or not value.text.startswith("_:"):
            return value
        node = self.nodes.get(value.text, {})
        texts = [each for property in (_LABEL, f"{PROV}value") for each in node.get(property, ())]
        return next((text for text in texts if text.name is None), None)

    # Relations

    def _relations(self) -> Iterator[Statement]:
        qualified: set[tuple[str, str | None, str | None]] = set()
        met: set[str] = set()
        for subject, node in self.nodes.items():
            for link, kind in _LINKS.items():
                for value in node.get(link, ()):
                    met.add(value.text)
                    for statement in self._qualified(kind, subject, value.text):
                        qualified.add((kind, *statement.ends()))
                        yield statement
        for subject, node in self.nodes.items():
            types = {value.text for value in node.get(_TYPE, ())}
            for type_ in sorted(types & _NODES.keys()):
                if subject not in met:
                    yield from self._qualified(_NODES[type_], None, subject)
        given: set[tuple[str, str | None, str | None]] = set()
        for statement in self._unqualified():
            key = (statement.kind, *statement.ends())
            if key not in qualified and key not in given:
                given.add(key)
                yield statement

    def _unqualified(self) -> Iterator[Statement]:
        for subject, node in self.nodes.items():
            for property, kind in _PROPERTIES.items():
                for value in node.get(property, ()):
                    yield self._pair(kind, subject, value)
            for property, kind in _INVERSE.items():
                for value in node.get(property, ()):
                    yield self._pair(
                        kind, self._thing(property, value), Value(subject, name=name_of(subject))
                    )
            for general in node.get(f"{PROV}mentionOf", ()):
                bundle = next((name_of(each.text) for each in node.get(f"{PROV}asInBundle", ())), None)
                ends = self._pair("mentionOf", subject, general)
                yield replace(ends, arguments={**ends.arguments, **({"bundle": bundle} if bundle else {})})
            for pair in node.get(f"{PROV}{MEMBERSHIP}", ()):
                statement = Statement(
                    MEMBERSHIP, subject, arguments={"dictionary": name_of(subject)}, bundle=self._bundle
                )
                yield from with_keys(statement, (), self._pairs([pair]))

    def _pair(self, kind: str, subject: str, value: Value) -> Statement:
        first, second, *_ = ARGUMENTS[kind]
        object_ = name_of(self._thing(f"{PROV}{kind}", value))
        return Statement(
            kind, subject, arguments={first: name_of(subject), second: object_}, bundle=self._bundle
        )

    def _qualified(self, kind: str, subject: str | None, id: str) -> Iterator[Statement]:
        """Yield the statements of the relation node *id*: one for each thing related to the subject."""
        node = self.nodes.get(id, {})
        first, second, *_ = ARGUMENTS[kind]
        arguments: dict[str, Name] = {} if subject is None else {first: name_of(subject)}
        objects: list[str] = []
        used: set[str] = set()
        for property, values in node.items():
            local = property.removeprefix(PROV) if property.startswith(PROV) else ""
            if local in _INFLUENCERS or local == second:
                objects += [self._thing(property, value) for value in values]
            elif local in _NODE_ARGUMENTS:
                argument = _NODE_ARGUMENTS[local]
                if local == "hadActivity":
                    argument = _NODE_ACTIVITIES.get(kind, argument)
                if argument not in ARGUMENTS[kind]:
                    continue
                arguments[argument] = name_of(min(self._thing(property, value) for value in values))
            elif local != "atTime":
                continue
            used.add(property)
        times = [value.text for value in node.get(f"{PROV}atTime", ())]
        at = f"{kind} of {subject or id}"
        keys = [*node.get(f"{PROV}removedKey", ())]
        pairs = list(self._pairs(node.get(f"{PROV}insertedKeyEntityPair", ())))
        used |= {f"{PROV}removedKey", f"{PROV}insertedKeyEntityPair"}
        for object_ in sorted(set(objects)) or [""]:
            ends = {**arguments, second: name_of(object_)} if object_ else arguments
            statement = Statement(
                kind,
                at,
                None if id.startswith("_:") else name_of(id),
                ends,
                {"time": read_time(min(times), at)} if times and "time" in ARGUMENTS[kind] else {},
                tuple(self._attributes(node, {type_ for type_, of in _NODES.items() if of == kind}, used)),
                self._bundle,
            )
            yield from with_keys(statement, keys, pairs) if keys or pairs else [statement]

    def _pairs(self, values: Iterable[Value]) -> Iterator[Pair]:
        for value in values:
            node = self.nodes.get(value.text, {})
            for key in node.get(f"{PROV}pairKey", ()):
                for entity in node.get(f"{PROV}pairEntity", ()):
                    yield Pair(key, name_of(self._thing(f"{PROV}pairEntity", entity)))

    def _thing(self, property: str, value: Value) -> str:
        """Return the thing in a relation. Raises: DocumentError for a literal."""
        if value.name is None:
            local = property.removeprefix(PROV)
            raise DocumentError(f"prov:{local} must name a thing, not the text {value.text[:60]!r}")
        return value.text
