"""Runs pg_dump and pg_restore: those of the embedded PostgreSQL, or those in the PATH."""

import os
import shutil
import subprocess
from pathlib import Path

from provtap.database.embedded.binaries import installed
from provtap.database.login import Login
from provtap.errors import ProvtapError, SettingsError


class BackupFailed(ProvtapError):
    """A backup could not be written, or is not usable."""

    status = 500


def run(name: str, *arguments: str | Path, login: Login) -> None:
    """Run the program *name* on the database of *login*.

    Raises: BackupFailed with the reason that the program gives; SettingsError if it is not installed.
    """
    known = dict(login.parameters)
    password = known.pop("password", None)  # other users can read the arguments of a process
    dsn = Login(known).dsn
    environment = os.environ | ({"PGPASSWORD": password} if password else {})
    done = subprocess.run(
        [_find(name), "--no-password", f"--dbname={dsn}", *arguments],
        env=environment | {"LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error:" in line] or done.stderr.splitlines()
        raise BackupFailed(f"{name} failed: {(lines or ['without a reason'])[0].removeprefix(f'{name}: ')}")


def _find(name: str) -> Path:
    """Return the path of a program, first the embedded one: pg_dump must not be older than the server."""
    try:
        return installed() / "bin" / name
    except SettingsError:
        found = shutil.which(name)
        if found is None:
            raise SettingsError(
                f"{name} is not installed here.", hint="Install the client programs of PostgreSQL."
            ) from None
        return Path(found)
