"""Logs of logprov: among other lines, `_PROV_<time>_PROV_<dict>` for each thing that a session recorded.

Ids are short (the end of a UUID, a Python hash): all but those of files are scoped by session and site.
"""

import ast
import hashlib
import re
from collections.abc import Iterator
from typing import Any

from provtap.errors import DocumentError, NoProvenance
from provtap.ingest.model.records import RecordSet
from provtap.ingest.parsing.bounded import NO_LIMIT, bounded
from provtap.ingest.parsing.json import canonical, check_depth, decode
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.logprov.session import Session

_LINE = re.compile(r"_PROV_(\S+?)_PROV_(\{.*)")
_BRACKETED = re.compile(r"""(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|<[^<>'"]*>""")
"""What Python shows of objects without a form of their own, `<Camera at 0x7f>`, outside of texts."""
_MARK = re.compile(rb"_PROV_\d{4}-\d\d-\d\dT\S*_PROV_\{")


def looks_like(content: bytes) -> bool:
    """Tell whether a line of *content* is one of logprov's."""
    return bool(_MARK.search(content))


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the records of each session in the log; its times are local ones, taken as UTC.

    Raises: DocumentError, naming the line.
    """
    sessions: dict[tuple[str, str], Session] = {}
    latest: dict[str, Session] = {}
    current: Session | None = None
    unread: list[str] = []
    for record in bounded(_records(decode(content), unread), most):
        id = record["session_id"] if record["session_id"].value is not None else record["in_session"]
        if id.value is not None:
            name, start = str(id.value), record["startTime"].text() or ""
            if record["session_id"].value is not None or name not in latest:
                # Another process may have the same id: then it is a session that began at another time.
                latest[name] = sessions.setdefault((name, start), Session(name, site, start))
            current = latest[name]
        elif not (current and current.knows(record)):
            current = next((each for each in latest.values() if each.knows(record)), current)
        if current is None:
            raise DocumentError(f"{record.path} does not belong to a session")
        current.take(record)
    if not sessions:
        raise NoProvenance("no line of the log was written by logprov")
    for session in sessions.values():
        records = tuple(session.records())
        text = canonical([site, session.id, [node.value for node in session.lines]])
        warnings = (*session.warnings, *(unread if session is current else ()))
        yield RecordSet(None, hashlib.sha256(text.encode()).hexdigest(), records, warnings)


def _records(text: str, unread: list[str]) -> Iterator[Node]:
    """Yield the content of the lines; a last one that breaks off, in an unfinished log, is *unread*."""
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        if found := _LINE.search(line):
            try:
                value = _plain(_evaluate(found[2], number), number)
            except DocumentError:
                if number < len(lines) or line.rstrip().endswith("}"):
                    raise
                unread.append(f"line {number} is incomplete: it is kept in the document only")
            else:
                yield Node(value, f"line {number}")


def _evaluate(text: str, line: int) -> Any:
    """Return the value of a Python dictionary as written: nothing of it is run."""
    try:
        try:
            value = ast.literal_eval(text.rstrip())
        except (ValueError, SyntaxError):
            bracketed = _BRACKETED.sub(_quoted, text.rstrip())
            value = _literal(ast.parse(bracketed, mode="eval").body)
    except (ValueError, SyntaxError, TypeError, MemoryError) as error:
        raise DocumentError("this is not a dictionary of plain values", line=line, column=1) from error
    check_depth(value)
    return value


def _quoted(found: re.Match[str]) -> str:
    return found[0] if found["text"] else repr(found[0])


def _literal(node: ast.expr) -> Any:
    """Return the value of an expression; what is no literal in it (`nan`, `array([1])`) is its own text."""
    match node:
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return {_literal(key): _literal(value) for key, value in zip(keys, values, strict=True) if key}
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return [_literal(item) for item in items]
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def _plain(value: Any, line: int) -> Any:
    """Return *value* as JSON has it: texts as keys, integers beyond a double as texts."""
    match value:
        case dict():
            return {_plain(str(key), line): _plain(member, line) for key, member in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(member, line) for member in value]
        case str():
            if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
                raise DocumentError("a text contains a character that cannot be stored", line=line, column=1)
            return value
        case bool() | None:
            return value
        case int() if abs(value) < 2**53:
            return value
    return str(value)
