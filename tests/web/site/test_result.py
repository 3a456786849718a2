"""The page of a result: rows, pages, order, links, downloads, and notices about missing rows."""

import subprocess
import sys
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree

from provtap.database.connect import open_database
from provtap.web import create_app

COLUMNS = "SELECT column_name, arraysize FROM tap_schema.columns"
COUNT = 200
"""The tables of TAP_SCHEMA have more columns than this."""


def shown(site, query, **parameters):
    response = site.get("/result", query_string={"QUERY": query, **parameters})
    assert response.status_code == 200
    return etree.HTML(response.text)


def cells(page, number=1):
    return ["".join(cell.itertext()) for cell in page.xpath(f"//tbody/tr/td[{number}]")]


def test_ids_are_links_to_the_pages_of_the_things_they_name(site):
    """By the utype of their column, or a key that leads there; whatever the query calls them."""
    page = shown(
        site,
        "SELECT TOP 1 wgb_entity_id AS thing, wgb_activity_id, a_name FROM provenance.wasgeneratedby"
        " JOIN provenance.activity ON a_id = wgb_activity_id",
    )

    links = page.xpath("//tbody//a/@href")
    assert [link.split("/")[1] for link in links] == ["entity", "activity"]


def test_heads_have_names_units_and_descriptions(site):
    page = shown(site, "SELECT TOP 1 r_duration AS took FROM provext.run")
    [head] = page.xpath("//thead//th")

    assert ["".join(head.itertext()), head.get("class")] == ["took[s]", "num"]
    assert head.get("title").startswith("Time that the run took")


def test_a_page_has_a_hundred_rows_and_leads_to_the_next(site):
    first = shown(site, COLUMNS + " ORDER BY table_name, column_name")
    second = etree.HTML(site.get(first.xpath("//a[@rel='next']/@href")[0]).text)

    assert [len(cells(page)) for page in (first, second)] == [100, 100]
    assert "1–100 of" in first.xpath("string(//nav[@class='pages'])")
    assert "101–200 of" in second.xpath("string(//nav[@class='pages'])")
    assert second.xpath("//nav[@class='pages']//a[.='First page']")


def test_pages_together_have_every_row_once(site):
    """Also when many rows are alike in what they are sorted by."""
    got, page = [], shown(site, "SELECT column_name, table_name FROM tap_schema.columns", sort=2)
    while True:
        got += zip(cells(page, 1), cells(page, 2), strict=True)
        following = page.xpath("//a[@rel='next']/@href")
        if not following:
            break
        page = etree.HTML(site.get(following[0]).text)

    total = int(page.xpath("string(//h1)").split()[0].replace("\u202f", ""))
    assert len(got) == len(set(got)) == total > COUNT


@pytest.mark.parametrize("sort, wanted", [("1", ["a", "b", "null"]), ("-1", ["b", "a", "null"])])
def test_the_server_sorts_all_rows_nulls_last(site, sort, wanted):
    query = (
        "SELECT x FROM (SELECT TOP 1 'b' AS x FROM tap_schema.schemas UNION ALL SELECT TOP 1 'a' FROM"
        " tap_schema.schemas UNION ALL SELECT TOP 1 NULL FROM tap_schema.schemas) AS u"
    )
    page = shown(site, query, sort=sort)

    assert cells(page) == wanted
    [head] = page.xpath("//th")
    assert head.get("aria-sort") == ("descending" if sort == "-1" else "ascending")
    assert head.xpath("button/@value") == ["1" if sort == "-1" else "-1"]
    [form] = page.xpath("//form[@id=//th/button/@form]")
    assert {each.get("name"): each.get("value") for each in form} == {"QUERY": query, "MAXREC": "1000"}


def test_rows_are_sorted_before_maxrec_cuts_them(site):
    """site.md, acceptance 10: sorting then asks the server."""
    cut = shown(site, COLUMNS, MAXREC=3, sort="-1")
    whole = shown(site, f"{COLUMNS} ORDER BY column_name DESC", MAXREC=3)

    assert cells(cut) == cells(whole)


def test_a_truncated_result_offers_more_rows_or_a_job(site):
    page = shown(site, COLUMNS, MAXREC=7)
    [banner] = page.xpath("//div[@role='status' and contains(@class, 'banner')]")

    assert "Cut at 7 rows" in "".join(banner.itertext())
    assert "MAXREC=1000" in banner.xpath("string(.//a/@href)") or "QUERY" in banner.xpath(
        "string(.//a/@href)"
    )
    assert banner.xpath(".//form/@action") == ["/jobs"]


def test_a_complete_result_has_no_notice_of_truncation(site):
    page = shown(site, "SELECT TOP 7 column_name FROM tap_schema.columns", MAXREC=7)

    assert page.xpath("string(//h1)").startswith("7 rows")
    assert page.xpath("//div[contains(@class, 'banner')]") == []


def test_more_rows_than_the_service_gives_at_once_are_not_asked_for(site_app, sample_settings, tableset):
    with open_database(sample_settings) as database:
        small = create_app(replace(sample_settings, maxrec=5), database, tableset).test_client()
        page = shown(small, COLUMNS, MAXREC=100_000)

    assert page.xpath("string(//h1)").startswith("5 rows")
    assert "Cut at 5 rows" in page.xpath("string(//div[contains(@class, 'banner')])")


def test_no_rows_is_an_answer(site):
    page = shown(site, "SELECT e_id FROM provenance.entity WHERE e_id = 'none'")

    assert page.xpath("string(//h1)").startswith("No rows")
    assert "e_id = 'none'" in page.xpath("string(//div[@class='tabs'])")
    assert page.xpath("//table") == []


def test_an_empty_result_names_the_condition_that_nothing_fulfils(site):
    """site.md, section 4: told if a second is enough."""
    where = "e_class = 'DatasetEntity' AND e_name LIKE '%.nothing' AND e_id <> 'x'"
    page = shown(site, f"SELECT e_id FROM provenance.entity WHERE {where}")
    two = shown(site, "SELECT e_id FROM provenance.entity WHERE e_class = 'DatasetEntity' AND e_value = '0'")

    assert page.xpath("string(//div[@class='empty']//code)") == "e_name LIKE '%.nothing'"
    assert two.xpath("//div[@class='empty']//code") == []


def test_the_result_can_be_downloaded_in_all_formats_of_tap(site):
    page = shown(site, "SELECT 1 AS one, 'ä&b' AS t FROM tap_schema.schemas", MAXREC=2)
    links = page.xpath("//a[@download]/@href")

    assert len(links) >= 7
    for link in links:
        answer = site.get(link)
        assert answer.status_code == 200
        assert answer.data


def test_a_suffix_leads_to_the_whole_result_as_a_file(site):
    """site.md, section 2."""
    query = {"QUERY": "SELECT 'ä&b' AS t FROM tap_schema.schemas", "MAXREC": 2}
    answer = site.get("/result.csv", query_string=query, follow_redirects=True)

    assert answer.text.splitlines() == ["t", "ä&b", "ä&b"]
    assert site.get("/result.doc", query_string=query).status_code == 404


def test_the_snippet_for_python_runs_any_query(site):
    """Quotes, backslashes and line ends of the query mean something to Python as well."""
    query = 'SELECT \'"""\\n\' AS "a""""b"\nFROM tap_schema.schemas WHERE schema_name = \'"\''
    page = shown(site, query)
    text = page.xpath("string(//div[@class='tab'][1]//code)")
    program = text.replace("import pyvo", "").replace("print(rows.to_table())", "print(rows, end='')")
    stand_in = "class pyvo:\n class dal:\n  class TAPService:\n   def __init__(s, u): pass\n"
    stand_in += "   def search(s, q, maxrec): return q.strip('\\n')\n"

    run = subprocess.run([sys.executable, "-c", stand_in + program], capture_output=True, text=True)
    assert run.stdout == query


def test_the_snippet_for_curl_runs_any_query(site):
    query = "SELECT '$HOME `x` \\' AS t FROM tap_schema.schemas"
    text = shown(site, query).xpath("string(//div[@class='tab'][3]//code)")

    run = subprocess.run(
        ["sh", "-c", f'curl() {{ printf %s "$7"; }}; {text}'], capture_output=True, text=True
    )
    assert run.stdout == f"QUERY={query}"


def test_text_of_the_store_is_escaped(site):
    """Also as the name of a column; a link of the store is one only if it leads to a site."""
    query = (
        "SELECT TOP 1 '<img src=x>' AS \"<b>\", 'javascript:alert(1)' AS s, 'https://example.org/a' AS l"
        " FROM tap_schema.schemas"
    )
    page = shown(site, query)

    assert page.xpath("//img | //th//b") == []
    assert cells(page, 1) == ["<img src=x>"]
    assert page.xpath("//tbody//a/@href") == ["https://example.org/a"]


def test_a_form_is_led_to_the_address_of_its_result(site):
    """Each state has an address: a result can be reloaded and passed on."""
    response = site.post("/result", data={"QUERY": "SELECT 1 AS a\r\nFROM tap_schema.schemas", "MAXREC": "5"})

    assert response.status_code == 303
    assert parse_qs(urlsplit(response.location).query) == {
        "QUERY": ["SELECT 1 AS a\nFROM tap_schema.schemas"],
        "MAXREC": ["5"],
    }
    assert site.get(response.location).status_code == 200


def test_a_query_too_long_for_an_address_gets_a_short_one(settings, database, tableset):
    """It is stored as a job, which is bounded and destroyed as all are; the page says so."""
    client = create_app(settings, database, tableset).test_client()
    query = f"SELECT 'x' AS t FROM tap_schema.schemas -- {'y' * 5_000}"

    response = client.post("/result", data={"QUERY": query})
    page = client.get(response.location)

    assert (response.status_code, page.status_code) == (303, 200)
    assert len(response.location) < 100
    assert "too long for an address" in page.text
    [job] = etree.HTML(page.text).xpath("//a[contains(@href, '/jobs/')]/@href")
    job_id = job.rpartition("/")[2]
    assert client.get(f"/tap/async/{job_id}/phase").text == "PENDING"
    client.delete(f"/tap/async/{job_id}")
    assert client.get(response.location).status_code == 404


def test_a_page_of_another_site_stores_no_query(site):
    query = f"SELECT 'x' AS t FROM tap_schema.schemas -- {'y' * 5_000}"
    response = site.post("/result", data={"QUERY": query}, headers={"Sec-Fetch-Site": "cross-site"})

    assert response.status_code == 403


def test_without_a_query_the_page_to_write_one_comes(site):
    assert site.get("/result").location == "/query"


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"sort": "x"}, "sort must be the number of a column"),
        ({"sort": "9"}, "has no column 9"),
        ({"sort": "0"}, "has no column 0"),
        ({"after": "-1"}, "after must be a number of rows"),
        ({"MAXREC": "many"}, "MAXREC must be a whole number"),
        ({"JOB": "../x", "QUERY": ""}, "QUERY is missing"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(site, parameters, message):
    query = {"QUERY": "SELECT 1 AS a FROM tap_schema.schemas"} | parameters
    response = site.get("/result", query_string=query)

    assert response.status_code == 400
    assert message in response.text


def test_long_cells_and_many_columns_make_no_large_page(site):
    """However much a query makes of each row."""
    wide = ", ".join(f"description AS d{n}" for n in range(1_000))
    response = site.get("/result", query_string={"QUERY": f"SELECT {wide} FROM tap_schema.columns"[:60_000]})

    assert response.status_code == 200
    assert len(response.data) < 20_000_000
