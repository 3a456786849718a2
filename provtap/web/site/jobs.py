"""/jobs: the client's asynchronous queries, run and stored by `provtap.uws`."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, Response, request

from provtap.adql import translate
from provtap.errors import AdqlError, ParameterError, ProvtapError
from provtap.query.request import QueryRequest
from provtap.uws.job import Job, JobSummary, Phase
from provtap.uws.request import choice, one
from provtap.web.http.access_log import note
from provtap.web.http.admission import admit
from provtap.web.http.authentication import caller, client
from provtap.web.http.context import service
from provtap.web.http.negotiation import wanted
from provtap.web.http.origin import is_foreign
from provtap.web.http.params import parameters
from provtap.web.http.responses import see_other
from provtap.web.jobs import jobs
from provtap.web.site.asked import ADDRESS, Asked, check_form, form_token
from provtap.web.site.frame import FORMS, present
from provtap.web.site.problems import Diagnosis, diagnosis

bp = Blueprint("job_pages", __name__)

ROWS = 50
"""Jobs of one page."""
SHOWN = 200
"""Maximum characters of a query in the list."""
STATES = {
    "": None,
    "running": (Phase.QUEUED, Phase.EXECUTING),
    "done": (Phase.COMPLETED,),
    "failed": (Phase.ERROR, Phase.ABORTED),
    "waiting": (Phase.PENDING,),
}
"""Phases of the filter, by their names on the page."""
_AFTER = re.compile(r"([0-9]{1,16})-([0-9a-f]{32})")


@dataclass(frozen=True)
class JobLine:
    """One job in the list. Times are UTC."""

    id: str
    query: str | None
    """Its beginning."""
    phase: str
    created: datetime
    seconds: float | None
    """How long it has run, in seconds."""
    size: int | None
    """Size of its result, in bytes."""
    error: str | None
    actions: tuple[str, ...]
    """Possible actions: RUN, STOP, DELETE, DOWNLOAD."""


@dataclass(frozen=True)
class JobList:
    """Jobs of one client, the newest first."""

    owner: str | None
    """None for jobs of anybody at the same address."""
    state: str
    jobs: tuple[JobLine, ...]
    after: str | None
    """The key of the next page, with older jobs."""


@dataclass(frozen=True)
class JobPage:
    """One job."""

    id: str
    owner: str | None
    query: str | None
    phase: str
    created: datetime
    started: datetime | None
    ended: datetime | None
    seconds: float | None
    limit: int
    """Execution duration, in seconds."""
    destruction: datetime
    format: str | None
    size: int | None
    file: str | None
    error: str | None
    problems: Diagnosis | None
    """The errors in its query, if it failed."""
    actions: tuple[str, ...]


@bp.get("/jobs", defaults={"suffix": None})
@bp.get("/jobs.json", defaults={"suffix": "json"})
def job_list(suffix: str | None) -> Response:
    """List the client's jobs; none for pages of other sites, whose address is not that of their author."""
    given = parameters(request)
    state = (one(given, "STATE") or "").lower()
    if state not in STATES:
        raise ParameterError(f"state can be {', '.join(filter(None, STATES))}, not {state[:40]!r}.")
    found: list[JobSummary] = []
    if caller() is not None or not is_foreign():
        after = _read_after(one(given, "AFTER"))
        found = jobs().store.summaries(client(), phases=STATES[state], after=after, limit=ROWS + 1)
    further = _after(found[ROWS - 1]) if len(found) > ROWS else None
    page = JobList(caller(), state, tuple(map(_line, found[:ROWS])), further)
    return _private(
        present("jobs.html", page, wanted(FORMS, suffix), states=tuple(STATES), form_token=form_token()),
    )


@bp.post("/jobs")
def create() -> Response:
    """Run a query as a job, and redirect to its page."""
    admit()
    check_form()
    asked = QueryRequest.from_parameters(parameters(request))
    given = {"LANG": ["ADQL"], "QUERY": [asked.query.replace("\r\n", "\n")]}
    if asked.maxrec is not None:
        given["MAXREC"] = [str(asked.maxrec)]
    if asked.responseformat:
        given["RESPONSEFORMAT"] = [asked.responseformat]
    note(query=asked.query)
    return _see(jobs().store.create(client(), given, run=True).job_id)


@bp.get("/jobs/<job_id>", defaults={"suffix": None})
@bp.get("/jobs/<job_id>.json", defaults={"suffix": "json"})
def job(job_id: str, suffix: str | None) -> Response:
    """Show one job, with the errors in its query if it failed."""
    found = jobs().store.job(job_id, client())
    page = _page(found)
    maxrec = found.grouped().get("MAXREC", [None])[0]
    asked = Asked(page.query, service().settings.maxrec, found.job_id) if page.query else None
    if page.query and len(page.query) <= ADDRESS:
        asked = Asked(page.query, service().settings.maxrec)
    return _private(
        present("job.html", page, wanted(FORMS, suffix), asked=asked, maxrec=maxrec, form_token=form_token()),
    )


@bp.post("/jobs/<job_id>")
def act(job_id: str) -> Response:
    """Run, stop or delete a job."""
    check_form()
    match choice(parameters(request), "ACTION", "RUN", "STOP", "DELETE"):
        case "RUN":
            admit()
            jobs().store.run(job_id, client())
        case "STOP":
            jobs().store.abort(job_id, client())
        case _:
            jobs().store.remove(job_id, client())
            return _see()
    return _see(job_id)


def _see(job_id: str | None = None) -> Response:
    return see_other(f"{service().root_path}/jobs{'' if job_id is None else f'/{job_id}'}")


def _private(response: Response) -> Response:
    """Prevent caches from storing a page that only one client may see."""
    response.cache_control.no_store = True
    return response


def _line(each: JobSummary) -> JobLine:
    query = each.query
    return JobLine(
        each.job_id,
        query if query is None or len(query) <= SHOWN else f"{query[:SHOWN]}…",
        each.phase.value,
        _utc(each.creation_time),
        _seconds(each.start_time, each.end_time),
        each.result_size,
        each.error_message,
        _actions(each.phase),
    )


def _page(found: Job) -> JobPage:
    query = found.grouped().get("QUERY", [None])[0]
    result = found.result
    return JobPage(
        id=found.job_id,
        owner=found.owner_id,
        query=query,
        phase=found.phase.value,
        created=_utc(found.creation_time),
        started=found.start_time and _utc(found.start_time),
        ended=found.end_time and _utc(found.end_time),
        seconds=_seconds(found.start_time, found.end_time),
        limit=found.execution_duration,
        destruction=_utc(found.destruction),
        format=None if result is None else result.mime,
        size=None if result is None else result.size,
        file=None if result is None else result.file,
        error=found.error_message,
        problems=_problems(found, query),
        actions=_actions(found.phase),
    )


def _problems(found: Job, query: str | None) -> Diagnosis | None:
    """Return the errors of a failed job by translating its query again: a job stores only its message."""
    if found.phase != Phase.ERROR or query is None:
        return None
    if "UPLOAD" not in found.grouped():  # otherwise the query is about uploaded tables that are gone
        try:
            translate(query, service().tableset, strict=service().settings.adql_strict)
        except AdqlError as error:
            return diagnosis(query, error)
    return diagnosis(query, ProvtapError(found.error_message or ""))


def _actions(phase: Phase) -> tuple[str, ...]:
    match phase:
        case Phase.PENDING:
            return ("RUN", "DELETE")
        case Phase.QUEUED | Phase.EXECUTING:
            return ("STOP", "DELETE")
        case Phase.COMPLETED:
            return ("DOWNLOAD", "DELETE")
    return ("DELETE",)


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None else max(0.0, ((end or datetime.now(UTC)) - start).total_seconds())


def _utc(instant: datetime) -> datetime:
    """Return a time in the form of pages: UTC, without a zone."""
    return instant.astimezone(UTC).replace(tzinfo=None)


def _after(last: JobSummary) -> str:
    milliseconds = round(last.creation_time.timestamp() * 1000)
    return f"{milliseconds}-{last.job_id}"


def _read_after(text: str | None) -> tuple[datetime, str] | None:
    if not text:
        return None
    key = _AFTER.fullmatch(text)
    try:
        if key is None:
            raise ValueError(text)
        return datetime.fromtimestamp(int(key[1]) / 1000, UTC), key[2]
    except (ValueError, OverflowError, OSError):
        raise ParameterError("after is not a key that this page has given.") from None
