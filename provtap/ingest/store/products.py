"""Links data products of observations to entities: `provext.product` is determined from both sides.

The rules of links are in schema/0023_observations.sql.
"""

from collections.abc import Iterable, Mapping, Sequence

from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.ingest.model.records import (
    Alias,
    Entity,
    External,
    Hash,
    Location,
    Reading,
    Record,
    WasGeneratedBy,
    Writing,
)
from provtap.ingest.store.staging import Rows

SQL = load_statements("provtap.ingest.store", "products.sql")

_KEYS = {
    Entity: "e_id",
    External: "e_id",
    Alias: "al_entity_id",
    Location: "loc_entity_id",
    Hash: "h_entity_id",
    WasGeneratedBy: "wgb_entity_id",
    Writing: "wr_entity_id",
    Reading: "rd_external_id",
}


def entities_of(rows: Mapping[type[Record], Rows]) -> set[str]:
    """Return the entities in *rows* with values by which a product can be found."""
    return {row[key] for kind, key in _KEYS.items() for row in rows[kind] if row[key]}


def link_entities(transaction: Transaction, entities: Iterable[str]) -> None:
    """Link *entities* to data products, where they match."""
    if transaction.rows(SQL["is_any_observation"])[0].found:
        transaction.rows(SQL["link_entities"], entities=sorted(entities))


def link_observations(transaction: Transaction, dids: Sequence[str]) -> None:
    """Link the data products with these DIDs to stored entities."""
    transaction.rows(SQL["link_observations"], dids=list(dids))


def link_all(transaction: Transaction) -> None:
    """Rebuild the links of all data products."""
    transaction.rows(SQL["link_all"])
