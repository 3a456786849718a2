"""A document of records, checked attribute by attribute; errors have a JSON pointer to what is wrong."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from provtap.errors import DocumentError
from provtap.ingest.parsing.bounded import NO_LIMIT, refuse_beyond
from provtap.ingest.parsing.json import canonical, parse
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.records.classes import BY_NAME, CLASSES
from provtap.ingest.readers.records.vocabulary import Attribute, Class


@dataclass(frozen=True)
class ParsedRecord:
    """What a document records of one thing or relation."""

    of: Class
    pointer: str
    """Where it stands (RFC 6901)."""
    values: Mapping[str, Any]
    """By attribute; one that is not given is left out."""

    def get(self, attribute: str) -> Any:
        """Return the value of *attribute*, or None."""
        return self.values.get(attribute)

    def wrong(self, message: str, attribute: str | None = None) -> DocumentError:
        """Return the error about it, or about the value of *attribute*."""
        pointer = self.pointer if attribute is None else f"{self.pointer}/{attribute}"
        return DocumentError(f"{pointer} {message}", pointer=pointer)


def read_records(content: bytes, most: float = NO_LIMIT) -> list[ParsedRecord]:
    """Return all records of a document, in the order of the classes.

    Raises: DocumentError, with line and column or a JSON pointer; TooMany beyond *most* records.
    """
    values = list(parse(content))
    if len(values) > 1:
        raise DocumentError("a document of records is one object, but there are several values in a row")
    document = values[0]
    if not isinstance(document, dict):
        raise Node(document, "the document").wrong("must be an object of records by their classes")
    for name in document:
        if name not in BY_NAME:
            raise _unknown("", name, "there is no class", BY_NAME)
    refuse_beyond(most, sum(len(value) if isinstance(value, list) else 1 for value in document.values()))
    return [
        parsed
        for each in CLASSES
        if document.get(each.name) is not None
        for parsed in _section(each, document[each.name])
    ]


def _section(each: Class, value: Any) -> Iterator[ParsedRecord]:
    pointer = f"/{each.name}"
    if isinstance(value, dict):
        yield _parsed(each, pointer, value)
    elif isinstance(value, list):
        yield from (_parsed(each, f"{pointer}/{at}", item) for at, item in enumerate(value))
    else:
        raise _wrong(Node(value, pointer), "must be an object or an array of objects")


def _parsed(each: Class, pointer: str, value: Any) -> ParsedRecord:
    if not isinstance(value, dict):
        raise _wrong(Node(value, pointer), "must be an object")
    values: dict[str, Any] = {}
    for name, member in value.items():
        attribute = each.attribute(name)
        if attribute is None:
            raise _unknown(pointer, name, f"{each.name} has no", [w.name for w in each.attributes])
        if member is not None:
            values[name] = _value(attribute, Node(member, f"{pointer}/{name}"))
    parsed = ParsedRecord(each, pointer, values)
    for attribute in each.attributes:
        if attribute.needed and attribute.name not in values:
            raise parsed.wrong("is missing", attribute.name)
    return parsed


def _value(attribute: Attribute, node: Node) -> Any:
    try:
        return _READERS[attribute.kind](attribute, node)
    except DocumentError as error:
        raise DocumentError(error.message, pointer=node.path, hint=error.hint) from error


def _text(attribute: Attribute, node: Node) -> str | None:
    text = node.given_text(attribute.limit) if attribute.needed else node.text(attribute.limit)
    if attribute.choices and text not in attribute.choices:
        near = get_close_matches(str(text), attribute.choices, n=1)
        raise DocumentError(
            f"{node.path} must be one of {', '.join(attribute.choices)}",
            hint=f"Did you mean {near[0]}?" if near else None,
        )
    return text


def _id(attribute: Attribute, node: Node) -> str:
    return node.given_text(attribute.limit)


def _time(attribute: Attribute, node: Node) -> Any:
    node.given_text()
    return node.instant()


def _whole(attribute: Attribute, node: Node) -> Any:
    return node.whole_number()


def _number(attribute: Attribute, node: Node) -> float:
    if not isinstance(node.value, int | float) or isinstance(node.value, bool):
        raise node.wrong("must be a number")
    if node.value < 0:
        raise DocumentError(f"{node.path} must not be negative")
    return float(node.value)


def _anything(attribute: Attribute, node: Node) -> str:
    return node.value if isinstance(node.value, str) else canonical(node.value)


def _texts(attribute: Attribute, node: Node) -> str:
    texts = [_item(node, at).given_text() for at, _ in enumerate(node.items())]
    return json.dumps(texts, ensure_ascii=False)


def _ids(attribute: Attribute, node: Node) -> list[str]:
    if isinstance(node.value, str):
        return [_id(attribute, node)]
    return [_id(attribute, _item(node, at)) for at, _ in enumerate(node.items())]


def _item(node: Node, at: int) -> Node:
    return Node(node.value[at], f"{node.path}/{at}")


_READERS: Mapping[str, Callable[[Attribute, Node], Any]] = {
    "text": _text,
    "id": _id,
    "time": _time,
    "whole": _whole,
    "number": _number,
    "value": _anything,
    "texts": _texts,
    "ids": _ids,
}


def _wrong(node: Node, rule: str) -> DocumentError:
    return DocumentError(node.wrong(rule).message, pointer=node.path)


def _unknown(pointer: str, name: str, what: str, known: Any) -> DocumentError:
    near = get_close_matches(name, list(known), n=1)
    step = name[:100].replace("~", "~0").replace("/", "~1")
    hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
    return DocumentError(f"{what} {name[:60]!r}", pointer=f"{pointer}/{step}", hint=hint)
