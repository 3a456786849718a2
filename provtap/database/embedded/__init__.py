"""The embedded PostgreSQL: one private server in the data directory, which runs while any process uses it.

This module shares the server between processes; `cluster` is its data directory, `binaries` its programs and
user.
"""

import fcntl
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType

from provtap.database.embedded.binaries import RunDirectory, UnixUser
from provtap.database.embedded.cluster import HERE, SUPERUSER, Cluster, Postmaster, last_words
from provtap.database.login import Connection, database_login
from provtap.database.memory import address_space
from provtap.errors import DatabaseUnavailable, SettingsError

log = logging.getLogger(__name__)

DATABASE = "provtap"
PORT = 5432
"""Part of the socket's name; given to both sides, so that PGPORT has no effect."""
STALL = 120.0
"""Seconds without progress after which a start has failed. A recovery reports progress every 10 s."""
LOG_BYTES = 10_000_000
"""Size in bytes at which the log of earlier runs is renamed."""


class EmbeddedServer:
    """The server of *data_dir*, shared by all processes that enter it; the last one to leave stops it.

    Each user holds a shared lock on `postgres.users`, which the kernel releases when a process is killed.
    Only the process that locks `postgres.lock` starts or stops the server. Each process of the server gets up
    to
    *backend_bytes* beyond the shared memory; None: no limit.
    """

    def __init__(self, data_dir: Path, backend_bytes: int | None = None) -> None:
        self._backend_bytes = backend_bytes
        self._directory = data_dir.absolute()
        self._cluster = Cluster(self._directory / "postgres")
        self._log = self._directory / "postgres.log"
        self._users: int | None = None
        self._pid = 0
        self._sockets = ""

    @property
    def url(self) -> str:
        """The libpq keywords to connect to the server as its superuser."""
        return f"host={self._sockets} port={PORT} user={SUPERUSER} dbname={DATABASE}"

    def __enter__(self) -> "EmbeddedServer":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server, or attach to the running one.

        Raises: SettingsError for an unusable directory, DatabaseUnavailable if the server does not start.
        """
        with self._refusals():
            self._directory.mkdir(parents=True, exist_ok=True)
            with self._turn():
                try:
                    self._run()
                except BaseException:
                    self._shut_down_if_unused()
                    raise
                self._pid = os.getpid()
                with self._open("postgres.users") as users:
                    self._users = os.dup(users)  # both share the lock until the last one is closed
                fcntl.flock(self._users, fcntl.LOCK_SH)

    def keep(self) -> None:
        """Restart the server if it has died; users find the new one at the same place.

        Raises: as `start`.
        """
        if self._cluster.postmaster() is None:
            log.warning("PostgreSQL has ended unexpectedly and is being restarted.")
            with self._refusals(), self._turn():
                self._run()

    def stop(self) -> None:
        """Leave the server, and stop it if no other process uses it."""
        if self._users is None or self._pid != os.getpid():  # a fork shares its parent's lock
            return
        with self._turn():
            os.close(self._users)
            self._users = None
            self._shut_down_if_unused()

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Turn errors of the file system into one sentence."""
        try:
            yield
        except OSError as error:
            raise SettingsError(
                f"The data directory {self._directory} cannot be used: {error.strerror}.",
                hint="See PROVTAP_DATA_DIR.",
            ) from error

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._open("postgres.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _run(self) -> None:
        """Return once a server is ready."""
        exists = self._cluster.exists()
        sockets = self._cluster.socket_directory()  # read now, because a server that stops removes the file
        if exists and self._attach():
            return
        user = UnixUser.of(self._cluster.path if exists else self._directory)
        run = RunDirectory.make(user, sockets)
        try:
            if not exists:
                self._cluster.create(user, run.install)
            self._cluster.clear()
            self._launch(user, run)
        finally:
            if self._cluster.postmaster() is None:
                run.remove()

    def _attach(self) -> bool:
        """Return True once a running server is ready; False if there is none, or after it has stopped."""
        if self._cluster.postmaster() is None:
            return False
        return self._await(lambda: self._cluster.postmaster() is not None)

    def _launch(self, user: UnixUser, run: RunDirectory) -> None:
        start = self._put_log_aside()
        limit = None
        if self._backend_bytes is not None:
            limit = address_space(self._backend_bytes, self._cluster.shared_bytes(user, run.install))
        with self._open(self._log.name, os.O_WRONLY | os.O_APPEND) as log:
            process = user.start(
                run.install / "bin" / "postgres",
                f"-D{HERE}",
                f"-ccluster_name={self._cluster.name}",
                f"-cport={PORT}",
                "-clisten_addresses=",
                f"-cunix_socket_directories={run.path}",
                "-cunix_socket_permissions=0700",
                cwd=self._cluster.path,
                output=log,
                address_space=limit,
            )
        try:
            ready = self._await(lambda: process.poll() is None)
        except BaseException:  # Ctrl-C above all
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
        process.returncode = process.returncode or 0  # no waiting for its end: it may outlive this process
        if not ready:
            reason = last_words(self._log, start)
            raise DatabaseUnavailable(
                f"The embedded PostgreSQL did not start: {reason}.", hint=f"See {self._log}."
            )

    def _put_log_aside(self) -> int:
        """Return the length of the log, in bytes, after renaming a long old one."""
        size = self._log_size()
        if size < LOG_BYTES:
            return size
        self._log.replace(self._log.with_name("postgres.log.1"))
        return 0

    def _log_size(self) -> int:
        return self._log.stat().st_size if self._log.exists() else 0

    def _await(self, lives: Callable[[], bool]) -> bool:
        """Return True once the server answers, False if it ended; a recovery may take long.

        Raises: DatabaseUnavailable if the log has not grown for longer than a recovery is ever silent.
        """
        length, since = -1, time.monotonic()
        while lives():
            server = self._cluster.postmaster()
            if server and server.status == "ready" and self._greet(server):
                return True
            if length != (length := self._log_size()):
                since = time.monotonic()
            elif time.monotonic() - since > STALL:
                raise DatabaseUnavailable(
                    "The embedded PostgreSQL is not ready, and has reported no progress for"
                    f" {STALL:.0f} seconds.",
                    hint=f"See {self._log}.",
                )
            time.sleep(0.02)
        return False

    def _greet(self, server: Postmaster) -> bool:
        """Return whether *server* accepts connections; a stopping one does not."""
        self._sockets = server.socket_directory
        login = database_login(self.url.replace(f"dbname={DATABASE}", "dbname=postgres"), "PROVTAP_DATA_DIR")
        try:
            with closing(login.connect()) as connection:
                _create_database(connection)
        except DatabaseUnavailable:
            return False
        return True

    def _shut_down_if_unused(self) -> None:
        """Stop the server after rolling back its transactions ("fast"), and wait for its end."""
        with self._open("postgres.users") as users:  # may be closed early: postgres.lock keeps others away
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
        if server := self._cluster.postmaster():
            self._cluster.shut_down(server)
            RunDirectory(Path(server.socket_directory), Path()).remove()

    @contextmanager
    def _open(self, name: str, mode: int = os.O_RDWR) -> Iterator[int]:
        """Open a file of the data directory; if root creates it, it gets the directory's owner."""
        file = os.open(self._directory / name, mode | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.geteuid() == 0:
                owner = self._directory.stat()
                os.fchown(file, owner.st_uid, owner.st_gid)
            yield file
        finally:
            os.close(file)


def _create_database(connection: Connection) -> None:
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,))
        if cursor.rowcount == 0:
            cursor.execute(f"CREATE DATABASE {DATABASE}")
