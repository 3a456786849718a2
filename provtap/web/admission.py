"""The door to whatever asks the database on a user's behalf."""

from provtap.database.connect import Database
from provtap.web.accounts import client, require
from provtap.web.context import service
from provtap.web.maintenance import refuse_under_maintenance


def admit(scope: str = "read") -> Database:
    """Return what the current request may ask, if it may ask now; views call this before all else.

    Raises: UnderMaintenance, Unauthenticated, Forbidden.
    """
    refuse_under_maintenance()
    require(scope)
    return service().database.asked_by(client().key)
