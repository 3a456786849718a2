from dataclasses import replace
from urllib.parse import urljoin

import pytest
from lxml import etree

from provtap.web import Service, create_app


def test_landing_page_names_the_address_and_a_query(client):
    """TAP-2: people see what this is and how to use it."""
    page = client.get("/").text

    assert "http://127.0.0.1:8080/tap" in page
    assert "pyvo.dal.TAPService" in page


def test_the_query_of_the_landing_page_runs(client):
    """What is shown as a first query must work, in pyvo and from the form."""
    page = etree.HTML(client.get("/").text)
    query = page.findtext(".//pre").split('"""')[1]
    form = page.find(".//form")
    given = {each.get("name"): each.get("value") for each in form.iter("input")}
    asked = given | {
        "QUERY": form.findtext(".//textarea"),
        "RESPONSEFORMAT": form.find(".//option").get("value"),
    }

    assert client.get("/tap/sync", query_string={"QUERY": query}).status_code == 200
    assert form.get("action") == "/tap/sync"
    assert client.post("/tap/sync", data=asked).content_type == "text/html;charset=utf-8"


def test_the_form_of_the_landing_page_asks_for_what_provsap_takes(client):
    """Every choice that it offers is one of ProvSAP's; only the id is unknown."""
    form = etree.HTML(client.get("/").text).findall(".//form")[1]
    for choice in form.iter("option"):
        name = choice.getparent().get("name")
        answer = client.get("/provsap", query_string={"ID": "x", name: choice.get("value") or choice.text})

        assert answer.status_code == 404


@pytest.mark.parametrize("page", ["/", "/tap", "/tap/examples"])
def test_pages_load_nothing_from_elsewhere_and_name_their_fields(client, page):
    """They work in a closed network, on a telephone, and for who can't see them."""
    tree = etree.HTML(client.get(page).data)
    fields = [each for each in tree.iter("input", "select", "textarea") if each.get("type") != "hidden"]

    assert tree.xpath("//link/@href") == ["/static/design.css"]
    assert tree.xpath("//script | //img | //*[@src]") == []
    assert tree.xpath("//meta[@name='viewport']")
    assert [each.get("name") for each in fields if each.getparent().tag != "label"] == []


def test_pages_have_no_style_of_their_own(client):
    """The policy of the service lets browsers apply none; the result of a query has the pages' sheet."""
    result = "/tap/sync?RESPONSEFORMAT=html&QUERY=SELECT+1+AS+n,+'x'+AS+t+FROM+tap_schema.schemas"
    for page in ("/", "/tap", "/tap/examples", result):
        assert etree.HTML(client.get(page).data).xpath("//style | //script | //@style") == []

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

    assert page.xpath("//link/@href | //form/@action") == [
        "/site/static/design.css",
        "/site/tap/sync",
        "/site/provsap",
    ]


def test_tap_page_lists_every_table(client, tableset):
    """TAP-2: the base URL answers with a page for people."""
    response = client.get("/tap")

    assert response.content_type.startswith("text/html")
    for table in tableset.tables():
        assert f"<code>{table.qualified_name}</code>" in response.text


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
def test_tap_page_tells_how_to_use_an_account(settings, database, tableset, given, told):
    """The issue, part 7; without accounts there is nothing to tell."""
    pages = [
        create_app(replace(settings, **each), database, tableset).test_client().get("/tap").text
        for each in (given, {})
    ]

    assert [told in page for page in pages] == [True, False]
    assert ["<h2>Accounts</h2>" in page for page in pages] == [True, False]
