"""/impact/ID: the files that depend on a file or on a run, directly or indirectly, by distance, to download.

The page uses one ADQL query. Its total and its rows wrap this query, the downloads are its result, and the
page shows its text: users who run it elsewhere get the same result.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request

from provtap.adql import translate
from provtap.database.sql import identifier, literal
from provtap.errors import ParameterError
from provtap.query.names import Closeness, Meaning
from provtap.query.request import QueryRequest
from provtap.web.http.admission import admit
from provtap.web.http.context import service
from provtap.web.http.negotiation import wanted
from provtap.web.site import marking
from provtap.web.site.frame import present
from provtap.web.site.named import Thing, asked, elsewhere, nothing, thing
from provtap.web.site.store import Page, Store, Total, argument, asking, statements
from provtap.web.tap import respond

bp = Blueprint("impact", __name__)
SQL = statements("impact.sql")
MOST = 10_000
"""Maximum files that are counted and sorted; the download has all of them."""
NOT_COMPLETED = "not completed"
"""A status in an address that stands for all except `completed`."""
NOT_RECORDED = "not recorded"
"""A status in an address that stands for runs without a recorded status."""
COLUMNS = (
    *("e_id", "e_name", "e_location", "l_distance"),
    *("a_id", "a_name", "ad_version", "a_starttime", "r_status", "ls_agents"),
)
_JOINS = """\
JOIN provenance.entity ON e_id = l_descendant_id
LEFT OUTER JOIN provenance.wasgeneratedby ON wgb_entity_id = e_id
LEFT OUTER JOIN provenance.activity ON a_id = wgb_activity_id
LEFT OUTER JOIN provenance.activitydescription ON ad_id = a_activitydescription_id
LEFT OUTER JOIN provext.run ON r_activity_id = a_id
LEFT OUTER JOIN provext.last_step ON ls_entity_id = e_id"""
_OF_RUN = """\
(SELECT l_descendant_id, MIN(l_distance) AS l_distance
      FROM provenance.lineage JOIN provenance.wasgeneratedby ON wgb_entity_id = l_ancestor_id
      WHERE wgb_activity_id = {id} GROUP BY l_descendant_id) AS came_of_it"""
_SPECIAL = re.compile(r"[][\\.*+?^$|(){}]")


@dataclass(frozen=True, kw_only=True)
class ImpactQuery:
    """The filtered query for the descendants of a thing."""

    kind: str
    """`entity`, or `activity` for the descendants of the files that it wrote."""
    id: str
    distance: int | None = None
    """Distance in runs; None for any."""
    status: str | None = None
    """The status of the run that wrote a file, or NOT_COMPLETED or NOT_RECORDED."""
    name: str | None = None
    """A part of a file name, or a pattern with `*` and `?`; case is ignored."""

    @property
    def is_filtered(self) -> bool:
        """Whether a filter is set."""
        return any(value is not None for value in (self.distance, self.status, self.name))

    @property
    def adql(self) -> str:
        """The query, with the files in the order of the page."""
        return self.adql_of(", ".join(COLUMNS))

    def adql_of(self, columns: str) -> str:
        """Return the query with other columns of the same files, in the same order."""
        return f"{self.unordered(columns)}\nORDER BY l_distance, e_name, e_id"

    def unordered(self, columns: str = ", ".join(COLUMNS)) -> str:
        """Return the query without ORDER BY, so that the walk need not reach its end."""
        source = _OF_RUN.format(id=literal(self.id)) if self.kind == "activity" else "provenance.lineage"
        return f"SELECT {columns}\nFROM {source}\n{_JOINS}\nWHERE {' AND '.join(self._conditions())}"

    def _conditions(self) -> Iterator[str]:
        if self.kind == "entity":
            yield f"l_ancestor_id = {literal(self.id)}"
        yield "e_class <> 'ValueEntity'"
        if self.distance is not None:
            yield f"l_distance = {self.distance}"
        if self.status == NOT_COMPLETED:
            yield "r_status <> 'completed'"
        elif self.status == NOT_RECORDED:
            yield "r_status IS NULL"
        elif self.status is not None:
            yield f"r_status = {literal(self.status)}"
        if self.name is not None:
            yield f"gavo_match({literal(_expression(self.name))}, e_name) = 1"


def _expression(name: str) -> str:
    """Return the regular expression for a part of a name, or for a pattern of a whole name."""
    if not {"*", "?"} & set(name):
        return f"(?i){_escaped(name)}"
    parts = ({"*": ".*", "?": "."}.get(part, _escaped(part)) for part in re.split(r"([*?])", name))
    return f"(?i)^{''.join(parts)}$"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)


@dataclass(frozen=True)
class Descendant:
    """A file derived from the thing, and the run that wrote it."""

    id: str
    name: str | None
    location: str | None
    distance: int
    run_id: str | None
    run_name: str | None
    run_version: str | None
    began: datetime | None
    status: str | None
    who: str | None

    @classmethod
    def of(cls, row: Any) -> "Descendant":
        """Return the descendant in a row of the query."""
        return cls(*row[: len(COLUMNS)])


@dataclass(frozen=True)
class Part:
    """The number of files with one distance or status."""

    value: int | str | None
    files: int


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Totals of all descendants of the thing, without filters."""

    files: int
    """Number of files, at most MOST + 1."""
    runs: int
    nights: int
    """Nights, from noon to noon UTC, on which these runs began."""
    distances: tuple[Part, ...]
    endings: tuple[Part, ...]

    @property
    def is_cut(self) -> bool:
        """Whether there are more files than were counted."""
        return self.files > MOST

    @property
    def not_completed(self) -> int:
        """Files of runs that did not complete according to their status."""
        return sum(part.files for part in self.endings if part.value not in {None, "completed"})


@dataclass(frozen=True, kw_only=True)
class Impact:
    """The page."""

    thing: Thing
    query: ImpactQuery
    summary: Summary | None
    """None if the time limit of the page was reached first."""
    files: Page[Descendant]
    adql: str
    most: int
    """Maximum files counted and listed here."""


KINDS = ("entity", "activity")
FORMS = {
    "html": "text/html",
    "json": "application/json",
    "csv": "text/csv",
    "vot": "application/x-votable+xml",
    "txt": "text/plain",
    "ids": "text/x-provtap-ids",
}
"""Media types by suffixes."""
_TABLES = {"csv": "csv", "vot": "votable"}
_LINES = {"txt": "COALESCE(e_location, e_id) AS path", "ids": "e_id"}
"""Forms with only one column, one value on each line."""


@bp.get("/impact")
@bp.get("/impact/<id:id_>")
def page(id_: str | None = None) -> Response:
    """Show the files that depend on a file or a run, or send their list."""
    with asking() as store:
        named = asked(store, "impact", id_, FORMS, *KINDS)
        if named is None:
            return nothing(id_)
        found, form = named.meaning, wanted(FORMS, named.suffix)
        if found.kind not in KINDS or found.closeness != Closeness.ID:
            page = "impact" if found.kind in KINDS else found.kind
            return elsewhere(page, found, format=None if form == "html" else form)
        query = _query(found)
        if form in {"html", "json"}:
            impact = _impact(store, thing(store, found), query)
            marking.mark(store, impact)
            return present("impact.html", impact, form)
    return _download(query, form)


def _query(thing: Meaning) -> ImpactQuery:
    """Return the query for descendants of *thing* with the filters in the address. Raises: ParameterError."""
    distance = request.args.get("distance", "").strip()
    if distance and not re.fullmatch("[0-9]{1,7}", distance):
        raise ParameterError(f"distance must be a number of runs, not {distance[:40]!r}.")
    return ImpactQuery(
        kind=thing.kind,
        id=thing.id,
        distance=int(distance) if distance else None,
        status=argument("status") or None,
        name=argument("name").strip() or None,
    )


def _impact(store: Store, thing: Thing, query: ImpactQuery) -> Impact:
    whole = _summary(store, replace(query, distance=None, status=None, name=None))
    files: Page[Descendant] = Page((), Total(0, more=whole is None))
    if whole is not None and whole.files:
        number = _count(store, query) if query.is_filtered else whole.files
        statement = SQL["files"].replace("{impact}", _translated(query, nearest=whole.is_cut))
        total = Total(min(number, MOST), more=number > MOST or store.out_of_time)
        files = store.page(statement, Descendant.of, request.args.get("after"), total=total)
    return Impact(thing=thing, query=query, summary=whole, files=files, adql=query.adql, most=MOST)


def _translated(query: ImpactQuery, nearest: bool = False) -> str:
    """Return the SQL of *query* with named columns, for a statement with parameters."""
    statement = translate(query.unordered(), service().tableset)
    names = (f"c{n} AS {identifier(column.name)}" for n, column in enumerate(statement.columns, 1))
    sql = f"SELECT {', '.join(names)} FROM ({statement.sql}) AS translated".replace("%", "%%")
    return SQL["nearest"].replace("{impact}", sql).replace("%(most)s", str(MOST)) if nearest else sql


def _summary(store: Store, query: ImpactQuery) -> Summary | None:
    """Return the totals of descendants for the thing of *query*; None if the time limit is reached."""
    rows = store.rows(SQL["summary"].replace("{impact}", _translated(query)), most=MOST + 1)
    total = next((row for row in rows if not row.by_distance and not row.by_status), None)
    if total is None:
        return None
    return Summary(
        files=total.files,
        runs=total.runs,
        nights=total.nights,
        distances=tuple(Part(row.l_distance, row.files) for row in rows if row.by_distance),
        endings=tuple(Part(row.r_status, row.files) for row in rows if row.by_status),
    )


def _count(store: Store, query: ImpactQuery) -> int:
    row = store.one(SQL["count"].replace("{impact}", _translated(query)), most=MOST + 1)
    return 0 if row is None else int(row.files)


def _download(query: ImpactQuery, form: str) -> Response:
    """Return all files that match the filters, as a response of TAP."""
    database = admit()
    settings = service().settings
    text = query.adql if form in _TABLES else query.adql_of(_LINES[form])
    responseformat = _TABLES.get(form, "text/tab-separated-values;header=absent")
    wish = QueryRequest(query=text, responseformat=responseformat, maxrec=settings.maxrec_limit)
    response = respond(wish, database)
    if form in _LINES:
        response.content_type = "text/plain; charset=utf-8"
    response.headers["Content-Disposition"] = f'inline; filename="impact.{form}"'
    return response
