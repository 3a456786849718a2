"""What holds on every page: nothing breaks the policy, everybody can read it, and it fits a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from provtap.addresses import page, program
from tests.browser.window import window

WIDTHS = {"desk": 1280, "phone": 390}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
PATHS = [
    "/",
    "/help",
    page("entity", "urn:uuid:9ae6f6a9-8f06-4944-b859-fa70c8bddb99"),  # step2_a.dl2.h5
    page("entity", "urn:uuid:094e11aa-6769-4dd7-aaf9-b7d395f7c587"),  # the older of two at one path
    page("activity", "urn:uuid:88d04e7a-1d29-4de6-b0e6-634003ca4fe6"),  # a run that failed
    page("agent", "urn:x-provtap:contact:operator%40example.org"),
    program("ctapipe-process"),
]


@pytest.fixture(scope="module")
def windows(browser):
    """A window of each width."""
    with (
        window(browser, viewport={"width": WIDTHS["desk"], "height": 900}) as desk,
        window(browser, viewport={"width": WIDTHS["phone"], "height": 844}) as phone,
    ):
        yield {"desk": desk, "phone": phone}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("size", WIDTHS)
def test_page_is_accessible_fits_and_breaks_no_rule(windows, demo, size, path):
    """Site, section 6, point 11; the host has another name than in the base URL."""
    seen = windows[size]
    seen.complaints.clear()
    seen.page.goto(f"http://localhost:{demo.port}{path}")
    wide, narrow = seen.page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    found = {}
    for scheme in ("light", "dark"):
        seen.page.emulate_media(color_scheme=scheme)
        found[scheme] = Axe().run(seen.page, options=RULES)

    assert seen.complaints == []
    assert wide <= narrow
    for scheme, results in found.items():
        assert results.violations_count == 0, f"{scheme}:\n{results.generate_report()}"
