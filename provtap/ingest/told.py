"""What an ingestion told, by the document that was kept of it."""

from provtap.database.connect import Database
from provtap.database.sql import load_statements
from provtap.errors import NotFound
from provtap.ingest import formats

SQL = load_statements("provtap.ingest", "told.sql")


def told_activities(ingestion: int, database: Database) -> tuple[str, ...]:
    """Return the ids of the activities that the ingestion with this number told of, known before or not.

    Raises: NotFound for a number that no ingestion has, or a document without activities; DocumentError,
    DatabaseUnavailable.
    """
    with database.transaction() as transaction:
        kept = transaction.one(SQL["document_of"], ingestion=ingestion)
    if kept is None:
        raise NotFound(
            f"There is no ingestion {ingestion}.",
            hint='provtap query "SELECT in_id, in_source, in_time FROM provext.ingestion" lists them.',
        )
    content = bytes(kept.doc_content)
    accounts = formats.find(kept.doc_format, content).read(content, kept.doc_site)
    found = tuple(dict.fromkeys(id_ for account in accounts for id_ in sorted(account.activity_ids)))
    if not found:
        raise NotFound(f"Ingestion {ingestion} told of no activity.")
    return found
