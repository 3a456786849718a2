"""Rubin's `LSST BUTLER ...` keywords: the dataset, its quantum, and the datasets that the quantum used.

Source: lsst.daf.butler, DatasetProvenance.to_flat_dict; in tables the keywords have dots instead of blanks.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from provtap.errors import DocumentError
from provtap.ingest.model import identity
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES
from provtap.ingest.model.records import (
    Activity,
    Alias,
    Entity,
    EntityDescription,
    Location,
    Rank,
    Reading,
    Record,
    WasDerivedFrom,
    WasGeneratedBy,
)
from provtap.ingest.parsing.json import canonical
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.headers.product import Product

_START = re.compile(r"(?:HIERARCH )?LSST[ .]BUTLER[ .](.+)", re.IGNORECASE)
_MARK = re.compile(r"(?:HIERARCH )?LSST[ .]BUTLER[ .](?:ID|QUANTUM|N_INPUTS)", re.IGNORECASE)
_INPUT = re.compile(r"INPUT (\d{1,9}) ID")
_FORMS = {"fits": "application/fits", "hdf5": "application/x-hdf5", "ecsv": "text/csv"}


def speaks(keywords: Node) -> bool:
    """Return whether keywords of the butler are present."""
    return any(_MARK.fullmatch(key) for key in keywords)


def product_id(keywords: Node) -> str | None:
    """Return the id of the dataset in the butler."""
    return _uuid(_told(keywords), "ID")


def read(product: Product) -> Iterator[Record]:
    """Yield the dataset, its quantum and its inputs; without a quantum it is derived from the inputs."""
    told = _told(product.keywords)
    own = _uuid(told, "ID")
    if own is None:
        raise DocumentError("the header has no LSST BUTLER ID")
    kind = _text(told, "DATASETTYPE", ROLE_BYTES)
    yield from _dataset(product, told, own, kind)
    inputs = dict(_inputs(told))
    number = told["N_INPUTS"].value if "N_INPUTS" in told else None
    if isinstance(number, int) and number > len(inputs):
        product.warnings.append(
            f"{own} has {number} inputs, but its header names {len(inputs)}: it has no room for more"
        )
    quantum = _uuid(told, "QUANTUM")
    if quantum:
        name = f"quantum of {kind}" if kind else None
        yield Activity(rank=Rank.HEADER, id=quantum, name=name)
        yield WasGeneratedBy(rank=Rank.HEADER, entity_id=own, activity_id=quantum, role=kind)
    for id, role in inputs.items():
        yield Entity(rank=Rank.MENTION, id=id, name=role)
        if quantum:
            yield Reading(activity_id=quantum, role=role, entity_id=id)
        elif id != own:
            yield WasDerivedFrom(generated_entity_id=own, used_entity_id=id)


def _dataset(product: Product, told: Mapping[str, Node], own: str, kind: str | None) -> Iterator[Record]:
    content_type = _FORMS.get(product.form or "")
    description = None
    if kind and content_type:
        description = EntityDescription(
            rank=Rank.HEADER,
            id=identity.kind(kind, content_type),
            class_="DatasetDescription",
            name=kind,
            content_type=content_type,
        )
        yield description
    data_id = {
        key.removeprefix("DATAID ").lower(): node.value
        for key, node in sorted(told.items())
        if key.startswith("DATAID ")
    }
    where = ", ".join(f"{dimension}={value}" for dimension, value in data_id.items())
    name = " ".join(filter(None, [kind, where]))
    yield Entity(
        rank=Rank.HEADER,
        id=own,
        name=name.encode()[:NAME_BYTES].decode(errors="ignore") or product.name,
        location=product.url,
        comment=f"data id: {canonical(data_id)}" if data_id else None,
        entity_description_id=description.id if description else None,
    )
    if product.url:
        yield Location(entity_id=own, url=product.url, storage=product.storage(product.url))
    run = _text(told, "RUN", NAME_BYTES)
    if run and "..." not in run:  # cards of 80 bytes shorten it
        yield Alias(entity_id=own, kind="run", value=run, valid_from=None)


def _inputs(told: Mapping[str, Node]) -> Iterator[tuple[str, str | None]]:
    """Yield the id of each input with its dataset type, which the short form omits."""
    for key in told:
        found = _INPUT.fullmatch(key)
        if found and (id := _uuid(told, key)):
            yield id, _text(told, f"INPUT {found[1]} DATASETTYPE", ROLE_BYTES)


def _told(keywords: Node) -> dict[str, Node]:
    """Return the keywords of the butler, with blanks, in upper case and without their common prefix."""
    return {
        found[1].replace(".", " ").upper(): node
        for key, node in keywords.members()
        if (found := _START.fullmatch(key))
    }


def _uuid(told: Mapping[str, Node], key: str) -> str | None:
    if key not in told:
        return None
    uuid = Node(told[key].value, f"LSST BUTLER {key}").uuid()
    return identity.given(uuid) if uuid else None


def _text(told: Mapping[str, Node], key: str, limit: int) -> str | None:
    value: Any = told[key].value if key in told else None
    return value.strip().encode()[:limit].decode(errors="ignore") or None if isinstance(value, str) else None
