"""Two runs as values, and their differences. Needs no database."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

ENVIRONMENT = "environment"
"""Role of the software environment in runs of ctapipe and logprov."""
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
class Difference:
    """The values of *a* and *b* under one name; None if there is none."""

    name: str
    a: str | None
    b: str | None

    @property
    def harmless(self) -> bool:
        """Whether it is a parameter that only sets the destination of results and messages."""
        return self.name.rpartition(".")[2].lower() in _HARMLESS


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

    def __str__(self) -> str:
        return self.id if self.name is None else f"{self.name} ({self.id})"


@dataclass(frozen=True, kw_only=True)
class Run:
    """An activity, with all values to compare."""

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
    inputs: tuple[Thing, ...] = ()
    outputs: tuple[Thing, ...] = ()
    environment: str | None = None
    """The published description of its software environment."""
    steps: Mapping[str, Mapping[str, int]] | None = None
    """Numbers of earlier runs that led to it, by program and version."""
    product: Thing | None = None
    """The product for which the run was compared, if any."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The differences between two runs."""

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
    """Programs of earlier steps, with their versions and numbers of runs."""

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
    """Return the differences between two runs."""
    differing: list[Difference] = []
    as_numbers: list[Difference] = []
    equal: list[Parameter] = []
    mine, yours = _by_name(a.parameters), _by_name(b.parameters)
    for name in sorted(mine.keys() | yours.keys()):
        left, right = mine.get(name, ()), yours.get(name, ())
        if [p.value for p in left] == [p.value for p in right] and not _other_units(left, right):
            equal += left
        else:
            same = len(left) == len(right) and all(map(_same_value, left, right))
            (as_numbers if same else differing).append(
                Difference(name, _texts(left, right), _texts(right, left))
            )
    return Comparison(
        a=a,
        b=b,
        parameters=tuple(differing),
        equal_as_numbers=tuple(as_numbers),
        equal_parameters=tuple(equal),
        inputs=tuple(differing_things(a.inputs, b.inputs)),
        software=tuple(_software(a, b)),
        steps=tuple(_steps(a.steps or {}, b.steps or {})),
    )


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
    """Yield the program, its version and its environment, if they differ."""
    for name, left, right in (
        ("program", a.program, b.program),
        ("version", a.version, b.version),
        ("environment", a.environment, b.environment),
    ):
        if left != right:
            yield Difference(name, left, right)


def _steps(
    mine: Mapping[str, Mapping[str, int]], yours: Mapping[str, Mapping[str, int]]
) -> Iterator[Difference]:
    for program in sorted(mine.keys() | yours.keys()):
        if mine.get(program) != yours.get(program):
            yield Difference(program, _runs(mine.get(program)), _runs(yours.get(program)))


def _runs(versions: Mapping[str, int] | None) -> str | None:
    """Return the versions of a program, with the numbers of its runs."""
    if versions is None:
        return None
    return ", ".join(
        f"{version or 'no version'} ({number} run{'' if number == 1 else 's'})"
        for version, number in sorted(versions.items())
    )
