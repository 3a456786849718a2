"""Converts resolved values and conditions to PostgreSQL.

COPY accepts no parameters, so `quote_text` writes literals into the SQL.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from provtap.adql.plan import tree as plan
from provtap.adql.plan.extents import has_case, is_copied
from provtap.adql.plan.functions import Function, Kind
from provtap.adql.plan.literals import SMALLEST_BIGINT, literal_decimal, literal_number
from provtap.adql.plan.tree import Expression
from provtap.adql.plan.types import Type
from provtap.adql.plan.volatility import is_volatile
from provtap.adql.postgres.cones import Cone, cones, truth
from provtap.adql.postgres.forms import SQL_TYPES, text_form
from provtap.adql.syntax.quoting import quote_name, quote_text

_SIMPLE = plan.ColumnValue | plan.Constant | plan.Call | plan.Cast | plan.Aggregate | plan.Subquery
_NO_ESCAPE = "''"
_COMPUTED = frozenset({"SUM", "AVG"})
_ROUNDING = 1e-9
"""Degrees, far more than rounding can move a distance."""
_LIKE_THEIR_ARGUMENT = frozenset({"MIN", "MAX"})


@dataclass(frozen=True)
class Values:
    """Writes values and conditions."""

    query_sql: Callable[[plan.Query], str]
    """Writes a subquery."""
    for_index: bool = False
    """Whether conditions choose rows, and are written so that they can use an index. Elsewhere PostgreSQL
    must find the terms of GROUP BY in them unchanged."""

    def typed_sql(self, value: Expression) -> str:
        """Return a value cast to exactly its declared type, if it does not have it already."""
        match value:
            case plan.Call() | plan.Cast():
                return self.value_sql(value)
            case plan.Aggregate(name=name) if name not in _LIKE_THEIR_ARGUMENT:
                return self.value_sql(value)
        cast = SQL_TYPES.get(value.type)
        return self._made(value, cast) if cast else self.value_sql(value)

    def value_sql(self, value: Expression) -> str:
        """Return a value."""
        match value:
            case plan.ColumnValue():
                return f"{value.table}.{quote_name(value.column)}"
            case plan.Constant():
                return constant_sql(value)
            case plan.Arithmetic():
                first, *others = map(self._operand, value.operands)
                rest = (f" {o} {other}" for o, other in zip(value.operators, others, strict=True))
                return first + "".join(rest)
            case plan.Call():
                sql = value.function.sql.format(*self._arguments(value.function, value.operands))
                return f"{sql}::integer" if value.function.is_condition else sql
            case plan.Cast():
                return self.cast_sql(value)
            case plan.Case():
                return self.case_sql(value)
            case plan.Aggregate():
                return self.aggregate_sql(value)
            case plan.Operation():
                return self.operation_sql(value)
            case plan.Subquery():
                return self.subquery_sql(value)
        raise TypeError(value)

    def operation_sql(self, operation: plan.Operation) -> str:
        """Return texts joined, COALESCE, NULLIF or a number with its sign."""
        match operation.operator:
            case "||":
                return _joined([self._as_text(operand) for operand in operation.operands])
            case "RTRIM":
                return f"rtrim({self._made(operation.operands[0], 'text')}, ' ')"
            case "COALESCE" | "NULLIF":
                return f"{operation.operator}({', '.join(map(self.value_sql, operation.operands))})"
        # The blank prevents `- -1` from becoming a comment.
        return f"{operation.operator} {self._operand(operation.operands[0])}"

    def cast_sql(self, cast: plan.Cast) -> str:
        """Return a value cast to another type; numbers are rounded to integers half to even."""
        (operand,) = cast.operands
        if cast.type is Type.TEXT:
            text = self._as_text(operand)
            if cast.length is None:
                return text
            return f"{'rpad' if cast.padded else 'left'}({text}, {cast.length})"
        if cast.type is Type.TIMESTAMP and operand.type is Type.TEXT:
            # PostgreSQL's own cast also accepts "yesterday", and silently drops time zones.
            return f"provext.to_timestamp({self.typed_sql(operand)})"
        if operand.type is Type.TEXT and not isinstance(operand, plan.Constant):
            return f"provext.numeral({self.typed_sql(operand)})::{SQL_TYPES[cast.type]}"
        if operand.type is cast.type:
            return self._made(operand, SQL_TYPES[cast.type])
        # PostgreSQL rounds numeric, the type of its decimal literals, differently from double precision.
        source = self.typed_sql(operand) if operand.type is Type.DOUBLE else self._operand(operand)
        return f"{source}::{SQL_TYPES[cast.type]}"

    def case_sql(self, case: plan.Case) -> str:
        """Return a CASE."""
        operands = list(case.operands)
        parts = ["CASE"]
        if case.simple:
            operand = operands.pop(0)
            is_literal = isinstance(operand, plan.Constant)
            parts.append(self.typed_sql(operand) if is_literal else self.value_sql(operand))
        while len(operands) > 1:
            found, then = operands.pop(0), operands.pop(0)
            sql = self.value_sql(found) if case.simple else self.condition_sql(found)
            parts.append(f"WHEN {sql} THEN {self.value_sql(then)}")
        parts += [f"ELSE {self.value_sql(otherwise)}" for otherwise in operands]
        return " ".join([*parts, "END"])

    def aggregate_sql(self, aggregate: plan.Aggregate) -> str:
        """Return a set function cast to its type in ADQL."""
        if aggregate.function:
            return aggregate.function.sql.format(*map(self._as_text, aggregate.operands))
        if not aggregate.operands:
            return "count(*)"
        (operand,) = aggregate.operands
        argument = self.typed_sql(operand) if isinstance(operand, plan.Constant) else self.value_sql(operand)
        if operand.type is Type.FLOAT and aggregate.name in _COMPUTED:
            # In PostgreSQL a sum of reals is a real, which loses digits with each row.
            argument = f"{self._operand(operand)}::double precision"
        call = f"{aggregate.name.lower()}({'DISTINCT ' if aggregate.distinct else ''}{argument})"
        # In PostgreSQL a sum of bigints and an average of integers are numeric.
        return f"{call}::{SQL_TYPES[aggregate.type]}" if aggregate.name in _COMPUTED else call

    def _arguments(self, function: Function, operands: Sequence[Expression]) -> Iterator[str]:
        """Yield the arguments of a function, cast so that PostgreSQL chooses the right overload."""
        for parameter, operand in zip(function.parameters, operands, strict=True):
            match parameter.kind:
                case Kind.WHOLE | Kind.POINT:
                    yield self.value_sql(operand)
                case Kind.INTEGER:
                    yield self._made(operand, "integer")
                case Kind.NUMBER if function.is_exact:
                    yield self._exact(operand)
                case Kind.NUMBER:
                    yield self._made(operand, "double precision")
                case _:
                    yield self._made(operand, SQL_TYPES[operand.type])

    def _operand(self, value: Expression) -> str:
        """Return a value as operand of an operator."""
        sql = self.value_sql(value)
        return sql if isinstance(value, _SIMPLE) and not sql.startswith("-") else f"({sql})"

    def _made(self, value: Expression, sql_type: str) -> str:
        """Return a value cast to this PostgreSQL type, if it does not have it already."""
        match value:
            case plan.Call(type=type_) if SQL_TYPES[type_] == sql_type:
                return self.value_sql(value)
            case plan.Constant(kind="timestamp" | "approximate", type=type_) if SQL_TYPES[type_] == sql_type:
                return constant_sql(value)
        return f"{self._operand(value)}::{sql_type}"

    def _exact(self, number: Expression) -> str:
        """Return a number as numeric with all its digits: the decimal number shown in a result."""
        if number.type not in {Type.FLOAT, Type.DOUBLE} or literal_decimal(number) is not None:
            return f"{self._operand(number)}::numeric"
        return f"provext.exact({self._made(number, SQL_TYPES[number.type])})"

    def _as_text(self, value: Expression) -> str:
        return text_form(self._operand(value), value.type)

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
                # Conditions that choose rows may be false instead of NULL, which NOT would turn into true.
                return f"NOT ({replace(self, for_index=False).condition_sql(operands[0])})"
            case "IS NULL" | "IS NOT NULL":
                return f"{self._operand(operands[0])} {operator}"
        if not self.for_index:
            return self.predicate_sql(operator, operands)
        bounds = [bound for cone in cones(operator, operands) for bound in self._cone(cone)]
        return " AND ".join([*bounds, self._chosen(operator, operands)])

    def predicate_sql(self, operator: str, operands: Sequence[Expression]) -> str:
        """Return a comparison of any kind."""
        first, *others = map(self._operand, operands)
        match operator:
            # PostgreSQL would copy the first operand, and evaluate RAND() twice.
            case "BETWEEN" | "NOT BETWEEN" if has_case(operands[0]) or is_volatile(operands[0]):
                test = f"provext.is_between({first}, {', '.join(others)})"
                return f"NOT {test}" if operator.startswith("NOT") else test
            case "BETWEEN" | "NOT BETWEEN":
                return f"{first} {operator} {others[0]} AND {others[1]}"
            case "IN" | "NOT IN" if isinstance(operands[1], plan.LongList):
                quantified = "= ANY" if operator == "IN" else "<> ALL"
                return f"{first} {quantified} ({array_sql(operands[1])})"
            case "IN" | "NOT IN" if is_copied(operands):
                quantified = "= ANY" if operator == "IN" else "<> ALL"
                return f"{first} {quantified} (ARRAY[{', '.join(others)}])"
            case "IN" | "NOT IN":
                return f"{first} {operator} ({', '.join(others)})"
            case "LIKE" | "NOT LIKE":
                # ADQL has no escape character, PostgreSQL has the backslash unless told.
                return f"{first} {operator} {others[0]} ESCAPE {others[1] if others[1:] else _NO_ESCAPE}"
            case "ILIKE" | "NOT ILIKE":
                # Names and ids have the collation "C", under which only ASCII letters have case.
                collated = [f'{operand}::text COLLATE "default"' for operand in (first, others[0])]
                escape = others[1] if others[1:] else _NO_ESCAPE
                return f"{collated[0]} {operator} {collated[1]} ESCAPE {escape}"
        return f"{first} {operator} {others[0]}"

    def _chosen(self, operator: str, operands: Sequence[Expression]) -> str:
        """Return a comparison; `function(...) = 1` and `= 0` become the condition of the function."""
        found = truth(operator, operands)
        if not found:
            return self.predicate_sql(operator, operands)
        call, must_hold = found
        function = call.function
        sql = function.choice if must_hold and function.choice else function.sql
        condition = sql.format(*self._arguments(function, call.operands))
        return condition if must_hold else f"NOT {condition}"

    def _cone(self, cone: Cone) -> Iterator[str]:
        """Yield conditions on all positions in a cone, for an index on the latitude or on the position."""
        lon, lat, *centre, reach = (
            self._made(number, "double precision") for number in (*cone.position, *cone.centre, cone.reach)
        )
        if cone.has_bounds:
            low, high = f"{centre[1]} - {reach} - {_ROUNDING}", f"{centre[1]} + {reach} + {_ROUNDING}"
            latitude, width = literal_number(cone.centre[1]), literal_number(cone.reach)
            if latitude is not None and width is not None:
                low, high = repr(latitude - width - _ROUNDING), repr(latitude + width + _ROUNDING)
            yield f"{lat} BETWEEN {low} AND {high}"
        yield f"provext.sky_position({lon}, {lat}) <@ ANY (provext.cone_boxes({', '.join(centre)}, {reach}))"

    def subquery_sql(self, condition: plan.Subquery) -> str:
        """Return `EXISTS (...)`, `value IN (...)` or the query as a value."""
        query = f"({self.query_sql(condition.query)})"
        if condition.operator == "VALUE":
            return query
        if condition.operator == "EXISTS":
            return f"EXISTS {query}"
        return f"{self._operand(condition.operands[0])} {condition.operator} {query}"

    def _member(self, condition: Expression) -> str:
        sql = self.condition_sql(condition)
        is_junction = isinstance(condition, plan.Operation) and condition.operator in {"AND", "OR"}
        return f"({sql})" if is_junction else sql


def constant_sql(constant: plan.Constant) -> str:
    """Return a literal, with a cast only where PostgreSQL would give it another type."""
    match constant.kind:
        case "string":
            return quote_text(constant.text)
        case "timestamp":
            return f"{quote_text(constant.text)}::timestamp"
        case "approximate":
            return f"{constant.text}::double precision"
        case "null":
            return "NULL"
        case "integer" if constant.text == SMALLEST_BIGINT:
            return f"'{SMALLEST_BIGINT}'::bigint"  # the digits alone would be numeric
    return constant.text


def array_sql(values: plan.LongList) -> str:
    """Return many literals as one of an array, which PostgreSQL reads much faster."""
    texts: Iterable[str] = values.texts
    if values.kind == "string":
        texts = (f'"{text}"' for text in (t.replace("\\", r"\\").replace('"', r"\"") for t in texts))
    return f"{quote_text('{' + ','.join(texts) + '}')}::{SQL_TYPES[values.type]}[]"


def _joined(texts: list[str]) -> str:
    """Return texts joined by ||, long lists by halves: PostgreSQL nests a chain as deep as it is long."""
    if len(texts) <= 100:
        return " || ".join(texts)
    half = len(texts) // 2
    return f"({_joined(texts[:half])}) || ({_joined(texts[half:])})"
