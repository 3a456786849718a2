"""Whether a request was made by a page of another site, in the browser of somebody who may not know of it.

A browser says so in `Sec-Fetch-Site`, or over plain HTTP at least in `Origin`, which it adds to whatever may
change something and to whatever a page could read. Programs that are no browsers send neither.
"""

from urllib.parse import urlsplit

from flask import request

from provtap.web.http.context import service

_OWN = {"same-origin", "none"}
"""Requests of our own pages, and those that a user typed or bookmarked. Another port is another origin."""


def is_foreign() -> bool:
    """Tell whether the current request was made by a page of another origin."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in _OWN
    origin = request.headers.get("Origin")
    if origin is None:
        return False
    host = origin.partition("://")[2]  # the scheme that a proxy was asked by is unknown here
    return host not in {request.host, urlsplit(service().base_url).netloc}
