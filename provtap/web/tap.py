"""TAP over HTTP: /tap/sync."""

import errno
import logging
from collections.abc import Iterator
from dataclasses import replace

from flask import Blueprint, Response, request

from provtap.database.stream import Tally
from provtap.errors import ProvtapError
from provtap.query import Body, QueryRequest, run
from provtap.web.access_log import note
from provtap.web.admission import admit
from provtap.web.context import service
from provtap.web.hangup import hangup
from provtap.web.params import parameters
from provtap.web.responses import see_other

bp = Blueprint("tap", __name__)
log = logging.getLogger(__name__)


@bp.route("/sync", methods=["GET", "POST"])
def sync() -> Response:
    """Answer one query at once (TAP 1.1, section 2.2); errors become documents in `responses`.

    HEAD checks and translates the query as GET does, and tells the same headers, but PostgreSQL runs nothing.
    """
    ours = service()
    given = parameters(request)
    if [value.upper() for value in given.get("REQUEST", ())] == ["GETCAPABILITIES"]:
        return see_other(f"{ours.tap_url}/capabilities")  # a courtesy to clients of TAP 1.0
    admit()
    asked = QueryRequest.from_parameters(given)
    if request.method == "HEAD":
        asked = replace(asked, maxrec=0)
    tally = Tally()
    note(query=asked.query, run_id=asked.run_id, tally=tally)
    result = run(asked, ours.tableset, ours.database, ours.settings, hangup(request.environ), tally=tally)
    response = Response(_pieces(result.body), content_type=result.media_type)
    response.headers["Content-Disposition"] = f'inline; filename="{result.file_name}"'
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
