"""What Data Origin 1.2 says of one product, from its credits (ORIG-3)."""

from collections.abc import Mapping

from provtap.citation.credits import Credits

_SOURCES = 20
"""Data behind the product that are named, the nearest first."""


def product_origin(credits: Credits) -> Mapping[str, tuple[str, ...]]:
    """Return what is known of a product, by the names of Data Origin."""
    product = credits.product
    found = {
        "citation": tuple(f"{scheme}:{value}" for scheme, value in product.identifiers if scheme == "doi"),
        "rights_uri": tuple(right.uri for right in credits.rights if right.uri),
        "rights": tuple(right.text for right in credits.rights if right.text),
        "creator": tuple(agent.name for agent in product.authors),
        "article": tuple(value for scheme, value in product.identifiers if scheme == "bibcode"),
        "is_derived_from": tuple(
            value if scheme in {"ivoid", "ark", "bibcode"} else f"{scheme}:{value}"
            for work in credits.data[:_SOURCES]
            for scheme, value in work.identifiers[:1]
        ),
        "original_date": (product.made.isoformat(timespec="seconds"),) if product.made else (),
    }
    return {name: values for name, values in found.items() if values}
