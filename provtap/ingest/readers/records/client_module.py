"""Generates the methods of ProvClient that add records, `provtap/client/verbs.py`, for `make pages`.

The client uses only the standard library and can't import the model, so its methods are generated.
"""

import re
from collections.abc import Iterator
from textwrap import wrap

from provtap.ingest.model.attributes import Attribute
from provtap.ingest.readers.records.classes import CLASSES, Class

_HEAD = '''\
"""The methods of ProvClient that add records, one for each class of ProvenanceDM.

Made by `make pages` from the dataclasses of provtap/ingest/model: do not edit.
"""

from datetime import datetime
from typing import Any, Literal

from provtap.client.collector import Collector, Place, with_hint


class Verbs(Collector):
    """Records that are collected, by their classes."""
'''
_TYPES = {
    "id": "str",
    "text": "str",
    "time": "datetime | str",
    "whole": "int",
    "bytes": "int",
    "number": "float",
    "value": "Any",
    "texts": "list[str]",
    "ids": "str | list[str]",
}
_POSITIONAL = {
    "ActivityDescription": ("name", "version"),
    "Used": ("activity", "entity"),
    "WasGeneratedBy": ("entity", "activity"),
    "WasAssociatedWith": ("activity", "agent", "role"),
    "WasAttributedTo": ("entity", "agent", "role"),
    "Parameter": ("name", "value", "activity"),
    "ConfigFile": ("name", "location", "activity"),
}
"""Positional arguments; for other classes these are the required attributes."""
_MAY_LACK = {("Activity", "id"), ("WasGeneratedBy", "activity")}
"""Arguments with a default: the client makes an id, and later arguments then need a default, too."""
_NAMES = {"Invalidation": "invalidate"}
_WIDTH = 110


def client_module() -> str:
    """Return the module."""
    return "\n".join([_HEAD, *(line for each in CLASSES for line in _method(each))])


def _method(each: Class) -> Iterator[str]:
    by_name = {attribute.name: attribute for attribute in each.attributes}
    needed = tuple(attribute.name for attribute in each.attributes if attribute.needed)
    places = [by_name[name] for name in _POSITIONAL.get(each.name, needed)]
    keywords = [attribute for attribute in each.attributes if attribute not in places]
    parameters = [_parameter(each, attribute) for attribute in places]
    parameters += ["*", *(_parameter(each, attribute) for attribute in keywords)] if keywords else []
    result = "str" if "id" in by_name else "None"
    name = _NAMES.get(each.name) or f"add_{_snake(each.name)}"
    yield "    @with_hint"
    yield from _signature(name, ["self", *parameters], result)
    yield from _docstring(each, [*places, *keywords])
    yield f'        {"return " if result == "str" else ""}self._add("{each.name}", locals())'
    yield ""


def _signature(name: str, parameters: list[str], result: str) -> Iterator[str]:
    one_line = f"    def {name}({', '.join(parameters)}) -> {result}:"
    if len(one_line) <= _WIDTH:
        yield one_line
        return
    yield f"    def {name}("
    inner = f"        {', '.join(parameters)}"
    yield from [inner] if len(inner) <= _WIDTH else [f"        {parameter}," for parameter in parameters]
    yield f"    ) -> {result}:"


def _parameter(each: Class, attribute: Attribute) -> str:
    if attribute.choices:
        type_ = f"Literal[{', '.join(map(_quoted, attribute.choices))}]"
    else:
        type_ = "Place" if attribute.name == "location" else _TYPES[attribute.kind]
    if attribute.needed and (each.name, attribute.name) not in _MAY_LACK:
        return f"{_snake(attribute.name)}: {type_}"
    return f"{_snake(attribute.name)}: {type_} | None = None"


def _docstring(each: Class, attributes: list[Attribute]) -> Iterator[str]:
    article = "an" if each.name[0] in "AEI" else "a"
    yield f'        """Add {article} {each.name}: {each.about[0].lower()}{each.about[1:]}'
    yield ""
    for attribute in attributes:
        text = f"{_snake(attribute.name)}: {attribute.about}"
        yield from wrap(text, _WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 12)
    if own := next((attribute for attribute in attributes if attribute.name == "id"), None):
        yield ""
        made = " Without one, it is a new UUID." if each.name == "Activity" else ""
        made = made if own.needed else " Without one, it is an id for this document only."
        yield f"        Returns: the id.{made}"
    yield '        """'


def _snake(name: str) -> str:
    """Return a name of the model in Python's spelling: startTime is start_time."""
    return re.sub("(?<=[a-z])[A-Z]", lambda found: f"_{found.group()}", name).lower()


def _quoted(text: str) -> str:
    return f'"{text}"'
