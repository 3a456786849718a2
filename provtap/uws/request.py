"""The parameters of requests about jobs (UWS 1.1, sections 2.2 and 3)."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from provtap.errors import ParameterError
from provtap.uws.job import NEVER_HERE, Phase

Parameters = Mapping[str, Sequence[str]]
"""All values of each parameter, by its name in upper case."""

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?)(Z|[+-]00:?00)?", re.ASCII)
_NUMBER = re.compile(r"([0-9]{1,1000})(\.0*)?", re.ASCII)
_MOST = 2**62
"""The largest number, as in PostgreSQL."""


def one(parameters: Parameters, name: str) -> str | None:
    """Return the value of *name*, or None. Raises: ParameterError for several values."""
    values = parameters.get(name, ())
    if len(values) > 1:
        raise ParameterError(f"{name} was given {len(values)} times; give it once.")
    return values[0].strip() if values else None


def needed(parameters: Parameters, name: str) -> str:
    """Return the value of *name*. Raises: ParameterError, also if it is missing or blank."""
    value = one(parameters, name)
    if not value:
        raise ParameterError(f"{name} is missing.")
    return value


def choice(parameters: Parameters, name: str, *choices: str) -> str:
    """Return the value of *name*, one of *choices*. Raises: ParameterError."""
    value = needed(parameters, name)
    if value.upper() not in choices:
        raise ParameterError(f"{name} must be {' or '.join(choices)}, not {value[:40]!r}.")
    return value.upper()


def seconds(parameters: Parameters, name: str) -> int:
    """Return the value of *name*, 0 or more whole seconds. Raises: ParameterError."""
    return _number(parameters, name, "seconds", 0)


def _number(parameters: Parameters, name: str, what: str, least: int) -> int:
    value = needed(parameters, name)
    number = _NUMBER.fullmatch(value)
    if number is None or int(number[1]) < least:
        raise ParameterError(f"{name} must be a whole number of {what}, {least} or more, not {value[:40]!r}.")
    return min(int(number[1]), _MOST)


def instant(parameters: Parameters, name: str) -> datetime:
    """Return the value of *name*, an instant of UTC (DALI 1.1, section 3.3.3). Raises: ParameterError."""
    value = needed(parameters, name)
    try:
        written = _INSTANT.fullmatch(value)
        if not written:
            raise ValueError(value)
        return datetime.fromisoformat(written[1]).replace(tzinfo=UTC)
    except ValueError:
        raise ParameterError(
            f"{name} must be a time like 2026-01-31T12:00:00Z, not {value[:40]!r}."
        ) from None


def filters(parameters: Parameters) -> dict[str, Any]:
    """Return the filters of the list of jobs: PHASE, AFTER, LAST (section 2.2.2.1).

    Blank values are ignored. Raises: ParameterError.
    """
    return {
        "phases": _phases(parameters.get("PHASE", ())),
        "after": instant(parameters, "AFTER") if one(parameters, "AFTER") else None,
        "last": _number(parameters, "LAST", "jobs", 1) if one(parameters, "LAST") else None,
    }


def _phases(values: Sequence[str]) -> list[Phase] | None:
    """Return the requested phases that jobs of this service can have; None for all."""
    asked = {value.strip().upper() for value in values} - {""}
    if not asked:
        return None
    if unknown := sorted(asked - {*Phase, *NEVER_HERE}):
        raise ParameterError(
            f"There is no phase {unknown[0][:40]!r}.", hint=f"The phases are {', '.join(Phase)}."
        )
    return [phase for phase in Phase if phase in asked]


def patience(parameters: Parameters, limit: float) -> float | None:
    """Return the seconds in WAIT, at most *limit*; None if it is missing (section 2.2.1.1).

    Raises: ParameterError.
    """
    value = one(parameters, "WAIT")
    if not value:
        return None
    if value == "-1":
        return limit
    return min(seconds(parameters, "WAIT"), limit)
