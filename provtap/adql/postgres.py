"""A resolved query to PostgreSQL: the typed SELECT, and the COPY form of its rows.

COPY takes no parameters, so literals are written into the SQL, all by `quote_text`. Names come from the
catalogue, in double quotes, or are our own (t1, c1); no word of the user's gets in otherwise.
"""

from dataclasses import dataclass

from provtap.adql import plan
from provtap.adql.plan import Expression, Type, column_type
from provtap.errors import AdqlError
from provtap.tableset import Column

_CASTS = {
    Type.SHORT: "smallint",
    Type.INT: "integer",
    Type.LONG: "bigint",
    Type.FLOAT: "real",
    Type.DOUBLE: "double precision",
    Type.TEXT: "text",
    Type.TIMESTAMP: "timestamp",
    Type.NULL: "text",
}
_COMPUTED = frozenset({"SUM", "AVG"})
_EXACT = _COMPUTED | {"COUNT"}
_LARGEST = 2**63 - 1
"""What LIMIT and OFFSET can hold."""


@dataclass(frozen=True)
class Statement:
    """A translated query: its PostgreSQL, and what each of its output columns is."""

    sql: str
    """A SELECT whose output columns are c1, c2, ..., each of exactly the type that *columns* declares."""
    columns: tuple[Column, ...]
    """One for each output column, in the order of the select list; names may repeat."""

    def copy_sql(self, maxrec: int) -> str:
        """Return the SELECT to COPY from: cells in the form results want, one row more than *maxrec*.

        The row too many tells an overflow (TAP 1.1, section 2.7.4).
        """
        cells = ", ".join(
            _wire_form(f"q.c{number}", column_type(c)) for number, c in enumerate(self.columns, start=1)
        )
        return f"SELECT {cells} FROM ({self.sql}) AS q LIMIT {maxrec + 1:d}"


def generate(select: plan.Select) -> Statement:
    """Return the PostgreSQL of a resolved query."""
    return Statement(select_sql(select), tuple(output.column() for output in select.outputs))


def quote_text(text: str) -> str:
    """Return *text* as SQL literal, for a server with standard_conforming_strings on (its default).

    Raises: AdqlError if it holds a NUL character, which PostgreSQL can't.
    """
    if "\0" in text:
        raise AdqlError("A text with a NUL character can't be compared with anything.")
    return "'" + text.replace("'", "''") + "'"


def quote_name(name: str) -> str:
    """Return *name* as SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


# Queries ------------------------------------------------------------------------------------------------


def select_sql(select: plan.Select) -> str:
    """Return one SELECT, its output columns named c1, c2, ... and cast to the types declared."""
    outputs = (f"{_cast(output.value)} AS c{n}" for n, output in enumerate(select.outputs, start=1))
    clauses = [
        f"SELECT {'DISTINCT ' if select.distinct else ''}{', '.join(outputs)}",
        f"FROM {', '.join(map(table_sql, select.tables))}",
    ]
    if select.where:
        clauses.append(f"WHERE {condition_sql(select.where)}")
    if select.group_by:
        clauses.append(f"GROUP BY {', '.join(map(_not_a_position, select.group_by))}")
    if select.having:
        clauses.append(f"HAVING {condition_sql(select.having)}")
    if select.order_by:
        clauses.append(f"ORDER BY {', '.join(map(_sort, select.order_by))}")
    if select.top is not None:
        clauses.append(f"LIMIT {min(select.top, _LARGEST)}")
    if select.offset is not None:
        clauses.append(f"OFFSET {min(select.offset, _LARGEST)}")
    return " ".join(clauses)


def table_sql(table: plan.TableExpression) -> str:
    """Return one table of a FROM clause."""
    match table:
        case plan.PublishedTable():
            return f"{quote_name(table.schema)}.{quote_name(table.name)} AS {table.alias}"
        case plan.DerivedTable():
            return f"({select_sql(table.query)}) AS {table.alias}"
        case plan.JoinedTable():
            return table_sql(table.first) + "".join(map(_join, table.joins))


def _join(join: plan.Join) -> str:
    table = table_sql(join.table)
    if isinstance(join.table, plan.JoinedTable):
        table = f"({table})"
    condition = condition_sql(join.condition) if join.condition else "true"
    return f" {join.kind} JOIN {table} ON {condition}"


def _sort(sort: plan.Sort) -> str:
    term = f"c{sort.position}" if sort.position else _not_a_position(sort.value)
    return f"{term} DESC" if sort.descending else term


def _not_a_position(value: Expression) -> str:
    """Return a term of ORDER BY or GROUP BY; PostgreSQL takes a bare number there for a position."""
    return value_sql(value) if any(value.fields()) else _cast(value)


def _cast(value: Expression) -> str:
    """Return a value of exactly the type declared for it, which some have by themselves."""
    is_exact = isinstance(value, plan.Call) or (isinstance(value, plan.Aggregate) and value.name in _EXACT)
    cast = None if is_exact else _CASTS.get(value.type)
    return f"{_operand(value)}::{cast}" if cast else value_sql(value)


# Expressions --------------------------------------------------------------------------------------------


def value_sql(value: Expression) -> str:
    """Return a value."""
    match value:
        case plan.Field():
            return f"{value.table}.{quote_name(value.column)}"
        case plan.Constant():
            return constant_sql(value)
        case plan.Arithmetic():
            first, *others = map(_operand, value.operands)
            return first + "".join(f" {o} {other}" for o, other in zip(value.operators, others, strict=True))
        case plan.Call():
            type_ = value.function.argument_type
            return value.function.sql.format(*_arguments(value, type_))
        case plan.Aggregate():
            return aggregate_sql(value)
        case plan.Operation(operator="||"):
            return " || ".join(map(_as_text, value.operands))
        case plan.Operation(operator="COALESCE"):
            return f"COALESCE({', '.join(map(value_sql, value.operands))})"
        case plan.Operation():
            # The blank keeps `- -1` from becoming a comment.
            return f"{value.operator} {_operand(value.operands[0])}"
    raise TypeError(value)


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


def aggregate_sql(aggregate: plan.Aggregate) -> str:
    """Return a set function of the type that ADQL gives it."""
    if not aggregate.operands:
        return "count(*)"
    (operand,) = aggregate.operands
    argument = _cast(operand) if isinstance(operand, plan.Constant) else value_sql(operand)
    if operand.type is Type.FLOAT and aggregate.name in _COMPUTED:
        # A sum of reals is a real in PostgreSQL, and loses digits with each row.
        argument = f"{_operand(operand)}::double precision"
    call = f"{aggregate.name.lower()}({'DISTINCT ' if aggregate.distinct else ''}{argument})"
    # A sum of bigints and an average of integers are numeric there.
    return f"{call}::{_CASTS[aggregate.type]}" if aggregate.name in _COMPUTED else call


def _arguments(call: plan.Call, type_: str) -> list[str]:
    """Return the arguments of a function, cast so that PostgreSQL finds the one meant."""
    first = call.function.integers_from
    return [
        f"{_operand(operand)}::{type_}" if number < first else value_sql(operand)
        for number, operand in enumerate(call.operands)
    ]


def _operand(value: Expression) -> str:
    """Return a value to stand beside an operator."""
    sql = value_sql(value)
    simple = isinstance(value, plan.Field | plan.Constant | plan.Call | plan.Aggregate)
    return sql if simple else f"({sql})"


def _as_text(value: Expression) -> str:
    if value.type in {Type.TIMESTAMP, Type.FLOAT, Type.DOUBLE}:
        return _wire_form(_operand(value), value.type)
    return f"{_operand(value)}::text"


# Conditions ---------------------------------------------------------------------------------------------


def condition_sql(condition: Expression) -> str:
    """Return a condition."""
    if isinstance(condition, plan.Subquery):
        return subquery_sql(condition)
    assert isinstance(condition, plan.Operation)
    operator, operands = condition.operator, condition.operands
    match operator:
        case "AND" | "OR":
            return f" {operator} ".join(map(_member, operands))
        case "NOT":
            return f"NOT ({condition_sql(operands[0])})"
        case "IS NULL" | "IS NOT NULL":
            return f"{_operand(operands[0])} {operator}"
    first, *others = map(_operand, operands)
    match operator:
        case "BETWEEN" | "NOT BETWEEN":
            return f"{first} {operator} {others[0]} AND {others[1]}"
        case "IN" | "NOT IN":
            return f"{first} {operator} ({', '.join(others)})"
        case "LIKE" | "NOT LIKE":
            # ADQL has no escape character, PostgreSQL has the backslash unless told.
            return f"{first} {operator} {others[0]} ESCAPE ''"
    return f"{first} {operator} {others[0]}"


def subquery_sql(condition: plan.Subquery) -> str:
    """Return `EXISTS (...)` or `value IN (...)`."""
    query = f"({select_sql(condition.query)})"
    if condition.operator == "EXISTS":
        return f"EXISTS {query}"
    return f"{_operand(condition.operands[0])} {condition.operator} {query}"


def _member(condition: Expression) -> str:
    sql = condition_sql(condition)
    is_junction = isinstance(condition, plan.Operation) and condition.operator in {"AND", "OR"}
    return f"({sql})" if is_junction else sql


# Cells --------------------------------------------------------------------------------------------------


def _wire_form(cell: str, type_: Type) -> str:
    """Return the SQL for one cell as DALI 1.1, section 3.3, writes it: `T` in timestamps, `+Inf`."""
    if type_ is Type.TIMESTAMP:
        return f"replace({cell}::text, ' ', 'T')"
    if type_ in {Type.FLOAT, Type.DOUBLE}:
        return f"CASE {cell} WHEN 'Infinity' THEN '+Inf' WHEN '-Infinity' THEN '-Inf' ELSE {cell}::text END"
    return cell
