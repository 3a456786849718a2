"""What a job is (UWS 1.1, section 2): no I/O."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Any

from provtap.uws.parameters import Parts, group


class Phase(StrEnum):
    """The phases that a job of this service can be in (UWS 1.1, section 2.1.3)."""

    PENDING = "PENDING"
    QUEUED = "QUEUED"
    EXECUTING = "EXECUTING"
    COMPLETED = "COMPLETED"
    ERROR = "ERROR"
    ABORTED = "ABORTED"

    @property
    def unfinished(self) -> bool:
        """Whether a job in this phase may come into another one."""
        return self in {Phase.PENDING, Phase.QUEUED, Phase.EXECUTING}


NEVER_HERE = frozenset({"UNKNOWN", "HELD", "SUSPENDED", "ARCHIVED"})
"""The other phases of UWS 1.1: clients may ask for them, and no job of this service is in one."""

RESULT = "result"
"""The id of the one result of a job (TAP 1.1, section 2.4)."""


@dataclass(frozen=True)
class Client:
    """Who asks."""

    owner: str | None
    """Name of somebody who proved to be that; None for anybody."""
    address: str

    @property
    def key(self) -> str:
        """Whom the limits count: a name, or an address."""
        return f"address {_counted(self.address)}" if self.owner is None else f"owner {self.owner}"


def _counted(address: str) -> str:
    """Return the part of an IP address that tells clients apart: one host of IPv6 has the last 64 bits."""
    try:
        ip = ip_address(address)
    except ValueError:  # a proxy may send anything
        return address[:100]
    if ip.version == 4 or ip.ipv4_mapped:
        return str(ip)
    return str(ip_network((ip, 64), strict=False))


@dataclass(frozen=True)
class StoredResult:
    """Where the result of a job lies, and what it is."""

    name: str
    """Name in the result store."""
    mime: str
    size: int
    """Bytes."""
    file: str
    """What to call it where it is saved."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job, as it was when it was read."""

    job_id: str
    owner_id: str | None
    client: str
    """Whom the limits count."""
    run_id: str | None
    phase: Phase
    creation_time: datetime
    start_time: datetime | None
    end_time: datetime | None
    execution_duration: int
    """Seconds of wall clock that the job may execute."""
    destruction: datetime
    parameters: tuple[tuple[str, str], ...]
    """Name in upper case and value of each parameter, in order."""
    parts: Parts
    """The files that it has, and the size of all that ever came with it."""
    base_url: str | None
    """Root of the site, as the client saw it who created the job."""
    result: StoredResult | None
    error_message: str | None
    error_type: str | None
    """transient: the same may succeed later; fatal: it won't."""

    @classmethod
    def from_row(cls, row: Any) -> "Job":
        """Return the job that *row* of uws.job describes."""
        stored = None
        if row.result_name is not None:
            stored = StoredResult(row.result_name, row.result_mime, row.result_size, row.result_file)
        return cls(
            job_id=row.job_id,
            owner_id=row.owner_id,
            client=row.client,
            run_id=row.run_id,
            phase=Phase(row.phase),
            creation_time=row.creation_time,
            start_time=row.start_time,
            end_time=row.end_time,
            execution_duration=row.execution_duration,
            destruction=row.destruction,
            parameters=tuple((name, value) for name, value in row.parameters),
            parts=Parts(row.parts, row.upload_size),
            base_url=row.base_url,
            result=stored,
            error_message=row.error_message,
            error_type=row.error_type,
        )

    @property
    def files(self) -> list[str]:
        """The names of all its files in the result store."""
        return [*self.parts.names.values(), *([] if self.result is None else [self.result.name])]

    def grouped(self) -> dict[str, list[str]]:
        """Return the parameters as those of a request: every value of each name."""
        return group(self.parameters)


@dataclass(frozen=True)
class Attempt:
    """One start of one job by one worker, whose word on the job holds until there is another attempt."""

    job_id: str
    worker: str
    number: int


@dataclass(frozen=True, kw_only=True)
class JobSummary:
    """One job as a person wants to see it in a list."""

    job_id: str
    phase: Phase
    creation_time: datetime
    start_time: datetime | None
    end_time: datetime | None
    result_size: int | None
    """Bytes."""
    error_message: str | None
    query: str | None
    """None: the job has none, or a very long one."""


@dataclass(frozen=True)
class JobReference:
    """One line of the list of jobs."""

    job_id: str
    phase: Phase
    run_id: str | None
    owner_id: str | None
    creation_time: datetime
