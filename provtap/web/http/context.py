"""The objects shared by the views of one web process."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast
from urllib.parse import urlsplit

from flask import current_app

from provtap.config import Settings
from provtap.database.connect import Database
from provtap.tableset import Tableset

STARTED = datetime.now(UTC)
"""When the server started: this module is imported before its processes are forked, which inherit it."""


@dataclass(frozen=True)
class Service:
    """The service behind the views of one web process."""

    settings: Settings
    tableset: Tableset
    database: Database
    modified: datetime = STARTED
    """When the metadata last changed."""

    @property
    def base_url(self) -> str:
        """Root of the site as clients see it, without a trailing slash; TAP is at `<base_url>/tap`."""
        return self.settings.root_url

    @property
    def root_path(self) -> str:
        """Path of the root, without a trailing slash; links with it work under all names of the host."""
        return urlsplit(self.base_url).path

    @property
    def tap_url(self) -> str:
        """Base URL of TAP, to which clients append `/sync`, `/tables` and so on (TAP 1.1, section 2)."""
        return f"{self.base_url}/tap"


def service() -> Service:
    """Return the Service of the application that handles the current request."""
    return cast(Service, current_app.extensions["provtap"])
