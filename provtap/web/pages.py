"""Pages for people: what this is, and how to use it from their tools."""

from importlib.resources import files

from flask import Blueprint, Response, render_template

from provtap import __version__
from provtap.query import LANGUAGES
from provtap.results.formats import FORMATS
from provtap.web.http.cached_documents import cached_document
from provtap.web.http.context import service

bp = Blueprint("pages", __name__)

QUERY = """\
SELECT TOP 10 e_id, e_name, a_name, a_starttime
FROM provenance.entity
JOIN provenance.wasgeneratedby ON wgb_entity_id = e_id
JOIN provenance.activity ON a_id = wgb_activity_id
WHERE e_class = 'DatasetEntity'
ORDER BY a_starttime DESC"""
"""The first query: the newest files, with their ids, and the runs that made them."""


@bp.get("/")
def index() -> str:
    """Show the landing page: what the service holds, its address, a first query."""
    return render_template("index.html", service=service(), version=__version__, query=QUERY)


@bp.get("/tap")
def tap() -> str:
    """Show what TAP 1.1 (section 2) wants at its base URL: a page for people."""
    return render_template(
        "tap.html", service=service(), version=__version__, formats=FORMATS, languages=LANGUAGES
    )


@bp.get("/static/design.css")
def style_sheet() -> Response:
    """Give the style sheet of all pages, the results of queries among them."""
    sheet = files("provtap.web") / "static/design.css"
    return cached_document("design.css", sheet.read_bytes, "text/css; charset=utf-8")
