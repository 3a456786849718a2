"""/entity/ID, /activity/ID and /agent/ID: the page of a file, run or person, and its provenance in all forms.

An id is looked up as it stands; only if there is none such, a known suffix is taken off. Another name of a
thing, or another class than its own, leads to the address that it has.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, redirect, request

from provtap.errors import NotFound, ParameterError
from provtap.provsap import ProvsapRequest, retrieve, write
from provtap.query.names import Closeness, Meaning, find
from provtap.web.http.context import service
from provtap.web.http.negotiation import is_browser, wanted
from provtap.web.site import frame, product, run, who
from provtap.web.site.store import Store, asking, readable

bp = Blueprint("things", __name__)

FORMS = {
    "html": "text/html",
    "json": "application/json",
    "provn": "text/provenance-notation",
    "xml": "application/provenance+xml",
    "jsonld": "application/ld+json",
    "vot": "application/x-votable+xml",
    "svg": "image/svg+xml",
    "png": "image/png",
    "dot": "text/vnd.graphviz",
}
"""Forms of a thing: the page, what it tells as JSON, and the answers of ProvSAP with DEPTH=1."""
_PROVSAP = {
    "provn": "PROV-N",
    "xml": "PROV-XML",
    "jsonld": "PROV-JSONLD",
    "vot": "PROV-VOTABLE",
    "svg": "PROV-SVG",
    "png": "PROV-PNG",
    "dot": "PROV-DOT",
}
_SUFFIX = re.compile(rf"(.+)\.({'|'.join(name for name in FORMS if name != 'html')})", re.DOTALL)
HEADER_BYTES = 1_500
"""Of the link to the provenance: proxies refuse an answer with long headers."""

Show = Callable[[Store, str, str], Response]
_PAGES: dict[str, Show] = {"entity": product.show, "activity": run.show, "agent": who.show}


@dataclass(frozen=True)
class Asked:
    """What an address means."""

    meaning: Meaning
    suffix: str | None = None


@bp.get("/<any(entity, activity, agent):kind>/<id:id_>")
@bp.get("/<any(entity, activity, agent):kind>")
def page(kind: str, id_: str | None = None) -> Response:
    """Show a thing, or lead to where it is."""
    name = request.args.get("id") if id_ is None else id_
    if not name:
        raise ParameterError("id is missing.", hint=f"Write /{kind}/ID or /{kind}?id=ID.")
    with asking() as store:
        asked = _meaning(store, kind, name)
        if asked is None:
            return _nothing(name)
        form = wanted(FORMS, asked.suffix)
        found = asked.meaning
        if (found.kind, found.closeness) != (kind, Closeness.ID):
            return _elsewhere(found, form)
        if form in {"html", "json"}:
            response = _PAGES[kind](store, found.id, form)
    if form in _PROVSAP:
        response = _provenance(found.id, form)
    _link_provenance(response, found)
    return response


def _meaning(store: Store, kind: str, name: str) -> Asked | None:
    """Return what *name* means, with or without a suffix, best a thing of this *kind*."""
    suffixed = _SUFFIX.fullmatch(name)
    names = [name, *([suffixed[1]] if suffixed else [])]
    meanings = store.within(lambda transaction: find(transaction, _legal(names), Closeness.CHECKSUM)) or []
    for given, suffix in zip(names, (None, suffixed and suffixed[2]), strict=False):
        found = [meaning for meaning in meanings if meaning.given == given]
        found.sort(key=lambda meaning: (meaning.closeness, meaning.kind != kind))
        if found:
            return Asked(found[0], suffix)
    return None


def _legal(names: list[str]) -> list[str]:
    """Return *names* that PostgreSQL can take: none in the store has a NUL or half a character."""
    return [name for name in names if "\0" not in name and name.isprintable() or _encodable(name)]


def _encodable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in name


def _elsewhere(found: Meaning, form: str) -> Response:
    """Lead to the page of a thing that was asked for by another name, or as another class."""
    address = frame.url(found.kind, found.id, format=None if form == "html" else form)
    response = redirect(address, 302)
    response.vary.add("Accept")
    return response  # type: ignore[return-value]


def _nothing(name: str) -> Response:
    """Say that nothing has this id, and help to find what was meant."""
    if not is_browser():
        raise NotFound(f"Nothing here is called {name[:200]}.", hint="Search for its name, path or checksum.")
    return frame.render("nothing.html", 404, asked_for=name)


def _provenance(id_: str, form: str) -> Response:
    ours = service()
    asked = ProvsapRequest.from_parameters({"ID": [id_], "RESPONSEFORMAT": [_PROVSAP[form]]})
    graph = retrieve(asked, readable(), ours.tableset, ours.settings)
    document = write(graph, asked, ours.base_url)
    return frame.tagged(Response(document, content_type=asked.responseformat.mime))


def _link_provenance(response: Response, found: Meaning) -> None:
    """Tell programs where the provenance is (W3C PROV-AQ, section 3.1)."""
    url = f"{service().base_url}/provsap?{urlencode({'ID': found.id}, quote_via=quote, safe='')}"
    if found.kind != "agent" and len(url) <= HEADER_BYTES:
        response.headers.add("Link", f'<{url}>; rel="http://www.w3.org/ns/prov#has_provenance"')
