"""A client of the site over the sample logs, which the tests only read."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.tableset import Tableset
from provtap.web import create_app

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture(scope="session")
def site_app(sample_settings: Settings, tableset: Tableset) -> Iterator[Flask]:
    """The application on a store with the sample logs."""
    with open_database(sample_settings) as database:
        yield create_app(sample_settings, database, tableset)


@pytest.fixture
def site(site_app: Flask) -> FlaskClient:
    """A browser on the site of the sample logs."""
    client = site_app.test_client()
    client.environ_base["HTTP_ACCEPT"] = BROWSER["Accept"]
    return client
