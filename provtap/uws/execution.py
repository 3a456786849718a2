"""The execution of one job: its query, its result file, and all possible ends."""

import errno
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from enum import Enum
from typing import BinaryIO

from provtap.config import Settings
from provtap.database.connect import Database
from provtap.errors import (
    DatabaseUnavailable,
    InternalError,
    NotConnected,
    NotFound,
    ProvtapError,
    QueryCancelled,
    QueryTimeout,
    TooLarge,
)
from provtap.query import ResultBody, run
from provtap.query.request import QueryRequest
from provtap.tableset import Tableset
from provtap.uws.job import Attempt, Job, StoredResult
from provtap.uws.results import ResultStore
from provtap.uws.store import JobStore

log = logging.getLogger(__name__)

RETRY = 0.5
"""Seconds between two attempts to reach PostgreSQL while it is unavailable."""


class Stop(Enum):
    """Why an execution was stopped."""

    WITHDRAWN = "The job was aborted, deleted or destroyed, or another worker has it."
    LEAVING = "The worker ends."
    TIME = "The execution duration is used up."


@dataclass(frozen=True)
class Workshop:
    """The objects shared by the executions of one worker."""

    settings: Settings
    tableset: Tableset
    database: Database
    store: JobStore
    results: ResultStore
    leaving: threading.Event
    """Set when the worker stops."""


class Execution:
    """A job that executes in its own thread; any thread may stop it."""

    def __init__(self, job: Job, attempt: Attempt, workshop: Workshop) -> None:
        self.job = job
        self.attempt = attempt
        self._workshop = workshop
        self._deadline = time.monotonic() + job.execution_duration
        self._destruction = float("inf")
        self._stopped: Stop | None = None

    def stop(self, why: Stop) -> None:
        """Stop the query, and end the job according to *why*; only the first reason has an effect."""
        self._stopped = self._stopped or why

    def destroy_in(self, seconds: float) -> None:
        """Stop at the destruction of the job."""
        self._destruction = time.monotonic() + seconds

    def stopped(self) -> bool:
        """Return whether to stop; called several times each second."""
        now = time.monotonic()
        if now >= self._destruction:
            self.stop(Stop.WITHDRAWN)
        elif now >= self._deadline:
            self.stop(Stop.TIME)
        return self._stopped is not None

    def execute(self) -> None:
        """Run the query, store the result, and record the end; raises nothing."""
        log.info("Job %s begins, attempt %d", self.job.job_id, self.attempt.number)
        try:
            end = self._completed(self._write())
        except Exception as error:
            end = self._ended(error)
        self._tell(end)

    def _write(self) -> StoredResult:
        """Write the result to disk, and return it."""
        shop = self._workshop
        with ExitStack() as open_files:
            parts = {
                part: open_files.enter_context(self._upload(part, name))
                for part, name in self.job.parts.names.items()
            }
            settings = replace(shop.settings, base_url=self.job.base_url or shop.settings.base_url)
            asked = QueryRequest.from_parameters(self.job.grouped(), parts)
            result = run(
                replace(asked, url=self.job.request_url(f"{settings.root_url}/tap")),
                shop.tableset,
                shop.database,
                settings,
                self.stopped,
                duration=self.job.execution_duration,
            )
        name = f"{self.attempt.job_id}.{self.attempt.number}.result"
        with closing(result.body) as body:
            size = shop.results.put(name, self._pieces(body, shop.store.room(self.job)))
        return StoredResult(name, result.media_type, size, result.file_name)

    def _upload(self, part: str, name: str) -> BinaryIO:
        """Return the file *part* of the job."""
        try:
            return self._workshop.results.open(name).content
        except OSError as error:
            raise NotFound(f"The file {part!r} of this job was lost.") from error

    def _pieces(self, body: ResultBody, room: int) -> Iterator[bytes]:
        """Yield a complete result of up to *room* bytes, or raise: a file must not be incomplete."""
        left = room
        for piece in body:
            if self.stopped():
                raise QueryCancelled("The job was stopped.")
            left -= len(piece)
            while left < 0:
                more = self._workshop.store.more_room(self.job)
                if not more:
                    raise TooLarge(
                        f"The result has more than the {room} bytes that your jobs may still use.",
                        hint="Delete some of them, or select less.",
                    )
                left += more
                room += more
            yield piece
        if body.failure is not None:
            raise body.failure

    def _completed(self, result: StoredResult) -> Callable[[], object]:
        log.info("Job %s has its result: %d bytes", self.job.job_id, result.size)
        return lambda: self._workshop.store.complete(self.attempt, result)

    def _ended(self, error: Exception) -> Callable[[], object]:
        """Return the change for a job without a result."""
        store, attempt = self._workshop.store, self.attempt
        if isinstance(error, DatabaseUnavailable):
            self._await_database()
        stopped = self._stopped
        said = error.for_operator() if isinstance(error, ProvtapError) else error
        log.info("Job %s has no result: %s", attempt.job_id, stopped.value if stopped else said)
        match stopped, error:
            case Stop.WITHDRAWN, _:
                return lambda: None
            case Stop.LEAVING, _:
                return lambda: store.give_back(attempt)
            case (Stop.TIME, _) | (_, QueryTimeout()):  # PostgreSQL may check the time first
                seconds = self.job.execution_duration
                ended = f"The job was stopped after its execution duration of {seconds} seconds."
                return lambda: store.time_out(attempt, ended)
            case _, NotConnected():  # nothing was executed
                return lambda: store.give_back(attempt)
            case _, DatabaseUnavailable():
                error.record(log)
                return lambda: store.lose(attempt, str(error))
        message, transient = _reason(error)
        return lambda: store.fail(attempt, message, transient=transient)

    def _await_database(self) -> None:
        """Wait until queries can run again, or the execution is stopped.

        Otherwise the next attempt would fail at once in the same way.
        """
        while not self.stopped():
            try:
                with self._workshop.database.reader.connection():
                    return
            except DatabaseUnavailable as error:
                log.warning("Job %s waits: %s", self.job.job_id, error.for_operator())
            if self._workshop.leaving.wait(RETRY):
                self.stop(Stop.LEAVING)

    def _tell(self, end: Callable[[], object]) -> None:
        """Record the end of the job as soon as PostgreSQL is available; otherwise the job counts as lost."""
        while True:
            try:
                end()
                return
            except DatabaseUnavailable as error:
                why = error.for_operator()
                log.warning("The end of job %s cannot be stored yet: %s", self.job.job_id, why)
                if self._workshop.leaving.wait(RETRY):
                    return


def _reason(error: Exception) -> tuple[str, bool]:
    """Return the reason why a job failed, and whether a repetition may succeed."""
    match error:
        case ProvtapError():
            error.record(log)
            return str(error), error.status >= 500
        case OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EFBIG):
            log.error("The result of a job cannot be stored: %s", error)
            return "The server has not enough disk space to store the result.", True
    return str(InternalError.of(error, log, "A job")), True
