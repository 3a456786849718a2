"""/program/NAME and /program/NAME/VERSION: the versions of a program, and its runs."""

from dataclasses import dataclass

from flask import Blueprint, Response, request

from provtap.errors import NotFound, ParameterError
from provtap.web.http.negotiation import wanted
from provtap.web.site import frame, marking
from provtap.web.site.rows import Run
from provtap.web.site.store import COUNTED, Page, Store, Total, asking, statements

bp = Blueprint("program", __name__)

SQL = statements("program.sql")
_PARTS = 20
"""Maximum slashes of an address that are tried as separator between name and version."""


@dataclass(frozen=True)
class Version:
    """A described version of a program."""

    version: str | None
    runs: Total


@dataclass(frozen=True, kw_only=True)
class Program:
    """The data of the page of a program, or of one of its versions."""

    name: str
    version: str | None
    """None for all versions."""
    type: str | None
    description: str | None
    documentation: str | None
    versions: tuple[Version, ...]
    runs: Page[Run]
    """Runs with a time, the newest first."""
    untimed: tuple[Run, ...]


@bp.get("/program/<id:path>")
@bp.get("/program")
def page(path: str | None = None) -> Response:
    """Show a program; in a path, the part after a slash may be its version."""
    with asking() as store:
        program = _program(store, path)
        marking.mark(store, program)
    return frame.present("program.html", program, wanted(frame.FORMS))


def _program(store: Store, path: str | None) -> Program:
    candidates = [_given()] if path is None else _candidates(path)
    legal = [(name, version) for name, version in candidates if "\0" not in f"{name}{version}"]
    rows = store.rows(
        SQL["named"],
        needed=True,
        names=[name for name, _ in legal],
        versions=[version for _, version in legal],
        counted=COUNTED + 1,
    )
    found = [row for row in rows if row.number == rows[0].number]
    name, version = legal[found[0].number - 1] if found else candidates[0]
    if not found and (
        "\0" in name or version or store.one(SQL["undescribed"], needed=True, name=name) is None
    ):
        raise NotFound(f"No program here is called {name[:200]}{f' {version[:60]}' if version else ''}.")
    # Runs may have the name of a program without its description; versions are only in descriptions.
    ids, undescribed = [row.id for row in found], None if version is not None else name
    runs = store.page(SQL["runs"], Run.of, after=request.args.get("after"), ids=ids, name=undescribed)
    untimed = [] if runs.after else store.rows(SQL["untimed"], ids=ids, name=undescribed)
    return Program(
        name=name,
        version=version,
        type=next((row.type for row in found if row.type), None),
        description=next((row.description for row in found if row.description), None),
        documentation=next((row.documentation for row in found if row.documentation), None),
        versions=tuple(
            Version(row.version, Total(min(row.runs, COUNTED), row.runs > COUNTED)) for row in found
        ),
        runs=runs,
        untimed=tuple(map(Run.of, untimed)),
    )


def _given() -> tuple[str, str | None]:
    name = request.args.get("name")
    if not name:
        raise ParameterError("name is missing.", hint="Write /program/NAME or /program?name=NAME.")
    return name, request.args.get("version")


def _candidates(path: str) -> list[tuple[str, str | None]]:
    """Return the possible meanings of a path: a name, or a name and a version."""
    parts = path.split("/")
    cuts = range(len(parts) - 1, 0, -1)[:_PARTS]
    return [(path, None), *(("/".join(parts[:cut]), "/".join(parts[cut:])) for cut in cuts)]
