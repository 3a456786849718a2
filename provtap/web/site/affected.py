"""/affected: what was made from withdrawn products, as a list with the owners of each."""

from flask import Blueprint, Response, request

from provtap.errors import ParameterError
from provtap.query.request import QueryRequest
from provtap.query.withdrawals import affected_adql, withdrawn_now
from provtap.web.http.admission import admit
from provtap.web.http.context import service
from provtap.web.http.negotiation import wanted
from provtap.web.http.responses import see_other
from provtap.web.site import frame
from provtap.web.tap import respond

bp = Blueprint("affected", __name__)

FORMS = {
    "html": "text/html",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "json": "application/json",
    "text": "text/plain",
    "votable": "application/x-votable+xml",
}


@bp.get("/affected")
@bp.get("/affected.<any(csv, tsv, json):suffix>")
def affected(suffix: str | None = None) -> Response:
    """Send the list of what was made from the products in `id`; a browser is led to the page of one."""
    names = request.args.getlist("id")
    if not any(names):
        raise ParameterError("id is missing.", hint="Write /affected?id=ID, with one id or more.")
    form = wanted(FORMS, suffix)
    database, ours = admit(), service()
    with database.reading(ours.settings.sync_duration) as transaction:
        ids = withdrawn_now(transaction, names)
    if form == "html":
        return see_other(frame.url("impact", ids[0]))
    asked = QueryRequest(query=affected_adql(ids), responseformat=form, maxrec=ours.settings.maxrec_limit)
    response = respond(asked, database)
    response.headers["Content-Disposition"] = f'inline; filename="affected.{form}"'
    response.vary.add("Accept")
    return response
