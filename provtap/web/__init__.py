"""HTTP: requests in, protocol documents out (Flask).

`create_app` puts one `Service` into `app.extensions["provtap"]`; views get it by `service()`.
"""

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from provtap.config import Settings
from provtap.database.connect import Database
from provtap.tableset import Tableset


@dataclass(frozen=True)
class Service:
    """What the views of one web process share."""

    settings: Settings
    tableset: Tableset
    database: Database

    @property
    def base_url(self) -> str:
        """Root of the site as clients see it, without a trailing slash; TAP lives at `<base_url>/tap`."""
        if self.settings.base_url:
            return self.settings.base_url.rstrip("/")
        host = self.settings.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.settings.port}"

    @property
    def tap_url(self) -> str:
        """Base URL of TAP, to which clients append `/sync`, `/tables` and so on (TAP 1.1, section 2)."""
        return f"{self.base_url}/tap"


def service() -> Service:
    """Return the Service of the application that handles the current request."""
    return cast(Service, current_app.extensions["provtap"])


def create_app(settings: Settings, database: Database, tableset: Tableset) -> Flask:
    """Return the WSGI application, which reads no environment and opens nothing itself."""
    from provtap.web import pages, responses, tap, vosi

    app = Flask(__name__)
    app.extensions["provtap"] = Service(settings, tableset, database)
    # Multipart and urlencoded bodies; a urlencoded query takes up to three bytes a byte (UPL-8).
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = 3 * settings.query_bytes + 65_536
    responses.register(app)
    app.register_blueprint(pages.bp)
    app.register_blueprint(tap.bp, url_prefix="/tap")
    app.register_blueprint(vosi.bp, url_prefix="/tap")
    return app
