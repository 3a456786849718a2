"""ProvSAP over HTTP: /provsap and its VOSI documents."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, request
from lxml import etree

from provtap.citation import credits_of, product_origin
from provtap.database.connect import Database
from provtap.history import retrieve
from provtap.provsap import Graph, ProvsapRequest, not_written, write
from provtap.provsap.formats import FORMATS
from provtap.provsap.request import PARAMETERS
from provtap.query.links import STANDARD_ID
from provtap.query.origin import OURS, dataset_origin, instant, last_update, request_origin
from provtap.query.request import request_url
from provtap.results.votable import Info
from provtap.web.http.admission import admit
from provtap.web.http.cached_documents import cached_document
from provtap.web.http.context import service
from provtap.web.http.params import parameters
from provtap.web.vosi import availability

bp = Blueprint("provsap", __name__)
bp.add_url_rule("/availability", view_func=availability)

MOST_TOLD = 20
"""Maximum headers of one kind: clients reject a response with too many."""
HEADER_BYTES = 1_500
"""Maximum bytes of all headers of one kind: proxies reject responses with headers of more than 4 kB."""
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]{1,300}")
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NAMESPACES = {
    "vosi": "http://www.ivoa.net/xml/VOSICapabilities/v1.0",
    "vs": "http://www.ivoa.net/xml/VODataService/v1.1",
    "xsi": _XSI,
}


@bp.route("", methods=["GET", "POST"])
def provsap() -> Response:
    """Return the provenance of each ID; a header lists unknown ids.

    HEAD only checks the parameters and returns the Content-Type.
    """
    database = admit()
    ours = service()
    asked = ProvsapRequest.from_parameters(parameters(request))
    if request.method == "HEAD":
        return Response(content_type=asked.responseformat.mime)
    graph = retrieve(asked, database, ours.tableset, ours.settings)
    infos = _origin(graph, database) if asked.responseformat.name == "PROV-VOTABLE" else ()
    terms = {"publisher": ours.settings.publisher, "licence": ours.settings.rights_uri}
    content = write(graph, asked, ours.base_url, infos, **terms)
    response = Response(content, content_type=asked.responseformat.mime)
    overflow = len(graph.nodes) if graph.overflow else 0
    with_notes(response, graph.unknown, overflow, not_written(graph, asked))
    if graph.known is not None:
        response.headers["X-ProvTAP-As-Of"] = instant(graph.known.time)
        response.headers["X-ProvTAP-Undone"] = str(graph.known.undone)
    for link in _few(_links(graph, ours.base_url)):
        response.headers.add("Link", link)
    return response


def _origin(graph: Graph, database: Database) -> list[Info]:
    """Return the origin of a VOTable; for a single product with what is known of it (ORIG-3)."""
    ours = service()
    url = request_url(f"{ours.base_url}/provsap", parameters(request))
    known: Mapping[str, tuple[str, ...]] = {}
    roots = list(graph.roots)
    if len(roots) == 1 and roots[0].kind == "entity":
        with database.reading(ours.settings.sync_duration) as transaction:
            known = product_origin(credits_of(transaction, roots[0].id, ours.tableset, ours.settings))
    return [
        *request_origin(ours.settings, STANDARD_ID, url=url),
        *dataset_origin(ours.settings, ours.tableset, OURS, last_update(database), known),
    ]


def with_notes(
    response: Response, unknown: Iterable[str], overflow: int, left_out: Iterable[str] = ()
) -> Response:
    """Return *response* with headers.

    They have *unknown* ids, the number of things if some are missing, and the rows that are *left_out*.
    """
    for id_ in _few(map(quote, unknown)):
        response.headers.add("X-ProvTAP-Unknown-ID", id_)
    if overflow:
        response.headers["X-ProvTAP-Overflow"] = str(overflow)
    for each in left_out:
        response.headers.add("X-ProvTAP-Left-Out", each)
    return response


def _few(values: Iterable[str]) -> Iterator[str]:
    """Yield complete *values* as long as there is room in the headers."""
    left = HEADER_BYTES
    for value in islice(values, MOST_TOLD):
        if len(value) <= left:
            left -= len(value)
            yield value


def _links(graph: Graph, base_url: str) -> Iterator[str]:
    """Yield the address of the whole provenance of each requested thing (PROV-AQ, section 3.1)."""
    for id_ in sorted(key.id for key in graph.roots):
        if _IRI.fullmatch(id_):
            url = f"{base_url}/provsap?{urlencode({'ID': id_, 'DEPTH': 'ALL'})}"
            yield f'<{url}>; rel="http://www.w3.org/ns/prov#has_provenance"; anchor="{id_}"'


@bp.get("/capabilities")
def capabilities() -> Response:
    """Describe the interface of the service (VOSI 1.1, section 2; VODataService 1.2, section 3.4)."""
    return cached_document(
        "provsap/capabilities", lambda: _capabilities_document(f"{service().base_url}/provsap")
    )


def _capabilities_document(url: str) -> bytes:
    root = etree.Element(f"{{{_NAMESPACES['vosi']}}}capabilities", nsmap=_NAMESPACES)
    root.append(_provsap_capability(url))
    for name in ("capabilities", "availability"):
        root.append(_capability(f"ivo://ivoa.net/std/VOSI#{name}", f"{url}/{name}", "full"))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _provsap_capability(url: str) -> etree._Element:
    capability = _capability(STANDARD_ID, url, "base")
    interface = capability[-1]
    _add(interface, "resultType", FORMATS[0].mime)  # only one is allowed
    for name, description in PARAMETERS.items():
        parameter = _add(interface, "param", use="required" if name == "ID" else "optional", std="false")
        _add(parameter, "name", name)
        _add(parameter, "description", description)
        _add(parameter, "dataType", "string")
    return capability


def _capability(standard_id: str, url: str, use: str) -> etree._Element:
    capability = etree.Element("capability", standardID=standard_id)
    interface = _add(capability, "interface", version="1.0", role="std")
    interface.set(f"{{{_XSI}}}type", "vs:ParamHTTP")
    _add(interface, "accessURL", url, use=use)
    return capability


def _add(parent: etree._Element, tag: str, text: str | None = None, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, tag, attributes)
    element.text = text
    return element
