"""Addresses of the site's pages, below its root: the only maker of links, for pages, pictures and results.

An id is percent-encoded whole, its slashes too. Browsers and proxies change some paths on the way, whatever
the encoding: an id that would suffer goes into the query of the address instead.
"""

import re
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


def lineage(id_: str, **parameters: str | int | None) -> str:
    """Return the address of the picture of where a thing came from, or what came of it."""
    return page("lineage", id_, **parameters)


def impact(id_: str, **parameters: str | int | None) -> str:
    """Return the address of the list of what used a file, or what a run wrote."""
    return page("impact", id_, **parameters)


def compare(a: str, b: str | None = None, **parameters: str | int | None) -> str:
    """Return the address of the comparison of two runs or products; without *b* it asks for it."""
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
    """Return the address of a page about a query, such as `/result?QUERY=…`; what is None is left out."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"/{page}?{urlencode(given, quote_via=quote, safe='')}" if given else f"/{page}"


def with_both_slashes(id_: str) -> str:
    """Return the URL that *id_* was before a proxy on the way merged the slashes after its scheme."""
    return _ONE_SLASH.sub(r"\1//", id_)


_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:/(?=/[^/])")
_ONE_SLASH = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*:)/(?=[^/])")


def is_awkward(id_: str) -> bool:
    """Tell whether *id_* can't be in a path: slashes at its ends, a segment `.` or `..`, line breaks.

    Of slashes that follow each other proxies leave one, which can be undone after the scheme of a URL only.
    """
    if "//" in _SCHEME.sub("", f"{id_}/"):
        return True
    segments = id_.split("/")
    if any(character < " " for character in id_):
        return True
    return not (segments[0] and segments[-1]) or not {".", ".."}.isdisjoint(segments)
