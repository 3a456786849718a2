"""/query: an editor for queries, with the tables and example questions."""

from itertools import groupby

from flask import Blueprint, Response, request

from provtap.adql.syntax.reserved import published_name
from provtap.errors import UnderMaintenance
from provtap.uws.request import one
from provtap.web.http.closing import refuse_under_maintenance
from provtap.web.http.context import service
from provtap.web.http.params import parameters
from provtap.web.site.asked import ROWS, Asked, form_token, stored_query
from provtap.web.site.examples import examples
from provtap.web.site.frame import render
from provtap.web.site.home import QUERY
from provtap.web.site.result import downloads

bp = Blueprint("query", __name__)

CHOICES = (100, ROWS, 10_000, 100_000, 1_000_000, 10_000_000)
"""Numbers of rows to choose from; larger ones are for jobs."""


@bp.get("/query")
def page() -> Response:
    """Show a query to change and run; the default is a simple example."""
    given = parameters(request)
    settings = service().settings
    job_id = one(given, "JOB")
    if one(given, "QUERY"):
        asked = Asked.read()
    else:
        asked = Asked(stored_query(job_id) if job_id else QUERY, min(ROWS, settings.maxrec))
    offered = [(group, tuple(members)) for group, members in groupby(examples(), lambda e: e.group)]
    return render(
        "query.html",
        asked=asked,
        choices=sorted({min(rows, settings.maxrec_limit) for rows in (*CHOICES, asked.maxrec)}),
        formats=tuple(downloads()),
        groups=offered,
        schemas=service().tableset.schemas,
        published_name=published_name,
        closed=_closed(),
        form_token=form_token(),
    )


def _closed() -> str | None:
    """Return the reason why no query can be run now, if any."""
    try:
        refuse_under_maintenance()
    except UnderMaintenance as error:
        return str(error)
    return None
