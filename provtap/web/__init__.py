"""HTTP: requests in, protocol documents out (Flask).

`create_app` puts one `Service` into `app.extensions["provtap"]`; views get it by `service()`.
"""

from flask import Flask

from provtap.config import Settings
from provtap.database.connect import Database
from provtap.tableset import Tableset
from provtap.web.context import Service, service
from provtap.web.pages import bp as pages
from provtap.web.params import ClosingRequest, form_bytes
from provtap.web.provsap import bp as provsap
from provtap.web.responses import register
from provtap.web.tap import bp as tap
from provtap.web.vosi import bp as vosi

__all__ = ["Service", "create_app", "service"]


def create_app(settings: Settings, database: Database, tableset: Tableset) -> Flask:
    """Return the WSGI application, which reads no environment and opens nothing itself."""
    app = Flask(__name__)
    app.request_class = ClosingRequest
    app.extensions["provtap"] = Service(settings, tableset, database)
    app.config["MAX_CONTENT_LENGTH"] = form_bytes(settings)
    app.config["MAX_FORM_MEMORY_SIZE"] = app.config["MAX_CONTENT_LENGTH"]
    register(app)
    app.register_blueprint(pages)
    app.register_blueprint(tap, url_prefix="/tap")
    app.register_blueprint(vosi, url_prefix="/tap")
    app.register_blueprint(provsap, url_prefix="/provsap")
    return app
