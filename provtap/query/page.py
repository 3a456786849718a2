"""One page of a result as values, for the site."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from provtap.adql.postgres.generator import has_order
from provtap.config import Settings
from provtap.database.connect import Database
from provtap.database.row_queue import Block
from provtap.database.stream import Tally, copy_blocks
from provtap.errors import ParameterError
from provtap.query import blocks_of, count, failures_counted, translated
from provtap.query.request import QueryRequest
from provtap.results.cells import NULL, unescape
from provtap.tableset import Column, Tableset

ROWS = 100
"""Rows of one page."""
PAGE = "page"
"""The format of these results in the metrics."""
CELL_BYTES = 4_000
"""Maximum bytes of a cell in the form of COPY; ids are never longer."""
PAGE_BYTES = 4_000_000
"""Maximum bytes of all cells of a page: with many columns, each cell is shorter."""


@dataclass(frozen=True)
class Order:
    """The column to sort by: its number, from 1."""

    number: int
    descending: bool = False


@dataclass(frozen=True)
class Page:
    """Some rows of a result, and the number of all rows."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str | None, ...], ...]
    """Texts as in CSV, cut if they are very long; None for null."""
    first: int
    """Rows before these."""
    total: int
    """Number of rows of the result, up to MAXREC."""
    overflow: bool
    """Whether the query has more rows than MAXREC."""
    seconds: float
    """Time in PostgreSQL."""


def page(
    request: QueryRequest,
    tableset: Tableset,
    database: Database,
    settings: Settings,
    gone: Callable[[], bool] = lambda: False,
    *,
    maxrec: int,
    first: int = 0,
    order: Order | None = None,
    tally: Tally | None = None,
) -> Page:
    """Run a query and return the rows after the *first* ones, up to *maxrec*, and the number of all rows.

    All rows are read from PostgreSQL, to count them. *gone* is as for `provtap.query.run`.

    Raises: as `provtap.query.run`; ParameterError for an invalid order.
    """
    tally = tally or Tally()
    with failures_counted(PAGE, tally):
        found = _page(request, tableset, database, settings, gone, maxrec, first, order, tally)
    count(PAGE, tally, None)
    return found


def _page(
    request: QueryRequest,
    tableset: Tableset,
    database: Database,
    settings: Settings,
    gone: Callable[[], bool],
    maxrec: int,
    first: int,
    order: Order | None,
    tally: Tally,
) -> Page:
    statement = translated(request, tableset, database, settings, wait=settings.connection_wait)
    if order is not None:
        _check(order, statement.columns)
        statement = statement.ordered(order.number, descending=order.descending)
    copy = partial(
        copy_blocks,
        database.reader,
        statement.copy_sql(maxrec),
        form="marked",
        maxrec=maxrec,
        duration=settings.sync_duration,
        spool_bytes=settings.spool_bytes,
        gone=gone,
        tally=tally,
    )
    most = min(CELL_BYTES, PAGE_BYTES // (ROWS * len(statement.columns)))
    rows: list[tuple[str | None, ...]] = []
    total, overflow = 0, maxrec == 0
    with closing(blocks_of(statement, maxrec, copy, tally)) as blocks:
        for count, data in blocks:
            if total + count > maxrec:  # the additional row is in a separate block
                overflow = True
                continue
            rows += _cells((count, data), slice(max(0, first - total), max(0, first + ROWS - total)), most)
            total += count
    return Page(statement.columns, tuple(rows), first, total, overflow, tally.sql_time or 0.0)


def _check(order: Order, columns: Sequence[Column]) -> None:
    if not 1 <= order.number <= len(columns):
        raise ParameterError(
            f"The result has no column {order.number} to sort by.",
            hint=f"Its columns are 1 to {len(columns)}.",
        )
    if not has_order(columns[order.number - 1]):
        name = columns[order.number - 1].name
        raise ParameterError(f"The column {name} has no order to sort by.")


def _cells(block: Block, wanted: slice, most: int) -> list[tuple[str | None, ...]]:
    """Return the cells of the *wanted* rows of a block, each up to *most* bytes."""
    count, data = block
    if wanted.start >= count or wanted.stop <= 0:
        return []
    lines = data.removesuffix(b"\n").split(b"\n")[wanted]
    return [tuple(_text(cell, most) for cell in line.split(b"\t")) for line in lines]


def _text(cell: bytes, most: int) -> str | None:
    if cell == NULL:
        return None
    if len(cell) <= most:
        return unescape(cell).decode()
    return f"{unescape(cell[:most]).decode(errors='ignore')}…"
