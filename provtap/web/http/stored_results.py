"""The result of a job over HTTP: complete or in ranges, never silently truncated."""

import logging

from flask import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import wrap_file

from provtap.errors import NotFound
from provtap.uws.job import StoredResult
from provtap.uws.results import ResultStore, StoredFile

log = logging.getLogger(__name__)


def stored_response(result: StoredResult, results: ResultStore) -> Response:
    """Return the response with a stored result, or a part of it (RFC 9110, section 14).

    Raises: NotFound if the result is missing or incomplete in the store.
    """
    file = _whole(result, results)
    # The server can send a whole file without reading it.
    response = Response(wrap_file(request.environ, file.content), content_type=result.mime)
    response.call_on_close(file.content.close)
    response.direct_passthrough = True
    response.content_length = result.size
    response.last_modified = file.modified
    response.set_etag(result.name)
    response.headers["Content-Disposition"] = f'attachment; filename="{result.file}"'
    response.accept_ranges = "bytes"
    try:
        response.make_conditional(request, accept_ranges=_is_for_a_part(), complete_length=result.size)
    except RequestedRangeNotSatisfiable:
        file.content.close()
        raise
    response.headers.pop("Date", None)  # the server gives it, once
    return response


def _is_for_a_part() -> bool:
    """Return whether the request has a valid single Range; others are ignored."""
    asked = request.range
    return asked is not None and asked.units == "bytes" and len(asked.ranges) == 1


def _whole(result: StoredResult, results: ResultStore) -> StoredFile:
    try:
        file = results.open(result.name)
    except OSError as error:
        log.error("The result %s is lost: %s", result.name, error)
        raise _lost() from error
    if file.size != result.size:
        file.content.close()
        log.error("The result %s has %d bytes, not %d", result.name, file.size, result.size)
        raise _lost()
    return file


def _lost() -> NotFound:
    return NotFound("The result of this job was lost.", hint="Run its query again.")
