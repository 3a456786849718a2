"""/api/v1/diff: what differs between two runs, or the histories of two products."""

from flask import Response, request

from provtap.compare import FORMATS, compare
from provtap.errors import ParameterError
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
    given = {name: _single(name) for name in PARAMETERS}
    form = given["format"] or "json"
    if form not in MEDIA_TYPES:
        raise ParameterError(
            f"format cannot be {form[:40]!r}.", hint=f"It is one of {', '.join(MEDIA_TYPES)}."
        )
    for name in ("a", "b"):
        if not given[name]:
            raise ParameterError(f"{name} is missing.", hint="It names a run or a product.")
    for name in request.args:
        if name not in PARAMETERS:
            raise ParameterError(
                f"There is no parameter {name[:40]!r}.", hint=f"The parameters are {', '.join(PARAMETERS)}."
            )
    ours = service()
    found = compare(given["a"], given["b"], database, ours.tableset, ours.settings)
    response = Response(FORMATS[form](found), content_type=f"{MEDIA_TYPES[form]}; charset=utf-8")
    response.headers[EQUAL] = str(int(found.equal))
    return response


def _single(name: str) -> str:
    values = set(request.args.getlist(name))
    if len(values) > 1:
        raise ParameterError(f"{name} was given {len(values)} times; give it once.")
    return "".join(values).strip()
