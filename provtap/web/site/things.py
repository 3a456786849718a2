"""/entity/ID, /activity/ID and /agent/ID: the page of a file, run or person, and its provenance in all forms.

An id is first looked up unchanged, then without a known suffix. Another name of a thing, or another class
than its own, redirects to its address.
"""

from collections.abc import Callable
from urllib.parse import quote, urlencode

from flask import Blueprint, Response

from provtap.provsap import ProvsapRequest, retrieve, write
from provtap.query.names import Closeness, Meaning
from provtap.web.http.context import service
from provtap.web.http.negotiation import wanted
from provtap.web.site import frame, product, run, who
from provtap.web.site.named import asked, elsewhere, nothing
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
"""Forms of a thing: the page, its data as JSON, and the responses of ProvSAP with DEPTH=1."""
_PROVSAP = {
    "provn": "PROV-N",
    "xml": "PROV-XML",
    "jsonld": "PROV-JSONLD",
    "vot": "PROV-VOTABLE",
    "svg": "PROV-SVG",
    "png": "PROV-PNG",
    "dot": "PROV-DOT",
}
HEADER_BYTES = 1_500
"""Maximum bytes of the link to the provenance: proxies reject responses with long headers."""

Show = Callable[[Store, str, str], Response]
_PAGES: dict[str, Show] = {"entity": product.show, "activity": run.show, "agent": who.show}


@bp.get("/<any(entity, activity, agent):kind>/<id:id_>")
@bp.get("/<any(entity, activity, agent):kind>")
def page(kind: str, id_: str | None = None) -> Response:
    """Show a thing, or redirect to its address."""
    with asking() as store:
        named = asked(store, kind, id_, FORMS, kind)
        if named is None:
            return nothing(id_)
        form = wanted(FORMS, named.suffix)
        found = named.meaning
        if (found.kind, found.closeness) != (kind, Closeness.ID):
            return elsewhere(found.kind, found, format=None if form == "html" else form)
        if form in {"html", "json"}:
            response = _PAGES[kind](store, found.id, form)
    if form in _PROVSAP:
        response = _provenance(found.id, form)
    _link_provenance(response, found)
    return response


def _provenance(id_: str, form: str) -> Response:
    ours = service()
    wish = ProvsapRequest.from_parameters({"ID": [id_], "RESPONSEFORMAT": [_PROVSAP[form]]})
    graph = retrieve(wish, readable(), ours.tableset, ours.settings)
    document = write(graph, wish, ours.base_url)
    return frame.tagged(Response(document, content_type=wish.responseformat.mime))


def _link_provenance(response: Response, found: Meaning) -> None:
    """Add a link to the provenance for programs (W3C PROV-AQ, section 3.1)."""
    url = f"{service().base_url}/provsap?{urlencode({'ID': found.id}, quote_via=quote, safe='')}"
    if found.kind != "agent" and len(url) <= HEADER_BYTES:
        response.headers.add("Link", f'<{url}>; rel="http://www.w3.org/ns/prov#has_provenance"')
