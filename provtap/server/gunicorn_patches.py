"""Changes to gunicorn: limits for slow clients, the response to malformed requests, keep-alive.

This is the only module that uses non-public parts of gunicorn; the version is pinned.
"""

import select
import socket
import time
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from gunicorn import util, version_info
from gunicorn.http import parser, wsgi
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import ThreadWorker

from provtap import __version__
from provtap.errors import SettingsError
from provtap.results.votable import write_error
from provtap.web.http.responses import SECURITY
from provtap.web.jobs import stop_waiting

SERVER = f"ProvTAP/{__version__}"
URL_BYTES = 8190
"""Maximum length of the first line of a request, in bytes."""
HEADERS = 100
"""Maximum number of headers of a request, each of up to URL_BYTES."""
_TOO_LONG = {
    414: f"The URL is longer than {URL_BYTES} bytes. Send long queries by POST.",
    431: f"The request has more than {HEADERS} headers, or a header longer than {URL_BYTES} bytes.",
}
LINGER = 0.2
"""Seconds that a thread waits for the next request of its connection."""
PATIENCE = 30.0
"""Seconds that a thread waits for the next bytes of a request that has begun."""
SLOWEST = 500.0
"""Bytes per second that a client must send to get more time than PATIENCE."""
GUNICORN = 27
"""The supported major version of gunicorn; older ones read requests differently."""


def adapt_gunicorn() -> None:
    """Change parts of gunicorn without settings: its Server header, the form of its errors, its time limits.

    Raises: SettingsError for an unsupported version of gunicorn.
    """
    if version_info[0] != GUNICORN:
        found = ".".join(map(str, version_info))
        raise SettingsError(
            f"gunicorn {found} is installed, but ProvTAP needs version {GUNICORN}.",
            hint=f"pip install 'gunicorn>={GUNICORN},<{GUNICORN + 1}'",
        )
    wsgi.SERVER = SERVER
    util.write_error = _write_error
    parser.SocketUnreader = PatientUnreader


class PatientUnreader(SocketUnreader):  # type: ignore[misc]  # gunicorn has no types
    """Reads from a client as long as it keeps sending; a client that is too slow counts as disconnected.

    Without this, a few hundred silent connections would occupy all threads.
    """

    def __init__(self, sock: socket.socket, max_chunk: int = 8192, patience: float = PATIENCE) -> None:
        super().__init__(sock, max_chunk)
        self._most = self._patience = patience

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return the next piece, empty at the end; waiting reduces the patience, bytes restore it."""
        if self.sock.gettimeout() is not None:  # gunicorn itself waits not longer
            return bytes(super().chunk(size_hint))
        began = time.monotonic()
        if not _has_bytes(self.sock, self._patience):
            return b""
        piece = bytes(super().chunk(size_hint))
        self._patience += len(piece) / SLOWEST - (time.monotonic() - began)
        self._patience = max(0.0, min(self._patience, self._most))
        return piece


def _has_bytes(sock: socket.socket, seconds: float) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _write_error(client: socket.socket, status: int, reason: str, message: str) -> None:
    """Answer a request that does not reach the application; gunicorn itself would send an HTML page."""
    malformed = f"The request line or a header is malformed: {message or reason}."
    body = write_error(_TOO_LONG.get(status, malformed))
    headers = {
        "Server": SERVER,
        "Connection": "close",
        "Content-Type": "application/x-votable+xml",
        "Content-Length": str(len(body)),
    } | SECURITY
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
    head = "".join(f"{line}\r\n" for line in [*lines, ""])
    client.sendall(head.encode("latin-1", "replace") + body)


class ConnectionWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's worker with threads, which finishes waiting requests when it is stopped.

    A thread stays with its connection for a moment, for the next request: returning the connection to the
    main thread costs a third of a small query.
    """

    def handle(self, conn: Any) -> Any:
        """Answer requests of a connection, and return whether to keep it. Runs in a separate thread.

        Connections that are not kept are closed here, because closing waits for the client; gunicorn would
        block its main thread for up to two seconds each.
        """
        kept = False
        try:
            kept = super().handle(conn)
            while kept is True and self._has_more(conn):
                kept = super().handle(conn)
            return kept
        finally:
            if not kept:
                with suppress(OSError):  # it may already be closed
                    conn.close(graceful=True)

    def finish_request(self, conn: Any, fs: "Future[Any]") -> None:
        """Process a connection that returns from its thread."""
        if fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
        else:
            self.nr_conns -= 1

    def _has_more(self, conn: Any) -> bool:
        """Return whether another request arrives; wait for it only while there are enough threads."""
        if not self.alive or self.nr_conns > self.cfg.threads or conn.parser.unreader.buf.getvalue():
            return False
        return _has_bytes(conn.sock, LINGER)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Begin to stop, and finish the requests that wait for jobs."""
        super().handle_exit(sig, frame)
        if self.wsgi is not None:
            stop_waiting(self.wsgi)
