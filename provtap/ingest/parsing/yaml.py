"""YAML into dataclasses, whose fields define what a file may say, and its JSON schema.

A field made by `attribute` has a description and the rules of its values. Its name in the file is the field's
name in camel case. Every text is used as it is written: `0.10` is not 0.1.
"""

import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, field, fields
from difflib import get_close_matches
from typing import Any, TypeVar, get_args, get_type_hints

import yaml

from provtap.errors import DocumentError

_NULL = "tag:yaml.org,2002:null"
_KINDS = {yaml.MappingNode: "a mapping", yaml.SequenceNode: "a list", yaml.ScalarNode: "a text"}


@dataclass(frozen=True, order=True)
class At:
    """A position in a file, from 1."""

    line: int
    column: int

    def wrong(self, message: str, hint: str | None = None) -> DocumentError:
        """Return the error about what stands here."""
        return DocumentError(message, line=self.line, column=self.column, hint=hint)


@dataclass(frozen=True, kw_only=True)
class YamlObject:
    """What a mapping says, and where it stands."""

    at: At = field(default=At(1, 1), compare=False, repr=False)


T = TypeVar("T", bound=YamlObject)


def attribute(
    about: str,
    *,
    default: Any = MISSING,
    limit: int | None = None,
    choices: tuple[str, ...] = (),
    pattern: str | None = None,
    example: Any = None,
) -> Any:
    """Return a field whose texts have at most *limit* bytes, are of *choices*, and match *pattern*."""
    metadata = {"about": about, "limit": limit, "choices": choices, "pattern": pattern, "example": example}
    return field(default=default, metadata=metadata)


def read(content: bytes, kind: type[T]) -> T:
    """Return what a YAML file says, as a *kind*.

    Raises: DocumentError, with line, column and the nearest attribute.
    """
    try:
        node = yaml.compose(content, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = At(mark.line + 1, mark.column + 1) if mark else At(1, 1)
        raise at.wrong(f"this is not YAML: {error.problem or error.context}") from error
    except yaml.reader.ReaderError as error:  # a character that YAML forbids, or bytes that are not UTF-8
        raise DocumentError(f"this is not YAML: {error.reason} (position {error.position})") from error
    except RecursionError as error:
        raise DocumentError("this is nested too deeply") from error
    if node is None:
        raise DocumentError("the file is empty")
    return _object(node, kind, "the file")


def nearest(given: str, known: Any) -> str | None:
    """Return the question whether one of *known* was meant, if one is near."""
    near = get_close_matches(given, list(known), n=1)
    return f"Did you mean {near[0]}?" if near else None


def named(f: Field[Any]) -> str:
    """Return the name of a field in the file: `content_type` is contentType."""
    first, *rest = f.name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def attributes(kind: type) -> Iterator[tuple[str, Field[Any], Any]]:
    """Yield the names of a class in the file, their fields and types."""
    hints = get_type_hints(kind)
    return ((named(f), f, hints[f.name]) for f in fields(kind) if "about" in f.metadata)


def _at(node: yaml.Node) -> At:
    return At(node.start_mark.line + 1, node.start_mark.column + 1)


def _object(node: yaml.Node, kind: type[T], where: str) -> T:
    if not isinstance(node, yaml.MappingNode):
        raise _at(node).wrong(f"{where} must be a mapping, not {_KINDS[type(node)]}")
    known = {name: (f, hint) for name, f, hint in attributes(kind)}
    values: dict[str, Any] = {}
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        if name not in known:
            hint = nearest(name, known) or f"Known are {', '.join(known)}."
            raise _at(key).wrong(f"{where} has no word {name!r}", hint)
        f, hint = known[name]
        if f.name in values:
            raise _at(key).wrong(f"{where} says {name} twice")
        values[f.name] = _value(value, f, hint, name)
    for name, (f, _) in known.items():
        if f.default is MISSING and f.name not in values:
            raise _at(node).wrong(f"{where} must say {name}")
    return kind(at=_at(node), **values)


def _value(node: yaml.Node, f: Field[Any], hint: Any, name: str) -> Any:
    item = _item(hint)
    if item is None:
        return _whole(node, name) if hint is int else _text(node, f, name)
    if not isinstance(node, yaml.SequenceNode):
        raise _at(node).wrong(f"{name} must be a list, not {_KINDS[type(node)]}")
    if item is str:
        return tuple(_text(one, f, name) for one in node.value)
    return tuple(_object(one, item, f"an item of {name}") for one in node.value)


def _item(hint: Any) -> type | None:
    """Return the type of the items of a `tuple[item, ...]`."""
    found = get_args(hint)
    return found[0] if len(found) == 2 and found[1] is Ellipsis else None


def _text(node: yaml.Node, f: Field[Any], name: str) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise _at(node).wrong(f"{name} must be a text, not {_KINDS[type(node)]}")
    text = str(node.value)
    if not text or node.tag == _NULL:
        raise _at(node).wrong(f"{name} is empty")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        size = -1
    if size < 0 or "\0" in text:
        raise _at(node).wrong(f"{name} has a character that cannot be stored")
    _check_text(_at(node), text, size, f.metadata, name)
    return text


def _check_text(at: At, text: str, size: int, rules: Any, name: str) -> None:
    if rules["limit"] and size > rules["limit"]:
        raise at.wrong(f"{name} has {size} bytes, but only {rules['limit']} are allowed")
    if rules["choices"] and text not in rules["choices"]:
        hint = nearest(text, rules["choices"]) or f"Known are {', '.join(rules['choices'])}."
        raise at.wrong(f"{name} cannot be {text!r}", hint)
    if rules["pattern"] and not re.fullmatch(rules["pattern"], text):
        raise at.wrong(f"{name} cannot be {text!r}", f"Write it like {rules['example']}.")


def _whole(node: yaml.Node, name: str) -> int:
    text = node.value if isinstance(node, yaml.ScalarNode) else ""
    if not re.fullmatch(r"[1-9][0-9]{0,8}", str(text)):
        raise _at(node).wrong(f"{name} must be a whole number from 1 on")
    return int(text)


def schema(kind: type) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of *kind*."""
    properties: dict[str, Any] = {}
    for name, f, hint in attributes(kind):
        item = _item(hint)
        one = schema(item) if item and item is not str else _scalar(hint, f)
        shape = {"type": "array", "items": one} if item else one
        properties[name] = {"description": f.metadata["about"]} | shape
    needed = [name for name, f, _ in attributes(kind) if f.default is MISSING]
    made = {"type": "object", "description": _first_line(kind), "additionalProperties": False}
    return made | {"properties": properties} | ({"required": needed} if needed else {})


def _scalar(hint: Any, f: Field[Any]) -> dict[str, Any]:
    if hint is int:
        return {"type": "integer", "minimum": 1, "maximum": 999_999_999}
    rules = f.metadata
    if rules["choices"]:
        return {"enum": [form for text in rules["choices"] for form in _forms(text)]}
    made: dict[str, Any] = {"type": ["string", "number", "boolean"], "minLength": 1}
    if rules["limit"]:
        made["maxLength"] = rules["limit"]
    return made | ({"pattern": f"^({rules['pattern']})$"} if rules["pattern"] else {})


def _forms(text: str) -> list[Any]:
    """Return what YAML may take *text* for."""
    return [text, int(text)] if text.isdigit() else [text]


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").partition("\n")[0]
