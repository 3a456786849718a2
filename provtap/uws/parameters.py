"""The parameters and files of a job, and how further ones are merged, without I/O."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from provtap.config import Settings
from provtap.errors import TooLarge
from provtap.results.votable import legal

Pairs = Sequence[tuple[str, str]]
"""Name in upper case and value of each parameter, in order."""


@dataclass(frozen=True)
class Parts:
    """The files of a request."""

    names: Mapping[str, str] = field(default_factory=dict)
    """The name after `param:` in UPLOAD, and the name in the result store."""
    size: int = 0
    """Bytes, together."""

    def __add__(self, more: "Parts") -> "Parts":
        """Return these and *more*, which replace files of the same names; replaced files still count."""
        return Parts({**self.names, **more.names}, self.size + more.size)


NO_PARTS = Parts()


def group(parameters: Pairs) -> dict[str, list[str]]:
    """Return all values of each name, as in a request."""
    grouped: dict[str, list[str]] = {}
    for name, value in parameters:
        grouped.setdefault(name, []).append(value)
    return grouped


def merged(parameters: Pairs, given: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Return *parameters* after a POST of *given*: values are replaced, but uploads accumulate.

    Source: TAP 1.1, section 2.7; DALI 1.1, section 3.4. In TAP parameters accumulate; in DALI two values of
    one name are an error.
    """
    others = [(name, value) for name, value in parameters if name not in given or name == "UPLOAD"]
    return [*others, *((name, value) for name, values in given.items() for value in values)]


def columns(parameters: Pairs, parts: Parts, settings: Settings) -> dict[str, Any]:
    """Return the columns of uws.job for *parameters* and the files of a job.

    Raises: TooLarge if they exceed the limits of one request.
    """
    size = sum(len(name) + len(value.encode(errors="replace")) for name, value in parameters)
    if size > (limit := settings.form_bytes):
        raise TooLarge(f"The parameters have {size} bytes; the limit is {limit}.")
    if len(parts.names) > (limit := settings.upload_tables):
        raise TooLarge(f"The job has {len(parts.names)} files; the limit is {limit}.")
    if parts.size > (limit := settings.upload_bytes):
        raise TooLarge(f"The files of the job have {parts.size} bytes; the limit is {limit}.")
    run_id = group(parameters).get("RUNID", [None])[-1]
    return {
        "parameters": json.dumps(parameters),
        "parts": json.dumps(dict(parts.names)),
        "upload_size": parts.size,
        "run_id": run_id and legal(run_id),
    }
