"""The HTTP server: gunicorn with threads, a process a core, and one clean way to stop."""

import logging
import os
import socket
import sys
from dataclasses import replace
from typing import Any

from flask import Flask
from gunicorn import util
from gunicorn.app.base import BaseApplication
from gunicorn.http import wsgi
from gunicorn.workers.gthread import ThreadWorker

from provtap import __version__, install
from provtap.config import Settings
from provtap.errors import SettingsError
from provtap.metadata.change import last_change
from provtap.results.votable import write_error
from provtap.web import Service, create_app
from provtap.web.access_log import probe as probe_access_log
from provtap.web.documents import metadata_digest

log = logging.getLogger(__name__)

GRACE = 30
"""Seconds that downloads get to finish once the server is told to stop."""
KEEPALIVE = 30
"""Seconds that a connection without request stays open; it takes no thread."""
MOST_PROCESSES = 8
URL_BYTES = 8190
"""The longest first line of a request that gunicorn reads."""
SERVER = f"ProvTAP/{__version__}"


def serve(settings: Settings) -> None:
    """Serve at the host and port of *settings* until SIGTERM or SIGINT, then raise SystemExit.

    Raises: SettingsError when the port or the access log can't be had; DatabaseUnavailable when PostgreSQL
    can't be reached or is not set up.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if settings.access_log is not None:
        probe_access_log(settings.access_log)
    listener = listen(settings.host, settings.port)
    with listener, install.ready(settings) as (database, tableset):
        ours = Service(settings, tableset, database)
        ours = replace(ours, modified=last_change(database, metadata_digest(ours)))
        log.info("Serving %s", ours.base_url)
        _Gunicorn(ours, listener).run()


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at *host* and *port*.

    Raises: SettingsError.
    """
    try:
        family, *_, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=1024)
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (while")[0].lower()
        raise SettingsError(
            f"Port {port} of {host or 'this machine'} can't be used: {why}.",
            hint="Set another one by --port or PROVTAP_PORT.",
        ) from error


def processes() -> int:
    """Return how many processes to serve with: one a core; two at least, so that one may fall."""
    return max(2, min(len(os.sched_getaffinity(0)), MOST_PROCESSES))


def _write_error(client: socket.socket, status: int, reason: str, message: str) -> None:
    """Answer a request that never reaches the application; gunicorn's own answer would be a page of HTML."""
    if status == 414:
        message = f"The URL is longer than {URL_BYTES} bytes. Send long queries by POST."
    body = write_error(message or reason)
    head = (
        f"HTTP/1.1 {status} {reason}\r\nServer: {SERVER}\r\nConnection: close\r\n"
        f"Content-Type: application/x-votable+xml\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    client.sendall(head.encode("latin-1", "replace") + body)


class _Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn, configured in code alone: neither its environment variable nor a file is read."""

    def __init__(self, ours: Service, listener: socket.socket) -> None:
        self.ours = ours
        self.listener = listener
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        wsgi.SERVER = SERVER  # gunicorn has no setting for its Server header,
        util.write_error = _write_error  # nor for the form of its refusals
        for name, value in self._options().items():
            self.cfg.set(name, value)

    def _options(self) -> dict[str, Any]:
        threads = self.ours.settings.threads
        return {
            "bind": f"fd://{self.listener.detach()}",
            "worker_class": ThreadWorker,  # its time-out is for a stuck process, not for long requests
            "workers": self.ours.settings.workers or processes(),
            "threads": threads,
            "worker_connections": threads + 1000,  # beyond the threads: kept alive, and waiting
            "keepalive": KEEPALIVE,
            "graceful_timeout": GRACE,
            "limit_request_line": URL_BYTES,
            "control_socket_disable": True,
            "loglevel": "warning",
            "post_worker_init": _say_ready,
            "worker_exit": _leave,
        }

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
