"""TAP over HTTP: /tap/sync."""

import errno
import logging
from collections.abc import Iterator

from flask import Blueprint, Response, request

from provtap.errors import ProvtapError
from provtap.query import Body, QueryRequest, run
from provtap.web.context import service
from provtap.web.hangup import hangup
from provtap.web.params import admit_uploads, files, parameters

bp = Blueprint("tap", __name__)
log = logging.getLogger(__name__)


@bp.route("/sync", methods=["GET", "POST"])
def sync() -> Response:
    """Answer one query at once (TAP 1.1, section 2.2); errors become documents in `responses`."""
    ours = service()
    admit_uploads(request, ours.settings)
    asked = QueryRequest.from_parameters(parameters(request), files(request))
    result = run(asked, ours.tableset, ours.database, ours.settings, hangup(request.environ))
    response = Response(_pieces(result.body), content_type=result.media_type)
    response.call_on_close(result.body.close)
    return response


def _pieces(body: Body) -> Iterator[bytes]:
    """Yield the pieces of *body*; if it fails, reset the connection, lest the client take it for whole.

    Raises: ConnectionResetError, on which gunicorn closes without the chunk that tells a regular end.
    """
    try:
        yield from body
    except ProvtapError as error:
        log.warning("A result was broken off: %s", error)
        raise ConnectionResetError(errno.ECONNRESET, str(error)) from error
