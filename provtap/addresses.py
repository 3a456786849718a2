"""Addresses of the site's pages below its root: the source of all links in pages, pictures and results.

An id is percent-encoded as a whole, including slashes. Browsers and proxies change some paths even if they
are encoded: ids that would be affected are put into the query part of the address instead.
"""

import re
from urllib.parse import quote, urlencode

KINDS = ("entity", "activity", "agent")
"""Kinds of things with a page by id."""


def page(kind: str, id_: str, **parameters: str | int | None) -> str:
    """Return the address of the page *kind* about *id_*, such as `/entity/urn%3Auuid%3A…`."""
    given = {name: value for name, value in parameters.items() if value not in {None, ""}}
    if is_awkward(id_):
        return f"/{kind}?{urlencode({'id': id_} | given, quote_via=quote, safe='')}"
    query = f"?{urlencode(given, quote_via=quote, safe='')}" if given else ""
    return f"/{kind}/{quote(id_, safe='')}{query}"


def lineage(id_: str, **parameters: str | int | None) -> str:
    """Return the address of the picture of the ancestors or descendants of a thing."""
    return page("lineage", id_, **parameters)


def impact(id_: str, **parameters: str | int | None) -> str:
    """Return the address of the list of files that depend on a file or run."""
    return page("impact", id_, **parameters)


def compare(a: str, b: str | None = None, **parameters: str | int | None) -> str:
    """Return the address of the comparison of two runs or products; without *b* the page asks for it."""
    return question("compare", a=a, b=b, **parameters)


def cite(id_: str, form: str) -> str:
    """Return the address of what to cite for a product, as `bibtex` or `text`."""
    return question("cite", ID=id_, RESPONSEFORMAT=form)


def program(name: str, version: str | None = None) -> str:
    """Return the address of the page of a program, or of one of its versions."""
    if is_awkward(name) or (version is not None and (is_awkward(version) or not version)):
        versions = {} if version is None else {"version": version}
        return f"/program?{urlencode({'name': name} | versions, quote_via=quote, safe='')}"
    return f"/program/{quote(name, safe='')}" + ("" if version is None else f"/{quote(version, safe='')}")


def question(page: str, **parameters: str | int | None) -> str:
    """Return the address of a page about a query, such as `/result?QUERY=…`, without parameters of None."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"/{page}?{urlencode(given, quote_via=quote, safe='')}" if given else f"/{page}"


def with_both_slashes(id_: str) -> str:
    """Return the URL *id_* with the double slash after its scheme, which a proxy may have merged."""
    return _ONE_SLASH.sub(r"\1//", id_)


_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:/(?=/[^/])")
_ONE_SLASH = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*:)/(?=[^/])")


def is_awkward(id_: str) -> bool:
    """Return whether *id_* can't be in a path: slashes at its ends, a segment `.` or `..`, line breaks.

    Proxies merge adjacent slashes, which can be undone only after the scheme of a URL.
    """
    if "//" in _SCHEME.sub("", f"{id_}/"):
        return True
    segments = id_.split("/")
    if any(character < " " for character in id_):
        return True
    return not (segments[0] and segments[-1]) or not {".", ".."}.isdisjoint(segments)
