"""All functions by name, and the lookup of the function of a call.

The tables of functions are used to check calls, to generate PostgreSQL, to declare functions in the
capabilities (see `features`) and to write the reference page (see `reference_page`).
"""

from collections.abc import Mapping
from difflib import get_close_matches

from provtap.adql.functions.builtin import EXTENSIONS, MATHEMATICS, TEXT_FUNCTIONS
from provtap.adql.functions.geometry import GEOMETRY
from provtap.adql.functions.user_defined import USER_FUNCTIONS
from provtap.adql.plan.functions import Function
from provtap.adql.syntax.lexer import Position, problem
from provtap.errors import AdqlError

FUNCTIONS: Mapping[str, Function] = {
    function.name: function
    for function in (*MATHEMATICS, *TEXT_FUNCTIONS, *EXTENSIONS, *GEOMETRY, *USER_FUNCTIONS)
}
NOT_OFFERED = frozenset({"AREA", "BOX", "CENTROID", "COORDSYS", "POLYGON", "REGION"})
"""Functions of ADQL that this service does not support; the error names them."""
_AREAS = dict.fromkeys(
    ("BOX", "POLYGON", "REGION"), "Write a CIRCLE, or bounds: lon BETWEEN a AND b AND lat BETWEEN c AND d."
)
_OTHERS = ("COALESCE", "IN_UNIT", "NULLIF", "COUNT", "AVG", "MAX", "MIN", "SUM", "CAST", "LENGTH")
"""Names that look like functions but have their own rules."""


_WINDOWS = "ADQL has no window functions; SELECT TOP n with ORDER BY returns the first rows."
_DISTANCE = "Write DISTANCE(lon1, lat1, lon2, lat2) < radius."
_NOW = "Write CURRENT_TIMESTAMP, or a time as text, '2026-01-31T12:00:00'."
_MOMENTS = "Compare with timestamps as texts, '2026-01-31T12:00:00'; ivo_to_mjd converts a timestamp to days."
_CASE = "Write CASE WHEN a > b THEN a ELSE b END."
_GROUPS = "ivo_string_agg joins the texts of a group."
_SPREAD = "The variance is AVG(x * x) - AVG(x) * AVG(x)."
_ELSEWHERE = (
    {"CONCAT": "Join texts with ||.", "LN": "LOG is the natural logarithm."}
    | {"CEIL": "Write CEILING(x).", "TRUNC": "Write TRUNCATE(x, n).", "POW": "Write POWER(x, y)."}
    | dict.fromkeys(("CURDATE", "GETDATE", "NOW", "SYSDATE", "TODAY"), _NOW)
    | dict.fromkeys(("DATEADD", "DATEDIFF", "DATE_PART", "DATE_TRUNC", "DATEPART", "TO_DATE"), _MOMENTS)
    | dict.fromkeys(("TO_TIMESTAMP", "STRFTIME"), "Write CAST(text AS TIMESTAMP).")
    | dict.fromkeys(("IFNULL", "ISNULL", "NVL"), "Write COALESCE(a, b).")
    | dict.fromkeys(("IF", "IIF", "DECODE"), "Write CASE WHEN condition THEN a ELSE b END.")
    | dict.fromkeys(("GREATEST", "LEAST"), _CASE)
    | dict.fromkeys(("GROUP_CONCAT", "LISTAGG", "STRING_AGG", "ARRAY_AGG"), _GROUPS)
    | dict.fromkeys(
        ("STDDEV", "STDEV", "STDDEV_POP", "STDDEV_SAMP", "VARIANCE", "VAR_POP", "VAR_SAMP"), _SPREAD
    )
    | dict.fromkeys(("MEDIAN", "PERCENTILE_CONT", "CORR"), "The set functions are COUNT, SUM, AVG, MIN, MAX.")
    | dict.fromkeys(("TO_CHAR", "STR"), "Write CAST(value AS VARCHAR).")
    | dict.fromkeys(
        ("TO_NUMBER", "TO_INTEGER", "TO_REAL"), "Write CAST(value AS INTEGER), or prov_number(text)."
    )
    | dict.fromkeys(("REGEXP_LIKE", "REGEXP_MATCH", "REGEXP"), "Write gavo_match(pattern, text) = 1.")
    | dict.fromkeys(("RANK", "ROW_NUMBER", "DENSE_RANK", "NTILE", "LAG", "LEAD"), _WINDOWS)
    | dict.fromkeys(("Q3C_RADIAL_QUERY", "Q3C_DIST", "Q3C_JOIN", "SCISQL_ANGSEP"), _DISTANCE)
    | dict.fromkeys(("SUBSTR", "LEFT", "MID", "RIGHT"), "Write SUBSTRING(text, start, length).")
    | dict.fromkeys(("LEN", "STRLEN"), "Write CHAR_LENGTH(text).")
)
"""The equivalents of functions of other services and dialects."""


def find(name: str, at: Position) -> Function:
    """Return the function called *name*; case does not matter.

    Raises: AdqlError for an unknown function.
    """
    if name in NOT_OFFERED:
        raise problem(f"The geometry function {name} is not supported by this service.", at, _AREAS.get(name))
    function = FUNCTIONS.get(name) or FUNCTIONS.get(name.lower())
    if function is None:
        raise unknown_function(name, at)
    return function


def unknown_function(name: str, at: Position) -> AdqlError:
    """Return the error about a function that this service does not have."""
    if name.upper() in _ELSEWHERE:
        return problem(f"Unknown function {name}.", at, _ELSEWHERE[name.upper()])
    spelling = {known.lower(): known for known in (*FUNCTIONS, *_OTHERS)}
    near = get_close_matches(name.lower(), spelling, n=1, cutoff=0.7)
    hint = (
        f"Did you mean {spelling[near[0]]}?"
        if near
        else "The capabilities of the service list its functions."
    )
    return problem(f"Unknown function {name[:40]}.", at, hint, fixes=(spelling[n] for n in near))
