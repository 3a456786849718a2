"""Runs as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

ENVIRONMENT = "environment"
"""Role of the software environment in runs of ctapipe and logprov."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a run."""

    name: str
    value: str
    unit: str | None = None
    default: str | None = None


@dataclass(frozen=True)
class Thing:
    """A thing that a run used or generated."""

    id: str
    name: str | None
    role: str | None
    digests: frozenset[str] = frozenset()
    """Checksums of its content, each like `sha256:...`."""
    comment: str | None = None
    made_by: str | None = None
    """The run that made it."""
    made_as: str | None = None
    """The role in which that run made it."""
    location: str | None = None
    is_collection: bool = False

    def __str__(self) -> str:
        return self.id if self.name is None else f"{self.name} ({self.id})"


@dataclass(frozen=True, kw_only=True)
class Run:
    """An activity, with what is recorded of it."""

    id: str
    name: str | None = None
    program: str | None = None
    version: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    status: str | None = None
    exit_code: int | None = None
    host: str | None = None
    duration: float | None = None
    """Seconds."""
    parameters: tuple[Parameter, ...] = ()
    configuration: tuple[str, ...] = ()
    """Paths of its configuration files, which are parameters, too."""
    inputs: tuple[Thing, ...] = ()
    outputs: tuple[Thing, ...] = ()
    environment: str | None = None
    """The published description of its software environment."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Versions of the packages of its environment."""
    history: tuple["Run", ...] = ()
    """The runs behind it, the nearest first; those that another run has behind it, too, can be left out."""
    product: Thing | None = None
    """The product for which the run was compared, if any."""
