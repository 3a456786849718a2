"""Files, runs and agents in lists, for the macros `entity`, `activity` and `agent`.

Each is made from a row with the columns of the tables (the fragments of `rows.sql`).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

COMPLETED = "completed"


@dataclass(frozen=True, kw_only=True)
class Run:
    """An execution of a program."""

    id: str
    name: str | None
    program: str | None = None
    """Program name from its description, or None."""
    version: str | None = None
    began: datetime | None = None
    ended: datetime | None = None
    status: str | None = None
    """None if no status is recorded."""
    exit_code: int | None = None
    host: str | None = None
    duration: float | None = None  # seconds
    role: str | None = None
    """In a list: the role of the file that it used or wrote."""

    @property
    def failed(self) -> bool:
        """Whether it ended unsuccessfully according to its status; running ones have not failed."""
        return self.status is not None and self.status.lower() not in {COMPLETED, "executing"}

    @classmethod
    def of(cls, row: Any) -> "Run":
        """Return the run in a row with the columns of the fragment `run`, and optionally `role`."""
        return cls(
            id=row.a_id,
            name=row.a_name,
            program=row.ad_name,
            version=row.ad_version,
            began=row.a_starttime,
            ended=row.a_endtime,
            status=row.r_status,
            exit_code=row.r_exitcode,
            host=row.r_host,
            duration=row.r_duration,
            role=getattr(row, "role", None),
        )


@dataclass(frozen=True, kw_only=True)
class File:
    """An entity: a file, a value, or a collection."""

    id: str
    name: str | None
    kind: str = "DatasetEntity"
    """The class in the model."""
    location: str | None = None
    value: str | None = None
    generated: datetime | None = None
    invalidated: datetime | None = None
    role: str | None = None
    """In a list: its role for the run that used or wrote it."""
    run: Run | None = None
    """The run that made it; None if it came from outside, or is not in the list."""
    distance: int | None = None
    """Number of runs between it and the file of the page."""

    @classmethod
    def of(cls, row: Any) -> "File":
        """Return the file in a row with the columns of the fragment `file`.

        The columns of `run`, `role` and `l_distance` are optional.
        """
        return cls(
            id=row.e_id,
            name=row.e_name,
            kind=row.e_class,
            location=row.e_location,
            value=row.e_value,
            generated=row.e_generatedattime,
            invalidated=row.e_invalidatedattime,
            role=getattr(row, "role", None),
            run=replace(Run.of(row), role=None) if getattr(row, "a_id", None) is not None else None,
            distance=getattr(row, "l_distance", None),
        )


@dataclass(frozen=True, kw_only=True)
class Who:
    """An agent: a person, an organization or software."""

    id: str
    name: str
    kind: str | None = None
    affiliation: str | None = None
    role: str | None = None

    @classmethod
    def of(cls, row: Any) -> "Who":
        """Return the agent in a row with the columns of the fragment `who`, and optionally `role`."""
        return cls(
            id=row.ag_id,
            name=row.ag_name,
            kind=row.ag_type,
            affiliation=row.ag_affiliation,
            role=getattr(row, "role", None),
        )
