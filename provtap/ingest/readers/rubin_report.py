"""The provenance report of Rubin's butler: the quanta of each task, with all attempts.

`butler provenance-report` writes {task: {status: {exception: [quantum, ...]}}}.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from provtap.errors import DocumentError
from provtap.ingest.model import identity
from provtap.ingest.model.identity import NAME_BYTES
from provtap.ingest.model.records import (
    Activity,
    ActivityDescription,
    Attempt,
    Parameter,
    Record,
    RecordSet,
    Run,
)
from provtap.ingest.parsing.bounded import NO_LIMIT, refuse_beyond
from provtap.ingest.parsing.json import canonical, parse
from provtap.ingest.parsing.node import Node

_MARKS = (re.compile(rb'"quantum_id"\s*:'), re.compile(rb'"attempts"\s*:'), re.compile(rb'"data_id"\s*:'))
_STATUSES = {
    **{-4: "aborted", -3: "unknown", -2: "aborted after success", -1: "error", 0: "blocked"},
    1: "completed",
}
"""The statuses of an attempt (lsst.pipe.base.quantum_graph, QuantumAttemptStatus)."""
_OF_RUN = {"completed": "completed", "error": "error", "aborted": "error", "blocked": "blocked"}
_CAVEATS = {
    1: "ANY_OUTPUTS_MISSING",
    2: "ALL_OUTPUTS_MISSING",
    4: "NO_WORK",
    8: "ADJUST_QUANTUM_RAISED",
    16: "UPSTREAM_FAILURE_NO_WORK",
    32: "UNPROCESSABLE_DATA",
    64: "PARTIAL_OUTPUTS_ERROR",
}
"""Bits (lsst.pipe.base, QuantumSuccessCaveats)."""
_LONGEST = timedelta(days=36500).total_seconds()


def looks_like(content: bytes) -> bool:
    """Return whether *content* is a JSON object with quanta."""
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return start == b"{" and all(mark.search(content) for mark in _MARKS)


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the single set of records of a report, at most *most* records.

    Raises: DocumentError, with the path within the document.
    """
    [value, *others] = parse(content)
    if others:
        raise DocumentError("a report is one object, but there are several values in a row")
    records: list[Record] = []
    for task, statuses in Node(value, "the report").members():
        for status, exceptions in statuses.members():
            for _, quanta in exceptions.members():
                for quantum in quanta.items():
                    records += _quantum(task, status, quantum)
                    refuse_beyond(most, len(records))
    yield RecordSet(None, hashlib.sha256(content).hexdigest(), tuple(records))


def _quantum(task: str, status: str, quantum: Node) -> Iterator[Record]:
    """Yield the activity of a quantum, the status of its last attempt, and all attempts."""
    quantum["quantum_id"].given_text()
    id = identity.given(quantum["quantum_id"].uuid() or "")
    name = task.encode()[:NAME_BYTES].decode(errors="ignore")
    if not name:
        raise DocumentError(f"{quantum.path}: the task has no name")
    description = ActivityDescription(id=identity.activity_description(name, None), name=name)
    attempts = sorted((_attempt(id, each) for each in quantum["attempts"].items()), key=lambda a: a.number)
    last = attempts[-1] if attempts else None
    yield description
    yield Activity(
        id=id,
        name=name,
        start_time=last.start_time if last else None,
        end_time=last.end_time if last else None,
        activity_description_id=description.id,
    )
    ended = (last.status or "") if last else "blocked" if status.upper() == "BLOCKED" else ""
    yield Run(
        activity_id=id,
        status=_OF_RUN.get(ended),
        duration=_seconds(last) if last else None,
    )
    for dimension, value in quantum["data_id"].members():
        parameter = f"data_id.{dimension}"[:200]
        yield Parameter(
            id=identity.parameter(id, parameter),
            activity_id=id,
            name=parameter,
            value=value.value if isinstance(value.value, str) else canonical(value.value),
        )
    yield from attempts


def _attempt(id: str, attempt: Node) -> Attempt:
    number = attempt["attempt"].whole_number()
    if number is None:
        raise DocumentError(f"{attempt.path}.attempt is missing")
    usage = attempt["resource_usage"]
    start = usage["start"].instant()
    parts = [_number(usage[name]) for name in ("prep_time", "init_time", "run_time")]
    seconds = sum(part for part in parts if part is not None)
    memory = _number(usage["memory"])
    return Attempt(
        activity_id=id,
        number=number,
        status=_status(attempt["status"]),
        caveats=_caveats(attempt["caveats"]),
        exception=attempt["exception"]["type_name"].text(NAME_BYTES),
        message=attempt["exception"]["message"].text(),
        start_time=start,
        end_time=_later(start, seconds) if any(part is not None for part in parts) else None,
        cpu_time=_number(usage["run_time_cpu"]),
        memory=int(memory) if memory is not None and memory < 2**63 else None,
    )


def _status(node: Node) -> str | None:
    """Return the word for the number of a status; later versions may write the word itself."""
    if isinstance(node.value, str):
        return node.value.lower()[:100]
    number = node.whole_number()
    return None if number is None else _STATUSES.get(number, str(number))


def _caveats(node: Node) -> str | None:
    """Return the names of the set bits, joined by blanks."""
    bits = node.whole_number()
    if not bits or bits < 0:
        return None
    names = [name for bit, name in _CAVEATS.items() if bits & bit]
    unknown = bits & ~sum(_CAVEATS)
    return " ".join([*names, *([str(unknown)] if unknown else [])])


def _number(node: Node) -> float | None:
    if node.value is None:
        return None
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        raise node.wrong("must be a number or null")
    return float(node.value) if 0 <= node.value < 1e300 else None


def _later(start: datetime | None, seconds: float) -> datetime | None:
    """Return the end after this duration; None if it is after the year 9999."""
    if start is None or seconds > _LONGEST:
        return None
    try:
        return start + timedelta(seconds=seconds)
    except OverflowError:
        return None


def _seconds(attempt: Attempt) -> float | None:
    if attempt.start_time and attempt.end_time:
        return (attempt.end_time - attempt.start_time).total_seconds()
    return None
