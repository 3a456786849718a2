"""/api/v1/recipe: the steps that made a product, as a script or workflow."""

from flask import Response

from provtap.recipe import FORMATS, read_recipe
from provtap.web.api.arguments import arguments
from provtap.web.http.admission import admit
from provtap.web.http.context import service

MEDIA_TYPES = {"sh": "text/x-shellscript", "cwl": "application/cwl+yaml", "snakemake": "text/x-snakemake"}
FILES = {"sh": "recipe.sh", "cwl": "recipe.cwl", "snakemake": "Snakefile"}
PARAMETERS = {
    "id": "Id, path or other name of a product.",
    "format": f"One of {', '.join(MEDIA_TYPES)}. Default sh.",
}


def recipe() -> Response:
    """Return the steps that made a product as a script or workflow that makes it again."""
    database = admit("read")
    given = arguments(PARAMETERS, tuple(MEDIA_TYPES))
    ours = service()
    form = given["format"]
    found = FORMATS[form](read_recipe(given["id"], database, ours.tableset, ours.settings))
    response = Response(found, content_type=f"{MEDIA_TYPES[form]}; charset=utf-8")
    response.headers["Content-Disposition"] = f"attachment; filename={FILES[form]}"
    return response
