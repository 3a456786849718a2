"""Which runs of two histories belong together."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence

from provtap.runs import Run, Thing

Pair = tuple[Run, Run]


def pair_runs(mine: Sequence[Run], yours: Sequence[Run]) -> tuple[list[Pair], list[Run], list[Run]]:
    """Return pairs of runs of one program, and what runs only one side has, in the order of the sides.

    A run that both sides have is left out. What is paired first has most in common: everything, then the
    content of the inputs, then the names of the files. Runs that nothing tells apart are paired in order.
    """
    both = {run.id for run in mine} & {run.id for run in yours}
    left = [run for run in mine if run.id not in both]
    right = [run for run in yours if run.id not in both]
    order = {run.id: number for number, run in enumerate(left)}
    pairs: list[Pair] = []
    for key in (_everything, _content, _files, _program):
        found = _equal(left, right, key)
        pairs += found
        paired = {run.id for pair in found for run in pair}
        left, right = ([run for run in side if run.id not in paired] for side in (left, right))
    return sorted(pairs, key=lambda pair: order[pair[0].id]), left, right


def _equal(left: Sequence[Run], right: Sequence[Run], key: Callable[[Run], Hashable]) -> list[Pair]:
    """Return pairs with the same key, those of one key in order."""
    waiting: defaultdict[Hashable, list[Run]] = defaultdict(list)
    for run in reversed(right):
        waiting[key(run)].append(run)
    return [(run, there.pop()) for run in left if (there := waiting.get(key(run)))]


def _everything(run: Run) -> Hashable:
    parameters = frozenset((p.name, p.value, p.unit) for p in run.parameters)
    return _content(run), run.version, run.environment, parameters


def _content(run: Run) -> Hashable:
    return run.program, frozenset((thing.role, _mark(thing)) for thing in run.inputs)


def _mark(thing: Thing) -> str:
    return min(thing.digests, default=thing.id)


def _files(run: Run) -> Hashable:
    inputs, outputs = (
        frozenset((each.role, each.name) for each in side) for side in (run.inputs, run.outputs)
    )
    return run.program, inputs, outputs


def _program(run: Run) -> Hashable:
    return run.program
