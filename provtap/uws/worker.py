"""The worker: takes jobs from the queue and runs them, until it is told to stop."""

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
"""Seconds between two looks for what is past its destruction."""
AGE = 600.0
"""Seconds that a file without a job is left alone: its job may be just about to be created."""
GRACE = 3.0
"""Seconds for executions to give their jobs back after the worker was told to stop."""
LOST = "The process that ran the job was lost, twice."


class Worker:
    """Runs jobs, as many at once as it has connections for queries, each in a thread.

    *database* is the worker's own: queries of /sync and jobs never wait for the same connections.
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
        self._look_again = True  # whether all that runs here still should
        self._next_beat = self._next_sweep = 0.0
        self._fair_from = 0.0
        """From when on the silence of others counts: while PostgreSQL is away, all are silent."""

    def stop(self) -> None:
        """Let `run` return: no job is begun any more, and those that execute go back to the queue."""
        self._leaving.set()
        self._wake.set()

    def run(self, alone: Callable[[], bool] = lambda: False) -> None:
        """Run jobs until `stop`, or until *alone* returns True: the worker's parent has ended."""
        with closing(Listener(self._shop.database.login, CHANNEL, self._hear)):
            try:
                while not self._leaving.is_set() and not alone():
                    self._turn()
                    self._wake.wait(min(1.0, self._settings.worker_lost / 3))
                    self._wake.clear()
            finally:
                self._leave()

    def _turn(self) -> None:
        """Do what is due."""
        try:
            self._beat()
            while len(self._running) < self._settings.job_connections and self._begin():
                pass
            self._sweep()
        except DatabaseUnavailable as error:
            log.warning("Jobs wait: %s", error.for_operator())
            self._fair_from = float("inf")
            self._leaving.wait(1.0)
        except Exception:  # a worker that goes on serves more jobs than one that ends
            log.exception("A worker's turn failed")
            self._leaving.wait(1.0)

    def _beat(self) -> None:
        """Say that this worker lives; stop what it should no longer run; look after what nobody runs."""
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
        # Claims that were committed, but not confirmed to this thread, which makes all of them.
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
        """Start once more what was run by workers that are silent for too long."""
        for attempt in self._store.lost():
            log.warning("Job %s was lost by worker %s", attempt.job_id, attempt.worker)
            self._store.lose(attempt, LOST)

    def _begin(self) -> bool:
        """Begin a job of the queue; False if there is none, or this worker is to stop."""
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
        except RuntimeError:  # no more threads: the job is given back with the next beat
            self._forget(execution, thread)
            raise
        # It may have been aborted since it was claimed, before anybody here knew of it.
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
        """Take the payload of a notification of a job; None: anything may have changed."""
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
        with suppress(DatabaseUnavailable):  # then it counts as lost after a while
            self._store.leave(self.name)


def sweep(store: JobStore, results: ResultStore, age: float = AGE) -> None:
    """Remove jobs past their destruction, and files that belong to no job; one process at a time does it.

    Raises: DatabaseUnavailable.
    """
    names = list(results.names(age))  # first: a job that is created later has no file among these
    with store.sweeping() as wanted:
        if wanted is None:
            return
        for name in sorted({*names} - wanted(names)):
            log.info("Removing %s: it belongs to no job", name)
            results.delete(name)
