"""The rules of the grammar about values: one method for each rule of the ADQL 2.1 BNF.

A bracket may open a condition or a value, depending on its content. So these rules return conditions too, and
callers that need a value use `value_expression`: nothing is parsed twice.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

from provtap.adql.syntax import tree as nodes
from provtap.adql.syntax.cursor import Cursor
from provtap.adql.syntax.extensions import Extension
from provtap.adql.syntax.kinds import CHARACTERS, FORMS, GEOMETRIES, NOUNS, NULL, NUMBERS, kind_of
from provtap.adql.syntax.lexer import Position, Token, problem
from provtap.adql.syntax.messages import VALUE_DUE, shown
from provtap.adql.syntax.tree import Condition, Query, Value
from provtap.errors import AdqlError

ARITHMETIC_LIMIT = 2_500
"""Nested arithmetic operations: PostgreSQL nests them equally deep, and its stack is enough for 3 000."""

SET_FUNCTIONS = frozenset({"AVG", "COUNT", "MAX", "MIN", "SUM"})
_LENGTHS = frozenset({"CHAR_LENGTH", "CHARACTER_LENGTH", "LENGTH"})
"""Names of one function; the last one is not a reserved word."""
_EXTENSIONS = {"NULLIF": Extension.NULLIF, "SUBSTRING": Extension.SUBSTRING} | dict.fromkeys(
    _LENGTHS, Extension.CHAR_LENGTH
)
_SET_CLAUSES = frozenset({"UNION", "EXCEPT", "INTERSECT", "ORDER", "OFFSET"})
"""Words that continue a query after one in brackets."""
USER_PREFIXES = ("prov_", "ivo_", "gavo_")
"""Prefixes of user defined functions; whether the function exists is checked later."""
CAST_TYPES = frozenset({"SMALLINT", "INTEGER", "BIGINT", "REAL", "TIMESTAMP", "POINT", "CIRCLE", "POLYGON"})
"""Targets of CAST that consist of one word without a length."""

_TARGETS = "SMALLINT, INTEGER, BIGINT, REAL, DOUBLE PRECISION, CHAR, VARCHAR or TIMESTAMP"
_SYNONYMS = (
    dict.fromkeys(("TINYINT", "BYTE", "SHORT", "INT2", "BOOLEAN", "BOOL"), "SMALLINT")
    | dict.fromkeys(("INT", "INT4", "SIGNED", "UNSIGNED", "SERIAL"), "INTEGER")
    | dict.fromkeys(("LONG", "INT8", "BIGSERIAL"), "BIGINT")
    | {"FLOAT4": "REAL", "SINGLE": "REAL"}
    | dict.fromkeys(("DOUBLE", "FLOAT", "FLOAT8", "NUMERIC", "DECIMAL", "NUMBER"), "DOUBLE PRECISION")
    | dict.fromkeys(
        ("TEXT", "STRING", "CHARACTER", "VARCHAR2", "NVARCHAR", "NCHAR", "UNICODECHAR"), "VARCHAR"
    )
    | dict.fromkeys(("DATE", "DATETIME", "TIMESTAMPTZ", "TIME"), "TIMESTAMP")
    | {"SPOINT": "POINT", "SCIRCLE": "CIRCLE"}
)
"""Names of the targets of CAST in other dialects."""


UnknownFunction = Callable[[str, Position], AdqlError]
"""Takes the name of a function that does not exist and its position, and returns the error about it."""


class ValueRules(Cursor, ABC):
    """Reads values."""

    _in_brackets: Value | Condition | None = None
    """The content of the last pair of brackets: brackets have no node, but turn any value into a primary."""
    unknown_function: UnknownFunction
    """Returns the error about a name that no function of this service has."""
    _height = 0
    """Depth of nested arithmetic operations in the expressions read so far."""

    @abstractmethod
    def any_expression(self) -> Value | Condition:
        """Return a condition or a value: in brackets, only the content shows which."""

    @abstractmethod
    def select_expression(self, first: Query | None = None) -> Query:
        """<select_expression>, of which a *first* operand may have been read already."""

    @abstractmethod
    def search_condition(self) -> Condition:
        """<search_condition>"""

    def kind(self, value: Value) -> str:
        """Return the kind of the value that was just read."""
        return kind_of(value, self._in_brackets)

    def value_expression(self) -> Value:
        """<value_expression> ::= <numeric_value_expression> | <string_value_expression> | ..."""
        return self.as_value(self.any_value())

    def as_value(self, content: Value | Condition) -> Value:
        """Return the expression read, if it is a value; otherwise raise an error."""
        if isinstance(content, Condition):
            raise problem("In ADQL a condition is not a value.", content.at)
        return content

    # Operators ------------------------------------------------------------------------------------------

    def any_value(self) -> Value | Condition:
        """<numeric_value_expression> ::= <term> [ { <plus_sign> | <minus_sign> } <term> ]..."""
        return self.arithmetic(self.term, "+", "-")

    def term(self) -> Value | Condition:
        """<term> ::= <factor> [ { <asterisk> | <solidus> } <factor> ]..."""
        return self.arithmetic(self.factor, "*", "/")

    def arithmetic(self, operand: Callable[[], Value | Condition], *operators: str) -> Value | Condition:
        """Return one chain of arithmetic, or its only operand as it is."""
        beside, self._height = self._height, 0
        first = operand()
        values: list[Value] = []
        used: list[str] = []
        while token := self.accept(*operators):
            values = values or [self.number(first)]
            height, self._height = self._height, 0
            values.append(self.number(operand()))
            used.append(token.type)
            self._height = max(height, self._height) + 1
            if self._height > ARITHMETIC_LIMIT:
                raise problem(
                    f"This expression has more than {ARITHMETIC_LIMIT} nested arithmetic operations.",
                    token.at,
                )
        self._height = max(beside, self._height)
        return nodes.Arithmetic(first.at, tuple(values), tuple(used)) if used else first

    def number(self, content: Value | Condition) -> Value:
        """Return an operand of arithmetic; raise an error if its kind is not allowed."""
        value = self.as_value(content)
        kind = self.kind(value)
        if kind not in NUMBERS:
            raise problem(f"Arithmetic needs numbers; this is {NOUNS[kind]}.", value.at)
        return value

    def factor(self) -> Value | Condition:
        """<factor> ::= [ <sign> ] <numeric_primary>"""
        if sign := self.accept("+", "-"):
            return nodes.Sign(sign.at, sign.type, self.number(self.primary()))
        return self.concatenation()

    def concatenation(self) -> Value | Condition:
        """<concatenation> ::= <character_factor> [ { <concatenation_operator> <character_factor> }... ]"""
        first = self.primary()
        if self.token.type != "||":
            return first
        values = [self.character_factor(first)]
        while self.accept("||"):
            self.check_length(values)
            values.append(self.character_factor(self.primary()))
        return nodes.Concatenation(first.at, tuple(values))

    def character_factor(self, content: Value | Condition) -> Value:
        """<character_factor> ::= <character_primary>"""
        value = self.as_value(content)
        kind = self.kind(value)
        if kind not in CHARACTERS:
            raise problem(f"|| joins texts; this is {NOUNS[kind]}.", value.at)
        return value

    # Primaries ------------------------------------------------------------------------------------------

    def primary(self) -> Value | Condition:
        """<value_expression_primary> ::= <literal> | <column_reference> | <function> | ( <value> )"""
        token = self.token
        match token.type:
            case "string" | "integer" | "decimal" | "approximate" | "NULL":
                self.advance()
                return nodes.Literal(token.at, token.type.lower(), token.text)
            case "identifier" if self.peek(1).type == "(":
                is_length = token.text.upper() in _LENGTHS
                return self.function_call() if is_length else self.user_defined_function()
            case "identifier" | "delimited":
                return nodes.ColumnReference(token.at, self.names("catalogue", "schema", "table", "column"))
            case "(":
                return self.parenthesized()
            case "CAST":
                return self.cast_specification()
            case "CASE":
                return self.case_expression()
            case "CURRENT_TIMESTAMP" | "CURRENT_DATE":
                self.extension(Extension.CURRENT_TIMESTAMP, self.advance().at)
                return nodes.FunctionCall(token.at, token.type, ())
        if token.type in SET_FUNCTIONS:
            return self.set_function_specification()
        if token.type in FORMS and self.peek(1).type == "(":
            return self.function_call()
        raise self.unexpected(VALUE_DUE)

    def parenthesized(self) -> Value | Condition:
        """Return the content of brackets: a value or a condition; a query is a value."""
        self._in_brackets = content = self.bracketed(self.content_of_brackets)
        return content

    def content_of_brackets(self) -> Value | Condition:
        """<value_expression> | <search_condition> | <select_expression>"""
        at = self.token.at
        if self.token.type == "SELECT":
            self.extension(Extension.SUBQUERY, at)
            return nodes.ScalarSubquery(at, self.select_expression())
        content = self.any_expression()
        if isinstance(content, nodes.ScalarSubquery) and self.token.type in _SET_CLAUSES:
            return nodes.ScalarSubquery(at, self.select_expression(content.query))
        return content

    def cast_specification(self) -> nodes.Cast:
        """<cast_specification> ::= CAST ( <value_expression> AS <cast_target> )"""
        at = self.advance().at
        return self.bracketed(lambda: self.cast_operands(at))

    def cast_operands(self, at: Position) -> nodes.Cast:
        """<cast_operand> AS <cast_target>"""
        value = self.value_expression()
        self.expect("AS")
        return nodes.Cast(at, value, *self.cast_target())

    def cast_target(self) -> tuple[str, int | None]:
        """<cast_target> ::= <character_string_type> | <numeric_type> | <datetime_type> | <geometry_type>"""
        token = self.token
        if token.type == "DOUBLE" and self.peek(1).type == "PRECISION":
            self.advance()
            self.advance()
            return "DOUBLE PRECISION", None
        if self.accept("CHAR", "VARCHAR"):
            return token.type, self.bracketed(self.unsigned_integer) if self.token.type == "(" else None
        if token.type not in CAST_TYPES:
            meant = _SYNONYMS.get(token.text.upper())
            hint = f"Write CAST(... AS {meant})." if meant else f"It can convert to {_TARGETS}."
            raise problem(f"CAST cannot convert to {shown(token)}.", token.at, hint)
        return self.advance().type, None

    def case_expression(self) -> nodes.Case:
        """CASE { WHEN <search_condition> THEN <value> }... [ ELSE <value> ] END, or CASE <value> WHEN ..."""
        at = self.advance().at
        self.extension(Extension.CASE, at)
        operand = None if self.token.type == "WHEN" else self.nested(self.value_expression)
        looked_for = self.value_expression if operand else self.search_condition
        branches = [self.nested(lambda: self.case_branch(looked_for))]
        while self.token.type == "WHEN":
            self.check_length(branches)
            branches.append(self.nested(lambda: self.case_branch(looked_for)))
        otherwise = self.nested(self.value_expression) if self.accept("ELSE") else None
        self.expect("END")
        return nodes.Case(at, operand, tuple(branches), otherwise)

    def case_branch(self, looked_for: Callable[[], Condition | Value]) -> tuple[Condition | Value, Value]:
        """WHEN <search_condition> THEN <value_expression>"""
        self.expect("WHEN")
        found = looked_for()
        self.expect("THEN")
        return found, self.value_expression()

    # Functions ------------------------------------------------------------------------------------------

    def function_call(self) -> nodes.FunctionCall:
        """<numeric_value_function> ::= <trig_function> | <math_function> | ..."""
        token = self.advance()
        written = token.text.upper()
        if written in _EXTENSIONS:
            self.extension(_EXTENSIONS[written], token.at)
        name = "CHAR_LENGTH" if written in _LENGTHS else written
        kinds: list[str] = []
        read = self.substring_arguments if name == "SUBSTRING" else self.arguments
        arguments = self.bracketed(lambda: read(kinds))
        form = FORMS[name]
        if not form.fits("".join(kinds)):
            raise problem(f"{written} takes {form.description}.", token.at)
        if kinds and kinds[0] == NULL and name in GEOMETRIES:
            self.extension(Extension.NULL_SYSTEM, arguments[0].at)
        return nodes.FunctionCall(token.at, name, arguments)

    def arguments(self, kinds: list[str]) -> tuple[Value, ...]:
        """Return the arguments of a function, which may be none, and put their kinds into *kinds*."""
        return () if self.token.type == ")" else self.list_of(lambda: self.argument(kinds))

    def substring_arguments(self, kinds: list[str]) -> tuple[Value, ...]:
        """<text> { FROM | <comma> } <number> [ { FOR | <comma> } <number> ]"""
        arguments = [self.argument(kinds)]
        for separator in ("FROM", "FOR") if self.token.type == "FROM" else (",", ","):
            if self.accept(separator):
                arguments.append(self.argument(kinds))
        return tuple(arguments)

    def argument(self, kinds: list[str]) -> Value:
        """Return one argument, and add its kind to *kinds*."""
        value = self.value_expression()
        kinds.append(self.kind(value))
        return value

    def user_defined_function(self) -> nodes.FunctionCall:
        """<user_defined_function> ::= <user_defined_function_name> ( [ <parameters> ] )"""
        name = self.advance()
        if not name.text.lower().startswith(USER_PREFIXES):
            raise self.unknown_function(name.text, name.at)
        return nodes.FunctionCall(name.at, name.text, self.bracketed(lambda: self.arguments([])))

    def set_function_specification(self) -> nodes.SetFunction:
        """<set_function_specification> ::= COUNT ( * ) | <general_set_function>"""
        name = self.advance()
        return self.bracketed(lambda: self.set_function_argument(name))

    def set_function_argument(self, name: Token) -> nodes.SetFunction:
        """<general_set_function> ::= <set_function_type> ( [ <set_quantifier> ] <value_expression> )"""
        if self.token.type == "*" and name.type != "COUNT":
            raise problem(f"{name.type} takes one value; only COUNT takes *.", self.token.at)
        if self.accept("*"):
            return nodes.SetFunction(name.at, name.type, False, None)
        quantifier = self.accept("DISTINCT", "ALL")
        distinct = quantifier is not None and quantifier.type == "DISTINCT"
        value = self.value_expression()
        if self.token.type == ",":
            raise problem(f"{name.type} takes one value.", self.token.at)
        return nodes.SetFunction(name.at, name.type, distinct, value)
