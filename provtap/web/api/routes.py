"""The write API, /api/v1: its routes as a table, which is also the source of its OpenAPI description."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from flask import Blueprint, Response, jsonify, request

from provtap.export import export_ingestion
from provtap.ingest.readers.records.classes import CLASSES, Class
from provtap.web.api import comparison, lineage, openapi, recipes, records, withdrawals
from provtap.web.http.admission import admit
from provtap.web.http.context import service
from provtap.web.http.params import parameters
from provtap.web.provsap import provsap, with_notes

bp = Blueprint("api", __name__)


class RequestBody(Enum):
    """The kind of body that a route accepts."""

    NONE = "nothing"
    DOCUMENT = "document"
    EVENTS = "events of OpenLineage"
    DESCRIPTIONS = "a file of descriptions"
    RECORDS = "records"
    WITHDRAWAL = "what to withdraw"
    REINSTATEMENT = "what to reinstate"
    SOME = "one record or several"
    ONE = "one record"


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method of one address."""

    method: str
    rule: str
    """The path below /api/v1, in Flask's notation."""
    view: Callable[..., Response]
    gives: str
    """The schema of the response."""
    takes: RequestBody = RequestBody.NONE
    of: Class | None = None
    private: bool = False
    """Whether it needs a token, although it only reads."""

    @property
    def name(self) -> str:
        """Its operationId."""
        return f"{self.view.__name__}{'' if self.of is None else f'_{self.of.path}'}"


def _class_routes(each: Class) -> Iterator[Route]:
    rule = f"/{each.path}"
    yield Route(method="GET", rule=rule, view=records.find, of=each, gives="Found")
    yield Route(method="POST", rule=rule, view=records.add, of=each, gives="Report", takes=RequestBody.SOME)
    if each.attribute("id"):
        rule += "/<path:id_>"
        yield Route(method="GET", rule=rule, view=records.one, of=each, gives=each.name)
        if records.has_own_id(each):
            yield Route(
                method="PUT", rule=rule, view=records.put, of=each, gives="Report", takes=RequestBody.ONE
            )


def description() -> Response:
    """Return the OpenAPI 3.1 description of this API."""
    ours = service()
    return jsonify(openapi.document(ROUTES, f"{ours.base_url}/api/v1"))


def ingestion_graph(number: int) -> Response:
    """Return the records of an ingestion; a PROV document as a whole, unless DEPTH or DIRECTION is given."""
    database = admit("write")  # the document may contain values that are not published
    ours = service()
    found = export_ingestion(
        number, parameters(request), database, ours.tableset, ours.settings, ours.base_url
    )
    return with_notes(
        Response(found.content, content_type=found.mime), found.unknown, found.overflow, found.left_out
    )


def graph() -> Response:
    """Return the provenance of ID: like /provsap, with the errors of this API."""
    return provsap()


ROUTES = (
    Route(
        method="POST", rule="/documents", view=records.documents, takes=RequestBody.DOCUMENT, gives="Report"
    ),
    Route(method="POST", rule="/records", view=records.records, takes=RequestBody.RECORDS, gives="Report"),
    Route(method="POST", rule="/lineage", view=lineage.lineage, takes=RequestBody.EVENTS, gives="Report"),
    Route(
        method="POST",
        rule="/lineage/batch",
        view=lineage.lineage_batch,
        takes=RequestBody.EVENTS,
        gives="Batch",
    ),
    Route(
        method="POST",
        rule="/descriptions",
        view=records.descriptions,
        takes=RequestBody.DESCRIPTIONS,
        gives="Described",
    ),
    Route(
        method="POST",
        rule="/withdrawals",
        view=withdrawals.withdrawals,
        takes=RequestBody.WITHDRAWAL,
        gives="Withdrawn",
    ),
    Route(
        method="POST",
        rule="/reinstatements",
        view=withdrawals.reinstatements,
        takes=RequestBody.REINSTATEMENT,
        gives="Withdrawn",
    ),
    Route(method="GET", rule="/ingestions/<int:number>", view=records.ingestion, gives="Ingestion"),
    Route(
        method="GET", rule="/ingestions/<int:number>/graph", view=ingestion_graph, gives="Graph", private=True
    ),
    Route(method="GET", rule="/graph", view=graph, gives="Graph"),
    Route(method="GET", rule="/diff", view=comparison.diff, gives="Comparison"),
    Route(method="GET", rule="/recipe", view=recipes.recipe, gives="Recipe"),
    Route(method="GET", rule="/openapi.json", view=description, gives="Description"),
    *(route for each in CLASSES for route in _class_routes(each)),
)
for _route in ROUTES:
    _of: dict[str, Any] = {} if _route.of is None else {"each": _route.of}
    bp.add_url_rule(_route.rule, _route.name, _route.view, methods=[_route.method], defaults=_of)
