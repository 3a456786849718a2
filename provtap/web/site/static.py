"""The style sheet, scripts and logo of the site, under names that change with their content.

The name contains the digest of the file when the server starts. So browsers can cache a file forever, and
still get a new version at once.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import cast

from flask import Blueprint, Flask, Response, abort, current_app

from provtap.errors import SettingsError
from provtap.web.http.cached_documents import cached_document
from provtap.web.http.context import Service, service

bp = Blueprint("static", __name__)

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_KEPT = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class StaticFile:
    """A file loaded by pages."""

    name: str
    body: bytes

    @property
    def hashed_name(self) -> str:
        """The name with the digest before the extension, as in `design.1a2b3c4d5e6f.css`."""
        path = PurePosixPath(self.name)
        return f"{path.stem}.{hashlib.sha256(self.body).hexdigest()[:12]}{path.suffix}"

    @property
    def media_type(self) -> str:
        """The media type of the extension."""
        return _TYPES[PurePosixPath(self.name).suffix]


def _load() -> Iterator[StaticFile]:
    for path in (files("provtap.web") / "static").iterdir():
        if PurePosixPath(path.name).suffix in _TYPES:
            yield StaticFile(path.name, path.read_bytes())


FILES: Mapping[str, StaticFile] = {each.name: each for each in _load()}


def register(app: Flask) -> None:
    """Register the files of the site and the operator's logo with *app*.

    Raises: SettingsError.
    """
    ours: Service = app.extensions["provtap"]
    settings = ours.settings
    given = dict(FILES)
    if settings.logo is not None:
        given["logo"] = _logo(settings.logo)
    app.extensions["provtap.static"] = given | {each.hashed_name: each for each in given.values()}
    app.register_blueprint(bp)


def _logo(path: Path) -> StaticFile:
    if path.suffix not in {".svg", ".png"}:
        raise SettingsError(f"The logo {path} must be a file .svg or .png.")
    try:
        return StaticFile(f"logo{path.suffix}", path.read_bytes())
    except OSError as error:
        raise SettingsError(f"The logo {path} cannot be read: {error.strerror}.") from error


def _files() -> Mapping[str, StaticFile]:
    return cast(Mapping[str, StaticFile], current_app.extensions["provtap.static"])


def static_url(name: str) -> str | None:
    """Return the address of the file *name*, which browsers may cache forever; None if it does not exist."""
    found = _files().get(name)
    return None if found is None else f"{service().root_path}/static/{found.hashed_name}"


@bp.get("/static/<name>")
def static_file(name: str) -> Response:
    """Return a file by its hashed name, or by its plain name, which caches must revalidate."""
    found = _files().get(name)
    if found is None:
        abort(404)
    if name == found.hashed_name:
        return Response(found.body, content_type=found.media_type, headers={"Cache-Control": _KEPT})
    return cached_document(f"static/{name}", lambda: found.body, found.media_type)
