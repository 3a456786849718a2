"""Maintenance over HTTP: refused requests, and those that are still answered."""

import io
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from pyvo.io.vosi import parse_availability

from provtap.database.connect import open_database
from provtap.database.watched import EVERY
from provtap.operation.maintenance import announce, end
from provtap.web import create_app
from provtap.web.http.context import STARTED
from tests.conftest import database_name
from tests.live import awaited, live_server
from tests.web.conftest import query_status

HOUR = timedelta(hours=1)
QUERIES = ["/tap/sync?QUERY=SELECT+table_name+FROM+tap_schema.tables", "/provsap?ID=x"]
METADATA = [
    "/",
    "/tap",
    "/tap/capabilities",
    "/tap/tables",
    "/tap/tables/provenance.used",
    "/provsap/capabilities",
]


@pytest.fixture(autouse=True)
def opened(database):
    """The database is one for all tests of this directory."""
    yield
    with database.transaction() as transaction:
        transaction.execute("DELETE FROM provtap.maintenance")


@pytest.fixture
def client(settings, database, tableset):
    """Return a client of a new process: it has not asked the database yet."""
    return lambda: create_app(settings, database, tableset).test_client()


def availability(client):
    return parse_availability(io.BytesIO(client.get("/tap/availability").data))


def instant(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("path", QUERIES)
def test_queries_are_refused(client, database, path):
    """The issue, part 6: the operator's words, in the protocol's form, and when to come back."""
    announce(database, "New disks.", None, None)
    response = client().get(path)

    assert (response.status_code, response.headers["Retry-After"]) == (503, "300")
    assert query_status(response) == [("ERROR", "The service is closed: New disks.")]


def test_retry_after_is_the_end_of_maintenance(client, database):
    """Retry-After is in seconds (RFC 9110, section 10.2.3)."""
    until = datetime.now(UTC).replace(microsecond=0) + HOUR
    announce(database, "New disks.", None, until)
    response = client().get(QUERIES[0])

    assert 3_000 < int(response.headers["Retry-After"]) <= 3_600
    assert f"closed until {until:%Y-%m-%dT%H:%M:%SZ}: New disks." in query_status(response)[0][1]


@pytest.mark.parametrize("path", METADATA)
def test_metadata_are_still_served(client, database, path):
    """The issue, part 6."""
    announce(database, "New disks.", None, None)

    assert client().get(path).status_code == 200


def test_availability_reports_maintenance(client, database):
    """VOSI-2: the note, and when the service should be back."""
    until = datetime.now(UTC).replace(microsecond=0) + HOUR
    announce(database, "New disks.", None, until)
    told = availability(client())

    assert (told.available, told.notes, instant(told.backat)) == (False, ["New disks."], until)
    assert (told.upsince, told.downat) == (None, None)


def test_a_planned_one_is_announced_and_refuses_nothing(client, database):
    """VOSI-2: downAt and backAt."""
    start = datetime.now(UTC).replace(microsecond=0) + HOUR
    announce(database, "New disks.", start, start + HOUR)
    told = availability(client())

    assert (told.available, told.notes) == (True, ["New disks."])
    assert [instant(told.downat), instant(told.backat)] == [start, start + HOUR]
    assert client().get(QUERIES[0]).status_code == 200


def test_up_since_the_start_of_the_server(client):
    """VOSI-2."""
    assert abs(instant(availability(client()).upsince) - STARTED) < timedelta(milliseconds=1)


def test_up_since_the_end_of_the_maintenance(client, database):
    """VOSI-2: the instant at which the service last became available."""
    announce(database, "New disks.", None, None)
    end(database)

    assert instant(availability(client()).upsince) > STARTED


def test_a_process_keeps_the_last_maintenance_while_the_database_is_down(server, template, tableset):
    """Users get the reason even while the database is down, for example to change disks."""
    url = server.create(database_name(template.database_url))
    settings = replace(template, database_url=url)
    with open_database(settings) as leaving:
        announce(leaving, "New disks.", None, None)
        client = create_app(settings, leaving, tableset).test_client()
        before = query_status(client.get(QUERIES[0]))
        server.drop(url)
        time.sleep(EVERY)

        assert (
            query_status(client.get(QUERIES[0])) == before == [("ERROR", "The service is closed: New disks.")]
        )
        assert not availability(client).available


def test_every_process_acts_on_it_without_a_restart(settings, database, tmp_path):
    """The issue, part 6: on and off are for running servers."""
    with live_server(settings, tmp_path / "log") as server:
        assert awaited(lambda: statuses(server) == {200})
        announce(database, "New disks.", None, None)
        assert awaited(lambda: statuses(server) == {503})
        end(database)
        assert awaited(lambda: statuses(server) == {200})


def statuses(server):
    """Return how many connections, one after the other, are answered: they meet all processes."""
    return {status(f"{server.url}{QUERIES[0]}") for _ in range(20)}


def status(url):
    try:
        with urlopen(url) as response:
            return response.status
    except HTTPError as error:
        with error:
            return error.code
