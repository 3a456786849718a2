"""A service on an initialised database, whose tests only read."""

import io
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from provtap.config import Settings
from provtap.database.connect import Database, open_database
from provtap.tableset import Tableset
from provtap.web import create_app
from tests.conftest import Server

Query = Callable[..., TestResponse]


@pytest.fixture(scope="session")
def settings(server: Server, template: Settings) -> Iterator[Settings]:
    """Settings of one database for all tests of this directory."""
    with server.copy(template) as copied:
        yield copied


@pytest.fixture(scope="session")
def database(settings: Settings) -> Iterator[Database]:
    """The open database of `settings`."""
    with open_database(settings) as opened:
        yield opened


@pytest.fixture(scope="session")
def client(settings: Settings, database: Database, tableset: Tableset) -> FlaskClient:
    """A client of the service."""
    return create_app(settings, database, tableset).test_client()


@pytest.fixture(scope="session")
def ask(client: FlaskClient) -> Query:
    """A function that sends ADQL together with tables, each by its name."""

    def ask(adql: str, form: str = "votable", **votables: bytes) -> TestResponse:
        parts = {name: (io.BytesIO(votable), f"{name}.vot") for name, votable in votables.items()}
        pairs = [f"{name},param:{name}" for name in votables]
        data = {"LANG": "ADQL", "QUERY": adql, "UPLOAD": pairs, "RESPONSEFORMAT": form} | parts
        return client.post("/tap/sync", data=data)

    return ask
