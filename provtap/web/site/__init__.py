"""The site: a page for each file, run, program and person, and an address for each search and query.

Pages are rendered on the server and work without scripts. They read the store with the login for users'
queries, so that they show only published data.
"""

from flask import Flask
from werkzeug.routing import PathConverter

from provtap.web.site import (
    affected,
    cite,
    compare,
    examples,
    feed,
    frame,
    help,
    home,
    impact,
    jobs,
    lineage,
    problems,
    program,
    query,
    result,
    schema,
    search,
    static,
    tap,
    things,
    withdraw,
)

BLUEPRINTS = (
    home.bp,
    search.bp,
    things.bp,
    lineage.bp,
    impact.bp,
    compare.bp,
    program.bp,
    cite.bp,
    query.bp,
    result.bp,
    examples.bp,
    schema.bp,
    jobs.bp,
    tap.bp,
    help.bp,
    affected.bp,
    withdraw.bp,
    feed.bp,
)


class IdConverter(PathConverter):
    """An id at the end of an address, including slashes and line breaks."""

    regex = "(?s:.+)"
    part_isolating = False


def register(app: Flask) -> None:
    """Register the pages and the functions of their templates with *app*."""
    app.url_map.converters["id"] = IdConverter
    frame.register(app)
    static.register(app)
    problems.register(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
