"""Finds the runs of two names and reads their records for a comparison."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from provtap.compare.differences import Comparison, compare_runs
from provtap.config import Settings
from provtap.database.connect import Database, Transaction
from provtap.errors import NotFound, ParameterError, TooLarge
from provtap.query.names import Meaning
from provtap.runs import Run, behind, find_one, maker, read_runs
from provtap.tableset import Tableset

MOST_RUNS = 1_000
"""Of one history, beside those that the other has, too."""


def compare(
    a: str, b: str, database: Database, tableset: Tableset, settings: Settings, duration: float | None = None
) -> Comparison:
    """Return what differs between two runs, or between the histories of two products.

    Each is an id, a path, an alias, or a checksum or file name of only one product. *duration* limits each
    statement, in seconds.

    Raises: NotFound; ParameterError for an ambiguous name, or a product and a run; TooLarge; QueryTimeout,
    DatabaseUnavailable.
    """
    with database.reading(duration or settings.sync_duration) as transaction:
        found = [find_one(transaction, name) for name in (a, b)]
        if found[0].kind != found[1].kind:
            product, run = (a, b) if found[0].kind == "entity" else (b, a)
            raise ParameterError(
                f"{product} is a product and {run} is a run: they cannot be compared.",
                hint="Give two products or two runs.",
            )
        last = [_run(transaction, each) for each in found]
        histories = [
            behind(transaction, run, tableset) if each.kind == "entity" else {}
            for each, run in zip(found, last, strict=True)
        ]
        wanted = [_only_here(*pair) for pair in zip(found, histories, histories[::-1], strict=True)]
        runs = read_runs(transaction, {*last, *wanted[0], *wanted[1]})
    sides = [
        replace(
            runs[run],
            product=next((thing for thing in runs[run].outputs if thing.id == each.id), None),
            history=tuple(sorted((runs[id_] for id_ in ids), key=lambda r: _order(r, distances))),
        )
        for each, run, ids, distances in zip(found, last, wanted, histories, strict=True)
    ]
    return compare_runs(*sides)


def _order(run: Run, distances: Mapping[str, int]) -> tuple[int, datetime, str]:
    return distances[run.id], run.start_time or datetime.max, run.id


def _run(transaction: Transaction, found: Meaning) -> str:
    """Return the run *found*, or the run that made it."""
    run = maker(transaction, found)
    if run is None:
        raise NotFound(
            f"No run is recorded that generated {found.given[:200]}, so there is nothing to compare.",
            hint="It was not made by a recorded run.",
        )
    return run


def _only_here(found: Meaning, mine: Mapping[str, int], yours: Mapping[str, int]) -> set[str]:
    only = mine.keys() - yours.keys()
    if len(only) > MOST_RUNS:
        raise TooLarge(
            f"The history of {found.given[:200]} has {len(only)} runs that the other does not have;"
            f" at most {MOST_RUNS} are compared.",
            hint="Give the runs that made both: then only these two are compared.",
        )
    return only
