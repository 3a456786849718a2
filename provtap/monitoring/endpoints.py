"""`/live`, `/ready` and `/metrics` over HTTP, on a separate port in a separate process.

The process also answers while all threads of the web processes are busy: an overloaded service is not dead.
"""

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import CollectorRegistry

from provtap import __version__, metrics
from provtap.config import Settings
from provtap.database.connect import Database
from provtap.errors import ProvtapError
from provtap.monitoring.collector import StateCollector
from provtap.monitoring.shared import SharedQuestion

log = logging.getLogger(__name__)

PATIENCE = 1.5
"""Seconds that `/ready` waits for PostgreSQL."""
LOOK = 0.5
"""Seconds between two checks whether the master lives."""
_TEXT = "text/plain; charset=utf-8"
_Answer = tuple[HTTPStatus, str, bytes]


def answer_requests(
    listener: socket.socket, database: Database, settings: Settings, alone: Callable[[], bool]
) -> None:
    """Answer requests at *listener* until SIGTERM or SIGINT, or until *alone*: the master has ended."""
    with suppress(SystemExit), _Server(listener, _Endpoints(database, settings), alone) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit())
        log.info("Process %d reports the state of the service", os.getpid())
        server.serve_forever(LOOK)


class _Endpoints:
    """The responses."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._ready = SharedQuestion(self._ask, PATIENCE)
        self._registry = CollectorRegistry()
        self._registry.register(metrics.collector())
        self._registry.register(StateCollector(database, settings))

    def answer(self, path: str, accept: str) -> _Answer:
        """Return status, media type and body of the response to a GET of *path*."""
        match path:
            case "/live":
                return HTTPStatus.OK, _TEXT, b"The service runs.\n"
            case "/ready":
                return self._readiness()
            case "/metrics":
                encode, media_type = choose_encoder(accept)
                return HTTPStatus.OK, media_type, encode(self._registry)
        return HTTPStatus.NOT_FOUND, _TEXT, b"There are /live, /ready and /metrics.\n"

    def _readiness(self) -> _Answer:
        try:
            self._ready.answer()
        except ProvtapError as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, f"{error.for_operator()}\n".encode()
        return HTTPStatus.OK, _TEXT, b"Queries are answered.\n"

    def _ask(self) -> None:
        """Read a row with the rights of users' queries, as a test. Raises: ProvtapError."""
        with self._database.reading(PATIENCE) as transaction:
            transaction.rows("SELECT sha256 FROM tap_schema.digest")


class _Server(ThreadingHTTPServer):
    """A server at an already listening socket."""

    daemon_threads = True

    def __init__(self, listener: socket.socket, endpoints: _Endpoints, alone: Callable[[], bool]) -> None:
        super().__init__(listener.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.endpoints = endpoints
        self._alone = alone

    def service_actions(self) -> None:
        """End if the master has ended; called every LOOK seconds."""
        if self._alone():
            sys.exit()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Write a failure to the log, except for a client that disconnected."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            log.exception("A request for the state of the service failed")


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = f"ProvTAP/{__version__}"
    sys_version = ""
    timeout = 10  # seconds without a byte from the client

    def do_GET(self) -> None:
        accept = self.headers.get("Accept", "")
        status, media_type, body = self.server.endpoints.answer(self.path.partition("?")[0], accept)
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing, because probes arrive every few seconds."""
