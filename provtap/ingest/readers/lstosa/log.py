"""Logs of lstosa: Python dictionaries, one on each line.

In logs of single steps they follow `__PROV__<time>__PROV__`, among other lines; in logs of whole runs they
are the whole line.
"""

import hashlib
import re
from collections.abc import Iterator

from provtap.errors import NoProvenance
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES
from provtap.ingest.model.records import RecordSet
from provtap.ingest.parsing.bounded import NO_LIMIT, bounded
from provtap.ingest.parsing.json import canonical, decode
from provtap.ingest.parsing.node import Node
from provtap.ingest.parsing.python import dictionaries
from provtap.ingest.readers.lstosa.steps import Book, Session, Step, Thing

_MARK = re.compile(rb"__PROV__\d{4}-[^\s{]*__PROV__\{")
_LINE = re.compile(r"__PROV__\d{4}-[^\s{]*__PROV__(\{.*)")
_BARE = re.compile(rb"\s*\{'[^\n]*'(?:session_id|activity_id)'\s*:")


def looks_like(content: bytes) -> bool:
    """Return whether *content* is a log of lstosa: a marked line, or a first line with a session or step."""
    return _MARK.search(content) is not None or _is_bare(content)


def _is_bare(content: bytes) -> bool:
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith((b"{'session_id':", b"{'activity_id':")) or _BARE.match(start) is not None


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the records of the steps in the log; its local times are stored as UTC.

    Raises: DocumentError, with the line number.
    """
    book = Book(site, run_wise=not _MARK.search(content))
    unread: list[str] = []
    reader = _Lines(book)
    for record in bounded(dictionaries(_lines(decode(content), book.run_wise), unread), most):
        reader.take(record)
    reader.end()
    if not book.steps:
        raise NoProvenance("no line of the log is a step of lstosa")
    records = tuple(book.records())
    text = canonical([site, [node.value for node in reader.lines]])
    digest = hashlib.sha256(text.encode()).hexdigest()
    yield RecordSet(None, digest, records, (*book.warnings, *unread))


def _lines(text: str, bare: bool) -> Iterator[tuple[int, str, bool]]:
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    for number, line in enumerate(lines, start=1):
        is_last = number == len(lines)
        if bare and line.strip():
            yield number, line.strip(), is_last
        elif found := _LINE.search(line):
            yield number, found[1], is_last


class _Lines:
    """Adds the lines of a log to a book."""

    def __init__(self, book: Book) -> None:
        self.lines: list[Node] = []
        self._book = book
        self._steps: dict[str, Step] = {}
        self._first: dict[str, Step] = {}
        self._early: list[Node] = []
        """Lines about steps that were not started before: parallel jobs may share a log."""

    def take(self, line: Node) -> None:
        """Process the next line."""
        self.lines.append(line)
        if line["session_id"].value is not None:
            self._session(line)
        elif "activity_id" in line and "name" in line:
            self._begin(line)
        elif "activity_id" in line:
            self._continue(line)
        elif "progenitor_id" in line:
            self._book.progenitors.append((_id(line["entity_id"]), _id(line["progenitor_id"])))
        elif "entity_id" in line:
            thing = Thing.of(line["name"], line["filepath"], line["type"], line["contentType"])
            if thing:
                self._book.things[_id(line["entity_id"])] = thing
        else:
            self._ignore(line, "names no session, step or file")

    def end(self) -> None:
        """Process the lines about steps that were started later."""
        for line in self._early:
            short = _id(line["activity_id"])
            if step := self._first.get(short):
                self._add(step, line)
            else:
                self._ignore(line, f"is about the step {short}, which was not started")

    def _session(self, line: Node) -> None:
        key = (_id(line["session_id"]), line["startTime"].text() or "")
        self._book.sessions[key] = Session(
            version=line["software_version"].text(ROLE_BYTES),
            config_file=line["config_file"].text(),
            host=line["system"]["platform"]["node"].text(NAME_BYTES),
        )

    def _begin(self, line: Node) -> None:
        short = _id(line["activity_id"])
        session = line["in_session"]
        start = line["startTime"]
        step = self._steps[short] = Step(
            short,
            line["name"].given_text(NAME_BYTES),
            _id(session) if session.value is not None else "",
            start.text() or "",
            start.instant(),
            user=line["agent_name"].text(NAME_BYTES),
            script=line["script"].text(),
        )
        self._first.setdefault(short, step)
        self._book.steps.append(step)

    def _continue(self, line: Node) -> None:
        short = _id(line["activity_id"])
        step = self._steps.get(short)
        if step is None:
            self._early.append(line)
        else:
            self._add(step, line)

    def _add(self, step: Step, line: Node) -> None:
        if "endTime" in line:
            step.end = line["endTime"].instant()
        if "parameters" in line:
            step.parameters.append(line["parameters"])
        if "used_id" in line:
            step.used.append((_id(line["used_id"]), line["used_role"].text(ROLE_BYTES)))
        if "generated_id" in line:
            step.generated.append((_id(line["generated_id"]), line["generated_role"].text(ROLE_BYTES)))

    def _ignore(self, line: Node, why: str) -> None:
        self._book.warnings.append(f"{line.path} {why}: it is kept in the document only")


def _id(node: Node) -> str:
    return str(node.value) if isinstance(node.value, int) else node.given_text()
