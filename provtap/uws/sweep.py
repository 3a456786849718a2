"""Removing what nobody can ask for any more: jobs past their destruction, files without a job."""

import logging

from provtap.uws.job import Job, Phase
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
    with store.sweeping() as kept:
        if kept is None:
            return
        jobs = kept({name.partition(".")[0] for name in names})
        for name in names:
            if not _is_wanted(name, jobs.get(name.partition(".")[0])):
                log.info("Removing %s: it belongs to no job", name)
                results.delete(name)


def _is_wanted(name: str, job: Job | None) -> bool:
    """Tell whether a file still serves: an upload until the job has ended, a result from then on."""
    if job is None:
        return False
    return job.phase == Phase.EXECUTING or (
        name in job.files if job.phase.unfinished else job.result is not None and name == job.result.name
    )
