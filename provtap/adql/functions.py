"""All functions by name, and which one a call means.

The tables of functions are what calls are checked by, what they become in PostgreSQL, what the capabilities
declare (features.py) and what the reference page shows.
"""

from collections.abc import Mapping
from difflib import get_close_matches

from provtap.adql.geometry import GEOMETRY
from provtap.adql.lexer import Position, problem
from provtap.adql.mathematics import MATHEMATICS
from provtap.adql.signatures import Function
from provtap.adql.text_functions import TEXT_FUNCTIONS
from provtap.adql.user_functions import USER_FUNCTIONS
from provtap.errors import AdqlError

FUNCTIONS: Mapping[str, Function] = {
    function.name: function for function in (*MATHEMATICS, *TEXT_FUNCTIONS, *GEOMETRY, *USER_FUNCTIONS)
}
NOT_OFFERED = frozenset({"AREA", "BOX", "CENTROID", "COORDSYS", "POLYGON", "REGION"})
"""Functions of ADQL that this service leaves out; a call is understood and refused by name."""
_OTHERS = ("COALESCE", "IN_UNIT", "NULLIF", "COUNT", "AVG", "MAX", "MIN", "SUM", "CAST")
"""What looks like a function but has rules of its own."""


_WINDOWS = "ADQL has no functions of windows; SELECT TOP n with ORDER BY takes the first rows."
_ELSEWHERE = {
    "CONCAT": "Texts are joined by ||.",
    "GETDATE": "Write the time as text, '2026-01-31T12:00:00'.",
    "GROUP_CONCAT": "ivo_string_agg joins the texts of a group.",
    "IFNULL": "Write COALESCE(a, b).",
    "ISNULL": "Write COALESCE(a, b), or value IS NULL.",
    "LISTAGG": "ivo_string_agg joins the texts of a group.",
    "LN": "LOG is the natural logarithm.",
    "NOW": "Write the time as text, '2026-01-31T12:00:00'.",
    "NVL": "Write COALESCE(a, b).",
    "Q3C_RADIAL_QUERY": "Write DISTANCE(lon1, lat1, lon2, lat2) < radius.",
    "RANK": _WINDOWS,
    "REGEXP_LIKE": "Write gavo_match(pattern, text) = 1.",
    "ROW_NUMBER": _WINDOWS,
    "STRING_AGG": "ivo_string_agg joins the texts of a group.",
}
"""What functions of other services and dialects are called here."""


def find(name: str, at: Position) -> Function:
    """Return the function called *name*; case does not matter.

    Raises: AdqlError if this service has none.
    """
    if name in NOT_OFFERED:
        raise problem(f"The geometry function {name} is not offered by this service.", at)
    function = FUNCTIONS.get(name) or FUNCTIONS.get(name.lower())
    if function is None:
        raise unknown_function(name, at)
    return function


def unknown_function(name: str, at: Position) -> AdqlError:
    """Return the error about a function that this service does not have."""
    if name.upper() in _ELSEWHERE:
        return problem(f"Unknown function {name}.", at, _ELSEWHERE[name.upper()])
    spelling = {known.lower(): known for known in (*FUNCTIONS, *_OTHERS)}
    near = get_close_matches(name.lower(), spelling, n=1)
    hint = f"Did you mean {spelling[near[0]]}?" if near else None
    return problem(f"Unknown function {name[:40]}.", at, hint)
