"""Parses tokens to the tree by recursive descent: one method for each rule of the ADQL 2.1 BNF.

The rules are in layers: `cursor` (tokens), `values`, `conditions`, and here queries and tables. A bracket may
open a query or a joined table, depending on its content; nothing is parsed twice.
"""

from collections.abc import Callable

from provtap.adql.syntax import tree as nodes
from provtap.adql.syntax.conditions import ConditionRules
from provtap.adql.syntax.extensions import Extension
from provtap.adql.syntax.lexer import Position, problem
from provtap.adql.syntax.messages import EXPECTED
from provtap.adql.syntax.tree import Query, Select, SetOperation, Value
from provtap.adql.syntax.values import UnknownFunction

SetOperand = Select | SetOperation | Query


def parse(text: str, unknown_function: UnknownFunction, *, strict: bool = False) -> Query:
    """Return the tree of one query; whether its names exist is not asked here.

    If *strict*, extensions of ADQL 2.1 are refused.
    Raises: AdqlError at the first place where *text* is not ADQL 2.1, or is over a limit.
    """
    parser = Parser(text, strict=strict)
    parser.unknown_function = unknown_function
    return parser.query_specification()


class Parser(ConditionRules):
    """Reads queries."""

    def query_specification(self) -> Query:
        """<query_specification> ::= [ <with_query> ] <select_query>, and semicolons that may follow."""
        with_queries = self.list_of(self.with_query_specification) if self.accept("WITH") else ()
        query = self.select_expression()
        while self.accept(";"):
            pass
        if self.token.type != "end":
            raise self.unexpected(EXPECTED["end"])
        if not with_queries:
            return query
        return Query(query.at, query.body, query.order_by, query.offset, with_queries)

    def with_query_specification(self) -> nodes.WithQuery:
        """<with_query_specification> ::= <query_name> AS ( <select_expression> )"""
        name = self.identifier()
        if self.token.type == "(":
            raise problem(
                "A common table has no list of column names.", self.token.at, "Write name AS (SELECT)."
            )
        self.expect("AS")
        return nodes.WithQuery(name, self.bracketed(self.select_expression))

    # Queries --------------------------------------------------------------------------------------------

    def select_expression(self, first: Query | None = None) -> Query:
        """<select_expression> ::= <query_set_expression> [ <order_by_clause> ] [ <offset_clause> ]

        A *first* operand may have been read already.
        """
        at = first.at if first else self.token.at
        body = self.query_set_expression(first)
        order_by = self.order_by_clause() if self.accept("ORDER") else ()
        offset = self.unsigned_integer() if self.accept("OFFSET") else None
        if isinstance(body, Query) and not order_by and offset is None:
            return body
        return Query(at, body, order_by, offset)

    def query_set_expression(self, first: Query | None) -> SetOperand:
        """<query_set_expression> ::= <query_set_term> [ { UNION | EXCEPT } [ ALL ] <query_set_term> ]..."""
        return self.set_operation(self.query_set_term, first, "UNION", "EXCEPT")

    def query_set_term(self, first: Query | None = None) -> SetOperand:
        """<query_set_term> ::= <query_primary> [ INTERSECT [ ALL ] <query_primary> ]..."""
        return self.set_operation(self.query_primary, first, "INTERSECT")

    def set_operation(
        self, operand: Callable[[Query | None], SetOperand], first: Query | None, *operators: str
    ) -> SetOperand:
        """Return one chain of set operators, or its only operand as it is."""
        start = operand(first)
        if self.token.type not in operators:
            return start
        queries, used = [_plain(start)], []
        while token := self.accept(*operators):
            self.check_length(queries)
            used.append(f"{token.type} ALL" if self.accept("ALL") else token.type)
            queries.append(_plain(operand(None)))
        return SetOperation(start.at, tuple(queries), tuple(used))

    def query_primary(self, first: Query | None = None) -> SetOperand:
        """<query_primary> ::= <select_query> | <left_paren> <select_expression> <right_paren>"""
        if first:
            return first
        return self.bracketed(self.select_expression) if self.token.type == "(" else self.select_query()

    def select_query(self) -> Select:
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
        return Select(at, distinct, top, items, tables, where, group_by, having)

    def select_list(self) -> tuple[nodes.SelectItem | nodes.AllColumns, ...]:
        """<select_list> ::= <select_sublist> [ { <comma> <select_sublist> }... ]"""
        items = self.list_of(self.select_sublist)
        for item in items if len(items) > 1 else ():
            if isinstance(item, nodes.AllColumns) and not item.qualifiers:
                self.extension(Extension.ASTERISK, item.at)
        return items

    def select_sublist(self) -> nodes.SelectItem | nodes.AllColumns:
        """<select_sublist> ::= <derived_column> | [ <qualifier> <period> ] <asterisk>

        ADQL 2.1 allows an asterisk without qualifier only alone; beside other columns it is an extension.
        """
        if star := self.accept("*"):
            return nodes.AllColumns(star.at, ())
        if self._is_qualified_asterisk():
            return self.qualified_asterisk()
        return nodes.SelectItem(self.value_expression(), self.as_clause())

    def _is_qualified_asterisk(self) -> bool:
        if self.token.type not in {"identifier", "delimited"}:
            return False
        distance = 1
        while self.peek(distance).type == "." and self.peek(distance + 1).type != "*":
            if distance > 7:  # more parts than any name can have
                return False
            distance += 2
        return self.peek(distance).type == "."

    def qualified_asterisk(self) -> nodes.AllColumns:
        """<qualifier> <period> <asterisk>"""
        at = self.token.at
        qualifiers = [self.identifier()]
        while self.accept(".") and not self.accept("*"):
            qualifiers.append(self.identifier())
        if len(qualifiers) > 3:
            raise problem("A table name has at most 3 parts (catalogue, schema, table).", at)
        return nodes.AllColumns(at, tuple(qualifiers))

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
        while self.token.type in {"NATURAL", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "JOIN"}:
            self.check_length(joins)
            joins.append(self.qualified_join())
        return nodes.JoinedTable(first.at, first, tuple(joins)) if joins else first

    def qualified_join(self) -> nodes.Join:
        """<qualified_join> ::= [ NATURAL ] [ <join_type> ] JOIN <table_primary> [ <join_specification> ]"""
        at = self.token.at
        if self.accept("CROSS"):
            self.extension(Extension.CROSS_JOIN, at)
            self.expect("JOIN")
            return nodes.Join(at, "CROSS", False, self.table_primary(), None, ())
        natural = self.accept("NATURAL") is not None
        kind = self.accept("INNER", "LEFT", "RIGHT", "FULL")
        if kind and kind.type != "INNER":
            self.accept("OUTER")
        self.expect("JOIN")
        table = self.table_primary()
        specified = self.token
        on = self.search_condition() if self.accept("ON") else None
        using: tuple[nodes.Name, ...] = ()
        if on is None and self.accept("USING"):
            using = self.bracketed(lambda: self.list_of(self.identifier))
        if natural and (on or using):
            raise problem("A NATURAL JOIN cannot have ON or USING.", specified.at)
        if not (natural or on or using):
            raise problem(
                "This JOIN needs ON or USING.", at, "For all pairs of rows, write CROSS JOIN or a comma."
            )
        return nodes.Join(at, kind.type if kind else "INNER", natural, table, on, using)

    def table_primary(self) -> nodes.TableReference:
        """<table_primary> ::= <table_name> [ <as_clause> ] | <derived_table> | ( <joined_table> )"""
        at = self.token.at
        if self.token.type != "(":
            return nodes.TableName(at, self.names("catalogue", "schema", "table"), self.as_clause())
        content = self.bracketed(self.bracketed_table)
        return self.derived_table(at, content) if isinstance(content, Query) else content

    def derived_table(self, at: Position, query: Query) -> nodes.DerivedTable:
        """<derived_table> ::= ( <select_expression> ) [ AS ] <correlation_name>"""
        alias = self.as_clause()
        if alias is None:
            raise problem("A subquery used as a table needs a name.", at, "Write (SELECT ...) AS name.")
        return nodes.DerivedTable(at, query, alias)

    def bracketed_table(self) -> nodes.TableReference | Query:
        """Return the joined table or query in these brackets: after `((`, only the end distinguishes them."""
        at = self.token.at
        if self.token.type in {"SELECT", "WITH"}:
            return self.select_expression()
        if self.token.type != "(":
            return self.certainly_joined(self.table_primary())
        content = self.bracketed(self.bracketed_table)
        if not isinstance(content, Query):
            return self.joined_table(content)
        if self.token.type not in {"AS", "identifier", "delimited"}:
            return self.select_expression(content)
        return self.certainly_joined(self.derived_table(at, content))

    def certainly_joined(self, first: nodes.TableReference) -> nodes.TableReference:
        """Return a joined table: a single table can't be in brackets."""
        table = self.joined_table(first)
        if not isinstance(table, nodes.JoinedTable):
            raise self.unexpected("JOIN")
        return table


def _plain(query: SetOperand) -> SetOperand:
    """Return an operand without brackets that change nothing."""
    is_bare = isinstance(query, Query) and not query.order_by and query.offset is None
    return query.body if isinstance(query, Query) and is_bare else query
