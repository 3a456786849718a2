"""Lists of parents in FITS headers: CADC's `PRVn` and `OBSn`, counted by `PRVCNT` and `OBSCNT`."""

import re
from collections.abc import Iterator

from provtap.errors import DocumentError
from provtap.ingest.model import identity
from provtap.ingest.model.identity import NAME_BYTES
from provtap.ingest.model.records import Entity, Rank, Record, Relation, WasDerivedFrom
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.headers.product import Product

_PARENT = re.compile(r"(PRV|OBS)[1-9]\d*")


def speaks(keywords: Node) -> bool:
    """Return whether CADC's counts of parents are among the keywords."""
    return "PRVCNT" in keywords or "OBSCNT" in keywords


def read(product: Product) -> Iterator[Record]:
    """Yield the product and its origins: `PRVn` are its parents, `OBSn` the original observations."""
    keywords, url, site = product.keywords, product.url, product.site
    entity = archived("cadc", keywords["FILEID"].text(), url, site)
    yield entity
    for key, node in keywords.members():
        found = _PARENT.fullmatch(key)
        name = node.text(NAME_BYTES) if found else None
        if found and name:
            parent = archived("cadc", name, None, site)
            yield parent
            if found[1] == "OBS":
                yield Relation(kind="hadPrimarySource", subject_id=entity.id, object_id=parent.id)
            elif parent.id != entity.id:
                yield WasDerivedFrom(generated_entity_id=entity.id, used_entity_id=parent.id)


def archived(archive: str, name: str | None, url: str | None, site: str) -> Entity:
    """Return the file with *name* in an archive, or at *url*.

    Raises: DocumentError if both are missing.
    """
    if name:
        id = identity.archived(archive, name.strip())
    elif url:
        id = identity.external(identity.storage(url, site), url)
    else:
        raise DocumentError("the header has neither the archive's name of the product nor its address")
    shown = name.strip() if name else identity.basename(url or "")
    return Entity(rank=Rank.HEADER if url else Rank.MENTION, id=id, name=shown, location=url)
