"""/impact/ID: what used a file, or what a run wrote: directly or not, by distance, to download.

The page asks one query, in ADQL. Its number and its rows wrap that query, the downloads are its answer, and
the page shows it: what users run elsewhere is what they saw here.
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
"""Files that are counted and put into order; the download has all of them."""
NOT_COMPLETED = "not completed"
"""As a status in an address: every one but `completed`."""
NOT_RECORDED = "not recorded"
"""As a status in an address: of runs of which nobody recorded how they ended."""
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
    """What came of a thing, as far as the filters leave it."""

    kind: str
    """`entity`, or `activity`: then what came of the files that it wrote."""
    id: str
    distance: int | None = None
    """Runs away; None: any."""
    status: str | None = None
    """How the run ended that wrote a file, NOT_COMPLETED or NOT_RECORDED."""
    name: str | None = None
    """A part of the name of a file, or a pattern with `*` and `?`; case does not matter."""

    @property
    def is_filtered(self) -> bool:
        """Whether some of what came of the thing is left out."""
        return any(value is not None for value in (self.distance, self.status, self.name))

    @property
    def adql(self) -> str:
        """The query, with the files in the order of the page."""
        return self.adql_of(", ".join(COLUMNS))

    def adql_of(self, columns: str) -> str:
        """Return the query for other columns of the same files, in the same order."""
        return f"{self.unordered(columns)}\nORDER BY l_distance, e_name, e_id"

    def unordered(self, columns: str = ", ".join(COLUMNS)) -> str:
        """Return the query without an order, for which the walk would have to go to its end."""
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
    """Return the regular expression for a part of a name, or for a pattern of a whole one."""
    if not {"*", "?"} & set(name):
        return f"(?i){_escaped(name)}"
    parts = ({"*": ".*", "?": "."}.get(part, _escaped(part)) for part in re.split(r"([*?])", name))
    return f"(?i)^{''.join(parts)}$"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)


@dataclass(frozen=True)
class Descendant:
    """A file that came of the thing, and the run that wrote it."""

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
        """Return what a row of the query tells."""
        return cls(*row[: len(COLUMNS)])


@dataclass(frozen=True)
class Part:
    """How many files share a distance or an ending."""

    value: int | str | None
    files: int


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What came of the thing, whatever the filters."""

    files: int
    """At most one more than MOST."""
    runs: int
    nights: int
    """From noon to noon, UTC, on which these runs began."""
    distances: tuple[Part, ...]
    endings: tuple[Part, ...]

    @property
    def is_cut(self) -> bool:
        """Whether there are more files than are counted."""
        return self.files > MOST

    @property
    def not_completed(self) -> int:
        """Files of runs that are known not to have completed."""
        return sum(part.files for part in self.endings if part.value not in {None, "completed"})


@dataclass(frozen=True, kw_only=True)
class Impact:
    """The page."""

    thing: Thing
    query: ImpactQuery
    summary: Summary | None
    """None: the time of the page was over before."""
    files: Page[Descendant]
    adql: str
    most: int
    """So many files are counted and listed here."""


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
"""What stands alone on each line."""


@bp.get("/impact")
@bp.get("/impact/<id:id_>")
def page(id_: str | None = None) -> Response:
    """Show what came of a file or a run, or send the list of it."""
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
    """Return what the parameters of the address leave of what came of *thing*. Raises: ParameterError."""
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
    """Return the SQL of *query*, with its columns by name, for a statement with parameters."""
    statement = translate(query.unordered(), service().tableset)
    names = (f"c{n} AS {identifier(column.name)}" for n, column in enumerate(statement.columns, 1))
    sql = f"SELECT {', '.join(names)} FROM ({statement.sql}) AS translated".replace("%", "%%")
    return SQL["nearest"].replace("{impact}", sql).replace("%(most)s", str(MOST)) if nearest else sql


def _summary(store: Store, query: ImpactQuery) -> Summary | None:
    """Return what came of the thing of *query*, in numbers; None if the time is over."""
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
    """Return all that the filters leave, as TAP answers the query."""
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
