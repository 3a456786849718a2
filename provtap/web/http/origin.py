"""Detects requests from pages of other sites, which a browser may send without its user's knowledge.

Browsers send `Sec-Fetch-Site`, or over plain HTTP at least `Origin`, with all requests that may change
something and all responses that a page could read. Other programs send neither.
"""

from urllib.parse import urlsplit

from flask import request

from provtap.web.http.context import service

_OWN = {"same-origin", "none"}
"""Requests of our own pages, and typed or bookmarked addresses. Another port is another origin."""


def is_foreign() -> bool:
    """Return whether the current request was made by a page of another origin."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in _OWN
    origin = request.headers.get("Origin")
    if origin is None:
        return False
    host = origin.partition("://")[2]  # the scheme used between client and proxy is unknown here
    return host not in {request.host, urlsplit(service().base_url).netloc}
