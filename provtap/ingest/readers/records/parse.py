"""Parses a document of records and checks all attributes; errors have a JSON pointer to the value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import FailFast, TypeAdapter, ValidationError

from provtap.errors import DocumentError, nearest
from provtap.ingest.model.checks import array_of, checked, json_fields, problems
from provtap.ingest.parsing.bounded import NO_LIMIT, refuse_beyond
from provtap.ingest.parsing.json import parse
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.records.classes import BY_NAME, CLASSES, Class

MODELS = {each.name: checked(each.name, each.about, json_fields(each.attributes)) for each in CLASSES}
"""The models of the records, by their classes."""
_ARRAYS: Mapping[str, TypeAdapter[Any]] = {
    name: TypeAdapter(array_of(model, FailFast())) for name, model in MODELS.items()
}


@dataclass(frozen=True)
class ParsedRecord:
    """The record of one thing or relation in a document."""

    of: Class
    pointer: str
    """The JSON pointer to it (RFC 6901)."""
    values: Mapping[str, Any]
    """By attribute; missing attributes are omitted."""

    def get(self, attribute: str) -> Any:
        """Return the value of *attribute*, or None."""
        return self.values.get(attribute)

    def wrong(self, message: str, attribute: str | None = None) -> DocumentError:
        """Return the error about the record, or about the value of *attribute*."""
        pointer = self.pointer if attribute is None else f"{self.pointer}/{attribute}"
        return DocumentError(f"{pointer} {message}", pointer=pointer)


def read_records(content: bytes, most: float = NO_LIMIT) -> list[ParsedRecord]:
    """Return all records of a document, in the order of the classes.

    Raises: DocumentError, with line and column or a JSON pointer; TooMany beyond *most* records.
    """
    values = list(parse(content))
    if len(values) > 1:
        raise DocumentError("a document of records must be one object, but several values follow each other")
    document = values[0]
    if not isinstance(document, dict):
        raise Node(document, "the document").wrong("must be an object with a list of records for each class")
    for name in document:
        if name not in BY_NAME:
            hint = nearest(name, BY_NAME) or f"The classes are {', '.join(BY_NAME)}."
            raise DocumentError(f"unknown class {name[:60]!r}", pointer=_pointer(name), hint=hint)
    refuse_beyond(most, sum(len(value) if isinstance(value, list) else 1 for value in document.values()))
    return [
        parsed
        for each in CLASSES
        if document.get(each.name) is not None
        for parsed in _section(each, document[each.name])
    ]


def _section(each: Class, given: Any) -> Iterator[ParsedRecord]:
    """Yield the records of one class. A null attribute is treated as missing."""
    if not isinstance(given, list | dict):
        pointer = _pointer(each.name)
        message = Node(given, pointer).wrong("must be an object or an array of objects").message
        raise DocumentError(message, pointer=pointer)
    items = given if isinstance(given, list) else [given]
    pointers = [_pointer(each.name, *([at] if items is given else [])) for at, _ in enumerate(items)]
    plain = [
        {name: value for name, value in item.items() if value is not None} if isinstance(item, dict) else item
        for item in items
    ]
    try:
        found = _ARRAYS[each.name].validate_python(plain)
    except ValidationError as error:
        raise _wrong(each, error, pointers) from error
    for pointer, model in zip(pointers, found, strict=True):
        values = {name: value for name, value in vars(model).items() if name in model.model_fields_set}
        yield ParsedRecord(each, pointer, values)


def _wrong(each: Class, error: ValidationError, pointers: list[str]) -> DocumentError:
    """Return the error about the first wrong record: a misspelt attribute before a missing one."""
    problem = min(problems(error, MODELS[each.name]), key=lambda problem: problem.kind != "unknown")
    at, *rest = problem.location
    pointer = pointers[int(at)] + _pointer(*rest)
    subject = each.name if problem.kind == "unknown" else pointer
    return DocumentError(f"{subject} {problem.rule}", pointer=pointer, hint=problem.hint)


def _pointer(*steps: int | str) -> str:
    return "".join(f"/{str(step)[:100].replace('~', '~0').replace('/', '~1')}" for step in steps)
