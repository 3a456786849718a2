"""The parameters of a job, and what becomes of them as more are given: no I/O."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from provtap.errors import TooLarge
from provtap.results.votable import legal

Pairs = Sequence[tuple[str, str]]
"""Name in upper case and value of each parameter, in order."""
MOST_PARTS = 10
"""Files that may come with one job."""


def group(parameters: Pairs) -> dict[str, list[str]]:
    """Return every value of each name, as of a request."""
    grouped: dict[str, list[str]] = {}
    for name, value in parameters:
        grouped.setdefault(name, []).append(value)
    return grouped


def merged(parameters: Pairs, given: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Return *parameters* after a POST of *given*: a value replaces, but tables to upload accumulate.

    Source: TAP 1.1, section 2.7; DALI 1.1, section 3.4. The former lets parameters accumulate, the latter
    calls two values of one name an error.
    """
    kept = [(name, value) for name, value in parameters if name not in given or name == "UPLOAD"]
    return [*kept, *((name, value) for name, values in given.items() for value in values)]


def columns(parameters: Pairs, parts: Mapping[str, str], limit: int) -> dict[str, Any]:
    """Return the columns of uws.job that hold *parameters*, and *parts*: names of files, and where they are.

    Raises: TooLarge for more than *limit* bytes of parameters, or too many files.
    """
    size = sum(len(name) + len(value.encode(errors="replace")) for name, value in parameters)
    if size > limit:
        raise TooLarge(f"The parameters have {size} bytes; a job takes up to {limit}.")
    if len(parts) > MOST_PARTS:
        raise TooLarge(f"The job has {len(parts)} files; this service takes up to {MOST_PARTS}.")
    run_id = group(parameters).get("RUNID", [None])[-1]
    return {
        "parameters": json.dumps(parameters),
        "parts": json.dumps(dict(parts)),
        "run_id": run_id and legal(run_id),
    }
