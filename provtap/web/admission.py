"""The door to whatever asks the database on a user's behalf."""

from provtap.web.accounts import require
from provtap.web.maintenance import refuse_under_maintenance


def admit(scope: str = "read") -> None:
    """Do nothing if the current request may ask for data now; views call this before all else.

    Raises: UnderMaintenance, Unauthenticated, Forbidden.
    """
    refuse_under_maintenance()
    require(scope)
