from dataclasses import replace
from urllib.parse import urljoin

import pytest
from lxml import etree

from provtap.errors import SettingsError
from provtap.web import Service, create_app
from provtap.web.site.static import FILES


@pytest.mark.parametrize("page", ["/", "/tap", "/tap/examples", "/help"])
def test_pages_load_nothing_from_elsewhere_and_name_their_fields(client, page):
    """They work in a closed network, on a telephone, and for who can't see them."""
    tree = etree.HTML(client.get(page).data)
    fields = [each for each in tree.iter("input", "select", "textarea") if each.get("type") != "hidden"]
    labelled = tree.xpath("//label/@for")

    loaded = tree.xpath("//link[@rel != 'canonical' and @rel != 'alternate']/@href | //@src")
    assert loaded
    assert all(client.get(each).status_code == 200 and each.startswith("/static/") for each in loaded)
    assert tree.xpath("//meta[@name='viewport']")
    assert [
        each.get("name")
        for each in fields
        if each.getparent().tag != "label" and each.get("id") not in labelled
    ] == []


def test_pages_have_no_style_of_their_own(client):
    """The policy of the service lets browsers apply none; the result of a query has the pages' sheet."""
    result = "/tap/sync?RESPONSEFORMAT=html&QUERY=SELECT+1+AS+n,+'x'+AS+t+FROM+tap_schema.schemas"
    for page in ("/", "/tap", "/tap/examples", result):
        assert etree.HTML(client.get(page).data).xpath("//style | //script[not(@src)] | //@style") == []

    [sheet] = etree.HTML(client.get(result).data).xpath("//link/@href")
    assert client.get(urljoin("http://127.0.0.1/tap/sync", sheet)).content_type == "text/css; charset=utf-8"


def test_the_style_sheet_is_sent_once(client):
    """RFC 9110, section 13: who has it is told so."""
    first = client.get("/static/design.css")
    again = client.get("/static/design.css", headers={"If-None-Match": first.headers["ETag"]})

    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")


def test_pages_find_their_neighbours_behind_a_prefix(settings, database, tableset):
    """Also where the host has another name than the configured one: the policy allows no other origin."""
    public = replace(settings, base_url="https://prov.example.org/site/")
    page = etree.HTML(create_app(public, database, tableset).test_client().get("/").text)

    links = page.xpath("//link/@href | //@src | //form/@action | //a[not(starts-with(@href, '#'))]/@href")
    assert {"/site/search", "/site/tap"} < set(links)
    assert [link for link in links if not link.startswith("/site/")] == []


def test_files_that_pages_load_are_kept_for_good(client):
    """Their names change with their content, so no browser has to ask again."""
    [sheet] = etree.HTML(client.get("/").data).xpath("//link[@rel = 'stylesheet']/@href")

    assert client.get(sheet).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get("/static/other.css").status_code == 404


def test_the_style_sheet_stays_small():
    """One sheet for all pages, which every first visitor waits for."""
    assert len(FILES["design.css"].body) < 25_000


def test_the_operator_names_the_service(settings, database, tableset, tmp_path):
    """Title, text, contact and logo are settings; a text is never HTML."""
    logo = tmp_path / "logo.svg"
    logo.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    ours = replace(
        settings, title="Archive <b>", description="All of <i>ours</i>.", contact="a@example.org", logo=logo
    )
    client = create_app(ours, database, tableset).test_client()
    page = etree.HTML(client.get("/").text)

    assert page.findtext(".//title") == "Archive <b>"
    assert page.xpath("string(//section[@class='hero']/p)") == "All of <i>ours</i>."
    assert page.xpath("//a[@href='mailto:a@example.org']")
    assert client.get(page.xpath("string(//img/@src)")).content_type == "image/svg+xml"


@pytest.mark.parametrize("name", ["logo.txt", "missing.png"])
def test_a_logo_that_cannot_be_shown_is_refused_at_start(settings, database, tableset, tmp_path, name):
    with pytest.raises(SettingsError, match=name):
        create_app(replace(settings, logo=tmp_path / name), database, tableset)


def test_an_error_is_a_page_for_browsers_and_a_line_for_programs(client):
    """HTTP-20: STILTS and TOPCAT name text/html as well, and get what they got before."""
    browser = client.get("/nothing", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    stilts = client.get("/nothing", headers={"Accept": "text/html, image/gif, */*; q=.2"})

    assert (
        etree.HTML(browser.text).xpath("string(//*[@role='alert'])").strip()
        == "Nothing was found at /nothing."
    )
    assert stilts.text == "Nothing was found at /nothing.\n"


def test_tap_page_lists_every_table(client, tableset):
    """TAP-2: the base URL answers with a page for people."""
    response = client.get("/tap")

    assert response.content_type.startswith("text/html")
    for table in tableset.tables():
        assert f'href="/schema/{table.qualified_name}"' in response.text


def test_pages_use_the_public_address(settings, database, tableset):
    """REG-2: behind a proxy the address is the configured one, without a slash at the end."""
    public = replace(settings, base_url="https://prov.example.org/site/")

    page = create_app(public, database, tableset).test_client().get("/").text
    assert "https://prov.example.org/site/tap" in page


@pytest.mark.parametrize(
    "host, url",
    [("127.0.0.1", "http://127.0.0.1:8080"), ("::1", "http://[::1]:8080"), ("x.org", "http://x.org:8080")],
)
def test_base_url_from_host_and_port(settings, database, tableset, host, url):
    """HTTP-5: without a configured address, the one that is listened on."""
    assert Service(replace(settings, host=host), tableset, database).base_url == url


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_base_url_is_never_a_wildcard(settings, database, tableset, host):
    """HTTP-5: no client can use the address of every interface."""
    assert host not in Service(replace(settings, host=host), tableset, database).base_url


@pytest.mark.parametrize(
    "given, told",
    [
        ({"accounts": True}, "Nobody needs an account to query."),
        ({"accounts": True, "require_account": True}, "Queries need an account"),
    ],
)
def test_the_tap_page_explains_the_use_of_an_account(settings, database, tableset, given, told):
    """The issue, part 7; without accounts there is nothing to tell."""
    pages = [
        create_app(replace(settings, **each), database, tableset).test_client().get("/tap").text
        for each in (given, {})
    ]

    assert [told in page for page in pages] == [True, False]
    assert ["<h2>Accounts</h2>" in page for page in pages] == [True, False]
