"""Debian's Chromium on a live service with the sample logs: the actions of a user."""

import json
import re
import shutil
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, sync_playwright

from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.ingest import describe, ingest
from tests.conftest import Server
from tests.ingest.logs import SAMPLES
from tests.live import LiveServer, live_server

CHROMIUM = shutil.which("chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests of this directory where there is no browser."""
    for item in items:
        if CHROMIUM is None and "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.skip(reason="the program chromium is not installed"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A running Chromium, for one module: Playwright's event loop would be in the way of others."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM)
        yield started
        started.close()


@pytest.fixture(scope="session")
def demo_settings(server: Server, template: Settings) -> Iterator[Settings]:
    """Settings of a store with what `provtap demo` loads, which the tests only read."""
    with server.copy(template) as settings:
        with open_database(settings) as opened:
            for path in SAMPLES:
                ingest(path, opened, settings)
            describe(sorted(SAMPLES[0].parent.glob("*.yaml")), opened, settings)
        yield settings


@pytest.fixture(scope="session")
def demo(demo_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The service as `provtap demo` shows it."""
    with live_server(demo_settings, tmp_path_factory.mktemp("demo") / "serve.log") as running:
        yield running


class Things:
    """The ids of what the demonstration has, by the names of its files."""

    def __init__(self, root: str) -> None:
        self._root = root

    def file(self, name: str) -> str:
        """Return the id of the file *name*."""
        return str(self._found(name)["id"])

    def run(self, name: str) -> str:
        """Return the id of the run that made the file *name*."""
        return str(self._found(name)["run"]["id"])

    def fill(self, path: str) -> str:
        """Return *path* with ids for `{name}` and `{run of name}`."""
        return re.sub(r"\{(run of )?(.+?)\}", lambda m: quote(self._id(m[1], m[2]), safe=""), path)

    def _id(self, run: str | None, name: str) -> str:
        return self.run(name) if run else self.file(name)

    def _found(self, name: str) -> dict[str, Any]:
        with urlopen(f"{self._root}/search.json?kind=file&q={quote(name)}", timeout=60) as answer:
            return dict(json.load(answer)["hits"]["rows"][0]["thing"])


@pytest.fixture(scope="session")
def things(demo: LiveServer) -> Things:
    """The ids of what the service has."""
    return Things(demo.url)
