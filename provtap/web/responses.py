"""What every response has in common: the form of errors, and headers for programs in browsers.

Under /tap and /provsap an error is a VOTable (DALI 1.1, section 4.4), elsewhere a line of plain text.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from provtap.errors import InternalError, ProvtapError
from provtap.results.votable import write_error

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

RETRY_AFTER = 10
"""Seconds after which a client should try again what failed for want of a database."""

DRAINED = 100_000_000
"""Bytes of a refused body that are read all the same."""


def register(app: Flask) -> None:
    """Give *app* its error handlers, its headers, and tolerance for slashes at the end of a path."""
    app.register_error_handler(ProvtapError, report)
    app.register_error_handler(HTTPException, report_http)
    app.register_error_handler(Exception, report_unforeseen)
    app.after_request(allow_browsers)
    app.teardown_request(lambda _: request.close())  # files of a multipart body
    app.url_map.merge_slashes = False  # it would redirect, which STILTS refuses after a POST
    app.wsgi_app = _without_last_slash(app.wsgi_app)  # type: ignore[method-assign, assignment]


def report(error: ProvtapError) -> Response:
    """Return the document for an error of ours, with its HTTP status."""
    response = _document(str(error), error.status)
    if error.status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def report_http(error: HTTPException) -> AnyResponse:
    """Return the document for what Flask itself refuses; redirects are no errors and pass."""
    if error.code is None or error.code < 400 or error.response is not None:
        return error.get_response()
    if isinstance(error, RequestEntityTooLarge):
        _drain()
    response = _document(_sentence(error), error.code)
    for name, value in error.get_headers(request.environ):
        if name != "Content-Type":
            response.headers[name] = value  # Allow, WWW-Authenticate, Retry-After
    return response


def report_unforeseen(error: Exception) -> Response:
    """Return one sentence for an error that nobody foresaw; the log gets its traceback."""
    current_app.logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return report(InternalError())


def _sentence(error: HTTPException) -> str:
    """Return what to tell of an error: Flask's own texts are for people in front of a browser."""
    if error.description != type(error).description:
        return str(error.description)
    match error:
        case NotFound():
            return f"There is nothing at {request.path}."
        case MethodNotAllowed():
            return f"{request.method} can't be used on {request.path}."
        case RequestEntityTooLarge():
            limit = request.max_content_length
            return f"The request is larger than the {limit} bytes this service takes."
    return str(error.description)


def _drain() -> None:
    """Read the rest of a body that is too large: many clients look for an answer only once they sent all."""
    left = DRAINED
    while left > 0 and (piece := request.environ["wsgi.input"].read(min(left, 1 << 20))):
        left -= len(piece)


def _document(message: str, status: int) -> Response:
    if request.path.split("/")[1] in {"tap", "provsap"}:
        return Response(write_error(message), status, content_type="application/x-votable+xml")
    return Response(f"{message}\n", status, content_type="text/plain; charset=utf-8")


def allow_browsers(response: AnyResponse) -> AnyResponse:
    """Let programs in other sites' pages use the service: all of it is public (CORS)."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = (
        "Location, Retry-After, WWW-Authenticate, X-VO-Authenticated"
    )
    if request.method == "OPTIONS" and "Allow" in response.headers:
        response.headers["Access-Control-Allow-Methods"] = response.headers["Allow"]
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
    return response


def _without_last_slash(application: "WSGIApplication") -> "WSGIApplication":
    """Answer `/tap/sync/` like `/tap/sync`, without a redirect."""

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ["PATH_INFO"] = environ.get("PATH_INFO", "").rstrip("/") or "/"
        return application(environ, start_response)

    return answer
