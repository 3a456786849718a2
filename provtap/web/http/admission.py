"""Admission of requests that query the database for a user."""

from flask import current_app, request

from provtap.database.connect import Database
from provtap.web.http.authentication import client, require
from provtap.web.http.closing import refuse_under_maintenance
from provtap.web.http.context import service


def admit(scope: str = "read") -> Database:
    """Return the database with the rights of the current request; views call this first.

    Raises: UnderMaintenance, Unauthenticated, Forbidden.
    """
    refuse_under_maintenance()
    require(scope)
    return service().database.asked_by(client().key)


def warn_of_proxy() -> None:
    """Log once in each process that all clients behind a proxy count as one, because PROVTAP_PROXIES is 0."""
    if "X-Forwarded-For" in request.headers and "provtap.proxy" not in current_app.extensions:
        current_app.extensions["provtap.proxy"] = True
        current_app.logger.warning(
            "Requests come with X-Forwarded-For, but PROVTAP_PROXIES is 0: all clients behind a proxy share"
            " the limits of one client. Set PROVTAP_PROXIES to the number of proxies."
        )
