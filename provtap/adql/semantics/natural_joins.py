"""NATURAL and USING: the common columns of both sides of a join, as its condition and as merged columns.

Columns are merged as in SQL: a LEFT join keeps the left column, a RIGHT join the right one, a FULL join the
first that is not NULL (SQL-92, section 7.5).
"""

from collections.abc import Sequence

from provtap.adql.plan.tree import Expression, Operation, Output, conjunction, made_of
from provtap.adql.plan.types import Type, arithmetic_type
from provtap.adql.semantics.comparisons import comparable
from provtap.adql.semantics.conditional import widened
from provtap.adql.semantics.problems import FollowUp
from provtap.adql.semantics.scopes import Outputs, Relation
from provtap.adql.semantics.set_operations import are_alike
from provtap.adql.syntax import tree as nodes
from provtap.adql.syntax.lexer import Position, problem
from provtap.adql.syntax.tree import Name


def merged_columns(join: nodes.Join, left: Relation, right: Relation) -> tuple[Expression | None, Relation]:
    """Return the condition of NATURAL or USING, and the visible columns after it.

    Raises: AdqlError if a column of USING is not exactly once on each side, or can't be compared.
    """
    names = _common_names(left, right, join.at) if join.natural else join.using
    pairs = [_pair(name, left, right) for name in names]
    equalities = [_equality(one, other, join.at) for one, other in pairs]
    outputs = (
        *(Output(one.name, _merged(join.kind, one.value, other.value)) for one, other in pairs),
        *_others(left.outputs.all, [one for one, _ in pairs]),
        *_others(right.outputs.all, [other for _, other in pairs]),
    )
    return conjunction(equalities), Relation((*left.sources, *right.sources), Outputs(outputs))


def _common_names(left: Relation, right: Relation, at: Position) -> list[Name]:
    """Return the common names of a NATURAL join; if there are none, all pairs of rows are joined."""
    if left.outputs.may_have_any or right.outputs.may_have_any:
        raise FollowUp
    names = {output.name for output in right.outputs.all}
    return [Name(output.name, True, at) for output in left.outputs.all if output.name in names]


def _pair(name: Name, left: Relation, right: Relation) -> tuple[Output, Output]:
    """Return the columns of this name on both sides of a join.

    Raises: AdqlError unless each side has exactly one such column.
    """
    return _only(name, left, "left"), _only(name, right, "right")


def _only(name: Name, relation: Relation, side: str) -> Output:
    found = relation.outputs.called(name)
    if len(found) != 1:
        number = "no" if not found else "more than one"
        raise problem(f"The {side} side of this join has {number} column {name.text}.", name.at)
    return found[0]


def _equality(left: Output, right: Output, at: Position) -> Expression:
    return Operation(Type.CONDITION, comparable((left.value, right.value), at), operator="=")


def _merged(kind: str, left: Expression, right: Expression) -> Expression:
    """Return two columns of a join, equal wherever both sides have a row, merged into one."""
    if kind != "FULL":
        return right if kind == "RIGHT" else left
    type_ = arithmetic_type([left.type, right.type]) if left.type.is_number else left.type
    about = left.about if are_alike([left, right]) else made_of([left, right], type_)
    operands = (widened(left, type_), widened(right, type_))
    return Operation(type_, operands, about, operator="COALESCE")


def _others(outputs: Sequence[Output], merged: Sequence[Output]) -> list[Output]:
    return [output for output in outputs if not any(output is one for one in merged)]
