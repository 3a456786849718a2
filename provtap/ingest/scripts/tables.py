"""The tables that a script may fill: their columns, types and rules, read from the live database.

The rows of a script are staged in temporary copies of these tables until all rules have been checked.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, NamedTuple

from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.errors import DocumentError, nearest

SQL = load_statements("provtap.ingest.scripts", "tables.sql")
ARTEFACTS = "provenance.wasconfiguredby"
"""The one view that may be filled: its rows say whose parameters and configuration files there are."""
_OURS = {"provext.ingestion", "provext.withdrawal", "provext.notice"}
_LENGTHS = {"identifier": 1000, "label": 1000, "role": 500}  # bytes (schema/0001_provenance.sql)
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,9})?)?( ?(Z|UTC|[+-]\d\d(:?\d\d)?))?)?", re.IGNORECASE
)
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_BITS = {"int4": 32, "int8": 64}
# A parameter or configuration file may be without an activity, which wasconfiguredby then names.
_OPTIONAL = {
    "parameter": ", ALTER p_activity_id DROP NOT NULL",
    "configfile": ", ALTER cf_activity_id DROP NOT NULL",
}

Check = Callable[[str], str]
"""Returns a value in PostgreSQL's form; raises ValueError with the rule that it breaks."""


@dataclass(frozen=True)
class SqlColumn:
    """A column of a table."""

    name: str
    type: str
    required: bool
    generated: bool
    default: str | None


@dataclass(frozen=True)
class SqlTable:
    """A table or, for `wasconfiguredby`, a view."""

    schema: str
    name: str
    columns: tuple[SqlColumn, ...]
    keys: tuple[tuple[str, ...], ...]
    """Expressions of each unique key, the primary key first."""
    checks: tuple[str, ...]
    """Conditions on each row."""
    references: tuple["Reference", ...]

    @property
    def full_name(self) -> str:
        """Name with the schema."""
        return f"{self.schema}.{self.name}"

    @property
    def staged(self) -> str:
        """Name of the temporary table with the rows of a script."""
        return f"pg_temp.staged_{self.name}"

    def names(self) -> list[str]:
        """Return the columns that can be filled."""
        return [column.name for column in self.columns if not column.generated]


@dataclass(frozen=True)
class Reference:
    """A foreign key."""

    columns: tuple[str, ...]
    table: str
    target: tuple[str, ...]


class Target:
    """A table and the columns that one statement fills, in the order of the statement."""

    def __init__(self, table: SqlTable, names: Sequence[str]) -> None:
        self.table = table
        known = {column.name: column for column in table.columns}
        given = [known[name] for name in names]
        self.width = len(given)
        self.columns = tuple(column.name for column in given if not column.generated)
        self._generated = [(at, column.name) for at, column in enumerate(given) if column.generated][::-1]
        stored = [column for column in given if not column.generated]
        self._checks = [(at, c.name, _CHECKS[c.type]) for at, c in enumerate(stored) if c.type in _CHECKS]
        self._required = [(at, column.name) for at, column in enumerate(stored) if column.required]
        self._defaults = [(at, column.default) for at, column in enumerate(given)]
        missing = [c.name for c in table.columns if c.required and c.default is None and c.name not in names]
        if missing:
            raise DocumentError(f"{table.full_name} needs a value for {' and '.join(missing)}")

    def default(self, at: int) -> str | None:
        """Return the value of DEFAULT in the column *at*."""
        return self._defaults[at][1]

    def checked(self, values: Sequence[str | None]) -> list[str | None]:
        """Return a row in the form in which it is stored.

        Raises: ValueError, with the name of the column.
        """
        row = list(values)
        for at, name in self._generated:
            if row.pop(at) is not None:
                raise ValueError(f"{name} is made by the database: leave it out")
        for at, needed in self._required:
            if row[at] is None:
                raise ValueError(f"{needed} must have a value")
        for at, name, check in self._checks:
            value = row[at]
            if value is not None:
                try:
                    row[at] = check(value)
                except ValueError as error:
                    raise ValueError(f"{name} {error}") from error
        return row


class Row(NamedTuple):
    """One row of a script."""

    target: Target
    line: int
    number: int
    """Number of the row within its statement, from 1."""
    values: list[str | None]


class Staging:
    """The temporary tables of one script, each created for its first row."""

    def __init__(self, transaction: Transaction, known: Mapping[str, SqlTable]) -> None:
        self.transaction = transaction
        self.known = known
        self.tables: dict[str, SqlTable] = {}
        self.rows = 0

    def fill(self, rows: Iterable[Row]) -> None:
        """Copy all *rows* into them as a stream, then let PostgreSQL collect statistics."""
        for (table, names), group in groupby(rows, lambda row: (row.target.table, row.target.columns)):
            self._stage(table)
            lines = ((*values, line, number) for _, line, number, values in group)
            self.rows += self.transaction.copy(table.staged, [*names, "at_line", "at_row"], lines)
        for table in self.tables.values():
            self.transaction.execute(f"ANALYZE {table.staged}")

    def _stage(self, table: SqlTable) -> None:
        if table.full_name not in self.tables:
            names = {"name": f"staged_{table.name}", "table": table.full_name, "staged": table.staged}
            self.transaction.execute(SQL["stage"].format(**names, optional=_OPTIONAL.get(table.name, "")))
            self.tables[table.full_name] = table

    def drop(self) -> None:
        """Remove the tables, for the next script."""
        for table in self.tables.values():
            self.transaction.execute(SQL["unstage"].format(staged=table.staged))
        self.tables.clear()

    def first(self, statement: str, **names: Any) -> Any:
        """Return the first row that a statement of tables.sql finds, with its *names* filled in."""
        return self.transaction.one(SQL[statement].format(**names))


def wrong(table: SqlTable, row: Any, sentence: str) -> DocumentError:
    """Return the error about one row of a script."""
    return DocumentError(f"line {row.at_line}, row {row.at_row} of {table.full_name}: {sentence}")


def tables(transaction: Transaction) -> Mapping[str, SqlTable]:
    """Return the tables that a script may fill, by their names with schema."""
    references: dict[str, list[Reference]] = {}
    for row in transaction.rows(SQL["references"]):
        found = Reference(tuple(row.columns), row.target, tuple(row.target_columns))
        references.setdefault(row.name, []).append(found)
    found_tables = {}
    for row in transaction.rows(SQL["tables"]):
        name = f"{row.schema}.{row.name}"
        found_tables[name] = SqlTable(
            schema=row.schema,
            name=row.name,
            columns=tuple(
                # A parameter may be without an activity, which wasconfiguredby then names.
                SqlColumn(
                    c[0],
                    c[1],
                    c[2] == "t" and c[0] not in {"p_activity_id", "cf_activity_id"},
                    c[3] == "t",
                    _text_default(c[4]),
                )
                for c in row.columns
            ),  # fmt: skip
            keys=tuple(tuple(key) for key in row.keys or ()),
            checks=tuple(row.checks or ()),
            references=tuple(references.get(name, ())),
        )
    return found_tables


def find(known: Mapping[str, SqlTable], schema: str | None, name: str, line: int) -> SqlTable:
    """Return the table that a statement fills.

    Raises: DocumentError for an unknown table, with the most similar name.
    """
    full = f"{schema}.{name}" if schema else name
    if full in known:
        return known[full]
    if full in _OURS:
        raise DocumentError(
            f"line {line}: {full} is written by ProvTAP itself",
            hint=f"pg_dump leaves it out with --exclude-table={full}.",
        )
    near = [f"Did you mean {other}?" for other in known if other.endswith(f".{name}")]
    hint = near[0] if near else nearest(full, known)
    raise DocumentError(f"line {line}: {full} is not a table that a script can fill", hint=hint)


def _text_default(expression: str | None) -> str | None:
    found = re.match(r"'([^']*)'::", expression or "")
    return found[1] if found else None


def _bounded(limit: int, least: int) -> Check:
    def check(value: str) -> str:
        if len(value) * 4 > limit and (size := len(value.encode())) > limit:
            raise ValueError(f"has {size} bytes; the limit is {limit}")
        if least and not value:
            raise ValueError("is empty")
        return value

    return check


def _instant(value: str) -> str:
    if not _TIME.fullmatch(value):
        raise ValueError(f"cannot be {value[:60]!r}: write a time like 2026-01-31 12:00:00")
    text = re.sub(r"(\.\d{6})\d+", r"\1", value.upper().replace(" +", "+").replace(" -", "-"))
    try:
        time = datetime.fromisoformat(re.sub(" ?(Z|UTC)$", "+00:00", text))
        return (time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time).isoformat(sep=" ")
    except (ValueError, OverflowError) as error:
        raise ValueError(f"cannot be {value!r}: it is not a time in the years 1 to 9999") from error


def _whole(type_: str) -> Check:
    limit = 1 << (_BITS[type_] - 1)

    def check(value: str) -> str:
        if not re.fullmatch(r"[-+]?\d{1,19}", value) or not -limit <= int(value) < limit:
            raise ValueError(f"cannot be {value[:60]!r}: it must be a whole number of {_BITS[type_]} bits")
        return value

    return check


def _double(value: str) -> str:
    if not _NUMBER.fullmatch(value) or abs(float(value)) == float("inf"):
        raise ValueError(f"cannot be {value[:60]!r}: it must be a number")
    return value


_CHECKS: Mapping[str, Check] = {
    **{name: _bounded(limit, int(name == "identifier")) for name, limit in _LENGTHS.items()},
    "instant": _instant,
    "float8": _double,
    **{name: _whole(name) for name in _BITS},
}
