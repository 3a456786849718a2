"""The configuration of a run as parameters: one for each leaf of the nested object, with its dotted name."""

import json
import shlex
from collections.abc import Iterator

from provtap.errors import DocumentError
from provtap.ingest.model import identity
from provtap.ingest.model.identity import NAME_BYTES
from provtap.ingest.model.records import Parameter
from provtap.ingest.parsing.node import Node


def parameters(activity_id: str, config: Node, arguments: Node) -> tuple[list[Parameter], list[str]]:
    """Return the parameters of an activity, and a warning for each name that occurs twice.

    *arguments* is its command line, stored as the parameter `command_line`. A text is stored as it is, any
    other value as its JSON text.
    """
    values: dict[str, str] = {}
    warnings = []
    for name, value in [*_leaves(config, ""), *_command_line(arguments)]:
        if name in values:
            warnings.append(f"{config.path} has the parameter {name} twice; the first value was kept")
        values.setdefault(name, value)
    records = [
        Parameter(id=identity.parameter(activity_id, name), activity_id=activity_id, name=name, value=value)
        for name, value in values.items()
    ]
    return records, warnings


def _leaves(node: Node, name: str) -> Iterator[tuple[str, str]]:
    for key, member in node.members():
        dotted = f"{name}.{key}" if name else key
        if isinstance(member.value, dict) and member.value:
            yield from _leaves(member, dotted)
        elif (size := len(dotted.encode())) > NAME_BYTES:
            raise DocumentError(
                f"{member.path[:100]}... is a name of {size} bytes; the limit is {NAME_BYTES}"
            )
        else:
            yield dotted, _text(member)


def _text(node: Node) -> str:
    if isinstance(node.value, str):
        return node.value
    return json.dumps(node.value, ensure_ascii=False, sort_keys=True)


def _command_line(arguments: Node) -> Iterator[tuple[str, str]]:
    words = [item.text() or "" for item in arguments.items()]
    if words:
        yield "command_line", shlex.join(words)
