"""The rows of a query, read by COPY: the fastest way out of PostgreSQL.

COPY runs in another thread and never waits for whoever reads the blocks, as long as there is disk to
put them: the time limit bounds the query and not the download, and a slow reader holds no connection.
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
    # In text too a null is an empty cell: `\N` would be a search of its own for every writer.
    "text": "FORMAT text, NULL ''",
    "marked": "FORMAT text",
    "csv": "FORMAT csv, NULL ''",
    "binary": "FORMAT binary",
}
LARGE = 1 << 20
"""Bytes of a row after which a connection is not used again."""
POLL = 0.2
"""Seconds between two looks at whether the reader has gone."""


@dataclass
class Tally:
    """What a query came to, for whoever writes it down; it grows while the query runs."""

    rows: int = 0
    """Rows handed on, without those after the last one wanted."""
    sql_time: float | None = None
    """Seconds in PostgreSQL, once it is through with the query."""
    waited: float | None = None
    """Seconds until it had a connection."""
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
                raise QueryCancelled("The query was cancelled: its client has gone.")
            elif copy.is_overdue():
                tally.waited = pool.wait
                raise pool.busy()
    finally:
        copy.stop()


class _BinaryRows:
    """Hands the rows of COPY's binary form to a queue, without the header and the trailer round them."""

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
    """One COPY, in a thread of its pool."""

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
        self._connection: Connection | None = None  # while the query may be cancelled
        self._lock = threading.Lock()
        self._asked = time.monotonic()
        self._due = self._asked + pool.wait
        self._ended = pool.start(self._run)

    def is_overdue(self) -> bool:
        """Tell whether no connection was free for as long as a request may wait; it won't begin then."""
        return time.monotonic() > self._due and self._ended.cancel()

    def stop(self) -> None:
        """Cancel what still runs, and wait for its end: the connection is free again afterwards."""
        self._stopped = True
        self._queue.close()
        # More than once: a cancel between two statements cancels neither.
        while not (self._ended.cancel() or self._ended.done()):
            with self._lock:
                if self._connection is not None:
                    cancel(self._connection)
            wait([self._ended], 0.1)

    def _run(self, pool: Lender) -> None:
        failure = self._attempt(pool)
        if is_recovery_conflict(failure) and self._queue.is_untouched():
            failure = self._attempt(pool)  # a standby gives way to its primary for a moment
        if isinstance(failure, psycopg2.Error):
            overdue = (self._tally.sql_time or 0.0) >= self._duration
            failure = query_failure(failure, overdue=overdue)
        self._queue.end(failure)  # to be raised in the thread that reads

    def _attempt(self, pool: Lender) -> BaseException | None:
        """Run the query, and return why it failed."""
        connection: Connection | None = None
        try:
            with pool.connection() as connection, self._cancellable(connection), self._timed():
                if self._tally.waited is None:
                    self._tally.waited = round(time.monotonic() - self._asked, 4)
                self._copy(connection)
        except BaseException as failure:
            # psycopg2 may fail itself while it raises an error of the server, which is the cause then.
            if isinstance(failure, SystemError) and isinstance(failure.__cause__, psycopg2.Error):
                return failure.__cause__
            return out_of_time() if connection is not None and connection.late else failure
        return None

    @contextmanager
    def _cancellable(self, connection: Connection) -> Iterator[None]:
        """Let `stop` reach the connection, but never once another query may have it."""
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
        """Run the query as a transaction of its own, in one message to the server."""
        connection.autocommit = True
        connection.due = time.monotonic() + self._duration + OVERTIME
        limit = round(self._duration * 1000)
        rules = f"SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = {limit}"
        with connection.cursor() as cursor:
            if not self._stopped:
                # PostgreSQL does not look at its own time limit while it waits for us to take rows.
                self._queue.deadline = time.monotonic() + self._duration
                try:
                    cursor.copy_expert(f"{rules}; {self._statement}", self._sink)
                except ProvtapError:
                    cancel(connection)  # rows are left in it
                    raise
        if self._queue.largest > LARGE:  # libpq keeps the room that it made for the largest row
            connection.expires = 0
