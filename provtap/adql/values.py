"""Resolved values and conditions to PostgreSQL.

COPY takes no parameters, so literals are written into the SQL, all by `quote_text`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from provtap.adql import plan
from provtap.adql.cells import SQL_TYPES, wire_form
from provtap.adql.datatypes import Type
from provtap.adql.plan import Expression
from provtap.adql.quoting import quote_name, quote_text

_COMPUTED = frozenset({"SUM", "AVG"})
_EXACT = _COMPUTED | {"COUNT"}


@dataclass(frozen=True)
class Values:
    """Writes values and conditions."""

    query_sql: Callable[[plan.Select], str]
    """Writes a subquery."""

    def typed_sql(self, value: Expression) -> str:
        """Return a value of exactly the type declared for it, which some have by themselves."""
        is_exact = isinstance(value, plan.Call) or (
            isinstance(value, plan.Aggregate) and value.name in _EXACT
        )
        cast = None if is_exact else SQL_TYPES.get(value.type)
        return f"{self._operand(value)}::{cast}" if cast else self.value_sql(value)

    def value_sql(self, value: Expression) -> str:
        """Return a value."""
        match value:
            case plan.Field():
                return f"{value.table}.{quote_name(value.column)}"
            case plan.Constant():
                return constant_sql(value)
            case plan.Arithmetic():
                first, *others = map(self._operand, value.operands)
                return first + "".join(
                    f" {o} {other}" for o, other in zip(value.operators, others, strict=True)
                )
            case plan.Call():
                type_ = value.function.argument_type
                return value.function.sql.format(*self._arguments(value, type_))
            case plan.Aggregate():
                return self.aggregate_sql(value)
            case plan.Operation(operator="||"):
                return " || ".join(map(self._as_text, value.operands))
            case plan.Operation(operator="COALESCE"):
                return f"COALESCE({', '.join(map(self.value_sql, value.operands))})"
            case plan.Operation():
                # The blank keeps `- -1` from becoming a comment.
                return f"{value.operator} {self._operand(value.operands[0])}"
        raise TypeError(value)

    def aggregate_sql(self, aggregate: plan.Aggregate) -> str:
        """Return a set function of the type that ADQL gives it."""
        if not aggregate.operands:
            return "count(*)"
        (operand,) = aggregate.operands
        argument = self.typed_sql(operand) if isinstance(operand, plan.Constant) else self.value_sql(operand)
        if operand.type is Type.FLOAT and aggregate.name in _COMPUTED:
            # A sum of reals is a real in PostgreSQL, and loses digits with each row.
            argument = f"{self._operand(operand)}::double precision"
        call = f"{aggregate.name.lower()}({'DISTINCT ' if aggregate.distinct else ''}{argument})"
        # A sum of bigints and an average of integers are numeric there.
        return f"{call}::{SQL_TYPES[aggregate.type]}" if aggregate.name in _COMPUTED else call

    def _arguments(self, call: plan.Call, type_: str) -> list[str]:
        """Return the arguments of a function, cast so that PostgreSQL finds the one meant."""
        first = call.function.integers_from
        return [
            f"{self._operand(operand)}::{type_}" if number < first else self.value_sql(operand)
            for number, operand in enumerate(call.operands)
        ]

    def _operand(self, value: Expression) -> str:
        """Return a value to stand beside an operator."""
        sql = self.value_sql(value)
        simple = isinstance(value, plan.Field | plan.Constant | plan.Call | plan.Aggregate)
        return sql if simple else f"({sql})"

    def _as_text(self, value: Expression) -> str:
        if value.type in {Type.TIMESTAMP, Type.FLOAT, Type.DOUBLE}:
            return wire_form(self._operand(value), value.type)
        return f"{self._operand(value)}::text"

    # Conditions -----------------------------------------------------------------------------------------

    def condition_sql(self, condition: Expression) -> str:
        """Return a condition."""
        if isinstance(condition, plan.Subquery):
            return self.subquery_sql(condition)
        assert isinstance(condition, plan.Operation)
        operator, operands = condition.operator, condition.operands
        match operator:
            case "AND" | "OR":
                return f" {operator} ".join(map(self._member, operands))
            case "NOT":
                return f"NOT ({self.condition_sql(operands[0])})"
            case "IS NULL" | "IS NOT NULL":
                return f"{self._operand(operands[0])} {operator}"
        first, *others = map(self._operand, operands)
        match operator:
            case "BETWEEN" | "NOT BETWEEN":
                return f"{first} {operator} {others[0]} AND {others[1]}"
            case "IN" | "NOT IN":
                return f"{first} {operator} ({', '.join(others)})"
            case "LIKE" | "NOT LIKE":
                # ADQL has no escape character, PostgreSQL has the backslash unless told.
                return f"{first} {operator} {others[0]} ESCAPE ''"
        return f"{first} {operator} {others[0]}"

    def subquery_sql(self, condition: plan.Subquery) -> str:
        """Return `EXISTS (...)` or `value IN (...)`."""
        query = f"({self.query_sql(condition.query)})"
        if condition.operator == "EXISTS":
            return f"EXISTS {query}"
        return f"{self._operand(condition.operands[0])} {condition.operator} {query}"

    def _member(self, condition: Expression) -> str:
        sql = self.condition_sql(condition)
        is_junction = isinstance(condition, plan.Operation) and condition.operator in {"AND", "OR"}
        return f"({sql})" if is_junction else sql


def constant_sql(constant: plan.Constant) -> str:
    """Return a literal; only what PostgreSQL would type otherwise has a cast."""
    match constant.kind:
        case "string":
            return quote_text(constant.text)
        case "timestamp":
            return f"{quote_text(constant.text)}::timestamp"
        case "approximate":
            return f"{constant.text}::double precision"
        case "null":
            return "NULL"
    return constant.text
