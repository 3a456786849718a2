"""The page of a wrong query: the query with marks, and each error with fixes."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask, Response, current_app, request

from provtap.adql.syntax.marks import Mark, marks, mended
from provtap.errors import AdqlError, ParameterError, ProvtapError, QueryTimeout
from provtap.query.request import QueryRequest
from provtap.web.http.access_log import note
from provtap.web.http.negotiation import is_browser
from provtap.web.http.params import parameters
from provtap.web.http.responses import report
from provtap.web.site.asked import ROWS, Asked, form_token
from provtap.web.site.frame import render

SHOWN = 20_000
"""Maximum characters of a query on its page; longer queries have no marks and fixes."""


@dataclass(frozen=True)
class Piece:
    """A part of a query: right, or wrong."""

    text: str
    is_wrong: bool


@dataclass(frozen=True)
class Fix:
    """A change that fixes one error."""

    text: str
    query: str
    """The query with the change."""


@dataclass(frozen=True)
class Problem:
    """One error."""

    message: str
    hint: str | None
    line: int | None
    column: int | None
    fixes: tuple[Fix, ...]


@dataclass(frozen=True)
class Diagnosis:
    """A query that failed, with its errors."""

    query: str
    pieces: tuple[Piece, ...]
    problems: tuple[Problem, ...]
    mended: str | None
    """The query with the first fix of each error, if there are several."""


def diagnosis(query: str, error: ProvtapError) -> Diagnosis:
    """Return the data of the page about *error* in *query*."""
    found = marks(query, error) if isinstance(error, AdqlError) and len(query) <= SHOWN else ()
    if not found:
        alone = Problem(error.message, error.hint, error.line, error.column, ())
        return Diagnosis(query[:SHOWN], tuple(_pieces(query[:SHOWN], ())), (alone,), None)
    problems = tuple(
        Problem(m.message, m.hint, m.line, m.column, tuple(Fix(f, m.mend(query, f)) for f in m.fixes))
        for m in found
    )
    fixable = sum(bool(mark.fixes) for mark in found)
    return Diagnosis(
        query, tuple(_pieces(query, found)), problems, mended(query, found) if fixable > 1 else None
    )


def _pieces(query: str, found: tuple[Mark, ...]) -> Iterator[Piece]:
    done = 0
    for mark in found:
        if mark.start >= done:
            yield Piece(query[done : mark.start], is_wrong=False)
            yield Piece(query[mark.start : mark.stop] or " ", is_wrong=True)
            done = mark.stop
    yield Piece(query[done:], is_wrong=False)


def show_problems(error: ProvtapError, asked: Asked) -> Response:
    """Return the page about a failed query, with the status of its error."""
    error.record(current_app.logger)
    note(error=str(error))
    response = render(
        "problems.html",
        error.status,
        asked=asked,
        found=diagnosis(asked.query, error),
        is_wrong=isinstance(error, AdqlError),
        is_long=isinstance(error, QueryTimeout),
        form_token=form_token(),
    )
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def register(app: Flask) -> None:
    """Register the page for failed queries at all endpoints of *app*; programs get a VOTable."""
    app.register_error_handler(AdqlError, _report)


def _report(error: AdqlError) -> Response:
    if not is_browser():
        return report(error)
    try:
        query = QueryRequest.from_parameters(parameters(request)).query
    except ParameterError:
        return report(error)
    return show_problems(error, Asked(query, ROWS))
