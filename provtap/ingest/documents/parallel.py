"""Work on many things in several processes, with the results in the order of the things."""

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
"""Things that are not worth a process, which takes half a second to start."""
_AHEAD = 4
"""Results a process that may wait to be asked for: what is read ahead is held in memory."""


def each(
    work: Callable[[Thing], Result],
    things: Iterator[Thing],
    jobs: int,
    here: Callable[[Thing], bool] = lambda thing: False,
) -> Iterator[tuple[Thing, Callable[[], Result]]]:
    """Yield each thing with what gives its result or raises its error; *jobs* processes work ahead.

    Things for which *here* is true are worked on in this process, since no other one can.
    """
    first = list(islice(things, FEW))
    all_ = chain(first, things)
    if jobs == 1 or len(first) < FEW:
        yield from ((thing, partial(work, thing)) for thing in all_)
        return
    # Not a fork: the parent has connections to PostgreSQL, and perhaps threads.
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
    """Leave Ctrl-C to the parent, which ends the processes; if it is killed, they end by themselves."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
