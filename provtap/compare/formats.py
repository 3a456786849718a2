"""A comparison as text, CSV or JSON."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from provtap.compare.differences import Comparison, Difference, Step
from provtap.runs import Run

_PARTS = {
    "parameters": "Different parameters",
    "inputs": "Different inputs",
    "software": "Different software",
    "steps": "Steps that only one has",
    "equal_as_numbers": "Equal parameters, written differently",
}


def content(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as JSON values."""
    parts = {part: [_difference(d) for d in getattr(comparison, part)] for part in _PARTS}
    return {"a": _side(comparison.a), "b": _side(comparison.b), "equal": comparison.equal} | parts


def _difference(difference: Difference) -> dict[str, Any]:
    told = asdict(difference)
    return told if difference.step else {name: told[name] for name in ("name", "a", "b")}


def _side(run: Run) -> dict[str, str | None]:
    return {
        "activity": run.id,
        "product": run.product.id if run.product else None,
        "program": run.program,
        "version": run.version,
    }


def as_json(comparison: Comparison) -> str:
    """Return a comparison as an object, with an array for each kind of difference."""
    return json.dumps(content(comparison), indent=2, ensure_ascii=False) + "\n"


def as_csv(comparison: Comparison) -> str:
    """Return a comparison as a table with a line for each difference."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow(["kind", "name", "a", "b", "step"])
    for part in _PARTS:
        writer.writerows([part, d.name, d.a, d.b, _step(d.step)] for d in getattr(comparison, part))
    return lines.getvalue()


def as_text(comparison: Comparison) -> str:
    """Return a comparison for people, the differences first."""
    lines = [f"a: {_title(comparison.a)}", f"b: {_title(comparison.b)}"]
    if comparison.a.id == comparison.b.id:
        lines.append("Both are the same run.")
    elif comparison.equal:
        lines.append("All parameters, inputs, software and steps are equal.")
    for part, title in _PARTS.items():
        lines += _section(title, getattr(comparison, part))
    equal = len(comparison.equal_parameters)
    lines += ["", f"{equal} parameter{' is' if equal == 1 else 's are'} equal."]
    return "".join(f"{line}\n" for line in lines)


def _step(step: Step | None) -> str:
    """Return which earlier run differs, or how many."""
    if step is None:
        return ""
    return f"{step.program}, {step.runs} runs" if step.runs > 1 else f"{step.program} <{step.a}>"


def _title(run: Run) -> str:
    program = " ".join(part for part in (run.program, run.version) if part)
    return f"{run.product}, made by {program} <{run.id}>" if run.product else f"{program} <{run.id}>"


def _section(title: str, differences: Iterable[Difference]) -> list[str]:
    lines = [
        line
        for d in differences
        for line in (
            _shown(d.name or "no role") + (f" [{_shown(_step(d.step))}]" if d.step else ""),
            *(f"  {side} {_shown(value)}" for side, value in (("a", d.a), ("b", d.b))),
        )
    ]
    return ["", title, *(f"  {line}" for line in lines)] if lines else []


def _shown(value: str | None) -> str:
    """Return a value on one line, without control characters."""
    if value is None:
        return "(none)"
    return "".join(
        character if character.isprintable() else "\ufffd" for character in " ".join(value.split())
    )


FORMATS: Mapping[str, Callable[[Comparison], str]] = {"text": as_text, "csv": as_csv, "json": as_json}
"""The forms of `provtap diff`, the default first."""
