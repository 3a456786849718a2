"""/: what this is, what it holds, and where to begin."""

from flask import Blueprint, Response

from provtap.web.site.frame import render

bp = Blueprint("home", __name__)

QUERY = """\
SELECT TOP 10 e_id, e_name, a_name, a_starttime
FROM provenance.entity
JOIN provenance.wasgeneratedby ON wgb_entity_id = e_id
JOIN provenance.activity ON a_id = wgb_activity_id
WHERE e_class = 'DatasetEntity'
ORDER BY a_starttime DESC"""
"""The first query: the newest files, with their ids, and the runs that made them."""


@bp.get("/")
def page() -> Response:
    """Show what the service holds, its address, a first query."""
    return render("home.html", query=QUERY)
