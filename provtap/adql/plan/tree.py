"""The plan of a query, with all names and types resolved: made by `semantics`, written as SQL by `postgres`.

Tables are named t1, t2, ... throughout a query, output columns c1, c2, ... in each SELECT.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from provtap.adql.plan.functions import Function
from provtap.adql.plan.types import Type, typed_column
from provtap.tableset import Column, Table


@dataclass(frozen=True, kw_only=True)
class UploadedTable(Table):
    """A table of one request, with its rows."""

    arrays: tuple[str, ...]
    """For each column, all its cells as one array in PostgreSQL's text form; cells that are arrays are texts
    in it."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A value or condition, its type, and its metadata for astronomers."""

    type: Type
    operands: tuple["Expression", ...] = ()
    about: Column | None = field(default=None, compare=False)
    """Metadata of its values; None where only the type is known. The name is ignored."""

    def columns(self) -> Iterator["ColumnValue"]:
        """Yield every column used, those of outer queries included."""
        for operand in self.operands:
            yield from operand.columns()

    @property
    def is_ascii(self) -> bool:
        """Whether its texts are certainly ASCII; otherwise they are unicodeChar in a VOTable."""
        if self.about is not None:
            return self.about.datatype != "unicodeChar"
        return all(operand.is_ascii for operand in self.operands)

    @property
    def described(self) -> Column:
        """The known metadata of its values."""
        return self.about or made_of([self], self.type)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnValue(Expression):
    """A column of a table of this query or of an outer one."""

    table: str
    """t1, t2, ..."""
    column: str
    """Name in the database."""
    size: int = field(default=1, compare=False)
    """Parts of the expression that replaces it in PostgreSQL, see `extents`."""
    length: int = field(default=0, compare=False)
    """Minimum number of characters of its texts, see `lengths`."""
    padded: bool = field(default=False, compare=False)
    """Whether it is of the type CHAR(n), see `padding`."""

    def columns(self) -> Iterator["ColumnValue"]:
        """Yield this column."""
        yield self


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant(Expression):
    """A literal: *kind* as in nodes.Literal, or timestamp."""

    kind: str
    text: str

    @property
    def is_ascii(self) -> bool:
        """Whether the literal is ASCII."""
        return self.text.isascii()


@dataclass(frozen=True, slots=True, kw_only=True)
class LongList(Constant):
    """Many literals of one kind, behind IN; the *text* is that of the first."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic(Expression):
    """Operands joined by + and -, or by * and /."""

    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Expression):
    """Any other operator or predicate, under its ADQL name (`||`, `NOT BETWEEN`), COALESCE and NULLIF."""

    operator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Expression):
    """A function, with all its arguments."""

    function: Function


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast(Expression):
    """A value cast to another type; a text has at most *length* characters, or exactly, if *padded*."""

    length: int | None = None
    padded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(Expression):
    """CASE; the operands are the value to compare, if *simple*, pairs of WHEN and THEN, finally an ELSE."""

    simple: bool

    @property
    def results(self) -> tuple[Expression, ...]:
        """The values of its branches."""
        branches = self.operands[self.simple :]
        return (*branches[1::2], *(branches[-1:] if len(branches) % 2 else ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate(Expression):
    """A set function; COUNT(*) has no operand."""

    name: str
    distinct: bool
    function: Function | None = None
    """The user defined function, if it is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subquery(Expression):
    """`EXISTS (query)`, `value IN (query)`, or with the operator VALUE the value of a query.

    The operands are the value, if any, then the columns of outer queries that the subquery uses, so that
    rules for the columns of an expression also apply to these.
    """

    operator: str
    """EXISTS, IN, NOT IN or VALUE."""
    query: "Query"
    captured: tuple[ColumnValue, ...] = field(default=(), compare=False)
    """The columns of outer queries, once for each use."""


@dataclass(frozen=True, slots=True)
class Unknown(Expression):
    """A value whose error was already reported: it causes no further errors."""


UNKNOWN = Unknown(Type.OTHER)


def made_of(
    values: Iterable[Expression], type_: Type, unit: str | None = None, ucd: str | None = None
) -> Column:
    """Return the metadata of a value made of *values*: its texts are ASCII if theirs are."""
    return typed_column(type_, is_ascii=all(value.is_ascii for value in values), unit=unit, ucd=ucd)


@dataclass(frozen=True, slots=True)
class Output:
    """A visible column of a table or a query."""

    name: str
    value: Expression

    def column(self) -> Column:
        """Return its metadata as a column of a result."""
        about = self.value.described
        return about if about.name == self.name else replace(about, name=self.name)


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A table of the database, under its name in the database."""

    alias: str
    schema: str
    name: str


@dataclass(frozen=True, slots=True)
class UploadReference:
    """A table uploaded with the request, by its *number* among those that the query uses, from 1."""

    alias: str
    number: int


@dataclass(frozen=True, slots=True)
class DerivedTable:
    """A query used as a table."""

    alias: str
    query: "Query"
    is_fenced: bool = False
    """Whether PostgreSQL must plan it separately."""


@dataclass(frozen=True, slots=True)
class CommonTable:
    """A table of WITH, by its name: w1, w2, ..."""

    alias: str
    name: str
    joined: int = 1
    """Tables that PostgreSQL may join in place of it."""
    is_fenced: bool = False


@dataclass(frozen=True, slots=True)
class LineageTable:
    """A lineage, which is not stored in the database: see `lineage.recursion`."""

    alias: str
    name: str
    """The published name, with schema."""


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table that is already SQL: a name of WITH, or a query in brackets."""

    alias: str
    sql: str


@dataclass(frozen=True, slots=True)
class SharedRows:
    """Tables joined and filtered in advance in the WITH *rows*; outside they are still t1, t2, ..."""

    rows: str
    columns: tuple[ColumnValue, ...]
    """Its columns, named c1, c2, ... in the WITH."""


@dataclass(frozen=True, slots=True)
class Join:
    """A table joined to those before it; *kind* is INNER, LEFT, RIGHT or FULL, without NATURAL or USING."""

    kind: str
    table: "TableExpression"
    condition: Expression | None


@dataclass(frozen=True, slots=True)
class JoinedTable:
    """Tables joined from left to right."""

    first: "TableExpression"
    joins: tuple[Join, ...]


NamedTable = PublishedTable | UploadReference | DerivedTable | CommonTable | LineageTable | RawTable
"""A table that has an alias."""

TableExpression = NamedTable | SharedRows | JoinedTable


@dataclass(frozen=True, slots=True)
class Sort:
    """One term of ORDER BY: an output column by its *position* from 1, else any expression."""

    position: int | None
    value: Expression
    descending: bool


@dataclass(frozen=True, slots=True)
class Extent:
    """The size of a query in PostgreSQL, see `extents`."""

    size: int = 1
    """Columns, constants and operators."""
    joined: int = 1
    """Tables that an outer query joins in place of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Select:
    """One SELECT, ordered."""

    distinct: bool = False
    top: int | None = None
    offset: int | None = None
    outputs: tuple[Output, ...]
    tables: tuple[TableExpression, ...]
    where: Expression | None = None
    group_by: tuple[Expression, ...] = ()
    having: Expression | None = None
    order_by: tuple[Sort, ...] = ()
    extent: Extent = field(default=Extent(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOperation:
    """Queries of the same column types, joined by *operators* (`UNION ALL`) from left to right."""

    operands: tuple["Query", ...]
    operators: tuple[str, ...]
    outputs: tuple[Output, ...]
    order_by: tuple[Sort, ...] = ()
    """Terms of ORDER BY, which can only be output columns."""
    offset: int | None = None
    extent: Extent = field(default=Extent(), compare=False)


Query = Select | SetOperation


@dataclass(frozen=True, slots=True)
class WithQuery:
    """A query under a name that the queries after it use: w1, w2, ..."""

    name: str
    query: Query
    is_fenced: bool = False
    """Whether PostgreSQL must plan it separately."""
    is_volatile: bool = False
    """Whether its rows may change if PostgreSQL evaluates it again."""


@dataclass(frozen=True, slots=True)
class QuerySpecification:
    """A whole query, and the common tables and uploads it uses."""

    with_queries: tuple[WithQuery, ...]
    query: Query
    uploads: tuple[UploadedTable, ...] = ()
    has_lineage: bool = False
    schemas: frozenset[str] = frozenset()
    """The schemas of its tables."""


# Conditions split at AND, and joined again.


def conjuncts(condition: Expression | None) -> list[Expression]:
    """Return the conditions that all must hold."""
    if condition is None:
        return []
    if isinstance(condition, Operation) and condition.operator == "AND":
        return [part for operand in condition.operands for part in conjuncts(operand)]
    return [condition]


def conjunction(conditions: Sequence[Expression]) -> Expression | None:
    """Return the condition that all of *conditions* hold; None if there are none."""
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return Operation(Type.CONDITION, tuple(conditions), operator="AND")
