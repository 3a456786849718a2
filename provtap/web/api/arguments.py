"""Parameters of requests that return one text about named things, in one of several formats."""

from collections.abc import Mapping, Sequence

from flask import request

from provtap.errors import ParameterError

FORMAT = "format"


def arguments(known: Mapping[str, str], formats: Sequence[str]) -> Mapping[str, str]:
    """Return the values of the parameters *known* with their meanings; only `format` has a default.

    Raises: ParameterError for one that is missing, unknown, or given with several values.
    """
    given = {name: _single(name) for name in known}
    given[FORMAT] = given[FORMAT] or formats[0]
    if given[FORMAT] not in formats:
        raise ParameterError(
            f"{FORMAT} cannot be {given[FORMAT][:40]!r}.", hint=f"It is one of {', '.join(formats)}."
        )
    for name, value in given.items():
        if not value:
            raise ParameterError(f"{name} is missing.", hint=known[name])
    for name in request.args:
        if name not in known:
            raise ParameterError(
                f"There is no parameter {name[:40]!r}.", hint=f"The parameters are {', '.join(known)}."
            )
    return given


def _single(name: str) -> str:
    values = set(request.args.getlist(name))
    if len(values) > 1:
        raise ParameterError(f"{name} was given {len(values)} times; give it once.")
    return "".join(values).strip()
