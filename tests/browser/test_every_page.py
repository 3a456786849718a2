"""Rules for all pages: no violation of the policy, accessible, and usable on a phone."""

from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.window import window

WIDTHS = {"desk": 1280, "phone": 390}
STANDARD = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""What a dark theme can break."""
RESULT = quote("SELECT a_id, a_name, a_starttime, r_duration, r_status FROM provenance.activity, provext.run")
PAGES = {
    "home": ("/", 200),
    "help": ("/help", 200),
    "search": ("/search?q=dl2", 200),
    "search for nothing": ("/search?q=step2_a.dl3.h5", 200),
    "all runs": ("/search?kind=run", 200),
    "file": ("/entity?id={step2_a.dl2.h5}", 200),
    "file from outside": ("/entity?id={calib_events.simtel.gz}", 200),
    "file of a failed run": ("/entity?id={y.h5}", 200),
    "run": ("/activity?id={run of step2_a.dl2.h5}", 200),
    "failed run": ("/activity?id={run of y.h5}", 200),
    "older file of two at one path": ("/entity/urn%3Auuid%3A094e11aa-6769-4dd7-aaf9-b7d395f7c587", 200),
    "person": ("/agent/urn%3Ax-provtap%3Acontact%3Aoperator%2540example.org", 200),
    "program": ("/program/ctapipe-process", 200),
    "version": ("/program/ctapipe-process/0.28.0", 200),
    "impact": ("/impact?id={step1_a.dl1.h5}", 200),
    "lineage": ("/lineage?id={step2_a.dl2.h5}&agents=1", 200),
    "lineage by time": ("/lineage?id={step2_a.dl2.h5}&by=time&direction=both&status=completed", 200),
    "comparison": ("/compare?a={run of step2_a.dl2.h5}&b={run of step1_a.dl1.h5}&all=1", 200),
    "nothing to compare": ("/compare", 200),
    "jobs": ("/jobs", 200),
    "nothing": ("/entity/nothing", 404),
    "no page": ("/nothing", 404),
    "TAP": ("/tap", 200),
    "examples": ("/tap/examples", 200),
    "query": (f"/query?QUERY={RESULT}", 200),
    "result": (f"/result?QUERY={RESULT}", 200),
    "empty result": ("/result?QUERY=SELECT+e_id+FROM+provenance.entity+WHERE+e_name='none'", 200),
    "query with an error": ("/result?QUERY=SELECT+e_nam+FROM+provenance.entity", 400),
    "tables": ("/schema", 200),
    "table": ("/schema/provenance.entity", 200),
    "virtual table": ("/schema/provenance.lineage", 200),
}
"""Addresses, in which a name in braces stands for the id of that thing, and their HTTP status."""


@pytest.fixture(scope="module")
def windows(browser):
    """A window of each width."""
    with (
        window(browser, viewport={"width": WIDTHS["desk"], "height": 900}) as desk,
        window(browser, viewport={"width": WIDTHS["phone"], "height": 844}) as phone,
    ):
        yield {"desk": desk, "phone": phone}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("size", WIDTHS)
def test_page_is_accessible_fits_and_breaks_no_rule(windows, demo, things, size, page):
    """Site, section 6, point 11; the host has another name than in the base URL."""
    path, status = PAGES[page]
    seen = windows[size]
    seen.complaints.clear()
    seen.page.emulate_media(color_scheme="light")
    answer = seen.page.goto(f"http://localhost:{demo.port}{things.fill(path)}")
    wide, narrow = seen.page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    light = Axe().run(seen.page, options=STANDARD)
    seen.page.emulate_media(color_scheme="dark")
    dark = Axe().run(seen.page, options=COLOURS)

    assert answer.status == status
    assert seen.complaints == []
    assert wide <= narrow
    assert light.violations_count == 0, light.generate_report()
    assert dark.violations_count == 0, dark.generate_report()
