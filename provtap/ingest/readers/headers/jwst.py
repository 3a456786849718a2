"""JWST's keywords: the version of the calibration pipeline that made a product, and its reference files.

Source: core schema of stdatamodels 6.0 (STScI). A product is identified by its FILENAME, as in MAST, a
reference file by its address in the Calibration Reference Data System, such as
`crds://jwst_nircam_flat_0313.fits`.
"""

import re
from collections.abc import Iterator

from provtap.ingest.model import identity
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES
from provtap.ingest.model.records import (
    Activity,
    ActivityDescription,
    Entity,
    Location,
    Parameter,
    Rank,
    Reading,
    Record,
    WasGeneratedBy,
)
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.headers.cadc import archived
from provtap.ingest.readers.headers.product import Product

_REFERENCE = re.compile(r"R_([A-Z0-9_]{1,6})")
_STEP = re.compile(r"S_[A-Z0-9_]{1,6}")
_CRDS = "crds://"
_SOFTWARE = "jwst"


def speaks(keywords: Node) -> bool:
    """Return whether the versions of pipeline and reference files are among the keywords."""
    return "CAL_VER" in keywords and "CRDS_CTX" in keywords


def read(product: Product) -> Iterator[Record]:
    """Yield the product, and the run of the pipeline with its reference files, association and steps."""
    keywords = product.keywords
    entity = archived("jwst", keywords["FILENAME"].text(NAME_BYTES), product.url, product.site)
    yield entity
    if created := keywords["DATE"].instant():
        yield Entity(rank=entity.rank, id=entity.id, name=entity.name, generated_at_time=created)
    if product.url:
        yield Location(entity_id=entity.id, url=product.url, storage=product.storage(product.url))
    version = keywords["CAL_VER"].text(ROLE_BYTES)
    description = ActivityDescription(
        id=identity.activity_description(_SOFTWARE, version), name=_SOFTWARE, version=version
    )
    id = identity.recipe(entity.id, _SOFTWARE)
    yield description
    yield Activity(rank=Rank.HEADER, id=id, name=_SOFTWARE, activity_description_id=description.id)
    yield WasGeneratedBy(rank=Rank.HEADER, entity_id=entity.id, activity_id=id)
    if association := _text(keywords["ASNTABLE"]):
        used = archived("jwst", association, None, product.site)
        yield used
        yield Reading(activity_id=id, entity_id=used.id, role="association")
    for key, node in keywords.members():
        text = _text(node)
        if text and (found := _REFERENCE.fullmatch(key)) and text.startswith(_CRDS):
            yield Entity(rank=Rank.MENTION, id=text, name=identity.basename(text), location=text)
            yield Reading(activity_id=id, entity_id=text, role=found[1].lower())
        elif text and (key == "CRDS_CTX" or _STEP.fullmatch(key)):
            yield Parameter(
                rank=Rank.HEADER, id=identity.parameter(id, key), activity_id=id, name=key, value=text
            )


def _text(node: Node) -> str | None:
    """Return the text of a keyword, unless it is a placeholder."""
    text = node.value.strip() if isinstance(node.value, str) else ""
    return text if text and text.upper() != "N/A" else None
