"""/help: the terms of the site and those of the model."""

from flask import Blueprint, Response

from provtap.web.site.frame import render

bp = Blueprint("help", __name__)


@bp.get("/help")
def page() -> Response:
    """Explain terms, shapes and keyboard shortcuts."""
    return render("help.html")
