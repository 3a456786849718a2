"""The memory limit of one PostgreSQL process: a second protection, besides the limits of the translator."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from provtap.config import Settings

SHARE = 0.5
"""The part of the machine's memory for all queries together; web processes and caches need the rest."""
PARALLEL = 8
"""Processes that PostgreSQL adds for parallel queries (max_parallel_workers), each with the same limit."""
LEAST = 256 << 20
"""Minimum bytes for PostgreSQL's own work: building an index takes 64 MB, a load somewhat more."""
CODE = 32 << 20
"""Address space of an idle process in bytes, beyond the shared memory: 22 MB measured."""
_CGROUPS = {"": ("sys/fs/cgroup", "memory.max"), "memory": ("sys/fs/cgroup/memory", "memory.limit_in_bytes")}
"""Controller in /proc/self/cgroup -> directory of its groups and file of the limit, for versions 2 and 1."""


def backend_bytes(settings: Settings) -> int:
    """Return the memory limit of a PostgreSQL process in bytes, beyond the shared memory."""
    return settings.backend_bytes or share(machine_bytes(), connections(settings))


def connections(settings: Settings) -> int:
    """Return the maximum number of users' queries that `provtap serve` runs at once."""
    return (
        settings.processes * (settings.read_connections + settings.quick_connections)
        + settings.job_connections
    )


def share(total: int, queries: int) -> int:
    """Return the share of *total* bytes for each of *queries* simultaneous queries."""
    return max(LEAST, int(total * SHARE) // (queries + PARALLEL))


def address_space(own: int, shared: int) -> int:
    """Return the limit of address space for *own* bytes besides PostgreSQL's *shared* memory."""
    return own + shared + CODE


def is_limited(process: int) -> bool:
    """Return whether *process* is a PostgreSQL on this machine with a limit of address space."""
    about = Path("/proc", str(process))
    try:
        limits = (about / "limits").read_text()
        return (about / "comm").read_text() == "postgres\n" and not re.search(_UNLIMITED, limits)
    except OSError:  # it runs elsewhere
        return False


_UNLIMITED = "Max address space +unlimited"


def machine_bytes() -> int:
    """Return the memory available to this process in bytes: of the machine, or of its cgroup."""
    return min([os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), *cgroup_limits()])


def cgroup_limits(root: Path = Path("/")) -> Iterator[int]:
    """Yield the limits of the control groups of this process, below *root*, and of their parents.

    In a container the path of the group may be the path on the host; the limit is then at the top.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for controller in _CGROUPS.keys() & controllers.split(","):
            top, name = _CGROUPS[controller]
            group = Path(path.lstrip("/"))
            for level in (group, *group.parents):
                yield from _limit(root / top / level / name)


def _limit(file: Path) -> Iterator[int]:
    try:
        yield int(file.read_text())
    except (OSError, ValueError):  # no such group, or "max"
        return
