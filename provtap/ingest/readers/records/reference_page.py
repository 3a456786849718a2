"""Generates the reference page of all recordable classes, in Markdown, for `make pages`."""

from collections.abc import Iterator

from provtap.ingest.model.attributes import Attribute
from provtap.ingest.readers.records.classes import CLASSES, Class

_INTRODUCTION = """\
# Records

The classes of the [write API](api.md#records), with their attributes; required attributes are in bold.
Generated from the dataclasses of `provtap/ingest/model/`, which also check documents.

| class | address | what it records |
|---|---|---|"""
_KINDS = {
    "id": "id",
    "text": "text",
    "time": "time",
    "whole": "whole number",
    "bytes": "whole number",
    "number": "number, not negative",
    "value": "any",
    "texts": "array of texts",
    "ids": "id or array of ids",
}


def records_page() -> str:
    """Return the page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _INTRODUCTION
    for each in CLASSES:
        yield f"| [`{each.name}`](#{each.name.lower()}) | `/{each.path}` | {each.about} |"
    for each in CLASSES:
        yield from _section(each)


def _section(each: Class) -> Iterator[str]:
    yield f"\n## {each.name}"
    yield "| attribute | type | meaning |"
    yield "|---|---|---|"
    for attribute in each.attributes:
        name = f"**{attribute.name}**" if attribute.needed else attribute.name
        yield f"| {name} | {_type(attribute)} | {attribute.about} |"


def _type(attribute: Attribute) -> str:
    if attribute.choices:
        return ", ".join(f"`{choice}`" for choice in attribute.choices)
    kind = _KINDS[attribute.kind]
    if attribute.limit and attribute.kind == "text":
        kind += f", at most {attribute.limit} bytes"
    return kind
