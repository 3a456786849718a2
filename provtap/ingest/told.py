"""What an ingestion told, by the document that was kept of it."""

from typing import TYPE_CHECKING

from provtap.database.connect import Database
from provtap.errors import NotFound
from provtap.ingest.kept import Kept, kept, unknown
from provtap.ingest.prov_document import READERS, prov_document

if TYPE_CHECKING:
    from prov.model import ProvDocument


def told_activities(ingestion: int, database: Database) -> tuple[str, ...]:
    """Return the ids of the activities that the ingestion with this number told of, known before or not.

    Raises: NotFound for a number that no ingestion has, or a document without activities; DocumentError,
    DatabaseUnavailable.
    """
    accounts = _kept(ingestion, database).accounts()
    found = tuple(dict.fromkeys(id_ for account in accounts for id_ in sorted(account.activity_ids)))
    if not found:
        raise NotFound(f"Ingestion {ingestion} told of no activity.")
    return found


def told_document(ingestion: int, database: Database) -> "ProvDocument | None":
    """Return the PROV document that the ingestion with this number took in, whole; None if it was no PROV.

    Raises: NotFound for a number that no ingestion has; DocumentError, DatabaseUnavailable.
    """
    document = _kept(ingestion, database)
    if document.format not in READERS:
        return None
    return prov_document(document.content, document.format)


def _kept(ingestion: int, database: Database) -> Kept:
    with database.transaction() as transaction:
        found = kept(transaction, [ingestion])
    if not found:
        raise unknown(ingestion)
    return found[0]
