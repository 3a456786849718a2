"""Runs pg_dump, pg_restore and psql: those of the embedded PostgreSQL, or those in the PATH."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from provtap.database.embedded.binaries import installed
from provtap.database.login import Login
from provtap.errors import ProvtapError, SettingsError

_SETTING = re.compile(rb"SET (\w+) = .*;\n")
_COLUMN_OPTIONS = re.compile(rb"(ALTER TABLE .+ ALTER COLUMN .+ SET \()(.+)(\);\n)")
_MARK = b"pg_attver="
"""Of columns, made by servers since the minor releases of November 2026: an older pg_dump takes it for an
option, which older servers refuse."""
_ERROR = re.compile(r".*?\berror: +", re.IGNORECASE)
_DATA = re.compile(rb"COPY .+ FROM stdin;\n")


@dataclass(frozen=True)
class Target:
    """The server that a dump is loaded into."""

    major: int
    settings: frozenset[str]
    """Names of the settings that it knows."""


class BackupFailed(ProvtapError):
    """A backup could not be written, or is not usable."""

    status = 500


def dump(login: Login, major: int, *arguments: str) -> None:
    """Run pg_dump on the database of *login*, on a server of the version *major*.

    Raises: BackupFailed with the reason that the program gives; SettingsError if it is not installed.
    """
    options, environment = _connection(login)
    done = subprocess.run(
        [_find("pg_dump", major), *options, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    if done.returncode:
        raise BackupFailed(f"pg_dump failed: {_reason(done.stderr)}")


def load(path: Path, major: int, login: Login, server: Target) -> None:
    """Load the dump in *path*, of a server of the version *major*, into the database of *login* on *server*.

    All of it is loaded, or nothing. Between versions PostgreSQL's own functions differ: there the rights on
    them are left out.

    Raises: BackupFailed with the reason that a program gives; SettingsError if one is not installed.
    """
    options, environment = _connection(login)
    kept = [] if server.major == major else ["--exclude-schema=pg_catalog"]
    reading: list[str | Path] = [_find("pg_restore", major), "--file=-", *kept, path]
    loading: list[str | Path] = [
        _find("psql", major),
        *options,
        "--no-psqlrc",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
    ]
    with tempfile.TemporaryFile() as unread, tempfile.TemporaryFile() as refused:
        reader = subprocess.Popen(
            reading, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=unread
        )
        with reader, subprocess.Popen(
            loading, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=refused
        ) as loader:  # fmt: skip
            assert reader.stdout and loader.stdin
            with suppress(BrokenPipeError):  # psql stops at the first error, and gives it below
                loader.stdin.write(b"BEGIN;\n")
                for part in adapted(reader.stdout, server.settings):
                    loader.stdin.write(part)
                if reader.wait() == 0:  # without a COMMIT nothing of it stays
                    loader.stdin.write(b"COMMIT;\n")
                loader.stdin.flush()
            with suppress(BrokenPipeError):
                loader.stdin.close()
            reader.stdout.close()
        for name, program, output in (("psql", loader, refused), ("pg_restore", reader, unread)):
            if program.returncode:
                output.seek(0)
                raise BackupFailed(f"{name} failed: {_reason(output.read())}")


def adapted(script: IO[bytes], known: Set[str]) -> Iterator[bytes]:
    """Yield the script of a dump in parts, without what a server of another release may refuse.

    Left out are settings that are not in *known*, and the marks of columns. They stand before the data, which
    are passed on as they are.
    """
    for line in script:
        if _DATA.fullmatch(line):
            yield line
            break
        if column := _COLUMN_OPTIONS.fullmatch(line):
            options = [each for each in column[2].split(b", ") if not each.startswith(_MARK)]
            yield column[1] + b", ".join(options) + column[3] if options else b""
        elif (setting := _SETTING.fullmatch(line)) is None or setting[1].decode() in known:
            yield line
    while block := script.read(1 << 20):
        yield block


def _connection(login: Login) -> tuple[list[str], dict[str, str]]:
    """Return options and environment to connect: other users can read the arguments of a process."""
    known = dict(login.parameters)
    password = known.pop("password", None)
    environment = os.environ | ({"PGPASSWORD": password} if password else {}) | {"LC_ALL": "C"}
    return ["--no-password", f"--dbname={Login(known).dsn}"], environment


def _reason(output: bytes) -> str:
    """Return the first error of a program."""
    lines = output.decode(errors="replace").splitlines() or ["it gave no reason"]
    errors = [line for line in lines if _ERROR.match(line)]
    return _ERROR.sub("", (errors or lines)[0])


def _find(name: str, major: int) -> Path:
    """Return the path of a program of the version *major* or a later one, first of the embedded PostgreSQL.

    Older ones refuse the server, or the dump.
    """
    found = [shutil.which(name)]
    with suppress(SettingsError):
        found.insert(0, str(installed() / "bin" / name))
    for program in filter(None, found):
        version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
        if (number := re.search(r"\d+", version)) and int(number[0]) >= major:
            return Path(program)
    raise SettingsError(
        f"{name} of PostgreSQL {major} is not installed here.",
        hint="Install the client programs of PostgreSQL.",
    )
