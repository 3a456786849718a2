"""ORDER BY: output columns by position or by name, and expressions."""

from collections.abc import Sequence

from provtap.adql.plan.tree import UNKNOWN, Expression, Output, Sort
from provtap.adql.semantics.expressions import Expressions
from provtap.adql.semantics.problems import FollowUp, Problems
from provtap.adql.semantics.scopes import Outputs
from provtap.adql.syntax import tree as nodes
from provtap.adql.syntax.lexer import problem
from provtap.adql.syntax.tree import ColumnReference, Literal
from provtap.errors import AdqlError


class Ordering(Expressions):
    """Resolves the terms of one ORDER BY, which can use the names of output columns."""

    def __init__(self, around: Expressions, outputs: Sequence[Output]) -> None:
        super().__init__(around.scope, around.query, around.no_aggregates_in)
        self.outputs = Outputs(outputs)

    def sorts(self, terms: Sequence[nodes.SortTerm], problems: Problems) -> tuple[Sort | None, ...]:
        """Return the terms of ORDER BY, with None for each term with an error."""
        return tuple(problems.attempt(self.sort, term) for term in terms)

    def sort(self, term: nodes.SortTerm) -> Sort:
        """Return one term of ORDER BY: a position, the name of an output column, or any expression."""
        node = term.value
        if isinstance(node, Literal) and node.kind == "integer":
            position = self._position(node)
            return Sort(position, self.outputs.all[position - 1].value, term.descending)
        value = self._output_called(node)
        if value is None:
            value = self.value(node)
        same = (number for number, output in enumerate(self.outputs.all, start=1) if output.value == value)
        return Sort(next(same, None), value, term.descending)

    def column(self, reference: ColumnReference, *, is_compared: bool = False) -> Expression:
        """Return the column of a reference: from FROM, else an output column."""
        try:
            return super().column(reference, is_compared=is_compared)
        except AdqlError:
            value = self._output_called(reference)
            if value is None:
                raise
            return value

    def _position(self, node: Literal) -> int:
        width = len(self.outputs.all)
        position = int(node.text) if len(node.text) < 10 else 0
        if self.outputs.may_have_any:
            raise FollowUp
        if not 1 <= position <= width:
            columns = "column" if width == 1 else "columns"
            raise problem(
                f"ORDER BY {node.text}: the query has only {width} output {columns}.",
                node.at,
            )
        if self.outputs.all[position - 1].value is UNKNOWN:
            raise FollowUp
        return position

    def _output_called(self, node: nodes.Value) -> Expression | None:
        """Return the output column with an unqualified name, or None.

        Raises: AdqlError if several different output columns have the name.
        """
        if not isinstance(node, ColumnReference) or len(node.names) > 1:
            return None
        found = self.outputs.called(node.names[0])
        if any(output.value != found[0].value for output in found):
            raise problem(f"Several output columns have the name {node.names[0].text}.", node.at)
        return found[0].value if found else None
