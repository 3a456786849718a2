"""Jobs as values (UWS 1.1, section 2), without I/O."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Any

from provtap.query.request import REPEATED, request_url
from provtap.uws.parameters import Parts, group


class Phase(StrEnum):
    """The phases of jobs in this service (UWS 1.1, section 2.1.3)."""

    PENDING = "PENDING"
    QUEUED = "QUEUED"
    EXECUTING = "EXECUTING"
    COMPLETED = "COMPLETED"
    ERROR = "ERROR"
    ABORTED = "ABORTED"

    @property
    def unfinished(self) -> bool:
        """Whether a job in this phase may change to another one."""
        return self in {Phase.PENDING, Phase.QUEUED, Phase.EXECUTING}


NEVER_HERE = frozenset({"UNKNOWN", "HELD", "SUSPENDED", "ARCHIVED"})
"""The other phases of UWS 1.1: clients may ask for them, but no job of this service has one."""

RESULT = "result"
"""The id of the only result of a job (TAP 1.1, section 2.4)."""


@dataclass(frozen=True)
class Client:
    """The client of a request."""

    owner: str | None
    """Name of the authenticated account; None for an anonymous client."""
    address: str

    @property
    def key(self) -> str:
        """The key for limits: a name or an address."""
        return f"address {_counted(self.address)}" if self.owner is None else f"owner {self.owner}"


def _counted(address: str) -> str:
    """Return the part of an IP address that identifies clients: an IPv6 host chooses its last 64 bits."""
    try:
        ip = ip_address(address)
    except ValueError:  # a proxy may send anything
        return address[:100]
    if ip.version == 4 or ip.ipv4_mapped:
        return str(ip)
    return str(ip_network((ip, 64), strict=False))


@dataclass(frozen=True)
class StoredResult:
    """The location and metadata of the result of a job."""

    name: str
    """The name in the result store."""
    mime: str
    size: int
    """Bytes."""
    file: str
    """The file name for downloads."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """The state of one job when it was read."""

    job_id: str
    owner_id: str | None
    client: str
    """The key of its client for limits."""
    run_id: str | None
    phase: Phase
    creation_time: datetime
    start_time: datetime | None
    end_time: datetime | None
    execution_duration: int
    """Execution duration, in seconds of wall clock."""
    destruction: datetime
    parameters: tuple[tuple[str, str], ...]
    """Name in upper case and value of each parameter, in order."""
    parts: Parts
    """Its files, and the total size of all files ever uploaded for it."""
    base_url: str | None
    """Root of the site, as seen by the client that created the job."""
    result: StoredResult | None
    error_message: str | None
    error_type: str | None
    """transient: a repetition may succeed; fatal: it won't."""

    @classmethod
    def from_row(cls, row: Any) -> "Job":
        """Return the job in *row* of uws.job."""
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

    def request_url(self, tap_url: str) -> str:
        """Return the URL for *request* of Data Origin (ORIG-1), below the service's *tap_url*.

        Whoever knows the URL of an anonymous job can delete it: its result has that of the same query at
        `/sync` instead.
        """
        if self.owner_id is not None:
            return f"{tap_url}/async/{self.job_id}"
        given = self.grouped()
        return request_url(f"{tap_url}/sync", {name: given[name] for name in REPEATED if name in given})

    def grouped(self) -> dict[str, list[str]]:
        """Return the parameters in the form of a request: all values of each name."""
        return group(self.parameters)


@dataclass(frozen=True)
class Attempt:
    """One start of a job by a worker, which may change the job until there is another attempt."""

    job_id: str
    worker: str
    number: int


@dataclass(frozen=True, kw_only=True)
class JobSummary:
    """One job in a list for people."""

    job_id: str
    phase: Phase
    creation_time: datetime
    start_time: datetime | None
    end_time: datetime | None
    result_size: int | None
    """Bytes."""
    error_message: str | None
    query: str | None
    """None if the job has no query, or a very long one."""


@dataclass(frozen=True)
class JobReference:
    """One line of the list of jobs."""

    job_id: str
    phase: Phase
    run_id: str | None
    owner_id: str | None
    creation_time: datetime
