"""What one ingestion recorded, as a document or a picture, for the command line and the write API."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from provtap.config import Settings
from provtap.database.connect import Database
from provtap.errors import ParameterError
from provtap.ingest import archived_document, recorded_activities
from provtap.provsap import ProvsapRequest, retrieve, write
from provtap.provsap.documents import serialized
from provtap.tableset import Tableset


@dataclass(frozen=True, kw_only=True)
class Export:
    """A document or a picture, and what it lacks."""

    content: bytes
    mime: str
    unknown: tuple[str, ...] = ()
    """Ids that name nothing."""
    overflow: int = 0
    """Only so many of the nearest things are in it; 0: all are."""


def export_ingestion(
    ingestion: int,
    parameters: Mapping[str, Sequence[str]],
    database: Database,
    tableset: Tableset,
    settings: Settings,
    base_url: str,
) -> Export:
    """Return what an ingestion recorded; *parameters* are those of ProvSAP without ID, in upper case.

    A PROV document is given back whole, in any notation of PROV, unless DEPTH or DIRECTION ask for what is
    stored around it.

    Raises: ParameterError, NotFound, DocumentError, QueryTimeout, DatabaseUnavailable.
    """
    for name in ("ID", "TARGET"):
        if name in parameters:
            raise ParameterError(f"{name} cannot be used with the number of an ingestion.")
    asked = ProvsapRequest.from_parameters(
        {"DEPTH": ["1"], "DIRECTION": ["BOTH"], **parameters, "ID": [str(ingestion)]}
    )
    form = asked.responseformat
    if form.serializer and not parameters.keys() & {"DEPTH", "DIRECTION"}:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what the library may refuse in a later release
            document = archived_document(ingestion, database)
            content = None if document is None else serialized(document, form.serializer)
        if content is not None:
            return Export(content=content, mime=form.mime)
    asked = replace(asked, ids=recorded_activities(ingestion, database))
    graph = retrieve(asked, database, tableset, settings)
    return Export(
        content=write(graph, asked, base_url),
        mime=form.mime,
        unknown=tuple(graph.unknown),
        overflow=len(graph.nodes) if graph.overflow else 0,
    )
