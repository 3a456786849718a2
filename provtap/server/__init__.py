"""The processes of a service: gunicorn with threads, a process a core; a worker for jobs; one clean stop."""

import ctypes
import logging
import os
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from math import ceil
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from provtap import install, metrics
from provtap.config import Settings
from provtap.errors import SettingsError
from provtap.metadata.change import has_observations, last_change
from provtap.server.gunicorn_patches import HEADERS, URL_BYTES, ConnectionWorker, adapt_gunicorn
from provtap.server.processes import (
    LOOK,
    Process,
    for_jobs,
    job_process,
    keepers,
    monitoring,
    run_jobs,
)
from provtap.uws.results import probe as probe_results
from provtap.uws.worker import Worker
from provtap.web import Service, create_app
from provtap.web.http.access_log import probe as probe_access_log
from provtap.web.registry import metadata_digest, shortcoming

log = logging.getLogger(__name__)

KEEPALIVE = 30
"""Seconds that a connection without request stays open; it takes no thread."""
STALLED = 300
"""Seconds after which a client that takes nothing of its answer counts as gone."""
LARGE = 1 << 20
"""Bytes of a block of memory that goes back to the system when it is free."""


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
    with (
        listener,
        _admin_port(settings) as admin,
        install.ready(settings, patient=False) as (database, tableset),
    ):
        ours = Service(settings, tableset, database)
        ours = replace(
            ours, modified=last_change(database, metadata_digest(ours, observed=has_observations(database)))
        )
        beside = [*keepers(database), *monitoring(admin, database, settings)]
        if worker:
            beside.append(job_process(settings, tableset))
        log.info("Serving %s", ours.base_url)
        if incomplete := shortcoming(settings):
            log.info("%s", incomplete)
        _Gunicorn(ours, listener, beside).run()


def work(settings: Settings) -> None:
    """Run jobs until SIGTERM or SIGINT. Raises: as `serve`."""
    _log()
    _give_memory_back()
    probe_results(settings)
    with (
        _admin_port(settings) as admin,
        install.ready(for_jobs(settings), patient=False) as (database, tableset),
    ):
        beside = [*keepers(database), *monitoring(admin, database, settings)]
        try:
            for keeper in beside:  # before there are threads
                keeper.keep()
            run_jobs(Worker(settings, tableset, database))
        finally:
            for keeper in beside:
                keeper.wait(LOOK)


@contextmanager
def _admin_port(settings: Settings) -> Iterator[socket.socket | None]:
    """Listen at the port for monitoring and count what all processes do; None if there is no such port.

    Raises: SettingsError.
    """
    if settings.admin_port is None:
        yield None
        return
    host = settings.host if settings.admin_host is None else settings.admin_host
    with metrics.collected(), listen(host, settings.admin_port, "PROVTAP_ADMIN_PORT") as listener:
        yield listener


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


def listen(host: str, port: int, setting: str = "--port or PROVTAP_PORT") -> socket.socket:
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
            f"Port {port} of {host or 'this machine'} cannot be used: {why}.",
            hint=f"Choose another port with {setting}.",
        ) from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED * 1000)  # of its connections
    return listener


class _Master(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's master, which looks after other processes as after its web processes."""

    def __init__(self, app: "_Gunicorn", beside: Sequence[Process]) -> None:
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

    def __init__(self, ours: Service, listener: socket.socket, beside: Sequence[Process]) -> None:
        self.ours = ours
        self.beside = beside
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
        _Master(self, self.beside).run()

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
