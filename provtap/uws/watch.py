"""WAIT: threads that wait for a change of a job, all fed by one LISTEN connection a process."""

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
"""Seconds that the answer to a WAIT waits for the end of a job that has just begun."""
LOOK = 1.0
"""Seconds between two looks at whether the client still waits."""


class JobWatch:
    """Wakes those who wait for a job.

    The connection is made when the first one waits, in the process that waits: a JobWatch may be made before
    a fork.
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
        """Lend an event that is set whenever the job may have changed; None when too many wait already."""
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
        """Return once the job leaves the phase it is in, at the latest after *seconds*.

        For a job that only begins, a moment later: many end at once, and clients ask again in a second. At
        once, if it can't leave its phase, or is not in the one that is *expected*; also when too many wait
        already, or *gone* tells that nobody waits any more. *phase* asks the database.

        Raises: whatever *phase* raises.
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
        """Wake everybody, for good: the process ends."""
        self._closed = True
        if self._listener is not None:
            self._listener.close()
        self._hear(None)

    def _hear(self, payload: str | None) -> None:
        """Take a notification of PostgreSQL, `job_id phase`; None means that anything may have changed."""
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
