"""The form of a response: a page for a browser, or a document for a program."""

from collections.abc import Mapping

from flask import request

from provtap.errors import ParameterError

XHTML = "application/xhtml+xml"


def is_browser() -> bool:
    """Return whether the client is a browser: its Accept has XHTML, unlike that of any TAP client (HTTP-20).

    STILTS and TOPCAT also accept `text/html`, even if they want XML.
    """
    return XHTML in request.headers.get("Accept", "")


def wanted(forms: Mapping[str, str], suffix: str | None = None) -> str:
    """Return the form of the response, one of *forms* (media types by name); `html` is the default.

    The parameter `format` takes precedence, then the *suffix* of the address, then Accept.

    Raises: ParameterError for an unknown format.
    """
    named = request.args.get("format") or suffix
    if named is not None:
        if named not in forms:
            raise ParameterError(
                f"There is no format {named[:40]!r} here.", hint=f"There are {', '.join(forms)}."
            )
        return named
    if is_browser():
        return "html"
    best = request.accept_mimetypes.best_match(forms.values(), default=forms["html"])
    return next(name for name, media_type in forms.items() if media_type == best)
