"""/help: the words of the site, beside those of the model."""

from flask import Blueprint, Response

from provtap.web.site.frame import render

bp = Blueprint("help", __name__)


@bp.get("/help")
def page() -> Response:
    """Explain the words, the shapes and the keys."""
    return render("help.html")
