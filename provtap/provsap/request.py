"""The parameters of ProvSAP: names ignore case, values don't (DALI 1.1, section 3.4).

There is no Recommendation: these are the parameters of the IVOA's drafts ("ProvDAL", 2017) and of services
based on them. TO, DIRECTION=BOTH and CONTEXT are our own; TARGET is the name of ID in W3C PROV-AQ.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from difflib import get_close_matches
from enum import Enum
from typing import TypeVar

from provtap.errors import ParameterError
from provtap.provsap.formats import FORMATS, GraphFormat, choose

MAX_DEPTH = 10_000_000
"""The depth of DEPTH=ALL, in relations. The walk in `traverse.sql` could count seven times as many."""
_BOOLEANS = {"1": True, "true": True, "0": False, "false": False}


class Direction(Enum):
    """Direction from an id along activities; collections and agents are always followed upwards."""

    BACK = ("back",)
    FORTH = ("forth",)
    BOTH = ("back", "forth")


_IDS = ("ID", "TARGET")
_GD = {way: way for way in ("RL", "LR", "BT", "TB")}
_DIRECTIONS = {d.name: d for d in Direction} | {"FORWARD": Direction.FORTH}
PARAMETERS = {
    "ID": "Id or other name of an entity, activity or agent; can be repeated.",
    "TARGET": "The name that W3C PROV-AQ uses for ID.",
    "DEPTH": f"Relations to follow: 0 to {MAX_DEPTH}, or ALL. Default 1.",
    "DIRECTION": "BACK (default), FORTH (or FORWARD), or BOTH.",
    "TO": "Return only things on a path from ID to this entity or activity.",
    "ASOF": "Answer as it was known at this time of ISO 8601 (UTC) or on this date. Default: now.",
    "MEMBERS": "1: follow collections to their members. Default 0.",
    "STEPS": "1: follow activities to those they informed, such as their steps. Default 0.",
    "AGENT": "1: follow agents to everything that they are responsible for. Default 0.",
    "AGENTS": "0: leave agents out. Default 1, in pictures 0.",
    "CONTEXT": "0: leave out values and environments. Default 1, in pictures 0.",
    "MODEL": "IVOA (default) or W3C.",
    "DESCRIPTIONS": "0: no descriptions; 1 (default): those of activities; 2: all.",
    "CONFIGURATION": "0: leave out parameters and configuration files. Default 1.",
    "ATTRIBUTES": "1: show the attributes of each thing beside it in pictures. Default 0.",
    "GD": "Direction of arrows in pictures: RL (default; to the left), LR, BT (up) or TB (down).",
    "RESPONSEFORMAT": "PROV-JSON (default), PROV-N, PROV-XML, PROV-JSONLD, PROV-VOTABLE, PROV-SVG, PROV-PNG, "
    "PROV-DOT, PROV-TREE, RO-CRATE, or their media types.",
}
"""All parameters, with descriptions for clients."""
Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class ProvsapRequest:
    """The things to retrieve, and the format."""

    ids: tuple[str, ...]
    depth: int = 1
    direction: Direction = Direction.BACK
    to: str | None = None
    asof: datetime | None = None
    """UTC, without a zone; None: at present."""
    members: bool = False
    steps: bool = False
    agent: bool = False
    agents: bool = True
    context: bool = True
    model: str = "IVOA"
    descriptions: int = 1
    configuration: bool = True
    attributes: bool = False
    gd: str = "RL"
    responseformat: GraphFormat = field(default=FORMATS[0])

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Sequence[str]]) -> "ProvsapRequest":
        """Read the parameters of a request, by names in upper case.

        Raises: ParameterError for a parameter that is missing, unknown, repeated or invalid.
        """
        _check_names(parameters)
        given = {name: _single(parameters, name) for name in PARAMETERS if name not in _IDS}
        form = choose(given["RESPONSEFORMAT"])
        return cls(
            ids=_ids(parameters),
            depth=_depth(given["DEPTH"]),
            direction=_one_of("DIRECTION", given["DIRECTION"], _DIRECTIONS, Direction.BACK),
            to=given["TO"],
            asof=None if given["ASOF"] is None else as_of("ASOF", given["ASOF"]),
            members=_boolean("MEMBERS", given, False),
            steps=_boolean("STEPS", given, False),
            agent=_boolean("AGENT", given, False),
            agents=_boolean("AGENTS", given, not form.picture),
            context=_boolean("CONTEXT", given, not form.picture),
            model=_one_of("MODEL", given["MODEL"], {"IVOA": "IVOA", "W3C": "W3C"}, "IVOA"),
            descriptions=_one_of("DESCRIPTIONS", given["DESCRIPTIONS"], {"0": 0, "1": 1, "2": 2}, 1),
            configuration=_boolean("CONFIGURATION", given, True),
            attributes=_boolean("ATTRIBUTES", given, False),
            gd=_one_of("GD", given["GD"], _GD, "RL"),
            responseformat=form,
        )

    def __post_init__(self) -> None:
        """Reject parameters that exclude each other."""
        if self.to is not None and self.direction is Direction.BOTH:
            raise ParameterError(
                "TO needs a single direction.", hint="Use DIRECTION=BACK or DIRECTION=FORTH."
            )
        if self.responseformat.name == "PROV-TREE" and self.direction is Direction.BOTH:
            raise ParameterError(
                "PROV-TREE needs a single direction.", hint="Use DIRECTION=BACK or DIRECTION=FORTH."
            )


def _check_names(parameters: Mapping[str, Sequence[str]]) -> None:
    """Reject a parameter that would have no effect; RUNID is always allowed (DALI 1.1, 3.4.6)."""
    for name in parameters:
        if name not in PARAMETERS and name != "RUNID":
            near = get_close_matches(name, PARAMETERS, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"The parameters are {', '.join(PARAMETERS)}."
            raise ParameterError(f"Unknown parameter {name[:40]!r}.", hint=hint)


def _ids(parameters: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    ids = tuple(dict.fromkeys(i for name in _IDS for i in parameters.get(name, ()) if i))
    if not ids:
        raise ParameterError("ID is missing.", hint="Give the id or name of an entity, activity or agent.")
    if any("\0" in i for i in ids):
        raise ParameterError("An ID cannot contain the character NUL.")
    return ids


def _single(parameters: Mapping[str, Sequence[str]], name: str) -> str | None:
    values = parameters.get(name, ())
    if len(values) > 1:
        raise ParameterError(f"{name} was given {len(values)} times; give it once.")
    return values[0].replace("\0", "") or None if values else None


def _depth(text: str | None) -> int:
    if text is None:
        return 1
    if text == "ALL":
        return MAX_DEPTH
    if not re.fullmatch("[0-9]{1,1000}", text):
        raise ParameterError(f"DEPTH must be a number of relations, 0 or more, or ALL, not {text[:40]!r}.")
    return min(int(text), MAX_DEPTH)


def as_of(name: str, text: str) -> datetime:
    """Return the date or time in *text*, of the parameter *name*, in UTC; a date stands for its whole day.

    Raises: ParameterError if it is invalid or in the future.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    valid = "Use a date or time of ISO 8601 in UTC up to now, such as 2026-03-31 or 2026-03-31T12:00:00Z."
    given = _instant(text.strip().upper(), now)
    if given is None:
        raise ParameterError(f"{name} cannot be {text[:40]!r}.", hint=valid)
    if given > now:
        raise ParameterError(f"{name} is in the future: {text[:40]}.", hint=valid)
    return given


def _instant(text: str, now: datetime) -> datetime | None:
    """Return the time in *text*, of a date its end or *now*; None if it is neither."""
    with suppress(ValueError, OverflowError):
        end = datetime.combine(date.fromisoformat(text), datetime.max.time())
        return min(end, now) if end.date() == now.date() else end
    with suppress(ValueError, OverflowError):
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    return None


def _boolean(name: str, given: Mapping[str, str | None], default: bool) -> bool:
    return _one_of(name, given[name], _BOOLEANS, default)


def _one_of(name: str, text: str | None, values: Mapping[str, Value], default: Value) -> Value:
    if text is None:
        return default
    if text not in values:
        raise ParameterError(f"{name} cannot be {text[:40]!r}.", hint=f"Use one of {', '.join(values)}.")
    return values[text]
