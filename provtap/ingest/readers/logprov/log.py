"""Logs of logprov: among other lines, `_PROV_<time>_PROV_<dict>` for each record of a session.

Ids are short (the end of a UUID, a Python hash): all except ids of files are scoped by session and site.
"""

import hashlib
import re
from collections.abc import Iterator

from provtap.errors import DocumentError, NoProvenance
from provtap.ingest.model.records import RecordSet
from provtap.ingest.parsing.bounded import NO_LIMIT, bounded
from provtap.ingest.parsing.json import canonical, decode
from provtap.ingest.parsing.node import Node
from provtap.ingest.parsing.python import dictionaries
from provtap.ingest.readers.logprov.session import Session

_LINE = re.compile(r"_PROV_(\S+?)_PROV_(\{.*)")
_MARK = re.compile(rb"_PROV_\d{4}-\d\d-\d\dT\S*_PROV_\{")


def looks_like(content: bytes) -> bool:
    """Return whether *content* has a line of logprov."""
    return bool(_MARK.search(content))


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the records of each session in the log; its local times are stored as UTC.

    Raises: DocumentError, with the line number.
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
                # Another process may have the same id, but its session began at another time.
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
    """Yield the content of the lines; an incomplete last line of an unfinished log is *unread*."""
    lines = text.split("\n")
    marked = (
        (number, found[2], number == len(lines))
        for number, line in enumerate(lines, start=1)
        if (found := _LINE.search(line))
    )
    return dictionaries(marked, unread)
