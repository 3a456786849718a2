"""Writes a graph in any format: PROV's formats with the `prov` library, the others with our own code."""

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

from provtap import addresses
from provtap.errors import DocumentError
from provtap.provsap.graph import Graph, Key
from provtap.provsap.request import ProvsapRequest
from provtap.results.votable import Info

if TYPE_CHECKING:
    from prov.model import ProvDocument

    from provtap.provsap.provjson import JsonDocument

AnyDocument = TypeVar("AnyDocument", "ProvDocument", "JsonDocument")


def write(
    graph: Graph,
    request: ProvsapRequest,
    base_url: str,
    infos: Iterable[Info] = (),
    *,
    publisher: str | None = None,
    licence: str | None = None,
) -> bytes:
    """Return the document for *request*.

    Links in pictures lead to *base_url*, a VOTable has *infos*, a crate its *publisher* and *licence*, a URI.
    Libraries are imported when needed, because most commands need none of them.
    """
    form = request.responseformat
    if form.serializer is not None:
        return _prov(graph, request.model, form.serializer)
    if form.picture:
        return _drawn(graph, request, base_url)
    if form.name == "PROV-TREE":
        from provtap.provsap.tree import tree_lines

        return "".join(f"{line}\n" for line in tree_lines(graph, request.direction)).encode(errors="replace")
    if form.name == "RO-CRATE":
        from provtap.provsap.rocrate import crate_metadata

        return crate_metadata(graph, publisher, licence)
    from provtap.provsap.votable import prov_votable

    return prov_votable(graph, infos)


def not_written(graph: Graph, request: ProvsapRequest) -> tuple[str, ...]:
    """Return what the format of *request* cannot express: tables, numbers of their rows, and columns."""
    if not request.responseformat.extended:
        return ()
    from provtap.provsap.crate_rules import left_out

    return tuple(map(str, left_out(graph)))


def _drawn(graph: Graph, request: ProvsapRequest, base_url: str) -> bytes:
    """Return a picture. Raises: Busy, QueryTimeout, TooLarge."""
    from provtap.provsap.dot import dot_lines
    from provtap.provsap.picture import Picture
    from provtap.provsap.place import place
    from provtap.provsap.render import render
    from provtap.provsap.svg import svg_document

    picture = Picture(graph, request.attributes)

    def link(key: Key) -> str:
        return base_url + addresses.page(key.kind, key.id)

    if request.responseformat.name == "PROV-SVG":
        return svg_document(place(picture, request.gd), link, "Provenance")
    dot = "".join(f"{line}\n" for line in dot_lines(picture, request.gd, link))
    return dot.encode() if request.responseformat.name == "PROV-DOT" else render(dot, "png")


def prov_document(graph: Graph, model: str) -> "ProvDocument":
    """Return *graph* as a document of the `prov` library; *model* is IVOA or W3C."""
    from prov.model import ProvDocument

    return _written(graph, model, ProvDocument())


def _written(graph: Graph, model: str, document: AnyDocument) -> AnyDocument:
    from provtap.provsap.ivoa import IvoaDocument
    from provtap.provsap.w3c import W3cDocument

    {"IVOA": IvoaDocument, "W3C": W3cDocument}[model](graph, document).write()
    return document


def _prov(graph: Graph, model: str, serializer: str) -> bytes:
    if serializer == "json":
        from provtap.provsap.provjson import JsonDocument

        return _written(graph, model, JsonDocument()).text()
    return serialized(prov_document(graph, model), serializer)


def serialized(document: "ProvDocument", serializer: str) -> bytes:
    """Return a document of the `prov` library in one of its notations.

    Raises: DocumentError if the notation cannot express it.
    """
    from prov import Error
    from prov.model import ProvMention

    if serializer == "jsonld" and any(
        isinstance(record, ProvMention) for part in (document, *document.bundles) for record in part.records
    ):
        raise DocumentError(
            "The document contains mentionOf, which PROV-JSONLD cannot express.",
            hint="Use prov-json, prov-xml or provn.",
        )
    stream = io.BytesIO()
    try:
        if serializer == "xml":
            from provtap.provsap.provxml import XmlSerializer

            XmlSerializer(document).serialize(stream)
        else:
            document.serialize(stream, format=serializer)
    except (Error, ValueError, TypeError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise DocumentError(f"The document cannot be written in this format: {reason}.") from error
    return stream.getvalue()
