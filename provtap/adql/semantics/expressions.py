"""Values and conditions: resolves names and types, and determines metadata.

Unit, UCD and the other metadata: a column keeps all; MIN and MAX keep type and unit, SUM and AVG the
unit; + and - keep a unit that all operands share; everything else has none.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from provtap.adql.functions.registry import FUNCTIONS
from provtap.adql.plan.lengths import check_joined, check_value
from provtap.adql.plan.literals import SMALLEST_BIGINT, literal
from provtap.adql.plan.tree import (
    Aggregate,
    Arithmetic,
    Cast,
    Constant,
    Expression,
    LongList,
    Operation,
    Query,
    Subquery,
    made_of,
)
from provtap.adql.plan.types import Type, arithmetic_type, typed_column
from provtap.adql.semantics.calls import checked_arguments, function_call
from provtap.adql.semantics.casts import cast
from provtap.adql.semantics.comparisons import comparable
from provtap.adql.semantics.conditional import case
from provtap.adql.semantics.padding import is_padded, trimmed_query
from provtap.adql.semantics.problems import Problems
from provtap.adql.semantics.scopes import Scope
from provtap.adql.syntax import tree as nodes
from provtap.adql.syntax.extensions import Extension
from provtap.adql.syntax.lexer import Position, problem
from provtap.errors import AdqlError
from provtap.tableset import Column

BIGINT_DIGITS = 18
"""Digits and sign that a BIGINT has room for in any case."""

QueryResolver = Callable[[nodes.Query, Scope], Query]


class Expressions:
    """Resolves the expressions of one clause of a SELECT."""

    def __init__(self, scope: Scope, query: QueryResolver, no_aggregates_in: str | None = None) -> None:
        self.scope = scope
        self.query = query
        self.no_aggregates_in = no_aggregates_in
        """The clause in which set functions are not allowed; None where they are allowed."""
        self.aggregates = 0
        """Set functions found so far."""

    # Values ---------------------------------------------------------------------------------------------

    def value(self, value: nodes.Value) -> Expression:
        """Return the resolved value."""
        match value:
            case nodes.ColumnReference():
                return self.column(value)
            case nodes.Literal():
                return literal(value)
            case nodes.Arithmetic() | nodes.Sign():
                return self.computed(value)
            case nodes.Concatenation():
                return self.concatenation(value)
            case nodes.FunctionCall():
                return self.function_call(value)
            case nodes.SetFunction():
                return self.set_function(value)
            case nodes.Cast():
                return cast(value, self.value(value.value))
            case nodes.Case():
                return self.case(value)
            case nodes.ScalarSubquery():
                return self.scalar_subquery(value)
        raise TypeError(value)

    def column(self, reference: nodes.ColumnReference, *, is_compared: bool = False) -> Expression:
        """Return the column of a reference."""
        return self.scope.column(reference, is_compared=is_compared)

    def compared(self, *values: nodes.Value) -> tuple[Expression, ...]:
        """Return values that are compared with each other."""
        with_number = any(isinstance(v, nodes.Literal) and v.kind not in {"string", "null"} for v in values)
        return tuple(
            self.column(value, is_compared=not with_number)
            if isinstance(value, nodes.ColumnReference)
            else self.value(value)
            for value in values
        )

    def computed(self, value: nodes.Arithmetic | nodes.Sign) -> Expression:
        """Return a number computed from others."""
        return self.sign(value) if isinstance(value, nodes.Sign) else self.arithmetic(value)

    def arithmetic(self, chain: nodes.Arithmetic) -> Expression:
        """Return numbers added and subtracted, or multiplied and divided (of integers: a whole quotient)."""
        operands = tuple(self._number(operand) for operand in chain.operands)
        type_ = arithmetic_type([operand.type for operand in operands])
        units = {operand.about.unit if operand.about else None for operand in operands}
        unit = units.pop() if len(units) == 1 and chain.operators[0] in {"+", "-"} else None
        return Arithmetic(type_, operands, typed_column(type_, unit=unit), operators=chain.operators)

    def sign(self, sign: nodes.Sign) -> Expression:
        """Return a number with its sign."""
        operand = self._number(sign.operand)
        if sign.sign == "+":
            return operand
        if isinstance(operand, Constant) and f"-{operand.text}" == SMALLEST_BIGINT:
            return Constant(Type.LONG, kind=operand.kind, text=SMALLEST_BIGINT)
        unit = operand.about.unit if operand.about else None
        return Operation(operand.type, (operand,), typed_column(operand.type, unit=unit), operator="-")

    def _number(self, value: nodes.Value) -> Expression:
        operand = self.value(value)
        if not operand.type.is_number:
            hint = _ARITHMETIC_HINTS.get(operand.type)
            raise problem(f"Arithmetic needs numbers; this is {operand.type.noun}.", value.at, hint)
        return operand

    def concatenation(self, chain: nodes.Concatenation) -> Expression:
        """Return texts joined; a number or timestamp is converted to its text in a result."""
        operands = tuple(self.value(operand) for operand in chain.operands)
        for node, operand in zip(chain.operands, operands, strict=True):
            if not operand.type.is_comparable:
                raise problem(f"|| joins texts; this is {operand.type.noun}.", node.at)
        joined = Operation(Type.TEXT, operands, operator="||")
        check_value(joined, chain.at)
        return joined

    def function_call(self, call: nodes.FunctionCall) -> Expression:
        """Return a call with checked arguments."""
        function = FUNCTIONS.get(call.name.lower())
        if function and function.is_aggregate:
            inner = self._aggregated(function.name, call.at)
            arguments = tuple(inner.value(argument) for argument in call.arguments)
            operands = checked_arguments(call, function, arguments)
            self._check_own(call, operands)
            check_joined(function.name, operands[0], call.at)
            about = made_of(operands, function.result)
            return Aggregate(
                function.result, operands, about, name=function.name, distinct=False, function=function
            )
        return function_call(call, [self.value(argument) for argument in call.arguments])

    def case(self, node: nodes.Case) -> Expression:
        """Return the value of the first branch that applies."""
        looked_for = self.value(node.operand) if node.operand else None
        branches = [
            (self.value(found) if isinstance(found, nodes.Value) else self.condition(found), self.value(then))
            for found, then in node.branches
        ]
        return case(looked_for, branches, [self.value(node.otherwise)] if node.otherwise else [], node.at)

    def scalar_subquery(self, node: nodes.ScalarSubquery) -> Expression:
        """Return the value of a subquery, with the metadata of its only column; NULL is a text in there."""
        found = self.subquery("VALUE", node.query, None)
        outputs = found.query.outputs
        if len(outputs) != 1:
            raise problem(
                f"A subquery as a value must have one column; this one has {len(outputs)}.", node.at
            )
        (output,) = outputs
        type_ = Type.TEXT if output.value.type is Type.NULL else output.value.type
        return replace(found, type=type_, about=output.value.described)

    def set_function(self, call: nodes.SetFunction) -> Expression:
        """Return an aggregate, if one is allowed here."""
        inner = self._aggregated(call.name, call.at)
        if call.argument is None:
            return _count((), call)
        argument = inner.value(call.argument)
        self._check_own(call, (argument,))
        return _count((argument,), call) if call.name == "COUNT" else _aggregate(call, argument)

    def _aggregated(self, name: str, at: Position) -> "Expressions":
        """Return the resolver for the arguments of an aggregate, if one is allowed here."""
        if self.no_aggregates_in:
            hint = "Write conditions on groups in HAVING." if self.no_aggregates_in == "WHERE" else None
            raise problem(f"{name} cannot be used in {self.no_aggregates_in}.", at, hint)
        self.aggregates += 1
        return Expressions(self.scope, self.query, f"the argument of {name}")

    def _check_own(
        self, call: nodes.SetFunction | nodes.FunctionCall, arguments: Sequence[Expression]
    ) -> None:
        """Reject an aggregate over columns of an outer query, which SQL would compute in the outer query."""
        tables = {column.table for argument in arguments for column in argument.columns()}
        if tables and not tables & self.scope.relation.tables():
            raise problem(f"{call.name} uses only columns of the outer query.", call.at)

    # Conditions -----------------------------------------------------------------------------------------

    def search_condition(self, condition: nodes.Condition, problems: Problems) -> Expression | None:
        """Return a whole condition; None if it has errors, which are noted for each member."""
        if not isinstance(condition, nodes.Junction):
            return problems.attempt(self.condition, condition)
        members = [self.search_condition(member, problems) for member in condition.operands]
        found = [member for member in members if member]
        return _predicate(condition.operator, found) if len(found) == len(members) else None

    def condition(self, condition: nodes.Condition) -> Expression:
        """Return the resolved condition."""
        match condition:
            case nodes.Comparison():
                operands = self._comparable(condition.at, condition.left, condition.right)
                return _predicate(condition.operator.replace("!=", "<>"), operands)
            case nodes.Junction():
                members = tuple(self.condition(operand) for operand in condition.operands)
                return _predicate(condition.operator, members)
            case nodes.Not():
                return _predicate("NOT", (self.condition(condition.operand),))
            case nodes.Between():
                operands = self._comparable(condition.at, condition.value, condition.low, condition.high)
                return _predicate("BETWEEN", operands, condition.negated)
            case nodes.In():
                return self.in_(condition)
            case nodes.Like():
                return self.like(condition)
            case nodes.IsNull():
                return _predicate(
                    "IS NOT NULL" if condition.negated else "IS NULL", (self.value(condition.value),)
                )
            case nodes.Exists():
                return self.subquery("EXISTS", condition.query, None)
        raise TypeError(condition)

    def in_(self, condition: nodes.In) -> Expression:
        """Return a membership, in a list or in the only column of a subquery."""
        operator = "NOT IN" if condition.negated else "IN"
        if isinstance(condition.values, nodes.LongList):
            return self.in_long_list(condition, condition.values, operator)
        if isinstance(condition.values, tuple):
            return _predicate(operator, self._comparable(condition.at, condition.value, *condition.values))
        membership = self.subquery(operator, condition.values, self.value(condition.value))
        outputs = membership.query.outputs
        if len(outputs) != 1:
            raise problem(
                f"The subquery of IN must have one column; it has {len(outputs)}.", condition.values.at
            )
        query = membership.query
        if is_padded(membership.operands[0]) or is_padded(outputs[0].value):
            query = trimmed_query(query)
        value, _ = comparable((membership.operands[0], outputs[0].value), condition.at, fixed=1)
        if outputs[0].value.type is Type.NULL:
            value = Cast(Type.TEXT, (value,))  # PostgreSQL treats a subquery's NULL as a text
        return replace(membership, operands=(value, *membership.operands[1:]), query=query)

    def in_long_list(self, condition: nodes.In, values: nodes.LongList, operator: str) -> Expression:
        """Return a membership in a list that is written as one array; in any other, value by value."""
        (value,) = self.compared(condition.value)
        first = literal(nodes.Literal(values.at, values.kind, values.texts[0]))
        if values.kind == "string":
            is_array = value.type is Type.TEXT and not is_padded(value)
        else:
            is_array = value.type.is_number and max(map(len, values.texts)) <= BIGINT_DIGITS
            first = replace(first, type=Type.LONG)
        if is_array:
            long_list = LongList(first.type, kind=first.kind, text=first.text, texts=values.texts)
            return _predicate(operator, (value, long_list))
        return self.in_(replace(condition, values=tuple(map(_signed, values.literals))))

    def subquery(self, operator: str, query: nodes.Query, value: Expression | None) -> Subquery:
        """Return a subquery that sees the columns of this SELECT."""
        scope = Scope(self.scope)
        select = self.query(query, scope)
        operands = (*([value] if value else []), *dict.fromkeys(scope.captured))
        return Subquery(
            Type.CONDITION, operands, operator=operator, query=select, captured=tuple(scope.captured)
        )

    def like(self, condition: nodes.Like) -> Expression:
        """Return a LIKE or ILIKE of two texts."""
        operator = "ILIKE" if condition.ignore_case else "LIKE"
        operands = self.compared(condition.value, condition.pattern)
        for node, operand in zip((condition.value, condition.pattern), operands, strict=True):
            if operand.type not in {Type.TEXT, Type.NULL}:
                hint = "CAST converts it to a text." if operand.type.is_comparable else None
                raise problem(f"{operator} compares texts; this is {operand.type.noun}.", node.at, hint)
        if condition.escape:
            _check_escape(condition, condition.escape)
            operands = (*operands, literal(condition.escape))
        return _predicate(operator, operands, condition.negated)

    def _comparable(self, at: Position, *values: nodes.Value) -> tuple[Expression, ...]:
        operands = self.compared(*values)
        if any(operand.type is Type.BOOLEAN for operand in operands):
            operands = tuple(map(self._truth, operands, values))
        return comparable(operands, at)

    def _truth(self, operand: Expression, node: nodes.Value) -> Expression:
        """Return the text 'true' or 'false' as the number that is compared with a truth value."""
        if isinstance(operand, Constant) and operand.kind == "string" and operand.text.lower() in _TRUTHS:
            self.scope.extension(Extension.TRUTH, node.at)
            return Constant(Type.INT, kind="integer", text=_TRUTHS[operand.text.lower()])
        return operand


def _signed(number: nodes.Literal) -> nodes.Value:
    """Return a literal of a long list as the parser has it, its sign apart."""
    if number.kind == "integer" and number.text.startswith("-"):
        return nodes.Sign(number.at, "-", replace(number, text=number.text[1:]))
    return number


_TRUTHS = {"true": "1", "false": "0"}


def _check_escape(condition: nodes.Like, escape: nodes.Literal) -> None:
    """Refuse an ESCAPE that is not one character, and a pattern that ends with it."""
    if len(escape.text) != 1:
        raise problem("ESCAPE takes one character.", escape.at)
    pattern = condition.pattern
    if isinstance(pattern, nodes.Literal):
        escaped = re.escape(escape.text)
        if re.sub(f"{escaped}.", "", pattern.text, flags=re.DOTALL).endswith(escape.text):
            raise problem("This pattern ends with its ESCAPE character.", pattern.at)


_ARITHMETIC_HINTS = {
    Type.TEXT: "Join texts with ||; prov_number converts a text to a number.",
    Type.TIMESTAMP: "ivo_to_mjd converts it to days.",
    Type.BOOLEAN: "CASE WHEN x = 1 THEN 1 ELSE 0 END converts it to a number.",
}


def _predicate(operator: str, operands: Sequence[Expression], negated: bool = False) -> Operation:
    operator = f"NOT {operator}" if negated else operator
    return Operation(Type.CONDITION, tuple(operands), operator=operator)


def _count(operands: tuple[Expression, ...], call: nodes.SetFunction) -> Aggregate:
    about = typed_column(Type.LONG, ucd="meta.number")
    return Aggregate(Type.LONG, operands, about, name="COUNT", distinct=call.distinct)


def _aggregate(call: nodes.SetFunction, argument: Expression) -> Aggregate:
    if call.name in {"MIN", "MAX"}:
        type_, about = _extreme(call, argument)
    else:
        if not argument.type.is_number:
            raise _wrong_argument(call, argument)
        whole = call.name == "SUM" and argument.type in {Type.SHORT, Type.INT, Type.LONG}
        type_ = Type.LONG if whole else Type.DOUBLE
        about = typed_column(type_, unit=argument.about.unit if argument.about else None)
    return Aggregate(type_, (argument,), about, name=call.name, distinct=call.distinct)


def _extreme(call: nodes.SetFunction, argument: Expression) -> tuple[Type, Column]:
    if not argument.type.is_comparable or argument.type is Type.BOOLEAN:
        raise _wrong_argument(call, argument)
    about = argument.described
    ucd = f"{about.ucd};stat.{call.name.lower()}" if about.ucd and "stat." not in about.ucd else about.ucd
    type_ = Type.TEXT if argument.type is Type.NULL else argument.type  # as in PostgreSQL
    return type_, replace(about, ucd=ucd, utype=None, description=None)


def _wrong_argument(call: nodes.SetFunction, argument: Expression) -> AdqlError:
    hint = "prov_number converts a text to a number." if argument.type is Type.TEXT else None
    return problem(f"{call.name} does not accept {argument.type.noun}.", call.at, hint)
