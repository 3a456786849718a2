"""A query to PostgreSQL that is shared by simultaneous callers, with a time limit for each."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from provtap.errors import DatabaseUnavailable

T = TypeVar("T")


class SharedQuestion(Generic[T]):
    """Runs one query at a time; callers that arrive meanwhile get the same answer.

    A frozen server neither answers nor fails, so each caller waits for at most *patience* seconds.
    """

    def __init__(self, ask: Callable[[], T], patience: float) -> None:
        self._ask = ask
        self._patience = patience
        self._thread = ThreadPoolExecutor(1)
        self._lock = threading.Lock()
        self._asked: Future[T] | None = None

    def answer(self) -> T:
        """Return the answer. Raises: DatabaseUnavailable, and the errors of the query."""
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = self._thread.submit(self._ask)
            asked = self._asked
        try:
            return asked.result(self._patience)
        except TimeoutError as error:
            raise DatabaseUnavailable("PostgreSQL does not answer.") from error
