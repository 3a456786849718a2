"""What an ingestion told, by the document that was kept of it."""

from typing import TYPE_CHECKING, Any

from provtap.database.connect import Database
from provtap.database.sql import load_statements
from provtap.errors import NotFound
from provtap.ingest import formats
from provtap.ingest.prov_document import READERS, prov_document

if TYPE_CHECKING:
    from prov.model import ProvDocument

SQL = load_statements("provtap.ingest", "told.sql")


def told_activities(ingestion: int, database: Database) -> tuple[str, ...]:
    """Return the ids of the activities that the ingestion with this number told of, known before or not.

    Raises: NotFound for a number that no ingestion has, or a document without activities; DocumentError,
    DatabaseUnavailable.
    """
    kept = _kept(ingestion, database)
    content = bytes(kept.doc_content)
    site = kept.doc_site.partition(" ")[0]  # what follows is the digest of the places it was read with
    accounts = formats.find(kept.doc_format, content).read(content, site)
    found = tuple(dict.fromkeys(id_ for account in accounts for id_ in sorted(account.activity_ids)))
    if not found:
        raise NotFound(f"Ingestion {ingestion} told of no activity.")
    return found


def told_document(ingestion: int, database: Database) -> "ProvDocument | None":
    """Return the PROV document that the ingestion with this number took in, whole; None if it was no PROV.

    Raises: NotFound for a number that no ingestion has; DocumentError, DatabaseUnavailable.
    """
    kept = _kept(ingestion, database)
    if kept.doc_format not in READERS:
        return None
    return prov_document(bytes(kept.doc_content), kept.doc_format)


def _kept(ingestion: int, database: Database) -> Any:
    with database.transaction() as transaction:
        kept = transaction.one(SQL["document_of"], ingestion=ingestion)
    if kept is None:
        raise NotFound(
            f"There is no ingestion {ingestion}.",
            hint='provtap query "SELECT in_id, in_source, in_time FROM provext.ingestion" lists them.',
        )
    return kept
