"""/tap: the page for people at the base URL of TAP (TAP 1.1, section 2)."""

from flask import Blueprint, Response

from provtap.query import LANGUAGES
from provtap.results.formats import FORMATS
from provtap.web.site.frame import render

bp = Blueprint("tap_page", __name__)


@bp.get("/tap")
def page() -> Response:
    """Show the tables, formats and limits of the service."""
    return render("tap.html", formats=FORMATS, languages=LANGUAGES)
