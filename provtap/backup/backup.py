"""Writes a backup: a directory with a dump of the database, and a manifest by which it can be verified."""

import hashlib
import json
import os
import re
import shutil
import socket
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from provtap import __version__
from provtap.backup import programs
from provtap.backup.programs import BackupFailed
from provtap.config import Settings
from provtap.database import migrate
from provtap.database.connect import Database, Transaction
from provtap.database.sql import load_statements

SQL = load_statements("provtap.backup", "backup.sql")

DUMP = "database.dump"
MANIFEST = "backup.json"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a backup contains."""

    version: str
    """Of ProvTAP."""
    postgresql: str
    """Version of the server."""
    time: str
    """When the snapshot was taken, UTC."""
    role_prefix: str
    migrations: list[str]
    bytes: int
    """Size of the dump."""
    sha256: str
    """Digest of the dump."""
    rows: dict[str, int]
    """The number of rows of each table in the snapshot."""

    def __str__(self) -> str:
        return (
            f"{sum(self.rows.values())} rows of {len(self.rows)} tables, {self.bytes} bytes, from {self.time}"
        )


def write(directory: Path, database: Database, settings: Settings) -> Manifest:
    """Write a backup to the new *directory*, which appears only when it is complete.

    Queries and loading go on meanwhile: the backup contains one snapshot.

    Raises: BackupFailed, DatabaseUnavailable.
    """
    directory = directory.absolute()
    if directory.exists():
        raise BackupFailed(f"{directory} exists already.", hint="Each backup needs a directory of its own.")
    partial = directory.with_name(f"{directory.name}.partial")
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir(mode=0o700)
        try:
            manifest = _dump(partial, database, settings)
            (partial / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1) + "\n")
            partial.rename(directory)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    except FileExistsError:
        raise BackupFailed(
            f"{partial} exists already: another backup is being written, or was interrupted.",
            hint="If none is running, remove it.",
        ) from None
    except OSError as error:
        raise BackupFailed(f"{directory} cannot be written: {error.strerror}.") from error
    with database.transaction() as transaction:
        place = f"{socket.gethostname()}:{directory}"
        transaction.execute(SQL["keep"], time=manifest.time, place=place, bytes=manifest.bytes)
    return manifest


def _dump(directory: Path, database: Database, settings: Settings) -> Manifest:
    dump = directory / DUMP
    with database.setup() as transaction:
        transaction.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        [may] = transaction.rows(SQL["may_export"])
        if not may.export:
            raise BackupFailed("A backup needs a superuser of PostgreSQL in PROVTAP_DATABASE_URL.")
        [snapshot] = transaction.rows(SQL["snapshot"])
        programs.dump(
            database.login,
            major_version(snapshot.server),
            "--format=custom",
            f"--snapshot={snapshot.id}",
            f"--file={dump}",
        )
        rows = count_rows(transaction)
    with dump.open("rb") as file:
        os.fsync(file.fileno())
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Manifest(
        version=__version__,
        postgresql=snapshot.server,
        time=f"{_utc(snapshot.time):%Y-%m-%dT%H:%M:%S.%fZ}",
        role_prefix=settings.role_prefix,
        migrations=[each.file_name for each in migrate.migrations()],
        bytes=dump.stat().st_size,
        sha256=sha256,
        rows=rows,
    )


def major_version(server: str) -> int:
    """Return the number before the first point of a version such as `15.20 (Debian 15.20-0+deb12u1)`.

    Raises: ValueError if there is none.
    """
    return int(re.split(r"\D", server, maxsplit=1)[0])


def count_rows(transaction: Transaction) -> dict[str, int]:
    """Return the number of rows of each table of ours."""
    counts = {}
    for table in transaction.rows(SQL["tables"]):
        [row] = transaction.rows(SQL["count"].format(table=table.name))
        counts[table.name] = int(row.number)
    return counts


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC)
