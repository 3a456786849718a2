"""The summary of ingested documents, the same for a service and for `provtap ingest`."""

from collections.abc import Mapping
from typing import Any


def summary_text(content: Mapping[str, Any]) -> str:
    """Return the output of `provtap ingest --json` as text: two lines, and one for each skipped file.

    An activity in several documents counts once if the reports name activities, as those of the local store
    do; reports of a service only have counts.
    """
    documents, problems, passed_over = content["documents"], content["problems"], content["passed_over"]
    total = {
        name: sum(each.get(name, 0) for each in documents)
        for name in ("records", "activities", "known", "new", "updated", "unchanged", "stubs")
    }
    named = {id_ for each in documents for id_ in each.get("activity_ids", ())}
    known = f" ({total['known']} already loaded)" if total["known"] else ""
    without = f", {_count(len(passed_over), 'file')} skipped" if passed_over else ""
    warnings, conflicts = (sum(len(each[name]) for each in documents) for name in ("warnings", "conflicts"))
    return (
        f"{_count(len(documents) + len(problems), 'document')}{known}: "
        f"{_count(total['records'], 'record')}, {_count(len(named) or total['activities'], 'activity')}, "
        f"{_count(len(problems), 'error')}, {_count(warnings, 'warning')}{without}\n"
        f"{_count(total['new'], 'row')} new, {total['updated']} updated, {total['unchanged']} unchanged, "
        f"{_count(total['stubs'], 'stub')}, {_count(conflicts, 'conflict')}"
        + "".join(f"\nskipped ({each['kind']}): {each['reason']}" for each in passed_over)
    )


def summary_warnings(content: Mapping[str, Any]) -> list[str]:
    """Return the warnings of all documents with their names, then the errors about rejected ones."""
    warnings = (
        f"{each['source']}: {warning}" for each in content["documents"] for warning in each["warnings"]
    )
    return [*warnings, *content["problems"]]


def description_text(content: Mapping[str, Any]) -> str:
    """Return the report on a set of descriptions as text: its name, its changes and their effects."""
    title = f"{content['name']} version {content['version']}"
    if not content["lines"]:
        return f"{title}: nothing changes"
    was = "" if content["before"] is None else f" (was {content['before']})"
    counts = f"{content['activities']} activity descriptions, {content['linked']} links changed"
    return "\n".join([f"{title}{was}:", *(f"  {line}" for line in content["lines"]), f"  {counts}"])


def _count(number: int, noun: str) -> str:
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"
