"""Runs a query: request → ADQL → COPY → document. `/sync`, jobs and the command line all call `run`.

PostgreSQL is asked only once the query is known to be valid, and the client is told of success only once
the first rows are there. `request` is what a client asks for; `links` adds links to the provenance of rows,
and `origin` what to cite; `page` gives some of the rows as values, for a page of the site.
"""

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TypeVar

from provtap import metrics
from provtap.adql import Statement, translate
from provtap.adql.syntax.lexer import UPLOAD
from provtap.config import Settings
from provtap.database.connect import Database
from provtap.database.row_queue import Block
from provtap.database.stream import Tally, copy_blocks
from provtap.disk import Room
from provtap.errors import InternalError, ParameterError, ProvtapError, QueryCancelled, TooLarge
from provtap.query.links import result_links
from provtap.query.origin import TAP, dataset_origin, last_update, request_origin
from provtap.query.request import QueryRequest
from provtap.results.formats import ResultFormat, choose
from provtap.results.votable import Info
from provtap.tableset import Column, Tableset
from provtap.uploads import read_uploads, with_uploads

__all__ = ["LANGUAGES", "ResultBody", "QueryRequest", "Result", "run"]

log = logging.getLogger(__name__)

LANGUAGES = ("ADQL", "ADQL-2.0", "ADQL-2.1")
"""The values of LANG (TAP 1.1, section 2.7.1)."""


QUERY_SHOWN = 10_000
"""Maximum characters of a failed query's SQL in the log: its end, because uploads come before it."""


class ResultBody:
    """The bytes of a result in the format *form*, piece by piece."""

    def __init__(self, pieces: Iterator[bytes], close: Callable[[], None], tally: Tally, form: str) -> None:
        self._pieces = pieces
        self._close = close
        self._tally = tally
        self._form = form
        self._complete = False
        self._counted = False

    @property
    def failure(self) -> ProvtapError | None:
        """The error that ended the rows early, after all pieces were read; a VOTable only shows it."""
        return self._tally.failure

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = next(self._pieces, None)
        if piece is None:
            self._complete = True
            raise StopIteration
        return piece

    def close(self) -> None:
        """Stop the query, if it is still running, and count it."""
        self._close()
        if not self._counted:
            self._counted = True
            gone = None if self._complete else QueryCancelled("The result was not read to its end.")
            count(self._form, self._tally, self.failure or gone)


@dataclass(frozen=True)
class Result:
    """The result of a running or finished query."""

    columns: tuple[Column, ...]
    media_type: str
    """The Content-Type of *body*, with parameters."""
    body: ResultBody
    file_name: str
    """Name for a file with the result, in ASCII."""


def run(
    request: QueryRequest,
    tableset: Tableset,
    database: Database,
    settings: Settings,
    gone: Callable[[], bool] = lambda: False,
    *,
    duration: float | None = None,
    tally: Tally | None = None,
) -> Result:
    """Run a query and return its result once the first rows have arrived; the caller must close its body.

    *gone* is called a few times each second and returns whether the client has disconnected. *duration* is
    in seconds; None: that of a synchronous query. Counts and times of the query are put into *tally*.

    Raises: ParameterError, UploadError, TooLarge, AdqlError before the database is used; QueryError,
    QueryTimeout or DatabaseUnavailable if the query fails before its first rows, or before the last row if
    the format needs all rows to begin. Later errors are part of the body at the end of VOTable, JSON and
    HTML; other formats raise them.
    """
    form = choose(request.responseformat)
    tally = tally or Tally()
    with failures_counted(form.extension, tally):
        return _begin(form, request, tableset, database, settings, gone, duration, tally)


def _begin(
    form: ResultFormat,
    request: QueryRequest,
    tableset: Tableset,
    database: Database,
    settings: Settings,
    gone: Callable[[], bool],
    duration: float | None,
    tally: Tally,
) -> Result:
    maxrec = _effective_maxrec(request.maxrec, settings)
    patience = settings.connection_wait if duration is None else duration
    statement = translated(request, tableset, database, settings, wait=patience)
    copy_form, write = form.writer(statement.columns, Room(settings.spool_bytes, database.reader.room))
    copy = partial(
        copy_blocks,
        database.reader,
        statement.copy_sql(int(maxrec.value), binary=copy_form == "binary"),
        form=copy_form,
        maxrec=int(maxrec.value),
        duration=duration or settings.sync_duration,
        spool_bytes=settings.spool_bytes,
        gone=gone,
        tally=tally,
    )
    blocks = blocks_of(statement, int(maxrec.value), copy, tally)
    updated = last_update(database) if int(maxrec.value) else None  # columns need no database
    remarks = [
        *request_origin(settings, TAP, url=request.url, query=request.query),
        Info("standardID", TAP),
        *dataset_origin(settings, tableset, statement.schemas, updated),
        maxrec,
        *result_links(statement.columns, settings.root_url),
    ]
    try:
        pieces = _begun(write(statement.columns, _begun(blocks), int(maxrec.value), remarks))
    except Exception:
        blocks.close()
        raise
    name = form.file_name(request.run_id, statement.table)
    body = ResultBody(pieces, blocks.close, tally, form.extension)
    return Result(statement.columns, form.mime, body, name)


@contextmanager
def failures_counted(form: str, tally: Tally) -> Iterator[None]:
    """Count a query that fails in the block; results are counted when they are closed."""
    try:
        yield
    except Exception as error:
        count(form, tally, error)
        raise


def count(form: str, tally: Tally, failure: Exception | None) -> None:
    """Count a finished query, successful or with *failure*."""
    match failure:
        case None:
            status = 200
        case QueryCancelled():
            status = metrics.GONE
        case _:
            status = failure.status if isinstance(failure, ProvtapError) else InternalError.status
    metrics.count_query(form, status, rows=tally.rows, sql_time=tally.sql_time, waited=tally.waited)


def translated(
    request: QueryRequest, tableset: Tableset, database: Database, settings: Settings, *, wait: float
) -> Statement:
    """Return the statement of a query with uploads; *wait* limits waiting for other uploads, in seconds.

    Raises: ParameterError, UploadError, TooLarge, AdqlError.
    """
    _check(request, settings)
    tables = read_uploads(request.uploads, request.parts, settings, client=database.client, wait=wait)
    statement = translate(request.query, with_uploads(tableset, tables), strict=settings.adql_strict)
    log.info("RUNID %r: %.2000r", request.run_id, request.query)
    return statement


def _check(request: QueryRequest, settings: Settings) -> None:
    if request.lang.upper() not in LANGUAGES:
        raise ParameterError(
            f"The query language {request.lang[:40]!r} is unknown.",
            hint=f"Use {', '.join(LANGUAGES)}.",
        )
    size = len(request.query.encode(errors="replace"))
    if size > settings.query_bytes:
        raise TooLarge(f"The query has {size} bytes; the limit is {settings.query_bytes}.", hint=UPLOAD)


def _effective_maxrec(asked: int | None, settings: Settings) -> Info:
    """Return the maximum number of rows, and the origin of that limit (TAP-13)."""
    wanted = settings.maxrec if asked is None else asked
    maxrec = min(wanted, settings.maxrec_limit)
    if wanted > maxrec:
        why = "The limit of this service."
    elif asked is None:
        why = f"The default of this service; ask for up to {settings.maxrec_limit} rows by MAXREC."
    else:
        why = ""
    return Info("MAXREC", str(maxrec), why)


def blocks_of(
    statement: Statement,
    maxrec: int,
    copy: Callable[[], Generator[Block, None, None]],
    tally: Tally,
) -> Generator[Block, None, None]:
    """Yield the rows; an unexpected error is logged, and the user gets one sentence.

    An error that ends the rows early is also put into *tally*.
    """
    if maxrec == 0:  # only the columns are requested
        return
    with closing(copy()) as blocks:
        try:
            yield from blocks
        except ProvtapError as error:
            tally.failure = error
            raise
        except Exception as error:
            tally.failure = InternalError.of(error, log, f"The query {statement.sql[-QUERY_SHOWN:]!r}")
            raise tally.failure from error


_T = TypeVar("_T")


def _begun(parts: Iterator[_T]) -> Iterator[_T]:
    """Return the same pieces, after the first one has arrived."""
    first = next(parts, None)
    return parts if first is None else chain((first,), parts)
