"""A guard over connections in use: it cuts those whose server is frozen, and lets long queries step back.

libpq waits for as long as the other end holds the connection, and a process that is stopped, or that plans a
query, holds it without a word. So a thread asks the server of each long wait, over a connection of its own,
whether it still answers, and cuts those that don't, or that do not keep their time limit.

PostgreSQL has no priorities. Where its processes are on this machine and we may, the one of a long query gets
a higher nice value: a dozen of them then leave as much of the processors to short queries as one would.
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
"""Nice value of the process of a query of a user, once it has run for LONG."""

TICK = 0.5
"""Seconds between two looks."""
LONG = 1.0
"""Seconds of use after which the server of a connection is asked."""
PATIENCE = 5.0
"""Seconds that it gets to answer: a process that answers is forked for that."""
EVERY = 5.0
"""Seconds for which an answer counts."""
OVERTIME = 5.0
"""Seconds beyond its time limit that a query gets to be stopped by PostgreSQL itself."""
_REST = 20
"""Ticks without work after which the thread ends."""
_SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")
"""What every PostgreSQL, and every pooler, answers by one byte before it knows who asks (SSLRequest)."""


class _Use:
    """A connection in use. Its socket is ours as well, so that its number is not another's when it is cut."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.socket = socket.socket(fileno=os.dup(connection.fileno()))
        self.server = self.socket.getpeername()
        self.since = time.monotonic()
        self.has_stepped_back = not connection.steps_back

    def cut(self) -> None:
        """End every wait on the connection, in whatever thread, with an error."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def step_back(self) -> None:
        """Let the process of the connection yield to others; it is not used again, since it stays so."""
        self.has_stepped_back = True
        process = self.connection.info.backend_pid
        with suppress(OSError, ValueError):  # it is another machine's or user's, or has just ended
            if self.socket.family == socket.AF_UNIX and _parent(process) == _listener(self.socket):
                os.setpriority(os.PRIO_PROCESS, process, NICE)
                self.connection.retired = True


def _parent(process: int) -> int:
    """Return the parent of a process. Raises: OSError if there is none of this number."""
    status = Path(f"/proc/{process}/stat").read_text()
    return int(status.rpartition(")")[2].split()[1])


def _listener(connection: socket.socket) -> int:
    """Return the process that listens at the other end of a Unix socket: PostgreSQL's first one."""
    size = struct.calcsize("3i")
    return int(struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))[0])


class Guard:
    """Watches the connections of this process that are in use."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew, in a process that was just forked: the thread is its parent's."""
        self._lock = threading.Lock()
        self._uses: set[_Use] = set()
        self._thread: threading.Thread | None = None
        self._heard: dict[Any, float] = {}  # when a server last answered, by the monotonic clock

    @contextmanager
    def over(self, connection: Connection) -> Iterator[None]:
        """Watch *connection* during the block: waits in it end with psycopg2's error of a lost connection."""
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
        """Stop what *connection* runs, or cut it where the server does not answer: a cancel would wait."""
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
        silent = set()  # asked once, however many wait for it
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
        """Tell whether the server of *use* answers, or did so a moment ago."""
        if time.monotonic() < self._heard.get(use.server, float("-inf")) + EVERY:
            return True
        alive = answers(use.socket.family, use.server)
        if alive:
            self._heard[use.server] = time.monotonic()
        return alive


def answers(family: int, server: Any) -> bool:
    """Tell whether a PostgreSQL at the address *server* answers; True where only we can't ask."""
    end = time.monotonic() + PATIENCE
    while (left := end - time.monotonic()) > 0:
        try:
            with socket.socket(family) as probe:
                probe.settimeout(left)
                probe.connect(server)
                probe.sendall(_SSL_REQUEST)
                probe.recv(1)
                return True
        except BlockingIOError:  # others stand in line for this Unix socket
            time.sleep(0.05)
        except (TimeoutError, ConnectionError, FileNotFoundError):
            return False
        except OSError:
            return True
    return False


GUARD = Guard()
os.register_at_fork(after_in_child=GUARD.reset)
