"""How much memory one process of PostgreSQL may have: a second lock, behind the limits of the translator."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from provtap.config import Settings

SHARE = 0.5
"""The part of the machine's memory that all queries together may take: web processes and caches need some."""
PARALLEL = 8
"""Processes that PostgreSQL adds for parallel queries (max_parallel_workers), each with the same limit."""
LEAST = 256 << 20
"""Bytes below which PostgreSQL's own work would suffer: building an index takes 64 MB, a load some more."""
CODE = 32 << 20
"""Bytes of address space of a process that has done nothing yet, beyond the shared memory: 22 MB measured."""
_CGROUPS = {"": ("sys/fs/cgroup", "memory.max"), "memory": ("sys/fs/cgroup/memory", "memory.limit_in_bytes")}
"""Controller in /proc/self/cgroup -> where its groups are, and the file of a limit: versions 2 and 1."""


def backend_bytes(settings: Settings) -> int:
    """Return the bytes that a process of PostgreSQL may have for itself, beyond the shared memory."""
    return settings.backend_bytes or share(machine_bytes(), connections(settings))


def connections(settings: Settings) -> int:
    """Return how many queries of users `provtap serve` runs at once."""
    return (
        settings.processes * (settings.read_connections + settings.quick_connections)
        + settings.job_connections
    )


def share(total: int, queries: int) -> int:
    """Return the part of *total* bytes that each of as many *queries* at once may take."""
    return max(LEAST, int(total * SHARE) // (queries + PARALLEL))


def address_space(own: int, shared: int) -> int:
    """Return the limit of address space for *own* bytes beside PostgreSQL's *shared* memory."""
    return own + shared + CODE


def is_limited(process: int) -> bool:
    """Tell whether *process* is a PostgreSQL on this machine that has a limit of address space."""
    about = Path("/proc", str(process))
    try:
        limits = (about / "limits").read_text()
        return (about / "comm").read_text() == "postgres\n" and not re.search(_UNLIMITED, limits)
    except OSError:  # it runs elsewhere
        return False


_UNLIMITED = "Max address space +unlimited"


def machine_bytes() -> int:
    """Return the bytes of memory that this process could have: of the machine, or of its cgroup."""
    return min([os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), *cgroup_limits()])


def cgroup_limits(root: Path = Path("/")) -> Iterator[int]:
    """Yield the limits of the control groups of this process, below *root*, and of those round them.

    In a container the path of its group may be that on the host: then the limit is at the top.
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
