"""What a client wants: a page for a browser, or a document for a program."""

from collections.abc import Mapping

from flask import request

from provtap.errors import ParameterError

XHTML = "application/xhtml+xml"


def is_browser() -> bool:
    """Tell whether a browser asks: its Accept names XHTML, which no client of TAP does (HTTP-20).

    STILTS and TOPCAT name `text/html` as well, even where they want XML.
    """
    return XHTML in request.headers.get("Accept", "")


def wanted(forms: Mapping[str, str], suffix: str | None = None) -> str:
    """Return the form to answer in, of *forms*: media types by names, of which `html` is the default.

    The parameter `format` comes first, then the *suffix* of the address, then Accept.

    Raises: ParameterError for a format that is none of them.
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
