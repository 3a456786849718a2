"""The rules of the grammar about conditions: one method for each rule of the ADQL 2.1 BNF."""

from collections.abc import Callable

from provtap.adql.syntax import tree as nodes
from provtap.adql.syntax.extensions import Extension
from provtap.adql.syntax.lexer import COMPARISONS, members, problem
from provtap.adql.syntax.messages import FOREIGN_WORDS
from provtap.adql.syntax.tree import Condition, Query, Value
from provtap.adql.syntax.values import ValueRules

_PREDICATES = frozenset({"NOT", "BETWEEN", "IN", "LIKE", "ILIKE"})


class ConditionRules(ValueRules):
    """Reads conditions."""

    def search_condition(self) -> Condition:
        """<search_condition> ::= <boolean_term> | <search_condition> OR <boolean_term>"""
        return self.as_condition(self.any_expression())

    def as_condition(self, content: Value | Condition) -> Condition:
        """Return the expression read, if it is a condition; otherwise raise an error."""
        if isinstance(content, Value):
            if self.token.type == "identifier" and self.token.text.upper() in FOREIGN_WORDS:
                raise self.unexpected("a comparison")
            is_call = isinstance(content, nodes.FunctionCall)
            hint = "Compare its result with 1 or 0." if is_call else "Compare it with another value."
            raise problem("Expected a condition, found a value.", content.at, hint)
        return content

    def any_expression(self) -> Value | Condition:
        """Return a condition or a value: in brackets, only the content shows which."""
        return self.junction("OR", lambda: self.junction("AND", self.boolean_factor))

    def junction(self, operator: str, operand: Callable[[], Value | Condition]) -> Value | Condition:
        """<boolean_term> ::= <boolean_factor> | <boolean_term> AND <boolean_factor>; OR likewise."""
        first = operand()
        if self.token.type != operator:
            return first
        conditions = [self.as_condition(first)]
        while self.accept(operator):
            self.check_length(conditions)
            conditions.append(self.as_condition(operand()))
        return nodes.Junction(first.at, operator, tuple(conditions))

    def boolean_factor(self) -> Value | Condition:
        """<boolean_factor> ::= [ NOT ] <boolean_primary>"""
        if token := self.accept("NOT"):
            return nodes.Not(token.at, self.as_condition(self.predicate()))
        return self.predicate()

    def predicate(self) -> Value | Condition:
        """<predicate>, or a value, or a condition in brackets."""
        if self.token.type == "EXISTS":
            return self.exists_predicate()
        first = self.any_value()
        if self.token.type in COMPARISONS:
            return self.comparison_predicate(self.as_value(first))
        if self.token.type == "IS":
            return self.null_predicate(self.as_value(first))
        if self.token.type not in _PREDICATES:
            return first
        return self.negatable_predicate(self.as_value(first))

    def negatable_predicate(self, value: Value) -> Condition:
        """<value_expression> [ NOT ] and a predicate that can be negated by it"""
        negated = self.accept("NOT") is not None
        match self.token.type:
            case "BETWEEN":
                return self.between_predicate(value, negated)
            case "IN":
                return self.in_predicate(value, negated)
            case "LIKE" | "ILIKE":
                return self.like_predicate(value, negated)
        raise self.unexpected("BETWEEN, IN, LIKE or ILIKE")

    def comparison_predicate(self, left: Value) -> nodes.Comparison:
        """<comparison_predicate> ::= <value_expression> <comp_op> <value_expression>"""
        operator = self.advance()
        return nodes.Comparison(operator.at, left, operator.type, self.value_expression())

    def between_predicate(self, value: Value, negated: bool) -> nodes.Between:
        """<between_predicate> ::= <value> [ NOT ] BETWEEN <value> AND <value>"""
        at = self.advance().at
        low = self.value_expression()
        self.expect("AND")
        return nodes.Between(at, value, low, self.value_expression(), negated)

    def in_predicate(self, value: Value, negated: bool) -> nodes.In:
        """<in_predicate> ::= <value_expression> [ NOT ] IN <in_predicate_value>"""
        at = self.advance().at
        return nodes.In(at, value, self.bracketed(self.in_predicate_value), negated)

    def in_predicate_value(self) -> tuple[Value, ...] | nodes.LongList | Query:
        """<in_predicate_value> ::= <table_subquery> | <left_paren> <in_value_list> <right_paren>"""
        # In ADQL 2.1 brackets around a query have no effect; here they may also turn it into a value.
        if token := self.accept("list"):
            return nodes.LongList(token.at, *members(token.text))
        at, is_plain = self.token.at, self.token.type in {"SELECT", "WITH"}
        if is_plain or (self.strict and self.starts_query()):
            query = self.select_expression()
            if not is_plain and self.token.type != ")":
                self.extension(Extension.SUBQUERY, at)
            return query
        values = self.list_of(self.value_expression)
        if len(values) == 1 and isinstance(values[0], nodes.ScalarSubquery):
            return self.select_expression(values[0].query)
        if len(values) == 1:
            self.extension(Extension.IN_ONE_VALUE, at)
        return values

    def like_predicate(self, value: Value, negated: bool) -> nodes.Like:
        """<like_predicate> ::= <match_value> [ NOT ] { LIKE | ILIKE } <pattern>"""
        token = self.advance()
        pattern = self.value_expression()
        escape = self.escape_character() if self.token.type == "ESCAPE" else None
        return nodes.Like(token.at, value, pattern, negated, token.type == "ILIKE", escape)

    def escape_character(self) -> nodes.Literal:
        """ESCAPE <character_string_literal>"""
        self.extension(Extension.ESCAPE, self.advance().at)
        token = self.expect("string")
        return nodes.Literal(token.at, "string", token.text)

    def null_predicate(self, value: Value) -> nodes.IsNull:
        """<null_predicate> ::= <column_reference> IS [ NOT ] NULL; any value is accepted here."""
        at = self.advance().at
        if not isinstance(value, nodes.ColumnReference):
            self.extension(Extension.IS_NULL, value.at)
        negated = self.accept("NOT") is not None
        self.expect("NULL")
        return nodes.IsNull(at, value, negated)

    def exists_predicate(self) -> nodes.Exists:
        """<exists_predicate> ::= EXISTS <table_subquery>"""
        at = self.advance().at
        return nodes.Exists(at, self.bracketed(self.select_expression))
