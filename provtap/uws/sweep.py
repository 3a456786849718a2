"""Removing what nobody can ask for any more: jobs past their destruction, files without a job."""

import logging

from provtap.uws.results import ResultStore
from provtap.uws.store import JobStore

log = logging.getLogger(__name__)

AGE = 600.0
"""Seconds that a file is left alone: it may belong to a job that is just being created."""


def sweep(store: JobStore, results: ResultStore, age: float = AGE) -> None:
    """Remove jobs past their destruction, and files that belong to no job; one process at a time does it.

    Raises: DatabaseUnavailable.
    """
    names = list(results.names(age))  # first: a job that is created later has no file among these
    with store.sweeping() as wanted:
        if wanted is None:
            return
        for name in sorted({*names} - wanted(names)):
            log.info("Removing %s: it belongs to no job", name)
            results.delete(name)
