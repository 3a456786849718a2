"""A small value of the store that every request needs, read for all of them about once a second."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from provtap.errors import ProvtapError

Value = TypeVar("Value")

EVERY = 1.0
"""Seconds after which the value is read again, at the next request."""
EVERY_WITHOUT_DATABASE = 10.0
PATIENCE = 0.5
"""Seconds that a request waits for a newer value: a primary whose machine was lost does not answer at all."""
FIRST_PATIENCE = 5.0
"""The same for the first value."""


class Watched(Generic[Value]):
    """The last known value, which remains valid while PostgreSQL is away; before the first one, *unknown*.

    It is read in a thread of its own, so that no request waits for the primary, which most queries do not
    need.
    """

    def __init__(self, unknown: Value) -> None:
        self._known = unknown
        self._first = True
        self._due = 0.0  # on the monotonic clock
        self._lock = threading.Lock()
        self._reading: threading.Thread | None = None

    def latest(self, read: Callable[[], Value]) -> Value:
        """Return the value that *read* returned last, at most EVERY seconds ago while PostgreSQL answers."""
        with self._lock:
            begins = self._reading is None and time.monotonic() >= self._due
            if begins:
                thread = threading.Thread(target=self._renew, args=[read], name="watched", daemon=True)
                thread.start()
                self._reading = thread
            reading = self._reading
        if reading is not None and (begins or self._first):
            reading.join(FIRST_PATIENCE if self._first else PATIENCE)
        return self._known

    def _renew(self, read: Callable[[], Value]) -> None:
        wait = EVERY_WITHOUT_DATABASE
        try:
            self._known = read()
            wait = EVERY
        except ProvtapError:
            pass
        finally:
            with self._lock:
                self._first = False
                self._due = time.monotonic() + wait
                self._reading = None
