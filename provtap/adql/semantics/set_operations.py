"""The columns of a set operation: the same number in each operand, with compatible types.

Names and metadata come from the first operand (ADQL 2.1, section 2.2, "Set operators").
"""

from collections.abc import Sequence
from dataclasses import replace

from provtap.adql.plan.lengths import least_length
from provtap.adql.plan.tree import UNKNOWN, ColumnValue, Expression, Output, made_of
from provtap.adql.plan.types import Type, arithmetic_type
from provtap.adql.semantics.padding import is_padded
from provtap.adql.semantics.problems import FollowUp, Problems
from provtap.adql.syntax.lexer import Position, problem
from provtap.tableset import Column

Outputs = Sequence[Output]


def common_columns(
    operands: Sequence[Outputs], operators: Sequence[str], places: Sequence[Position], problems: Problems
) -> tuple[Output, ...]:
    """Return the columns of *operands* joined by *operators*, and note incompatible columns.

    Numbers of different types are widened to a type that holds them all; NULL has any type.
    """
    first = operands[0]
    for outputs, operator, at in zip(operands[1:], operators, places[1:], strict=True):
        problems.attempt(_check_number, first, outputs, operator, at)
    if any(len(outputs) != len(first) for outputs in operands):
        return tuple(Output(output.name, UNKNOWN) for output in first)
    return tuple(
        Output(output.name, problems.attempt(_column, number, operands, operators, places) or UNKNOWN)
        for number, output in enumerate(first, start=1)
    )


def _check_number(first: Outputs, outputs: Outputs, operator: str, at: Position) -> None:
    if any(output.name == "" for output in (*first, *outputs)):
        raise FollowUp
    if len(first) != len(outputs):
        message = f"{operator} needs the same number of columns on both sides: {len(first)} before it"
        raise problem(f"{message}, {len(outputs)} after it.", at)


def _column(
    number: int, operands: Sequence[Outputs], operators: Sequence[str], places: Sequence[Position]
) -> Expression:
    """Return the type and metadata of the column with this *number*.

    Raises: AdqlError if its type in one operand is incompatible with the operands before.
    """
    values = [outputs[number - 1].value for outputs in operands]
    if UNKNOWN in values:
        raise FollowUp
    common = values[0]
    for value, operator, at in zip(values[1:], operators, places[1:], strict=True):
        if not _go_together(common, value):
            message = (
                f"Column {number} is {common.type.noun} before {operator}, but {value.type.noun} after it."
            )
            raise problem(
                message,
                at,
                None if Type.OTHER in {common.type, value.type} else "Convert one of them with CAST.",
            )
        common = value if common.type is Type.NULL else common
    type_ = _widest([value.type for value in values])
    return ColumnValue(
        type_,
        about=_about(common, type_, values),
        table="",
        column=f"c{number}",
        length=min(map(least_length, values)),
        padded=all(map(is_padded, values)),
    )


def _go_together(one: Expression, other: Expression) -> bool:
    types = {one.type, other.type}
    if Type.OTHER in types:
        return len(types) == 1 and _shape(one) == _shape(other)
    return len(types) == 1 or Type.NULL in types or all(type_.is_number for type_ in types)


def are_alike(values: Sequence[Expression]) -> bool:
    """Whether all have the same datatype and arraysize; if not, values may not fit in the first one's."""
    return len({_shape(value)[:2] for value in values if value.type is not Type.NULL}) < 2


def _shape(value: Expression) -> tuple[str | None, ...]:
    about = value.described
    return about.datatype, about.arraysize, about.xtype


def _widest(types: Sequence[Type]) -> Type:
    known: list[Type] = [type_ for type_ in types if type_ is not Type.NULL]
    if known and known[0].is_number:
        return arithmetic_type(known)
    return known[0] if known else Type.NULL


def _about(common: Expression, type_: Type, values: Sequence[Expression]) -> Column:
    """Return the metadata of the first operand's column, with the common type."""
    about = common.described
    if common.type is type_ and are_alike(values):
        return about
    shape = made_of(values, type_)
    return replace(about, datatype=shape.datatype, arraysize=shape.arraysize, xtype=shape.xtype)
