"""The access of a page to the store: read-only, one snapshot for all its statements, with a time limit.

Lists are paged by key, so that the last page costs as much as the first. A statement of a list has the
parameters `%(after)s::text[]`, the key of the row before the page (null for the first page), and `%(limit)s`;
its rows have a column `key` of this type:

    -- name: used
    SELECT …, ARRAY[coalesce(u_role, ''), u_entity_id]::text[] AS key
      FROM …
     WHERE u_activity_id = %(activity)s
       AND (%(after)s::text[] IS NULL
            OR (coalesce(u_role, ''), u_entity_id) > ((%(after)s::text[])[1], (%(after)s::text[])[2]))
     ORDER BY coalesce(u_role, ''), u_entity_id
     LIMIT %(limit)s;
"""

import base64
import binascii
import json
import time
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask import g, request

from provtap.adql import translate
from provtap.database.connect import BY_KEYS, Database, Transaction
from provtap.database.sql import load_statements
from provtap.errors import Busy, ParameterError, QueryStopped, QueryTimeout
from provtap.web.http.authentication import client, require
from provtap.web.http.context import service

SECONDS = 3.0
"""Maximum seconds for all statements of one page."""
ROWS = 50
"""Rows of one page of a list."""
COUNTED = 1_000
"""Limit up to which totals are counted."""
_EARLY = 0.01
"""Seconds by which PostgreSQL may stop a statement too early. A timeout has the same error as a cancel, so
the code that handles it compares with the time of the whole page."""
_FRAGMENTS = load_statements("provtap.web.site", "rows.sql")

T = TypeVar("T")


def argument(name: str) -> str:
    """Return a parameter of the address for a statement, without NUL, which no text in the store has."""
    return request.args.get(name, "").replace("\0", "")


def statements(file_name: str) -> Mapping[str, str]:
    """Return the statements of a page; `{run}` and the like are replaced by the fragments of `rows.sql`.

    Comments are removed: a page must never fill a value into a comment, which a line break would end.
    """
    loaded = load_statements("provtap.web.site", file_name)
    return {name: _filled(text.removesuffix(";")) for name, text in loaded.items()}


def _filled(text: str) -> str:
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    for name, fragment in _FRAGMENTS.items():
        text = text.replace(f"{{{name}}}", fragment)
    return text


@dataclass(frozen=True)
class Total:
    """A number of rows, counted up to COUNTED."""

    number: int
    more: bool = False
    """Whether there are more than *number*."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows of a list."""

    rows: tuple[T, ...]
    total: Total
    first: int = 1
    """Number of the first row in the whole list."""
    after: str | None = None
    """The parameter `after` of the next page; None if this is the last one."""

    @property
    def shown(self) -> str:
        """The range of the rows, as in `51–100`."""
        return f"{self.first}–{self.first + len(self.rows) - 1}" if self.rows else "0"


class Store:
    """The store during the time of one page."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._end = time.monotonic() + SECONDS
        self.out_of_time = False
        """Whether parts of the page are missing, which a banner then reports."""

    def rows(self, statement: str, /, *, needed: bool = False, **values: Any) -> list[Any]:
        """Return the rows of *statement* as named tuples; none after the time limit.

        Raises: Busy after the time limit if the rows are *needed*; DatabaseUnavailable.
        """
        # In one message: pages have many small statements, and each would need two round trips.
        return (
            self._in_time(lambda: self._transaction.rows(f"{self._limit()};\n{statement}", **values), needed)
            or []
        )

    def _in_time(self, ask: Callable[[], T], needed: bool) -> T | None:
        try:
            return ask()
        except (QueryTimeout, QueryStopped) as error:
            if isinstance(error, QueryStopped) and time.monotonic() < self._end - _EARLY:
                raise
            self.out_of_time = True  # the transaction has failed: later statements are skipped
            if needed:
                raise Busy("The store took too long to answer.", hint="Try again in a minute.") from error
            return None

    def _limit(self) -> str:
        """Return the statement that limits the next one to the remaining time."""
        left = self._end - time.monotonic()
        if self.out_of_time or left <= 0:
            raise QueryTimeout("The time for this page is over.")
        return f"SET LOCAL statement_timeout = {max(1, round(left * 1000))}"

    def one(self, statement: str, /, *, needed: bool = False, **values: Any) -> Any | None:
        """Return the first row of *statement*, or None."""
        return next(iter(self.rows(statement, needed=needed, **values)), None)

    def query(self, adql: str, /, *, needed: bool = False) -> list[Any]:
        """Return the rows of an ADQL query, so that a page shows the same as its link `as ADQL`."""
        statement = translate(adql, service().tableset)
        row = namedtuple("row", [column.name for column in statement.columns], rename=True)  # type: ignore[misc]
        return [row(*found) for found in self.rows(statement.sql, needed=needed)]

    def within(self, ask: Callable[[Transaction], T], *, needed: bool = False) -> T | None:
        """Return the result of *ask* within the remaining time; None after the time limit.

        Raises: Busy after the time limit if the result is *needed*; the errors of *ask*.
        """

        def limited() -> T:
            self._transaction.execute(self._limit())
            return ask(self._transaction)

        return self._in_time(limited, needed)

    def page(
        self,
        statement: str,
        make: Callable[[Any], T],
        /,
        after: str | None = None,
        size: int | None = None,
        total: Total | None = None,
        **values: Any,
    ) -> Page[T]:
        """Return *size* rows after the key *after*, and the total number, unless *total* is given.

        Raises: ParameterError for an invalid key.
        """
        most = size or ROWS
        before, key = decoded(after)
        found = self.rows(statement, after=key, limit=most + 1, **values)
        rows = found[:most]
        further = encoded(before + len(rows), rows[-1].key) if len(found) > most else None
        if total is None and key is None and further is None:
            total = Total(len(rows), more=self.out_of_time)
        total = total or self.total(statement, after=None, **values)
        return Page(tuple(map(make, rows)), total, before + 1, further)

    def total(self, statement: str, /, **values: Any) -> Total:
        """Return the number of rows of *statement*, which has a `%(limit)s`."""
        counted = self.one(f"SELECT count(*) AS n FROM ({statement}) AS row", limit=COUNTED + 1, **values)
        number = 0 if counted is None else counted.n
        return Total(min(number, COUNTED), more=number > COUNTED or self.out_of_time)


@contextmanager
def asking() -> Iterator[Store]:
    """Yield the store for a page, with the client's rights, also during maintenance.

    Raises: Unauthenticated, Forbidden, DatabaseUnavailable.
    """
    with readable().reading(SECONDS) as transaction:
        transaction.execute(BY_KEYS)
        g.store = Store(transaction)
        yield g.store


def readable() -> Database:
    """Return the database with the client's rights to read, also during maintenance.

    Raises: Unauthenticated, Forbidden.
    """
    require("read")
    return service().database.asked_by(client().key)


def encoded(before: int, key: list[str]) -> str:
    """Return the parameter `after` of the page after *before* rows, the last of which has this key."""
    text = json.dumps([before, *key], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decoded(token: str | None) -> tuple[int, list[str] | None]:
    """Return the number of rows before a page, and the key of the last one.

    Raises: ParameterError for an invalid token.
    """
    if not token:
        return 0, None
    try:
        padded = token + "=" * (-len(token) % 4)
        match json.loads(base64.b64decode(padded, altchars=b"-_", validate=True)):
            case [int(before), *key] if before >= 0 and key and all(isinstance(part, str) for part in key):
                if not any("\0" in part for part in key):
                    return before, key
    except (binascii.Error, ValueError):
        pass
    raise ParameterError("after is not a key that this page has given.", hint="Begin at the first page.")
