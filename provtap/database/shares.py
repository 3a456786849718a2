"""Shares of a pool, so that clients with many queries leave connections to others.

Clients with quick queries have a second, small pool while the first one is busy: their queries do not wait
for long ones, however many clients send these.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol
from weakref import WeakValueDictionary

from provtap.database.login import Connection
from provtap.disk import Room
from provtap.errors import DatabaseUnavailable


class Lender(Protocol):
    """A source of connections: a pool for all clients, or the share of one client."""

    wait: float
    """Maximum seconds that a request waits for a connection."""
    room: Room
    """Disk space for results that are read slowly."""

    def connection(self) -> AbstractContextManager[Connection]:
        """Lend a connection. Raises: DatabaseUnavailable."""

    def start(self, work: "Work") -> "Future[None]":
        """Run *work* in a thread as soon as one is free, with the pool to get its connection from."""

    def busy(self) -> DatabaseUnavailable:
        """Return the error for who has waited too long."""


Work = Callable[[Lender], None]

QUICK = 0.5
"""Maximum average seconds of a client's queries that count as quick."""
_WEIGHT = 0.3
"""Weight of the last query in the average: after a long query, about ten quick ones make it quick again."""
REMEMBERED = 10_000
"""Maximum clients whose average a process remembers."""


class SharedPool(Lender, Protocol):
    """A pool with shares."""

    def is_busy(self) -> bool:
        """Return whether all connections are in use."""


class Share:
    """One client's share of *pool*: at most *most* connections at once, and *room* on disk.

    While *pool* is busy, a client with quick queries gets one connection of *quick_pool*.
    """

    def __init__(self, pool: SharedPool, quick_pool: Lender | None, most: int, room: Room) -> None:
        self._pool = pool
        self._quick_pool = quick_pool
        self._average: float | None = None  # seconds
        self._running = 0
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
            pool = self._lender()  # before this query is counted
            with self._counted(), pool.connection() as connection:
                yield connection
        finally:
            self._give_back()

    def start(self, work: Work) -> "Future[None]":
        """Run *work* with the pool in a thread, once the client has fewer than *most* running."""
        ended: Future[None] = Future()

        def run(pool: Lender) -> None:
            try:
                if ended.set_running_or_notify_cancel():
                    with self._counted():
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
        self._lender().start(run)
        return ended

    def busy(self) -> DatabaseUnavailable:
        """Return the error for who has waited too long."""
        return DatabaseUnavailable(
            "All connections for queries are busy, or you have reached the limit of one client:"
            f" {self._most}.",
            hint="Try again in a minute.",
        )

    def _lender(self) -> Lender:
        """Return the pool for the next query."""
        if self._quick_pool is None or not self._pool.is_busy():
            return self._pool
        is_quick = self._average is not None and self._average <= QUICK and not self._running
        return self._quick_pool if is_quick else self._pool

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Measure the duration of a query for the average."""
        began = time.monotonic()
        with self._lock:
            self._running += 1
        try:
            yield
        finally:
            taken = time.monotonic() - began
            with self._lock:
                self._running -= 1
                last = taken if self._average is None else self._average
                self._average = last + _WEIGHT * (taken - last)

    def _give_back(self) -> None:
        with self._lock:
            if not self._waiting:
                self._free.release()
                return
            following = self._waiting.popleft()
        self._lender().start(following)


class Shares:
    """The shares of a pool of *size* connections, of which one client can use at most three quarters.

    Results that one client reads slowly may take *client_bytes* of the pool's disk space.
    """

    def __init__(
        self, pool: SharedPool, size: int, client_bytes: int, quick_pool: Lender | None = None
    ) -> None:
        self._pool = pool
        self._quick_pool = quick_pool
        self._client_bytes = client_bytes
        self._most = max(1, size - max(1, size // 4))
        self._lock = threading.Lock()
        self._known: WeakValueDictionary[str, Share] = WeakValueDictionary()
        self._recent: OrderedDict[str, Share] = OrderedDict()  # the most recently used one is last

    def of(self, client: str) -> Share:
        """Return the share of *client*, the same for all its simultaneous requests."""
        with self._lock:
            share = self._known.get(client)
            if share is None:
                room = Room(self._client_bytes, self._pool.room)
                share = self._known[client] = Share(self._pool, self._quick_pool, self._most, room)
            self._recent[client] = share
            self._recent.move_to_end(client)
            if len(self._recent) > REMEMBERED:
                self._recent.popitem(last=False)
        return share
