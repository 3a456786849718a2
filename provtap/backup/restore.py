"""Restores a backup into an empty database, and verifies one by restoring it into a temporary store."""

import hashlib
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from provtap import install
from provtap.backup import programs
from provtap.backup.backup import DUMP, MANIFEST, SQL, Manifest, count_rows, major_version
from provtap.backup.programs import BackupFailed
from provtap.config import Settings
from provtap.database import migrate
from provtap.database.connect import Database, open_database
from provtap.ingest.checks.rules import Severity, check
from provtap.tableset import Tableset


@dataclass(frozen=True)
class Verified:
    """The result of verifying a backup."""

    manifest: Manifest
    errors: int
    """Errors that `provtap check` finds in the restored store."""

    def __str__(self) -> str:
        return f"The backup is complete: {self.manifest}; provtap check finds {self.errors} errors in it."


def verify(directory: Path, settings: Settings) -> Verified:
    """Restore the backup in *directory* into a temporary store, and compare all counts of rows.

    Raises: BackupFailed if the backup is damaged or incomplete; SettingsError, DatabaseUnavailable.
    """
    manifest = _read(directory)
    with tempfile.TemporaryDirectory(prefix="provtap-verify-", ignore_cleanup_errors=True) as temporary:
        store = replace(
            settings,
            database_url=None,
            read_url=None,
            data_dir=Path(temporary) / "store",
            role_prefix=manifest.role_prefix,
        )
        with open_database(store) as database:
            _load(directory, manifest, database, store)
            found = check(database)
    return Verified(manifest, sum(each.number for each in found if each.rule.severity == Severity.ERROR))


def restore(directory: Path, settings: Settings, tableset: Tableset) -> Manifest:
    """Restore the backup in *directory* into the empty database of *settings*, and upgrade it if necessary.

    Raises: BackupFailed if the database is not empty, or the backup can't be used (nothing is restored);
    SettingsError, DatabaseUnavailable.
    """
    manifest = _read(directory)
    if manifest.role_prefix != settings.role_prefix:
        raise BackupFailed(
            f"The names of the roles in this backup begin with {manifest.role_prefix}, not"
            f" {settings.role_prefix}.",
            hint="See PROVTAP_ROLE_PREFIX.",
        )
    with open_database(settings) as database:
        with database.setup() as transaction:
            [row] = transaction.rows(SQL["is_empty"])
        if not row.is_empty:
            raise BackupFailed("There is a store in this database already.", hint="Use an empty database.")
        _load(directory, manifest, database, settings)
        install.install(database, settings, tableset)
    return manifest


def _read(directory: Path) -> Manifest:
    """Return the manifest of a backup whose dump has the digest in it. Raises: BackupFailed."""
    try:
        manifest = Manifest(**json.loads((directory / MANIFEST).read_text()))
        major_version(manifest.postgresql)
        with (directory / DUMP).open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BackupFailed(f"{directory} is not a backup: {error.filename}: {error.strerror}.") from error
    except (ValueError, TypeError) as error:
        raise BackupFailed(f"{directory / MANIFEST} is damaged.") from error
    if sha256 != manifest.sha256:
        raise BackupFailed(f"{directory / DUMP} is damaged: its bytes are not those that were written.")
    known = {each.file_name for each in migrate.migrations()}
    if newer := [name for name in manifest.migrations if name not in known]:
        raise BackupFailed(
            f"This backup is of a newer ProvTAP ({manifest.version}): it has {newer[0]}.",
            hint="Install that version.",
        )
    return manifest


def _load(directory: Path, manifest: Manifest, database: Database, settings: Settings) -> None:
    """Load the dump in one transaction, and compare the counts of rows. Raises: BackupFailed."""
    with database.setup() as transaction:
        [server] = transaction.rows(SQL["server"])
    major = major_version(manifest.postgresql)
    target = programs.Target(major_version(server.version), frozenset(server.settings))
    if target.major < major:
        raise BackupFailed(
            f"This backup is of PostgreSQL {manifest.postgresql}, which is newer than the PostgreSQL"
            f" {server.version} here.",
            hint=f"Restore it into PostgreSQL {major} or a later version.",
        )
    install.create_roles(database, settings)
    programs.load(directory / DUMP, major, database.login, target)
    with database.setup() as transaction:
        rows = count_rows(transaction)
    different = sorted(name for name in {*rows, *manifest.rows} if rows.get(name) != manifest.rows.get(name))
    if different:
        raise BackupFailed(f"The restored {different[0]} has not as many rows as the backup counted.")
