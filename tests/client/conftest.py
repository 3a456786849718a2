"""A live service on the sample logs, which the tests only read."""

from collections.abc import Iterator

import pytest

from provtap.config import Settings
from tests.live import LiveServer, live_server


@pytest.fixture(scope="session")
def service(sample_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The running service."""
    log = tmp_path_factory.mktemp("live") / "serve.log"
    with live_server(sample_settings, log, "--no-worker") as running:
        yield running
