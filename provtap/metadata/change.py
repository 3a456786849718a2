"""The time of the last change of the metadata, which is the same on all nodes."""

import logging
from datetime import UTC, datetime

from provtap.database.connect import Database
from provtap.errors import ProvtapError

log = logging.getLogger(__name__)

_RECORD = """
    INSERT INTO provtap.metadata_change (mc_sha256) VALUES (%(sha256)s)
    ON CONFLICT ((true)) DO UPDATE SET mc_sha256 = excluded.mc_sha256, mc_time = now()
     WHERE metadata_change.mc_sha256 <> excluded.mc_sha256"""


def has_observations(database: Database) -> bool:
    """Return whether ivoa.obscore has rows; False if the database does not answer."""
    try:
        with database.transaction() as transaction:
            return bool(transaction.rows("SELECT EXISTS (SELECT FROM ivoa.obscore) AS found")[0].found)
    except ProvtapError as error:
        log.warning("Whether there are observations cannot be read: %s", error.for_operator())
        return False


def last_change(database: Database, sha256: str) -> datetime:
    """Return the time since which the metadata have had the digest *sha256*; a new digest is stored.

    If the store can't be written (a standby), a new digest has the present time, so that clients don't keep
    outdated documents.
    """
    try:
        with database.transaction() as transaction:
            transaction.execute(_RECORD, sha256=sha256)
    except ProvtapError as error:
        log.warning("The time at which the metadata changed cannot be stored: %s", error.for_operator())
    with database.transaction() as transaction:
        row = transaction.one(
            "SELECT mc_time FROM provtap.metadata_change WHERE mc_sha256 = %(sha256)s", sha256=sha256
        )
    return row.mc_time if row else datetime.now(UTC)


def set_up(database: Database) -> datetime:
    """Return when the store was first set up."""
    with database.transaction() as transaction:
        [row] = transaction.rows("SELECT min(time) AS time FROM provtap.migration")
    time: datetime = row.time
    return time
