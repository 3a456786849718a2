"""Finds a product and reads the runs that made it, in an order in which they can run again."""

from collections.abc import Mapping
from datetime import datetime
from graphlib import CycleError, TopologicalSorter

from provtap import addresses
from provtap.config import Settings
from provtap.database.connect import Database
from provtap.errors import NotFound, ParameterError, TooLarge
from provtap.recipe.command_line import COMMAND_LINE
from provtap.recipe.planning import plan, why_uncallable
from provtap.recipe.steps import Recipe
from provtap.runs import Run, behind, find_one, having, maker, name_runs, read_runs
from provtap.tableset import Tableset

MOST_STEPS = 1_000
MOST_FILES = 10_000
"""Uses and generations of files by all steps."""


def read_recipe(name: str, database: Database, tableset: Tableset, settings: Settings) -> Recipe:
    """Return the recipe of a product: an id, path or alias, or a checksum or file name of only one product.

    It contains only what everyone who may query can read.

    Raises: NotFound; ParameterError for a run, an ambiguous name or a cycle; TooLarge; QueryTimeout,
    DatabaseUnavailable.
    """
    shown = name[:200]
    with database.reading(settings.sync_duration) as transaction:
        found = find_one(transaction, name)
        if found.kind == "activity":
            raise ParameterError(
                f"{shown} is a run: only a product has a recipe.", hint="Give a file that the run generated."
            )
        last = maker(transaction, found)
        if last is None:
            raise NotFound(
                f"No run is recorded that generated {shown}, so there is no recipe for it.",
                hint="Raw data have none.",
            )
        recorded = having(transaction, behind(transaction, last, tableset).keys(), COMMAND_LINE) | {last}
        if len(recorded) > MOST_STEPS:
            raise TooLarge(
                f"The history of {shown} has {len(recorded)} runs; a recipe has at most {MOST_STEPS}."
            )
        runs = read_runs(transaction, recorded)
        makers = {each.made_by for run in runs.values() for each in run.inputs if each.made_by}
        before = dict(name_runs(transaction, makers - recorded))
    before |= {id_: run for id_, run in runs.items() if id_ != last and why_uncallable(run, id_)}
    try:
        steps = _in_order(last, {id_: run for id_, run in runs.items() if id_ not in before})
    except CycleError as error:
        cycle = ", ".join(error.args[1][:-1][:5])
        raise ParameterError(
            f"The history of {shown} has no beginning: what these runs made was used to make their inputs:"
            f" {cycle}.",
            hint="provtap lineage shows the cycle; one of its steps cannot be true.",
        ) from error
    files = sum(len(run.inputs) + len(run.outputs) for run in steps)
    if files > MOST_FILES:
        raise TooLarge(
            f"The steps that made {shown} read and wrote {files} files; a recipe has at most {MOST_FILES}."
        )
    return plan(found.id, steps, f"{settings.root_url}{addresses.page('entity', found.id)}", before)


def _in_order(last: str, runs: Mapping[str, Run]) -> list[Run]:
    """Return the runs that *last* needs, each after those that made its inputs, and else by time.

    Raises: CycleError.
    """
    needs: dict[str, set[str]] = {}
    waiting = [last]
    while waiting:
        run = waiting.pop()
        if run not in needs:
            needs[run] = {
                thing.made_by for thing in runs[run].inputs if thing.made_by in runs and thing.made_by
            }
            waiting += needs[run]
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    ordered: list[Run] = []
    ready: list[str] = []
    while sorter.is_active():
        ready += sorter.get_ready()
        ready.sort(key=lambda id_: (runs[id_].start_time or datetime.max, id_), reverse=True)
        ordered.append(runs[ready[-1]])
        sorter.done(ready.pop())
    return ordered
