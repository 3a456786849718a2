"""/entity/ID: the origin of a file, value or collection, and the files derived from it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import Response, request

from provtap.adql import translate
from provtap.citation import FORMATS
from provtap.database.sql import literal
from provtap.datalink.copies import Copy, copies
from provtap.query.withdrawals import UNMARKED, CurrentWithdrawal, marks
from provtap.web.http.context import service
from provtap.web.site import cite, frame, marking, run
from provtap.web.site.rows import File, Run, Who
from provtap.web.site.run import ConfigurationFile, Setting
from provtap.web.site.store import COUNTED, ROWS, Page, Store, Total, statements
from provtap.web.site.strip import strip

SQL = statements("product.sql")
NAMED = 5
"""Maximum files in the summary, and in the list of derived files."""
STEPS = 12
"""Maximum runs in the timeline."""
_COLUMNS = """\
e_id, e_class, e_name, e_location, e_value, e_generatedattime, e_invalidatedattime, l_distance,
  a_id, a_name, ad_name, ad_version, a_starttime, a_endtime, r_status, r_exitcode, r_host, r_duration"""
_RUN = """\
LEFT OUTER JOIN provenance.wasgeneratedby ON wgb_entity_id = e_id
LEFT OUTER JOIN provenance.activity ON a_id = wgb_activity_id
LEFT OUTER JOIN provenance.activitydescription ON ad_id = a_activitydescription_id
LEFT OUTER JOIN provext.run ON r_activity_id = a_id"""
BEHIND = f"""\
SELECT {_COLUMNS}
FROM provenance.lineage
JOIN provenance.entity ON e_id = l_ancestor_id
{_RUN}
WHERE l_descendant_id = {{id}} AND e_class <> 'ValueEntity'
  AND (e_class <> 'Entity' OR NOT EXISTS (
    SELECT 1 FROM provenance.used WHERE u_entity_id = e_id AND u_role = 'environment'))"""
"""ADQL for all ancestors of a file, without the environments of its runs."""
CAME_OF_IT = f"""\
SELECT {_COLUMNS}
FROM provenance.lineage
JOIN provenance.entity ON e_id = l_descendant_id
{_RUN}
WHERE l_ancestor_id = {{id}} AND e_class <> 'ValueEntity'"""
"""ADQL for the files derived from a file."""
ORDER = "\nORDER BY l_distance, e_name, e_id"


@dataclass(frozen=True)
class Description:
    """The description of the entity."""

    name: str
    text: str | None
    url: str | None
    content_type: str | None
    value_type: str | None
    unit: str | None
    ucd: str | None


@dataclass(frozen=True)
class Checksum:
    """A checksum, by which a file is found under any name."""

    algorithm: str
    digest: str
    size: int | None  # bytes


@dataclass(frozen=True)
class OtherName:
    """A path, or an earlier id from when less was known."""

    kind: str
    value: str
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True)
class Generation:
    """A file that is or was at the same path."""

    file: File
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True)
class Relatives:
    """Ancestors or descendants of a file: the nearest ones, and their total number."""

    files: tuple[File, ...]
    total: Total
    runs: int
    """That made them."""
    outside: int
    """Number of files without a recorded run."""
    adql: str


@dataclass(frozen=True, kw_only=True)
class Product:
    """The data of the page of an entity."""

    file: File
    comment: str | None
    description: Description | None
    agents: tuple[Who, ...]
    locations: tuple[Copy, ...]
    checksums: tuple[Checksum, ...]
    names: tuple[OtherName, ...]
    generations: tuple[Generation, ...]
    """All generations of its path, if there are several."""
    collections: tuple[File, ...]
    """Collections that contain it."""
    members: Page[File] | None
    """Of a collection."""
    used: Page[File] | None
    """Files used by the run that made it."""
    origins: tuple[File, ...]
    """Recorded origins."""
    behind: Relatives
    came_of_it: Relatives
    settings_adql: str | None
    settings: Page[Setting] | None
    """Parameters of the run that made it."""
    configuration: tuple[ConfigurationFile, ...]
    filter: str | None
    first_use: Run | None
    """The first run that used it, if it came from outside."""
    valid_namesake: File | None
    """Of what was withdrawn."""
    withdrawal: CurrentWithdrawal | None
    """Why it is withdrawn, if somebody said so."""
    affected_by: tuple[CurrentWithdrawal, ...]
    """What it was made from and is withdrawn."""
    affected_names: Mapping[str, str]
    """Names of these, by id."""
    steps: tuple[Run, ...]
    """The last runs that led to it, ordered by time."""


def show(store: Store, id_: str, form: str) -> Response:
    """Show the stored entity *id_*."""
    page = read(store, id_)
    if form == "json":
        return frame.present("product.html", page, form)
    marking.mark(store, page)
    groups = run.groups(page.settings.rows) if page.settings else ()
    picture, cited = strip(store, "entity", id_), cite.credits(store, id_)
    citations = {name: each.write(cited) for name, each in FORMATS.items()} if cited else {}
    return frame.present("product.html", page, form, groups=groups, picture=picture, citations=citations)


def read(store: Store, id_: str) -> Product:
    """Return the stored data of the entity *id_*."""
    row = store.rows(SQL["product"], needed=True, id=id_)[0]
    file = File.of(row)
    made_by = file.run and file.run.id
    behind = _relatives(store, BEHIND, id_, ROWS)
    marked = store.within(lambda transaction: marks(transaction, [id_])) or UNMARKED
    stands_on = tuple(marked.withdrawn[each] for each in marked.affected.get(id_, ()))
    return Product(
        file=file,
        comment=row.e_comment,
        description=_description(row),
        agents=tuple(map(Who.of, store.rows(SQL["agents"], id=id_, activity=made_by))),
        locations=_locations(store, file),
        checksums=tuple(Checksum(*each) for each in store.rows(SQL["checksums"], id=id_)),
        names=tuple(OtherName(*each) for each in store.rows(SQL["names"], id=id_)),
        generations=_generations(store, id_),
        collections=tuple(map(File.of, store.rows(SQL["collections"], id=id_))),
        members=_members(store, id_) if file.kind == "Collection" else None,
        used=run.used(store, made_by) if made_by else None,
        origins=tuple(map(File.of, store.rows(SQL["origins"], id=id_))),
        behind=behind,
        came_of_it=_relatives(store, CAME_OF_IT, id_, NAMED),
        settings=run.settings(store, made_by) if made_by else None,
        settings_adql=run.SETTINGS_ADQL.format(id=literal(made_by)) if made_by else None,
        configuration=run.configuration(store, made_by) if made_by else (),
        filter=run.filter_of_request(),
        first_use=None if made_by else _first_use(store, id_),
        valid_namesake=_valid_namesake(store, file) if file.invalidated else None,
        withdrawal=marked.withdrawn.get(id_),
        affected_by=stands_on,
        affected_names=_names(store, [each.entity_id for each in stands_on]),
        steps=_steps(file, behind),
    )


def _names(store: Store, ids: list[str]) -> dict[str, str]:
    rows = store.rows(SQL["names_of"], ids=ids) if ids else []
    return {row.e_id: row.e_name or row.e_id for row in rows}


def _description(row: Any) -> Description | None:
    if row.ed_name is None:
        return None
    return Description(
        row.ed_name,
        row.ed_description,
        row.ed_docurl,
        row.ed_contenttype,
        row.ed_valuetype,
        row.ed_unit,
        row.ed_ucd,
    )


def _locations(store: Store, file: File) -> tuple[Copy, ...]:
    if file.kind == "ValueEntity":
        return ()
    found = store.within(lambda asking: copies(asking, [file.id], service().settings.downloads))
    return tuple((found or {}).get(file.id, ()))


def _generations(store: Store, id_: str) -> tuple[Generation, ...]:
    rows = store.rows(SQL["generations"], id=id_)
    if len({row.e_id for row in rows}) < 2:
        return ()
    return tuple(Generation(File.of(row), row.since, row.until) for row in rows)


def _members(store: Store, id_: str) -> Page[File]:
    return store.page(SQL["members"], File.of, after=request.args.get("members"), id=id_)


def _relatives(store: Store, adql: str, id_: str, shown: int) -> Relatives:
    query = adql.format(id=literal(id_))
    walk = translate(query, service().tableset).sql.replace("%", "%%")
    rows = store.rows(SQL["relatives"].replace("{walk}", walk), most=COUNTED + 1, limit=shown)
    files = rows[0].files if rows else 0
    total = Total(min(files, COUNTED), more=files > COUNTED or store.out_of_time)
    runs, outside = (rows[0].runs, rows[0].outside) if rows else (0, 0)
    return Relatives(tuple(map(File.of, rows)), total, runs, outside, query + ORDER)


def _first_use(store: Store, id_: str) -> Run | None:
    row = store.one(SQL["first_use"], id=id_)
    return None if row is None else Run.of(row)


def _valid_namesake(store: Store, file: File) -> File | None:
    row = store.one(SQL["valid_namesake"], name=file.name, id=file.id)
    return None if row is None else File.of(row)


def _steps(file: File, behind: Relatives) -> tuple[Run, ...]:
    """Return the runs on the page that led to *file*, ordered by time."""
    runs = {each.run.id: each.run for each in (file, *behind.files) if each.run is not None}
    timed = sorted((each.began, each.id) for each in runs.values() if each.began is not None)
    return tuple(replace(runs[id_], role=None) for _, id_ in timed[-STEPS:])
