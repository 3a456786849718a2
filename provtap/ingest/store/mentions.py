"""Stores which document first said what, so that the documents about one thing are found again."""

from collections.abc import Iterable

from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.ingest.model.mentions import Mention, mentions
from provtap.ingest.model.records import RecordSet

SQL = load_statements("provtap.ingest.store", "mentions.sql")


def keep_mentions(transaction: Transaction, record_sets: Iterable[RecordSet], ingestion_id: int) -> None:
    """Store what *record_sets* speak of, which come in the order of their ingestions."""
    first: dict[Mention, int] = {}
    for record_set in record_sets:
        ingestion = ingestion_id if record_set.ingestion_id is None else record_set.ingestion_id
        for mention in mentions(record_set):
            first.setdefault(mention, ingestion)
    if first:
        transaction.execute(
            SQL["keep_mentions"],
            keys=_array(mention.key for mention in first),
            contents=_array(mention.content for mention in first),
            ingestions=_array(first.values()),
        )


def _array(numbers: Iterable[int]) -> str:
    return f"{{{','.join(map(str, numbers))}}}"
