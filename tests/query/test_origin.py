"""Data Origin in the VO 1.2: the publisher of a result, its request, and citation (ORIG-1 to ORIG-3)."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from astropy.io.votable import parse

from provtap import metadata
from provtap.database.connect import open_database
from provtap.errors import SettingsError
from provtap.ingest import ingest
from provtap.tableset import DATA_ORIGIN
from provtap.web import create_app
from tests.ingest.logs import SAMPLES

QUERY = "SELECT TOP 2 e_id FROM provenance.entity WHERE e_name <> 'a&b'"
PUBLISHED = {
    "publisher": "Example Observatory",
    "contact": "archive@example.org",
    "service_ivoid": "ivo://example.org/provtap",
    "citation": "doi:10.5281/zenodo.1",
    "rights_uri": "https://spdx.org/licenses/CC-BY-4.0.html",
    "base_url": "https://prov.example.org",
}
ORIGIN = """
name: provenance
data_origin:
  citation: ["doi:10.5281/zenodo.2", "doi:10.5281/zenodo.3"]
  resource_version: 2.1
  rights: © Example <Observatory>
  creator: [Doe, J., "O'Neil, M."]
  journal: A&A
  article: 2021A&A...650A..75L
  cites: ivo://example.org/other
  is_derived_from: doi:10.5281/zenodo.4
  original_date: 2025-01-31
  publication_date: 2026-11-29
"""


@pytest.fixture(scope="module")
def settings(server, template):
    """Settings of one store with one document, for all tests of this file."""
    with server.copy(template) as copied, open_database(copied) as database:
        ingest(SAMPLES[0], database, copied)
        yield replace(copied, **PUBLISHED)


@pytest.fixture(scope="module")
def database(settings):
    with open_database(settings) as opened:
        yield opened


def client_of(settings, database, directory, origin=ORIGIN):
    (directory / "origin.yaml").write_text(origin)
    return create_app(settings, database, metadata.load(directory)).test_client()


@pytest.fixture
def client(settings, database, tmp_path):
    return client_of(settings, database, tmp_path)


def origin(response):
    """Return what astropy finds: of the request, and of the data, the name of each with its values."""
    dataorigin = pytest.importorskip("astropy.io.votable.dataorigin")  # since astropy 7.1
    found = dataorigin.extract_data_origin(parse(io.BytesIO(response.data)))
    assert len(found.origin) <= 1
    of_data = {
        name: v for o in found.origin for name in dataorigin.DATAORIGIN_INFO if (v := getattr(o, name))
    }
    return {
        name: v for name in dataorigin.DATAORIGIN_QUERY_INFO if (v := getattr(found.query, name))
    }, of_data


def asked(client, **parameters):
    return client.get("/tap/sync", query_string={"LANG": "ADQL", "QUERY": QUERY} | parameters)


@pytest.mark.parametrize("form", ["votable", "votable/td", "votable/b2", "votable/b", "text/xml"])
def test_astropy_finds_every_item_in_every_votable(client, form):
    """ORIG-2: all 8 of the request and all 14 of the data, among them those that the note recommends."""
    dataorigin = pytest.importorskip("astropy.io.votable.dataorigin")  # since astropy 7.1
    before = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    request, data = origin(asked(client, RESPONSEFORMAT=form))

    assert request.keys() == set(dataorigin.DATAORIGIN_QUERY_INFO)
    assert data.keys() == set(dataorigin.DATAORIGIN_INFO) == DATA_ORIGIN.keys()
    assert request["query"] == QUERY
    assert request["publisher"] == PUBLISHED["publisher"]
    assert request["service_protocol"] == "ivo://ivoa.net/std/TAP"
    assert before <= datetime.fromisoformat(request["request_date"]) < before + timedelta(minutes=1)
    assert data["creator"] == ["Doe", "J.", "O'Neil, M."]
    assert data["resource_version"] == ["2.1"]
    assert data["rights"] == ["© Example <Observatory>"]
    assert data["publication_date"] == ["2026-11-29"]


def test_the_request_can_be_repeated(client):
    """ORIG-1: its URL gives the same rows, also if it was posted."""
    posted = client.post("/tap/sync", data={"LANG": "ADQL", "QUERY": QUERY, "MAXREC": "1", "RUNID": "x"})
    url = urlsplit(origin(posted)[0]["request"])
    again = client.get(f"{url.path}?{url.query}")

    assert f"{url.scheme}://{url.netloc}" == PUBLISHED["base_url"]
    assert parse_qs(url.query) == {"LANG": ["ADQL"], "QUERY": [QUERY], "MAXREC": ["1"]}
    assert parse(io.BytesIO(again.data)).get_first_table().array == (
        parse(io.BytesIO(posted.data)).get_first_table().array
    )


def test_a_long_query_occurs_once(client):
    """No client could send such a URL."""
    request, _ = origin(client.post("/tap/sync", data={"LANG": "ADQL", "QUERY": QUERY.ljust(5_000)}))

    assert request["request"] == "https://prov.example.org/tap/sync"


def test_values_of_a_schema_override_the_settings(client, database, settings, tmp_path):
    """ORIG-3: the settings hold where the schema says nothing."""
    _, provenance = origin(asked(client))
    _, provext = origin(asked(client, QUERY="SELECT TOP 1 al_value FROM provext.alias"))

    assert provenance["citation"] == ["doi:10.5281/zenodo.2", "doi:10.5281/zenodo.3"]
    assert provenance["rights_uri"] == [PUBLISHED["rights_uri"]]
    assert provenance["reference_url"] == ["https://prov.example.org/"]
    assert provenance["data_ivoid"] == [PUBLISHED["service_ivoid"]]
    assert provext["citation"] == [PUBLISHED["citation"]]
    assert "creator" not in provext


@pytest.mark.parametrize(
    "query",
    [
        "SELECT TOP 1 al_value FROM provext.alias JOIN provenance.entity ON e_id = al_entity_id",
        "SELECT TOP 1 al_value FROM provext.alias WHERE al_entity_id IN (SELECT e_id FROM provenance.entity)",
        "WITH w AS (SELECT e_id FROM provenance.entity) SELECT TOP 1 al_value FROM provext.alias, w",
        "SELECT TOP 1 al_value FROM provext.alias JOIN provenance.lineage ON l_descendant_id = al_entity_id"
        " WHERE l_ancestor_id = 'x'",
    ],
)
def test_the_origins_of_all_schemas_read_are_joined(client, query):
    """ORIG-3: wherever in the query a table stands; each value once."""
    _, data = origin(asked(client, QUERY=query))

    assert data["citation"] == ["doi:10.5281/zenodo.2", "doi:10.5281/zenodo.3", PUBLISHED["citation"]]
    assert data["rights_uri"] == [PUBLISHED["rights_uri"]]


def test_the_last_update_is_the_last_ingestion(client, database):
    """ORIG-3."""
    with database.transaction() as transaction:
        [row] = transaction.rows("SELECT max(in_time) AS time FROM provext.ingestion")
    _, data = origin(asked(client))

    assert data["last_update_date"] == [row.time.isoformat(timespec="seconds")]


def test_without_settings_a_result_has_the_known_remarks(database, settings, tmp_path, tableset):
    """Nothing is made up."""
    bare = replace(settings, **dict.fromkeys(PUBLISHED))
    request, data = origin(asked(create_app(bare, database, tableset).test_client()))

    assert request.keys() == {"server_software", "service_protocol", "request", "query", "request_date"}
    assert data.keys() == {"reference_url", "last_update_date"}


def test_an_error_names_the_service(client):
    """ORIG-1: of the request; there are no data."""
    dataorigin = pytest.importorskip("astropy.io.votable.dataorigin")  # since astropy 7.1
    request, data = origin(asked(client, QUERY="SELECT"))

    assert request.keys() == set(dataorigin.DATAORIGIN_QUERY_INFO) - {"request", "query"}
    assert data == {}


def test_json_lists_repeated_items(client):
    info = json.loads(asked(client, RESPONSEFORMAT="json").data)["info"]

    assert info["citation"] == ["doi:10.5281/zenodo.2", "doi:10.5281/zenodo.3"]
    assert info["publisher"] == PUBLISHED["publisher"]


@pytest.mark.parametrize(
    "text, message",
    [
        (
            "name: nowhere\ndata_origin: {}",
            r"no file describes the schema nowhere\. Described are provenance,",
        ),
        (
            "name: provenance\ndata_origin: {author: x}",
            r"author is not a valid key\. Use data_ivoid, citation",
        ),
        (
            "name: provenance\ndata_origin: {creator: [[x]]}",
            "creator must be a text, a number, a date, or a list",
        ),
        ("name: provenance\ndata_origin: {creator: true}", "creator must be a text"),
        ("name: provenance\ndata_origin: {creator: ''}", "creator must be a text"),
        ("name: provenance\ndata_origin: x", "data_origin must be a dict"),
    ],
)
def test_a_wrong_origin_is_refused(tmp_path, text, message):
    (tmp_path / "own.yaml").write_text(text)

    with pytest.raises(SettingsError, match=message):
        metadata.load(tmp_path)
