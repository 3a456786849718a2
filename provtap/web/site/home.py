"""/: the home page, with the content of the store and where to begin."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, current_app

from provtap.errors import DatabaseUnavailable, Forbidden, Unauthenticated
from provtap.web.http.negotiation import wanted
from provtap.web.site import marking
from provtap.web.site.frame import FORMS, present
from provtap.web.site.rows import File, Run
from provtap.web.site.store import Store, asking, statements

bp = Blueprint("home", __name__)

SQL = statements("home.sql")
DAYS = 28
ROWS = 7
_NAMED = 3
"""Maximum files listed for each run."""
QUERY = """\
SELECT TOP 10 e_id, e_name, a_name, a_starttime
FROM provenance.entity
JOIN provenance.wasgeneratedby ON wgb_entity_id = e_id
JOIN provenance.activity ON a_id = wgb_activity_id
WHERE e_class = 'DatasetEntity'
ORDER BY a_starttime DESC"""
"""The first query: the newest files, with their ids, and the runs that made them."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """How much is stored."""

    files: int
    runs: int
    programs: int
    """Described programs and versions."""
    people: int
    not_completed: int
    as_of: datetime | None
    """When the last document was stored."""


@dataclass(frozen=True, kw_only=True)
class Day:
    """Runs that began on one day (UTC)."""

    day: datetime
    runs: int = 0
    failed: int = 0


@dataclass(frozen=True, kw_only=True)
class Wrote:
    """A file that a run wrote."""

    id: str
    name: str | None


@dataclass(frozen=True, kw_only=True)
class Newest:
    """A run, and its files."""

    run: Run
    wrote: tuple[Wrote, ...]
    more: bool
    """Whether it wrote more files."""


@dataclass(frozen=True, kw_only=True)
class Home:
    """The page."""

    summary: Summary | None = None
    """None if the time limit of the page was reached first."""
    days: tuple[Day, ...] = ()
    newest: tuple[Newest, ...] = ()
    not_completed: tuple[Run, ...] = ()
    product: File | None = None
    """A new file, for the question how it was made."""
    digest: str | None = None
    """A checksum of the new file."""
    calibration: File | None = None
    """A file that many of the newest runs read, for the question which files depend on it."""
    pair: tuple[Run, ...] = ()
    """Two new runs of one program to compare, if any."""
    query: str = QUERY
    refusal: str | None = None
    """The reason why no content of the store is shown."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is stored yet."""
        return self.summary is not None and not (self.summary.runs or self.summary.files)


@bp.get("/", defaults={"form": None})
@bp.get("/.<any(json):form>")
def page(form: str | None) -> Response:
    """Show the content of the service and how to search it; without access only the latter."""
    form = wanted(FORMS, form)
    try:
        with asking() as store:
            home = _home(store)
            marking.mark(store, home)
    except (Unauthenticated, Forbidden, DatabaseUnavailable) as error:
        error.record(current_app.logger)
        home = Home(refusal=str(error))
    return present("home.html", home, form, is_empty=home.is_empty)


def _home(store: Store) -> Home:
    summary = store.one(SQL["summary"])
    newest = store.rows(SQL["newest"], limit=ROWS)
    runs = [row.a_id for row in newest]
    product = store.one(SQL["product"], runs=runs)
    calibration = store.one(SQL["calibration"], runs=runs)
    return Home(
        summary=_summary(summary) if summary else None,
        days=tuple(_days(store.rows(SQL["days"], days=DAYS))),
        newest=tuple(_newest(row) for row in newest),
        not_completed=tuple(map(Run.of, store.rows(SQL["not_completed"], limit=ROWS))),
        product=File.of(product) if product else None,
        digest=product.digest if product else None,
        calibration=File.of(calibration) if calibration else None,
        pair=_pair([Run.of(row) for row in newest]),
    )


def _summary(row: Any) -> Summary:
    return Summary(
        files=row.su_datasets,
        runs=row.su_activities,
        programs=row.programs,
        people=row.su_agents,
        not_completed=row.su_notcompleted,
        as_of=row.as_of,
    )


def _days(rows: Sequence[Any]) -> Iterator[Day]:
    """Yield all days up to the newest one with a run."""
    if not rows:
        return
    known = {row.dy_date: row for row in rows}
    for before in reversed(range(DAYS)):
        day = rows[-1].dy_date - timedelta(days=before)
        row = known.get(day)
        yield Day(day=day, runs=row.dy_activities, failed=row.dy_notcompleted) if row else Day(day=day)


def _newest(row: Any) -> Newest:
    wrote = tuple(Wrote(id=id_, name=name) for id_, name in row.wrote[:_NAMED])
    return Newest(run=Run.of(row), wrote=wrote, more=len(row.wrote) > _NAMED)


def _pair(runs: Sequence[Run]) -> tuple[Run, ...]:
    """Return two of the newest runs that have the same program."""
    for n, run in enumerate(runs):
        for other in runs[n + 1 :]:
            if (run.program or run.name) == (other.program or other.name):
                return other, run
    return ()
