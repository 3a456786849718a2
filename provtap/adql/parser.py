"""Tokens to the tree of the query, by recursive descent: one method for each rule of the ADQL 2.1 BNF.

A bracket may open a condition, a value, a query or a joined table, which only its content can tell. So
the rules of values return conditions too, and whoever needs one of the two says so (`value_expression`,
`search_condition`): nothing is ever parsed twice.
"""

from collections.abc import Callable
from typing import TypeVar

from provtap.adql import functions, nodes
from provtap.adql.lexer import Position, Token, problem, tokens
from provtap.adql.nodes import Condition, Name, Query, Value
from provtap.adql.reserved import RESERVED
from provtap.errors import AdqlError

NESTING_LIMIT = 100
"""Levels of brackets, function calls and subqueries within each other."""
CHAIN_LIMIT = 5_000
"""Members of one list, or of one chain of AND, OR, commas or joins."""
ARITHMETIC_LIMIT = 1_000
"""Operands of one chain of + - * / or ||: PostgreSQL evaluates these in depth and would run out of stack."""

SET_FUNCTIONS = frozenset({"AVG", "COUNT", "MAX", "MIN", "SUM"})
COMPARISONS = frozenset({"=", "<>", "!=", "<", ">", "<=", ">="})
USER_PREFIXES = ("prov_", "ivo_", "gavo_")

# Words that go on with the query: found where something else is due, they are never meant as names.
_STRUCTURE = frozenset(
    {"ALL", "AND", "AS", "ASC", "BETWEEN", "BY", "DESC", "DISTINCT", "EXISTS", "FROM", "FULL", "GROUP"}
    | {"HAVING", "IN", "INNER", "IS", "JOIN", "LEFT", "LIKE", "NATURAL", "NOT", "NULL", "OFFSET", "ON", "OR"}
    | {"ORDER", "OUTER", "RIGHT", "SELECT", "TOP", "UNION", "USING", "WHERE", "WITH"}
)
# What other dialects have; the rest of the language that this service leaves out is named in functions.py.
_NOT_ADQL = {
    "CASE": "ADQL has no CASE.",
    "CROSS": "ADQL has no CROSS JOIN: write a comma between the tables.",
    "CURRENT_DATE": "ADQL has no CURRENT_DATE: write the date as text, '2026-01-31'.",
    "CURRENT_TIMESTAMP": "ADQL has no CURRENT_TIMESTAMP: write the time as text, '2026-01-31T12:00:00'.",
    "ESCAPE": "LIKE has no ESCAPE in ADQL.",
    "EXTRACT": "ADQL has no EXTRACT.",
    "FALSE": "ADQL has no truth values: compare with 0 or 1.",
    "FETCH": "ADQL has no FETCH: write SELECT TOP n.",
    "NULLIF": "ADQL has no NULLIF.",
    "SUBSTRING": "ADQL has no SUBSTRING.",
    "TRIM": "ADQL has no TRIM.",
    "TRUE": "ADQL has no truth values: compare with 0 or 1.",
}
_NOT_OFFERED = frozenset({"CAST", "EXCEPT", "ILIKE", "INTERSECT", "UNION", "WITH"})
_EXPECTED = {
    "identifier": "a name",
    "integer": "a whole number without sign",
    "end": "the end of the query",
}

T = TypeVar("T")


def parse(text: str) -> Query:
    """Return the tree of one query; whether its names exist is not asked here.

    Raises: AdqlError at the first place where *text* is not ADQL 2.1, or is over a limit.
    """
    return Parser(text).query()


class Parser:
    """The place reached in the tokens of one query."""

    def __init__(self, text: str) -> None:
        self._source = tokens(text)
        self._ahead: list[Token] = []
        self._depth = 0
        self.token = next(self._source)
        self._last = self.token

    # Tokens ---------------------------------------------------------------------------------------------

    def advance(self) -> Token:
        """Return the current token and go on to the next."""
        self._last = token = self.token
        if token.type != "end":
            self.token = self._ahead.pop(0) if self._ahead else next(self._source)
        return token

    def peek(self, distance: int) -> Token:
        """Return a token further on; the end if the query ends before."""
        while len(self._ahead) < distance:
            if (self._ahead or [self.token])[-1].type == "end":
                return (self._ahead or [self.token])[-1]
            self._ahead.append(next(self._source))
        return self._ahead[distance - 1]

    def accept(self, *types: str) -> Token | None:
        """Return the current token and go on if it is one of these *types*."""
        return self.advance() if self.token.type in types else None

    def expect(self, type_: str) -> Token:
        """Return the current token, which must be of this type, and go on."""
        if self.token.type != type_:
            raise self.unexpected(_EXPECTED.get(type_, type_))
        return self.advance()

    def unexpected(self, expected: str) -> AdqlError:
        """Return the error about the current token, where *expected* was due."""
        token = self.token
        if token.type in _NOT_ADQL:
            return problem(_NOT_ADQL[token.type], token.at)
        if token.type in _NOT_OFFERED:
            return problem(f"{token.type} is not offered by this service.", token.at)
        if token.type in RESERVED - _STRUCTURE:
            name = token.text.lower()
            hint = f'As a name, write it as "{name}" in double quotes.'
            return problem(
                f"{token.text} is a reserved word of ADQL; {expected} is due here.", token.at, hint
            )
        if self._last.type == "identifier" and self._last.text.upper() == "LIMIT":
            return problem("ADQL has no LIMIT.", self._last.at, f"Write SELECT TOP {token.text[:20]}.")
        return problem(f"Expected {expected}, found {_shown(token)}.", token.at)

    def list_of(self, member: Callable[[], T], separator: str = ",") -> tuple[T, ...]:
        """Return one or more members with separators between them."""
        members = [member()]
        while self.accept(separator):
            self._check_length(members, CHAIN_LIMIT)
            members.append(member())
        return tuple(members)

    def bracketed(self, content: Callable[[], T]) -> T:
        """Return what stands in a pair of brackets, one level deeper."""
        at = self.expect("(").at
        if self._depth == NESTING_LIMIT:
            raise problem(f"The query is nested more than {NESTING_LIMIT} levels deep.", at)
        self._depth += 1
        result = content()
        self._depth -= 1
        self.expect(")")
        return result

    def _check_length(self, members: list[T], limit: int) -> None:
        if len(members) == limit:
            raise problem(f"This list or expression has more than {limit} members.", self.token.at)

    # Queries --------------------------------------------------------------------------------------------

    def query(self) -> Query:
        """<query_specification> ::= [ <with_query> ] <select_query>, and one semicolon that may follow."""
        query = self.select_expression()
        self.accept(";")
        if self.token.type != "end":
            raise self.unexpected(_EXPECTED["end"])
        return query

    def select_expression(self) -> Query:
        """<select_expression> ::= <query_set_expression> [ <order_by_clause> ] [ <offset_clause> ]"""
        at = self.token.at
        body = self.query_primary()
        if self.token.type in {"UNION", "EXCEPT", "INTERSECT"}:
            raise self.unexpected("")
        order_by = self.order_by_clause() if self.accept("ORDER") else ()
        offset = self.unsigned_integer() if self.accept("OFFSET") else None
        if isinstance(body, nodes.Select):
            return Query(at, body, order_by, offset)
        return _around(body, order_by, offset) if order_by or offset is not None else body

    def query_primary(self) -> nodes.Select | Query:
        """<query_primary> ::= <select_query> | <left_paren> <select_expression> <right_paren>"""
        if self.token.type == "(":
            return self.bracketed(self.select_expression)
        return self.select_query()

    def select_query(self) -> nodes.Select:
        """<select_query> ::= SELECT [ <set_quantifier> ] [ <set_limit> ] <select_list> <table_expression>"""
        at = self.expect("SELECT").at
        quantifier = self.accept("DISTINCT", "ALL")
        top = self.unsigned_integer() if self.accept("TOP") else None
        items = self.select_list()
        self.expect("FROM")
        tables = self.list_of(self.table_reference)
        where = self.search_condition() if self.accept("WHERE") else None
        group_by = self.group_by_clause() if self.accept("GROUP") else ()
        having = self.search_condition() if self.accept("HAVING") else None
        distinct = quantifier is not None and quantifier.type == "DISTINCT"
        return nodes.Select(at, distinct, top, items, tables, where, group_by, having)

    def select_list(self) -> tuple[nodes.SelectItem | nodes.AllColumns, ...]:
        """<select_list> ::= <asterisk> | <select_sublist> [ { <comma> <select_sublist> }... ]"""
        if star := self.accept("*"):
            if self.token.type == ",":
                raise problem(
                    "A lone * can't be followed by more columns.", star.at, "Write table.* instead."
                )
            return (nodes.AllColumns(star.at, ()),)
        return self.list_of(self.select_sublist)

    def select_sublist(self) -> nodes.SelectItem | nodes.AllColumns:
        """<select_sublist> ::= <derived_column> | <qualifier> <period> <asterisk>"""
        if self.token.type == "*":
            raise problem(
                "A lone * can't be one of several columns.", self.token.at, "Write table.* instead."
            )
        if self._is_qualified_asterisk():
            at = self.token.at
            qualifiers = [self.identifier()]
            while self.accept(".") and not self.accept("*"):
                qualifiers.append(self.identifier())
            return nodes.AllColumns(at, tuple(qualifiers))
        return nodes.SelectItem(self.value_expression(), self.correlation_name())

    def _is_qualified_asterisk(self) -> bool:
        if self.token.type not in {"identifier", "delimited"}:
            return False
        distance = 1
        while self.peek(distance).type == "." and self.peek(distance + 1).type != "*":
            distance += 2
        return self.peek(distance).type == "."

    def correlation_name(self) -> Name | None:
        """<as_clause> ::= [ AS ] <column_name>"""
        if self.accept("AS") or self.token.type in {"identifier", "delimited"}:
            return self.identifier()
        return None

    def unsigned_integer(self) -> int:
        """<unsigned_integer> ::= <digit>..."""
        token = self.expect("integer")
        if len(token.text) > 1_000:
            raise problem("This number has more than 1000 digits.", token.at)
        return int(token.text)

    def identifier(self) -> Name:
        """<identifier> ::= <regular_identifier> | <delimited_identifier>"""
        if self.token.type == "delimited":
            token = self.advance()
            return Name(token.text, True, token.at)
        token = self.expect("identifier")
        return Name(token.text, False, token.at)

    def names(self) -> tuple[Name, ...]:
        """<column_reference> ::= [ <qualifier> <period> ] <column_name>, and qualified table names."""
        at = self.token.at
        names = self.list_of(self.identifier, ".")
        if len(names) > 4:
            raise problem("This name has more than four parts.", at)
        return names

    def group_by_clause(self) -> tuple[Value, ...]:
        """<group_by_clause> ::= GROUP BY <group_by_term_list>"""
        self.expect("BY")
        return self.list_of(self.value_expression)

    def order_by_clause(self) -> tuple[nodes.SortTerm, ...]:
        """<order_by_clause> ::= ORDER BY <order_by_term_list>"""
        self.expect("BY")
        return self.list_of(self.order_by_term)

    def order_by_term(self) -> nodes.SortTerm:
        """<order_by_term> ::= <order_by_expression> [ <order_by_direction> ]"""
        value = self.value_expression()
        direction = self.accept("ASC", "DESC")
        return nodes.SortTerm(value, direction is not None and direction.type == "DESC")

    # Tables ---------------------------------------------------------------------------------------------

    def table_reference(self) -> nodes.TableReference:
        """<table_reference> ::= <table_primary> | <joined_table>"""
        return self.joined_table(self.table_primary())

    def joined_table(self, first: nodes.TableReference) -> nodes.TableReference:
        """<joined_table> ::= <table_reference> <qualified_join> { <qualified_join> }..."""
        joins: list[nodes.Join] = []
        while self.token.type in {"NATURAL", "INNER", "LEFT", "RIGHT", "FULL", "JOIN"}:
            self._check_length(joins, CHAIN_LIMIT)
            joins.append(self.qualified_join())
        return nodes.JoinedTable(first.at, first, tuple(joins)) if joins else first

    def qualified_join(self) -> nodes.Join:
        """<qualified_join> ::= [ NATURAL ] [ <join_type> ] JOIN <table_primary> [ <join_specification> ]"""
        at = self.token.at
        natural = self.accept("NATURAL") is not None
        kind = self.accept("INNER", "LEFT", "RIGHT", "FULL")
        if kind and kind.type != "INNER":
            self.accept("OUTER")
        self.expect("JOIN")
        table = self.table_primary()
        specified = self.token
        on = self.search_condition() if self.accept("ON") else None
        using = self.bracketed(lambda: self.list_of(self.identifier)) if self.accept("USING") else ()
        if natural and (on or using):
            raise problem("A NATURAL JOIN takes neither ON nor USING.", specified.at)
        if not (natural or on or using):
            raise problem("This JOIN needs ON or USING.", at, "For all pairs of rows, write a comma.")
        return nodes.Join(at, kind.type if kind else "INNER", natural, table, on, using)

    def table_primary(self) -> nodes.TableReference:
        """<table_primary> ::= <table_name> [ <as_clause> ] | <derived_table> | ( <joined_table> )"""
        if self.token.type != "(":
            at = self.token.at
            names = self.names()
            if len(names) > 3:
                raise problem("A table name has at most three parts: catalogue, schema, table.", at)
            return nodes.TableName(at, names, self.correlation_name())
        at = self.token.at
        content = self.bracketed(self.bracketed_table)
        return self.derived_table(at, content) if isinstance(content, Query) else content

    def derived_table(self, at: Position, query: Query) -> nodes.DerivedTable:
        """<derived_table> ::= ( <select_expression> ) [ AS ] <correlation_name>"""
        alias = self.correlation_name()
        if alias is None:
            raise problem("A subquery used as a table needs a name.", at, "Write (SELECT ...) AS name.")
        return nodes.DerivedTable(at, query, alias)

    def bracketed_table(self) -> nodes.TableReference | Query:
        """Return the joined table or the query in these brackets: after `((`, only its end tells which."""
        at = self.token.at
        if self.token.type in {"SELECT", "WITH"}:
            return self.select_expression()
        first: nodes.TableReference | Query
        first = self.bracketed(self.bracketed_table) if self.token.type == "(" else self.table_primary()
        if isinstance(first, Query):
            if self.token.type not in {"AS", "identifier", "delimited"}:
                return first
            first = self.derived_table(at, first)
        table = self.joined_table(first)
        if not isinstance(table, nodes.JoinedTable):
            raise self.unexpected("JOIN")
        return table

    # Conditions -----------------------------------------------------------------------------------------

    def search_condition(self) -> Condition:
        """<search_condition> ::= <boolean_term> | <search_condition> OR <boolean_term>"""
        at = self.token.at
        condition = self.any_expression()
        if isinstance(condition, Value):
            raise problem("A value is no condition.", at, "Compare it with something.")
        return condition

    def any_expression(self) -> Value | Condition:
        """Return a condition or a value: in brackets, only the whole tells which."""
        return self.junction("OR", lambda: self.junction("AND", self.boolean_factor))

    def junction(self, operator: str, operand: Callable[[], Value | Condition]) -> Value | Condition:
        """<boolean_term> ::= <boolean_factor> | <boolean_term> AND <boolean_factor>; OR likewise."""
        first = operand()
        if self.token.type != operator:
            return first
        conditions = [self._condition(first)]
        while self.accept(operator):
            self._check_length(conditions, CHAIN_LIMIT)
            conditions.append(self._condition(operand()))
        return nodes.Junction(first.at, operator, tuple(conditions))

    def boolean_factor(self) -> Value | Condition:
        """<boolean_factor> ::= [ NOT ] <boolean_primary>"""
        if token := self.accept("NOT"):
            return nodes.Not(token.at, self._condition(self.predicate()))
        return self.predicate()

    def predicate(self) -> Value | Condition:
        """<predicate>, or a value or bracketed condition that is none by itself."""
        if self.token.type == "EXISTS":
            return self.exists_predicate()
        first = self.any_value()
        if self.token.type in COMPARISONS:
            return self.comparison_predicate(self._value(first))
        if self.token.type == "IS":
            return self.null_predicate(self._value(first))
        if self.token.type not in {"NOT", "BETWEEN", "IN", "LIKE", "ILIKE"}:
            return first
        value = self._value(first)
        negated = self.accept("NOT") is not None
        match self.token.type:
            case "BETWEEN":
                return self.between_predicate(value, negated)
            case "IN":
                return self.in_predicate(value, negated)
            case "LIKE":
                return self.like_predicate(value, negated)
        raise self.unexpected("BETWEEN, IN or LIKE")

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

    def in_predicate_value(self) -> tuple[Value, ...] | Query:
        """<in_predicate_value> ::= <table_subquery> | <left_paren> <in_value_list> <right_paren>"""
        if self.token.type in {"SELECT", "WITH"}:
            return self.select_expression()
        return self.list_of(self.value_expression)

    def like_predicate(self, value: Value, negated: bool) -> nodes.Like:
        """<like_predicate> ::= <match_value> [ NOT ] LIKE <pattern>"""
        at = self.advance().at
        return nodes.Like(at, value, self.value_expression(), negated)

    def null_predicate(self, value: Value) -> nodes.IsNull:
        """<null_predicate> ::= <column_reference> IS [ NOT ] NULL; any value is welcome here."""
        at = self.advance().at
        negated = self.accept("NOT") is not None
        self.expect("NULL")
        return nodes.IsNull(at, value, negated)

    def exists_predicate(self) -> nodes.Exists:
        """<exists_predicate> ::= EXISTS <table_subquery>"""
        at = self.advance().at
        return nodes.Exists(at, self.bracketed(self.select_expression))

    def _condition(self, content: Value | Condition) -> Condition:
        if isinstance(content, Value):
            raise problem("A value is no condition.", content.at, "Compare it with something.")
        return content

    def _value(self, content: Value | Condition) -> Value:
        if isinstance(content, Condition):
            raise problem("A condition is no value in ADQL.", content.at)
        return content

    # Values ---------------------------------------------------------------------------------------------

    def value_expression(self) -> Value:
        """<value_expression> ::= <numeric_value_expression> | <string_value_expression> | ..."""
        return self._value(self.any_value())

    def any_value(self) -> Value | Condition:
        """<numeric_value_expression> ::= <term> [ { <plus_sign> | <minus_sign> } <term> ]..."""
        return self.arithmetic(self.term, "+", "-")

    def term(self) -> Value | Condition:
        """<term> ::= <factor> [ { <asterisk> | <solidus> } <factor> ]..."""
        return self.arithmetic(self.factor, "*", "/")

    def arithmetic(self, operand: Callable[[], Value | Condition], *operators: str) -> Value | Condition:
        """Return one chain of arithmetic, or its only operand as it is."""
        first = operand()
        if self.token.type not in operators:
            return first
        values, used = [self._value(first)], []
        while token := self.accept(*operators):
            self._check_length(values, ARITHMETIC_LIMIT)
            used.append(token.type)
            values.append(self._value(operand()))
        return nodes.Arithmetic(first.at, tuple(values), tuple(used))

    def factor(self) -> Value | Condition:
        """<factor> ::= [ <sign> ] <numeric_primary>"""
        if sign := self.accept("+", "-"):
            return nodes.Sign(sign.at, sign.type, self._value(self.character_value_expression()))
        return self.character_value_expression()

    def character_value_expression(self) -> Value | Condition:
        """<concatenation> ::= <character_factor> [ { <concatenation_operator> <character_factor> }... ]"""
        first = self.primary()
        if self.token.type != "||":
            return first
        values = [self._value(first)]
        while self.accept("||"):
            self._check_length(values, ARITHMETIC_LIMIT)
            values.append(self._value(self.primary()))
        return nodes.Concatenation(first.at, tuple(values))

    def primary(self) -> Value | Condition:
        """<value_expression_primary> ::= <literal> | <column_reference> | <function> | ( <value> )"""
        token = self.token
        match token.type:
            case "string" | "integer" | "decimal" | "approximate" | "NULL":
                self.advance()
                return nodes.Literal(token.at, token.type.lower(), token.text)
            case "identifier" if self.peek(1).type == "(":
                return self.user_defined_function()
            case "identifier" | "delimited":
                return nodes.ColumnReference(token.at, self.names())
            case "(":
                return self.parenthesized()
        if token.type in SET_FUNCTIONS:
            return self.set_function_specification()
        if token.type in functions.KNOWN and self.peek(1).type == "(":
            return self.function_call()
        raise self.unexpected("a column or an expression")

    def parenthesized(self) -> Value | Condition:
        """Return what stands in brackets, a value or a condition."""
        if self.peek(1).type == "SELECT":
            hint = "Subqueries stand after FROM, IN and EXISTS."
            raise problem("ADQL has no subqueries in place of a value.", self.token.at, hint)
        return self.bracketed(self.any_expression)

    def function_call(self) -> nodes.FunctionCall:
        """<numeric_value_function> ::= <trig_function> | <math_function> | ..."""
        name = self.advance()
        arguments = self.bracketed(self.arguments)
        functions.check_arity(name.type, len(arguments), name.at)
        return nodes.FunctionCall(name.at, name.type, arguments)

    def arguments(self) -> tuple[Value, ...]:
        """Return the arguments of a function, which may be none."""
        return () if self.token.type == ")" else self.list_of(self.value_expression)

    def user_defined_function(self) -> nodes.FunctionCall:
        """<user_defined_function> ::= <user_defined_function_name> ( [ <parameters> ] )"""
        name = self.advance()
        if not name.text.lower().startswith(USER_PREFIXES):
            raise functions.unknown_function(name.text, name.at)
        return nodes.FunctionCall(name.at, name.text, self.bracketed(self.arguments))

    def set_function_specification(self) -> nodes.SetFunction:
        """<set_function_specification> ::= COUNT ( * ) | <general_set_function>"""
        name = self.advance()
        return self.bracketed(lambda: self.set_function_argument(name))

    def set_function_argument(self, name: Token) -> nodes.SetFunction:
        """<general_set_function> ::= <set_function_type> ( [ <set_quantifier> ] <value_expression> )"""
        if name.type == "COUNT" and self.accept("*"):
            return nodes.SetFunction(name.at, name.type, False, None)
        quantifier = self.accept("DISTINCT", "ALL")
        distinct = quantifier is not None and quantifier.type == "DISTINCT"
        return nodes.SetFunction(name.at, name.type, distinct, self.value_expression())


def _around(query: Query, order_by: tuple[nodes.SortTerm, ...], offset: int | None) -> Query:
    """Return `SELECT * FROM (query)`, ordered anew: an order outside of brackets sees output columns only."""
    table = nodes.DerivedTable(query.at, query, Name("query", False, query.at))
    everything = (nodes.AllColumns(query.at, ()),)
    select = nodes.Select(query.at, False, None, everything, (table,), None, (), None)
    return Query(query.at, select, order_by, offset)


def _shown(token: Token) -> str:
    """Return a token as it was written, for a message."""
    match token.type:
        case "end":
            return _EXPECTED["end"]
        case "string":
            return f"the text '{token.text[:40]}'"
        case "delimited":
            return f'"{token.text[:40]}"'
    return token.text[:40]
