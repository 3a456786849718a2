"""A document of records, word by word: what it tells of each class, with a JSON pointer to what is wrong."""

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
from provtap.ingest.readers.records.vocabulary import Class, Word


@dataclass(frozen=True)
class Told:
    """What a document tells of one thing or relation."""

    of: Class
    pointer: str
    """Where it stands (RFC 6901)."""
    values: Mapping[str, Any]
    """By the words; what is not told is not there."""

    def get(self, word: str) -> Any:
        """Return the value of *word*, or None."""
        return self.values.get(word)

    def wrong(self, message: str, word: str | None = None) -> DocumentError:
        """Return the error about it, or about the value of *word*."""
        pointer = self.pointer if word is None else f"{self.pointer}/{word}"
        return DocumentError(f"{pointer} {message}", pointer=pointer)


def read_told(content: bytes, most: float = NO_LIMIT) -> list[Told]:
    """Return all that a document tells, in the order of the classes.

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
        told
        for each in CLASSES
        if document.get(each.name) is not None
        for told in _section(each, document[each.name])
    ]


def _section(each: Class, value: Any) -> Iterator[Told]:
    pointer = f"/{each.name}"
    if isinstance(value, dict):
        yield _told(each, pointer, value)
    elif isinstance(value, list):
        yield from (_told(each, f"{pointer}/{at}", item) for at, item in enumerate(value))
    else:
        raise _wrong(Node(value, pointer), "must be an object or an array of objects")


def _told(each: Class, pointer: str, value: Any) -> Told:
    if not isinstance(value, dict):
        raise _wrong(Node(value, pointer), "must be an object")
    values: dict[str, Any] = {}
    for name, member in value.items():
        word = each.word(name)
        if word is None:
            raise _unknown(pointer, name, f"{each.name} has no", [w.name for w in each.words])
        if member is not None:
            values[name] = _value(word, Node(member, f"{pointer}/{name}"))
    told = Told(each, pointer, values)
    for word in each.words:
        if word.needed and word.name not in values:
            raise told.wrong("is missing", word.name)
    return told


def _value(word: Word, node: Node) -> Any:
    try:
        return _READERS[word.kind](word, node)
    except DocumentError as error:
        raise DocumentError(error.message, pointer=node.path, hint=error.hint) from error


def _text(word: Word, node: Node) -> str | None:
    text = node.given_text(word.limit) if word.needed else node.text(word.limit)
    if word.choices and text not in word.choices:
        near = get_close_matches(str(text), word.choices, n=1)
        raise DocumentError(
            f"{node.path} must be one of {', '.join(word.choices)}",
            hint=f"Did you mean {near[0]}?" if near else None,
        )
    return text


def _id(word: Word, node: Node) -> str:
    return node.given_text(word.limit)


def _time(word: Word, node: Node) -> Any:
    node.given_text()
    return node.instant()


def _whole(word: Word, node: Node) -> Any:
    return node.whole_number()


def _number(word: Word, node: Node) -> float:
    if not isinstance(node.value, int | float) or isinstance(node.value, bool):
        raise node.wrong("must be a number")
    if node.value < 0:
        raise DocumentError(f"{node.path} must not be negative")
    return float(node.value)


def _anything(word: Word, node: Node) -> str:
    return node.value if isinstance(node.value, str) else canonical(node.value)


def _texts(word: Word, node: Node) -> str:
    texts = [_item(node, at).given_text() for at, _ in enumerate(node.items())]
    return json.dumps(texts, ensure_ascii=False)


def _ids(word: Word, node: Node) -> list[str]:
    if isinstance(node.value, str):
        return [_id(word, node)]
    return [_id(word, _item(node, at)) for at, _ in enumerate(node.items())]


def _item(node: Node, at: int) -> Node:
    return Node(node.value[at], f"{node.path}/{at}")


_READERS: Mapping[str, Callable[[Word, Node], Any]] = {
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
