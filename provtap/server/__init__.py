"""The processes of a service: gunicorn with threads, one process for each core; a worker for jobs."""

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
"""Seconds for which a connection without request stays open; it occupies no thread."""
STALLED = 300
"""Seconds after which a client that does not read its response counts as disconnected."""
LARGE = 1 << 20
"""Minimum size of memory blocks that are returned to the system when they are freed, in bytes."""


def serve(settings: Settings, *, worker: bool = True) -> None:
    """Serve at the host and port of *settings* until SIGTERM or SIGINT, then raise SystemExit.

    Jobs are run by a process beside the web processes, unless *worker* is False.

    Raises: SettingsError if the port, access log, result directory or version of gunicorn is unusable;
    DatabaseUnavailable if PostgreSQL can't be reached or is not set up.
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
            for keeper in beside:  # before threads are started
                keeper.keep()
            run_jobs(Worker(settings, tableset, database))
        finally:
            for keeper in beside:
                keeper.wait(LOOK)


@contextmanager
def _admin_port(settings: Settings) -> Iterator[socket.socket | None]:
    """Listen at the port for monitoring and start counting in all processes; None without this port.

    Raises: SettingsError.
    """
    if settings.admin_port is None:
        yield None
        return
    host = settings.host if settings.admin_host is None else settings.admin_host
    with metrics.collected(), listen(host, settings.admin_port, "PROVTAP_ADMIN_PORT") as listener:
        yield listener


def _give_memory_back() -> None:
    """Make the C library return large blocks of memory to the system when they are freed.

    By default glibc keeps such blocks, of up to 32 MB, after the first one was freed, in a heap for each of
    many threads: after a few large cells a process of 70 MB had grown to 350 MB.
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
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED * 1000)  # for its connections
    return listener


class _Master(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's master, which also supervises other processes than web processes."""

    def __init__(self, app: "_Gunicorn", beside: Sequence[Process]) -> None:
        self._beside = beside
        super().__init__(app)

    def manage_workers(self) -> None:
        """Restart processes that have ended."""
        super().manage_workers()
        for process in self._beside:
            process.keep()

    def stop(self, graceful: bool = True) -> None:
        """Stop all processes; downloads and other processes get the same time to finish."""
        end = time.monotonic() + self.cfg.graceful_timeout + LOOK
        for process in self._beside:
            process.stop()
        super().stop(graceful)
        for process in self._beside:
            process.wait(end - time.monotonic())


class _Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn, configured only in code, without its environment variable or configuration file."""

    def __init__(self, ours: Service, listener: socket.socket, beside: Sequence[Process]) -> None:
        self.ours = ours
        self.beside = beside
        self.listener = listener
        super().__init__()

    def load_config(self) -> None:
        """Set values that differ from gunicorn's defaults."""
        for name, value in self._options().items():
            self.cfg.set(name, value)

    def _options(self) -> dict[str, Any]:
        threads = self.ours.settings.threads
        return {
            "bind": f"fd://{self.listener.detach()}",
            "worker_class": ConnectionWorker,  # its timeout is for a stuck process, not for long requests
            "workers": self.ours.settings.processes,
            "threads": threads,
            "worker_connections": threads + 1000,  # beyond the threads: keep-alive and waiting connections
            "keepalive": KEEPALIVE,
            "graceful_timeout": ceil(self.ours.settings.grace),
            "limit_request_line": URL_BYTES,
            "limit_request_fields": HEADERS,
            "limit_request_field_size": URL_BYTES,
            "forwarder_headers": "",  # otherwise a client behind a proxy on this host could bypass its rules
            "control_socket_disable": True,
            "loglevel": "warning",
            "post_worker_init": _say_ready,
            "worker_exit": _leave,
        }

    def run(self) -> None:
        """Serve until stopped. Raises: SystemExit."""
        _Master(self, self.beside).run()

    def load(self) -> Flask:
        """Return the application; called in each worker, which then opens its own connections."""
        return create_app(self.ours.settings, self.ours.database, self.ours.tableset, self.ours.modified)


def _say_ready(worker: Any) -> None:
    log.info("Process %d answers requests", worker.pid)


def _leave(arbiter: Any, worker: Any) -> None:
    """End a worker process here.

    Its stack contains the master's `with` blocks, copied by fork; leaving them would stop the master's
    database. Threads that are still running after the grace period end with the process, and their queries
    with their connections.
    """
    if os.getpid() != arbiter.pid:
        ended = sys.exc_info()[1]
        sys.stderr.flush()
        os._exit(ended.code if isinstance(ended, SystemExit) and isinstance(ended.code, int) else 0)
