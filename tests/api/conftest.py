"""A live service with accounts; all tests of this directory write to its store, each with its own ids."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email.message import Message
from typing import Any
from urllib.parse import quote

import pytest

from provtap.config import Settings
from provtap.database.connect import Database, open_database
from provtap.operation.accounts import create
from tests.conftest import Server, database_name
from tests.ingest.logs import rows
from tests.live import LiveServer, live_server


@pytest.fixture(scope="session")
def settings(
    server: Server, template: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Settings of one database and of a service with accounts; documents are small."""
    assert template.database_url is not None
    url = server.create(database_name(template.database_url))
    log = tmp_path_factory.mktemp("log") / "access.log"
    yield replace(
        template,
        database_url=url,
        accounts=True,
        document_bytes=200_000,
        document_records=2_000,
        access_log=str(log),
        base_url="http://127.0.0.1:1",
    )
    server.drop(url)


@pytest.fixture(scope="session")
def database(settings: Settings) -> Iterator[Database]:
    """The open database of `settings`."""
    with open_database(settings) as opened:
        yield opened


@pytest.fixture(scope="session")
def live(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The running service."""
    with live_server(settings, tmp_path_factory.mktemp("live") / "serve.log", "--no-worker") as running:
        yield running


@pytest.fixture(scope="session")
def token(database: Database) -> str:
    """A token of the account `pipeline`, which may read and write."""
    return create(database, "pipeline", ["read", "write"])


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Message
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def error(self) -> Any:
        return self.json["error"]


Call = Callable[..., Reply]


@pytest.fixture(scope="session")
def call(live: LiveServer, token: str) -> Call:
    """Send a request: `call("POST", "/documents", body, key="...")`; a body that is no bytes goes as JSON."""

    def call(method: str, path: str, body: Any = None, token: str | None = token, **headers: str) -> Reply:
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        url = f"{live.url}/api/v1{quote(path, safe='/?&=%:+')}"
        sent = urllib.request.Request(url, content, {n.replace("_", "-"): v for n, v in headers.items()})
        sent.method = method
        if token is not None:
            sent.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(sent) as reply:
                return Reply(reply.status, reply.headers, reply.read())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.headers, error.read())

    return call


@pytest.fixture(scope="session")
def count(database: Database) -> Callable[[str, str], int]:
    """Return how many rows of a table fulfil a condition: `count("provenance.activity", "a_name = 'x'")`."""
    return lambda table, where: rows(database, f"SELECT count(*) FROM {table} WHERE {where}")[0][0]
