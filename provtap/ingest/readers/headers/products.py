"""Provenance in the headers of data products, in the dialects of those who write it there.

A document is what product_file.py makes of a file, or JSON with the same keywords: at its top, under
`metadata`, or for several products by their names.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from provtap.errors import NoProvenance
from provtap.ingest.model import identity
from provtap.ingest.model.identity import NAME_BYTES
from provtap.ingest.model.records import Entity, Location, Rank, Record, RecordSet
from provtap.ingest.parsing.bounded import NO_LIMIT, bounded
from provtap.ingest.parsing.json import canonical, parse
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.headers import cadc as header_parents
from provtap.ingest.readers.headers import eso as header_eso
from provtap.ingest.readers.headers.ctao import entity_records, producer_records, read_header


@dataclass(frozen=True)
class Dialect:
    """The keywords of one community; to add one, add it to DIALECTS."""

    name: str
    speaks: Callable[[Node], bool]
    """Tell whether the keywords of a product are of this dialect."""
    read: Callable[[Node, str | None, str], Iterator[Record]]
    """Yield what the keywords say (of the product, its URL if that is known, the site)."""


def looks_like(content: bytes) -> bool:
    """Tell whether *content* is JSON with keywords that are known."""
    return content.lstrip()[:1] == b"{" and any(mark in content for mark in _MARKS)


_MARKS = (b'"CTA PRODUCT ID"', b'"keywords":')


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the records of each product whose header is in the document.

    Raises: DocumentError.
    """
    for value in parse(content):
        products = list(bounded(_products(Node(value, "the header"), None), most))
        if not products:
            known = ", ".join(dialect.name for dialect in DIALECTS)
            raise NoProvenance(f"the header has no keywords about provenance ({known})")
        for keywords, url in products:
            records = tuple(
                record
                for dialect in DIALECTS
                if dialect.speaks(keywords)
                for record in dialect.read(keywords, url, site)
            )
            text = canonical([keywords.value, url, site])
            yield RecordSet(None, hashlib.sha256(text.encode()).hexdigest(), records)


def _products(node: Node, url: str | None) -> Iterator[tuple[Node, str | None]]:
    """Yield the keywords of each product, and where it is."""
    if "keywords" in node and "form" in node:
        yield from _products(node["keywords"], node["url"].text())
    elif any(dialect.speaks(node) for dialect in DIALECTS):
        yield node, url
    else:
        for name, member in node.members():
            if isinstance(member.value, dict) and member.path.count("[") + member.path.count(".") < 4:
                yield from _products(member, url if name == "metadata" else None)


def _speaks_ctao(keywords: Node) -> bool:
    return "CTA PRODUCT ID" in keywords or "CTA ACTIVITY ID" in keywords


def _read_ctao(keywords: Node, url: str | None, site: str) -> Iterator[Record]:
    """Yield the product, who made it, and where it is; nothing for a header that ctapipe invented."""
    header = read_header(keywords)
    if header is None:
        return
    yield from entity_records(header)
    yield from producer_records(header)
    name = identity.basename(url) if url else None
    yield Entity(
        rank=Rank.HEADER,
        id=header.product_id,
        name=name if name and len(name.encode()) <= NAME_BYTES else None,
        location=url,
        generated_at_time=header.creation_time,
        comment=header.comment,
        entity_description_id=header.description.id if header.description else None,
    )
    if url:
        yield Location(entity_id=header.product_id, url=url, storage=identity.storage(url, site))


DIALECTS = (
    Dialect("CTAO reference metadata", _speaks_ctao, _read_ctao),
    Dialect("ESO", header_eso.speaks, header_eso.read),
    Dialect("CADC", header_parents.speaks, header_parents.read),
)
