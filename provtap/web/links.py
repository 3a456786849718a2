"""DataLink over HTTP: /links."""

from flask import Blueprint, Response, request

from provtap.datalink.document import LinksRequest, links_document
from provtap.query.links import DATALINK_TYPE
from provtap.web.http.admission import admit
from provtap.web.http.context import service
from provtap.web.http.params import parameters

bp = Blueprint("links", __name__)


@bp.route("/links", methods=["GET", "POST"])
def links() -> Response:
    """Answer with the links of what each ID names; an id that names nothing has a row that says so.

    HEAD only checks the parameters and tells the Content-Type.
    """
    database = admit()
    asked = LinksRequest.from_parameters(parameters(request))
    response = Response(content_type=DATALINK_TYPE)
    response.headers["Content-Disposition"] = 'inline; filename="links.vot"'
    if request.method != "HEAD":
        response.data = links_document(asked, database, service().settings)
    return response
