"""Shares of a pool: whoever asks much leaves some connections to others, who ask little."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol
from weakref import WeakValueDictionary

from provtap.database.login import Connection
from provtap.disk import Room
from provtap.errors import DatabaseUnavailable


class Lender(Protocol):
    """What lends connections: a pool to anybody, a share of it to one client."""

    wait: float
    """Seconds that a request may wait for a connection."""
    room: Room
    """Disk for results that are read slowly."""

    def connection(self) -> AbstractContextManager[Connection]:
        """Lend a connection. Raises: DatabaseUnavailable."""

    def start(self, work: "Work") -> "Future[None]":
        """Let a thread do *work*, as soon as there is one; it takes its connection from whom it is given."""

    def busy(self) -> DatabaseUnavailable:
        """Return the error for who has waited too long."""


Work = Callable[[Lender], None]


class Share:
    """The connections of *pool* that one client may hold at once: *most* of them; and its *room* on disk."""

    def __init__(self, pool: Lender, most: int, room: Room) -> None:
        self._pool = pool
        self.wait = pool.wait
        self.room = room
        self._most = most
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(most)
        self._waiting: deque[Work] = deque()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection. Raises: DatabaseUnavailable."""
        if not self._free.acquire(timeout=self.wait):
            raise self.busy()
        try:
            with self._pool.connection() as connection:
                yield connection
        finally:
            self._give_back()

    def start(self, work: Work) -> "Future[None]":
        """Let a thread do *work*, once less than *most* of this client is done; it is given the pool."""
        ended: Future[None] = Future()

        def run(pool: Lender) -> None:
            try:
                if ended.set_running_or_notify_cancel():
                    work(pool)
                    ended.set_result(None)
            except BaseException as error:
                ended.set_exception(error)
            finally:
                self._give_back()

        with self._lock:
            if not self._free.acquire(blocking=False):
                self._waiting.append(run)
                return ended
        self._pool.start(run)
        return ended

    def busy(self) -> DatabaseUnavailable:
        """Return the error for who has waited too long."""
        return DatabaseUnavailable(
            f"The connections for queries are busy, or you hold as many as one client may: {self._most}.",
            hint="Try again in a minute.",
        )

    def _give_back(self) -> None:
        with self._lock:
            if not self._waiting:
                self._free.release()
                return
            following = self._waiting.popleft()
        self._pool.start(following)


class Shares:
    """The shares of a pool of *size* connections. A quarter of them is out of the reach of any one client.

    The results that one client reads slowly may take *client_bytes* of the pool's disk.
    """

    def __init__(self, pool: Lender, size: int, client_bytes: int) -> None:
        self._pool = pool
        self._client_bytes = client_bytes
        self._most = max(1, size - max(1, size // 4))
        self._lock = threading.Lock()
        self._known: WeakValueDictionary[str, Share] = WeakValueDictionary()

    def of(self, client: str) -> Share:
        """Return the share of *client*, the same one for all that he asks at once."""
        with self._lock:
            share = self._known.get(client)
            if share is None:
                share = Share(self._pool, self._most, Room(self._client_bytes, self._pool.room))
            self._known[client] = share
        return share
