"""YAML as plain values with their positions. All scalars are texts as written: `0.10` is not 0.1."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from provtap.errors import DocumentError

_NULL = "tag:yaml.org,2002:null"
_MAX_DEPTH = 500
"""Open brackets, also those in quoted texts."""
_BRACKETS = re.compile(rb"[\[\]{}]")
_MOST = 1_000_000
"""Maximum number of values in a file: a few lines of aliases can expand beyond any memory."""


@dataclass(frozen=True)
class YamlDocument:
    """The content of a file: mappings, lists and texts. Null and empty values are empty texts."""

    value: Any
    node: yaml.Node

    def wrong(
        self, location: tuple[int | str, ...], message: str, hint: str | None = None, *, key: bool = False
    ) -> DocumentError:
        """Return the error about the value at *location*, or about its *key*."""
        line, column = self.position(location, key=key)
        return DocumentError(message, line=line, column=column, hint=hint)

    def position(self, location: tuple[int | str, ...], *, key: bool = False) -> tuple[int, int]:
        """Return line and column, counted from 1."""
        node = self.node
        for at, step in enumerate(location, start=1):
            if isinstance(node, yaml.MappingNode):
                name, value = next(pair for pair in node.value if pair[0].value == step)
                node = name if key and at == len(location) else value
            else:
                node = node.value[step]
        return _position(node)


def refuse_deep(content: bytes) -> None:
    """Refuse brackets within brackets before they are read: the time for them grows with the square.

    Raises: DocumentError.
    """
    depth = 0
    for bracket in _BRACKETS.findall(content):
        depth = depth + 1 if bracket in b"[{" else max(depth - 1, 0)
        if depth > _MAX_DEPTH:
            raise DocumentError("this is nested too deeply")


def read(content: bytes) -> YamlDocument:
    """Return the content of a YAML file.

    Raises: DocumentError, with line and column.
    """
    refuse_deep(content)
    try:
        node = yaml.compose(content, Loader=yaml.SafeLoader)
        if node is None:
            raise DocumentError("the file is empty")
        return YamlDocument(_Values().of(node), node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        reason = error.problem or error.context
        raise DocumentError(f"this is not YAML: {reason}", line=line, column=column) from error
    except yaml.reader.ReaderError as error:  # a character not allowed in YAML, or bytes that are not UTF-8
        raise DocumentError(f"this is not YAML: {error.reason} (position {error.position})") from error
    except RecursionError as error:
        raise DocumentError("this is nested too deeply") from error


class _Values:
    """The values of nodes, each made once: an alias has the value of its anchor."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, int]] = {}
        self._begun: set[int] = set()

    def of(self, node: yaml.Node) -> Any:
        return self._sized(node)[0]

    def _sized(self, node: yaml.Node) -> tuple[Any, int]:
        """Return the value of a node, and the number of values in it with aliases expanded."""
        if isinstance(node, yaml.ScalarNode):
            return "" if node.tag == _NULL else str(node.value), 1
        if id(node) not in self._known:
            if id(node) in self._begun:
                raise _wrong(node, "this alias refers to a value that contains it")
            self._begun.add(id(node))
            make: Callable[[Any], tuple[Any, int]] = (
                self._mapping if isinstance(node, yaml.MappingNode) else self._list
            )
            value, size = make(node)
            if size > _MOST:
                raise _wrong(node, f"this holds more than {_MOST} values")
            self._known[id(node)] = value, size
        return self._known[id(node)]

    def _mapping(self, node: yaml.MappingNode) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}
        size = 1
        for key, node_of_value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _wrong(key, "the name of an attribute must be a text")
            if key.value in members:
                raise _wrong(key, f"{key.value} appears twice")
            members[key.value], further = self._sized(node_of_value)
            size += further
        return members, size

    def _list(self, node: yaml.SequenceNode) -> tuple[list[Any], int]:
        items = [self._sized(item) for item in node.value]
        return [value for value, _ in items], 1 + sum(size for _, size in items)


def _position(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _wrong(node: yaml.Node, message: str) -> DocumentError:
    line, column = _position(node)
    return DocumentError(message, line=line, column=column)
