"""PROV-JSON (W3C submission of 2013-04-24), including voprov's form for the IVOA's model."""

import re
from collections.abc import Iterator
from typing import Any

from provtap.errors import DocumentError
from provtap.ingest.parsing.json import canonical, parse
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.prov.dictionary import DICTIONARIES, Pair, with_keys
from provtap.ingest.readers.prov.statements import (
    ARGUMENTS,
    ELEMENTS,
    KINDS,
    TIMES,
    XSD,
    Name,
    Namespaces,
    Statement,
    Value,
    each_member,
    find_kind,
    read_time,
)

_NAME_TYPES = {"prov:QUALIFIED_NAME", "xsd:QName"}
_KEYS = {"prov:key", "prov:key-set"}
_PAIRS = "prov:key-entity-set"
_FIRST_KEY = re.compile(rb'\s*\{\s*"(?:\w+:)?(\w+)"\s*:')
_FIRST_WORDS = {*KINDS, "prefix", "bundle"}
_NUMBER_TYPES = {bool: "boolean", int: "int", float: "double"}


def looks_like(content: bytes) -> bool:
    """Return whether *content* is a JSON object whose first key is a word of PROV."""
    found = _FIRST_KEY.match(content.removeprefix(b"\xef\xbb\xbf"))
    return found is not None and found[1].decode() in _FIRST_WORDS


def statements(content: bytes) -> Iterator[Statement]:
    """Yield the statements of a document.

    Raises: DocumentError, with line and column or the path within the document.
    """
    values = list(parse(content))
    if len(values) > 1:
        raise DocumentError("PROV-JSON must be one object, but several values follow each other")
    document = Node(values[0], "the document")
    if document.value is None:
        raise document.wrong("must be an object")
    yield from _container(document, Namespaces(), None)


def _container(node: Node, outer: Namespaces, bundle: Name | None) -> Iterator[Statement]:
    namespaces = Namespaces(outer)
    for prefix, uri in node["prefix"].members():
        namespaces.declare("" if prefix == "default" else prefix, uri.given_text())
    for word, group in node.members():
        if word == "bundle" and bundle is None:
            for id, content in group.members():
                yield from _bundle(id, content, namespaces)
        elif word == "bundle":
            raise DocumentError(f"{group.path} is in another bundle")
        elif word != "prefix":
            kind = find_kind(word.rpartition(":")[2], group.path)
            for id, entry in group.members():
                for instance in entry.items() if isinstance(entry.value, list) else [entry]:
                    yield from _statements(kind, id, instance, namespaces, bundle)


def _bundle(id: str, content: Node, namespaces: Namespaces) -> Iterator[Statement]:
    own = Namespaces(namespaces)
    for prefix, uri in content["prefix"].members():
        own.declare("" if prefix == "default" else prefix, uri.given_text())
    yield from _container(content, namespaces, own.name(id, content.path))


def _statements(
    kind: str, id: str, node: Node, namespaces: Namespaces, bundle: Name | None
) -> Iterator[Statement]:
    if node.value is None:
        raise node.wrong("must be an object or an array of objects")
    arguments: dict[str, Name] = {}
    times: dict[str, Any] = {}
    attributes: list[tuple[Name, Value]] = []
    members: list[Name] = []
    keys: list[Value] = []
    pairs: list[Pair] = []
    for key, member in node.members():
        name = namespaces.attribute(key)
        argument = _argument(kind, name)
        if member.value is None:
            continue
        if kind in DICTIONARIES and name.term in _KEYS:
            keys = [_value(item, namespaces) for item in _list(member)]
        elif kind in DICTIONARIES and name.term == _PAIRS:
            pairs = list(_pairs(member, namespaces))
        elif argument in TIMES:
            times[argument] = read_time(_scalar(_only(member)), member.path)
        elif kind == "hadMember" and argument == "entity":
            members = [_name(item, namespaces) for item in _list(member)]
        elif argument:
            arguments[argument] = _name(_only(member), namespaces)
        else:
            attributes += [(name, _value(item, namespaces)) for item in _list(member)]
    own = namespaces.name(id, node.path) if kind in ELEMENTS else namespaces.relation(id)
    for ends in each_member(arguments, members):
        statement = Statement(kind, node.path, own, ends, times, tuple(attributes), bundle)
        yield from with_keys(statement, keys, pairs) if kind in DICTIONARIES else [statement]


def _pairs(node: Node, namespaces: Namespaces) -> Iterator[Pair]:
    """Yield the members of a dictionary: `[{"key": ..., "$": name}]` or `{key: name}`."""
    if isinstance(node.value, dict):
        for key, entity in node.members():
            yield Pair(Value(key), _name(entity, namespaces))
        return
    for item in node.items():
        yield Pair(_value(item["key"], namespaces), _name(item["$"], namespaces))


def _argument(kind: str, name: Name) -> str:
    """Return the formal argument of *kind* for an attribute, or ''."""
    vocabulary, _, local = name.term.partition(":")
    if vocabulary not in {"prov", "voprov"}:
        return ""
    return local if local in ARGUMENTS.get(kind, ()) else ""


def _list(node: Node) -> list[Node]:
    return list(node.items()) if isinstance(node.value, list) else [node]


def _only(node: Node) -> Node:
    found = _list(node)
    if len(found) != 1:
        raise DocumentError(f"{node.path} must have one value, not {len(found)}")
    return found[0]


def _scalar(node: Node) -> str:
    """Return the text of a plain or typed literal."""
    return (node["$"] if isinstance(node.value, dict) else node).given_text()


def _name(node: Node, namespaces: Namespaces) -> Name:
    return namespaces.name(_scalar(node), node.path)


def _value(node: Node, namespaces: Namespaces) -> Value:
    if not isinstance(node.value, dict):
        return Value(_text(node), _number_type(node))
    literal, type_text = node["$"], node["type"].text()
    if literal.value is None:
        raise DocumentError(f"{literal.path} is missing")
    if type_text is None:
        return Value(_text(literal), _number_type(literal), node["lang"].text())
    type_ = namespaces.attribute(type_text)
    if type_.term in _NAME_TYPES:
        named = namespaces.attribute(literal.given_text())
        return Value(literal.given_text(), type_, name=named)
    return Value(_text(literal), type_, node["lang"].text())


def _text(node: Node) -> str:
    return node.value if isinstance(node.value, str) else canonical(node.value)


def _number_type(node: Node) -> Name | None:
    type_ = _NUMBER_TYPES.get(type(node.value))
    return Name(XSD, type_, "xsd") if type_ else None
