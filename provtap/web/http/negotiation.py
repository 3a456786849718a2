"""What a client wants to get: a page, for a browser, or a form that a program reads."""

from flask import request

XHTML = "application/xhtml+xml"


def is_browser() -> bool:
    """Tell whether a browser asks: its Accept names XHTML, which no client of TAP does (HTTP-20).

    STILTS and TOPCAT name `text/html` as well, even where they want XML.
    """
    return XHTML in request.headers.get("Accept", "")
