"""Authentication: the account of a request, and the scopes of its token (RFC 6750, RFC 7617).

A token is sent as `Authorization: Bearer <token>`, or with Basic as the password of its account, which
STILTS, TOPCAT, pyvo and browsers support. Unless PROVTAP_ACCOUNTS is on, the header is ignored.
"""

from hmac import compare_digest

from flask import Flask, g, request
from werkzeug.wrappers import Response

from provtap.errors import DatabaseUnavailable, Forbidden, Unauthenticated
from provtap.operation.accounts import ApiAccount, account
from provtap.uws.job import Client
from provtap.web.http.access_log import note
from provtap.web.http.closing import refuse_under_maintenance
from provtap.web.http.context import service
from provtap.web.http.origin import is_foreign
from provtap.web.http.responses import challenge

_ANYBODY = {"vosi.availability", "provsap.availability"}
"""Endpoints that must answer when the database, and so every token, is out of reach."""
_READING = {"tap.sync", "provsap.provsap", "links.links"}
"""Endpoints that change nothing, whatever the method."""
_CHALLENGED = {"vosi.capabilities", "provsap.capabilities"}
"""Endpoints where clients look for methods of authentication (AUTH-2)."""


def register(app: Flask) -> None:
    """Register the check of credentials, which runs before each view of *app*."""
    app.before_request(_identify)
    app.after_request(_add_headers)


def caller() -> str | None:
    """Return the name of the account of the current request; None if it is anonymous."""
    known = _account()
    return None if known is None else known.name


def client() -> Client:
    """Return the client of the current request, for the limits on clients."""
    return Client(caller(), request.remote_addr or "")


def require(scope: str, *, by_form: bool = False) -> None:
    """Do nothing if the current request may do what needs *scope*; what anybody may do needs none.

    Browsers send a password by Basic to whatever page of another site asks them to, so only Bearer may write,
    and with *by_form* a form of ours, whose token the view checks.

    Raises: Unauthenticated if it is anonymous, unless reading is public; Forbidden.
    """
    known = _account()
    if scope == "read" and not service().settings.require_account:
        return
    if known is None:
        if not service().settings.accounts:
            raise Unauthenticated(
                "This service has no accounts, so that nothing can be stored over HTTP.",
                hint="Ask the operator to switch them on.",
            )
        raise Unauthenticated(
            "This request needs an account.",
            hint="Send a token in the header Authorization, as Bearer or Basic.",
        )
    if not known.may(scope):
        raise Forbidden(f"The token of {known.name} does not have the scope {scope}.")
    basic = request.authorization is not None and request.authorization.type == "basic"
    if scope != "read" and basic and not by_form:
        raise Forbidden(
            "Basic authentication allows reading only.", hint="Send the token as Authorization: Bearer."
        )


def _account() -> ApiAccount | None:
    known: ApiAccount | None = g.get("account")
    return known


def _identify() -> None:
    """Identify the sender of the request; wrong credentials are an error, not an anonymous request."""
    if not service().settings.accounts or "Authorization" not in request.headers:
        return
    if request.method != "OPTIONS" and request.endpoint not in _ANYBODY:
        g.account = _authenticate()
        note(owner=g.account.name)
        _refuse_borrowed_password()


def _authenticate() -> ApiAccount:
    given = request.authorization
    kind = given.type if given else ""
    if given is None or kind not in {"basic", "bearer"}:
        raise Unauthenticated("The Authorization header is not valid.", hint="Use Bearer or Basic.")
    found = _find((given.token if kind == "bearer" else given.password) or "")
    if found is None or (kind == "basic" and not compare_digest(_bytes(given.username), _bytes(found.name))):
        raise Unauthenticated("The account name or the token is wrong, or the token has expired.")
    return found


def _refuse_borrowed_password() -> None:
    """Refuse a change that a page of another site asks for by Basic: the browser may have added the password.

    Raises: Forbidden.
    """
    changes = request.method not in {"GET", "HEAD"} and request.endpoint not in _READING
    if changes and request.authorization and request.authorization.type == "basic" and is_foreign():
        raise Forbidden(
            "Pages of other sites cannot change anything with Basic authentication.",
            hint="Send the token as Authorization: Bearer.",
        )


def _find(token: str) -> ApiAccount | None:
    try:
        return account(service().database, token)
    except DatabaseUnavailable:
        refuse_under_maintenance()  # its error is more specific
        raise


def _bytes(text: str | None) -> bytes:
    return (text or "").encode()


def _add_headers(response: Response) -> Response:
    """Add a header with the authenticated account (AUTH-2); for the capabilities, with the methods."""
    name = caller()
    if name is not None:
        response.headers["X-VO-Authenticated"] = name
    elif service().settings.accounts and request.endpoint in _CHALLENGED and response.status_code < 400:
        challenge(response)
    return response
