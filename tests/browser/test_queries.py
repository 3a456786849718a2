"""Queries in a browser without scripts: written, mended, run, paged, and run as a job."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.window import window
from tests.live import awaited


@pytest.fixture
def page(browser):
    """A page without scripts."""
    with window(browser, java_script_enabled=False) as opened:
        yield opened.page


def test_a_wrong_query_is_mended_and_run(page, demo):
    """Site, section 6, points 3 and 9."""
    page.goto(f"{demo.url}/query")
    page.get_by_label("Query in ADQL").fill("SELECT column_nam\nFROM tap_schema.columns")
    page.get_by_role("button", name="Run", exact=True).click()
    marked = page.locator("mark").inner_text()
    page.get_by_role("button", name="Use column_name").click()
    first = page.locator("tbody tr").count()
    page.get_by_role("link", name="Next").click()

    assert (marked, first) == ("column_nam", 100)
    assert "101–200" in page.locator(".pages").inner_text()
    page.get_by_role("button", name="column_name").click()
    assert page.locator("th[aria-sort=ascending]").count() == 1
    assert page.locator("tbody tr").first.inner_text().strip() == '"size"'


def test_a_query_runs_as_a_job_and_its_result_is_fetched(page, demo):
    """Without scripts, users reload the page of the job."""
    page.goto(f"{demo.url}/query?QUERY=SELECT+e_id+FROM+provenance.entity")
    page.get_by_label("Format of a job").select_option("csv")
    page.get_by_role("button", name="Run as a job").click()

    def is_done():
        page.reload()
        return page.get_by_role("link", name="Download").count() == 1

    assert awaited(is_done, 60)
    page.get_by_role("link", name="Jobs", exact=True).first.click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").first.click()
    assert download.value.suggested_filename == "entity.csv"


def test_the_pages_of_a_job_are_accessible(browser, demo):
    """Site, section 6, point 11: with a job that failed in the list."""
    with window(browser, viewport={"width": 390, "height": 844}) as opened:
        opened.page.goto(f"{demo.url}/query?QUERY=SELECT+e_nam+FROM+provenance.entity")
        with opened.page.expect_navigation():
            opened.page.get_by_role("button", name="Run as a job").click()

        def has_failed():
            opened.page.reload()
            return opened.page.locator("mark").count() == 1

        assert awaited(has_failed, 60)
        found = [Axe().run(opened.page)]
        opened.page.goto(f"{demo.url}/jobs")
        found.append(Axe().run(opened.page))
        width = opened.page.evaluate("document.documentElement.scrollWidth")

    assert [each.violations_count for each in found] == [0, 0], [each.generate_report() for each in found]
    assert width <= 390
    assert opened.complaints == []
