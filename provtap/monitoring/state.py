"""The state of a service, read from its database and disks for `/metrics` and `provtap status`."""

import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from provtap.config import Settings
from provtap.database import hosts
from provtap.database.connect import Database
from provtap.database.sql import load_statements
from provtap.operation.maintenance import Maintenance, latest
from provtap.uws.results import directory
from provtap.uws.store import JobStore, Queue

SQL = load_statements("provtap.monitoring", "state.sql")


@dataclass(frozen=True)
class Documents:
    """All documents ever stored, including undone ones."""

    number: int = 0
    warnings: int = 0
    last_id: int = 0
    last_time: datetime | None = None


@dataclass(frozen=True)
class Backup:
    """A backup that `provtap backup` wrote."""

    time: datetime
    place: str
    """Machine and directory."""
    size: int
    """Bytes."""


@dataclass(frozen=True)
class State:
    """The state of the database."""

    version: str
    """Of PostgreSQL."""
    size: int
    """Size of the database, in bytes."""
    queue: Queue
    documents: Documents
    maintenance: Maintenance | None
    """The current or announced maintenance."""
    backup: Backup | None
    """The last one."""


@dataclass(frozen=True)
class Disk:
    """The file system of a directory."""

    use: str
    path: Path
    free: int
    """Free bytes, for users other than root."""
    size: int


def state(database: Database, settings: Settings, known: Documents = Documents()) -> State:
    """Return the current state; only documents after the *known* ones are read.

    Raises: DatabaseUnavailable.
    """
    with database.transaction() as transaction:
        server = transaction.rows(SQL["database"])[0]
        new = transaction.rows(SQL["documents"], after=known.last_id)[0]
        backup = transaction.one(SQL["backup"])
    maintenance = latest(database)
    return State(
        server.version,
        server.size,
        JobStore(database, settings).queue(),
        Documents(
            known.number + new.number,
            known.warnings + new.warnings,
            new.last_id or known.last_id,
            new.last_time.replace(tzinfo=UTC) if new.last_time else known.last_time,
        ),
        maintenance if maintenance and maintenance.ended is None else None,
        Backup(*backup) if backup else None,
    )


def read_hosts(database: Database, settings: Settings) -> list[hosts.Host]:
    """Return the servers in PROVTAP_READ_URL; none if users' queries use the primary."""
    login = database.read_login
    return [] if settings.read_url is None and hosts.count(login) == 1 else hosts.hosts(login)


def disks(settings: Settings) -> list[Disk]:
    """Return the file systems used by the service on this machine, by use."""
    paths = {"results": directory(settings), "spool": Path(tempfile.gettempdir())}
    if settings.database_url is None:
        paths["database"] = settings.data_dir.absolute()
    return [_disk(use, path) for use, path in paths.items()]


def _disk(use: str, path: Path) -> Disk:
    while not path.exists():  # created on first use
        path = path.parent
    found = os.statvfs(path)
    return Disk(use, path, found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)
