"""CTAO reference metadata in the headers of products (version 1, keys `CTA ...`)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from provtap.errors import DocumentError
from provtap.ingest.model import identity
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES
from provtap.ingest.model.records import (
    Activity,
    ActivityDescription,
    Agent,
    EntityDescription,
    Rank,
    Record,
    WasAttributedTo,
    WasGeneratedBy,
)
from provtap.ingest.parsing.node import Node

PLACEHOLDERS = {"", "unknown", "unspecified"}
"""Placeholders for unknown values."""
CONTENT_TYPES = {
    "hdf5": "application/x-hdf5",
    "fits": "application/fits",
    "json": "application/json",
    "yaml": "application/yaml",
    "ecsv": "text/ecsv",
    "votable": "application/x-votable+xml",
}


@dataclass(frozen=True)
class Header:
    """The reference metadata of one product."""

    node: Node
    product_id: str
    activity_id: str
    creation_time: datetime | None
    contact: Agent | None
    description: EntityDescription | None

    @property
    def comment(self) -> str | None:
        """A description of the product: process, instrument and category, if known."""
        process = [_known(self.node[key]) for key in ("CTA PROCESS TYPE", "CTA PROCESS ID")]
        instrument = _known(self.node["CTA INSTRUMENT ID"])
        category = _known(self.node["CTA PRODUCT DATA CATEGORY"])
        parts = [
            " ".join(part for part in process if part),
            f"instrument {instrument}" if instrument else "",
            f"category {category}" if category else "",
        ]
        return ", ".join(part for part in parts if part) or None


def read_header(node: Node) -> Header | None:
    """Return the header in *node*, or None if the product has none.

    For a file without these keys, ctapipe makes up a header with a new product id at each reading. Only the
    missing activity id distinguishes it from a real header.
    """
    activity_id, product_id = node["CTA ACTIVITY ID"].uuid(), node["CTA PRODUCT ID"].uuid()
    if not activity_id or not product_id:
        return None
    return Header(
        node=node,
        product_id=identity.given(product_id),
        activity_id=identity.given(activity_id),
        creation_time=_time(node["CTA PRODUCT CREATION TIME"]),
        contact=contact(
            *(_known(node[f"CTA CONTACT {key}"], NAME_BYTES) for key in ("NAME", "EMAIL", "ORGANIZATION"))
        ),
        description=_description(node),
    )


def entity_records(header: Header) -> Iterator[Record]:
    """Yield the records of a product from its header, apart from the entity itself."""
    if header.description:
        yield header.description
    if header.contact:
        yield header.contact
        yield WasAttributedTo(entity_id=header.product_id, agent_id=header.contact.id, role="Creator")


def producer_records(header: Header) -> Iterator[Record]:
    """Yield the activity that generated the product, with the values of the header, until its log arrives."""
    node = header.node
    start, end = interval(node["CTA ACTIVITY START TIME"], node["CTA ACTIVITY STOP TIME"])
    name = _known(node["CTA ACTIVITY NAME"], NAME_BYTES)
    description = None
    if name:
        description = describe_activity(name, _known(node["CTA ACTIVITY SOFTWARE VERSION"], ROLE_BYTES))
        yield description
    yield Activity(
        rank=Rank.HEADER,
        id=header.activity_id,
        name=name,
        start_time=start,
        # Claims are merged column by column: an end without a start could be merged with a later start.
        end_time=end if start else None,
        activity_description_id=description.id if description else None,
    )
    yield WasGeneratedBy(rank=Rank.HEADER, entity_id=header.product_id, activity_id=header.activity_id)


def describe_activity(name: str, version: str | None) -> ActivityDescription:
    """Return the draft description of the activities of one version of a tool."""
    return ActivityDescription(id=identity.activity_description(name, version), name=name, version=version)


def interval(start: Node, stop: Node) -> tuple[datetime | None, datetime | None]:
    """Return the start and end of an activity, each None if unknown.

    Raises: DocumentError if the end is before the start (ProvenanceDM 1.0, Activity).
    """
    start_time, end_time = _time(start), _time(stop)
    if start_time and end_time and end_time < start_time:
        raise DocumentError(f"{stop.path} ({stop.value}) is before {start.path} ({start.value})")
    return start_time, end_time


def _known(node: Node, limit: int | None = None) -> str | None:
    text = node.text(limit)
    return None if text in PLACEHOLDERS else text


def _time(node: Node) -> datetime | None:
    return None if node.value in ("unknown", "unspecified") else node.instant()


def contact(name: str | None, email: str | None, organization: str | None) -> Agent | None:
    """Return the contact responsible for a product, if at least one value is known."""
    shown = name or email or organization
    if not shown:
        return None
    return Agent(
        id=identity.contact(email, name, organization),
        name=shown,
        type="Person" if name or email else "Organization",
        email=email.lower() if email else None,
        affiliation=organization,
    )


def _description(node: Node) -> EntityDescription | None:
    """Return the dataset description, or None without a format, because its content type is mandatory."""
    model, version, levels, format_ = (
        _known(node[f"CTA PRODUCT {key}"], ROLE_BYTES)
        for key in ("DATA MODEL NAME", "DATA MODEL VERSION", "DATA LEVELS", "FORMAT")
    )
    if not format_:
        return None
    title = _known(node["CTA PRODUCT DESCRIPTION"])
    return EntityDescription(
        id=identity.dataset_description(model, version, levels, format_),
        class_="DatasetDescription",
        # Three texts of 500 bytes exceed the maximum length of a name.
        name=" ".join(part[:150] for part in (model, version, levels) if part) or format_,
        description=title,
        docurl=_known(node["CTA PRODUCT DATA MODEL URL"]),
        content_type=CONTENT_TYPES.get(format_.lower(), format_),
    )
