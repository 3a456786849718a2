"""The processes of a service: gunicorn with threads, a process a core; a worker for jobs; one clean stop."""

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from provtap import install
from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.errors import SettingsError
from provtap.metadata.change import last_change
from provtap.tableset import Tableset
from provtap.uws.results import probe as probe_results
from provtap.uws.worker import Worker
from provtap.web import Service, create_app
from provtap.web.access_log import probe as probe_access_log
from provtap.web.connections import HEADERS, URL_BYTES, ConnectionWorker, adapt_gunicorn
from provtap.web.documents import metadata_digest

log = logging.getLogger(__name__)

GRACE = 30
"""Seconds that downloads get to finish once the server is told to stop."""
KEEPALIVE = 30
"""Seconds that a connection without request stays open; it takes no thread."""
STALLED = 300
"""Seconds after which a client that takes nothing of its answer counts as gone."""
MOST_PROCESSES = 8


def serve(settings: Settings, *, worker: bool = True) -> None:
    """Serve at the host and port of *settings* until SIGTERM or SIGINT, then raise SystemExit.

    Jobs are run by a process beside the web processes, unless *worker* is False.

    Raises: SettingsError when port, access log or result directory can't be had; DatabaseUnavailable when
    PostgreSQL can't be reached or is not set up.
    """
    _log()
    if settings.access_log is not None:
        probe_access_log(settings.access_log)
    probe_results(settings)
    listener = listen(settings.host, settings.port)
    with listener, install.ready(settings) as (database, tableset):
        ours = Service(settings, tableset, database)
        ours = replace(ours, modified=last_change(database, metadata_digest(ours)))
        log.info("Serving %s", ours.base_url)
        _Gunicorn(ours, listener, worker=worker).run()


def work(settings: Settings) -> None:
    """Run jobs until SIGTERM or SIGINT. Raises: as `serve`."""
    _log()
    probe_results(settings)
    with install.ready(for_jobs(settings)) as (database, tableset):
        _work(Worker(settings, tableset, database))


def for_jobs(settings: Settings) -> Settings:
    """Return settings by which a worker opens a database of its own: one connection a job."""
    return replace(settings, read_connections=settings.job_connections)


def _work(worker: Worker, alone: Callable[[], bool] = lambda: False) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    log.info("Process %d runs jobs", os.getpid())
    worker.run(alone)


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


def processes() -> int:
    """Return how many processes to serve with: one a core; two at least, so that one may fall."""
    return max(2, min(len(os.sched_getaffinity(0)), MOST_PROCESSES))


class _JobProcess:
    """The process beside the web processes that runs jobs; the master starts it anew when it has ended."""

    def __init__(self, settings: Settings, tableset: Tableset) -> None:
        self._settings = settings
        self._tableset = tableset
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
        if self._pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGTERM)

    def wait(self) -> None:
        """Return once the process has ended."""
        while self._pid is not None and self._lives(self._pid):
            self.stop()  # again: a process that was just started had not yet ears
            time.sleep(0.05)

    def _lives(self, pid: int) -> bool:
        try:
            return os.waitpid(pid, os.WNOHANG) == (0, 0)
        except ChildProcessError:  # the master has waited for all its children
            return False

    def _run(self, master: int) -> None:
        """Run jobs, and end the process here: what is further up the stack is the master's (see `_leave`)."""
        code = 1
        try:
            with open_database(for_jobs(self._settings)) as database:
                _work(Worker(self._settings, self._tableset, database), lambda: os.getppid() != master)
            code = 0
        except BaseException:
            log.exception("The process for jobs failed")
        finally:
            sys.stderr.flush()
            os._exit(code)


class _Master(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's master, which looks after the process for jobs as after its web processes."""

    def __init__(self, app: "_Gunicorn", jobs: _JobProcess) -> None:
        self._jobs = jobs
        super().__init__(app)

    def manage_workers(self) -> None:
        """Start what has ended."""
        super().manage_workers()
        self._jobs.keep()

    def stop(self, graceful: bool = True) -> None:
        """End all processes; jobs at once, downloads get some time."""
        self._jobs.stop()
        super().stop(graceful)
        self._jobs.wait()


class _Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn, configured in code alone: neither its environment variable nor a file is read."""

    def __init__(self, ours: Service, listener: socket.socket, *, worker: bool) -> None:
        self.ours = ours
        self.worker = worker
        self.listener = listener
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        adapt_gunicorn()
        for name, value in self._options().items():
            self.cfg.set(name, value)

    def _options(self) -> dict[str, Any]:
        threads = self.ours.settings.threads
        return {
            "bind": f"fd://{self.listener.detach()}",
            "worker_class": ConnectionWorker,  # its time-out is for a stuck process, not for long requests
            "workers": self.ours.settings.workers or processes(),
            "threads": threads,
            "worker_connections": threads + 1000,  # beyond the threads: kept alive, and waiting
            "keepalive": KEEPALIVE,
            "graceful_timeout": GRACE,
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
        if not self.worker:
            super().run()
        _Master(self, _JobProcess(self.ours.settings, self.ours.tableset)).run()

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
