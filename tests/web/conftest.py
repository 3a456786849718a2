"""A client of the application, without a server between: what the views answer is what is sent."""

from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from provtap.config import Settings
from provtap.database.connect import Database, open_database
from provtap.tableset import Tableset
from provtap.web import create_app
from tests.conftest import Server


@pytest.fixture(scope="session")
def settings(server: Server, template: Settings) -> Iterator[Settings]:
    """Settings of one database for all tests of this directory, which only read."""
    with server.copy(template) as copied:
        yield copied


@pytest.fixture(scope="session")
def database(settings: Settings) -> Iterator[Database]:
    """The open database of `settings`."""
    with open_database(settings) as opened:
        yield opened


@pytest.fixture
def client(settings: Settings, database: Database, tableset: Tableset) -> FlaskClient:
    """A client of the service on an initialised database."""
    return create_app(settings, database, tableset).test_client()


@pytest.fixture
def small_client(settings: Settings, database: Database, tableset: Tableset) -> FlaskClient:
    """A client of a service that takes 1 000 bytes of query, and gives 2 rows, at most 3."""
    small = replace(settings, query_bytes=1_000, maxrec=2, maxrec_limit=3)
    return create_app(small, database, tableset).test_client()


@pytest.fixture
def cut_off_client(tableset: Tableset) -> Iterator[FlaskClient]:
    """A client of a service whose PostgreSQL can't be reached."""
    settings = Settings(database_url="host=/nonexistent dbname=provtap")
    with open_database(settings) as database:
        yield create_app(settings, database, tableset).test_client()


def query_status(response):
    """Return value and text of each QUERY_STATUS of a VOTable, in order."""
    infos = ElementTree.fromstring(response.data).iter("{http://www.ivoa.net/xml/VOTable/v1.3}INFO")
    return [(i.get("value"), i.text) for i in infos if i.get("name") == "QUERY_STATUS"]
