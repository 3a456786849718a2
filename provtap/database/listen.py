"""LISTEN: receives notifications of other processes, over one connection in each process."""

import logging
import os
import select
import threading
from collections.abc import Callable

import psycopg2

from provtap.database.connect import Connection
from provtap.database.guard import GUARD
from provtap.database.login import Login
from provtap.database.sql import identifier
from provtap.errors import ProvtapError

log = logging.getLogger(__name__)

LONGEST_PAUSE = 5.0
"""Maximum seconds between two attempts to connect."""
SILENCE = 60.0
"""Seconds without a notification after which the connection is tested, because it may be cut off."""


class Listener:
    """A thread that calls *hear* with each notification of *channel*.

    After each connect it calls *hear* with None, because notifications may have been missed. Without a
    database it tries again until it is closed.
    """

    def __init__(self, login: Login, channel: str, hear: Callable[[str | None], None]) -> None:
        self._login = login
        self._channel = channel
        self._hear = hear
        self._closed = threading.Event()
        self._woken, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._run, name="listen", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and its connection, without waiting; also usable in a signal handler."""
        if not self._closed.is_set():
            os.write(self._wake, b".")
            self._closed.set()  # last, because the thread closes the pipe

    def _run(self) -> None:
        try:
            self._stay()
        finally:
            os.close(self._woken)
            os.close(self._wake)

    def _stay(self) -> None:
        pause = 0.1
        while not self._closed.is_set():
            try:
                connection = self._login.connect()
                pause = 0.1
                try:
                    self._listen(connection)
                finally:
                    connection.close()
            except (psycopg2.Error, ProvtapError, OSError) as error:
                why = (
                    error.for_operator() if isinstance(error, ProvtapError) else " ".join(str(error).split())
                )
                log.warning("Notifications on %s are not received: %s", self._channel, why)
                self._closed.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    def _listen(self, connection: Connection) -> None:
        """Pass on notifications until `close`. Raises: psycopg2.Error if the connection is lost."""
        connection.autocommit = True
        with connection.cursor() as cursor:
            with GUARD.over(connection):
                cursor.execute(f"LISTEN {identifier(self._channel)}")
            self._hear(None)
            while not self._closed.is_set():
                if not self._poll(connection):
                    with GUARD.over(connection):
                        cursor.execute("SELECT")
                connection.poll()
                while connection.notifies:
                    self._hear(connection.notifies.pop(0).payload)

    def _poll(self, connection: Connection) -> bool:
        """Wait for a notification or `close`; False after SILENCE. select is limited to 1 024 files."""
        poll = select.poll()
        for file in (connection.fileno(), self._woken):
            poll.register(file, select.POLLIN)
        return bool(poll.poll(SILENCE * 1000))
