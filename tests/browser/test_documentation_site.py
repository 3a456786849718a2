"""`make docs`: a site of the same pages, without a warning; all of it is found, no link is broken."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from lxml import html

from tests.documents import DOCUMENTS, ROOT

pytestmark = pytest.mark.skipif(find_spec("sphinx") is None, reason="the extra docs is not installed")

FIRST = "docs/index.html"
BESIDE_DOCS = ("CHANGELOG", "CONTRIBUTING", "SECURITY", "benchmarks/README", "deploy/monitoring/README")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory with the site, made as `make docs` makes it."""
    built = tmp_path_factory.mktemp("site")
    command = ["-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going", "-c", "docs", "-d"]
    done = subprocess.run(
        [sys.executable, *command, built / "doctrees", ".", built / "site"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return built / "site"


def links(page: html.HtmlElement) -> list[str]:
    """Return what *page* links to or shows, within the site."""
    return [link for link in page.xpath("//@href | //@src") if not urlsplit(link).scheme]


def leads_to(page: Path, link: str) -> tuple[Path, str]:
    """Return the file and the id that *link* of *page* names."""
    parts = urlsplit(link)
    return (page.parent / unquote(parts.path)).resolve() if parts.path else page, unquote(parts.fragment)


def test_every_page_is_reached_from_the_first_and_no_link_is_broken(site):
    files = [path for path in site.rglob("*.html") if "_static" not in path.parts]
    pages = {path: html.fromstring(path.read_bytes()) for path in files}
    first = site / FIRST
    reached, broken, waiting = {first}, [], [first]
    while waiting:
        page = waiting.pop()
        for link in links(pages[page]):
            target, anchor = leads_to(page, link)
            if not target.is_file() or (anchor and not pages[target].xpath("//*[@id=$id]", id=anchor)):
                broken.append(f"{page.relative_to(site)}: {link}")
            elif target in pages and target not in reached:
                reached.add(target)
                waiting.append(target)
    sources = [document.relative_to(ROOT).with_suffix("") for document in DOCUMENTS]

    assert broken == []
    assert {site / f"{source}.html" for source in (*sources, *BESIDE_DOCS)} <= reached
    assert pages.keys() - reached == {site / "index.html"}  # leads to the first page


def test_the_site_needs_no_other_server(site):
    """Scripts, styles, fonts and images come with it, so that it works without a network."""
    loaded = "//script/@src | //link[@rel='stylesheet' or @rel='preload']/@href | //img/@src"
    foreign = [
        link
        for path in site.rglob("*.html")
        for link in html.fromstring(path.read_bytes()).xpath(loaded)
        if urlsplit(link).netloc
    ]

    assert foreign == []


def test_the_map_of_the_readme_is_the_navigation_of_every_page(site):
    readme = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Documentation")[2]
    page = html.fromstring((site / "docs/reference/tables.html").read_bytes())
    [navigation] = page.xpath("//nav[@aria-label='Pages']")

    for audience in navigation.xpath(".//p[contains(@class, 'caption')]"):
        assert f"**{audience.text_content().strip()}**" in readme
    assert len(navigation.xpath(".//a")) == readme.count(".md)") - 1  # the first page is none of them


def test_the_root_leads_to_the_first_page_whose_doors_fit_a_telephone(site, browser):
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(f"{site.as_uri()}/index.html")
    page.wait_for_url(f"{site.as_uri()}/{FIRST}")

    assert [h.inner_text() for h in page.query_selector_all("article h2")] == [
        "Astronomers",
        "Authors of pipelines",
        "Operators",
    ]
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()


def test_search_finds_a_page_without_a_server(site, browser):
    page = browser.new_page()
    page.goto(f"{site.as_uri()}/search.html?q=ancestors")
    found = page.locator("#search-results a", has_text="Trace a product")
    found.first.wait_for()
    found.first.click()

    assert page.locator("h1").inner_text().startswith("Trace a product")
    page.close()
