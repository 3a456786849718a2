"""TAP over HTTP: /tap/sync."""

import errno
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import chain

from flask import Blueprint, Response, request

from provtap.database.connect import Database
from provtap.database.stream import Tally
from provtap.errors import ProvtapError
from provtap.query import ResultBody, run
from provtap.query.request import QueryRequest
from provtap.web.http.access_log import note
from provtap.web.http.admission import admit
from provtap.web.http.context import service
from provtap.web.http.hangup import hangup
from provtap.web.http.params import admit_uploads, files, parameters
from provtap.web.http.responses import see_other

bp = Blueprint("tap", __name__)
log = logging.getLogger(__name__)

SMALL = 65_536
"""Maximum size of a body that is sent as a whole; a larger body is sent piece by piece, as it arrives."""


@bp.route("/sync", methods=["GET", "POST"])
def sync() -> Response:
    """Run one query at once (TAP 1.1, section 2.2); errors become documents in `responses`.

    HEAD checks and translates the query like GET and returns the same headers, but does not run the query.
    """
    ours = service()
    admit_uploads(request, ours.settings)
    given = parameters(request)
    if [value.upper() for value in given.get("REQUEST", ())] == ["GETCAPABILITIES"]:
        return see_other(f"{ours.tap_url}/capabilities")  # for clients of TAP 1.0
    database = admit()
    asked = QueryRequest.from_parameters(given, files(request)).sent_to(f"{ours.tap_url}/sync")
    if request.method == "HEAD":
        asked = replace(asked, maxrec=0)
    return respond(asked, database)


def respond(asked: QueryRequest, database: Database) -> Response:
    """Return the response to a query once its first rows have arrived; the rest is streamed.

    Raises: ProvtapError, for all errors before the first rows.
    """
    ours = service()
    tally = Tally()
    note(query=asked.query, run_id=asked.run_id, tally=tally)
    result = run(asked, ours.tableset, database, ours.settings, hangup(request.environ), tally=tally)
    with ExitStack() as failed:
        failed.callback(result.body.close)
        response = Response(_together(result.body, tally), content_type=result.media_type)
        failed.pop_all()
    response.headers["Content-Disposition"] = f'inline; filename="{result.file_name}"'
    response.call_on_close(result.body.close)
    response.call_on_close(partial(_record, tally))
    return response


def _record(tally: Tally) -> None:
    """Write to the log the error to which the end of a result only refers."""
    if tally.failure is not None:
        tally.failure.record(log)


def _together(body: ResultBody, tally: Tally) -> bytes | Iterator[bytes]:
    """Return *body* as a whole if it is small and complete, so that it is sent at once with its length.

    Raises: ProvtapError if it fails before anything was sent.
    """
    begun: list[bytes] = []
    while tally.sql_time is not None and sum(map(len, begun)) < SMALL:  # no waiting needed
        piece = next(body, None)
        if piece is None:
            return b"".join(begun)
        begun.append(piece)
    return chain(begun, _pieces(body))


def _pieces(body: ResultBody) -> Iterator[bytes]:
    """Yield the pieces of *body*; reset the connection on failure, so that it does not look complete.

    Raises: ConnectionResetError, after which gunicorn closes without the last chunk of a regular end.
    """
    try:
        yield from body
    except ProvtapError as error:
        log.warning("A result was broken off: %s", error.for_operator())
        raise ConnectionResetError(errno.ECONNRESET, str(error)) from error
