"""TAP over HTTP: /tap/sync."""

from flask import Blueprint, Response, request

from provtap.query import QueryRequest, run
from provtap.web.context import service
from provtap.web.hangup import hangup
from provtap.web.params import parameters

bp = Blueprint("tap", __name__)


@bp.route("/sync", methods=["GET", "POST"])
def sync() -> Response:
    """Answer one query at once (TAP 1.1, section 2.2); errors become documents in `responses`."""
    ours = service()
    asked = QueryRequest.from_parameters(parameters(request))
    result = run(asked, ours.tableset, ours.database, ours.settings, hangup(request.environ))
    return Response(result.body, content_type=result.media_type)
