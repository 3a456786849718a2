"""/compare?a=&b=: the differences between two runs, or between the runs that made two products."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from flask import Blueprint, Response, request

from provtap import addresses
from provtap.compare import FORMATS, Comparison, Difference, compare
from provtap.compare.differences import Step, differing_things
from provtap.errors import NotFound, ParameterError
from provtap.query.names import closest, find
from provtap.runs import Thing
from provtap.web.http.context import service
from provtap.web.http.negotiation import wanted
from provtap.web.site.frame import render, tagged
from provtap.web.site.rows import Run
from provtap.web.site.store import SECONDS, asking, readable, statements

bp = Blueprint("compare", __name__)
SQL = statements("compare.sql")
FORMS = {"html": "text/html", "json": "application/json", "csv": "text/csv"}
SHOWN = 500
"""Maximum rows of one table of the page."""
THINGS = 10
"""Maximum files of one role that are listed on each side."""
_MOST_WORDS = 2_000
"""Maximum characters of two values that are compared word by word."""


@dataclass(frozen=True)
class Words:
    """A part of a value, of whole words."""

    text: str
    changed: bool


@dataclass(frozen=True)
class Change:
    """The values of both runs under one name, with differing words marked."""

    name: str
    a: tuple[Words, ...] | None
    """None: nothing."""
    b: tuple[Words, ...] | None
    harmless: bool
    """Whether it only sets the destination of results and messages."""
    step: Step | None
    """The earlier runs that differ."""


@dataclass(frozen=True)
class Side:
    """Files that a run used or generated in one role."""

    things: tuple[Thing, ...]
    more: int


@dataclass(frozen=True)
class Usage:
    """The files that both runs used or generated in one role."""

    role: str
    a: Side
    b: Side
    differs: bool


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The data of the page of a comparison."""

    comparison: Comparison
    equal: tuple[str, ...]
    """The equal parts of program, inputs and machine, in words."""
    parameters: tuple[Change, ...]
    """Parameters that differ; for different programs, only those that both have."""
    earlier: tuple[Difference, ...]
    """What differs in the software and the inputs of earlier runs, and in the packages."""
    inputs: tuple[Usage, ...]
    outputs: tuple[Usage, ...]

    @property
    def changing(self) -> int:
        """The number of differing parameters that could change the result."""
        return sum(not change.harmless for change in self.parameters)


@bp.get("/compare")
@bp.get("/compare.<any(json, csv):suffix>")
def page(suffix: str | None = None) -> Response:
    """Show the differences, or a form to choose the runs."""
    form = wanted(FORMS, suffix)
    a, b = (request.args.get(name, "").strip() for name in ("a", "b"))
    if form != "html":
        for name, value in (("a", a), ("b", b)):
            if not value:
                raise ParameterError(f"{name} is missing.", hint="It names a run or a product.")
        text = FORMATS[form](_comparison(a, b))
        return tagged(Response(text, content_type=f"{FORMS[form]}; charset=utf-8"))
    if not a or not b:
        run, others = _suggested(a) if a else (None, ())
        return render("compare.html", a=a, b=b, page=None, run=run, others=others, address=_address)
    try:
        found = compared(_comparison(a, b))
    except (NotFound, ParameterError) as error:
        return render("compare.html", error.status, a=a, b=b, page=None, problem=str(error))
    everything = request.args.get("all") == "1"
    return render(
        "compare.html",
        a=a,
        b=b,
        page=found,
        everything=everything,
        address=_address,
        shown=SHOWN,
        problem=None,
    )


def _suggested(a: str) -> tuple[Run | None, tuple[Run, ...]]:
    """Return the run *a*, or the run that made the product *a*, and other runs of its program."""
    with asking() as store:
        meanings = store.within(lambda transaction: find(transaction, [a.replace("\0", "")])) or []
        found = closest(meaning for meaning in meanings if meaning.kind != "agent")
        if len(found) != 1:
            return None, ()
        row = store.one(SQL["run"], kind=found[0].kind, id=found[0].id)
        if row is None:
            return None, ()
        near = {"id": row.a_id, "name": row.a_name, "began": row.a_starttime}
        return Run.of(row), tuple(map(Run.of, store.rows(SQL["neighbours"], **near)))


def _comparison(a: str, b: str) -> Comparison:
    ours = service()
    return compare(a, b, readable(), ours.tableset, ours.settings, SECONDS)


def _address(a: str, b: str, **parameters: str | int | None) -> str:
    return service().root_path + addresses.compare(a, b, **parameters)


def compared(comparison: Comparison) -> Compared:
    """Return the data of the page for *comparison*."""
    differing = comparison.parameters if comparison.same_program else comparison.shared_parameters
    return Compared(
        comparison=comparison,
        equal=tuple(_equal(comparison)),
        parameters=tuple(sorted(map(_change, differing), key=lambda change: change.harmless)),
        earlier=(
            *(d for d in comparison.software if d.step or d.name.startswith("package ")),
            *(d for d in comparison.inputs if d.step),
        ),
        inputs=tuple(_usages(comparison.a.inputs, comparison.b.inputs)),
        outputs=tuple(_usages(comparison.a.outputs, comparison.b.outputs)),
    )


def _equal(comparison: Comparison) -> Iterator[str]:
    a, b = comparison.a, comparison.b
    software = {difference.name for difference in comparison.software if difference.step is None}
    if "program" not in software:
        yield "program" if "version" in software or a.version is None else "program and version"
    if not comparison.inputs and a.inputs:
        yield "inputs"
    if "environment" not in software and a.environment is not None:
        yield "environment"
    if a.host is not None and a.host == b.host:
        yield "machine"


def _change(difference: Difference) -> Change:
    a, b = marked(difference.a, difference.b)
    return Change(difference.name, a, b, difference.harmless, difference.step)


def marked(a: str | None, b: str | None) -> tuple[tuple[Words, ...] | None, tuple[Words, ...] | None]:
    """Return two values in parts, with words that differ between them marked as changed.

    A long value is marked as a whole.
    """
    if a is None or b is None:
        return _whole(a), _whole(b)
    mine, yours = (re.findall(r"\s+|[^\s]+", value) for value in (a, b))
    if len(mine) + len(yours) > _MOST_WORDS:
        return _whole(a), _whole(b)
    blocks = SequenceMatcher(None, mine, yours, autojunk=False).get_opcodes()
    return (
        tuple(_joined(("".join(mine[i:j]), tag != "equal") for tag, i, j, _, _ in blocks)),
        tuple(_joined(("".join(yours[i:j]), tag != "equal") for tag, _, _, i, j in blocks)),
    )


def _whole(value: str | None) -> tuple[Words, ...] | None:
    return None if value is None else (Words(value, True),)


def _joined(parts: Iterable[tuple[str, bool]]) -> Iterator[Words]:
    """Yield *parts*, with adjacent parts of one kind joined; blanks between changed words are changed too."""
    text, changed = "", False
    for part, differs in parts:
        if part and differs != changed and (part.strip() or not changed):
            if text:
                yield Words(text, changed)
            text, changed = "", differs
        text += part
    if text:
        yield Words(text, changed)


def _usages(mine: Iterable[Thing], yours: Iterable[Thing]) -> Iterator[Usage]:
    left, right = list(mine), list(yours)
    differing = {difference.name for difference in differing_things(left, right)}
    roles: defaultdict[str, tuple[list[Thing], list[Thing]]] = defaultdict(lambda: ([], []))
    for number, things in enumerate((left, right)):
        for each in things:
            roles[each.role or ""][number].append(each)
    for role, (a, b) in sorted(roles.items(), key=lambda item: (item[0] not in differing, item[0])):
        yield Usage(role, _side(a), _side(b), role in differing)


def _side(things: list[Thing]) -> Side:
    return Side(tuple(things[:THINGS]), max(0, len(things) - THINGS))
