"""HTTP: requests in, protocol documents out (Flask).

`create_app` puts one `Service` into `app.extensions["provtap"]`; views get it by `service()`.
"""

from datetime import datetime

from flask import Flask, Response
from werkzeug.middleware.proxy_fix import ProxyFix

from provtap import metrics
from provtap.config import Settings
from provtap.database.connect import Database
from provtap.tableset import Tableset
from provtap.web import site
from provtap.web.api.routes import bp as api
from provtap.web.http import authentication, closing
from provtap.web.http.access_log import logged
from provtap.web.http.admission import warn_of_proxy
from provtap.web.http.compression import compress
from provtap.web.http.context import STARTED, Service, service
from provtap.web.http.params import FormRequest
from provtap.web.http.responses import register
from provtap.web.jobs import bp as jobs
from provtap.web.links import bp as links
from provtap.web.provsap import bp as provsap
from provtap.web.registry import bp as registry
from provtap.web.tap import bp as tap
from provtap.web.vosi import bp as vosi

__all__ = ["Service", "create_app", "service"]


def create_app(
    settings: Settings, database: Database, tableset: Tableset, modified: datetime = STARTED
) -> Flask:
    """Return the WSGI application; it reads no environment variables and opens no files or connections.

    *modified* is the time when the metadata last changed.
    """
    app = Flask(__name__, static_folder=None)
    app.request_class = FormRequest
    app.extensions["provtap"] = Service(settings, tableset, database, modified)
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = settings.form_bytes
    app.after_request(compress)
    app.after_request(_counted)
    register(app)
    closing.register(app)
    authentication.register(app)
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies)  # type: ignore[method-assign]
    else:
        app.before_request(warn_of_proxy)
    site.register(app)
    app.register_blueprint(tap, url_prefix="/tap")
    app.register_blueprint(jobs, url_prefix="/tap/async")
    app.register_blueprint(vosi, url_prefix="/tap")
    app.register_blueprint(registry, url_prefix="/tap")
    app.register_blueprint(api, url_prefix="/api/v1")
    app.register_blueprint(provsap, url_prefix="/provsap")
    app.register_blueprint(links)
    app.wsgi_app = logged(app.wsgi_app, settings)  # type: ignore[method-assign, assignment]
    return app


def _counted(response: Response) -> Response:
    metrics.count_request(response.status_code)
    return response
