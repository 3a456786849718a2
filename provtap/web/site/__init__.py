"""The site: a page for each file, run, program and person, and an address for each question.

Pages are made by the server and work without scripts. They read the store by the login for users' queries:
what a query can't see, no page shows.
"""

from flask import Flask

from provtap.web.site import frame, help, home, static, tap

BLUEPRINTS = (home.bp, tap.bp, help.bp)


def register(app: Flask) -> None:
    """Give *app* the pages, and what their templates use."""
    frame.register(app)
    static.register(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
