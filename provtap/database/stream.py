"""Reads the rows of a query by COPY, the fastest method of PostgreSQL.

COPY runs in another thread and does not wait for the reader while there is disk space for the blocks: the
time limit applies to the query, not to the download, and a slow reader does not occupy a connection.
"""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import psycopg2

from provtap.database.connect import Connection, cancel
from provtap.database.failures import is_recovery_conflict, out_of_time, query_failure
from provtap.database.guard import OVERTIME
from provtap.database.row_queue import Block, RowQueue
from provtap.database.shares import Lender
from provtap.disk import Room
from provtap.errors import ProvtapError, QueryCancelled

CopyForm = Literal["text", "marked", "csv", "binary"]
_OPTIONS: dict[CopyForm, str] = {
    # In text, too, a null is an empty cell: writers would need an extra search for `\N`.
    "text": "FORMAT text, NULL ''",
    "marked": "FORMAT text",
    "csv": "FORMAT csv, NULL ''",
    "binary": "FORMAT binary",
}
LARGE = 1 << 20
"""Size of a row in bytes after which a connection is not used again."""
POLL = 0.2
"""Seconds between two checks whether the reader has disconnected."""


@dataclass
class Tally:
    """The counts and times of a query, updated while it runs, for logs and metrics."""

    rows: int = 0
    """Rows passed on, without those after *maxrec*."""
    sql_time: float | None = None
    """Seconds in PostgreSQL, after the query has ended."""
    waited: float | None = None
    """Seconds of waiting for a connection."""
    failure: ProvtapError | None = None
    """Why it failed."""


def copy_blocks(
    pool: Lender,
    sql: str,
    *,
    form: CopyForm,
    maxrec: int,
    duration: float,
    spool_bytes: int,
    gone: Callable[[], bool] = lambda: False,
    tally: Tally | None = None,
) -> Generator[Block, None, None]:
    r"""Yield the rows of *sql* as blocks: a number of rows, and their bytes in the *form* of COPY.

    Text is UTF-8, and a null is an empty cell; in the csv form an empty text differs from it by quotes. The
    form `marked` is text with `\N` for null; `binary` has rows only, without header and trailer.

    Rows after the first *maxrec* come in blocks of their own. *duration* is in seconds, from the start of
    the query in PostgreSQL to its last row. *spool_bytes* is the disk that rows may take until they are read,
    of what the *pool* has; where that is not enough, the query waits for its reader, within its duration.
    Closing the generator, or *gone* telling that the reader has left, cancels the query.

    Raises: QueryError, QueryTimeout or DatabaseUnavailable, after the last row that did arrive;
    QueryCancelled once the reader has gone.
    """
    tally = tally or Tally()
    queue = RowQueue(Room(spool_bytes, pool.room), cut=maxrec)
    options = f"{_OPTIONS[form]}, ENCODING 'UTF8'"
    sink = _BinaryRows(queue) if form == "binary" else queue
    copy = _Copy(pool, f"COPY ({sql}) TO STDOUT ({options})", duration, queue, sink, tally)
    try:
        while not queue.exhausted():
            block = queue.take(POLL)
            if block is not None:
                tally.rows = min(tally.rows + block[0], maxrec)
                yield block
            elif gone():
                raise QueryCancelled("The query was cancelled: its client disconnected.")
            elif copy.is_overdue():
                tally.waited = pool.wait
                raise pool.busy()
    finally:
        copy.stop()


class _BinaryRows:
    """Passes the rows of COPY's binary form to a queue, without the header and trailer."""

    def __init__(self, queue: RowQueue) -> None:
        self._queue = queue

    def write(self, row: bytes) -> None:
        """Add one row; the first one comes together with the header."""
        if row.startswith(_SIGNATURE):
            row = row[len(_SIGNATURE) + 8 :]
        if row and row != _TRAILER:
            self._queue.write(row)


_SIGNATURE = b"PGCOPY\n\xff\r\n\0"
_TRAILER = b"\xff\xff"


class _Copy:
    """One COPY in a thread of its pool."""

    def __init__(
        self,
        pool: Lender,
        statement: str,
        duration: float,
        queue: RowQueue,
        sink: RowQueue | _BinaryRows,
        tally: Tally,
    ) -> None:
        self._statement = statement
        self._duration = duration
        self._queue = queue
        self._sink = sink
        self._tally = tally
        self._stopped = False
        self._connection: Connection | None = None  # while the query can be cancelled
        self._lock = threading.Lock()
        self._asked = time.monotonic()
        self._due = self._asked + pool.wait
        self._ended = pool.start(self._run)

    def is_overdue(self) -> bool:
        """Return whether the maximum wait for a connection has passed; then the COPY does not begin."""
        return time.monotonic() > self._due and self._ended.cancel()

    def stop(self) -> None:
        """Cancel a running query and wait for its end, after which the connection is free."""
        self._stopped = True
        self._queue.close()
        # Repeatedly, because a cancel between two statements has no effect.
        while not (self._ended.cancel() or self._ended.done()):
            with self._lock:
                if self._connection is not None:
                    cancel(self._connection)
            wait([self._ended], 0.1)

    def _run(self, pool: Lender) -> None:
        failure = self._attempt(pool)
        if is_recovery_conflict(failure) and self._queue.is_untouched():
            failure = self._attempt(pool)  # a standby stops queries for a moment to follow its primary
        if isinstance(failure, psycopg2.Error):
            overdue = (self._tally.sql_time or 0.0) >= self._duration
            failure = query_failure(failure, overdue=overdue)
        self._queue.end(failure)  # raised in the reading thread

    def _attempt(self, pool: Lender) -> BaseException | None:
        """Run the query, and return the error if it failed."""
        connection: Connection | None = None
        try:
            with pool.connection() as connection, self._cancellable(connection), self._timed():
                if self._tally.waited is None:
                    self._tally.waited = round(time.monotonic() - self._asked, 4)
                self._copy(connection)
        except BaseException as failure:
            # psycopg2 may fail while it raises an error of the server, which is then the cause.
            if isinstance(failure, SystemError) and isinstance(failure.__cause__, psycopg2.Error):
                return failure.__cause__
            return out_of_time() if connection is not None and connection.late else failure
        return None

    @contextmanager
    def _cancellable(self, connection: Connection) -> Iterator[None]:
        """Make the connection available to `stop` during the block, before another query can get it."""
        with self._lock:
            self._connection = connection
        try:
            yield
        finally:
            with self._lock:
                self._connection = None

    @contextmanager
    def _timed(self) -> Iterator[None]:
        begun = time.monotonic()
        try:
            yield
        finally:
            self._tally.sql_time = round(time.monotonic() - begun, 4)

    def _copy(self, connection: Connection) -> None:
        """Run the query in its own transaction, in one message to the server."""
        connection.autocommit = True
        connection.due = time.monotonic() + self._duration + OVERTIME
        limit = round(self._duration * 1000)
        rules = f"SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = {limit}"
        with connection.cursor() as cursor:
            if not self._stopped:
                # PostgreSQL does not check its time limit while it waits for us to read rows.
                self._queue.deadline = time.monotonic() + self._duration
                try:
                    cursor.copy_expert(f"{rules}; {self._statement}", self._sink)
                except ProvtapError:
                    cancel(connection)  # unread rows are left
                    raise
        if self._queue.largest > LARGE:  # libpq keeps the memory of the largest row
            connection.expires = 0
