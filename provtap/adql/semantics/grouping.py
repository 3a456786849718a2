"""GROUP BY: each value in the select list of a grouped query must be the same for all rows of a group.

Source: SQL-92, section 7.9; ADQL 2.1 adds nothing.
"""

from collections.abc import Sequence

from provtap.adql.plan.tree import Aggregate, Arithmetic, ColumnValue, Expression
from provtap.adql.semantics.scopes import Scope
from provtap.adql.syntax.lexer import Position, problem
from provtap.errors import AdqlError


class Grouping:
    """The groups of one SELECT."""

    def __init__(self, scope: Scope, terms: Sequence[Expression]) -> None:
        self.terms = terms
        self.own = scope.relation.tables()
        """Tables of this SELECT; columns of outer queries are constants here."""

    def loose_column(self, value: Expression) -> ColumnValue | None:
        """Return a column in *value* that is neither in GROUP BY nor in an aggregate."""
        if isinstance(value, Aggregate) or value in self.terms:
            return None
        if isinstance(value, ColumnValue):
            return value if value.table in self.own else None
        fixed = max((len(term.operands) for term in self.terms if _begins(value, term)), default=0)
        found = (self.loose_column(operand) for operand in value.operands[fixed:])
        return next((column for column in found if column is not None), None)


def _begins(chain: Expression, term: Expression) -> bool:
    """Whether *chain* is computed from *term*, as `a + b - 1` is from `a + b`."""
    if not isinstance(chain, Arithmetic) or not isinstance(term, Arithmetic):
        return False
    operands, operators = chain.operands[: len(term.operands)], chain.operators[: len(term.operators)]
    return (operands, operators) == (term.operands, term.operators)


def differs(loose: ColumnValue, at: Position) -> AdqlError:
    """Return the error about a column that may differ within a group."""
    name = loose.about.name if loose.about else loose.column
    return problem(f"{name} has several values in a group.", at, "Add it to GROUP BY, or use MIN or MAX.")
