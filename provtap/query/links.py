"""Links from the rows of a result to the things that they name: to pages, provenance and DataLink."""

from collections.abc import Iterator, Sequence

from provtap.results.votable import Descriptor, Param
from provtap.tableset import Column

STANDARD_ID = "ivo://ivoa.net/std/ProvenanceDM#ProvSAP-1.0"
"""No standard id is registered; this one is based on the drafts of the IVOA."""

DATALINK_ID = "ivo://ivoa.net/std/DataLink#links-1.1"
DATALINK_TYPE = "application/x-votable+xml;content=datalink"
"""Exactly this text: pyvo compares it (LINK-3)."""
_DID = ("obscore:curation.publisherdid", "ivoa.obscore.obs_publisher_did")
"""Utype, in lower case, or target of columns with publisher's identifiers, which are names of entities."""

_CLASSES = {
    "voprov:Entity.id": "Entity",
    "voprov:Activity.id": "Activity",
    "voprov:Agent.id": "Agent",
    "obscore:Curation.publisherDID": "Entity",
    "provenance.entity.e_id": "Entity",
    "provenance.activity.a_id": "Activity",
    "provenance.agent.ag_id": "Agent",
}
"""The kind of thing of an id, by the utype of its column or by the column that it refers to."""
_FORMS = {
    "tables": (
        "application/x-votable+xml",
        ("PROV-VOTABLE", "PROV-JSON", "PROV-XML", "PROV-N", "PROV-JSONLD"),
    ),
    "picture": ("image/svg+xml", ("PROV-SVG", "PROV-PNG", "PROV-DOT")),
}
"""Formats that clients can load or show: media type, RESPONSEFORMAT and further media types."""
_WAY = (
    Param(
        "DEPTH",
        "Relations to follow: any number (default 1), or ALL. From a file to its run is one relation.",
        ("1", "2", "3", "4", "6", "8", "10", "20", "ALL"),
    ),
    Param(
        "DIRECTION",
        "BACK (default) to its ancestors, FORTH to its descendants, or BOTH.",
        ("BACK", "FORTH", "BOTH"),
    ),
)
_AGENT = Param("AGENT", "1: follow the agent to everything that it is responsible for.", ("1", "0"), "1")
"""Without it, the provenance of an agent is only the agent itself."""


def names_a(column: Column) -> str | None:
    """Return the class of the ids in *column*: Entity, Activity or Agent; None for other columns."""
    return _CLASSES.get(column.target or "") or _CLASSES.get(column.utype or "")


def provenance_links(columns: Sequence[Column], base_url: str) -> Iterator[Descriptor]:
    """Yield the descriptors of pages and ProvSAP, at *base_url*, for each column with ids of the model.

    The page comes first, because TOPCAT offers to open the first one for a row.

    Such a column is an id by its utype, or refers to one by a published key. Its name in the result does not
    matter, but it must be a column, not an expression.
    """
    for number, column in enumerate(columns):
        named = names_a(column)
        if named is not None:
            yield _page(number, column, f"{base_url}/{named.lower()}")
            way = (*_WAY, _AGENT) if named == "Agent" else _WAY
            yield from (_link(key, number, column, way, f"{base_url}/provsap") for key in _FORMS)


def result_links(columns: Sequence[Column], base_url: str) -> Iterator[Descriptor]:
    """Yield all that clients can do with the ids in a result: `provenance_links`, then DataLink."""
    yield from provenance_links(columns, base_url)
    yield from datalink(columns, base_url)


def datalink(columns: Sequence[Column], base_url: str) -> Iterator[Descriptor]:
    """Yield how to ask for the links of each row: one service only, since pyvo takes the first (LINK-7).

    It takes the publisher's identifiers if there are some, or else the first column with ids of entities.
    """
    dids = [n for n, c in enumerate(columns) if (c.utype or "").lower() in _DID or c.target in _DID]
    entities = [number for number, column in enumerate(columns) if names_a(column) == "Entity"]
    for number in (*dids, *entities)[:1]:
        yield Descriptor(
            name="Links",
            value=f"{base_url}/links",
            text=f"Files, inputs, derived products and documents of what {columns[number].name} names.",
            key="links",
            column=number,
            standard_id=DATALINK_ID,
            content_type=DATALINK_TYPE,
        )


def provenance_tables(number: int, column: Column, base_url: str) -> Descriptor:
    """Return how to ask ProvSAP for the provenance of the entity in a column, as tables."""
    return _link("tables", number, column, _WAY, f"{base_url}/provsap")


def _page(number: int, column: Column, url: str) -> Descriptor:
    return Descriptor(
        name="Page",
        value=url,
        text=f"Page of the thing in {column.name}, with its origin and the files derived from it.",
        key="page",
        column=number,
        parameter="id",
        content_type="text/html",
    )


def _link(key: str, number: int, column: Column, way: tuple[Param, ...], url: str) -> Descriptor:
    content_type, forms = _FORMS[key]
    return Descriptor(
        name=f"Provenance as {key}",
        value=url,
        text=f"Provenance of the thing in {column.name}, as {key}, by ProvSAP.",
        key=key,
        column=number,
        standard_id=STANDARD_ID,
        content_type=content_type,
        parameters=(*way, Param("RESPONSEFORMAT", "Format of the response.", forms, forms[0])),
    )
