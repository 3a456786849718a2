"""A queue of rows between a query and its reader: in memory first, then in a file, then back-pressure."""

import os
import tempfile
import threading
import time
from collections import deque
from typing import BinaryIO

from provtap.disk import Room
from provtap.errors import QueryTimeout

BLOCK_BYTES = 65_536
"""Rows are handed on together; larger blocks were slower to rewrite and to send."""
BLOCKS_IN_MEMORY = 8
PATIENCE = 0.05
"""Seconds that a row waits for others to fill its block."""
RETRY = 0.2
"""Seconds after which a waiting writer tries again: other readers may have given disk back."""

Block = tuple[int, bytes]
"""A number of rows, and their bytes."""


class RowQueue:
    """Takes rows from one thread and gives blocks of whole rows to another, in order.

    The writing thread waits for the reader only when *room* has no more disk, so that the connection it
    reads from is free again however slow the reader is. The file has no name and ends with the process; it
    lies where TMPDIR says. A full disk is no failure either: the writer waits.

    Rows after the first *cut* come in blocks of their own: a reader can leave them out without parsing.
    """

    deadline = float("inf")
    """Until when the writer waits for its reader, by the monotonic clock."""

    def __init__(self, room: Room, cut: int) -> None:
        self._room = room
        self._left = cut  # rows until the cut, those waiting among them
        self._waiting: deque[bytes] = deque()  # rows younger than any block
        self._waiting_bytes = 0
        self._memory: deque[Block] = deque()  # blocks older than any in the file
        self._filed: deque[tuple[int, int]] = deque()  # rows and bytes of each block in the file
        self._file: BinaryIO | None = None
        self._file_start = self._file_end = 0
        self._ended = self._closed = False
        self._failure: BaseException | None = None
        self._changed = threading.Condition()
        self._taken = False  # whether any block was
        self.largest = 0
        """Bytes of the largest block: a little over BLOCK_BYTES, unless a row was larger."""

    def write(self, row: bytes) -> None:
        """Add one row: the method that COPY calls, a row a call. After `close`, rows are dropped.

        Raises: QueryTimeout if there is no room for it until the deadline.
        """
        self._waiting.append(row)  # without the lock, for speed: only this thread appends
        self._waiting_bytes += len(row)
        if self._waiting_bytes >= BLOCK_BYTES:
            self._flush()
        elif len(self._waiting) == 1:
            with self._changed:
                self._changed.notify_all()

    def end(self, failure: BaseException | None = None) -> None:
        """Say that no row follows, because of *failure* if there is one."""
        with self._changed:
            self._ended = True
            self._failure = failure
            self._changed.notify_all()

    def take(self, seconds: float) -> Block | None:
        """Return the oldest rows, or None if there are none within *seconds*."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._waiting or self._has_block(), seconds)
            if self._waiting:
                self._changed.wait_for(lambda: self._ended or self._has_block(), PATIENCE)
            block = self._oldest()
            self._taken = self._taken or block is not None
            self._changed.notify_all()
            return block

    def is_untouched(self) -> bool:
        """Tell whether no row was ever written: asked by the thread that writes."""
        with self._changed:
            return not (self._taken or self._waiting or self._has_block())

    def exhausted(self) -> bool:
        """Tell whether every row was taken and none will follow.

        Raises: the failure given to `end`, once every row was taken.
        """
        with self._changed:
            over = self._ended and not self._waiting and not self._has_block()
        if over and self._failure is not None:
            raise self._failure
        return over

    def close(self) -> None:
        """Forget all rows; the reader wants no more."""
        with self._changed:
            self._closed = True
            self._memory.clear()
            self._filed.clear()
            self._waiting.clear()
            if self._file is not None:
                self._file.close()
                self._file = None
            self._empty()
            self._changed.notify_all()

    def _has_block(self) -> bool:
        return bool(self._memory or self._filed)

    def _flush(self) -> None:
        """Make the waiting rows a block, as soon as there is room for it."""
        with self._changed:
            block = self._joined()
            while block is not None and not self._closed and not self._store(block):
                if time.monotonic() > self.deadline:
                    raise QueryTimeout(
                        "The query was stopped at its time limit: its result was read too slowly.",
                        hint="Run it as a job, and read the result once the job has ended.",
                    )
                self._changed.wait(RETRY)
            self._changed.notify_all()

    def _joined(self) -> Block | None:
        """Return the waiting rows as one block; the lock is held."""
        count = min(self._left, len(self._waiting)) or len(self._waiting)
        rows = [self._waiting.popleft() for _ in range(count)]
        self._left = max(0, self._left - count)
        self._waiting_bytes = 0
        if not rows:
            return None
        data = b"".join(rows)
        self.largest = max(self.largest, len(data))
        return count, data

    def _store(self, block: Block) -> bool:
        """Put a block where there is room; once one is in the file, the next ones follow it."""
        if not self._filed and len(self._memory) < BLOCKS_IN_MEMORY:
            self._memory.append(block)
            return True
        rows, data = block
        if not self._write(data):
            return False
        self._filed.append((rows, len(data)))
        self._file_end += len(data)
        return True

    def _write(self, data: bytes) -> bool:
        """Write at the end of the file; False if there is no room."""
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by close()
            if not self._room.take(len(data), self._file.fileno()):
                return False
        except OSError:
            return False
        done = 0
        try:
            while done < len(data):
                done += os.pwrite(self._file.fileno(), data[done:], self._file_end + done)
        except OSError:
            self._room.give_back(len(data))
            return False
        return True

    def _oldest(self) -> Block | None:
        """Take the oldest rows there are; the lock is held."""
        if self._memory:
            return self._memory.popleft()
        if self._filed:
            return self._read()
        return self._joined()

    def _read(self) -> Block:
        """Take the oldest block of the file; the file is emptied once all were taken."""
        assert self._file is not None
        rows, length = self._filed.popleft()
        data = os.pread(self._file.fileno(), length, self._file_start)
        self._file_start += length
        if not self._filed:
            self._file.truncate(0)
            self._empty()
        return rows, data

    def _empty(self) -> None:
        """Give back all that was taken; the lock is held."""
        self._room.give_back()
        self._file_start = self._file_end = 0
