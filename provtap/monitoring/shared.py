"""A question to PostgreSQL that many may ask, and for whose answer nobody waits long."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from provtap.errors import DatabaseUnavailable

T = TypeVar("T")


class SharedQuestion(Generic[T]):
    """Asks once at a time: whoever comes meanwhile gets the same answer.

    A server that is frozen answers nothing and refuses nothing, so each waits for *patience* seconds at most.
    """

    def __init__(self, ask: Callable[[], T], patience: float) -> None:
        self._ask = ask
        self._patience = patience
        self._thread = ThreadPoolExecutor(1)
        self._lock = threading.Lock()
        self._asked: Future[T] | None = None

    def answer(self) -> T:
        """Return the answer. Raises: DatabaseUnavailable, and what the question raises."""
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = self._thread.submit(self._ask)
            asked = self._asked
        try:
            return asked.result(self._patience)
        except TimeoutError as error:
            raise DatabaseUnavailable("PostgreSQL does not answer.") from error
