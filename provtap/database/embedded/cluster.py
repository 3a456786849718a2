"""A PostgreSQL data directory: creates it, and reads the state of its server from files and processes."""

import logging
import os
import shutil
import signal
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from provtap.database.embedded.binaries import UnixUser, major_version
from provtap.errors import DatabaseUnavailable, SettingsError

log = logging.getLogger(__name__)

HERE = "/proc/self/cwd"
"""The data directory for the server: its working directory, because it may have no access to the path."""

SUPERUSER = "postgres"
FAST = 3.0
"""Seconds for queries to end when the server stops; a query that is being planned does not react."""
CHECKPOINT = 60.0
"""Seconds for a server without queries to write its memory to disk."""
IMMEDIATE = 1.0
"""Seconds for an immediate shutdown; a frozen server does not react."""

# Written to postgresql.conf, where an operator may change it: sized for one machine that also does other
# work. Pools of eight connections in each web process add up; a just-in-time compiler costs more than it
# gains here.
_CONFIGURATION = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "datestyle": "ISO, YMD",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}


@dataclass(frozen=True)
class Postmaster:
    """The content of postmaster.pid (PostgreSQL: src/include/utils/pidfile.h)."""

    pid: int
    socket_directory: str
    status: str
    """starting, ready, stopping."""


class Cluster:
    """The data directory at *path*, which may not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def exists(self) -> bool:
        """Return whether it exists. Raises: SettingsError for an unusable one."""
        if not self.path.exists():
            return False
        version = self.path / "PG_VERSION"
        if not self.path.is_dir():
            raise SettingsError(f"{self.path} is a file; the embedded PostgreSQL needs a directory there.")
        owner = self.path.stat().st_uid
        if os.geteuid() not in (0, owner):
            raise SettingsError(
                f"{self.path} belongs to user {owner}, not to user {os.geteuid()}.",
                hint="Run as its owner, or choose another PROVTAP_DATA_DIR.",
            )
        if not version.is_file():
            raise SettingsError(
                f"{self.path} is not a PostgreSQL data directory.", hint="Move it to another place."
            )
        self._check_version(version.read_text().strip())
        return True

    def _check_version(self, found: str) -> None:
        if found != major_version():
            raise SettingsError(
                f"{self.path} was created by PostgreSQL {found}, but the embedded PostgreSQL is version"
                f" {major_version()}.",
                hint="Dump it with its own version, move it away, and restore the dump.",
            )

    @property
    def name(self) -> str:
        """The cluster_name, unique for each directory, which is in the title of each process."""
        here = self.path.stat()
        return f"provtap-{here.st_dev:016x}-{here.st_ino:016x}"

    def create(self, user: UnixUser, install: Path) -> None:
        """Create the data directory atomically. Raises: DatabaseUnavailable."""
        for left in self.path.parent.glob("postgres.new-*"):  # left by killed processes
            shutil.rmtree(left, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=self.path.parent))
        if os.geteuid() == 0:
            os.chown(draft, user.uid, user.gid)
        log = self.path.with_name("initdb.log")
        with log.open("wb") as output:
            initdb = user.start(
                install / "bin" / "initdb", *_initdb_options(), cwd=draft, output=output.fileno()
            )
        if initdb.wait() != 0:
            shutil.rmtree(draft)
            raise DatabaseUnavailable(
                f"The embedded PostgreSQL cannot create {self.path}: {last_words(log)}."
            )
        draft.rename(self.path)
        log.unlink()

    def postmaster(self) -> Postmaster | None:
        """Return the running server of this directory, or None; a stale postmaster.pid is ignored."""
        try:
            lines = (self.path / "postmaster.pid").read_text().splitlines()
            pid = int(lines[0])
        except (OSError, ValueError, IndexError):
            return None
        if not self._owns(Path("/proc") / str(pid)):
            return None
        return Postmaster(pid, _line(lines, 4), _line(lines, 7))

    def socket_directory(self) -> Path | None:
        """Return the directory with the sockets of the server, or of a dead one, where clients look again."""
        try:
            line = _line((self.path / "postmaster.pid").read_text().splitlines(), 4)
        except OSError:
            return None
        return Path(line) if line else None

    def processes(self, words: str = "") -> list[int]:
        """Return the ids of the server's processes with *words* in their title (`[local]` for clients).

        An id may already belong to another process.
        """
        return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if self._owns(entry, words)]

    def _owns(self, process: Path, words: str = "") -> bool:
        """Return whether *process*, an entry of /proc, belongs to this server, with *words* in its title.

        Uses only world-readable files: in a container the working directory is closed even to root.
        """
        try:
            title = (process / "cmdline").read_bytes()
            ours = self.name.encode() in title and words.encode() in title
            return ours and (process / "comm").read_text() == "postgres\n"
        except OSError:  # gone
            return False

    def clear(self) -> None:
        """Clean up after a server that crashed; call it only if no server is starting.

        PostgreSQL would wait for the queries of orphans. It also trusts a stale postmaster.pid if its number
        now belongs to another process, or to a dead one that its parent has not yet waited for.
        """
        self.end_orphans()
        (self.path / "postmaster.pid").unlink(missing_ok=True)

    def shut_down(self, server: Postmaster) -> None:
        """Stop *server* and its processes, cleanly if in time, otherwise with recovery at the next start."""
        _signal(server.pid, signal.SIGINT)  # "fast" shutdown
        if self._ends(FAST, "[local]") and self._ends(CHECKPOINT):
            return
        log.warning("PostgreSQL did not stop in time and was killed; it will recover at the next start.")
        _signal(server.pid, signal.SIGQUIT)  # "immediate" shutdown
        if not self._ends(IMMEDIATE):
            self._kill()

    def end_orphans(self) -> None:
        """Kill all processes of the server, whether it is alive or dead."""
        for pid in self.processes():
            _signal(pid, signal.SIGQUIT)
        if not self._ends(IMMEDIATE):
            self._kill()

    def _kill(self) -> None:
        while left := self.processes():
            for pid in left:
                _signal(pid, signal.SIGKILL)
            time.sleep(0.02)

    def _ends(self, seconds: float, words: str = "") -> bool:
        """Return whether the server's processes with *words* in their title end within *seconds*."""
        end = time.monotonic() + seconds
        while self.processes(words):
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def shared_bytes(self, user: UnixUser, install: Path) -> int:
        """Return the shared memory of the server from its configuration, in bytes; it must not be running.

        Raises: DatabaseUnavailable for an invalid configuration.
        """
        with tempfile.TemporaryFile() as output:
            asked = user.start(
                install / "bin" / "postgres",
                f"-D{HERE}",
                "-Cshared_memory_size",
                cwd=self.path,
                output=output.fileno(),
            )
            failed = asked.wait() != 0
            output.seek(0)
            said = output.read().decode(errors="replace")
        if failed:
            raise DatabaseUnavailable(f"The embedded PostgreSQL did not start: {reason(said)}.")
        return int(said.split()[-1]) << 20


def _initdb_options() -> list[str]:
    return [
        f"--pgdata={HERE}",
        f"--username={SUPERUSER}",
        "--auth-local=trust",  # the directory of the sockets is closed to others
        "--auth-host=reject",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        *(f"--set={name}={value}" for name, value in _CONFIGURATION.items()),
    ]


def _line(lines: list[str], index: int) -> str:
    return lines[index].strip() if len(lines) > index else ""


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def last_words(log: Path, start: int = 0) -> str:
    """Return why a server or initdb ended: the last line of *log* with FATAL, PANIC or error."""
    return reason(log.read_bytes()[start:].decode(errors="replace"))


def reason(text: str) -> str:
    """Return the last line of *text* with FATAL, PANIC or error, without these words."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    fatal = [line for line in lines if any(word in line for word in ("FATAL:", "PANIC:", "error:", "ERROR:"))]
    line = (fatal or lines or ["it gave no reason"])[-1]
    for word in ("FATAL:", "PANIC:", "error:", "ERROR:"):
        line = line.rpartition(word)[2].strip()
    return line.rstrip(".")
