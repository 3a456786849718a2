"""/agent/ID: the runs and files that a person, an organization or a program is responsible for."""

from dataclasses import dataclass

from flask import Response, request

from provtap.web.site import frame, marking
from provtap.web.site.rows import File, Run, Who
from provtap.web.site.store import Page, Store, statements

SQL = statements("who.sql")


@dataclass(frozen=True, kw_only=True)
class Agent:
    """The data of the page of an agent."""

    who: Who
    comment: str | None
    email: str | None
    homepage: str | None
    runs: Page[Run]
    """Things with a time, the newest first, each with the role of the agent."""
    untimed_runs: tuple[Run, ...]
    files: Page[File]
    untimed_files: tuple[File, ...]


def show(store: Store, id_: str, form: str) -> Response:
    """Show the stored agent *id_*."""
    row = store.rows(SQL["agent"], needed=True, id=id_)[0]
    runs = store.page(SQL["runs"], Run.of, after=request.args.get("runs"), id=id_)
    files = store.page(SQL["files"], File.of, after=request.args.get("files"), id=id_)
    untimed_runs = [] if runs.after else store.rows(SQL["untimed_runs"], id=id_)
    untimed_files = [] if files.after else store.rows(SQL["untimed_files"], id=id_)
    page = Agent(
        who=Who.of(row),
        comment=row.ag_comment,
        email=row.ag_email,
        homepage=row.ag_url,
        runs=runs,
        untimed_runs=tuple(map(Run.of, untimed_runs)),
        files=files,
        untimed_files=tuple(map(File.of, untimed_files)),
    )
    marking.mark(store, page)
    return frame.present("agent.html", page, form)
