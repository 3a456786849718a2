"""Which entity the data product of an observation is: `provext.product` follows from both sides.

What makes a link is in schema/0023_observations.sql.
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
    """Return the entities that *rows* say anything of by which a product may be found."""
    return {row[key] for kind, key in _KEYS.items() for row in rows[kind] if row[key]}


def link_entities(transaction: Transaction, entities: Iterable[str]) -> None:
    """Link the data products that may be among *entities*."""
    if transaction.rows(SQL["is_any_observation"])[0].found:
        transaction.rows(SQL["link_entities"], entities=sorted(entities))


def link_observations(transaction: Transaction, dids: Sequence[str]) -> None:
    """Link the data products with these DIDs to the entities that are stored."""
    transaction.rows(SQL["link_observations"], dids=list(dids))


def link_all(transaction: Transaction) -> None:
    """Link all data products anew."""
    transaction.rows(SQL["link_all"])
