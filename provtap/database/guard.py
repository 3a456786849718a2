"""Watches connections in use: closes those with a frozen server, and lowers the priority of long queries.

libpq waits as long as the other end keeps the connection open, and a process that is stopped, or that plans a
query, keeps it open silently. So a thread checks over a separate connection whether the server of each long
wait still answers, and cuts connections whose server doesn't, or that exceed their time limit.

PostgreSQL has no priorities. If its processes are on this machine and it is permitted, the process of a long
query gets a higher nice value: a dozen of them then leave as much processor time to short queries as one.
"""

import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from provtap.database.login import Connection

NICE = 10
"""Nice value of the process of a user's query that has run for LONG."""

TICK = 0.5
"""Seconds between two checks."""
LONG = 1.0
"""Seconds of use after which the server of a connection is checked."""
PATIENCE = 5.0
"""Seconds for its answer, for which it forks a process."""
EVERY = 5.0
"""Seconds for which an answer is valid."""
OVERTIME = 5.0
"""Seconds after its time limit in which PostgreSQL itself may stop a query."""
_REST = 20
"""Number of checks without a connection after which the thread ends."""
_SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")
"""The SSLRequest, which each PostgreSQL and each pooler answers with one byte before any login."""


class _Use:
    """A connection in use, with a duplicate of its socket, whose number can't be reused before a cut."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.socket = socket.socket(fileno=os.dup(connection.fileno()))
        self.server = self.socket.getpeername()
        self.since = time.monotonic()
        self.has_stepped_back = not connection.steps_back

    def cut(self) -> None:
        """End all waits on the connection, in any thread, with an error."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def step_back(self) -> None:
        """Lower the priority of the connection's process, which can't be undone: it is not used again."""
        self.has_stepped_back = True
        process = self.connection.info.backend_pid
        with suppress(OSError, ValueError):  # it belongs to another machine or user, or has just ended
            if self.socket.family == socket.AF_UNIX and _parent(process) == _listener(self.socket):
                os.setpriority(os.PRIO_PROCESS, process, NICE)
                self.connection.retired = True


def _parent(process: int) -> int:
    """Return the parent of a process. Raises: OSError if the process does not exist."""
    status = Path(f"/proc/{process}/stat").read_text()
    return int(status.rpartition(")")[2].split()[1])


def _listener(connection: socket.socket) -> int:
    """Return the process that listens at the other end of a Unix socket: PostgreSQL's main process."""
    size = struct.calcsize("3i")
    return int(struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))[0])


class Guard:
    """Watches the connections in use in this process."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Reset in a forked process, which does not have the parent's thread."""
        self._lock = threading.Lock()
        self._uses: set[_Use] = set()
        self._thread: threading.Thread | None = None
        self._heard: dict[Any, float] = {}  # time of each server's last answer, on the monotonic clock

    @contextmanager
    def over(self, connection: Connection) -> Iterator[None]:
        """Watch *connection* during the block; a cut raises psycopg2's error about a lost connection."""
        use = _Use(connection)
        with self._lock:
            self._uses.add(use)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="guard", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._uses.discard(use)
            use.socket.close()

    def cancel(self, connection: Connection) -> None:
        """Cancel the statement of *connection*; cut it if the server is silent: a cancel would wait."""
        with self._lock:
            use = next((use for use in self._uses if use.connection is connection), None)
        if use is None or self._answers(use):
            connection.cancel()
        else:
            self._cut(use)

    def _watch(self) -> None:
        idle = 0
        while True:
            time.sleep(TICK)
            with self._lock:
                uses = list(self._uses)
                idle = 0 if uses else idle + 1
                if idle > _REST:
                    self._thread = None
                    return
            self._look_at(uses)

    def _look_at(self, uses: list[_Use]) -> None:
        now = time.monotonic()
        silent = set()  # asked once for all waiting connections
        for use in uses:
            if now > use.connection.due:
                self._cut(use, late=True)
            elif now > use.since + LONG:
                if not use.has_stepped_back:
                    use.step_back()
                if use.server not in silent and not self._answers(use):
                    silent.add(use.server)
                if use.server in silent:
                    self._cut(use)

    def _cut(self, use: _Use, late: bool = False) -> None:
        with self._lock:
            if use in self._uses:
                use.connection.late = late
                use.cut()

    def _answers(self, use: _Use) -> bool:
        """Return whether the server of *use* answers, or answered a moment ago."""
        if time.monotonic() < self._heard.get(use.server, float("-inf")) + EVERY:
            return True
        alive = answers(use.socket.family, use.server)
        if alive:
            self._heard[use.server] = time.monotonic()
        return alive


def answers(family: int, server: Any) -> bool:
    """Return whether a PostgreSQL at the address *server* answers; True if it can't be checked."""
    end = time.monotonic() + PATIENCE
    while (left := end - time.monotonic()) > 0:
        try:
            with socket.socket(family) as probe:
                probe.settimeout(left)
                probe.connect(server)
                probe.sendall(_SSL_REQUEST)
                probe.recv(1)
                return True
        except BlockingIOError:  # the backlog of this Unix socket is full
            time.sleep(0.05)
        except (TimeoutError, ConnectionError, FileNotFoundError):
            return False
        except OSError:
            return True
    return False


GUARD = Guard()
os.register_at_fork(after_in_child=GUARD.reset)
