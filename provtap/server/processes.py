"""The processes beside the web processes: for jobs, for monitoring, to restart the embedded PostgreSQL."""

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
"""Seconds between two looks at whether the embedded PostgreSQL lives."""


def for_jobs(settings: Settings) -> Settings:
    """Return settings by which a worker opens a database of its own: one connection a job."""
    return replace(settings, read_connections=settings.job_connections)


def run_jobs(worker: Worker, alone: Callable[[], bool] = lambda: False) -> None:
    """Run jobs until SIGTERM or SIGINT, or until *alone* tells that the master has gone."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    log.info("Process %d runs jobs", os.getpid())
    worker.run(alone)


class Process:
    """A process beside the web processes; the master starts it anew when it has ended."""

    def __init__(self, name: str, run: Callable[[Callable[[], bool]], None]) -> None:
        self._name = name
        self._work = run  # until a signal, or until what it is given tells that the master is no more
        self._pid: int | None = None

    def keep(self) -> None:
        """Start the process unless it lives. To be called about once a second, by a single thread."""
        if self._pid is None or not self._lives(self._pid):
            master = os.getpid()
            self._pid = os.fork()
            if self._pid == 0:
                self._run(master)

    def stop(self) -> None:
        """Tell the process to stop."""
        self._signal(signal.SIGTERM)

    def wait(self, seconds: float) -> None:
        """Return once the process has ended, by force if that takes longer than *seconds*."""
        end = time.monotonic() + seconds
        while self._pid is not None and self._lives(self._pid):
            # Again: a process that was just started may have missed the first one.
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
        """Do the work, and end the process here: further up the stack all is the master's (see `_leave`)."""
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
    """Return the process that answers at the port for monitoring; none without that port."""
    if listener is None:
        return []
    from provtap.monitoring.endpoints import answer_requests  # needs a library that others do without

    return [Process("monitoring", partial(answer_requests, listener, database, settings))]


def keepers(database: Database) -> list[Process]:
    """Return the process that starts the embedded PostgreSQL again when it dies; none for another one."""
    server = database.server
    return [] if server is None else [Process("PostgreSQL", partial(_keep, server))]


def _keep(server: EmbeddedServer, alone: Callable[[], bool]) -> None:
    with suppress(SystemExit):  # also from amid a start, which then leaves no server behind
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit())
        while not alone():
            try:
                server.keep()
            except ProvtapError as error:
                log.warning("%s", error)
            time.sleep(LOOK)
