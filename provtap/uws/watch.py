"""WAIT: threads wait for a change of a job, with one LISTEN connection in each process."""

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from provtap.database.listen import Listener
from provtap.database.login import Login
from provtap.uws.job import Phase
from provtap.uws.store import CHANNEL

MOMENT = 0.5
"""Additional seconds for which a WAIT waits for the end of a job that has just begun."""
LOOK = 1.0
"""Seconds between two checks whether the client is still waiting."""


class JobWatch:
    """Wakes threads that wait for a job.

    The connection is made for the first wait, in the process that waits, so that a JobWatch may be created
    before a fork.
    """

    def __init__(self, login: Login, most: int) -> None:
        self._login = login
        self._most = most
        self._lock = threading.Lock()
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._listener: Listener | None = None
        self._closed = False
        self._waiting: defaultdict[str, list[threading.Event]] = defaultdict(list)
        self._count = 0

    @contextmanager
    def changes(self, job_id: str) -> Iterator[threading.Event | None]:
        """Yield an event that is set when the job may have changed; None if too many threads are waiting."""
        changed = threading.Event()
        with self._lock:
            if self._pid != os.getpid():
                self._reset()
            room = self._count < self._most and not self._closed
            if room:
                self._count += 1
                self._waiting[job_id].append(changed)
                self._listener = self._listener or Listener(self._login, CHANNEL, self._hear)
        if not room:
            yield None
            return
        try:
            yield changed
        finally:
            self._forget(job_id, changed)

    def wait(
        self,
        job_id: str,
        phase: Callable[[], Phase],
        seconds: float,
        *,
        expected: str | None = None,
        gone: Callable[[], bool] = lambda: False,
    ) -> None:
        """Return when the job changes its phase, at the latest after *seconds*.

        If a job begins to execute, return a moment later, because many jobs end at once, and clients ask
        again after a second. Return at once if the phase is final or not the *expected* one, if too many
        threads are waiting, or if *gone* returns that the client has disconnected. *phase* asks the database.

        Raises: the errors of *phase*.
        """
        end = time.monotonic() + seconds
        with self.changes(job_id) as changed:
            first = phase()
            if changed is None or not first.unfinished or expected not in {None, first.value}:
                return
            while (left := end - time.monotonic()) > 0 and not self._closed and not gone():
                if changed.wait(min(left, LOOK)):
                    changed.clear()
                    if (now := phase()) == first:
                        continue
                    if not now.unfinished:
                        return
                    first, end = now, min(end, time.monotonic() + MOMENT)

    def close(self) -> None:
        """Wake all threads permanently, because the process ends."""
        self._closed = True
        if self._listener is not None:
            self._listener.close()
        self._hear(None)

    def _hear(self, payload: str | None) -> None:
        """Process a notification of PostgreSQL, `job_id phase`; None if anything may have changed."""
        with self._lock:
            if payload is None:
                events = [event for waiting in self._waiting.values() for event in waiting]
            else:
                events = list(self._waiting.get(payload.partition(" ")[0], ()))
        for event in events:
            event.set()

    def _forget(self, job_id: str, changed: threading.Event) -> None:
        with self._lock:
            self._count -= 1
            self._waiting[job_id].remove(changed)
            if not self._waiting[job_id]:
                del self._waiting[job_id]
