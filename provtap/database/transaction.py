"""One transaction of the writer: the few operations of ingestion and installation, without the driver."""

import datetime
import io
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor
from psycopg2.extras import NamedTupleCursor, execute_values

from provtap.database.failures import out_of_time, write_failure
from provtap.database.guard import OVERTIME
from provtap.database.prepared import prepared
from provtap.errors import ProvtapError

Row = Any
"""A named tuple with the output columns as fields, in order."""

Failure = Callable[[psycopg2.Error, float], ProvtapError]
"""Returns the ProvtapError for an error of a statement that ran for this number of seconds."""


class Transaction:
    """Statements inside one transaction; `Database.transaction` commits it or rolls it back.

    All errors of PostgreSQL are raised as ProvtapError (a violated rule of the model: DocumentError).
    Statements have values as `%(name)s`; a statement without values may contain a bare `%`. With *repeated*,
    statements with values are planned once for all transactions of the connection. PostgreSQL stops each
    statement after *duration* seconds; if it fails to, the connection is cut a little later.
    """

    def __init__(
        self,
        connection: Any,
        failure: Failure = lambda error, _: write_failure(error),
        repeated: bool = False,
        duration: float = float("inf"),
    ) -> None:
        self.connection = connection
        self._failure = failure
        self._repeated = repeated
        self._duration = duration

    @contextmanager
    def _cursor(self, factory: type[cursor] = cursor) -> Iterator[Any]:
        begun = time.monotonic()
        try:
            with self.connection.cursor(cursor_factory=factory) as opened:
                yield opened
        except psycopg2.Error as error:
            late = self.connection.late
            seconds = time.monotonic() - begun
            raise (out_of_time() if late else self._failure(error, seconds)) from error

    def _run(self, at: cursor, statement: str, values: Mapping[str, Any]) -> None:
        self.connection.due = time.monotonic() + self._duration + OVERTIME
        if values and self._repeated:
            statement = prepared(self.connection, statement)
        at.execute(statement, values or None)

    def execute(self, statement: str, /, **values: Any) -> int:
        """Run *statement* and return the number of affected rows."""
        with self._cursor() as at:
            self._run(at, statement, values)
            return int(at.rowcount)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Run a part of the transaction atomically: an error undoes only this part."""
        self.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self.execute("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")
            raise
        self.execute("RELEASE SAVEPOINT part")

    def warnings(self) -> list[str]:
        """Return the warnings of PostgreSQL since the last call."""
        notices = self.connection.notices
        found = [text.removeprefix("WARNING:").strip() for text in notices if text.startswith("WARNING:")]
        notices.clear()
        return found

    def rows(self, statement: str, /, **values: Any) -> list[Row]:
        """Return the rows of *statement*, all in memory."""
        with self._cursor(NamedTupleCursor) as at:
            self._run(at, statement, values)
            return list(at.fetchall())

    def one(self, statement: str, /, **values: Any) -> Row | None:
        """Return the only row of *statement*, or None."""
        with self._cursor(NamedTupleCursor) as at:
            self._run(at, statement, values)
            return at.fetchone()

    def insert(self, statement: str, rows: Sequence[Sequence[Any]], page: int = 1000) -> list[Row]:
        """Run an `INSERT ... VALUES %s ...` for *rows*, in large batches; return the rows of RETURNING."""
        with self._cursor(NamedTupleCursor) as at:
            returning = "returning" in statement.lower()
            return execute_values(at, statement, rows, page_size=page, fetch=returning) or []

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Copy *rows* into *columns* of *table* (`schema.table`), the fastest method; return their number.

        Rows are generated while PostgreSQL reads the previous ones. Errors of the generator are raised here.
        """
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(*table.split(".")), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        lines = _Lines(map(_line, rows))
        with self._cursor() as at:
            at.copy_expert(statement, lines)
            if lines.failure:
                raise lines.failure
            return int(at.rowcount)


class _Lines(io.RawIOBase):
    """The lines of a COPY as a file for psycopg2; a few lines are in memory at a time."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._rest = b""
        self.failure: Exception | None = None
        """The exception that ended the lines early, which psycopg2 would convert to a text."""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        pieces, length = [self._rest], len(self._rest)
        while size < 0 or length < size:
            piece = "".join(self._some()).encode()
            if not piece:
                break
            pieces.append(piece)
            length += len(piece)
        text = b"".join(pieces)
        cut = len(text) if size < 0 else size
        self._rest = text[cut:]
        return text[:cut]

    def _some(self) -> Iterator[str]:
        try:
            yield from islice(self._lines, 50)
        except Exception as error:
            self.failure = error


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b"})


def _line(row: Sequence[Any]) -> str:
    return "\t".join(map(_cell, row)) + "\n"


def _cell(value: Any) -> str:
    """Return *value* in the text format of COPY (PostgreSQL documentation, "COPY", File Formats)."""
    if type(value) is str:  # nearly all values, few of which need escapes
        return value if value.isprintable() and "\\" not in value else value.translate(_ESCAPES)
    match value:
        case None:
            return r"\N"
        case str():
            return value.translate(_ESCAPES)
        case bytes():
            return rf"\\x{value.hex()}"
        case dict():
            return json.dumps(value).translate(_ESCAPES)
        case datetime.datetime():
            return value.isoformat(sep=" ")
        case _:
            return str(value)
