"""Texts that try to be more than text, in everything that people may write, through every page."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from provtap.addresses import compare, program, question
from provtap.addresses import page as address
from provtap.database.connect import open_database
from tests.browser.window import window
from tests.live import free_port, live_server
from tests.nginx import NGINX, proxied, root

TEXTS = [
    "http://a/b//c#d?e=%25",
    "ä ö",
    "../x",
    "a.json",
    "/x/",
    "//host/x",
    "x%2Fy",
    "./.",
    "?",
    "#%",
    "a+b&c=d;e",
    "\\",
    "<img src=x onerror=alert(1)>",
    "</title><script>alert(1)</script>",
    "\"' autofocus onfocus=alert(1) x='",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "\u202eevil\u2066\u200f",
    "{{ 7 * 7 }}{% raw %}",
    "line\nbreak\ttab",
    "'; DROP TABLE provenance.entity; --",
    "w" * 900,
]
FORMS = ("json", "provn", "xml", "jsonld", "vot", "svg", "dot")


@pytest.fixture(scope="module")
def hostile_settings(server, template):
    """Settings of a store that is full of these texts."""
    with server.copy(template) as settings:
        with open_database(settings) as database, database.setup() as transaction:
            for statement in (Path(__file__).parent / "hostile_store.sql").read_text().split(";\n"):
                if statement.strip():
                    transaction.execute(statement, texts=TEXTS)
        yield settings


@pytest.fixture(scope="module")
def direct(hostile_settings, tmp_path_factory):
    """The root of the service itself."""
    with live_server(hostile_settings, tmp_path_factory.mktemp("hostile") / "serve.log") as running:
        yield running.url


@pytest.fixture(scope="module")
def behind(hostile_settings, tmp_path_factory):
    """The public root of a service behind nginx, under a path."""
    outer = free_port()
    public = replace(hostile_settings, base_url=root(outer))
    with (
        live_server(public, tmp_path_factory.mktemp("behind") / "serve.log") as running,
        proxied(running.port, outer, tmp_path_factory.mktemp("nginx")) as site,
    ):
        yield site


@pytest.fixture(scope="module")
def seen(browser):
    """A window with scripts: there is something that could go wrong."""
    with window(browser, viewport={"width": 390, "height": 844}) as opened:
        yield opened


def plain(text):
    """Return *text* as a page shows it: with one blank for many."""
    shown = "".join(character for character in text if character not in "\u2060\u2026")
    return " ".join(shown.split())


def query_for(text):
    """Return a query for the file that *text* is the id of."""
    literal = text.replace("'", "''")
    return f"SELECT * FROM provenance.entity WHERE e_id = '{literal}'"


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_hostile_text_is_escaped_on_all_pages(seen, direct, text):
    """Site, section 6, point 4: each opens, shows the text, and is no wider for it."""
    seen.complaints.clear()
    paths = [
        address("entity", text),
        address("activity", f"a{text}"),
        address("agent", text),
        program(text),
        address("impact", f"i{text}"),
        address("lineage", text, direction="both", agents="1"),
        compare(f"a{text}", f"a{TEXTS[1]}"),
        question("result", QUERY=query_for(text)),
        question("query", QUERY=query_for(text)),
        f"/search?kind=file&q={quote(text, safe='')}",
    ]
    for path in paths:
        answer = seen.page.goto(f"{direct}{path}")
        wide, narrow = seen.page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        links = seen.page.evaluate("[...document.links].map(link => link.protocol)")
        boxes = seen.page.evaluate("[...document.querySelectorAll('textarea')].map(box => box.value)")
        written = " ".join(boxes).replace("''", "'")
        shown = f"{written} {seen.page.locator('main').inner_text()} {seen.page.title()}"

        assert answer.status == 200, path
        assert plain(text)[:70] in plain(shown), path
        assert set(links) <= {"http:", "https:", "ftp:"}, path
        assert wide <= narrow, path
        assert seen.complaints == [], path


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_file_is_exported_in_every_form(seen, direct, text):
    for form in FORMS:
        answer = seen.page.request.get(f"{direct}{address('entity', text, format=form)}")

        assert answer.status == 200, form


@pytest.mark.skipif(NGINX is None, reason="the program nginx is not installed")
@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_links_lead_through_a_proxy_with_a_path(seen, behind, text):
    """From the search to the file, to its run, and back to the file."""
    seen.complaints.clear()
    page = seen.page
    page.goto(f"{behind}/search?kind=file&q={quote(text, safe='')}")
    here = address("entity", text)
    page.goto(f"{behind}{here}")
    titles = [page.title()]
    for kind in ("activity", "entity"):
        wanted = f"/provenance{address(kind, f'a{text}' if kind == 'activity' else text)}"
        hrefs = page.evaluate("[...document.links].map(link => link.getAttribute('href'))")
        assert wanted in hrefs
        assert page.goto(f"{behind}{wanted.removeprefix('/provenance')}").status == 200
        titles.append(page.title())

    assert titles[0] == titles[2]
    assert urlsplit(page.url).path.startswith("/provenance/entity")
    assert seen.complaints == []


def test_home_and_search_show_them_as_text(seen, direct):
    seen.complaints.clear()
    for path in (
        "/",
        "/search?kind=run",
        "/search?kind=who",
        "/search?kind=program",
        "/tap/examples",
        "/schema",
    ):
        assert seen.page.goto(f"{direct}{path}").status == 200
        wide, narrow = seen.page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide <= narrow, path

    assert seen.complaints == []
