"""Addresses of the site's pages, below its root: the only maker of links, for pages, pictures and results.

An id is percent-encoded whole, its slashes too. Browsers and proxies change some paths on the way, whatever
the encoding: an id that would suffer goes into the query of the address instead.
"""

from urllib.parse import quote, urlencode

KINDS = ("entity", "activity", "agent")
"""What has a page by its id."""


def page(kind: str, id_: str, **parameters: str | int | None) -> str:
    """Return the address of the page *kind* about *id_*, such as `/entity/urn%3Auuid%3A…`."""
    given = {name: value for name, value in parameters.items() if value not in {None, ""}}
    if is_awkward(id_):
        return f"/{kind}?{urlencode({'id': id_} | given, quote_via=quote, safe='')}"
    query = f"?{urlencode(given, quote_via=quote, safe='')}" if given else ""
    return f"/{kind}/{quote(id_, safe='')}{query}"


def program(name: str, version: str | None = None) -> str:
    """Return the address of the page of a program, or of one of its versions."""
    if is_awkward(name) or (version is not None and (is_awkward(version) or not version)):
        versions = {} if version is None else {"version": version}
        return f"/program?{urlencode({'name': name} | versions, quote_via=quote, safe='')}"
    return f"/program/{quote(name, safe='')}" + ("" if version is None else f"/{quote(version, safe='')}")


def is_awkward(id_: str) -> bool:
    """Tell whether *id_* can't travel in a path: slashes at its ends, or a segment `.` or `..`."""
    segments = id_.split("/")
    return not (segments[0] and segments[-1]) or not {".", ".."}.isdisjoint(segments)
