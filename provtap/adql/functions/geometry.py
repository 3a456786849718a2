"""The geometry of ADQL 2.1, section 4.2, without an extension: points and circles on the sphere.

A point or circle is represented by its numbers in degrees: the arguments it was made from, or the elements of
an array column. A distance is then a function of four numbers, and CONTAINS adds bounds on a latitude to the
SQL, for which an index can be used (schema/0005_functions.sql). Bounds are false where another number is
NULL, so they are used only to choose rows (schema/0019_exact_functions.sql).
"""

from collections.abc import Sequence

from provtap.adql.plan.functions import Function, FunctionParameter, Kind
from provtap.adql.plan.literals import literal_number
from provtap.adql.plan.tree import Call, Constant, Expression
from provtap.adql.plan.types import Type, typed_column
from provtap.adql.syntax import tree as nodes
from provtap.adql.syntax.lexer import Position, problem

_POINT = (FunctionParameter("point", Kind.POINT),)
_TWO_CIRCLES = tuple(map(FunctionParameter, ("lon1", "lat1", "radius1", "lon2", "lat2", "radius2")))

GEOMETRY = (
    Function(
        name="POINT",
        parameters=(FunctionParameter("lon"), FunctionParameter("lat")),
        result=Type.POINT,
        sql="provext.place(ARRAY[{0}, {1}])",
        description="A point on the sky. Here and below a coordinate system, as text before all other"
        " arguments, is accepted and ignored; all numbers are degrees.",
    ),
    Function(
        name="CIRCLE",
        parameters=(FunctionParameter("lon"), FunctionParameter("lat"), FunctionParameter("radius")),
        result=Type.CIRCLE,
        sql="provext.place(ARRAY[{0}, {1}, {2}])",
        forms=("CIRCLE(lon, lat, radius)", "CIRCLE(point, radius)"),
        description="A circle on the sky.",
    ),
    Function(
        name="DISTANCE",
        parameters=(
            FunctionParameter("lon1"),
            FunctionParameter("lat1"),
            FunctionParameter("lon2"),
            FunctionParameter("lat2"),
        ),
        sql="provext.distance({0}, {1}, {2}, {3})",
        unit="deg",
        description="The angle between two points along a great circle.",
        forms=("DISTANCE(point1, point2)", "DISTANCE(lon1, lat1, lon2, lat2)"),
    ),
    Function(
        name="COORD1",
        parameters=_POINT,
        sql="({0})[1]",
        unit="deg",
        description="The longitude of a point.",
    ),
    Function(
        name="COORD2", parameters=_POINT, sql="({0})[2]", unit="deg", description="The latitude of a point."
    ),
    Function(
        name="CONTAINS",
        parameters=_TWO_CIRCLES,
        result=Type.INT,
        sql="provext.contains_or_null({0}, {1}, {2}, {3}, {4}, {5})",
        choice="provext.contains({0}, {1}, {2}, {3}, {4}, {5})",
        is_condition=True,
        forms=("CONTAINS(a, b)",),
        description="1 if the point or circle a lies in b, its edge included, else 0.",
    ),
    Function(
        name="INTERSECTS",
        parameters=_TWO_CIRCLES,
        result=Type.INT,
        sql="provext.intersects_or_null({0}, {1}, {2}, {3}, {4}, {5})",
        choice="provext.intersects({0}, {1}, {2}, {3}, {4}, {5})",
        is_condition=True,
        forms=("INTERSECTS(a, b)",),
        description="1 if the points or circles a and b have a point in common, else 0.",
    ),
)
_BY_NAME = {function.name: function for function in GEOMETRY}
_ELEMENTS = (
    _BY_NAME["COORD1"],
    _BY_NAME["COORD2"],
    Function(name="radius", parameters=_POINT, sql="({0})[3]", description="The radius of a circle."),
)
_NUMBER = Function(name="number", sql="{0}", description="A number as double precision.")
_BY_POSITION = "Regions as texts cannot be searched; write POINT(ra, dec) with the columns of a position."
_NO_RADIUS = Constant(Type.INT, kind="integer", text="0")
_N, _P, _G = Kind.NUMBER, Kind.POINT, Kind.GEOMETRY
_ARGUMENTS = {
    ("POINT", 2): (_N, _N),
    ("CIRCLE", 2): (_P, _N),
    ("CIRCLE", 3): (_N, _N, _N),
    ("DISTANCE", 2): (_P, _P),
    ("DISTANCE", 4): (_N, _N, _N, _N),
    ("COORD1", 1): (_P,),
    ("COORD2", 1): (_P,),
    ("CONTAINS", 2): (_G, _G),
    ("INTERSECTS", 2): (_G, _G),
}
"""The kinds of the arguments of a call, by their number."""
_RANGES = (("longitude", -360, 360), ("latitude", -90, 90), ("radius", 0, 180))


def geometry_call(call: nodes.FunctionCall, arguments: Sequence[Expression]) -> Expression:
    """Return a call of a function of GEOMETRY; the grammar has already checked the form of its arguments.

    Raises: AdqlError for arguments of the wrong type, and for literal numbers outside the range of
    coordinates.
    """
    given = list(zip(arguments, call.arguments, strict=True))
    if _has_system(call.name, arguments):
        given = given[1:]
    kinds = _ARGUMENTS[call.name, len(given)]
    numbers: list[Expression] = []
    for kind, (value, node) in zip(kinds, given, strict=True):
        if not kind.takes(value.type):
            hint = _BY_POSITION if kind is _G and value.type is Type.TEXT else None
            raise problem(f"{call.name} takes {kind.value} here; this is {value.type.noun}.", node.at, hint)
        numbers += _circle(value) if kind is Kind.GEOMETRY else _numbers(value)
    match call.name:
        case "POINT" | "CIRCLE":
            return shape(Type(call.name.lower()), numbers, call.at)
        case "COORD1" | "COORD2":  # of the point as a whole: if one number of it is NULL, so is the other
            return _degrees(given[0][0], _BY_NAME[call.name])
    if call.name == "INTERSECTS" and all(literal_number(number) is not None for number in numbers[:3]):
        numbers = numbers[3:] + numbers[:3]  # the bounds are on the first latitude, best that of a column
    function = _BY_NAME[call.name]
    about = typed_column(function.result, unit=function.unit)
    return Call(function.result, tuple(numbers), about, function=function)


def shape(type_: Type, numbers: Sequence[Expression], at: Position) -> Call:
    """Return the point or circle of these numbers.

    Raises: AdqlError for literals outside the range of coordinates (DALI 1.1, section 3.3.5).
    """
    for number, (name, low, high) in zip(numbers, _RANGES, strict=False):
        value = literal_number(number)
        if value is not None and not low <= value <= high:
            raise problem(f"A {name} must be between {low} and {high} degrees.", at)
    return Call(type_, tuple(numbers), typed_column(type_), function=_BY_NAME[type_.name])


def _has_system(name: str, arguments: Sequence[Expression]) -> bool:
    """Whether the first argument is a coordinate system (deprecated in ADQL 2.1)."""
    first = arguments[0]
    if name not in {"POINT", "CIRCLE"} or not isinstance(first, Constant):
        return False
    surplus = (name, len(arguments)) not in _ARGUMENTS or arguments[1].type is Type.POINT
    return surplus and first.kind in {"string", "null"}


def _numbers(value: Expression) -> list[Expression]:
    """Return the numbers of an argument: one, or those of a point or circle."""
    if not value.type.is_geometry:
        return [value]
    if isinstance(value, Call):
        return list(value.operands)
    elements = _ELEMENTS[: 2 if value.type is Type.POINT else 3]
    return [_degrees(value, element) for element in elements]


def _degrees(value: Expression, function: Function = _NUMBER) -> Expression:
    return Call(Type.DOUBLE, (value,), typed_column(Type.DOUBLE, unit="deg"), function=function)


def _circle(value: Expression) -> list[Expression]:
    """Return the numbers of a circle; a point is a circle with radius 0."""
    numbers = _numbers(value)
    return numbers if len(numbers) == 3 else [*numbers, _NO_RADIUS]
