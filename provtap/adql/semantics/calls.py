"""Function calls: checks their arguments against the tables of functions, and describes their results."""

from collections.abc import Sequence
from dataclasses import replace

from provtap.adql.functions.ancestry import DERIVED_FROM, derived_from
from provtap.adql.functions.geometry import GEOMETRY, geometry_call
from provtap.adql.functions.registry import find
from provtap.adql.functions.units import in_unit
from provtap.adql.plan.functions import Function, FunctionParameter, Kind
from provtap.adql.plan.literals import as_timestamp, whole_number
from provtap.adql.plan.tree import Call, Constant, Expression, made_of
from provtap.adql.plan.types import Type
from provtap.adql.semantics.conditional import coalesce, nullif
from provtap.adql.syntax import tree as nodes
from provtap.adql.syntax.lexer import problem

_GEOMETRY = frozenset(function.name for function in GEOMETRY)


def function_call(call: nodes.FunctionCall, arguments: Sequence[Expression]) -> Expression:
    """Return the call of any function other than an aggregate.

    Raises: AdqlError if the function does not exist, or does not accept these arguments.
    """
    match call.name:
        case "COALESCE":
            return coalesce(arguments, call.at)
        case "NULLIF":
            return nullif(arguments, call.at)
        case "IN_UNIT":
            return in_unit(call, arguments[0])
        case name if name in _GEOMETRY:
            return geometry_call(call, arguments)
    function = find(call.name, call.at)
    operands = checked_arguments(call, function, arguments)
    if function is DERIVED_FROM:
        function = derived_from(call, operands)
    unit = function.unit
    if unit == "=":
        unit = operands[0].about.unit if operands[0].about else None
    return Call(function.result, operands, made_of(operands, function.result, unit=unit), function=function)


def checked_arguments(
    call: nodes.FunctionCall, function: Function, arguments: Sequence[Expression]
) -> tuple[Expression, ...]:
    """Return the arguments of *function*, with defaults for those left out.

    Raises: AdqlError if their number or types are wrong.
    """
    wanted = len(function.parameters)
    if not wanted - function.optional <= len(arguments) <= wanted:
        plural = "" if wanted == 1 else "s"
        message = f"{function.name} takes {wanted} argument{plural}, not {len(arguments)}."
        raise problem(message, call.at, f"Write {function.signature.partition(' ->')[0]}.")
    triples = zip(function.parameters, arguments, call.arguments, strict=False)
    missing = Constant(Type.INT, kind="integer", text=str(function.missing))
    return (*(_argument(call, *triple) for triple in triples), *[missing] * (wanted - len(arguments)))


def _argument(
    call: nodes.FunctionCall, parameter: FunctionParameter, argument: Expression, node: nodes.Value
) -> Expression:
    if parameter.kind is Kind.WHOLE:
        return whole_number(call, node)
    if parameter.kind is Kind.TIMESTAMP:
        argument = as_timestamp(argument, node.at)
    if not parameter.kind.takes(argument.type):
        message = f"{call.name} takes {parameter.kind.value} here; this is {argument.type.noun}."
        raise problem(message, node.at, _hint(parameter.kind, argument.type))
    # PostgreSQL must know the type of a NULL.
    return replace(argument, type=_NULLS[parameter.kind]) if argument.type is Type.NULL else argument


_NULLS = {
    Kind.NUMBER: Type.DOUBLE,
    Kind.INTEGER: Type.INT,
    Kind.TEXT: Type.TEXT,
    Kind.ANY: Type.TEXT,
    Kind.TIMESTAMP: Type.TIMESTAMP,
}


def _hint(wanted: Kind, given: Type) -> str | None:
    if wanted is Kind.NUMBER and given is Type.TEXT:
        return "prov_number converts a text to a number."
    if wanted is Kind.INTEGER and given.is_number:
        return "CAST(x AS INTEGER) rounds a number."
    if wanted is Kind.TIMESTAMP and given is Type.TEXT:
        return "CAST converts a text to a timestamp."
    return "CAST converts it to a text." if wanted is Kind.TEXT and given.is_comparable else None
