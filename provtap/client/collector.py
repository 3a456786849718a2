"""Collects records before they are sent. Uses only the standard library."""

import math
import os
import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import wraps
from itertools import count
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
Place = str | os.PathLike[str]
"""A path or URL."""
_SNAKE = re.compile("_([a-z])")


class Collector:
    """Collected records by class."""

    def __init__(self) -> None:
        self._records: dict[str, list[dict[str, Any]]] = {}
        self._local = count(1)  # shared by threads that record one run

    def _add(self, class_: str, arguments: Mapping[str, Any]) -> str:
        """Add a record with the arguments of a method; return its id, which is generated if it is None."""
        given = {name: value for name, value in arguments.items() if name != "self" and value is not None}
        record = {camel(name): plain(value) for name, value in given.items()}
        if "id" in arguments and arguments["id"] is None:
            record["id"] = f"urn:uuid:{uuid.uuid4()}" if class_ == "Activity" else f"_:{next(self._local)}"
        if "value" in arguments and arguments["value"] is None:
            record["value"] = "null"  # JSON, like all values that are not texts
        self._records.setdefault(class_, []).append(record)
        return str(record.get("id", ""))


def with_hint(method: Callable[P, R]) -> Callable[P, R]:
    """Wrap *method* so that an unknown argument raises an error with the most similar one."""
    code: Any = getattr(method, "__wrapped__", method).__code__
    known = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]

    @wraps(method)
    def call(*args: P.args, **given: P.kwargs) -> R:
        for name in given:
            if name not in known:
                raise TypeError(_unknown(method.__name__, name, [each for each in known if each != "self"]))
        return method(*args, **given)

    return call


def _unknown(method: str, name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Valid names are {', '.join(known)}."
    return f"{method}() has no argument {name!r}. {hint}"


def camel(name: str) -> str:
    """Return the name of an argument in the model: `start_time` is startTime."""
    return _SNAKE.sub(lambda found: found.group(1).upper(), name)


def plain(value: Any) -> Any:
    """Return a value in the form for the service: times in UTC, absolute paths, other types as text."""
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if isinstance(value, os.PathLike):
        with suppress(FileNotFoundError):  # the current directory was removed
            value = os.path.abspath(value)  # noqa: PTH100 (`..` goes, links stay, as in ctapipe)
    if isinstance(value, bool | int | list | dict) or isinstance(value, float) and math.isfinite(value):
        return value
    return str(value).encode(errors="replace").decode()  # a file name may not be valid Unicode
