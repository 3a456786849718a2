"""The page of a query that can't run: marks, and mends that run."""

from dataclasses import replace

import pytest
from lxml import etree

from provtap.database.connect import open_database
from provtap.web import create_app
from tests.web.site.conftest import BROWSER

WRONG = "SELECT e_nam, e_id\nFROM provenance.entity\nWHERE e_locaton LIKE '<b>%'"


@pytest.fixture
def response(site):
    return site.get("/result", query_string={"QUERY": WRONG})


@pytest.fixture
def page(response):
    return etree.HTML(response.text)


def test_the_query_is_shown_with_marked_errors(response, page):
    assert response.status_code == 400
    assert "".join(page.find(".//pre").itertext()) == WRONG
    assert page.xpath("//mark/text()") == ["e_nam", "e_locaton"]


def test_each_problem_has_a_position_and_is_an_alert(page):
    problems = ["".join(item.itertext()) for item in page.xpath("//*[@role='alert']//li")]

    assert len(problems) == 2
    assert "Unknown column e_nam in provenance.entity." in problems[0]
    assert "line 1, column 8" in problems[0]
    assert "line 3, column 7" in problems[1]


def submitted(site, form):
    """Return what the site answers to a form of a page, all redirects followed."""
    given = {each.get("name"): each.get("value") for each in form.iter("input")}
    return site.post(form.get("action"), data=given, follow_redirects=True)


def test_a_mend_is_one_click(site, page):
    """It changes its problem alone."""
    [first, *_] = page.xpath("//form[.//button='Use e_name']")
    after = etree.HTML(submitted(site, first).text)

    assert after.xpath("//mark/text()") == ["e_locaton"]


def test_all_problems_are_mended_at_once_and_the_query_runs(site, page):
    [form] = page.xpath("//form[.//button='Mend all and run']")
    answer = submitted(site, form)

    assert answer.status_code == 200
    assert answer.request.path == "/result"


def test_a_browser_gets_the_same_page_from_tap_and_programs_a_votable(site):
    """HTTP-20: STILTS and TOPCAT accept text/html as well."""
    stilts = {"Accept": "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"}
    shown, told = (
        site.get("/tap/sync", query_string={"QUERY": WRONG}, headers=accept) for accept in (BROWSER, stilts)
    )

    assert (shown.status_code, told.status_code) == (400, 400)
    assert etree.HTML(shown.text).xpath("//mark/text()") == ["e_nam", "e_locaton"]
    assert told.content_type == "application/x-votable+xml"


def test_a_query_that_takes_too_long_can_be_run_as_a_job(sample_settings, tableset):
    hasty = replace(sample_settings, sync_duration=0.2)
    query = "SELECT COUNT(*) AS n FROM " + ", ".join(f"tap_schema.columns AS c{n}" for n in range(5))
    with open_database(hasty) as database:
        client = create_app(hasty, database, tableset).test_client()
        answer = client.get("/result", query_string={"QUERY": query})
    page = etree.HTML(answer.text)
    [form] = page.xpath("//form[.//button='Run as a job']")

    assert answer.status_code == 400
    assert form.get("action") == "/jobs"
    assert form.xpath("input[@name='QUERY']/@value") == [query]


@pytest.mark.parametrize(
    "query, words",
    [
        ("SELECT", "the end of the query"),
        ("SELECT 1/0 AS a FROM tap_schema.schemas", "zero"),
        ("SELECT 'a", "closing quote"),
        (f"SELECT * FROM nothing -- {'x' * 30_000}", "Unknown table nothing"),
    ],
)
def test_a_query_that_fails_otherwise_is_shown_with_its_reason(site, query, words):
    answer = site.get("/result", query_string={"QUERY": query})

    assert answer.status_code == 400
    assert words in etree.HTML(answer.text).xpath("string(//*[@role='alert'])")
    assert "SELECT" in etree.HTML(answer.text).xpath("string(//pre)")
