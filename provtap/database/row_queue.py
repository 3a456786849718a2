"""A queue of rows between a query and its reader: in memory, then in a file, then with back-pressure."""

import os
import tempfile
import threading
import time
from collections import deque
from typing import BinaryIO

from provtap.disk import Room
from provtap.errors import QueryTimeout

BLOCK_BYTES = 65_536
"""Size of blocks of rows; larger blocks were slower to convert and to send."""
BLOCKS_IN_MEMORY = 8
PATIENCE = 0.05
"""Seconds that a row waits for further rows in its block."""
RETRY = 0.2
"""Seconds after which a waiting writer tries again, because other readers may have released disk space."""

Block = tuple[int, bytes]
"""The number of rows, and their bytes."""


class RowQueue:
    """Passes rows from one thread to another, in order, as blocks of complete rows.

    The writing thread waits for the reader only if *room* has no more disk space, so that its connection is
    free soon, even with a slow reader. The file in TMPDIR has no name and disappears with the process. A full
    disk is not an error either: the writer waits.

    Rows after the first *cut* are in separate blocks, so that a reader can omit them without parsing.
    """

    deadline = float("inf")
    """Until when the writer waits for the reader, on the monotonic clock."""

    def __init__(self, room: Room, cut: int) -> None:
        self._room = room
        self._left = cut  # rows until the cut, including waiting ones
        self._waiting: deque[bytes] = deque()  # rows after the last block
        self._waiting_bytes = 0
        self._memory: deque[Block] = deque()  # blocks before those in the file
        self._filed: deque[tuple[int, int]] = deque()  # rows and bytes of each block in the file
        self._file: BinaryIO | None = None
        self._file_start = self._file_end = 0
        self._ended = self._closed = False
        self._failure: BaseException | None = None
        self._changed = threading.Condition()
        self._taken = False  # whether any block was taken
        self.largest = 0
        """Bytes of the largest block: a little over BLOCK_BYTES, unless a row was larger."""

    def write(self, row: bytes) -> None:
        """Add one row; called by COPY for each row. After `close`, rows are dropped.

        Raises: QueryTimeout if there is no disk space until the deadline.
        """
        self._waiting.append(row)  # without the lock, for speed: only this thread appends
        self._waiting_bytes += len(row)
        if self._waiting_bytes >= BLOCK_BYTES:
            self._flush()
        elif len(self._waiting) == 1:
            with self._changed:
                self._changed.notify_all()

    def end(self, failure: BaseException | None = None) -> None:
        """Mark the end of the rows, with the *failure* that caused it, if any."""
        with self._changed:
            self._ended = True
            self._failure = failure
            self._changed.notify_all()

    def take(self, seconds: float) -> Block | None:
        """Return the oldest rows, or None if none arrive within *seconds*."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._waiting or self._has_block(), seconds)
            if self._waiting:
                self._changed.wait_for(lambda: self._ended or self._has_block(), PATIENCE)
            block = self._oldest()
            self._taken = self._taken or block is not None
            self._changed.notify_all()
            return block

    def is_untouched(self) -> bool:
        """Return whether no row was ever written; for the writing thread."""
        with self._changed:
            return not (self._taken or self._waiting or self._has_block())

    def exhausted(self) -> bool:
        """Return whether all rows were taken and none will follow.

        Raises: the failure passed to `end`, after all rows were taken.
        """
        with self._changed:
            over = self._ended and not self._waiting and not self._has_block()
        if over and self._failure is not None:
            raise self._failure
        return over

    def close(self) -> None:
        """Drop all rows, because the reader has finished."""
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
        """Turn the waiting rows into a block, as soon as there is room for it."""
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
        """Store a block in memory, or in the file if there are already blocks in it."""
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
        """Write to the end of the file; return False if there is no room."""
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
        """Remove and return the oldest rows; the lock is held."""
        if self._memory:
            return self._memory.popleft()
        if self._filed:
            return self._read()
        return self._joined()

    def _read(self) -> Block:
        """Remove and return the oldest block of the file; the file is truncated after the last one."""
        assert self._file is not None
        rows, length = self._filed.popleft()
        data = os.pread(self._file.fileno(), length, self._file_start)
        self._file_start += length
        if not self._filed:
            self._file.truncate(0)
            self._empty()
        return rows, data

    def _empty(self) -> None:
        """Release all disk space; the lock is held."""
        self._room.give_back()
        self._file_start = self._file_end = 0
