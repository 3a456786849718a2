"""/api/v1/diff: what differs between two runs, or the histories of two products."""

from flask import Response

from provtap.compare import FORMATS, compare
from provtap.web.api.arguments import arguments
from provtap.web.http.admission import admit
from provtap.web.http.context import service

EQUAL = "X-ProvTAP-Equal"
"""The header that says 1 if nothing differs, else 0, whatever the format."""
MEDIA_TYPES = {"json": "application/json", "csv": "text/csv", "text": "text/plain"}
PARAMETERS = {
    "a": "Id, path or other name of a run or a product.",
    "b": "What to compare it with: of the same kind.",
    "format": f"One of {', '.join(MEDIA_TYPES)}. Default json.",
}


def diff() -> Response:
    """Compare two runs, or the histories of two products; numbers are compared as numbers."""
    database = admit("read")
    given = arguments(PARAMETERS, tuple(MEDIA_TYPES))
    ours = service()
    form = given["format"]
    found = compare(given["a"], given["b"], database, ours.tableset, ours.settings)
    response = Response(FORMATS[form](found), content_type=f"{MEDIA_TYPES[form]}; charset=utf-8")
    response.headers[EQUAL] = str(int(found.equal))
    return response
