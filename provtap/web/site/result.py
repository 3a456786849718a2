"""/result: the rows of a query, a hundred at a time; each page and order has its own address."""

import re
import shlex
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from flask import Blueprint, Response, request

from provtap import addresses
from provtap.adql.syntax.alone import conditions
from provtap.database.connect import Database
from provtap.database.stream import Tally
from provtap.errors import NotFound, ParameterError, ProvtapError, QueryTimeout
from provtap.query.links import names_a
from provtap.query.page import ROWS, Order, Page, page
from provtap.query.request import QueryRequest
from provtap.query.withdrawals import marks
from provtap.results.cells import is_text
from provtap.results.formats import FORMATS
from provtap.tableset import Column
from provtap.uws.request import one
from provtap.web.http.access_log import note
from provtap.web.http.admission import admit
from provtap.web.http.context import service
from provtap.web.http.hangup import hangup
from provtap.web.http.params import parameters
from provtap.web.http.responses import see_other
from provtap.web.site import marking
from provtap.web.site.asked import ADDRESS, Asked, form_token
from provtap.web.site.frame import render
from provtap.web.site.problems import show_problems

bp = Blueprint("result", __name__)

LOOK = 1.0
"""Seconds for finding out why a result is empty, or what in it is withdrawn."""
MOST_CONDITIONS = 10
MORE = (1_000, 10_000, 100_000)
"""Numbers of rows to choose from if a result was truncated."""
DOWNLOADS = {
    "VOTable": "votable",
    "CSV": "csv",
    "TSV": "tsv",
    "FITS": "fits",
    "Parquet": "parquet",
    "JSON": "json",
    "Text": "text",
    "HTML": "html",
}
"""The names of the formats of TAP, and their RESPONSEFORMAT."""


@dataclass(frozen=True)
class Head:
    """The head of one column."""

    name: str
    unit: str | None
    description: str | None
    kind: str | None
    """entity, activity or agent, if its cells are ids."""
    is_number: bool
    is_short: bool
    """Whether its cells fit on one line: ids and times."""
    sorted: str | None
    """ascending or descending, if the rows are sorted by it."""
    sort: str | None
    """The parameter of the address that sorts by it, or reverses its order."""


@dataclass(frozen=True)
class Download:
    """The whole result in one of the formats of TAP."""

    name: str
    extension: str
    responseformat: str


@dataclass(frozen=True)
class Snippet:
    """The same query for another tool."""

    tool: str
    text: str


@bp.post("/result")
def submit() -> Response:
    """Redirect a form to the address of its result, which can be linked and reloaded."""
    admit()
    return see_other(Asked.submitted().address("result"))


@bp.get("/result")
def result() -> Response:
    """Show one page of rows of a result."""
    given = parameters(request)
    if not {"QUERY", "JOB"} & given.keys():
        return see_other(f"{service().root_path}/query")
    database = admit()
    asked = Asked.read()
    try:
        order, first = _order(one(given, "SORT")), _first(one(given, "AFTER"))
        shown = _run(asked, database, order, first)
    except ProvtapError as error:
        return show_problems(error, asked)
    _mark(shown, database)
    is_empty = not shown.total and not shown.overflow
    return render(
        "result.html",
        unfulfilled=_unfulfilled(asked, database) if is_empty else None,
        asked=asked,
        page=shown,
        heads=tuple(_heads(shown.columns, order)),
        order=order,
        next=_next(shown, asked, order),
        start=asked.address("result", sort=_sort(order)) if first else "",
        more=[rows for rows in MORE if asked.maxrec < rows <= service().settings.maxrec],
        downloads=tuple(downloads()),
        snippets=tuple(snippets(asked.query, asked.maxrec)),
        is_short=len(asked.query) <= ADDRESS,
        form_token=form_token(),
    )


@bp.get("/result.<extension>")
def whole(extension: str) -> Response:
    """Redirect to the whole result in a format of TAP, as a file.

    Raises: NotFound for an unknown format; ParameterError for a query that is too long for an address.
    """
    named = {form.extension: form.responseformat for form in downloads()}
    if extension not in named:
        raise NotFound(f"There is no format {extension[:40]}.", hint=f"There are {', '.join(named)}.")
    asked = Asked.read()
    if asked.job_id is not None:
        raise ParameterError("This query is too long for an address.", hint="POST it to /tap/sync.")
    address = addresses.question(
        "tap/sync",
        LANG="ADQL",
        RESPONSEFORMAT=named[extension],
        MAXREC=asked.maxrec,
        QUERY=asked.query,
    )
    return see_other(service().root_path + address)


def _run(asked: Asked, database: Database, order: Order | None, first: int) -> Page:
    ours = service()
    tally = Tally()
    note(query=asked.query, tally=tally)
    return page(
        QueryRequest(query=asked.query),
        ours.tableset,
        database,
        ours.settings,
        hangup(request.environ),
        maxrec=asked.maxrec,
        first=first,
        order=order,
        tally=tally,
    )


def _mark(shown: Page, database: Database) -> None:
    """Mark the entities in the rows that are shown, if they are found in time."""
    columns = [at for at, column in enumerate(shown.columns) if names_a(column) == "Entity"]
    ids = {row[at] for row in shown.rows for at in columns} - {None}
    if ids:
        with suppress(QueryTimeout), database.reading(LOOK) as transaction:
            marking.note(marks(transaction, map(str, ids)))


def _unfulfilled(asked: Asked, database: Database) -> str | None:
    """Return a condition of an empty query that no row fulfils even alone, if found within a second."""
    ours = service()
    end = time.monotonic() + LOOK
    for condition in conditions(asked.query)[:MOST_CONDITIONS]:
        left = end - time.monotonic()
        if left <= 0:
            return None
        settings = replace(ours.settings, sync_duration=left)
        alone = QueryRequest(query=condition.query)
        try:
            if not page(alone, ours.tableset, database, settings, hangup(request.environ), maxrec=1).total:
                return condition.text
        except ProvtapError:
            return None
    return None


def _order(text: str | None) -> Order | None:
    """Return the order: the number of a column, with a minus for descending. Raises: ParameterError."""
    if not text:
        return None
    if not re.fullmatch("-?[0-9]{1,4}", text):
        raise ParameterError(f"sort must be the number of a column, not {text[:40]!r}.", hint="Try sort=1.")
    return Order(abs(int(text)), descending=text.startswith("-"))


def _first(text: str | None) -> int:
    if text and not re.fullmatch("[0-9]{1,9}", text):
        raise ParameterError(f"after must be a number of rows, not {text[:40]!r}.")
    return int(text or 0)


def _sort(order: Order | None) -> str | None:
    return None if order is None else f"{'-' if order.descending else ''}{order.number}"


def _next(shown: Page, asked: Asked, order: Order | None) -> str:
    after = shown.first + ROWS
    return asked.address("result", sort=_sort(order), after=after) if after < shown.total else ""


def _heads(columns: tuple[Column, ...], order: Order | None) -> Iterator[Head]:
    for number, column in enumerate(columns, 1):
        mine = order if order is not None and order.number == number else None
        other_way = Order(number, descending=mine is not None and not mine.descending)
        named = names_a(column)
        yield Head(
            column.name,
            column.unit,
            column.description,
            named and named.lower(),
            not is_text(column),
            named is not None or column.xtype == "timestamp",
            None if mine is None else "descending" if mine.descending else "ascending",
            _sort(other_way),
        )


def downloads() -> Iterator[Download]:
    """Yield the available formats."""
    offered = {alias: form for form in FORMATS for alias in form.aliases}
    for name, alias in DOWNLOADS.items():
        if alias in offered:
            yield Download(name, offered[alias].extension, alias)


def snippets(query: str, maxrec: int) -> Iterator[Snippet]:
    """Yield the commands of other tools for *query*, with all special characters escaped."""
    url = service().tap_url
    literal = query.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    call = f'tap.search("""\n{literal}\n""", maxrec={maxrec})'
    connection = f'tap = pyvo.dal.TAPService("{url}")'
    yield Snippet("pyvo", f"import pyvo\n\n{connection}\nrows = {call}\nprint(rows.to_table())")
    adql = shlex.quote(query)
    yield Snippet("STILTS", f"stilts tapquery tapurl={url} maxrec={maxrec} ofmt=ascii \\\n  adql={adql}")
    form = shlex.quote(f"QUERY={query}")
    yield Snippet("curl", f"curl {url}/sync -d FORMAT=csv -d MAXREC={maxrec} \\\n  --data-urlencode {form}")
    yield Snippet("ADQL", query)
