"""The ways to an answer as of a date: the endpoint, the command line, the page."""

import json
import re

import pytest
from click.testing import CliRunner
from lxml import etree

from provtap.commands import main
from provtap.ingest.rebuild import undo
from provtap.provsap.formats import FORMATS
from provtap.web import create_app


def made(activity, used, product):
    return {
        "Activity": [{"id": activity}],
        "DatasetEntity": [{"id": used}, {"id": product, "name": product}],
        "Used": [{"activity": activity, "entity": used}],
        "WasGeneratedBy": [{"activity": activity, "entity": product}],
    }


@pytest.fixture
def numbers(calendar):
    """The numbers of three documents: of the product p, of what it was made from, and of nothing of this."""
    steps = (
        ("urn:x:b", "urn:x:q", "urn:x:p"),
        ("urn:x:a", "urn:x:r", "urn:x:q"),
        ("urn:x:c", "urn:x:s", "urn:x:t"),
    )
    return [calendar.take(made(*step)) for step in steps]


@pytest.fixture
def client(calendar, numbers, tableset):
    return create_app(calendar.settings, calendar.database, tableset).test_client()


def test_the_endpoint_answers_as_of_a_date_whatever_the_case_of_the_name(client):
    url = "/provsap?ID=urn:x:p&DEPTH=ALL"
    before, after = client.get(f"{url}&asof=2026-01-01"), client.get(f"{url}&ASOF=2026-01-02")

    assert len(json.loads(before.data)["entity"]) == 2
    assert after.data == client.get(url).data
    assert after.headers["X-ProvTAP-As-Of"] == "2026-01-02T23:59:59"
    assert after.headers["X-ProvTAP-Undone"] == "0"


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_every_format_is_as_of_a_date(client, form):
    response = client.get(f"/provsap?ID=urn:x:p&DEPTH=ALL&ASOF=2026-01-01&RESPONSEFORMAT={form.name}")

    assert response.status_code == 200
    if form.name != "PROV-PNG":
        assert re.search(r"\b(urn:x|ns0):q\b", response.text)
        assert not re.search(r"\b(urn:x|ns0):r\b", response.text)
    if form.name == "PROV-VOTABLE":
        assert '<INFO name="AS_OF" value="2026-01-01T23:59:59">' in response.text
    if form.name == "PROV-SVG":
        assert "As known on 2026-01-01 at 23:59:59 UTC" in response.text


@pytest.mark.parametrize(
    ("asof", "status", "said"),
    [
        ("tomorrow", 400, "such as 2026-03-31 or"),
        ("9998-01-01", 400, "ASOF is in the future"),
        ("2025-12-31", 404, "The first document arrived on 2026-01-01T00:00:00"),
    ],
)
def test_errors_say_what_is_valid(client, asof, status, said):
    response = client.get(f"/provsap?ID=urn:x:p&ASOF={asof}")

    assert response.status_code == status
    assert said in response.text


def test_an_undone_document_is_counted(calendar, client, numbers):
    undo(numbers[1], calendar.database, calendar.settings)
    response = client.get("/provsap?ID=urn:x:p&DEPTH=ALL&ASOF=2026-01-03&RESPONSEFORMAT=PROV-SVG")

    assert response.headers["X-ProvTAP-Undone"] == "1"
    assert "without a document undone since then" in response.text


def test_the_page_has_a_field_for_the_date(client):
    """The graph, and all addresses on the page, are as of this date."""
    page = client.get("/lineage/urn%3Ax%3Ap?asof=2026-01-01", headers={"Accept": "application/xhtml+xml"})
    tree = etree.fromstring(page.data)

    assert tree.xpath("//*[@id='asof']/@value") == ["2026-01-01"]
    assert "As known on 2026-01-01" in page.text
    assert "urn:x:r" not in page.text
    assert all(
        "asof=2026-01-01" in to for to in tree.xpath("//@href") if "/lineage/" in to and "direction" in to
    )


def test_the_command_line_shows_a_lineage_as_of_a_date(calendar, numbers):
    undo(numbers[2], calendar.database, calendar.settings)
    environ = {
        "PROVTAP_DATABASE_URL": calendar.settings.database_url,
        "PROVTAP_ROLE_PREFIX": calendar.settings.role_prefix,
    }

    def run(*arguments):
        return CliRunner(env=environ).invoke(main, ["lineage", "urn:x:p", *arguments])

    assert run("--as-of", "2026-01-01").stdout.count("<urn:x:") == 3
    done = run("--as-of", "2026-01-03")
    assert done.stdout == run().stdout
    assert "without 1 document that was undone since then" in done.stderr
    assert "--as-of cannot be" in run("--as-of", "then").stderr
