"""VOSI 1.1 over HTTP: what the service can do, what it holds, whether it works."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from flask import Blueprint, Response, current_app, request
from flask.blueprints import BlueprintSetupState
from vo_models.vosi.availability import Availability

from provtap.database.stream import copy_blocks
from provtap.errors import NotFound, ProvtapError
from provtap.metadata import published_table
from provtap.tableset import Table, Tableset
from provtap.web.capabilities import capabilities_document
from provtap.web.context import Service, service
from provtap.web.params import parameters
from provtap.web.tables import table_document, tableset_document

bp = Blueprint("vosi", __name__)

PROBE_DURATION = 5.0
"""Seconds after which a database that does not answer counts as down."""


@dataclass(frozen=True)
class Documents:
    """What only changes when the service starts anew, and is made then."""

    capabilities: bytes
    tables: bytes
    tables_min: bytes
    modified: datetime


@bp.record_once
def _make_documents(state: BlueprintSetupState) -> None:
    ours: Service = state.app.extensions["provtap"]
    state.app.extensions["provtap.vosi"] = Documents(
        capabilities=capabilities_document(ours.tap_url, ours.settings, ours.tableset),
        tables=tableset_document(ours.tableset),
        tables_min=tableset_document(ours.tableset, columns=False),
        modified=datetime.now(UTC),
    )


def _documents() -> Documents:
    return cast(Documents, current_app.extensions["provtap.vosi"])


@bp.get("/capabilities")
def capabilities() -> Response:
    """Tell what the service can do (VOSI 1.1, section 2)."""
    return _unchanging(_documents().capabilities)


@bp.get("/tables")
def tables() -> Response:
    """Tell what is published; DETAIL=min leaves out columns and keys (VOSI 1.1, section 4)."""
    detail = parameters(request).get("DETAIL")
    return _unchanging(_documents().tables_min if detail == ["min"] else _documents().tables)


@bp.get("/tables/<name>")
def table(name: str) -> Response:
    """Tell all about one table; its case does not matter.

    Raises: NotFound.
    """
    found = _find(name, service().tableset)
    if found is None:
        raise NotFound(f"There is no table {name} here.", hint="See /tap/tables for those there are.")
    return _unchanging(table_document(found))


def _find(name: str, tableset: Tableset) -> Table | None:
    names = {published_table(table.qualified_name).lower(): table for table in tableset.tables()}
    return names.get(name.lower())


@bp.get("/availability")
def availability() -> Response:
    """Tell whether queries are answered: the database is asked, by the login that runs queries."""
    complaint = _complaint(service())
    document = Availability(available=complaint is None, note=[complaint or "Queries are answered."])
    return Response(document.to_xml(encoding="UTF-8", xml_declaration=True), content_type="application/xml")


def _complaint(ours: Service) -> str | None:
    """Return why the service can't be used now, or None."""
    try:
        installed = _installed_digest(ours)
    except ProvtapError as error:
        return str(error)
    if installed != ours.tableset.digest:
        return "The database was set up with other metadata files than this node has; run provtap init."
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


def _unchanging(document: bytes) -> Response:
    """Return a response that caches may keep until the service starts anew."""
    response = Response(document, content_type="application/xml")
    response.last_modified = _documents().modified
    response.add_etag()
    response.make_conditional(request)
    response.headers.pop("Date", None)  # the server gives it, once
    return response
