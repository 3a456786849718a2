"""The functions of ADQL: one table from which calls are checked, typed and written in PostgreSQL.

Source: ADQL 2.1, sections 2.3 ("Mathematical and Trigonometrical Functions") and 4 (optional features).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from provtap.adql.lexer import Position, problem
from provtap.errors import AdqlError


@dataclass(frozen=True)
class Function:
    """A function of double precision, whose numeric arguments the generator casts as its SQL wants them."""

    sql: str
    """PostgreSQL, with {0}, {1} for the arguments."""
    arity: tuple[int, ...] = (1,)
    """How many arguments it may have."""
    argument_type: str = "double precision"
    integers_from: int = 9
    """Index of the first argument that must be a whole number as literal; it is not cast."""
    unit: str | None = None
    """Unit of its values; `=` means that of its argument."""


FUNCTIONS: Mapping[str, Function] = {
    "ABS": Function("abs({0})", unit="="),
    "CEILING": Function("ceiling({0})", unit="="),
    "DEGREES": Function("degrees({0})", unit="deg"),
    "EXP": Function("exp({0})"),
    "FLOOR": Function("floor({0})", unit="="),
    # PostgreSQL's log(x) is the decimal one.
    "LOG": Function("ln({0})"),
    "LOG10": Function("log10({0})"),
    # The remainder has the sign of x; PostgreSQL has none of double precision.
    "MOD": Function("mod({0}, {1})::double precision", (2,), argument_type="numeric"),
    "PI": Function("pi()", (0,)),
    "POWER": Function("power({0}, {1})", (2,)),
    "RADIANS": Function("radians({0})", unit="rad"),
    # The seed has no meaning that two services share: ADQL leaves it open.
    "RAND": Function("random()", (0, 1), integers_from=0),
    # Of numeric: round(2.5) is 3 as in ADQL, while that of double precision is 2.
    "ROUND": Function(
        "round({0}, {1})::double precision", (1, 2), argument_type="numeric", integers_from=1, unit="="
    ),
    "SQRT": Function("sqrt({0})"),
    "TRUNCATE": Function(
        "trunc({0}, {1})::double precision", (1, 2), argument_type="numeric", integers_from=1, unit="="
    ),
    "ACOS": Function("acos({0})", unit="rad"),
    "ASIN": Function("asin({0})", unit="rad"),
    "ATAN": Function("atan({0})", unit="rad"),
    "ATAN2": Function("atan2({0}, {1})", (2,), unit="rad"),
    "COS": Function("cos({0})"),
    "COT": Function("cot({0})"),
    "SIN": Function("sin({0})"),
    "TAN": Function("tan({0})"),
}
GEOMETRY = frozenset(
    {"AREA", "BOX", "CENTROID", "CIRCLE", "CONTAINS", "COORD1", "COORD2", "COORDSYS", "DISTANCE"}
    | {"INTERSECTS", "POINT", "POLYGON", "REGION"}
)
NOT_OFFERED = GEOMETRY | {"COALESCE", "IN_UNIT", "LOWER", "UPPER"}
"""Functions of ADQL that this service leaves out; a call is understood and refused by name."""
KNOWN = NOT_OFFERED | FUNCTIONS.keys()
"""Reserved words that are functions where a bracket follows."""


def find(name: str, at: Position) -> Function:
    """Return the function called *name*; a regular identifier ignores case.

    Raises: AdqlError if this service has none.
    """
    key = name.upper()
    if key in FUNCTIONS:
        return FUNCTIONS[key]
    if key in GEOMETRY:
        raise problem(f"The geometry function {key} is not offered by this service.", at)
    if key in NOT_OFFERED:
        raise problem(f"{key} is not offered by this service.", at)
    raise unknown_function(name, at)


def check_arity(name: str, given: int, at: Position) -> None:
    """Refuse a call with too many or too few arguments; of a function left out, all is accepted.

    Raises: AdqlError.
    """
    function = FUNCTIONS.get(name)
    if function is None or given in function.arity:
        return
    wanted = " or ".join(map(str, function.arity))
    plural = "" if wanted == "1" else "s"
    raise problem(f"{name} takes {wanted} argument{plural}, not {given}.", at)


def unknown_function(name: str, at: Position) -> AdqlError:
    """Return the error about a function that this service does not have."""
    near = get_close_matches(name.upper(), FUNCTIONS, n=1)
    return problem(f"Unknown function {name}.", at, f"Did you mean {near[0]}?" if near else None)
