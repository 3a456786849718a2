"""The processes beside the web processes: for jobs, monitoring, and restarting the embedded PostgreSQL."""

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from provtap.config import Settings
from provtap.database.connect import Database, open_database
from provtap.database.embedded import EmbeddedServer
from provtap.errors import ProvtapError
from provtap.tableset import Tableset
from provtap.uws.worker import Worker

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between two checks whether the embedded PostgreSQL is running."""


def for_jobs(settings: Settings) -> Settings:
    """Return the settings for a worker's own database: one connection for each job."""
    return replace(settings, read_connections=settings.job_connections)


def run_jobs(worker: Worker, alone: Callable[[], bool] = lambda: False) -> None:
    """Run jobs until SIGTERM or SIGINT, or until *alone* returns True: the master has ended."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    log.info("Process %d runs jobs", os.getpid())
    worker.run(alone)


class Process:
    """A process beside the web processes, which the master restarts when it has ended."""

    def __init__(self, name: str, run: Callable[[Callable[[], bool]], None]) -> None:
        self._name = name
        self._work = run  # until a signal, or until its argument returns that the master has ended
        self._pid: int | None = None

    def keep(self) -> None:
        """Start the process unless it is running. Called about once a second, by a single thread."""
        if self._pid is None or not self._lives(self._pid):
            master = os.getpid()
            self._pid = os.fork()
            if self._pid == 0:
                self._run(master)

    def stop(self) -> None:
        """Signal the process to stop."""
        self._signal(signal.SIGTERM)

    def wait(self, seconds: float) -> None:
        """Wait until the process has ended; kill it after *seconds*."""
        end = time.monotonic() + seconds
        while self._pid is not None and self._lives(self._pid):
            # Repeated, because a process that was just started may have missed the first signal.
            self._signal(signal.SIGTERM if time.monotonic() < end else signal.SIGKILL)
            time.sleep(0.05)

    def _signal(self, number: int) -> None:
        if self._pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self._pid, number)

    def _lives(self, pid: int) -> bool:
        try:
            return os.waitpid(pid, os.WNOHANG) == (0, 0)
        except ChildProcessError:  # the master has waited for all its children
            return False

    def _run(self, master: int) -> None:
        """Do the work, and end the process here: the rest of the stack is the master's (see `_leave`)."""
        code = 1
        try:
            self._work(lambda: os.getppid() != master)
            code = 0
        except BaseException:
            log.exception("The process for %s failed", self._name)
        finally:
            sys.stderr.flush()
            os._exit(code)


def job_process(settings: Settings, tableset: Tableset) -> Process:
    """Return the process that runs jobs."""

    def run(alone: Callable[[], bool]) -> None:
        with open_database(for_jobs(settings), patient=False) as database:
            run_jobs(Worker(settings, tableset, database), alone)

    return Process("jobs", run)


def monitoring(listener: socket.socket | None, database: Database, settings: Settings) -> list[Process]:
    """Return the process for the monitoring port; none without this port."""
    if listener is None:
        return []
    from provtap.monitoring.endpoints import answer_requests  # needs an optional library

    return [Process("monitoring", partial(answer_requests, listener, database, settings))]


def keepers(database: Database) -> list[Process]:
    """Return the process that restarts the embedded PostgreSQL if it dies; none for another server."""
    server = database.server
    return [] if server is None else [Process("PostgreSQL", partial(_keep, server))]


def _keep(server: EmbeddedServer, alone: Callable[[], bool]) -> None:
    with suppress(SystemExit):  # also during a start, which then leaves no server behind
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit())
        while not alone():
            try:
                server.keep()
            except ProvtapError as error:
                log.warning("%s", error)
            time.sleep(LOOK)
