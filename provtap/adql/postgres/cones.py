"""Cones: conditions on positions, in a form that can use an index.

A point lies in a circle, or within a distance of a position, only if it lies in one of the rectangles of
longitude and latitude around it (`cone_boxes` in schema/). This weaker condition is added before the original
one. The position is two columns of one table, and the centre and reach of a cone use no column of this table.
So a GiST index on `provext.sky_position(longitude, latitude)` can be used, in cone searches and in joins of
two tables.

The centre and the reach are written twice, so only short ones are accepted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provtap.adql.plan import tree as plan
from provtap.adql.plan.literals import literal_number
from provtap.adql.plan.tree import Arithmetic, Call, Cast, ColumnValue, Expression, Operation
from provtap.adql.plan.types import Type
from provtap.adql.plan.volatility import is_volatile, parts

SHORT = 40
"""Maximum parts of centre and reach together."""
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>"}
_TRUE = {("=", 1), ("<>", 0), (">", 0), (">=", 1)}
_FALSE = {("=", 0), ("<>", 1), ("<", 1), ("<=", 0)}
_INVERSE = {"*": "/", "/": "*"}

Place = tuple[Expression, Expression]
"""Longitude and latitude, in degrees."""


@dataclass(frozen=True, slots=True)
class Cone:
    """All positions of a table within a *reach* of the *centre*."""

    position: Place
    centre: Place
    reach: Expression
    """Degrees."""
    has_bounds: bool
    """Whether the latitude needs bounds of its own, for an index on the latitude alone.

    CONTAINS and INTERSECTS have bounds on their first latitude; a reach that may be NaN gives none.
    """


def truth(operator: str, operands: Sequence[Expression]) -> tuple[Call, bool] | None:
    """Return a function that is a condition, and whether it must be true, if compared with 1 or 0."""
    for call, number, compared in _both_ways(operator, operands):
        if isinstance(call, Call) and call.function.is_condition:
            if (compared, literal_number(number)) in _TRUE:
                return call, True
            if (compared, literal_number(number)) in _FALSE:
                return call, False
    return None


def cones(operator: str, operands: Sequence[Expression]) -> tuple[Cone, ...]:
    """Return the cones that contain the rows chosen by a comparison."""
    if operator == "BETWEEN":
        value, _, limit = operands
        return cones("<=", (value, limit))
    if found := truth(operator, operands):
        call, must_hold = found
        return tuple(_around(call, _reach(call))) if must_hold and call.function.name in _AREAS else ()
    for value, limit, compared in _both_ways(operator, operands):
        if compared in {"<", "<=", "="} and (distance := _scaled(value, limit)):
            return tuple(_around(*distance))
    return ()


_AREAS = {"CONTAINS": slice(5, None), "INTERSECTS": slice(2, None, 3)}
"""The operands of these functions that are the radii of the reach: in CONTAINS(a, b), a is inside of b."""


def _both_ways(operator: str, operands: Sequence[Expression]) -> Iterator[tuple[Expression, Expression, str]]:
    if operator in _MIRRORED:
        left, right = operands
        yield left, right, operator
        yield right, left, _MIRRORED[operator]


def _reach(call: Call) -> Expression:
    radii = [radius for radius in call.operands[_AREAS[call.function.name]] if literal_number(radius) != 0]
    if len(radii) == 2:
        return Arithmetic(Type.DOUBLE, tuple(map(_as_double, radii)), operators=("+",))
    return radii[0] if radii else call.operands[-1]


def _scaled(value: Expression, limit: Expression) -> tuple[Call, Expression] | None:
    """Return a distance and its limit, if *value* is a distance, possibly times a number (arc seconds)."""
    match value:
        case Call() if value.function.name == "DISTANCE":
            return value, limit
        case Arithmetic(operands=(distance, factor), operators=("*" | "/" as operator,)):
            if (literal_number(factor) or 0) > 0:
                shrunk = (_as_double(limit), _as_double(factor))
                return _scaled(distance, Arithmetic(Type.DOUBLE, shrunk, operators=(_INVERSE[operator],)))
            if operator == "*" and literal_number(distance) is not None:
                return _scaled(Arithmetic(value.type, (factor, distance), operators=("*",)), limit)
    return None


def _as_double(value: Expression) -> Expression:
    return Cast(Type.DOUBLE, (value,))


def _around(call: Call, reach: Expression) -> Iterator[Cone]:
    """Yield the cones around each of two positions that contain the other one."""
    numbers = call.operands
    half = len(numbers) // 2
    first, second = (numbers[0], numbers[1]), (numbers[half], numbers[half + 1])
    for position, centre in ((first, second), (second, first)):
        tables = [{column.table for column in number.columns()} for number in position]
        if len(tables[0]) != 1 or tables[0] != tables[1]:
            continue
        rest = (*centre, reach)
        used = {column.table for value in rest for column in value.columns()}
        if not used & tables[0] and all(map(_is_column, position)) and _are_short(rest):
            is_bounded = position is first and call.function.name in _AREAS
            yield Cone(position, centre, reach, not is_bounded and all(map(_is_number, _expressions(reach))))


def _is_column(number: Expression) -> bool:
    """Whether *number* is a column, or an element of a column of points."""
    match number:
        case ColumnValue():
            return number.size == 1
        case Call(operands=(ColumnValue() as column,)):
            return column.type.is_geometry and column.size == 1
    return False


def _are_short(values: tuple[Expression, ...]) -> bool:
    for count, part in enumerate(parts(values), start=1):
        if count > SHORT or isinstance(part, plan.LineageTable):
            return False
        if isinstance(part, ColumnValue) and part.size > 1:
            return False
    return not is_volatile(values)


def _expressions(value: Expression) -> Iterator[Expression]:
    yield value
    for operand in value.operands:
        yield from _expressions(operand)


def _is_number(value: Expression) -> bool:
    is_made = isinstance(value, Arithmetic | Cast | Operation) and value.type.is_number
    return is_made or literal_number(value) is not None
