"""The product metadata of the CTAO data model (`CTAOMETA`, versions 1 and 2): CTAO's archive requires it.

The model is one tree of names, which is written in three ways: with the short keywords of FITS (`ACTID`),
with long ones (`CTAO ACTIVITY ID`), or as JSON, nested or flat (`activity__id`). Here a name is a dotted
path: `activity.id`. Source: ctao-datamodel, models/dataproducts.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from provtap.errors import NoProvenance
from provtap.ingest.model import identity
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES, file_name
from provtap.ingest.model.persistent import alias
from provtap.ingest.model.records import (
    ACCESS,
    URI_BYTES,
    Activity,
    ActivityDescription,
    Entity,
    EntityDescription,
    External,
    Location,
    Parameter,
    Rank,
    Reading,
    Record,
    Rights,
    WasAttributedTo,
    WasGeneratedBy,
)
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.headers.ctao import CONTENT_TYPES, PLACEHOLDERS, contact
from provtap.ingest.readers.headers.product import Product

VERSION = "ctao_metadata_version"
"""The path that every version of the model has."""
_SHORT = {
    "CTAOMETA": VERSION,
    "TITLE": "description",
    "DATALEVL": "data.level",
    "DATADIV": "data.division",
    "DATAASSO": "data.association",
    "DATATYPE": "data.type",
    "DATAID": "instance.id",
    "OBS_ID": "instance.obs_id",
    "INSTRUME": "instance.site_id",
    "DATACAT": "instance.category",
    "RELEASE": "curation.release",
    "REFERENC": "curation.reference",
    "LICENSE": "curation.license",
    "LICENURL": "curation.license_url",
    "COPYRIGH": "curation.copyright",
    "RIGHTS": "curation.rights",
    "MODEL": "model.name",
    "MODELVER": "model.version",
    "MODELURL": "model.url",
    "CREATED": "creation_time",
    "AUTHOR": "contact.name",
    "ORIGIN": "contact.organization",
    "EMAIL": "contact.email",
    "ACTPROC": "activity.process",
    "ACTIVITY": "activity.name",
    "ACTDESC": "activity.description",
    "ACTID": "activity.id",
    "ACTSTART": "activity.start",
    "ACTSTOP": "activity.end",
    "SOFTWARE": "activity.software.name",
    "SOFTVER": "activity.software.version",
    "SOFTURL": "activity.software.url",
    "ACTCONF": "activity.configuration_id",
    "ANAMODE": "activity.configuration_id",  # version 1.0
}
_INPUT = re.compile(r"activity\.inputs\.(\d{1,6})\.")
_LOCAL_FILE = re.compile(r"file:(?://(?:localhost)?)?(?=/)")
_UNKNOWN_FORM = "application/octet-stream"
"""Content of a type that is not known (RFC 2046, 4.5.1)."""
_FROM_CATALOGUE = "~"
"""Claimant of keywords without their file: those of the file itself are preferred."""
_MINUTE = 60 * 10**7
"""In the unit of time of UUIDs, 100 ns."""


def path(keyword: str) -> str:
    """Return the path in the model for *keyword*."""
    name = keyword.removeprefix("HIERARCH ")
    if name in _SHORT:
        return _SHORT[name]
    if name[:5].upper() == "CTAO ":
        return ".".join(name[5:].lower().split())
    return name.lower().replace("__", ".")


def speaks(keywords: Node) -> bool:
    """Return whether the version of the model is among the keywords."""
    return any(path(keyword) == VERSION for keyword in keywords)


def read(product: Product) -> Iterator[Record]:
    """Yield the product, its activity with inputs, and its contact.

    Raises: DocumentError.
    """
    metadata = _Metadata(product.keywords)
    entity_id = product_id(product.keywords)
    if entity_id is None:
        raise NoProvenance("the CTAO header has no DATAID (instance.id)")
    created = metadata["creation_time"].instant()
    description = _description(metadata, product.form)
    yield description
    yield Entity(
        rank=Rank.HEADER,
        claimant="" if product.form else _FROM_CATALOGUE,
        id=entity_id,
        name=product.name,
        location=product.url,
        generated_at_time=created,
        comment=_comment(metadata),
        entity_description_id=description.id,
    )
    if product.url:
        yield Location(entity_id=entity_id, url=product.url, storage=product.storage(product.url))
    yield from _curation(metadata, entity_id)
    name, email, organization = (
        metadata.text(f"contact.{part}", NAME_BYTES) for part in ("name", "email", "organization")
    )
    if agent := contact(name, email, organization):
        yield agent
        yield WasAttributedTo(entity_id=entity_id, agent_id=agent.id, role="Creator")
    yield from _activity(metadata, product, entity_id)


def product_id(keywords: Node) -> str | None:
    """Return the id of the product, if it has one.

    Raises: DocumentError.
    """
    given = _Metadata(keywords).uuid("instance.id")
    return identity.given(given) if given else None


class _Metadata:
    """The values of one product by their paths."""

    def __init__(self, keywords: Node) -> None:
        self._nodes: dict[str, Node] = {}
        self._add("", keywords)

    def _add(self, before: str, node: Node) -> None:
        members = node.members() if isinstance(node.value, dict) else _numbered(node)
        for key, member in members:
            here = f"{before}{path(key)}"
            if isinstance(member.value, dict | list):
                self._add(f"{here}.", member)
            else:
                self._nodes.setdefault(here, Node(_text(member.value), member.path))

    def __getitem__(self, path: str) -> Node:
        return self._nodes.get(path, Node(None, path))

    def text(self, path: str, limit: int | None = None) -> str | None:
        """Return the text at *path*, of at most *limit* bytes; None for a placeholder."""
        return self[path].text(limit)

    def uuid(self, path: str) -> str | None:
        """Return the UUID at *path*."""
        return self[path].uuid()

    def inputs(self) -> Iterator[str]:
        """Yield the paths of the inputs, in order."""
        numbers = {int(found[1]) for path in self._nodes if (found := _INPUT.match(path))}
        return (f"activity.inputs.{number}" for number in sorted(numbers))


def _numbered(node: Node) -> Iterator[tuple[str, Node]]:
    return ((str(number), item) for number, item in enumerate(node.items()))


def _text(value: Any) -> str | None:
    """Return a keyword's value as text: FITS has numbers and logical values where the model has texts."""
    text = str(value).lower() if isinstance(value, bool) else "" if value is None else str(value).strip()
    return None if text in PLACEHOLDERS else text


def _description(metadata: _Metadata, form: str | None) -> EntityDescription:
    model, version, *kinds = (
        metadata.text(path, ROLE_BYTES)
        for path in (
            "model.name",
            "model.version",
            "data.level",
            "data.division",
            "data.association",
            "data.type",
        )
    )
    content_type = CONTENT_TYPES.get(form or "", _UNKNOWN_FORM)
    return EntityDescription(
        rank=Rank.HEADER,
        id=identity.dataset_description(model, version, *kinds, form),
        class_="DatasetDescription",
        # Six texts of 500 bytes exceed the maximum length of a name.
        name=" ".join(part[:75] for part in (model, version, *kinds) if part) or content_type,
        docurl=metadata.text("model.url"),
        content_type=content_type,
    )


def _comment(metadata: _Metadata) -> str | None:
    about = {
        "observation": "instance.obs_id",
        "instrument": "instance.site_id",
        "category": "instance.category",
    }
    parts = [
        metadata.text("description"),
        *(f"{word} {text}" for word, path in about.items() if (text := metadata.text(path))),
    ]
    return ", ".join(filter(None, parts)) or None


def _curation(metadata: _Metadata, entity_id: str) -> Iterator[Record]:
    """Yield the rights of a product, and its identifiers for citation."""
    if name := alias(entity_id, metadata.text("curation.reference") or ""):
        yield name
    access = (metadata.text("curation.rights") or "").lower()
    rights = Rights(
        entity_id=entity_id,
        uri=metadata.text("curation.license_url", URI_BYTES),
        text=metadata.text("curation.license"),
        holder=metadata.text("curation.copyright", NAME_BYTES),
        access=access if access in ACCESS else None,
        valid_from=metadata["curation.release_date"].instant(),
    )
    if rights.uri or rights.text or rights.holder or rights.access:
        yield rights


def _activity(metadata: _Metadata, product: Product, product_id: str) -> Iterator[Record]:
    given = metadata.uuid("activity.id")
    if given is None:
        return
    id = identity.given(given)
    start, end = metadata["activity.start"].instant(), metadata["activity.end"].instant()
    if start and end and end < start:
        product.warnings.append(f"{id} ends at {end}, before it starts at {start}: the end was ignored")
        end = None
    software, version = (
        metadata.text(f"activity.software.{part}", ROLE_BYTES) for part in ("name", "version")
    )
    name = metadata.text("activity.name", NAME_BYTES) or software
    description = None
    if name:
        description = ActivityDescription(
            id=identity.activity_description(name, version),
            name=name,
            version=version,
            description=software,
            docurl=metadata.text("activity.software.url"),
            type=metadata.text("activity.process", ROLE_BYTES),
        )
        yield description
    yield Activity(
        rank=Rank.HEADER,
        id=id,
        name=name,
        start_time=start,
        # Claims are merged column by column: an end without a start could be merged with a later start.
        end_time=end if start else None,
        comment=metadata.text("activity.description"),
        activity_description_id=description.id if description else None,
    )
    yield WasGeneratedBy(rank=Rank.HEADER, entity_id=product_id, activity_id=id)
    if configuration := metadata.text("activity.configuration_id"):
        parameter = identity.parameter(id, "configuration_id")
        yield Parameter(
            rank=Rank.HEADER, id=parameter, activity_id=id, name="configuration_id", value=configuration
        )
    for place in metadata.inputs():
        yield from _input(metadata, place, product, product_id, id, start)


def _input(
    metadata: _Metadata,
    place: str,
    product: Product,
    product_id: str,
    activity_id: str,
    start: datetime | None,
) -> Iterator[Record]:
    """Yield a used product, with its id if that is real, otherwise by its location."""
    role, url = metadata.text(f"{place}.role", ROLE_BYTES), metadata.text(f"{place}.uri")
    url = _LOCAL_FILE.sub("", url) if url else None
    given = metadata.uuid(f"{place}.id")
    if given and url and _is_invented(given, activity_id):
        given = None
    storage = product.storage(url) if url else ""
    if not given and url and start:
        external = External(id=identity.external(storage, url), name=file_name(url), location=url)
        yield external
        yield Reading(
            activity_id=activity_id,
            role=role,
            storage=storage,
            url=url,
            time=start,
            external_id=external.id,
        )
        return
    if not given and not url:
        return
    id = identity.given(given) if given else identity.external(storage, url or "")
    if id == product_id:
        product.warnings.append(f"{id} is its own input: this was ignored")
        return
    yield Entity(rank=Rank.MENTION, id=id, name=file_name(url) if url else None, location=url)
    if url:
        yield Location(entity_id=id, url=url, storage=storage)
    yield Reading(activity_id=activity_id, role=role, entity_id=id)


def _is_invented(input_id: str, activity_id: str) -> bool:
    """Return whether a writer made up the id of an input, which the model requires, for a file without id.

    Such an id is made together with the id of the activity, on the same computer at the same time; UUIDs of
    version 1 contain both.
    """
    made, activity = UUID(input_id), UUID(activity_id)
    return (
        made.version == activity.version == 1
        and made.node == activity.node
        and abs(made.time - activity.time) <= _MINUTE
    )
