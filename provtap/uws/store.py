"""The jobs in PostgreSQL: the only module that reads and writes `uws.*`.

Each change of phase is one compare-and-set statement: of a simultaneous ABORT, DELETE and end of a query, one
succeeds and the others fail.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from functools import cached_property
from math import ceil
from typing import Any

from provtap.config import Settings
from provtap.database.connect import Database, Transaction
from provtap.database.sql import load_statements
from provtap.errors import Forbidden, IllegalTransition, NotFound
from provtap.results.votable import legal
from provtap.uws.job import Attempt, Client, Job, JobReference, JobSummary, Phase, StoredResult
from provtap.uws.limits import give_way, holding, make_room, quota
from provtap.uws.parameters import NO_PARTS, Parts, columns, group, merged
from provtap.uws.results import ResultStore, result_store

SQL = load_statements("provtap.uws", "jobs.sql")
_ID = re.compile("[0-9a-f]{32}")
SUMMARY_BYTES = 20_000
"""Maximum characters of a job's parameters in a list."""
CHANNEL = "provtap_job"
"""The channel of PostgreSQL's notifications about changes of jobs (schema/0007_uws.sql)."""

# The phases from which a job may change to each phase (UWS 1.1, section 2.1.3).
BY_CLIENT = {
    Phase.QUEUED: [Phase.PENDING],
    Phase.ABORTED: [Phase.PENDING, Phase.QUEUED, Phase.EXECUTING],
}
BY_WORKER = {
    Phase.QUEUED: [Phase.EXECUTING],
    Phase.COMPLETED: [Phase.EXECUTING],
    Phase.ERROR: [Phase.EXECUTING],
    Phase.ABORTED: [Phase.EXECUTING],
}


@dataclass(frozen=True)
class Queue:
    """The state of the queue and of the workers."""

    jobs: Mapping[Phase, int]
    """Number of jobs by phase."""
    longest_queued: float
    """Seconds for which the first job of the queue has waited, or 0."""
    longest_executing: float
    """Seconds for which the longest job has executed, or 0."""
    workers: Mapping[str, float]
    """The live workers, and the seconds since the last heartbeat of each."""


@dataclass(frozen=True)
class JobStore:
    """The jobs of this service, and their files. All methods raise DatabaseUnavailable."""

    database: Database
    settings: Settings

    @cached_property
    def results(self) -> ResultStore:
        """The store of the files of jobs."""
        return result_store(self.settings)

    def create(
        self,
        client: Client,
        parameters: Mapping[str, Sequence[str]],
        *,
        job_id: str | None = None,
        parts: Parts = NO_PARTS,
        run: bool = False,
    ) -> Job:
        """Create a job, PENDING or directly QUEUED; its parameters are checked when it runs (TAP-7).

        The names of *parts* are made with a *job_id* from `new_id`. Jobs of anonymous clients at one address
        have no owner, so the oldest ended ones are removed to make room.

        Raises: Forbidden if *client* has too many jobs; TooLarge.
        """
        phase = Phase.QUEUED if run else Phase.PENDING
        values = columns(merged([], parameters), parts, self.settings)
        with self.database.transaction() as transaction:
            removed = make_room(transaction, client, self.settings, create=True, run=run)
            row = transaction.one(
                SQL["create"],
                job_id=job_id or new_id(),
                owner_id=client.owner,
                client=client.key,
                base_url=self.settings.root_url,
                phase=phase.value,
                execution_duration=ceil(self.settings.async_duration),
                retention=self.settings.job_retention,
                **values,
            )
        self._discard(removed)
        return Job.from_row(row)

    def job(self, job_id: str, client: Client | None) -> Job:
        """Return a job; the operator (None) may see all. Raises: NotFound; Forbidden for others' jobs."""
        with self.database.transaction() as transaction:
            return self._job(transaction, job_id, client)

    def phase(self, job_id: str, client: Client) -> Phase:
        """Return only the phase of a job, for waiting clients. Raises: as `job`."""
        with self.database.transaction() as transaction:
            return Phase(_read(transaction, "phase", job_id, client).phase)

    def references(
        self,
        client: Client,
        *,
        phases: Sequence[Phase] | None = None,
        after: datetime | None = None,
        last: int | None = None,
    ) -> list[JobReference]:
        """Return the jobs of *client*, the newest first: with *phases*, *after* an instant, the *last* n.

        Anonymous clients see the anonymous jobs created from their address.
        """
        with self.database.transaction() as transaction:
            among = None if phases is None else [phase.value for phase in phases]
            wanted = {"phases": among, "after": after, "last": last}
            rows = transaction.rows(SQL["references"], client=client.key, **wanted)
        return [JobReference(r.job_id, Phase(r.phase), r.run_id, r.owner_id, r.creation_time) for r in rows]

    def summaries(
        self,
        client: Client,
        *,
        limit: int,
        phases: Sequence[Phase] | None = None,
        after: tuple[datetime, str] | None = None,
    ) -> list[JobSummary]:
        """Return up to *limit* jobs of *client*, the newest first.

        *after* is the creation time and id of the job before them.
        """
        among = None if phases is None else [phase.value for phase in phases]
        key = None if after is None else [after[0].isoformat(), after[1]]
        values = {"phases": among, "after": key, "limit": limit, "length": SUMMARY_BYTES}
        with self.database.transaction() as transaction:
            rows = transaction.rows(SQL["summaries"], client=client.key, **values)
        return [
            JobSummary(
                job_id=row.job_id,
                phase=Phase(row.phase),
                creation_time=row.creation_time,
                start_time=row.start_time,
                end_time=row.end_time,
                result_size=row.result_size,
                error_message=row.error_message,
                query=group(row.parameters or ()).get("QUERY", [None])[0],
            )
            for row in rows
        ]

    def everybodys(self, *, limit: int, phases: Sequence[Phase] | None = None) -> list[Job]:
        """Return up to *limit* jobs of all clients, the newest first, for the operator."""
        among = None if phases is None else [phase.value for phase in phases]
        with self.database.transaction() as transaction:
            rows = transaction.rows(SQL["everybodys"], phases=among, limit=limit)
        return [Job.from_row(row) for row in rows]

    def set_parameters(
        self,
        job_id: str,
        client: Client,
        given: Mapping[str, Sequence[str]],
        parts: Parts = NO_PARTS,
    ) -> Job:
        """Replace or add parameters and files.

        Raises: as `job`; IllegalTransition unless the job is PENDING; Forbidden, as `create`; TooLarge.
        """
        with self.database.transaction() as transaction:
            removed = make_room(transaction, client, self.settings, but=job_id)
            job = self._job(transaction, job_id, client, "job_to_change")
            if job.phase != Phase.PENDING:
                raise _illegal(job, "change its parameters", "Create another job.")
            values = columns(merged(job.parameters, given), job.parts + parts, self.settings)
            row = transaction.one(SQL["set_parameters"], job_id=job_id, **values)
        self._discard(removed)
        return Job.from_row(row)

    def set_execution_duration(self, job_id: str, client: Client, seconds: int) -> Job:
        """Set the execution duration of a job that has not begun; 0, or more than the limit, sets the limit.

        Raises: as `job`; IllegalTransition.
        """
        limit = ceil(self.settings.async_duration_limit)
        granted = min(seconds, limit) or limit
        with self.database.transaction() as transaction:
            job = self._job(transaction, job_id, client)
            row = transaction.one(SQL["set_execution_duration"], job_id=job_id, seconds=granted)
            if row is None:
                raise _illegal(job, "change its execution duration", "Set it before the job runs.")
            return Job.from_row(row)

    def set_destruction(self, job_id: str, client: Client, instant: datetime) -> Job:
        """Set the destruction of a job to *instant*, or to the limit if that is earlier. Raises: as `job`."""
        with self.database.transaction() as transaction:
            self._job(transaction, job_id, client)
            values = {"instant": instant, "retention": self.settings.job_retention}
            row = transaction.one(SQL["set_destruction"], job_id=job_id, **values)
            return Job.from_row(row) if row else self._job(transaction, job_id, client)

    def run(self, job_id: str, client: Client) -> Job:
        """Put a PENDING job into the queue. Raises: as `job`; IllegalTransition; Forbidden, as `create`."""
        with self.database.transaction() as transaction:
            removed = []
            if self._job(transaction, job_id, client).phase == Phase.PENDING:
                removed = make_room(transaction, client, self.settings, run=True, but=job_id)
            row = _move(transaction, job_id, Phase.QUEUED, BY_CLIENT)
            if row is None:
                job = self._job(transaction, job_id, client)
                raise _illegal(job, "be run", "A job runs once; create another one.")
        self._discard(removed)
        return Job.from_row(row)

    def abort(self, job_id: str, client: Client | None) -> Job:
        """Abort a job without deleting it; an ended job is not changed. Raises: as `job`."""
        who = "the operator of the service" if client is None else "its user"
        with self.database.transaction() as transaction:
            job = self._job(transaction, job_id, client)
            said = {"error_message": f"The job was aborted by {who}.", "error_type": "fatal"}
            row = _move(transaction, job_id, Phase.ABORTED, BY_CLIENT, **said)
            return job if row is None else Job.from_row(row)

    def remove(self, job_id: str, client: Client) -> None:
        """Delete a job and its files. Raises: as `job`."""
        with self.database.transaction() as transaction:
            self._job(transaction, job_id, client)
            row = transaction.one(SQL["remove"], job_id=job_id)
        self._discard(Job.from_row(row).files if row else [])

    def claim(self, worker: str) -> tuple[Job, Attempt] | None:
        """Assign the next job of the queue to *worker* and return it, or None."""
        with self.database.transaction() as transaction:
            row = transaction.one(SQL["claim"], worker=worker, share=self.settings.client_executing)
        return row and (Job.from_row(row), Attempt(row.job_id, worker, row.attempt))

    def room(self, job: Job) -> int:
        """Return the remaining bytes for the client of *job*, 0 or more."""
        with self.database.transaction() as transaction:
            limit = quota(transaction, job.owner_id, self.settings)
            return max(0, limit.bytes - holding(transaction, job.client).size)

    def more_room(self, job: Job) -> int:
        """Remove the oldest ended job of the anonymous client of *job*, and return its size in bytes.

        Returns 0 if there is nothing to remove.
        """
        if job.owner_id is not None:
            return 0
        with self.database.transaction() as transaction:
            size, removed = give_way(transaction, job.client, but=job.job_id)
        self._discard(removed)
        return size

    def complete(self, attempt: Attempt, result: StoredResult) -> bool:
        """Record the result of the job; False if another attempt or request has changed the job."""
        values = {f"result_{name}": value for name, value in asdict(result).items()}
        return self._end(attempt, Phase.COMPLETED, **values)

    def fail(self, attempt: Attempt, message: str, *, transient: bool) -> bool:
        """Record the failure of the job; False as in `complete`."""
        kind = "transient" if transient else "fatal"
        return self._end(attempt, Phase.ERROR, error_message=legal(message), error_type=kind)

    def time_out(self, attempt: Attempt, message: str) -> bool:
        """Abort a job after its execution duration (UWS 1.1, section 2.1.4); False as in `complete`."""
        return self._end(attempt, Phase.ABORTED, error_message=message, error_type="fatal")

    def give_back(self, attempt: Attempt) -> bool:
        """Put a job back into its place in the queue; False as in `complete`."""
        return self._end(attempt, Phase.QUEUED)

    def lose(self, attempt: Attempt, message: str) -> None:
        """Queue a job with a lost attempt again; after the second time it fails with *message*."""
        values = {"worker": attempt.worker, "attempt": attempt.number, "message": legal(message)}
        with self.database.transaction() as transaction:
            transaction.execute(SQL["lose"], job_id=attempt.job_id, **values)

    def beat(self, worker: str) -> dict[Attempt, float]:
        """Record the heartbeat of *worker*, and return its jobs, with the seconds until their destruction."""
        with self.database.transaction() as transaction:
            transaction.execute(SQL["beat"], worker=worker)
            rows = transaction.rows(SQL["held"], worker=worker)
        return {Attempt(row.job_id, worker, row.attempt): row.seconds_left for row in rows}

    def leave(self, worker: str) -> None:
        """Record that *worker* ends."""
        with self.database.transaction() as transaction:
            transaction.execute(SQL["leave"], worker=worker)

    def queue(self) -> Queue:
        """Return the state of the queue and of the workers."""
        with self.database.transaction() as transaction:
            rows = {Phase(row.phase): row for row in transaction.rows(SQL["queue"])}
            workers = transaction.rows(SQL["workers"], seconds=self.settings.worker_lost)
        ages = {phase: max(0.0, row.age or 0.0) for phase, row in rows.items()}
        return Queue(
            {phase: row.number for phase, row in rows.items()},
            ages.get(Phase.QUEUED, 0.0),
            ages.get(Phase.EXECUTING, 0.0),
            {row.worker_id: max(0.0, row.silence) for row in workers},
        )

    def lost(self) -> list[Attempt]:
        """Return the attempts of workers without heartbeat for too long, and remove these workers."""
        with self.database.transaction() as transaction:
            rows = transaction.rows(SQL["lost"], seconds=self.settings.worker_lost)
            transaction.execute(SQL["forget"], seconds=self.settings.worker_lost)
        return [Attempt(row.job_id, row.worker, row.attempt) for row in rows]

    @contextmanager
    def sweeping(self) -> Iterator[Callable[[Iterable[str]], set[str]] | None]:
        """Yield, in one process at a time, a function that returns which of some files jobs still need.

        Jobs past their destruction are removed first.
        """
        with self.database.transaction() as transaction:
            if not transaction.rows(SQL["sweeping"])[0].mine:
                yield None
                return
            transaction.execute(SQL["expire"])

            def wanted(names: Iterable[str]) -> set[str]:
                return {row.name for row in transaction.rows(SQL["wanted"], names=list(names))}

            yield wanted

    def _discard(self, names: Iterable[str]) -> None:
        """Remove files of deleted jobs; the sweeper removes those that remain after a failure."""
        for name in names:
            self.results.delete(name)

    def _end(self, attempt: Attempt, to: Phase, **values: Any) -> bool:
        with self.database.transaction() as transaction:
            by = {"worker": attempt.worker, "attempt": attempt.number}
            return _move(transaction, attempt.job_id, to, BY_WORKER, **by, **values) is not None

    def _job(
        self, transaction: Transaction, job_id: str, client: Client | None, statement: str = "job"
    ) -> Job:
        return Job.from_row(_read(transaction, statement, job_id, client))


_UNSAID = dict.fromkeys(["worker", "attempt", "error_message", "error_type"])
_UNSAID |= dict.fromkeys(f"result_{field.name}" for field in fields(StoredResult))
"""Defaults of the optional values of a move: nothing."""


def new_id() -> str:
    """Return an id for a new job, which can't be guessed."""
    return secrets.token_hex(16)


def _move(
    transaction: Transaction, job_id: str, to: Phase, allowed: Mapping[Phase, Sequence[Phase]], **values: Any
) -> Any:
    """Change the phase of a job to *to* in one statement, and return its row; None if it is not allowed."""
    sources = [phase.value for phase in allowed[to]]
    return transaction.one(SQL["move"], job_id=job_id, to=to.value, allowed_from=sources, **_UNSAID | values)


def _read(transaction: Transaction, statement: str, job_id: str, client: Client | None) -> Any:
    """Return the row of a job if *client* may see it; anonymous jobs are visible to all who know the id.

    None is the operator, who may see all jobs.
    """
    row = transaction.one(SQL[statement], job_id=job_id) if _ID.fullmatch(job_id) else None
    if row is None:
        raise NotFound(f"There is no job {job_id[:40]}.", hint="It may have been destroyed.")
    if client is not None and row.owner_id is not None and row.owner_id != client.owner:
        raise Forbidden(f"Job {job_id} belongs to another account.")
    return row


def _illegal(job: Job, what: str, hint: str) -> IllegalTransition:
    return IllegalTransition(f"Job {job.job_id} is {job.phase} and cannot {what}.", hint=hint)
