"""Two runs as values, and their differences. Needs no database."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from provtap.compare.pairs import pair_runs
from provtap.runs import Parameter, Run, Thing

_NUMBER = re.compile(
    r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?|[+-]?inf(inity)?|nan", re.ASCII | re.IGNORECASE
)
# Parts of the names of parameters for the destination of results and messages.
_HARMLESS = {
    "output", "output_path", "output_dir", "output_directory", "output_file", "outfile", "overwrite",
    "log", "log_file", "log_level", "log_config", "log_format", "log_datefmt", "logging", "progress_bar",
    "quiet", "verbose", "verbosity", "argv", "command_line", "provenance_log",
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """Two earlier runs of one program that are compared, one of each history."""

    program: str
    a: str
    """Id of the run."""
    b: str
    runs: int = 1
    """Pairs of runs of this program that differ in the same way, of which *a* and *b* are the first."""


@dataclass(frozen=True)
class Difference:
    """The values of *a* and *b* under one name; None if there is none."""

    name: str
    a: str | None
    b: str | None
    step: Step | None = None
    """The earlier runs that differ; None: the two runs that are compared, or that made the products."""

    @property
    def harmless(self) -> bool:
        """Whether it is a parameter that only sets the destination of results and messages."""
        return self.name.rpartition(".")[2].lower() in _HARMLESS


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What differs between two runs, and between the runs behind them that belong together."""

    a: Run
    b: Run
    parameters: tuple[Difference, ...]
    equal_as_numbers: tuple[Difference, ...]
    """Parameters with different texts but equal values."""
    equal_parameters: tuple[Parameter, ...]
    inputs: tuple[Difference, ...]
    """Inputs by role that have neither the same id nor the same content."""
    software: tuple[Difference, ...]
    steps: tuple[Difference, ...]
    """Runs that only one history has: the name is that of the program."""

    @property
    def equal(self) -> bool:
        """Whether nothing differs except the notation of numbers."""
        return not (self.parameters or self.inputs or self.software or self.steps)

    @property
    def same_program(self) -> bool:
        """Whether both are runs of the same program, in any versions."""
        return self.a.program == self.b.program

    @property
    def shared_parameters(self) -> tuple[Difference, ...]:
        """The differing parameters that both runs have."""
        return tuple(d for d in self.parameters if d.a is not None and d.b is not None)


def compare_runs(a: Run, b: Run) -> Comparison:
    """Return what differs between two runs and, as far as they have one, between their histories."""
    pairs, only_a, only_b = pair_runs(a.history, b.history)
    together = [(a, b), *pairs]
    same_products = _labels(together)
    parameters, as_numbers, inputs, software = _Differences(), _Differences(), _Differences(), _Differences()
    equal: tuple[Parameter, ...] = ()
    for mine, yours in together:
        step = None if mine is a else Step(mine.program or "unnamed", mine.id, yours.id)
        found = _compare_parameters(mine.parameters, yours.parameters)
        parameters.add(found.differing, step)
        as_numbers.add(found.as_numbers, step)
        inputs.add(differing_things(_labelled(mine, same_products), _labelled(yours, same_products)), step)
        software.add(_software(mine, yours), step)
        equal = found.equal if step is None else equal
    return Comparison(
        a=a,
        b=b,
        parameters=parameters.all(),
        equal_as_numbers=as_numbers.all(),
        equal_parameters=equal,
        inputs=inputs.all(),
        software=software.all(),
        steps=(
            *(Difference(run.program or "unnamed", _one_run(run), None) for run in only_a),
            *(Difference(run.program or "unnamed", None, _one_run(run)) for run in only_b),
        ),
    )


class _Differences:
    """Differences of many pairs of runs: what is the same in several pairs of one program is counted."""

    def __init__(self) -> None:
        self._own: list[Difference] = []
        self._earlier: dict[tuple[str, str, str | None, str | None], Difference] = {}

    def add(self, differences: Iterable[Difference], step: Step | None) -> None:
        """Add the differences of one pair."""
        if step is None:
            self._own += differences
            return
        for each in differences:
            key = (step.program, each.name, each.a, each.b)
            known = self._earlier.get(key)
            same = (
                step if known is None or known.step is None else replace(known.step, runs=known.step.runs + 1)
            )
            self._earlier[key] = replace(each, step=same)

    def all(self) -> tuple[Difference, ...]:
        """Return all of them, those of the two runs that are compared first."""
        return (*self._own, *self._earlier.values())


@dataclass(frozen=True)
class _Parameters:
    differing: list[Difference]
    as_numbers: list[Difference]
    equal: tuple[Parameter, ...]


def _compare_parameters(a: Iterable[Parameter], b: Iterable[Parameter]) -> _Parameters:
    differing: list[Difference] = []
    as_numbers: list[Difference] = []
    equal: list[Parameter] = []
    mine, yours = _by_name(a), _by_name(b)
    for name in sorted(mine.keys() | yours.keys()):
        left, right = mine.get(name, ()), yours.get(name, ())
        if [p.value for p in left] == [p.value for p in right] and not _other_units(left, right):
            equal += left
        else:
            same = len(left) == len(right) and all(map(_same_value, left, right))
            (as_numbers if same else differing).append(
                Difference(name, _texts(left, right), _texts(right, left))
            )
    return _Parameters(differing, as_numbers, tuple(equal))


def _labels(pairs: Iterable[tuple[Run, Run]]) -> Mapping[str, str]:
    """Return a label for each run, the same for two that belong together."""
    return {run.id: f"made by pair {number}" for number, pair in enumerate(pairs) for run in pair}


def _labelled(run: Run, labels: Mapping[str, str]) -> Iterator[Thing]:
    """Yield the inputs of a run; what runs made that belong together counts as one content if none is known.

    What differs in them is told at those runs.
    """
    for thing in run.inputs:
        label = labels.get(thing.made_by or "")
        if label is None or thing.digests:
            yield thing
        else:
            yield replace(thing, digests=frozenset({f"{label} as {thing.made_as}"}))


def _one_run(run: Run) -> str:
    return f"{run.version or 'no version'} ({run.id})"


def _by_name(parameters: Iterable[Parameter]) -> Mapping[str, Sequence[Parameter]]:
    found: defaultdict[str, list[Parameter]] = defaultdict(list)
    for parameter in parameters:
        found[parameter.name].append(parameter)
    return found


def _other_units(left: Sequence[Parameter], right: Sequence[Parameter]) -> bool:
    return any(p.unit and q.unit and p.unit != q.unit for p, q in zip(left, right, strict=False))


def _texts(these: Sequence[Parameter], others: Sequence[Parameter]) -> str | None:
    """Return the values under one name, with units if these differ."""
    if not these:
        return None
    with_units = _other_units(these, others)
    return "; ".join(f"{p.value} {p.unit or ''}".rstrip() if with_units else p.value for p in these)


def _same_value(a: Parameter, b: Parameter) -> bool:
    if a.unit and b.unit and a.unit != b.unit:
        return _same_quantity(a, b)
    return same_value(a.value, b.value)


def _same_quantity(a: Parameter, b: Parameter) -> bool:
    from astropy import units  # takes half a second, and is rarely needed

    try:
        there = units.Unit(a.unit, format="vounit").to(units.Unit(b.unit, format="vounit"), float(a.value))
        return bool(abs(there - float(b.value)) <= 1e-12 * abs(there))
    except ValueError:  # the base class of errors about units
        return False


def same_value(a: str, b: str) -> bool:
    """Return whether two texts have the same value: equal numbers, or JSON with equal numbers."""
    return a == b or _read(a) == _read(b)


def _read(text: str) -> Any:
    """Return a comparable value: numbers as numbers, with the types of JSON kept distinct."""
    number = _number(text.strip())
    if number is not None:
        return number
    if text[:1] in {"[", "{"}:
        try:
            return _comparable(
                json.loads(text, parse_float=_number, parse_int=_number, parse_constant=_number)
            )
        except (ValueError, RecursionError):
            pass
    return text


def _number(text: str) -> tuple[str, Any] | None:
    if not _NUMBER.fullmatch(text):
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return "number", "nan" if number.is_nan() else number


def _comparable(value: Any) -> Any:
    match value:
        case bool():  # true is not 1
            return "boolean", value
        case dict():
            return {key: _comparable(member) for key, member in value.items()}
        case list():
            return [_comparable(member) for member in value]
    return value


def differing_things(mine: Iterable[Thing], yours: Iterable[Thing]) -> Iterator[Difference]:
    """Yield the things of each role that only one side has, paired side by side, equal names first.

    Things with the same id or the same content are equal.
    """
    left, right = _by_role(mine), _by_role(yours)
    for role in sorted(left.keys() | right.keys()):
        only_left, only_right = _without_equal(left.get(role, []), right.get(role, []))
        names = Counter(thing.name for thing in only_left) & Counter(thing.name for thing in only_right)
        for things in (only_left, only_right):
            things.sort(key=lambda thing: (thing.name not in names, thing.name or "", thing.id))
        for number in range(max(len(only_left), len(only_right))):
            yield Difference(role, _text(only_left, number), _text(only_right, number))


def _by_role(things: Iterable[Thing]) -> Mapping[str, list[Thing]]:
    found: defaultdict[str, list[Thing]] = defaultdict(list)
    for thing in things:
        found[thing.role or ""].append(thing)
    return found


def _without_equal(mine: Iterable[Thing], yours: Iterable[Thing]) -> tuple[list[Thing], list[Thing]]:
    """Return both lists without pairs of equal things."""
    marks: dict[str, list[Thing]] = defaultdict(list)
    for thing in yours:
        for mark in (thing.id, *thing.digests):
            marks[mark].append(thing)
    taken: set[str] = set()
    left: list[Thing] = []
    for thing in mine:
        there = (other for mark in (thing.id, *sorted(thing.digests)) for other in marks.get(mark, ()))
        same = next((other for other in there if other.id not in taken), None)
        if same is None:
            left.append(thing)
        else:
            taken.add(same.id)
    return left, [thing for thing in yours if thing.id not in taken]


def _text(things: Sequence[Thing], number: int) -> str | None:
    return str(things[number]) if number < len(things) else None


def _software(a: Run, b: Run) -> Iterator[Difference]:
    """Yield the program, its version, its environment and the packages of that, where they differ."""
    for name, left, right in (
        ("program", a.program, b.program),
        ("version", a.version, b.version),
        ("environment", a.environment, b.environment),
    ):
        if left != right:
            yield Difference(name, left, right)
    for name in sorted(a.packages.keys() | b.packages.keys()) if a.packages and b.packages else ():
        if a.packages.get(name) != b.packages.get(name):
            yield Difference(f"package {name}", a.packages.get(name), b.packages.get(name))
