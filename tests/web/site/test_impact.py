import csv
import io
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from astropy.io.votable import parse_single_table
from flask.testing import FlaskClient
from lxml import etree

from provtap.addresses import impact
from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.tableset import Tableset
from provtap.web import create_app
from provtap.web.site import impact as page
from tests.conftest import Server
from tests.provsap.stores import write_store
from tests.web.site.conftest import BROWSER

HOSTILE = "it's 50%_ of \"<b>\\n\\\u202e' OR 1=1 --"
NIGHTS = 130


@pytest.fixture(scope="module")
def site(server: Server, template: Settings, tableset: Tableset) -> Iterator[FlaskClient]:
    """A browser on a store where 130 runs used a flat-field, whose name would break HTML and SQL."""
    runs = [f"run {n:03}" for n in range(NIGHTS)]
    files = [(f"file {n:03}", run) for n, run in enumerate(runs)]
    with server.copy(template) as settings, open_database(settings) as database:
        write_store(
            database,
            used=[
                *((run, HOSTILE, "flat") for run in runs),
                *(("merge", file, "in") for file, _ in files[:7]),
                ("later", "merged", "in"),
            ],
            wasgeneratedby=[*files, ("merged", "merge"), (HOSTILE, "make flat")],
            wasderivedfrom=[("copy", "merged")],
        )
        with database.transaction() as transaction:
            transaction.execute("UPDATE provenance.entity SET e_location = '/data/' || e_id")
            transaction.execute("UPDATE provenance.entity SET e_location = NULL WHERE e_id = 'file 009'")
            transaction.execute("UPDATE provenance.entity SET e_name = e_id WHERE e_id LIKE 'it%'")
            transaction.execute("UPDATE provenance.entity SET e_name = 'a_' || e_id WHERE e_id < 'file 100'")
            transaction.execute(
                "UPDATE provenance.activity SET a_starttime = timestamp '2026-01-01 22:00'"
                " + right(a_id, 1)::integer * interval '6 hours' WHERE a_id LIKE 'run %'"
            )
            transaction.execute(
                "INSERT INTO provext.run (r_activity_id, r_status, r_exitcode)"
                " SELECT a_id, CASE WHEN a_id LIKE '%7' THEN 'error' ELSE 'completed' END, 0"
                " FROM provenance.activity WHERE a_id LIKE 'run %'"
            )
        client = create_app(settings, database, tableset).test_client()
        client.environ_base["HTTP_ACCEPT"] = BROWSER["Accept"]
        yield client


def answer(site: FlaskClient, adql: str) -> list[dict[str, str]]:
    """Return the rows of a query as TAP has them."""
    given = {"LANG": "ADQL", "QUERY": adql, "FORMAT": "csv", "MAXREC": 1000}
    return list(csv.DictReader(io.StringIO(site.post("/tap/sync", data=given).text)))


def story(response) -> str:
    return " ".join("".join(etree.HTML(response.data).find(".//p[@class='story']").itertext()).split())


FILTERS = [
    {},
    {"distance": 1},
    {"distance": 2},
    {"status": "error"},
    {"status": "not completed"},
    {"status": "not recorded"},
    {"name": "FILE 01"},
    {"name": "_"},
    {"name": "a?file*7"},
    {"name": "' OR 1=1 --"},
    {"name": "(", "status": "it's"},
    {"distance": 1, "status": "completed", "name": "file 00"},
]


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_page_downloads_and_the_adql_shown_have_the_same_files(site, filters):
    """A difference between these would mislead who acts on the list."""
    shown = site.get(impact(HOSTILE, format="json", **filters)).json
    rows = answer(site, shown["adql"])
    ids = [row["e_id"] for row in rows]
    table = parse_single_table(io.BytesIO(site.get(impact(HOSTILE, format="vot", **filters)).data))
    paths = site.get(impact(HOSTILE, format="txt", **filters)).text.splitlines()

    assert shown["files"]["total"] == {"number": len(rows), "more": False}
    assert site.get(impact(HOSTILE, format="ids", **filters)).text.splitlines() == ids
    assert paths == [row["e_location"] or row["e_id"] for row in rows]
    assert list(table.array["e_id"]) == ids
    assert list(csv.DictReader(io.StringIO(site.get(impact(HOSTILE, format="csv", **filters)).text))) == rows
    assert [file["id"] for file in shown["files"]["rows"]] == ids[:50]


def test_pages_go_through_all_files_in_the_order_of_the_query(site):
    first = site.get(impact(HOSTILE, format="json")).json
    found, following = [], impact(HOSTILE)
    while following:
        html = etree.HTML(site.get(following).data)
        found += [a.get("href") for a in html.findall(".//td[@class='name']/a")]
        following = html.xpath("string(//a[@rel='next']/@href)")

    expected = [row["e_id"].replace(" ", "%20") for row in answer(site, first["adql"])]
    assert [address.removeprefix("/entity/") for address in found] == expected


def test_the_summary_has_files_runs_nights_and_failures(site):
    response = site.get(impact(HOSTILE))

    assert story(response) == (
        "132 files came of it, directly or not, by 131 runs over 3 nights."
        " 13 of them are by runs that did not complete."
    )


def test_each_link_leads_to_the_stated_number_of_files(site):
    """Bars by distance and counts by ending are filters."""
    html = etree.HTML(site.get(impact(HOSTILE)).data)
    links = html.xpath("//*[@class='bars']/a | //a[@class='chip']")
    told = [int(link.xpath("string(.)").split()[-1].removeprefix("away")) for link in links]
    numbers = [site.get(f"{link.get('href')}&format=json").json["files"]["total"]["number"] for link in links]

    assert told == numbers
    assert numbers[:3] == [130, 1, 1]


def test_as_adql_leads_to_the_editor_with_the_query_of_the_page(site):
    response = site.get(impact(HOSTILE, name="file"))
    html = etree.HTML(response.data)
    link = urlsplit(html.xpath("string(//a[text()='As ADQL']/@href)"))

    assert parse_qs(link.query)["QUERY"] == ["".join(html.find(".//details//code").itertext())]


def test_text_of_the_store_is_escaped(site):
    html = etree.HTML(site.get(impact(HOSTILE)).data)

    assert html.findtext(".//h1/bdi") == HOSTILE
    assert html.findall(".//h1//b") == []


def test_the_impact_of_a_run_is_that_of_its_files(site):
    of_run = site.get(impact("make flat", format="json")).json
    of_file = site.get(impact(HOSTILE, format="json")).json

    assert of_run["files"]["rows"] == of_file["files"]["rows"]
    assert len(answer(site, of_run["adql"])) == 132


def test_an_unused_file_is_reported_as_unused(site):
    assert story(site.get(impact("copy"))) == "Nothing has used it yet, as far as is recorded here."


def test_a_page_without_matches_links_back(site):
    assert "No file fits these filters" in site.get(impact(HOSTILE, name="nothing")).text


def test_more_files_than_counted_are_reported(site, monkeypatch):
    """Walks of pages stop; the downloads go on ."""
    monkeypatch.setattr(page, "MOST", 100)
    response = site.get(impact(HOSTILE))
    listed = site.get(impact(HOSTILE, format="json")).json["files"]

    assert story(response).startswith(
        "More than 100 files came of it, directly or not, by more than 100 runs"
    )
    assert "Not all files are shown." in response.text
    assert listed["total"] == {"number": 100, "more": True}
    assert len(site.get(impact(HOSTILE, format="ids")).text.splitlines()) == 132


@pytest.mark.parametrize(
    "address, status",
    [
        ("/impact/nothing", 404),
        ("/impact", 400),
        ("/impact/merged?distance=x", 400),
        ("/impact/merged?after=x", 400),
        ("/impact/merged?after=WzAsIjEiXQ", 200),
        ("/impact/merged?format=x", 400),
    ],
)
def test_addresses_that_are_wrong(site, address, status):
    assert site.get(address).status_code == status


def test_a_path_leads_to_the_page_of_the_file_and_keeps_the_filters(site):
    response = site.get("/impact?id=/data/merged&distance=1")

    assert (response.status_code, response.location) == (302, "/impact/merged?distance=1")
