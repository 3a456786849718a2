"""Limits on reading the tables of one request, and turns between requests.

A process runs one Python thread at a time. A table that takes long to read would slow down all other
requests, and many such tables would block them. So only one large table is read at any moment, with a time
slice for each client in turn; other large tables of the same client wait. Small tables do not wait.
"""

import threading
from collections import deque
from time import thread_time
from weakref import WeakValueDictionary

from provtap.config import Settings
from provtap.errors import Busy, TooLarge, UploadError

EXPANSION = 4
"""Maximum characters of SQL for each byte; only long arrays of bits could need more."""
SMALL = 0.25
"""Seconds of processor time for reading without a turn."""
SLICE = 0.1
"""Seconds of processor time of one turn."""


class Turns:
    """Allows one thread to work at a time, in order of request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken = False
        self._waiting: deque[threading.Event] = deque()

    def take(self, wait: float) -> bool:
        """Wait up to *wait* seconds for a turn; return whether it was granted."""
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return True
            mine = threading.Event()
            self._waiting.append(mine)
        if mine.wait(wait):
            return True
        with self._lock:
            if mine.is_set():  # just now
                return True
            self._waiting.remove(mine)
        return False

    def give_back(self) -> None:
        """Pass the turn to the next thread."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_taken = False


_ALL = Turns()  # of this process
_LOCK = threading.Lock()
_CLIENTS: WeakValueDictionary[str, Turns] = WeakValueDictionary()  # within it, while they have uploads


class Budget:
    """The limits on reading the tables of one request; used by one thread."""

    def __init__(self, settings: Settings, client: str, wait: float) -> None:
        self._rows = settings.upload_rows
        self._cells = settings.upload_cells
        self._characters = EXPANSION * settings.upload_bytes
        self._seconds = settings.upload_duration
        self._limits = settings
        with _LOCK:
            self._turns = _CLIENTS.setdefault(client, Turns())
        self._wait = wait
        self._begun = thread_time()
        self._slice_end = 0.0
        self._is_large = self._has_turn = False

    def spend(self, name: str, rows: int, cells: int, characters: int) -> None:
        """Count rows of the upload *name*, and the characters of SQL of their cells.

        Raises: TooLarge; UploadError; Busy.
        """
        self._rows -= rows
        self._cells -= cells
        self._characters -= characters
        if self._rows < 0:
            raise TooLarge(f"The uploads exceed the limit of {self._limits.upload_rows} rows.")
        if self._cells < 0:
            raise TooLarge(f"The uploads exceed the limit of {self._limits.upload_cells} cells.")
        if self._characters < 0:
            raise TooLarge(f"The upload {name} has more values than this service accepts.")
        self.look_at_clock(name)

    def look_at_clock(self, name: str) -> None:
        """Check the time of reading the upload *name*, and wait for the client's turn if needed.

        Raises: UploadError; Busy.
        """
        spent = thread_time() - self._begun
        if spent > self._seconds:
            raise UploadError(f"Reading the upload {name} took longer than the limit of {self._seconds:g} s.")
        if spent > SMALL and not self._is_large:
            self._take(self._turns)
            self._is_large = True
        if self._is_large and (spent > self._slice_end or not self._has_turn):
            self.pause()
            self._take(_ALL)
            self._has_turn = True
            self._slice_end = spent + SLICE

    def pause(self) -> None:
        """Give up the turn, because this thread is going to wait for bytes."""
        if self._has_turn:
            self._has_turn = False
            _ALL.give_back()

    def close(self) -> None:
        """End the reading."""
        self.pause()
        if self._is_large:
            self._is_large = False
            self._turns.give_back()

    def _take(self, turns: Turns) -> None:
        if not turns.take(self._wait):
            raise Busy("Too many large uploads are being read.", hint="Try again in a minute.")
