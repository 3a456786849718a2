"""Kinds of values: which values the BNF allows as operands and as arguments of functions.

The BNF has numbers, texts and geometries, and distinguishes them by their form alone: `LOWER(a) + 1` is not
a number and `POINT(1, 2) || 'x'` not a text, whatever the tables contain. A column or a user defined function
may be any of them, and brackets turn any value into a primary. Here a kind is one letter, the arguments of a
call are a string of letters, and each function has a regular expression of the strings it accepts.

Source: ADQL 2.1 BNF, <value_expression>, <numeric_value_function>, <string_value_function>,
<geometry_value_function>.
"""

import re
from dataclasses import dataclass

from provtap.adql.syntax import tree as nodes
from provtap.adql.syntax.tree import Value

NULL, REFERENCE, STRING, INTEGER, SIGNED_INTEGER = "n", "r", "s", "i", "d"
PRIMARY, NUMERIC_FUNCTION, ARITHMETIC = "p", "f", "c"
CONCATENATION, STRING_FUNCTION, POINT, SHAPE = "j", "t", "P", "G"

NUMBERS = frozenset("rsipfdc")
"""Kinds of the operands of + - * /."""
CHARACTERS = frozenset("rsipft")
"""Kinds of the operands of ||: primaries only."""

NOUNS = {
    NULL: "NULL",
    CONCATENATION: "text joined by ||",
    STRING_FUNCTION: "text",
    POINT: "a geometry",
    SHAPE: "a geometry",
    SIGNED_INTEGER: "a number with a sign",
    ARITHMETIC: "arithmetic",
}
"""Names in messages of the kinds that are not allowed everywhere."""

_NUMBER = "[rsipfdcn]"
_COORDINATE = "[ripfdc]"
_POINT = "[Pr]"
_GEOMETRY = "[PGrsipn]"
_SYSTEM = "[sn]?"
_POINT_TYPES = frozenset({"POINT", "CIRCLE", "POLYGON"})


@dataclass(frozen=True)
class Form:
    """The arguments that a function accepts: as a regular expression over their kinds, and for a message."""

    pattern: str
    description: str

    def fits(self, kinds: str) -> bool:
        """Whether arguments of these kinds are accepted."""
        return re.fullmatch(self.pattern, kinds) is not None


_ONE_NUMBER = Form(_NUMBER, "one number")
_TWO_NUMBERS = Form(_NUMBER + _NUMBER, "two numbers")
_ROUNDED = Form(f"{_NUMBER}[id]?", "a number and, optionally, a number of decimals as a whole number literal")
_ONE_TEXT = Form("[jrsipftn]", "one text")
_ONE_GEOMETRY = Form(_GEOMETRY, "one geometry")
_TWO_GEOMETRIES = Form(_GEOMETRY + _GEOMETRY, "two geometries")
_ONE_POINT = Form(_POINT, "one point")

FORMS = (
    dict.fromkeys(
        ["ABS", "CEILING", "DEGREES", "EXP", "FLOOR", "LOG", "LOG10", "RADIANS", "SQRT"]
        + ["ACOS", "ASIN", "ATAN", "COS", "COT", "SIN", "TAN"],
        _ONE_NUMBER,
    )
    | dict.fromkeys(["ATAN2", "MOD", "POWER"], _TWO_NUMBERS)
    | dict.fromkeys(["ROUND", "TRUNCATE"], _ROUNDED)
    | dict.fromkeys(["LOWER", "UPPER", "CHAR_LENGTH", "CHARACTER_LENGTH"], _ONE_TEXT)
    | dict.fromkeys(["AREA", "CENTROID", "COORDSYS"], _ONE_GEOMETRY)
    | dict.fromkeys(["COORD1", "COORD2"], _ONE_POINT)
    | dict.fromkeys(["CONTAINS", "INTERSECTS"], _TWO_GEOMETRIES)
    | {
        "PI": Form("", "no arguments"),
        "RAND": Form("i?", "at most one whole number literal"),
        "IN_UNIT": Form(f"{_NUMBER}s", "a number and a unit as text literal"),
        "SUBSTRING": Form(f"[jrsipftn]{_NUMBER}{_NUMBER}?", "a text, a start and, optionally, a length"),
        "COALESCE": Form(".+", "one or more values"),
        "NULLIF": Form("..", "two values"),
        "POINT": Form(f"{_SYSTEM}{_COORDINATE}{{2}}", "a longitude and a latitude"),
        "CIRCLE": Form(
            f"{_SYSTEM}({_COORDINATE}{{3}}|{_POINT}{_COORDINATE})",
            "a longitude, a latitude and a radius, or a point and a radius",
        ),
        "BOX": Form(
            f"{_SYSTEM}({_COORDINATE}{{4}}|{_POINT}{_COORDINATE}{{2}})",
            "a longitude, a latitude, a width and a height, or a point, a width and a height",
        ),
        "POLYGON": Form(
            f"{_SYSTEM}(({_COORDINATE}{{2}}){{3,}}|{_POINT}{{3,}})",
            "three or more pairs of longitude and latitude, or three or more points",
        ),
        "REGION": Form("s", "a text literal"),
        "DISTANCE": Form(
            f"{_POINT}{{2}}|{_COORDINATE}{{4}}", "two points, or two longitudes each with its latitude"
        ),
    }
)
"""Functions whose names are reserved words, and the arguments that they accept."""

_STRING_FUNCTIONS = frozenset({"LOWER", "UPPER", "COORDSYS", "SUBSTRING"})
_POINT_FUNCTIONS = frozenset({"POINT", "CENTROID"})
_SHAPE_FUNCTIONS = frozenset({"BOX", "CIRCLE", "POLYGON", "REGION"})
GEOMETRIES = frozenset({"POINT", "BOX", "CIRCLE", "POLYGON"})
"""Functions whose first argument may be a coordinate system."""
_PRIMARY_FUNCTIONS = frozenset({"COALESCE", "NULLIF"})
_LITERALS = {"null": NULL, "string": STRING, "integer": INTEGER}


def kind_of(value: Value, in_brackets: object = None) -> str:
    """Return the kind of a value as written; *in_brackets* is the content of the last pair of brackets."""
    if value is in_brackets:
        return PRIMARY
    match value:
        case nodes.Literal():
            return _LITERALS.get(value.kind, PRIMARY)
        case nodes.ColumnReference():
            return REFERENCE
        case nodes.Sign(operand=nodes.Literal(kind="integer") as number) if number is not in_brackets:
            return SIGNED_INTEGER
        case nodes.Sign() | nodes.Arithmetic():
            return ARITHMETIC
        case nodes.Concatenation():
            return CONCATENATION
        case nodes.Cast() if value.type_name in _POINT_TYPES:
            return SHAPE
        case nodes.FunctionCall():
            return _kind_of_call(value.name)
    return PRIMARY


def _kind_of_call(name: str) -> str:
    if name in {"CURRENT_TIMESTAMP", "CURRENT_DATE"}:
        return PRIMARY
    if name not in FORMS:
        return REFERENCE
    if name in _STRING_FUNCTIONS:
        return STRING_FUNCTION
    if name in _POINT_FUNCTIONS:
        return POINT
    if name in _SHAPE_FUNCTIONS:
        return SHAPE
    return PRIMARY if name in _PRIMARY_FUNCTIONS else NUMERIC_FUNCTION
