"""The processes of a service: gunicorn with threads, a process a core; a worker for jobs; one clean stop."""

import ctypes
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from math import ceil
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from provtap import install
from provtap.config import Settings
from provtap.database.connect import Database, open_database
from provtap.database.embedded import EmbeddedServer
from provtap.errors import ProvtapError, SettingsError
from provtap.metadata.change import last_change
from provtap.tableset import Tableset
from provtap.uws.results import probe as probe_results
from provtap.uws.worker import Worker
from provtap.web import Service, create_app
from provtap.web.access_log import probe as probe_access_log
from provtap.web.connections import HEADERS, URL_BYTES, ConnectionWorker, adapt_gunicorn
from provtap.web.documents import metadata_digest

log = logging.getLogger(__name__)

KEEPALIVE = 30
"""Seconds that a connection without request stays open; it takes no thread."""
STALLED = 300
"""Seconds after which a client that takes nothing of its answer counts as gone."""
LARGE = 1 << 20
"""Bytes of a block of memory that goes back to the system when it is free."""
LOOK = 1.0
"""Seconds between two looks at whether the embedded PostgreSQL lives."""


def serve(settings: Settings, *, worker: bool = True) -> None:
    """Serve at the host and port of *settings* until SIGTERM or SIGINT, then raise SystemExit.

    Jobs are run by a process beside the web processes, unless *worker* is False.

    Raises: SettingsError when port, access log, result directory or the right gunicorn can't be had;
    DatabaseUnavailable when PostgreSQL can't be reached or is not set up.
    """
    _log()
    _give_memory_back()
    adapt_gunicorn()
    if settings.access_log is not None:
        probe_access_log(settings.access_log)
    probe_results(settings)
    listener = listen(settings.host, settings.port)
    with listener, install.ready(settings, patient=False) as (database, tableset):
        ours = Service(settings, tableset, database)
        ours = replace(ours, modified=last_change(database, metadata_digest(ours)))
        log.info("Serving %s", ours.base_url)
        _Gunicorn(ours, listener, worker=worker).run()


def work(settings: Settings) -> None:
    """Run jobs until SIGTERM or SIGINT. Raises: as `serve`."""
    _log()
    _give_memory_back()
    probe_results(settings)
    with install.ready(for_jobs(settings), patient=False) as (database, tableset):
        keepers = _keepers(database)
        try:
            for keeper in keepers:  # before there are threads
                keeper.keep()
            _work(Worker(settings, tableset, database))
        finally:
            for keeper in keepers:
                keeper.wait(LOOK)


def for_jobs(settings: Settings) -> Settings:
    """Return settings by which a worker opens a database of its own: one connection a job."""
    return replace(settings, read_connections=settings.job_connections)


def _work(worker: Worker, alone: Callable[[], bool] = lambda: False) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    log.info("Process %d runs jobs", os.getpid())
    worker.run(alone)


def _give_memory_back() -> None:
    """Let the C library return each large block of memory to the system once it is free.

    By itself glibc begins to keep such blocks, of up to 32 MB, as soon as one was freed, in a heap for each
    of many threads: after a few large cells a process of 70 MB had 350 MB.
    """
    with suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE)


_M_MMAP_THRESHOLD = -3  # malloc.h


def _log() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at *host* and *port*.

    Raises: SettingsError.
    """
    try:
        family, *_, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family, backlog=1024)
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (while")[0].lower()
        raise SettingsError(
            f"Port {port} of {host or 'this machine'} can't be used: {why}.",
            hint="Set another one by --port or PROVTAP_PORT.",
        ) from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED * 1000)  # of its connections
    return listener


class _Process:
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


def _job_process(settings: Settings, tableset: Tableset) -> _Process:
    def run(alone: Callable[[], bool]) -> None:
        with open_database(for_jobs(settings), patient=False) as database:
            _work(Worker(settings, tableset, database), alone)

    return _Process("jobs", run)


def _keepers(database: Database) -> list[_Process]:
    """Return the process that starts the embedded PostgreSQL again when it dies; none for another one."""
    server = database.server
    return [] if server is None else [_Process("PostgreSQL", partial(_keep, server))]


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


class _Master(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's master, which looks after other processes as after its web processes."""

    def __init__(self, app: "_Gunicorn", beside: Sequence[_Process]) -> None:
        self._beside = beside
        super().__init__(app)

    def manage_workers(self) -> None:
        """Start what has ended."""
        super().manage_workers()
        for process in self._beside:
            process.keep()

    def stop(self, graceful: bool = True) -> None:
        """End all processes; downloads get some time, and the others as long."""
        end = time.monotonic() + self.cfg.graceful_timeout + LOOK
        for process in self._beside:
            process.stop()
        super().stop(graceful)
        for process in self._beside:
            process.wait(end - time.monotonic())


class _Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn, configured in code alone: neither its environment variable nor a file is read."""

    def __init__(self, ours: Service, listener: socket.socket, *, worker: bool) -> None:
        self.ours = ours
        self.worker = worker
        self.listener = listener
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        for name, value in self._options().items():
            self.cfg.set(name, value)

    def _options(self) -> dict[str, Any]:
        threads = self.ours.settings.threads
        return {
            "bind": f"fd://{self.listener.detach()}",
            "worker_class": ConnectionWorker,  # its time-out is for a stuck process, not for long requests
            "workers": self.ours.settings.processes,
            "threads": threads,
            "worker_connections": threads + 1000,  # beyond the threads: kept alive, and waiting
            "keepalive": KEEPALIVE,
            "graceful_timeout": ceil(self.ours.settings.grace),
            "limit_request_line": URL_BYTES,
            "limit_request_fields": HEADERS,
            "limit_request_field_size": URL_BYTES,
            "forwarder_headers": "",  # else a client behind a proxy on this host could pass by its rules
            "control_socket_disable": True,
            "loglevel": "warning",
            "post_worker_init": _say_ready,
            "worker_exit": _leave,
        }

    def run(self) -> None:
        """Serve until the end. Raises: SystemExit."""
        beside = _keepers(self.ours.database)
        if self.worker:
            beside.append(_job_process(self.ours.settings, self.ours.tableset))
        _Master(self, beside).run()

    def load(self) -> Flask:
        """Return the application; called in each worker, whose pool connects there for the first time."""
        return create_app(self.ours.settings, self.ours.database, self.ours.tableset, self.ours.modified)


def _say_ready(worker: Any) -> None:
    log.info("Process %d answers requests", worker.pid)


def _leave(arbiter: Any, worker: Any) -> None:
    """End a worker process here.

    Further up its stack lie the master's `with` blocks, copied by fork: leaving them would stop the master's
    database. Threads that still run after the grace period end with the process, and their queries with
    their connections.
    """
    if os.getpid() != arbiter.pid:
        ended = sys.exc_info()[1]
        sys.stderr.flush()
        os._exit(ended.code if isinstance(ended, SystemExit) and isinstance(ended.code, int) else 0)
