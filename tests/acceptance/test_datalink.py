"""DataLink with real clients: pyvo, and STILTS, which behaves like TOPCAT."""

import re
import shutil
import subprocess
from collections import defaultdict
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import pyvo
import requests
from pyvo.dal.adhoc import DatalinkQuery, DatalinkResults

STILTS = shutil.which("stilts")
PRODUCTS = "SELECT e_name, e_id AS product FROM provenance.entity WHERE e_class = 'DatasetEntity'"
LATER_TERMS = {"documentation", "coderived"}
"""Core terms that the list of datalinklint 3.4.7 does not have yet (LINK-5)."""


@pytest.fixture
def tap(tap_url):
    with requests.Session() as session:
        yield pyvo.dal.TAPService(tap_url, session=session)


def linked(links, semantics):
    """Return the ids that the links of a product lead to."""
    found = links.bysemantics(semantics, include_narrower=False)  # or pyvo asks ivoa.net for narrower terms
    return {parse_qs(urlsplit(link.access_url).query)["ID"][0] for link in found}


def test_pyvo_finds_the_links_of_each_row_of_a_result(tap):
    """LINK-7: one request for all ids; progenitors are what lineage has at distance 1."""
    results = tap.search(PRODUCTS)
    parents = defaultdict(set)
    lineage = "SELECT l_descendant_id, l_ancestor_id FROM provenance.lineage WHERE l_distance = 1"
    for row in tap.search(lineage):
        parents[row["l_descendant_id"]].add(row["l_ancestor_id"])

    found = {links.original_row["product"]: links for links in results.iter_datalinks()}

    assert len(results) > 20
    assert found.keys() == {row["product"] for row in results}
    for product, links in found.items():
        assert linked(links, "#progenitor") == parents[product]
    assert sum(len(linked(links, "#derivation")) for links in found.values()) > 10


def test_pyvo_keeps_the_order_of_rows_if_asked_to(tap):
    results = tap.search(f"SELECT TOP 3 {PRODUCTS.removeprefix('SELECT ')} ORDER BY e_name, e_id")
    found = list(results.iter_datalinks(preserve_order=True))

    assert [links["ID"][0] for links in found] == [row["product"] for row in results]


def test_pyvo_gets_the_links_of_one_row_and_follows_them(tap):
    """A link to an input leads to the links of that."""
    [row] = tap.search(f"{PRODUCTS} AND e_name = 'step2_a.dl2.h5'")
    links = row.getdatalink()

    [event] = [link for link in links if link["local_semantics"] == "Event"]
    assert event.content_type == "application/x-votable+xml;content=datalink"
    further = DatalinkResults.from_result_url(event.access_url)
    assert linked(further, "#derivation") >= {row["product"]}


def test_pyvo_calls_the_service_of_a_row(tap):
    """The row with service_def: ProvSAP, for the id of the row."""
    [row] = tap.search(f"{PRODUCTS} AND e_name = 'step2_a.dl2.h5'")
    links = row.getdatalink()

    [service] = [link for link in links if link.service_def]
    descriptor = links.get_adhocservice_by_id(service.service_def)
    nodes = DatalinkQuery.from_resource(service, descriptor, depth="2").execute().to_table()
    assert row["product"] in nodes["id"]


def test_an_unknown_id_is_a_row_with_an_error(tap_url, live):
    """LINK-4."""
    query = DatalinkQuery(f"{live.url}/links", id=["urn:nothing", "/cta/provwork/run/twice.dl2.h5"])
    rows = query.execute(post=True)

    faults = {row["ID"]: row["error_message"] for row in rows if row["error_message"]}
    assert faults["urn:nothing"] == "NotFoundFault: Nothing has the name urn:nothing."
    assert len(rows) > len(faults)


@pytest.mark.skipif(STILTS is None, reason="the program stilts is not installed")
@pytest.mark.parametrize("path", ["", "?ID=urn:nothing", "?ID=/cta/provwork/run/twice.dl2.h5&ID=urn:nothing"])
def test_datalinklint_finds_no_error(live, path):
    """LINK-5: but for terms that it does not know yet."""
    done = subprocess.run(
        [STILTS, "datalinklint", f"votable={live.url}/links{path}", "report=EWF", "maxrepeat=999"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    problems = re.findall("^[EWF]-.*", done.stdout, re.MULTILINE)
    unknown = re.compile(r"E-SMCO-\d+ Unknown predicate '(\w+)' from core DataLink vocabulary")

    assert "Totals:" in done.stdout
    assert [line for line in problems if not ((m := unknown.match(line)) and m[1] in LATER_TERMS)] == []


@pytest.mark.skipif(STILTS is None, reason="the program stilts is not installed")
def test_topcat_reads_the_table_of_links(live):
    """By URL, as the action View Datalink Table does; and it can open each link by its column."""
    url = f"{live.url}/links?{urlencode({'ID': '/cta/provwork/run/twice.dl2.h5'})}"
    command = [STILTS, "tpipe", f"in={url}", "cmd=keepcols 'ID semantics access_url'", "ofmt=csv"]
    lines = subprocess.run(command, capture_output=True, text=True, timeout=300).stdout.splitlines()

    assert lines[0] == "ID,semantics,access_url"
    assert {line.split(",")[1] for line in lines[1:]} >= {"#this", "#progenitor", "#documentation"}
