"""The main questions of users are answered in three clicks, without scripts."""

import csv
import io
import re
from urllib.parse import quote

import pytest

from tests.browser.window import window


@pytest.fixture
def seen(browser, demo):
    """A window without scripts, on the home page."""
    with window(browser, java_script_enabled=False, viewport={"width": 1280, "height": 900}) as opened:
        opened.page.goto(demo.url)
        yield opened
        assert opened.complaints == []


def heading(page):
    return page.get_by_role("heading", level=1).inner_text()


def text_behind(page, name):
    """Return what the link *name* leads to."""
    address = page.get_by_role("link", name=name).get_attribute("href")
    root = "/".join(page.url.split("/")[:3])
    return page.request.get(f"{root}{address}").text()


def test_a_user_finds_run_inputs_and_image_cleaner_of_a_file(seen):
    """Site, section 6, points 1 and 2: the name and Enter, the file, and the filter of its parameters."""
    page = seen.page
    page.get_by_label("Find a file, run, program or person").fill("step2_a.dl2.h5")
    page.keyboard.press("Enter")
    page.locator(".hits a").first.click()

    assert heading(page).strip("\N{WORD JOINER}") == "step2_a.dl2.h5"
    story = " ".join(page.locator(".story").inner_text().split())
    assert re.search(r"Made by ctapipe-process 0\.28\.0 on .* from step1_a\.dl1\.h5 and conf2\.yaml", story)

    page.get_by_label("Filter parameters").fill("image_cleaner_type")
    page.get_by_role("button", name="Filter").click()
    assert "TailcutsImageCleaner" in page.locator("#parameters").inner_text()


def test_which_files_used_a_calibration_as_a_list_of_paths(seen):
    """Site, section 6, point 7: the question of the home page, its menu, the list."""
    page = seen.page
    page.get_by_role("link", name="A calibration was bad.").click()
    page.get_by_text(re.compile("^Download")).click()
    paths = text_behind(page, "Paths, one a line").splitlines()
    table = list(csv.DictReader(io.StringIO(text_behind(page, "Table .csv"))))

    assert paths
    assert [row["e_location"] or row["e_id"] for row in table] == paths
    assert page.locator("tbody tr").count() == len(paths)


def test_filters_of_an_impact_and_its_downloads_agree(seen, demo, things):
    page = seen.page
    page.goto(f"{demo.url}/impact?id={quote(things.file('step1_a.dl1.h5'))}")
    page.get_by_label("How the run ended", exact=True).select_option("completed")
    page.get_by_role("button", name="Filter").click()
    rows = page.locator("tbody tr").count()

    assert rows
    page.get_by_text(re.compile("^Download")).click()
    assert len(text_behind(page, "Ids, one a line").splitlines()) == rows


def test_every_node_of_the_lineage_of_a_file_is_a_link(seen, demo, things):
    """Site, section 6, point 2."""
    page = seen.page
    page.goto(f"{demo.url}/entity?id={quote(things.file('step2_a.dl2.h5'))}")
    links = {
        link.get_attribute("href") or link.get_attribute("xlink:href")
        for link in page.locator(".lineage a").all()
    }

    assert len(links) >= 5
    assert {page.request.get(f"{demo.url}{link}").status for link in links} == {200}


def test_a_failed_run_is_marked_on_all_pages(seen, demo, things):
    """Site, section 6, point 6: on its page, on that of its file, and in a search."""
    page = seen.page
    page.goto(f"{demo.url}/activity?id={quote(things.run('y.h5'))}")
    assert "130" in page.get_by_role("alert").inner_text()

    page.goto(f"{demo.url}/entity?id={quote(things.file('y.h5'))}")
    assert page.get_by_role("alert").inner_text()

    page.goto(f"{demo.url}/search?q=y.h5&kind=file")
    assert "interrupted" in page.locator(".hits li").first.inner_text()


def test_an_error_of_a_query_is_mended_by_one_click(seen, demo):
    """Site, section 4, "Query error": mended, it runs."""
    page = seen.page
    page.goto(f"{demo.url}/query")
    page.locator("textarea[name=QUERY]").fill("SELECT TOP 5 e_id, e_nam FROM provenance.entity")
    page.get_by_role("button", name=re.compile("^Run")).first.click()

    assert page.locator("mark").inner_text() == "e_nam"
    page.get_by_role("button", name="Use e_name").click()
    assert page.locator("tbody tr").count() == 5
    page.locator("tbody a").first.click()
    assert page.url.startswith(f"{demo.url}/entity/")


def test_a_list_has_a_next_page(seen, demo):
    """Of a result as of a search: each page has its address."""
    page = seen.page
    query = quote("SELECT p_id, p_name FROM provenance.parameter ORDER BY p_id")
    page.goto(f"{demo.url}/result?QUERY={query}")
    first = page.locator("tbody tr").first.inner_text()
    page.get_by_role("link", name=re.compile("^Next")).click()

    assert page.locator("tbody tr").first.inner_text() != first
    assert "after=" in page.url


def test_forms_of_a_page_are_negotiated(seen, demo, things):
    """Site, section 6, point 5."""
    request = seen.page.request
    id_ = quote(things.file("step2_a.dl2.h5"), safe="")
    page = f"{demo.url}/entity/{id_}"

    assert (
        request.get(f"{page}.json").json() == request.get(page, headers={"Accept": "application/json"}).json()
    )
    provn = request.get(f"{demo.url}/provsap?ID={id_}&DEPTH=1&RESPONSEFORMAT=PROV-N").text()
    assert request.get(f"{page}.provn").text() == provn


def test_a_printed_page_has_its_folds_open_and_no_buttons(browser, demo, things):
    """Site, section 6, point 12; ids, which a click copies, look like text."""
    with window(browser) as opened:
        page = opened.page
        page.goto(f"{demo.url}/entity?id={quote(things.file('step2_a.dl2.h5'))}")
        page.emulate_media(media="print")
        shown = [button.is_visible() for button in page.locator("button:not(.id), .btn").all()]
        folds = page.locator("details.fold table").all()
        printed = page.pdf()

        assert printed.startswith(b"%PDF")
        assert not any(shown)
        assert folds
        assert all(fold.is_visible() for fold in folds)
        assert opened.complaints == []
