"""/activity/ID: the files that a run read and wrote, its configuration and its status."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import Response, request

from provtap.compare.differences import same_value
from provtap.database.sql import literal
from provtap.web.site import frame, marking
from provtap.web.site.rows import File, Run, Who
from provtap.web.site.store import Page, Store, argument, statements
from provtap.web.site.strip import strip

SQL = statements("run.sql")
SETTINGS = 500
"""Maximum parameters on a page."""


_RUNS = """\
SELECT a_id, a_name, a_starttime, a_endtime, r_status
FROM provenance.activity LEFT OUTER JOIN provext.run ON r_activity_id = a_id
WHERE """
_NIGHT = f"""\
{_RUNS}a_starttime >= TIMESTAMP '{{begin}}' AND a_starttime < TIMESTAMP '{{end}}'
ORDER BY a_starttime"""
_MACHINE = f"{_RUNS}r_host = {{host}}\nORDER BY a_starttime DESC"
SETTINGS_ADQL = """\
SELECT p_name, p_value, pd_unit, pd_default
FROM provenance.parameter
LEFT OUTER JOIN provenance.parameterdescription ON pd_id = p_parameterdescription_id
WHERE p_activity_id = {id}
ORDER BY p_name"""


@dataclass(frozen=True)
class Setting:
    """A parameter of a run."""

    name: str
    value: str
    unit: str | None
    default: str | None
    description: str | None

    @property
    def differs(self) -> bool:
        """Whether its value differs from a known default; `4000` and `4000.0` are equal."""
        return self.default is not None and not same_value(self.value, self.default)

    @property
    def component(self) -> str:
        """The part of a dotted name after the name of the tool."""
        parts = self.name.split(".")
        return parts[1] if len(parts) > 2 else parts[0]

    @property
    def leaf(self) -> str:
        """The rest of the name after the component."""
        parts = self.name.split(".")
        return ".".join(parts[2:]) if len(parts) > 2 else ".".join(parts[1:]) or self.name


@dataclass(frozen=True)
class Group:
    """Parameters that are shown together; those that differ from their default are a group without a name."""

    name: str | None
    settings: tuple[Setting, ...]


@dataclass(frozen=True)
class ConfigurationFile:
    """A configuration file of a run."""

    name: str
    location: str
    comment: str | None


@dataclass(frozen=True, kw_only=True)
class RunPage:
    """The data of the page of a run."""

    run: Run
    comment: str | None
    program_type: str | None
    program_description: str | None
    documentation: str | None
    used: Page[File]
    wrote: Page[File]
    settings: Page[Setting]
    settings_adql: str
    filter: str | None
    """Only parameters with this text in their name or value are shown."""
    configuration: tuple[ConfigurationFile, ...]
    values: tuple[File, ...]
    environment: tuple[File, ...]
    agents: tuple[Who, ...]
    steps: tuple[Run, ...]
    informants: tuple[Run, ...]
    next_completed: Run | None
    """A later run of the same program, if this run did not complete."""
    is_logged: bool
    """Whether its own log was stored; otherwise it is known only from other documents."""
    same_night: str | None
    """ADQL for the runs from noon to noon."""
    same_machine: str | None


def show(store: Store, id_: str, form: str) -> Response:
    """Show the stored run *id_*."""
    page = read(store, id_)
    if form == "json":
        return frame.present("run.html", page, form)
    marking.mark(store, page)
    picture = strip(store, "activity", id_)
    return frame.present("run.html", page, form, groups=groups(page.settings.rows), picture=picture)


def read(store: Store, id_: str) -> RunPage:
    """Return the stored data of the run *id_*."""
    row = store.rows(SQL["run"], needed=True, id=id_)[0]
    run = Run.of(row)
    return RunPage(
        run=run,
        comment=row.a_comment,
        program_type=row.ad_type,
        program_description=row.ad_description,
        documentation=row.ad_docurl,
        used=used(store, id_),
        wrote=store.page(SQL["wrote"], File.of, after=request.args.get("wrote"), id=id_),
        settings=settings(store, id_),
        settings_adql=SETTINGS_ADQL.format(id=literal(id_)),
        filter=filter_of_request(),
        configuration=configuration(store, id_),
        values=tuple(map(File.of, store.rows(SQL["values"], id=id_))),
        environment=tuple(map(File.of, store.rows(SQL["environment"], id=id_))),
        agents=tuple(map(Who.of, store.rows(SQL["agents"], id=id_))),
        steps=tuple(map(Run.of, store.rows(SQL["steps"], id=id_))),
        informants=tuple(map(Run.of, store.rows(SQL["informants"], id=id_))),
        next_completed=_next_completed(store, run) if run.failed else None,
        is_logged=row.is_logged,
        same_night=_same_night(run),
        same_machine=_MACHINE.format(host=literal(run.host)) if run.host else None,
    )


def used(store: Store, id_: str) -> Page[File]:
    """Return the files that a run read, each with the run that made it, ordered by role and name."""
    return store.page(SQL["used"], File.of, after=request.args.get("used"), id=id_)


def settings(store: Store, id_: str) -> Page[Setting]:
    """Return the parameters of a run that match the filter of the request."""
    return store.page(
        SQL["settings"],
        lambda row: Setting(*row[:-1]),
        after=request.args.get("settings"),
        size=SETTINGS,
        id=id_,
        filter=filter_of_request(),
    )


def configuration(store: Store, id_: str) -> tuple[ConfigurationFile, ...]:
    """Return the configuration files of a run."""
    return tuple(ConfigurationFile(*row) for row in store.rows(SQL["configuration"], id=id_))


def groups(rows: Iterable[Setting]) -> Sequence[Group]:
    """Return parameters in groups: changed ones first, then the others by component."""
    changed: list[Setting] = []
    others: defaultdict[str, list[Setting]] = defaultdict(list)
    for setting in rows:
        (changed if setting.differs else others[setting.component]).append(setting)
    named = (Group(name, tuple(found)) for name, found in sorted(others.items()))
    return [*([Group(None, tuple(changed))] if changed else []), *named]


def filter_of_request() -> str | None:
    """Return the text to search in names and values of parameters."""
    return argument("filter").strip() or None


def _next_completed(store: Store, run: Run) -> Run | None:
    if run.began is None or run.name is None:
        return None
    row = store.one(SQL["next_completed"], began=run.began, name=run.name)
    return None if row is None else Run.of(row)


def _same_night(run: Run) -> str | None:
    if run.began is None:
        return None
    noon = (run.began - timedelta(hours=12)).replace(hour=12, minute=0, second=0, microsecond=0)
    begin, end = (f"{time:%Y-%m-%d %H:%M:%S}" for time in (noon, noon + timedelta(days=1)))
    return _NIGHT.format(begin=begin, end=end)
