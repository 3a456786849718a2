"""ESO's keywords: `PROVn` of science data products, `ESO PRO RECn ...` of pipeline products.

Sources: ESO Science Data Products Standard, PROV keywords; ESO Data Interface Control Document, PRO keywords.
"""

import re
from collections.abc import Iterator

from provtap.ingest.model import identity
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES
from provtap.ingest.model.records import (
    Activity,
    ActivityDescription,
    Hash,
    Parameter,
    Rank,
    Reading,
    Record,
    WasDerivedFrom,
    WasGeneratedBy,
)
from provtap.ingest.parsing.json import canonical
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.headers.cadc import archived
from provtap.ingest.readers.headers.product import Product

_PARENT = re.compile(r"PROV[1-9]\d*")
_RECIPE = re.compile(r"(?:HIERARCH )?(ESO PRO REC\d+) ID")
_NUMBERED = re.compile(r"(RAW|CAL|PARAM)(\d+) NAME")


def speaks(keywords: Node) -> bool:
    """Return whether ESO's keywords of a recipe or a parent are present."""
    return any(_PARENT.fullmatch(key) or _RECIPE.fullmatch(key) for key in keywords)


def read(product: Product) -> Iterator[Record]:
    """Yield the product, its parents, and its recipes with inputs and parameters."""
    keywords, url, site = product.keywords, product.url, product.site
    name = keywords["ARCFILE"].text(NAME_BYTES) or keywords["PIPEFILE"].text(NAME_BYTES)
    entity = archived("eso", name, url, site)
    yield entity
    if md5 := keywords["DATAMD5"].text(NAME_BYTES):
        yield Hash(entity_id=entity.id, algorithm="md5", digest=md5.lower())
    for key, node in keywords.members():
        if _PARENT.fullmatch(key) and (parent_name := _text(node)):
            parent = archived("eso", parent_name, None, site)
            yield parent
            if parent.id != entity.id:
                yield WasDerivedFrom(generated_entity_id=entity.id, used_entity_id=parent.id)
    recipes = [(found[1], node) for key, node in keywords.members() if (found := _RECIPE.fullmatch(key))]
    for recipe, node in recipes:
        if recipe_name := _text(node):
            yield from _recipe(keywords, recipe, recipe_name, entity.id, site)


def _recipe(keywords: Node, recipe: str, name: str, product_id: str, site: str) -> Iterator[Record]:
    version = _text(keywords[f"{recipe} PIPE ID"], ROLE_BYTES)
    description = ActivityDescription(
        id=identity.activity_description(name, version), name=name, version=version
    )
    activity_id = identity.recipe(product_id, recipe)
    yield description
    yield Activity(rank=Rank.HEADER, id=activity_id, name=name, activity_description_id=description.id)
    if recipe.endswith("REC1"):
        role = _text(keywords["ESO PRO CATG"], ROLE_BYTES)
        yield WasGeneratedBy(rank=Rank.HEADER, entity_id=product_id, activity_id=activity_id, role=role)
    for key, node in keywords.members():
        found = _NUMBERED.fullmatch(key.removeprefix("HIERARCH ").removeprefix(f"{recipe} "))
        if found and recipe in key and (item_name := _text(node)):
            yield from _item(
                keywords, f"{recipe} {found[1]}{found[2]}", found[1], item_name, activity_id, site
            )


def _item(keywords: Node, start: str, kind: str, name: str, activity_id: str, site: str) -> Iterator[Record]:
    if kind == "PARAM":
        value = keywords[f"{start} VALUE"].value
        text = value if isinstance(value, str) else canonical(value)
        yield Parameter(
            rank=Rank.HEADER,
            id=identity.parameter(activity_id, name),
            activity_id=activity_id,
            name=name,
            value=text,
        )
        return
    source = archived("eso", name, None, site)
    yield source
    yield Reading(
        activity_id=activity_id, entity_id=source.id, role=_text(keywords[f"{start} CATG"], ROLE_BYTES)
    )
    if md5 := _text(keywords[f"{start} DATAMD5"]):
        yield Hash(entity_id=source.id, algorithm="md5", digest=md5.lower())


def _text(node: Node, limit: int = NAME_BYTES) -> str | None:
    text = node.text(limit)
    return text.strip() or None if text else None
