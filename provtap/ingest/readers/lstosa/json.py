"""PROV-JSON of lstosa about a whole run, with the same content as the log beside it."""

import ast
import hashlib
import re
from collections.abc import Iterator
from typing import Any

from provtap.errors import NoProvenance
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES
from provtap.ingest.model.records import RecordSet
from provtap.ingest.parsing.bounded import NO_LIMIT, refuse_beyond
from provtap.ingest.parsing.json import canonical, parse
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.lstosa.steps import Book, Session, Step, Thing

_PREFIX = re.compile(rb'"id"\s*:\s*"id:"')
_SESSION = "ExecutionSession"


def looks_like(content: bytes) -> bool:
    """Return whether *content* is PROV-JSON with lstosa's prefix of ids and its kind of session."""
    starts = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"
    return starts and b'"ExecutionSession"' in content and _PREFIX.search(content) is not None


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the records of the steps in the document.

    Raises: DocumentError, with the path in the document.
    """
    for value in parse(content):
        document = Node(value, "the document")
        refuse_beyond(most, sum(1 for _, section in document.members() for _ in section.members()))
        book = _book(document, site)
        if not book.steps:
            raise NoProvenance("the document has no step of lstosa (activity)")
        records = tuple(book.records())
        digest = hashlib.sha256(canonical([site, value]).encode()).hexdigest()
        yield RecordSet(None, digest, records, tuple(book.warnings))


def _book(document: Node, site: str) -> Book:
    book = Book(site, run_wise=True)
    parameters: dict[str, Node] = {}
    for id, node in document["entity"].members():
        type_ = _value(node, "prov:type")
        if type_.value == _SESSION:
            book.sessions[(_local(id), "")] = Session(
                _value(node, "software_version").text(ROLE_BYTES), _value(node, "config_file").text()
            )
        elif type_.value == "Parameters":
            parameters[_local(id)] = Node(dict(_parameters(node)), node.path)
        elif thing := Thing.of(
            _value(node, "prov:label"), _value(node, "filepath"), type_, _value(node, "contentType")
        ):
            book.things[_local(id)] = thing
    users = [_local(id) for id in document["agent"]]
    steps = {
        _local(id): _step(_local(id), node, users[0] if len(users) == 1 else None)
        for id, node in document["activity"].members()
    }
    book.steps += steps.values()
    for relation in _relations(document["used"]):
        if step := steps.get(_end(relation, "prov:activity")):
            thing_id = _end(relation, "prov:entity")
            if thing_id in parameters:
                step.parameters.append(parameters[thing_id])
            else:
                step.used.append((thing_id, _value(relation, "prov:role").text(ROLE_BYTES)))
    for relation in _relations(document["wasGeneratedBy"]):
        if step := steps.get(_end(relation, "prov:activity")):
            role = _value(relation, "prov:role").text(ROLE_BYTES)
            step.generated.append((_end(relation, "prov:entity"), role))
    book.progenitors += (
        (_end(relation, "prov:generatedEntity"), _end(relation, "prov:usedEntity"))
        for relation in _relations(document["wasDerivedFrom"])
    )
    return book


def _step(short_id: str, node: Node, user: str | None) -> Step:
    start, end = _value(node, "prov:startTime"), _value(node, "prov:endTime")
    return Step(
        short_id,
        _value(node, "prov:label").given_text(NAME_BYTES),
        _value(node, "in_session").text() or "",
        start.text() or "",
        start.instant(),
        end=end.instant(),
        user=user,
        script=_value(node, "script").text(),
    )


def _relations(section: Node) -> Iterator[Node]:
    for _, node in section.members():
        yield from node.items() if isinstance(node.value, list) else (node,)


def _end(relation: Node, key: str) -> str:
    return _local(_value(relation, key).text() or "")


def _value(node: Node, key: str) -> Node:
    """Return the value of an attribute without its datatype; the first if there are several."""
    found = node[key]
    if isinstance(found.value, list):
        found = next(found.items(), Node(None, found.path))
    if isinstance(found.value, dict):
        found = found["$"]
    if isinstance(found.value, int | float):
        return Node(str(found.value), found.path)
    return found


def _local(id: str) -> str:
    return id.removeprefix("id:")


def _parameters(node: Node) -> Iterator[tuple[str, Any]]:
    """Yield names and values as texts in Python's form: `True` in the log is `"True"` here."""
    for key in node:
        if not key.startswith("prov:"):
            value = _value(node, key).text()
            try:
                yield key, _plain(ast.literal_eval(value or "None"))
            except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
                yield key, value


def _plain(value: Any) -> Any:
    if not isinstance(value, bool | int | float | None):
        raise ValueError
    return value
