"""Processes many items in several processes, with the results in the order of the items."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import chain, islice
from multiprocessing import get_context, parent_process
from typing import TypeVar

from provtap.errors import ProvtapError

Thing = TypeVar("Thing")
Result = TypeVar("Result")
FEW = 32
"""Up to this number of items no process is started, because starting it takes half a second."""
_AHEAD = 4
"""Maximum waiting results of each process, which are kept in memory."""


def each(
    work: Callable[[Thing], Result],
    things: Iterator[Thing],
    jobs: int,
    here: Callable[[Thing], bool] = lambda thing: False,
) -> Iterator[tuple[Thing, Callable[[], Result]]]:
    """Yield each item with a function that returns its result or raises its error.

    *jobs* processes work ahead. Items for which *here* is true are processed in this process, because others
    can't.
    """
    first = list(islice(things, FEW))
    all_ = chain(first, things)
    if jobs == 1 or len(first) < FEW:
        yield from ((thing, partial(work, thing)) for thing in all_)
        return
    # No fork: the parent has connections to PostgreSQL, and perhaps threads.
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_begin)
    try:
        waiting = deque[tuple[Thing, Callable[[], Result]]]()
        for thing in all_:
            own = here(thing)
            result = partial(work, thing) if own else partial(_result, pool.submit(work, thing).result)
            waiting.append((thing, result))
            if len(waiting) > _AHEAD * jobs:
                yield waiting.popleft()
        yield from waiting
    finally:
        pool.shutdown(cancel_futures=True)


def _result(result: Callable[[], Result]) -> Result:
    try:
        return result()
    except BrokenProcessPool as error:
        raise ProvtapError(
            "A process that was reading documents was killed, perhaps because memory ran out.",
            hint="Use --jobs 1 to read one document at a time.",
        ) from error


def _begin() -> None:
    """Leave Ctrl-C to the parent, which stops the processes; if it is killed, they stop by themselves."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
