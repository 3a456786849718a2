"""/search: files, runs, people and programs by id, path or alias, checksum, name, or part of a name.

Matches of a text are counted up to a thousand, and listed best first. Without a text the list has everything,
newest first.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from difflib import SequenceMatcher
from enum import IntEnum
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, redirect, request

from provtap.database.sql import literal
from provtap.errors import ParameterError
from provtap.query import QueryRequest
from provtap.web.http.admission import admit
from provtap.web.http.context import service
from provtap.web.http.negotiation import wanted
from provtap.web.site import marking
from provtap.web.site.frame import present, url
from provtap.web.site.patterns import Pattern
from provtap.web.site.rows import File, Run, Who
from provtap.web.site.store import COUNTED, ROWS, Page, Store, Total, asking, decoded, encoded, statements
from provtap.web.tap import respond

bp = Blueprint("search", __name__)

SQL = statements("search.sql")
KINDS = ("file", "run", "who", "program")
PAGES = {"file": "entity", "run": "activity", "who": "agent"}
"""Kinds of pages, by the kind of hit."""
SORTS = ("best", "newest", "name")
NOT_COMPLETED = "not completed"
NOT_RECORDED = "not recorded"
FORMS = {
    "html": "text/html",
    "json": "application/json",
    "csv": "text/csv",
    "vot": "application/x-votable+xml",
}
_TABLES = {"csv": "csv", "vot": "votable"}
LONGEST = 2_000
"""Maximum characters of a search text; ids and names have at most 1 000 bytes."""
_LEAST_ALIKE = 0.6
"""Minimum similarity of names, by difflib's measure."""
_TAKEN_FOR_ALL = "%"


class Rank(IntEnum):
    """The kinds of matches, best first."""

    ID = 1
    OTHER_NAME = 2
    CHECKSUM = 3
    NAME = 4
    BEGINNING = 5
    PART = 6


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program, with its described versions."""

    name: str
    versions: tuple[str, ...]
    description: str | None = None


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One result of a search."""

    kind: str
    rank: Rank
    thing: File | Run | Who | Program

    @property
    def id(self) -> str:
        """Its id; for a program, its name."""
        return self.thing.name if isinstance(self.thing, Program) else self.thing.id

    @property
    def run(self) -> Run | None:
        """The run itself, or the run that made it."""
        return self.thing if isinstance(self.thing, Run) else getattr(self.thing, "run", None)

    @property
    def time(self) -> datetime | None:
        """When it was made, or started."""
        return getattr(self.thing, "generated", None) or getattr(self.thing, "began", None)


@dataclass(frozen=True, kw_only=True)
class Question:
    """The search text and filters in the address."""

    q: str = ""
    kind: str | None = None
    """One of KINDS; None for the one with the best match."""
    status: str | None = None
    program: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Before this."""
    sort: str = "best"

    @classmethod
    def of_request(cls) -> "Question":
        """Return the question in the current request. Raises: ParameterError."""
        given = {name: value.strip() for name, value in request.args.items()}
        kind, sort = given.get("kind") or None, given.get("sort") or "best"
        for name, value, values in (("kind", kind, KINDS), ("sort", sort, SORTS)):
            if value is not None and value not in values:
                raise ParameterError(f"{name}={value[:40]!r} is not one of {', '.join(values)}.")
        return cls(
            q=given.get("q", ""),
            kind=kind,
            status=given.get("status") or None,
            program=given.get("program") or None,
            since=_time("since", given.get("since")),
            until=_time("until", given.get("until"), day=1),
            sort=sort,
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether there are filters."""
        return self.kind is not None or self.of_runs

    @property
    def of_runs(self) -> bool:
        """Whether it has filters that don't apply to people and programs."""
        return any((self.status, self.program, self.since, self.until))

    @property
    def is_by_time(self) -> bool:
        """Whether the newest hits come first."""
        return self.sort == "newest" or not self.q

    @property
    def last_day(self) -> date | None:
        """The last day of the range, inclusive."""
        return None if self.until is None else (self.until - timedelta(microseconds=1)).date()

    @property
    def values(self) -> dict[str, Any]:
        """The filters as parameters of the statements."""
        special = self.status in {NOT_COMPLETED, NOT_RECORDED}
        return {
            "status": None if special else self.status,
            "unfinished": True if self.status == NOT_COMPLETED else None,
            "unrecorded": True if self.status == NOT_RECORDED else None,
            "since": self.since,
            "until": self.until,
        }

    def path(self, **changes: str | None) -> str:
        """Return the address of this question with *changes*, below the root."""
        given = {name: value for name, value in request.args.items() if name in _PARAMETERS}
        kept = {name: value for name, value in (given | {"after": None} | changes).items() if value}
        return f"/search?{urlencode(kept, quote_via=quote)}" if kept else "/search"


_PARAMETERS = {"q", "kind", "status", "program", "since", "until", "sort"}


def _time(name: str, text: str | None, day: int = 0) -> datetime | None:
    """Return the time *text*, or the beginning of a day, plus *day* days."""
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text.removesuffix("Z"))
        return time.replace(tzinfo=None) + timedelta(days=day if len(text) == len("2026-11-28") else 0)
    except (ValueError, OverflowError):
        raise ParameterError(f"{name} must be a day such as 2026-11-28, not {text[:40]!r}.") from None


@dataclass(frozen=True, kw_only=True)
class Facet:
    """A value by which a list can be narrowed."""

    value: str
    count: int
    share: float
    """Number among all counted hits."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The data of the page: hits, and suggestions."""

    question: Question
    kind: str
    counts: Mapping[str, Total]
    """By kinds."""
    hits: Page[Hit]
    statuses: tuple[Facet, ...] = ()
    programs: tuple[Facet, ...] = ()
    exact: tuple[Hit, ...] = ()
    """The hits by id, path or checksum."""
    alike: tuple[Hit, ...] = ()
    """If nothing was found: files with similar names, the most similar first."""
    nearest: bool = False
    """Whether the first of them was probably meant."""
    has_parts: bool = True
    """Whether parts of names are indexed."""
    too_short: bool = False
    """Whether the text is too short to search for inside names."""
    words: tuple[str, ...] = ()
    """Words to mark in hits."""
    adql: str = ""
    ids: tuple[str, ...] = ()
    """Number of counted hits of this kind."""


@bp.get("/search", defaults={"form": None})
@bp.get("/search.<form>")
def page(form: str | None) -> Response:
    """Show the hits; redirect to a single hit by id, path or checksum."""
    form = wanted(FORMS, form)
    question = Question.of_request()
    with asking() as store:
        found = find(store, question, request.args.get("after"))
        marking.mark(store, found)
    if form in _TABLES:
        return _download(found, form)
    if form == "html" and len(found.exact) == 1 and not question.is_narrowed:
        (hit,) = found.exact
        return redirect(url(PAGES[hit.kind], hit.id))  # type: ignore[return-value]
    return present("search.html", found, form)


def _download(found: Found, form: str) -> Response:
    """Return all counted hits of the shown kind, as a response of TAP to a query for their ids."""
    select, key, name, time = _QUERIES[found.kind]
    ids = ", ".join(literal(id_) for id_ in found.ids) or "''"
    order = f"{time} DESC, {key}" if time is not None and found.question.is_by_time else f"{name}, {key}"
    query = f"{select}\nWHERE {key} IN ({ids})\nORDER BY {order}"
    asked = QueryRequest(query=query, responseformat=_TABLES[form], maxrec=service().settings.maxrec_limit)
    response = respond(asked, admit())
    response.headers["Content-Disposition"] = f'inline; filename="search.{form}"'
    return response


def matches(store: Store, q: str) -> Found:
    """Return the hits for *q*, for the page of an unknown id. Raises: ParameterError."""
    return find(store, Question(q=q.strip()))


def find(store: Store, question: Question, after: str | None = None) -> Found:
    """Return the hits for *question*. Raises: ParameterError."""
    if len(question.q) > LONGEST or "\0" in question.q:
        raise ParameterError(f"q is longer than {LONGEST} characters, or has a character that no name has.")
    begun = store.one(SQL["begin"])
    search = _Search(store, question, has_parts=begun is not None and begun.has_parts)
    if not question.q and question.kind in {None, "file", "run"}:
        return _all(search, after)
    lists = {kind: search.hits(kind) for kind in KINDS}
    kind = question.kind or min(KINDS, key=lambda kind: (_best(lists[kind]), KINDS.index(kind)))
    hits = lists[kind]
    found = Found(
        question=question,
        kind=kind,
        counts={each: _total(store, some) for each, some in lists.items()},
        hits=_cut(store, _sorted(hits[:COUNTED], question.sort), _total(store, hits), after),
        statuses=tuple(_facets(_statuses(hits))),
        programs=tuple(_facets(_programs(hits))),
        ids=tuple(hit.id for hit in hits[:COUNTED]),
        exact=tuple(hit for some in lists.values() for hit in some if hit.rank <= Rank.CHECKSUM),
        has_parts=search.has_parts,
        too_short=bool(question.q) and search.has_parts and not search.pattern.has_part,
        words=search.pattern.words,
        adql=adql(question, kind, search),
    )
    if not any(lists.values()) and question.q and not question.is_narrowed:
        alike, nearest = search.alike()
        return replace(found, alike=alike, nearest=nearest)
    return found


def _best(hits: Sequence[Hit]) -> int:
    return min((hit.rank for hit in hits), default=len(Rank) + 1)


def _total(store: Store, hits: Sequence[Hit]) -> Total:
    return Total(min(len(hits), COUNTED), more=len(hits) > COUNTED or store.out_of_time)


def _sorted(hits: Iterable[Hit], sort: str) -> list[Hit]:
    by_name = sorted(hits, key=lambda hit: (hit.thing.name or "", hit.id))
    if sort == "name":
        return by_name
    runs_newest = sorted(by_name, key=lambda hit: hit.time or datetime.min, reverse=True)
    if sort == "newest":
        return runs_newest
    return sorted(by_name if by_name and by_name[0].kind != "run" else runs_newest, key=lambda hit: hit.rank)


def _cut(store: Store, hits: Sequence[Hit], total: Total, after: str | None) -> Page[Hit]:
    """Return the page of *hits* after the one with the id in *after*."""
    before, key = decoded(after)
    if key is not None:
        before = next((n for n, hit in enumerate(hits, 1) if hit.id == key[0]), before)
    rows = tuple(hits[before : before + ROWS])
    further = before + len(rows) < len(hits)
    return Page(rows, total, before + 1, encoded(before + len(rows), [rows[-1].id]) if further else None)


def _statuses(hits: Iterable[Hit]) -> Iterator[str]:
    for hit in hits:
        if hit.run is not None:
            yield hit.run.status or NOT_RECORDED


def _programs(hits: Iterable[Hit]) -> Iterator[str]:
    for hit in hits:
        if hit.run is not None and hit.run.program is not None:
            yield hit.run.program


def _facets(values: Iterable[str]) -> Iterator[Facet]:
    counted = Counter(values)
    for value, count in counted.most_common(8):
        yield Facet(value=value, count=count, share=count / counted.total())


@dataclass
class _Search:
    """The statements for one question."""

    store: Store
    question: Question
    has_parts: bool
    values: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pattern = Pattern(self.question.q)
        self.values = self.question.values | {
            "text": self.question.q,
            "beginning": self.pattern.beginning,
            "part": self.pattern.part if self.question.q else _TAKEN_FOR_ALL,
            "digest": self.pattern.digest,
            "uuid": self.pattern.uuid,
            "after": None,
            "ids": [],
            "named": [],
            "descriptions": self._descriptions(),
        }
        exact = self._rows("exact") if self.question.q else []
        self.exact: dict[tuple[str, str], Rank] = {}
        for row in sorted(exact, key=lambda row: int(row.rank)):
            self.exact.setdefault((row.kind, row.id), Rank(row.rank))

    def _descriptions(self) -> list[str] | None:
        """Return the ids of the descriptions of the program in the filter."""
        if self.question.program is None:
            return None
        rows = self.store.rows(SQL["descriptions"], program=self.question.program)
        return [row.id for row in rows]

    def _rows(self, name: str, limit: int = COUNTED + 1, **values: Any) -> list[Any]:
        return self.store.rows(SQL[name], **self.values | {"limit": limit} | values)

    def hits(self, kind: str) -> list[Hit]:
        """Return the matches of one kind, at most one more than are counted, unordered."""
        ids = [id_ for found, id_ in self.exact if found == kind]
        if kind in {"file", "run"}:
            return list(self._files_or_runs(kind, ids))
        if self.question.of_runs:
            return []
        if kind == "who":
            return [self._hit(kind, Who.of(row)) for row in self._rows("who", ids=ids)]
        return [self._hit(kind, _program(row)) for row in self._rows("program")]

    def _files_or_runs(self, kind: str, ids: Sequence[str]) -> Iterator[Hit]:
        """Yield the hits of each condition, the best condition first, until enough are found."""
        named = [id_ for row in self._rows("program") for id_ in row.ids] if kind == "run" else []
        met: set[str] = set()
        for condition, order in self._conditions(kind, ids):
            if len(met) > COUNTED:
                return
            for row in self.rows(kind, condition, order, ids=ids, named=named):
                thing = File.of(row) if kind == "file" else Run.of(row)
                if thing.id not in met:
                    met.add(thing.id)
                    yield self._hit(kind, thing)

    def _conditions(self, kind: str, ids: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield the conditions, with an order if an index provides it."""
        pattern = self.pattern
        newest = "ORDER BY a_starttime DESC NULLS LAST, a_id"
        if ids:
            yield "by_id", ""
        if pattern.has_beginning:
            yield "by_beginning", newest if kind == "run" else "ORDER BY e_name, e_id"
        if kind == "run":
            yield "by_program", newest
            return
        if pattern.has_beginning and pattern.is_path:
            yield "by_path", ""
        if self.has_parts and pattern.has_part:
            yield "by_part", ""

    def rows(self, kind: str, condition: str, order: str, **values: Any) -> list[Any]:
        """Return rows of files or runs under one condition."""
        id_ = "e_id" if kind == "file" else "a_id"
        time = "e_generatedattime" if kind == "file" else "a_starttime"
        where = SQL[f"{kind}_{condition}"]
        return self.store.rows(
            SQL[kind].format(where=where, order=order, key=f"{time}::text, {id_}"),
            **self.values | {"limit": COUNTED + 1} | values,
        )

    def _hit(self, kind: str, thing: File | Run | Who | Program) -> Hit:
        rank = self.exact.get((kind, getattr(thing, "id", "")))
        return Hit(kind=kind, rank=self._rank(thing) if rank is None else rank, thing=thing)

    def _rank(self, thing: File | Run | Who | Program) -> Rank:
        text = self.question.q
        names = {thing.name, getattr(thing, "location", None), getattr(thing, "program", None)} - {None}
        if self.pattern.is_wild or text in names:
            return Rank.NAME
        return Rank.BEGINNING if any(str(name).startswith(text) for name in names) else Rank.PART

    def alike(self) -> tuple[tuple[Hit, ...], bool]:
        """Return files with similar names, the most similar first, and whether it was probably meant."""
        text = self.question.q.rpartition("/")[2] or self.question.q
        length = self.store.one(SQL["longest_beginning"], text=text, least=min(3, len(text)))
        beginning = Pattern(text[: length.n]).beginning if length else None
        ids = {row.e_id: row.e_name for row in self._beginning(beginning)} if beginning else {}
        patterns = Pattern(text).without_one_piece() if self.has_parts else []
        if patterns:
            ids |= {row.id: row.name for row in self.store.rows(SQL["almost"], patterns=patterns)}
        measure = SequenceMatcher(b=text)

        def ratio(name: str) -> float:
            measure.set_seq1(name)
            return measure.ratio()

        one_each = {name: id_ for id_, name in sorted(ids.items(), reverse=True)}
        nearest = sorted(one_each, key=lambda name: (-ratio(name), name))[:6]
        kept = [one_each[name] for name in nearest]
        rows = {row.e_id: row for row in self.rows("file", "by_id", "", ids=kept)} if kept else {}
        hits = tuple(self._hit("file", File.of(rows[id_])) for id_ in kept if id_ in rows)
        return hits, bool(nearest) and ratio(nearest[0]) >= _LEAST_ALIKE

    def _beginning(self, pattern: str) -> list[Any]:
        return self.rows("file", "by_beginning", "ORDER BY e_name, e_id", beginning=pattern, limit=ROWS)


def _program(row: Any) -> Program:
    return Program(name=row.ad_name, versions=tuple(row.versions or ()), description=row.ad_description)


def _all(search: _Search, after: str | None) -> Found:
    """Return all files or runs, newest first; those without a time come last."""
    kind = search.question.kind or "file"
    make: Callable[[Any], File | Run] = File.of if kind == "file" else Run.of
    before, key = decoded(after)
    rows = _newest(search, kind, key, ROWS + 1)  # before counting, which may exceed the time limit
    counted = _newest(search, kind, None, COUNTED + 1) or rows
    hits = tuple(search._hit(kind, make(row)) for row in rows[:ROWS])
    further = encoded(before + len(hits), _key(rows[ROWS - 1])) if len(rows) > ROWS else None
    known = [search._hit(kind, make(row)) for row in counted]
    total = _total(search.store, known)
    return Found(
        question=search.question,
        kind=kind,
        counts={kind: total},
        hits=Page(hits, total, before + 1, further),
        statuses=tuple(_facets(_statuses(known))),
        programs=tuple(_facets(_programs(known))),
        ids=tuple(hit.id for hit in known[:COUNTED]),
        has_parts=search.has_parts,
        adql=adql(search.question, kind, search),
    )


def _newest(search: _Search, kind: str, key: list[str] | None, limit: int) -> list[Any]:
    id_, time = ("e_id", "e_generatedattime") if kind == "file" else ("a_id", "a_starttime")
    rows: list[Any] = []
    if key is None or key[0]:
        order = f"ORDER BY {time} DESC, {id_} DESC"
        rows = search.rows(kind, "by_time", order, after=key, limit=limit)
        key = None
    if len(rows) < limit and not (search.question.since or search.question.until):
        rest = limit - len(rows)
        rows += search.rows(kind, "without_time", f"ORDER BY {id_}", after=key, limit=rest)
    return rows


def _key(row: Any) -> list[str]:
    return [part or "" for part in row.key]


def adql(question: Question, kind: str, search: _Search) -> str:
    """Return a similar query in ADQL, where LIKE has no escape character: `%` and `_` are wildcards."""
    pattern = question.q.replace("*", "%").replace("?", "_")
    if not search.pattern.is_wild:
        pattern = f"%{pattern}%" if search.has_parts and search.pattern.has_part else f"{pattern}%"
    select, _, name, time = _QUERIES[kind]
    conditions = [f"{name} LIKE {literal(pattern)}"] if question.q else []
    if question.program is not None:
        conditions.append(f"ad_name = {literal(question.program)}")
    match question.status:
        case None:
            pass
        case status if status == NOT_COMPLETED:
            conditions.append("r_status <> 'completed'")
        case status if status == NOT_RECORDED:
            conditions.append("r_status IS NULL")
        case status:
            conditions.append(f"r_status = {literal(status)}")
    for operator, moment in ((">=", question.since), ("<", question.until)):
        if moment is not None and time is not None:
            conditions.append(f"{time} {operator} '{moment.isoformat()}'")
    where = "\nWHERE " + "\n  AND ".join(conditions) if conditions else ""
    order = f"{time} DESC" if time is not None and question.is_by_time else name
    return f"{select}{where}\nORDER BY {order}"


_DESCRIBED = """\
LEFT JOIN provenance.activitydescription ON ad_id = a_activitydescription_id
LEFT JOIN provext.run ON r_activity_id = a_id"""
_QUERIES = {
    "file": (
        "SELECT e_id, e_name, e_location, e_generatedattime, a_id, a_name, ad_version, r_status\n"
        "FROM provenance.entity\nLEFT JOIN provenance.wasgeneratedby ON wgb_entity_id = e_id\n"
        f"LEFT JOIN provenance.activity ON a_id = wgb_activity_id\n{_DESCRIBED}",
        "e_id",
        "e_name",
        "e_generatedattime",
    ),
    "run": (
        "SELECT a_id, a_name, ad_version, a_starttime, r_status, r_exitcode, r_host\n"
        f"FROM provenance.activity\n{_DESCRIBED}",
        "a_id",
        "a_name",
        "a_starttime",
    ),
    "who": (
        "SELECT ag_id, ag_name, ag_type, ag_affiliation\nFROM provenance.agent",
        "ag_id",
        "ag_name",
        None,
    ),
    "program": (
        "SELECT ad_name, ad_version, ad_description\nFROM provenance.activitydescription",
        "ad_name",
        "ad_name",
        None,
    ),
}
"""For each kind, the beginning of the query, and its columns of id, name and time."""
