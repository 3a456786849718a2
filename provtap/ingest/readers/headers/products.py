"""Provenance in the headers of data products, in the dialects of several communities.

A document comes from files.py, or is JSON with the same keywords: at the top level, under `metadata`, or for
several products by their names or in an array.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from provtap.errors import NoProvenance
from provtap.ingest.model.records import Entity, Location, Rank, Record, RecordSet
from provtap.ingest.parsing.bounded import NO_LIMIT, bounded
from provtap.ingest.parsing.json import canonical, parse
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.ctapipe.log import statements
from provtap.ingest.readers.ctapipe.step import Step
from provtap.ingest.readers.headers import cadc, ctao_datamodel, ecsv, eso, jwst, rubin
from provtap.ingest.readers.headers.ctao import entity_records, producer_records, read_header
from provtap.ingest.readers.headers.product import Product


@dataclass(frozen=True)
class Dialect:
    """The keywords of one community; to add one, add it to DIALECTS."""

    name: str
    speaks: Callable[[Node], bool]
    """Returns whether the keywords of a product are in this dialect."""
    read: Callable[[Product], Iterator[Record]]
    """Yields the records from the keywords; omitted keywords become warnings of the product."""
    product_id: Callable[[Node], str | None] | None = None
    """Returns the id of the product in the keywords, if any."""


_MARKS = re.compile(
    rb'"(?:CTA PRODUCT ID|keywords|CTAOMETA|(?:HIERARCH )?LSST[ .]BUTLER[ .](?:ID|QUANTUM|N_INPUTS)'
    rb'|(?:(?:HIERARCH )?CTAO )?CTAO_METADATA_VERSION)"\s*:',
    re.IGNORECASE,
)
_OF_RUN = b'"activity_uuid"'
"""Matches a record of a ctapipe run, which may contain the headers of its files."""


def looks_like(content: bytes) -> bool:
    """Return whether *content* is JSON with known keywords."""
    starts = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")
    return starts and _MARKS.search(content) is not None and _OF_RUN not in content


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the records of each product in the document.

    Raises: DocumentError.
    """
    for value in parse(content):
        headers = list(bounded(_headers(Node(value, "the header"), None, None), most))
        if not headers:
            known = ", ".join(dialect.name for dialect in DIALECTS)
            raise NoProvenance(f"the header has no keywords about provenance ({known})")
        for header in headers:
            product = Product(header.parts[0], header.url, header.form, site)
            records = tuple(
                record
                for dialect, keywords in header.spoken()
                for record in dialect.read(replace(product, keywords=keywords))
            )
            said = [part.value for part in header.parts]
            text = canonical([said[0] if len(said) == 1 else said, header.url, site])
            digest = hashlib.sha256(text.encode()).hexdigest()
            yield RecordSet(None, digest, records, tuple(product.warnings))
            yield from _run_records(header, site, most)


def _run_records(header: "_Header", site: str, most: float) -> Iterator[RecordSet]:
    """Yield the records of the ctapipe runs of a product, from the records inside it."""
    for text in header.records:
        for value in parse(text.given_text().encode(), as_python=True):
            for record in bounded(_each(Node(value, text.path)), most):
                yield statements(Step(record, site), header.url, header.product_id)


def _each(records: Node) -> Iterator[Node]:
    return records.items() if isinstance(records.value, list) else iter((records,))


@dataclass(frozen=True)
class _Header:
    """The header of one product: the first header of its file, and others in further dialects."""

    parts: tuple[Node, ...]
    url: str | None = None
    form: str | None = None
    records: tuple[Node, ...] = ()
    """The records of ctapipe inside the product."""

    @property
    def product_id(self) -> str | None:
        """The id of the product in its header."""
        for dialect, keywords in self.spoken():
            if dialect.product_id and (id := dialect.product_id(keywords)):
                return id
        return None

    def spoken(self) -> Iterator[tuple["Dialect", Node]]:
        """Yield each dialect with the first part written in it."""
        for dialect in DIALECTS:
            keywords = next((part for part in self.parts if dialect.speaks(part)), None)
            if keywords is not None:
                yield dialect, keywords


def _headers(node: Node, url: str | None, form: str | None) -> Iterator[_Header]:
    """Yield the header of each product in the document."""
    if isinstance(node.value, list):
        for item in node.items():
            if isinstance(item.value, dict):
                yield from _headers(item, None, None)
    elif "keywords" in node and "form" in node:
        parts = tuple(_keywords(part) for part in (node["keywords"], *node["extensions"].items()))
        known = any(dialect.speaks(part) for part in parts for dialect in DIALECTS)
        file = (node["url"].text(), node["form"].text())
        records = tuple(node["records"].items())
        if known or records:
            yield _Header(parts, *file, records)
        else:
            yield from _headers(parts[0], *file)
    elif any(dialect.speaks(node) for dialect in DIALECTS):
        yield _Header((node,), url, form)
    else:
        for name, member in node.members():
            if isinstance(member.value, dict) and member.path.count("[") + member.path.count(".") < 4:
                inside = name == "metadata"
                yield from _headers(member, url if inside else None, form if inside else None)


def _keywords(part: Node) -> Node:
    """Return the keywords of one header; a client sends one of ECSV as the lines that it has."""
    if not isinstance(part.value, list):
        return part
    return Node(ecsv.keywords([line.text() or "" for line in part.items()]), part.path)


def _speaks_ctao(keywords: Node) -> bool:
    return "CTA PRODUCT ID" in keywords or "CTA ACTIVITY ID" in keywords


def _id_of_ctao(keywords: Node) -> str | None:
    header = read_header(keywords)
    return header.product_id if header else None


def _read_ctao(product: Product) -> Iterator[Record]:
    """Yield the product, its activity and its location; nothing for a header that ctapipe made up."""
    header = read_header(product.keywords)
    if header is None:
        return
    yield from entity_records(header)
    yield from producer_records(header)
    yield Entity(
        rank=Rank.HEADER,
        id=header.product_id,
        name=product.name,
        location=product.url,
        generated_at_time=header.creation_time,
        comment=header.comment,
        entity_description_id=header.description.id if header.description else None,
    )
    if product.url:
        yield Location(entity_id=header.product_id, url=product.url, storage=product.storage(product.url))


DIALECTS = (
    Dialect("CTAO data model", ctao_datamodel.speaks, ctao_datamodel.read, ctao_datamodel.product_id),
    Dialect("CTAO reference metadata", _speaks_ctao, _read_ctao, _id_of_ctao),
    Dialect("Rubin", rubin.speaks, rubin.read, rubin.product_id),
    Dialect("ESO", eso.speaks, eso.read),
    Dialect("JWST", jwst.speaks, jwst.read),
    Dialect("CADC", cadc.speaks, cadc.read),
)


def identify(keywords: Node, url: str, form: str) -> str | None:
    """Return the id of the entity of a file with these *keywords*, if they contain one."""
    for dialect in DIALECTS:
        if dialect.speaks(keywords):
            if dialect.product_id:
                return dialect.product_id(keywords)
            records = dialect.read(Product(keywords, url, form, ""))
            return next((record.id for record in records if isinstance(record, Entity)), None)
    return None


def dialects(keywords: Node) -> set[str]:
    """Return the names of the dialects in *keywords*."""
    return {dialect.name for dialect in DIALECTS if dialect.speaks(keywords)}
