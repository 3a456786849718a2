"""`prov_derived_from`: whether one entity was derived from another, as membership in a set computed once."""

from collections.abc import Sequence
from dataclasses import replace

from provtap.adql.lineage.recursion import BACK, FORTH, set_sql
from provtap.adql.plan.functions import Function, FunctionParameter, Kind
from provtap.adql.plan.tree import Expression
from provtap.adql.plan.types import Type
from provtap.adql.syntax import tree as nodes
from provtap.adql.syntax.lexer import problem

DERIVED_FROM = Function(
    name="prov_derived_from",
    parameters=(FunctionParameter("entity_id", Kind.TEXT), FunctionParameter("ancestor_id", Kind.TEXT)),
    result=Type.INT,
    sql=f"({{0}} IN ({set_sql(FORTH, '{1}', 'derived')}))",
    is_condition=True,
    description="1 if the entity was derived from the ancestor, over any number of steps, as in"
    " provenance.lineage; otherwise 0, also for NULL. One of the two must be a text, not a column:"
    " its descendants or ancestors are found only once.",
)
_ORIGIN_OF = replace(DERIVED_FROM, sql=f"({{1}} IN ({set_sql(BACK, '{0}', 'derived')}))")
"""The same for a fixed entity."""


def derived_from(call: nodes.FunctionCall, arguments: Sequence[Expression]) -> Function:
    """Return the form of the function for these *arguments*.

    Raises: AdqlError if neither of them is fixed.
    """
    entity, ancestor = (any(argument.columns()) for argument in arguments)
    if entity and ancestor:
        hint = "Join provenance.lineage to compare two columns."
        raise problem(f"One argument of {call.name} must be a text, not a column.", call.at, hint)
    return _ORIGIN_OF if ancestor else DERIVED_FROM
