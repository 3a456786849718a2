"""The worker: runs the jobs of the queue until it is stopped."""

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress

from provtap.config import Settings
from provtap.database.connect import Database
from provtap.database.listen import Listener
from provtap.errors import DatabaseUnavailable
from provtap.tableset import Tableset
from provtap.uws.execution import Execution, Stop, Workshop
from provtap.uws.job import Attempt
from provtap.uws.results import ResultStore
from provtap.uws.store import CHANNEL, JobStore

log = logging.getLogger(__name__)

SWEEP = 60.0
"""Seconds between two searches for jobs past their destruction."""
AGE = 600.0
"""Seconds for which a file without a job is kept, because its job may be about to be created."""
GRACE = 3.0
"""Seconds for executions to put their jobs back after the worker was stopped."""
LOST = "The process that ran the job was lost, twice."


class Worker:
    """Runs jobs in threads, as many at once as it has connections for queries.

    *database* belongs to the worker, so that queries of /sync and jobs do not wait for the same connections.
    """

    def __init__(self, settings: Settings, tableset: Tableset, database: Database) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._settings = settings
        self._store = JobStore(database, settings)
        self._leaving = threading.Event()
        self._shop = Workshop(settings, tableset, database, self._store, self._store.results, self._leaving)
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._running: dict[Attempt, Execution] = {}
        self._threads: set[threading.Thread] = set()
        self._look_again = True  # to check whether the running jobs should still run
        self._next_beat = self._next_sweep = 0.0
        self._fair_from = 0.0
        """Since when missing heartbeats count: while PostgreSQL is unavailable, all are missing."""

    def stop(self) -> None:
        """Make `run` return: no further job is begun, and executing jobs go back to the queue."""
        self._leaving.set()
        self._wake.set()

    def run(self, alone: Callable[[], bool] = lambda: False) -> None:
        """Run jobs until `stop`, or until *alone* returns True because the parent has ended."""
        with closing(Listener(self._shop.database.login, CHANNEL, self._hear)):
            try:
                while not self._leaving.is_set() and not alone():
                    self._turn()
                    self._wake.wait(min(1.0, self._settings.worker_lost / 3))
                    self._wake.clear()
            finally:
                self._leave()

    def _turn(self) -> None:
        """Do all due work."""
        try:
            self._beat()
            while len(self._running) < self._settings.job_connections and self._begin():
                pass
            self._sweep()
        except DatabaseUnavailable as error:
            log.warning("Jobs wait: %s", error.for_operator())
            self._fair_from = float("inf")
            self._leaving.wait(1.0)
        except Exception:  # it is better to continue than to end the worker
            log.exception("A worker's turn failed")
            self._leaving.wait(1.0)

    def _beat(self) -> None:
        """Record the heartbeat; stop jobs that should no longer run; take over lost jobs."""
        due = time.monotonic() >= self._next_beat
        if not due and not self._look_again:
            return
        self._look_again = False
        running = self._executions()
        held = self._store.beat(self.name)
        for execution in running:
            if execution.attempt in held:
                execution.destroy_in(held[execution.attempt])
            else:
                execution.stop(Stop.WITHDRAWN)
        # Claims that were committed without a confirmation to this thread, which makes all claims.
        for attempt in held.keys() - {execution.attempt for execution in running}:
            log.warning("Job %s was claimed, but never begun", attempt.job_id)
            self._store.give_back(attempt)
        if due:
            now = time.monotonic()
            self._next_beat = now + self._settings.worker_lost / 3
            self._fair_from = min(self._fair_from, now + self._settings.worker_lost)
            if now >= self._fair_from:
                self._take_over()

    def _take_over(self) -> None:
        """Queue again the jobs of workers without heartbeat for too long."""
        for attempt in self._store.lost():
            log.warning("Job %s was lost by worker %s", attempt.job_id, attempt.worker)
            self._store.lose(attempt, LOST)

    def _begin(self) -> bool:
        """Begin a job of the queue; False if there is none, or this worker is stopping."""
        claimed = None if self._leaving.is_set() else self._store.claim(self.name)
        if claimed is None:
            return False
        execution = Execution(*claimed, self._shop)
        with self._lock:
            self._running[execution.attempt] = execution
        thread = threading.Thread(target=self._execute, args=[execution], name="job", daemon=True)
        self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:  # no more threads: the job goes back to the queue with the next heartbeat
            self._forget(execution, thread)
            raise
        # It may have been aborted after it was claimed, before it was registered here.
        self._look_again = True
        self._wake.set()
        return True

    def _execute(self, execution: Execution) -> None:
        try:
            execution.execute()
        finally:
            self._forget(execution, threading.current_thread())
            self._wake.set()

    def _forget(self, execution: Execution, thread: threading.Thread) -> None:
        with self._lock:
            del self._running[execution.attempt]
        self._threads.discard(thread)

    def _sweep(self) -> None:
        if time.monotonic() >= self._next_sweep:
            self._next_sweep = time.monotonic() + SWEEP
            sweep(self._store, self._shop.results)

    def _hear(self, payload: str | None) -> None:
        """Process the notification of a job; None if anything may have changed."""
        job_id, _, phase = (payload or "").partition(" ")
        meant = [execution for execution in self._executions() if execution.job.job_id == job_id]
        if phase in {"ABORTED", "DELETED"}:
            for execution in meant:
                execution.stop(Stop.WITHDRAWN)
        if payload is None or (meant and phase == "EXECUTING"):
            self._look_again = True
        if phase != "PENDING":
            self._wake.set()

    def _executions(self) -> list[Execution]:
        with self._lock:
            return list(self._running.values())

    def _leave(self) -> None:
        self._leaving.set()
        for execution in self._executions():
            execution.stop(Stop.LEAVING)
        end = time.monotonic() + GRACE
        for thread in list(self._threads):
            thread.join(max(0.0, end - time.monotonic()))
        with suppress(DatabaseUnavailable):  # it then counts as lost after a while
            self._store.leave(self.name)


def sweep(store: JobStore, results: ResultStore, age: float = AGE) -> None:
    """Remove jobs past their destruction, and files without a job, in one process at a time.

    Raises: DatabaseUnavailable.
    """
    names = list(results.names(age))  # read first, so that jobs created later have no file among these
    with store.sweeping() as wanted:
        if wanted is None:
            return
        for name in sorted({*names} - wanted(names)):
            log.info("Removing %s: it belongs to no job", name)
            results.delete(name)
