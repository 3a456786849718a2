"""IN_UNIT: a number in another unit.

Source: ADQL 2.1, section 4.7; units are those of VOUnits 1.0.
"""

import warnings
from functools import lru_cache
from typing import Any

from provtap.adql.plan.tree import Arithmetic, Constant, Expression
from provtap.adql.plan.types import Type, typed_column
from provtap.adql.syntax import tree as nodes
from provtap.adql.syntax.lexer import problem

UNIT_LIMIT = 100
"""Characters of one unit."""


def in_unit(call: nodes.FunctionCall, value: Expression) -> Expression:
    """Return *value* converted to the unit named by the second argument; the factor is computed here.

    Raises: AdqlError if either unit is missing or invalid, or if the units measure different quantities.
    """
    number, target = call.arguments
    assert isinstance(target, nodes.Literal)  # required by the grammar
    unit = target.text
    if not value.type.is_number:
        raise problem(f"IN_UNIT converts numbers; this is {value.type.noun}.", number.at)
    own = value.about.unit if value.about else None
    if not own:
        raise problem("IN_UNIT needs a value with a unit; this value has none.", number.at)
    try:
        operator, factor = _conversion(own, unit)
    except ValueError as error:
        raise problem(str(error), target.at) from error
    scale = Constant(Type.DOUBLE, kind="approximate", text=repr(factor))
    ucd = value.about.ucd if value.about else None
    return Arithmetic(
        Type.DOUBLE, (value, scale), typed_column(Type.DOUBLE, unit=unit, ucd=ucd), operators=(operator,)
    )


@lru_cache(maxsize=1_000)
def _conversion(own: str, wanted: str) -> tuple[str, float]:
    """Return the operation that converts numbers from one unit to another: `*` or `/`, and the factor.

    Divides where the factor is below 1: 1 / 1000 is not an exact double, 1000 is.
    Raises: ValueError with a message for the user.
    """
    # The import takes a third of a second, and most queries use no units.
    from astropy.units import UnitConversionError

    source, target = _unit(own), _unit(wanted)
    try:
        factor = float(source.to(target))
        return ("*", factor) if factor >= 1 else ("/", float(target.to(source)))
    except UnitConversionError as error:
        raise ValueError(f"{own} cannot be converted to {wanted}.") from error


def _unit(text: str) -> Any:
    """Return the unit that *text* names."""
    from astropy.units import Unit, UnitsWarning

    message = f"'{text[:40]}' is not a unit of VOUnits."
    if not text.strip() or len(text) > UNIT_LIMIT:
        raise ValueError(message)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnitsWarning)  # deprecated units are units
        try:
            return Unit(text, format="vounit")
        except (ValueError, TypeError) as error:
            raise ValueError(message) from error
