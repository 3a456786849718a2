"""The tree of a query as written, before names are looked up.

Classes are named after the rules of the ADQL 2.1 BNF. A chain (`a + b - c`, `a AND b AND c`, joins, UNION) is
one node with many operands, so that long chains don't make the tree deep.
"""

from dataclasses import dataclass, field

from provtap.adql.syntax.lexer import Position
from provtap.adql.syntax.quoting import quote_name


@dataclass(frozen=True, slots=True)
class Name:
    """An identifier; a *delimited* one was in double quotes and matches exactly."""

    text: str
    delimited: bool
    at: Position = field(compare=False)

    @property
    def end(self) -> Position:
        """The position after the name."""
        written = quote_name(self.text) if self.delimited else self.text
        first, *rest = written.split("\n")
        if rest:
            return Position(self.at.line + len(rest), len(rest[-1]) + 1)
        return Position(self.at.line, self.at.column + len(first))


@dataclass(frozen=True, slots=True)
class Value:
    """An expression with a value."""

    at: Position = field(compare=False)


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition: true, false or unknown; ADQL 2.1 has no such values."""

    at: Position = field(compare=False)


@dataclass(frozen=True, slots=True)
class ColumnReference(Value):
    """A column, with up to three qualifiers."""

    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Literal(Value):
    """A literal: *kind* is string, integer, decimal, approximate or null."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Arithmetic(Value):
    """Operands joined by `+` and `-`, or by `*` and `/`, from left to right."""

    operands: tuple[Value, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sign(Value):
    """A signed factor."""

    sign: str
    operand: Value


@dataclass(frozen=True, slots=True)
class Concatenation(Value):
    """Texts joined by `||`."""

    operands: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class FunctionCall(Value):
    """A call of any function other than a set function; *name* is in capitals unless user defined."""

    name: str
    arguments: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class SetFunction(Value):
    """An aggregate; *argument* is None for `COUNT(*)`."""

    name: str
    distinct: bool
    argument: Value | None


@dataclass(frozen=True, slots=True)
class Cast(Value):
    """`CAST(value AS type_name(length))`; the name is one of ADQL's, in capitals."""

    value: Value
    type_name: str
    length: int | None


@dataclass(frozen=True, slots=True)
class Case(Value):
    """`CASE [operand] WHEN ... THEN ... ELSE otherwise END`, an extension of this service.

    Each branch is a condition and a value; with an *operand*, a value to compare with it instead of a
    condition.
    """

    operand: Value | None
    branches: tuple[tuple[Condition | Value, Value], ...]
    otherwise: Value | None


@dataclass(frozen=True, slots=True)
class ScalarSubquery(Value):
    """A query in brackets as a value, an extension of this service."""

    query: "Query"


@dataclass(frozen=True, slots=True)
class Comparison(Condition):
    """`left operator right`."""

    left: Value
    operator: str
    right: Value


@dataclass(frozen=True, slots=True)
class Between(Condition):
    """`value [NOT] BETWEEN low AND high`."""

    value: Value
    low: Value
    high: Value
    negated: bool


@dataclass(frozen=True, slots=True)
class LongList:
    """Many literals of one *kind*, string or integer, as in nodes of their own."""

    at: Position = field(compare=False)
    kind: str
    texts: tuple[str, ...]

    @property
    def literals(self) -> tuple[Literal, ...]:
        """The nodes of the literals, all in one place."""
        return tuple(Literal(self.at, self.kind, text) for text in self.texts)


@dataclass(frozen=True, slots=True)
class In(Condition):
    """`value [NOT] IN (...)`: a list of values or one query."""

    value: Value
    values: "tuple[Value, ...] | LongList | Query"
    negated: bool


@dataclass(frozen=True, slots=True)
class Like(Condition):
    """`value [NOT] LIKE pattern`, or ILIKE; the character of ESCAPE, an extension, is a literal."""

    value: Value
    pattern: Value
    negated: bool
    ignore_case: bool
    escape: Literal | None = None


@dataclass(frozen=True, slots=True)
class IsNull(Condition):
    """`value IS [NOT] NULL`."""

    value: Value
    negated: bool


@dataclass(frozen=True, slots=True)
class Exists(Condition):
    """`EXISTS (query)`."""

    query: "Query"


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """`NOT condition`."""

    operand: Condition


@dataclass(frozen=True, slots=True)
class Junction(Condition):
    """Conditions joined by one *operator*, AND or OR."""

    operator: str
    operands: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class TableName:
    """A published table, with up to two qualifiers, and its correlation name."""

    at: Position = field(compare=False)
    names: tuple[Name, ...]
    alias: Name | None


@dataclass(frozen=True, slots=True)
class DerivedTable:
    """A query used as a table; it always has a correlation name."""

    at: Position = field(compare=False)
    query: "Query"
    alias: Name


@dataclass(frozen=True, slots=True)
class Join:
    """One further table of a joined table: `[NATURAL] kind JOIN table [ON ... | USING (...)]`."""

    at: Position = field(compare=False)
    kind: str
    """INNER, LEFT, RIGHT, FULL, or the extension CROSS."""
    natural: bool
    table: "TableReference"
    on: Condition | None
    using: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class JoinedTable:
    """A table and the tables joined to it, from left to right."""

    at: Position = field(compare=False)
    first: "TableReference"
    joins: tuple[Join, ...]


TableReference = TableName | DerivedTable | JoinedTable


@dataclass(frozen=True, slots=True)
class SelectItem:
    """One expression of a select list, and the name given to it."""

    value: Value
    alias: Name | None


@dataclass(frozen=True, slots=True)
class AllColumns:
    """`*`, or `table.*` if it has *qualifiers*."""

    at: Position = field(compare=False)
    qualifiers: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Select:
    """One SELECT, from the word SELECT to its HAVING."""

    at: Position = field(compare=False)
    distinct: bool
    top: int | None
    items: tuple[SelectItem | AllColumns, ...]
    tables: tuple[TableReference, ...]
    where: Condition | None
    group_by: tuple[Value, ...]
    having: Condition | None


@dataclass(frozen=True, slots=True)
class SortTerm:
    """One term of ORDER BY; an integer literal is an output position."""

    value: Value
    descending: bool


@dataclass(frozen=True, slots=True)
class WithQuery:
    """A common table: a query under a name that the queries after it can use as a table."""

    name: Name
    query: "Query"


@dataclass(frozen=True, slots=True)
class SetOperation:
    """Operands joined by *operators* from left to right: by UNION and EXCEPT, or by INTERSECT.

    An operator is written with its ALL (`UNION ALL`).
    """

    at: Position = field(compare=False)
    operands: "tuple[Select | SetOperation | Query, ...]"
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query or subquery, with its order and offset."""

    at: Position = field(compare=False)
    body: "Select | SetOperation | Query"
    """A Query only if a query in brackets has another ORDER BY or OFFSET outside."""
    order_by: tuple[SortTerm, ...] = ()
    offset: int | None = None
    with_queries: tuple[WithQuery, ...] = ()
    """Only of the outermost query."""
