"""A status as one screen of text, and as JSON."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from provtap import __version__
from provtap.monitoring.state import Backup, State
from provtap.monitoring.status import Status
from provtap.operation.maintenance import Maintenance
from provtap.uws.job import Phase

_ENDED = {Phase.COMPLETED: "completed", Phase.ERROR: "failed", Phase.ABORTED: "aborted"}


def lines(found: Status) -> Iterator[str]:
    """Yield the lines of the screen."""
    yield f"ProvTAP {__version__}"
    for name, text in _facts(found):
        yield f"{name:12} {text}"
    for number, problem in enumerate(found.problems):
        yield from ("", "To do:") if number == 0 else ()
        yield f"- {problem.text}"
        yield from (f"    {statement}" for statement in problem.statements)
    for number, note in enumerate(found.notes):
        yield from ("", "To consider:") if number == 0 else ()
        yield f"- {note}"
    if not found.problems:
        yield ""
        yield "Nothing is left to do."


def _facts(found: Status) -> Iterator[tuple[str, str]]:
    now = found.state
    yield "database", found.database if now is None else _database(found, now)
    if found.missing is not None:
        yield "migrations", f"{found.migrations - len(found.missing)} of {found.migrations}"
    for host in found.hosts:
        yield "host", f"{host.name} {host.condition}"
    if now is not None:
        yield "maintenance", "none" if now.maintenance is None else _maintenance(now.maintenance)
        yield "documents", _documents(now)
        yield "backup", "none by provtap backup" if now.backup is None else _backup(now.backup)
        yield "jobs", _jobs(now)
        yield "workers", ", ".join(now.queue.workers) or "none"
    for disk in found.disks:
        yield "disk", f"{disk.use}: {_bytes(disk.free)} of {_bytes(disk.size)} free, {disk.path}"


def _database(found: Status, now: State) -> str:
    return f"PostgreSQL {now.version}, {_bytes(now.size)}, {found.database}"


def _maintenance(period: Maintenance) -> str:
    return f"{'since' if period.is_on() else 'from'} {_time(period.start)}: {period.note}"


def _documents(now: State) -> str:
    documents = now.documents
    if documents.last_time is None:
        return "none"
    ago = _seconds((datetime.now(UTC) - documents.last_time).total_seconds())
    warnings = f"{documents.warnings} warning{'' if documents.warnings == 1 else 's'}"
    return f"{documents.number}, with {warnings}; the last one {ago} ago ({_time(documents.last_time)})"


def _backup(last: Backup) -> str:
    return f"{_time(last.time)}, {_bytes(last.size)}, {last.place}"


def _jobs(now: State) -> str:
    jobs, queue = now.queue.jobs, now.queue
    told = []
    if queued := jobs.get(Phase.QUEUED):
        told.append(f"{queued} queued, the first for {_seconds(queue.longest_queued)}")
    if executing := jobs.get(Phase.EXECUTING):
        told.append(f"{executing} executing, the longest for {_seconds(queue.longest_executing)}")
    told += [f"{jobs[phase]} {word}" for phase, word in _ENDED.items() if phase in jobs]
    return "; ".join(told) or "none"


def _time(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _bytes(number: float) -> str:
    """Return *number* with three digits and a unit."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 999.5:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"


def _seconds(number: float) -> str:
    """Return a duration in the largest unit that gives at least 1."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if number >= 2 * size:
            return f"{number // size:.0f} {unit}"
    return f"{number:.0f} s"


def content(found: Status) -> dict[str, Any]:
    """Return the status as JSON values; null for unknown values."""
    now = found.state
    return {
        "version": __version__,
        "database": {
            "place": found.database,
            "answers": found.missing is not None,
            "version": now and now.version,
            "bytes": now and now.size,
        },
        "migrations": {"known": found.migrations, "missing": found.missing},
        "hosts": [
            {"name": host.name, "role": _role(host.standby), "lag": host.lag if host.standby else None}
            for host in found.hosts
        ],
        "disks": [
            {"use": disk.use, "path": str(disk.path), "free": disk.free, "size": disk.size}
            for disk in found.disks
        ],
        "problems": [
            {"text": problem.text, "statements": list(problem.statements)} for problem in found.problems
        ],
        "notes": found.notes,
    } | _content_of_state(now)


def _role(standby: bool | None) -> str | None:
    return None if standby is None else "standby" if standby else "primary"


def _content_of_state(now: State | None) -> dict[str, Any]:
    if now is None:
        return dict.fromkeys(("maintenance", "documents", "backup", "jobs", "workers"))
    documents, queue, closed = now.documents, now.queue, now.maintenance
    return {
        "maintenance": closed
        and {
            "note": closed.note,
            "start": _time(closed.start),
            "until": closed.until and _time(closed.until),
            "on": closed.is_on(),
        },
        "documents": {
            "number": documents.number,
            "warnings": documents.warnings,
            "last": documents.last_time and _time(documents.last_time),
        },
        "backup": now.backup
        and {"time": _time(now.backup.time), "place": now.backup.place, "bytes": now.backup.size},
        "jobs": {
            **{phase.value: number for phase, number in queue.jobs.items()},
            "longest_queued": queue.longest_queued,
            "longest_executing": queue.longest_executing,
        },
        "workers": [{"name": name, "silent": silence} for name, silence in queue.workers.items()],
    }
