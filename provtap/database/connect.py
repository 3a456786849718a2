"""The pool of connections for users' queries, and the database as used by the rest of the code."""

import os
import random
import select
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import psycopg2

from provtap.config import Settings
from provtap.database.embedded import EmbeddedServer
from provtap.database.failures import (
    commit_failure,
    is_connection_failure,
    query_failure,
    setup_failure,
    write_failure,
)
from provtap.database.guard import GUARD
from provtap.database.login import Connection, Login, database_login, read_login
from provtap.database.memory import backend_bytes
from provtap.database.shares import Lender, Shares, Work
from provtap.database.sql import identifier
from provtap.database.transaction import Transaction
from provtap.disk import Room
from provtap.errors import Contended, DatabaseUnavailable

__all__ = ["Connection", "Database", "Pool", "Transaction", "cancel", "open_database"]

# By default PostgreSQL keeps the locks of a client whose machine was lost for two hours.
_LOST_CLIENT = {
    "tcp_keepalives_idle": "10",  # seconds
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
# Settings of connections for users' queries. temp_file_limit needs a superuser, so init sets it.
READ_SESSION = _LOST_CLIENT | {
    "default_transaction_read_only": "on",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "60s",
    "client_connection_check_interval": "1s",  # a query ends with its client, even after kill -9
    "search_path": "pg_catalog",
    "datestyle": "ISO, YMD",
    "timezone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "jit": "off",
    # Eleven tables joined on the same column take 3 s and 700 MB to plan if all join orders are tried, as
    # PostgreSQL does below 12 tables. With these settings it tries all orders of seven tables at a time.
    "join_collapse_limit": "7",
    "from_collapse_limit": "7",
    "geqo_threshold": "9",
    "geqo_effort": "1",
}
WRITE_SESSION = _LOST_CLIENT | {
    "datestyle": "ISO, YMD",
    "timezone": "UTC",
    "standard_conforming_strings": "on",
    "jit": "off",
}


IDLE = 5.0
"""Seconds after which an idle connection is tested before use: a host without power closes nothing."""

SILENCE = 1.0
"""Seconds without a connection after which PostgreSQL counts as silent, and how long it then does."""


class Pool:
    """At most *size* connections of one login, each used by one thread at a time.

    Connections are made on first use, in the process that needs them, so that a pool may be created before a
    fork. Broken connections are closed, at the latest before they are used again. Old ones are closed when
    they return, so that a host that was unavailable gets its share of new ones.
    """

    def __init__(
        self,
        login: Login,
        *,
        session: Mapping[str, str] = READ_SESSION,
        size: int,
        wait: float,
        age: float = float("inf"),
        room: Room | None = None,
    ) -> None:
        self._login = login
        self._session = session
        self._size = size
        self.wait = wait
        """Maximum seconds that a request waits for a connection."""
        self._age = age  # seconds
        self.room = room or Room()
        """Disk space for results that are read slowly."""
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._free = threading.BoundedSemaphore(self._size)
        self._threads = ThreadPoolExecutor(self._size, "copy")  # started when needed, and kept
        self._lent = 0
        self._begun = 0  # running and waiting work of threads
        self._lock = threading.Lock()
        self._refused_until = 0.0  # on the monotonic clock
        self._idle: list[Connection] = []  # the last one used is on top: the others age and are closed

    def _reset_after_fork(self) -> None:
        if self._pid != os.getpid():
            self._reset()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Yield a connection without a transaction; it is rolled back when it returns.

        After DatabaseUnavailable the connection and all idle ones are closed, because they may lead to a
        server that is no longer the primary.

        Raises: DatabaseUnavailable if none becomes free within the maximum wait, or none can be made.
        """
        self._reset_after_fork()
        if not self._free.acquire(timeout=self.wait):
            raise self.busy()
        try:
            self._count(lent=1)
            connection = self._take()
            with GUARD.over(connection):
                try:
                    yield connection
                except DatabaseUnavailable as error:
                    if not isinstance(error, Contended):
                        connection.retired = True
                        self.close()
                    raise
                finally:
                    self._give_back(connection)
        finally:
            self._count(lent=-1)
            self._free.release()

    def start(self, work: Work) -> "Future[None]":
        """Run *work*, which needs a connection, in a thread; there are as many threads as connections."""
        self._reset_after_fork()
        self._count(begun=1)
        ended = self._threads.submit(work, self)
        ended.add_done_callback(lambda _: self._count(begun=-1))
        return ended

    def is_busy(self) -> bool:
        """Return whether all connections are in use, or are about to be."""
        return max(self._lent, self._begun) >= self._size

    def _count(self, *, lent: int = 0, begun: int = 0) -> None:
        with self._lock:
            self._lent += lent
            self._begun += begun

    def busy(self) -> DatabaseUnavailable:
        """Return the error after too long a wait."""
        return DatabaseUnavailable(
            f"All {self._size} connections for queries are busy.", hint="Try again in a minute."
        )

    def close(self) -> None:
        """Close the idle connections."""
        while connection := self._last_used():
            connection.close()

    def _take(self) -> Connection:
        while connection := self._last_used():
            if _is_quiet(connection) and self._answers(connection):
                return connection
            connection.close()
        connection = self._connect()
        connection.expires = time.monotonic() + self._age * random.uniform(0.8, 1.2)  # spread over time
        return connection

    def _connect(self) -> Connection:
        """Return a new connection. While a server does not respond, only one thread tries."""
        began = time.monotonic()
        if began < self._refused_until:
            raise DatabaseUnavailable("PostgreSQL does not answer.", hint="Try again in a minute.")
        try:
            connection = self._login.connect(self._session)
            connection.steps_back = self._session is READ_SESSION
            return connection
        except DatabaseUnavailable:
            if time.monotonic() > began + SILENCE:
                self._refused_until = time.monotonic() + SILENCE
            raise

    def _last_used(self) -> Connection | None:
        """Return an idle connection, or None."""
        try:
            return self._idle.pop()
        except IndexError:  # a check before pop() would be a race
            return None

    def _answers(self, connection: Connection) -> bool:
        """Return whether *connection* still works, testing it only after some idle time."""
        if time.monotonic() < connection.idle_since + IDLE:
            return True
        try:
            connection.autocommit = True
            with GUARD.over(connection), connection.cursor() as cursor:
                cursor.execute("SELECT")
            connection.autocommit = False
        except psycopg2.Error:
            self.close()  # the others have been idle for longer, perhaps on the same host
            return False
        return True

    def _give_back(self, connection: Connection) -> None:
        if connection.retired or connection.closed or time.monotonic() > connection.expires:
            connection.close()
            return
        try:
            connection.rollback()
            connection.autocommit = False
            connection.due = float("inf")
        except psycopg2.Error:
            connection.close()
        else:
            connection.idle_since = time.monotonic()
            self._idle.append(connection)


def _is_quiet(connection: Connection) -> bool:
    """Return whether an idle connection is alive: a server that shuts down sends something, or closes."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP)
    return not poll.poll(0)


def cancel(connection: Connection) -> None:
    """Cancel the statement of *connection*, from any thread, while the block that uses it is open.

    The connection is not used again, because a late cancel would stop the next query.
    """
    connection.retired = True
    try:
        GUARD.cancel(connection)
    except psycopg2.Error as error:
        if not is_connection_failure(error):
            raise


BY_KEYS = "SET LOCAL enable_seqscan = off"
"""For statements that select a few rows by their keys. For prepared plans, because small tables of a new
store grow. For pages, because rare rows must not be found by scanning a table."""


@dataclass(frozen=True)
class Database:
    """The store: a login with write access, and the pool of the login for users' queries."""

    login: Login
    writer: Pool
    read_login: Login
    reader: Lender
    shares: Shares
    """Of *reader*."""
    role_prefix: str
    server: EmbeddedServer | None = None
    """The embedded server, if it is used."""
    client: str = ""
    """The key of the client for limits; empty if there are no limits."""

    def asked_by(self, client: str) -> "Database":
        """Return the store for queries of *client*, with its share of the connections."""
        return replace(self, reader=self.shares.of(client), client=client)

    def role(self, name: str) -> str:
        """Return the name of our role *name* (owner, writer, reader) in this installation."""
        return f"{self.role_prefix}{name}"

    @contextmanager
    def transaction(self, repeated: bool = False) -> Iterator[Transaction]:
        """Yield a transaction with the rights of the writer, committed at the end, rolled back on errors.

        With *repeated* its statements are planned once for all transactions of the connection.

        Raises: DatabaseUnavailable; DocumentError if the rows violate a rule that is checked at the end.
        """
        with self.session() as connection:
            self._become_writer(connection)
            transaction = Transaction(connection, repeated=repeated)
            if repeated:
                transaction.execute(BY_KEYS)
            yield transaction

    @contextmanager
    def reading(self, duration: float) -> Iterator[Transaction]:
        """Yield a transaction of the login for users' queries, with one snapshot for all statements.

        Each statement may take *duration* seconds. It also works on a standby.

        Raises: QueryTimeout, QueryError, DatabaseUnavailable.
        """
        with self.reader.connection() as connection:
            transaction = Transaction(
                connection,
                lambda error, seconds: query_failure(error, overdue=seconds >= duration),
                duration=duration,
            )
            transaction.execute("SET TRANSACTION READ ONLY, ISOLATION LEVEL REPEATABLE READ")
            transaction.execute("SET LOCAL statement_timeout = %(limit)s", limit=round(duration * 1000))
            yield transaction

    def _become_writer(self, connection: Connection) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL ROLE {identifier(self.role('writer'))}")
        except psycopg2.Error as error:
            if is_connection_failure(error):
                raise write_failure(error) from error
            raise DatabaseUnavailable(
                "The database of this service is not set up.",
                detail=f"The database at {self.login} is not set up for this login. Run provtap init.",
            ) from error

    @contextmanager
    def setup(self) -> Iterator[Transaction]:
        """Yield a transaction with all rights of the login, to set up the database.

        Raises: DatabaseUnavailable for any error of PostgreSQL.
        """
        with self.session() as connection:
            yield Transaction(connection, lambda error, _: setup_failure(error))

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """Yield a connection of the login in PROVTAP_DATABASE_URL, as one transaction.

        Raises: DatabaseUnavailable; Unconfirmed if it is unknown whether the transaction was committed.
        """
        with self.writer.connection() as connection:
            try:
                yield connection
            except psycopg2.Error as error:
                raise write_failure(error) from error
            try:
                connection.commit()
            except psycopg2.Error as error:
                raise commit_failure(error) from error


@contextmanager
def open_database(settings: Settings, *, patient: bool = True) -> Iterator[Database]:
    """Open the database of *settings*; without a URL, the embedded server runs while it is open.

    Unless *patient*, waiting for rows that another process changes is limited like waiting for a connection.

    Raises: SettingsError, DatabaseUnavailable.
    """
    with ExitStack() as stack:
        url, server = settings.database_url, None
        if url is None:
            server = stack.enter_context(EmbeddedServer(settings.data_dir, backend_bytes(settings)))
            url = server.url
        login = database_login(url)
        reading = read_login(settings, login)
        size, wait = settings.read_connections, settings.connection_wait
        age = settings.connection_age
        room = Room(settings.spool_process_bytes, reserve=settings.spool_reserve_bytes)
        reader = Pool(reading, size=size, wait=wait, age=age, room=room)
        session = WRITE_SESSION if patient else WRITE_SESSION | {"lock_timeout": f"{round(wait * 1000)}ms"}
        writer = Pool(login, session=session, size=size, wait=wait, age=age)
        stack.callback(reader.close)
        stack.callback(writer.close)
        quick = Pool(reading, size=settings.quick_connections, wait=wait, age=age, room=room)
        stack.callback(quick.close)
        shares = Shares(reader, size, settings.spool_client_bytes, quick)
        yield Database(login, writer, reading, reader, shares, settings.role_prefix, server)
