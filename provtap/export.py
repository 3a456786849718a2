"""Exports the records of one ingestion as a document or picture, for the command line and the write API."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from provtap.config import Settings
from provtap.database.connect import Database
from provtap.errors import ParameterError
from provtap.ingest import archived_document, recorded_activities
from provtap.provsap import ProvsapRequest, not_written, retrieve, write
from provtap.provsap.documents import serialized
from provtap.tableset import Tableset

NOT_OF_INGESTIONS = ("ID", "TARGET", "ASOF")
"""Parameters of ProvSAP that have no meaning for an ingestion."""


@dataclass(frozen=True, kw_only=True)
class Export:
    """A document or picture, with notes on missing parts."""

    content: bytes
    mime: str
    unknown: tuple[str, ...] = ()
    """Unknown ids."""
    overflow: int = 0
    """If not 0, only this number of the nearest things is in it."""
    left_out: tuple[str, ...] = ()
    """What its format cannot express."""


def export_ingestion(
    ingestion: int,
    parameters: Mapping[str, Sequence[str]],
    database: Database,
    tableset: Tableset,
    settings: Settings,
    base_url: str,
) -> Export:
    """Return the records of an ingestion; *parameters* are those of ProvSAP without ID, in upper case.

    A PROV document is returned as a whole, in any notation of PROV, unless DEPTH or DIRECTION select the
    stored graph around it.

    Raises: ParameterError, NotFound, DocumentError, QueryTimeout, DatabaseUnavailable.
    """
    for name in NOT_OF_INGESTIONS:
        if name in parameters:
            raise ParameterError(f"{name} cannot be used with the number of an ingestion.")
    asked = ProvsapRequest.from_parameters(
        {"DEPTH": ["1"], "DIRECTION": ["BOTH"], **parameters, "ID": [str(ingestion)]}
    )
    form = asked.responseformat
    if form.serializer and not parameters.keys() & {"DEPTH", "DIRECTION"}:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about values that later releases of the library may reject
            document = archived_document(ingestion, database)
            content = None if document is None else serialized(document, form.serializer)
        if content is not None:
            return Export(content=content, mime=form.mime)
    asked = replace(asked, ids=recorded_activities(ingestion, database))
    graph = retrieve(asked, database, tableset, settings)
    return Export(
        content=write(graph, asked, base_url, publisher=settings.publisher, licence=settings.rights_uri),
        mime=form.mime,
        unknown=tuple(graph.unknown),
        overflow=len(graph.nodes) if graph.overflow else 0,
        left_out=not_written(graph, asked),
    )
