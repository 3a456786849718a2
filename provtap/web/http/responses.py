"""The common parts of all responses: the form of errors, and headers for programs in browsers.

Browsers get an error as a page. Programs get it as JSON under /api, as a VOTable under /tap, /provsap and
/links (DALI 1.1, section 4.4), or else as a line of plain text.
"""

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, render_template, request
from gunicorn.http.errors import NoMoreData, ParseException
from werkzeug.exceptions import (
    BadRequest,
    ClientDisconnected,
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestedRangeNotSatisfiable,
    RequestEntityTooLarge,
)
from werkzeug.wrappers import Response as AnyResponse

from provtap.errors import InternalError, ParameterError, ProvtapError
from provtap.query.links import DATALINK_ID as DATALINK
from provtap.query.links import STANDARD_ID as PROVSAP
from provtap.query.origin import TAP, request_origin
from provtap.results.votable import write_error
from provtap.web.http.access_log import note
from provtap.web.http.context import service
from provtap.web.http.negotiation import is_browser

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DRAINED = 100_000_000
"""Maximum bytes of a rejected body that are still read."""

_PROTOCOLS = {"tap": TAP, "provsap": PROVSAP, "links": DATALINK}
"""What answers with VOTables, by the first part of the path."""
_HEADS = {
    400: "This can’t be answered",
    401: "You are not signed in",
    403: "You are not allowed to do this",
    404: "Nothing is here",
    500: "The service failed",
    503: "Try again later",
}
"""Headings of error pages, for the most frequent errors."""

_BROKEN_OFF = "The body of the request is malformed, or ends too early."
_MALFORMED = (ParseException, NoMoreData)
"""The errors of gunicorn while a body is read."""

CHALLENGES = ('Basic realm="ProvTAP", charset="UTF-8"', 'Bearer realm="ProvTAP"')
"""The methods of authentication (RFC 7617, RFC 6750): a token works with both."""

# The headers that pages of other sites may read and send (CORS).
_EXPOSED = (
    "Location, Retry-After, WWW-Authenticate, X-VO-Authenticated, ETag, Content-Disposition,"
    " X-ProvTAP-Unknown-ID, X-ProvTAP-Overflow, X-ProvTAP-Left-Out, X-ProvTAP-After, X-ProvTAP-Equal"
)
_ACCEPTED = "Authorization, Content-Type, Idempotency-Key, If-Modified-Since, If-None-Match"
_PREFLIGHT_SECONDS = "86400"

_FRAMED_NOWHERE = "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
_GRAPH_STYLE = "'sha256-pgvDUBa4IjFA2yuSJ2cqcyxmNYJMborsd0ORcRv9vw8='"
"""The only style rule that cytoscape (version 3.35) adds to a page."""
SECURITY = {
    "Content-Security-Policy": f"default-src 'self'; style-src 'self' {_GRAPH_STYLE};"
    f" img-src 'self' blob: data:; {_FRAMED_NOWHERE}",
    "Referrer-Policy": "same-origin",  # the address of a job is secret; our own forms need their origin
    "X-Content-Type-Options": "nosniff",
}
"""Headers of all responses: browsers must not load content from other sites, or run scripts within a page."""
_XML_POLICY = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; {_FRAMED_NOWHERE}"
"""For XML, which Chromium shows with its own style and images, as if they were part of the document."""
_XML = {"application/xml", "text/xml"}


def register(app: Flask) -> None:
    """Register error handlers and headers for *app*, and make it ignore extra slashes in paths."""
    app.register_error_handler(ProvtapError, report)
    app.register_error_handler(HTTPException, report_http)
    for kind in _MALFORMED:
        app.register_error_handler(kind, report_malformed)
    app.register_error_handler(Exception, report_unforeseen)
    app.after_request(declare_charset)
    app.after_request(allow_browsers)
    app.after_request(protect_browsers)
    app.teardown_request(lambda _: request.close())  # files of a multipart body
    app.url_map.merge_slashes = False  # it would redirect, which STILTS does not follow after a POST
    app.wsgi_app = _without_spare_slashes(app.wsgi_app)  # type: ignore[method-assign, assignment]


def report(error: ProvtapError) -> Response:
    """Return the document for a ProvtapError, with its HTTP status."""
    _drain()
    error.record(current_app.logger)
    response = _document(str(error), error.status, error)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        challenge(response)
    return response


def challenge(response: AnyResponse) -> None:
    """Add the methods of authentication to *response*."""
    for scheme in CHALLENGES:
        response.headers.add("WWW-Authenticate", scheme)


def see_other(url: str) -> Response:
    """Return a redirect that clients follow with GET, without a page."""
    return Response(status=303, headers={"Location": url}, content_type="text/plain; charset=utf-8")


def report_http(error: HTTPException) -> AnyResponse:
    """Return the document for a request that Flask rejects; redirects are not changed."""
    if error.code is None or error.code < 400 or error.response is not None:
        return error.get_response()
    _drain()
    response = _document(_sentence(error), error.code)
    for name, value in error.get_headers(request.environ):
        if name != "Content-Type":
            response.headers[name] = value  # Allow, WWW-Authenticate, Retry-After
    return response


def report_malformed(error: Exception) -> Response:
    """Return the document for a body that does not match the headers of the request."""
    return report(ParameterError(_BROKEN_OFF))


def report_unforeseen(error: Exception) -> Response:
    """Return one sentence for an unexpected error, and log its traceback."""
    return report(InternalError.of(error, current_app.logger, f"{request.method} {request.path}"))


def _sentence(error: HTTPException) -> str:
    """Return the message for an error; Flask's own texts are for people at a browser."""
    if error.description != type(error).description:
        return str(error.description)
    path = urlsplit(service().base_url).path + request.path  # as the client wrote it
    match error:
        case NotFound():
            return f"Nothing was found at {path}."
        case MethodNotAllowed():
            return f"{request.method} is not allowed on {path}."
        case RequestEntityTooLarge():
            limit, parts = request.max_content_length, request.max_form_parts
            return f"The request exceeds the limit of {limit} bytes or {parts} parts."
        case RequestedRangeNotSatisfiable():
            return f"The requested range is outside the result, which has {error.length} bytes."
        case ClientDisconnected():
            return _BROKEN_OFF
        case BadRequest():  # an Upgrade to WebSocket, for one
            return "The request is not valid."
    return str(error.description)


def _drain() -> None:
    """Read the rest of a body: many clients read the response only after they have sent all of it."""
    left = DRAINED
    with suppress(OSError, *_MALFORMED):
        while left > 0 and (piece := request.environ["wsgi.input"].read(min(left, 1 << 20))):
            left -= len(piece)


def _document(message: str, status: int, error: ProvtapError | None = None) -> Response:
    note(error=message)
    room = request.path.split("/")[1]
    if is_browser():
        page = render_template("error.html", message=message, status=status, head=_HEADS.get(status, "Error"))
        return Response(page, status, content_type="text/html; charset=utf-8")
    if room == "api":
        told = {"status": status} | (_told(error) if error else {"message": message})
        return Response(json.dumps({"error": told}) + "\n", status, content_type="application/json")
    if room in _PROTOCOLS:
        document = write_error(message, request_origin(service().settings, _PROTOCOLS[room]))
        return Response(document, status, content_type="application/x-votable+xml")
    return Response(f"{message}\n", status, content_type="text/plain; charset=utf-8")


def _told(error: ProvtapError) -> dict[str, Any]:
    """Return the parts of an error by name, without missing ones."""
    names = ("message", "line", "column", "pointer", "hint")
    return {name: value for name in names if (value := getattr(error, name, None)) is not None}


def declare_charset(response: AnyResponse) -> AnyResponse:
    """Declare UTF-8 for all texts: clients may read a text without charset as Latin-1."""
    content_type = response.headers.get("Content-Type", "")
    if content_type.startswith("text/") and "charset=" not in content_type:
        response.headers["Content-Type"] = f"{content_type};charset=utf-8"
    return response


def allow_browsers(response: AnyResponse) -> AnyResponse:
    """Allow pages of other sites to use the service, which is public (CORS)."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    if request.method == "OPTIONS" and "Allow" in response.headers:
        response.headers.pop("Content-Type", None)  # there is no body
        response.headers["Access-Control-Allow-Methods"] = response.headers["Allow"]
        response.headers["Access-Control-Allow-Headers"] = _ACCEPTED
        response.headers["Access-Control-Max-Age"] = _PREFLIGHT_SECONDS
    return response


def protect_browsers(response: AnyResponse) -> AnyResponse:
    """Set the security headers of a response."""
    response.headers.update(SECURITY)
    if response.mimetype in _XML:
        response.headers["Content-Security-Policy"] = _XML_POLICY
    return response


def _without_spare_slashes(application: "WSGIApplication") -> "WSGIApplication":
    """Treat `/tap/sync/` and `/tap//sync` like `/tap/sync`, without a redirect.

    Clients with a base URL that ends in a slash request the second form. Later slashes are significant,
    because an id may be a URL; in the address of a thing all slashes are.
    """

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not _HAS_ID.match(path):
            environ["PATH_INFO"] = _SPARE_SLASHES.sub(r"\1/", path).rstrip("/") or "/"
        return application(environ, start_response)

    return answer


_HAS_ID = re.compile("/(?:entity|activity|agent|program|lineage|impact)/.")
_SPARE_SLASHES = re.compile("^(/(?:tap|provsap|api(?:/v1)?))//+")
