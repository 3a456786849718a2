"""The numbered files of schema/: finds those that a database lacks, and runs them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from provtap.database.sql import literal
from provtap.database.transaction import Transaction
from provtap.errors import DatabaseUnavailable

REGISTER = """\
CREATE SCHEMA IF NOT EXISTS provtap;
CREATE TABLE IF NOT EXISTS provtap.migration (
    number  integer PRIMARY KEY,
    name    text NOT NULL,
    sha256  text COLLATE "C" NOT NULL,
    time    timestamptz NOT NULL DEFAULT now()
);"""
"""The table of files that were run, which must exist before the first one."""


@dataclass(frozen=True)
class Migration:
    """One file of schema/, `NNNN_name.sql`."""

    number: int
    name: str
    sql: str

    @property
    def file_name(self) -> str:
        """Name of the file in schema/."""
        return f"{self.number:04}_{self.name}.sql"

    @property
    def sha256(self) -> str:
        """Digest of the file, which must not change after it was run."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Migration]:
    """Return the files of schema/, by number."""
    files = [file for file in resources.files("provtap.schema").iterdir() if file.name.endswith(".sql")]
    found = [
        Migration(int(file.name[:4]), file.name[5:].removesuffix(".sql"), file.read_text(encoding="utf-8"))
        for file in files
    ]
    return sorted(found, key=lambda migration: migration.number)


def pending(transaction: Transaction, known: Sequence[Migration]) -> list[Migration]:
    """Return the migrations of *known* that the database lacks.

    Raises: DatabaseUnavailable for a database with unknown or different migrations.
    """
    if transaction.rows("SELECT to_regclass('provtap.migration') IS NOT NULL AS there")[0].there is False:
        return list(known)
    by_number = {migration.number: migration for migration in known}
    applied = transaction.rows("SELECT number, name, sha256 FROM provtap.migration ORDER BY number")
    for row in applied:
        if row.number not in by_number:
            raise DatabaseUnavailable(
                f"The database is newer than this ProvTAP: it has {row.number:04}_{row.name}.",
                hint="Install the version of ProvTAP that set it up, or a later one.",
            )
        if row.sha256 != by_number[row.number].sha256:
            raise DatabaseUnavailable(
                f"The database was set up with a different version of {row.number:04}_{row.name}.sql.",
                hint="Restore that file: a change of the tables needs a file with a new number.",
            )
    done = {row.number for row in applied}
    return [migration for migration in known if migration.number not in done]


def migrate(transaction: Transaction, known: Sequence[Migration]) -> list[Migration]:
    """Run the migrations of *known* that the database lacks, in order, and return them.

    Raises: DatabaseUnavailable, as `pending` does.
    """
    transaction.execute(REGISTER)
    missing = pending(transaction, known)
    for migration in missing:
        transaction.execute(_steps(migration))
    return missing


def as_script(migration: Migration) -> str:
    """Return *migration* as a part of a psql script, which skips it if it was already run."""
    return (
        f"SELECT {migration.number} NOT IN (SELECT number FROM provtap.migration) AS missing \\gset\n"
        f"\\if :missing\n{_steps(migration)}\n\\endif"
    )


def guard(known: Sequence[Migration]) -> str:
    """Return the part of a psql script that stops it on a database with later migrations than *known*."""
    return (
        f"DO $$ BEGIN IF EXISTS (SELECT FROM provtap.migration WHERE number > {known[-1].number}) THEN\n"
        "    RAISE EXCEPTION 'the database is newer than this script';\nEND IF; END $$;"
    )


def _steps(migration: Migration) -> str:
    values = f"{migration.number}, {literal(migration.name)}, {literal(migration.sha256)}"
    return (
        f"{migration.sql.strip()}\n"
        "SET LOCAL search_path TO DEFAULT;\n"
        f"INSERT INTO provtap.migration (number, name, sha256) VALUES ({values});"
    )
