"""VOSI 1.1 over HTTP: capabilities, tables and availability."""

import logging
import time
from datetime import datetime

from flask import Blueprint, Response, current_app, request
from vo_models.vosi.availability import Availability

from provtap.database import hosts
from provtap.database.stream import copy_blocks
from provtap.errors import NotFound, ProvtapError
from provtap.metadata import published_table
from provtap.metadata.change import has_observations
from provtap.operation.maintenance import Maintenance
from provtap.tableset import Table, Tableset
from provtap.web.capabilities import capabilities_document
from provtap.web.http.cached_documents import cached_document
from provtap.web.http.closing import last_maintenance
from provtap.web.http.context import STARTED, Service, service
from provtap.web.http.params import parameters
from provtap.web.registry import modified
from provtap.web.tables import table_document, tableset_document

bp = Blueprint("vosi", __name__)
log = logging.getLogger(__name__)

PROBE_DURATION = 5.0
"""Seconds after which a database that does not answer counts as down."""
HOSTS_KEPT = 5.0
"""Seconds for which a process caches the states of the hosts, because asking them all takes time."""


@bp.get("/capabilities")
def capabilities() -> Response:
    """Return the capabilities of the service (VOSI 1.1, section 2)."""
    ours = service()
    observed = has_observations(ours.database)
    return cached_document(
        f"tap/capabilities?observed={observed}",
        lambda: capabilities_document(ours.tap_url, ours.settings, ours.tableset, observed=observed),
        modified=modified(ours, observed),
    )


@bp.get("/tables")
def tables() -> Response:
    """Return the published tables; DETAIL=min omits columns and keys (VOSI 1.1, section 4)."""
    tableset = service().tableset
    if parameters(request).get("DETAIL") == ["min"]:
        return cached_document("tap/tables?detail=min", lambda: tableset_document(tableset, columns=False))
    return cached_document("tap/tables", lambda: tableset_document(tableset))


@bp.get("/tables/<name>")
def table(name: str) -> Response:
    """Return one table in full detail; its name ignores case.

    Raises: NotFound.
    """
    found = _find(name, service().tableset)
    if found is None:
        where = f"{service().tap_url}/tables"
        raise NotFound(f"Unknown table {name}.", hint=f"See {where} for the tables of this service.")
    return cached_document(f"tap/tables/{found.qualified_name}", lambda: table_document(found))


def _find(name: str, tableset: Tableset) -> Table | None:
    names = {published_table(table.qualified_name).lower(): table for table in tableset.tables()}
    return names.get(name.lower())


@bp.get("/availability")
def availability() -> Response:
    """Return whether queries are answered, after asking the database with the login for queries."""
    complaint = _complaint(service())
    last = last_maintenance()
    closed = last is not None and last.is_on()
    available = complaint is None and not closed
    document = Availability(
        available=available,
        up_since=_up_since(last) if available else None,
        down_at=last.start if last and last.is_planned() else None,
        back_at=last.back_at() if last and last.ended is None else None,
        note=[
            last.note if last and last.ended is None else complaint or "Queries are answered.",
            *_hosts(service()),
        ],
    )
    return Response(document.to_xml(encoding="UTF-8", xml_declaration=True), content_type="application/xml")


def _up_since(last: Maintenance | None) -> datetime:
    """Return when this node was started, or reopened after maintenance if later."""
    return max(STARTED, last.ended) if last and last.ended else STARTED


def _hosts(ours: Service) -> list[str]:
    """Return a note on each host for users' queries; none if there is only one.

    Users see a number instead of a name: the position in PROVTAP_READ_URL.
    """
    if hosts.count(ours.database.read_login) == 1:
        return []
    due, told = current_app.extensions.get("provtap.hosts", (0.0, []))
    if time.monotonic() >= due:
        found = hosts.hosts(ours.database.read_login)
        told = [
            f"Database server {number} of {len(found)} {host.condition}."
            for number, host in enumerate(found, 1)
        ]
        current_app.extensions["provtap.hosts"] = (time.monotonic() + HOSTS_KEPT, told)
    return list(told)


def _complaint(ours: Service) -> str | None:
    """Return why the service can't be used now, or None."""
    try:
        installed = _installed_digest(ours)
    except ProvtapError as error:
        error.record(log)
        return str(error)
    if installed != ours.tableset.digest:
        return (
            "The database was initialized with other metadata files than those of this node."
            " Run provtap init, or restart this node if that has been done."
        )
    return None


def _installed_digest(ours: Service) -> str:
    """Return the digest of the metadata files that TAP_SCHEMA was filled from."""
    blocks = copy_blocks(
        ours.database.reader,
        "SELECT sha256 FROM tap_schema.digest",
        form="text",
        maxrec=1,
        duration=PROBE_DURATION,
        spool_bytes=1_000,
    )
    return b"".join(rows for _, rows in blocks).decode().strip()
