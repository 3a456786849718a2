"""One live service, with the sample logs in its store, for real clients to use."""

import gc
import warnings
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import as_file, files

import pytest

from provtap import ingest
from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.ingest.observations.load import load_observations
from provtap.tableset import Tableset
from tests.conftest import Server, database_name
from tests.documents import write_observations
from tests.live import LiveServer, live_server


@pytest.fixture(autouse=True, scope="module")
def no_litter() -> Iterator[None]:
    """Collect the sockets that clients leave open: found in a later test they would make it fail."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


@pytest.fixture(scope="session")
def settings(
    server: Server, template: Settings, tableset: Tableset, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Settings of one database with the sample logs and three observations, for all tests here."""
    assert template.database_url is not None
    url = server.create(database_name(template.database_url))
    loaded = replace(template, database_url=url)
    server.add_scratch(loaded, template)
    with as_file(files("provtap.ingest") / "samples") as samples, open_database(loaded) as database:
        for log in sorted(samples.glob("*.log")):
            ingest.ingest(log, database, loaded)
        table, mapping = write_observations(tmp_path_factory.mktemp("observations"))
        load_observations([table], database, loaded, tableset, mapping=mapping)
    yield loaded
    server.drop(url)


@pytest.fixture(scope="session")
def live(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The running service."""
    with live_server(settings, tmp_path_factory.mktemp("live") / "serve.log") as running:
        yield running


@pytest.fixture(scope="session")
def tap_url(live: LiveServer) -> str:
    """Base URL of TAP on the running service."""
    return f"{live.url}/tap"
