"""The page where queries are written, without a script."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import etree

from provtap.database.connect import open_database
from provtap.operation import maintenance
from provtap.web import create_app


def page_of(client, **parameters):
    response = client.get("/query", query_string=parameters)
    assert response.status_code == 200
    return etree.HTML(response.text)


def submitted(client, page, **more):
    """Return what the site answers to the form, as a browser sends it."""
    [form] = page.xpath("//form[.//textarea]")
    given = {"QUERY": form.findtext(".//textarea").removeprefix("\n").replace("\n", "\r\n")}
    given |= {each.get("name"): each.get("value") for each in form.iter("input")}
    given["MAXREC"] = form.xpath(".//option[@selected]/@value")[0]
    return client.post(form.get("action"), data=given | more, follow_redirects=True)


def test_the_first_query_runs(site):
    answer = submitted(site, page_of(site))

    assert (answer.status_code, answer.request.path) == (200, "/result")
    assert "10 rows" in answer.text


@pytest.mark.parametrize(
    "query", ["SELECT 1 AS a\nFROM tap_schema.schemas", "\nSELECT '</textarea><b>' AS a"]
)
def test_a_query_in_the_address_is_the_one_to_edit(site, query):
    page = page_of(site, QUERY=query, MAXREC=100)

    assert page.findtext(".//textarea").removeprefix("\n") == query
    assert page.xpath("//option[@selected]/@value") == ["100"]
    assert page.xpath("//textarea/following::b[not(ancestor::section)]") == []


def test_every_published_column_is_there_to_be_found(site, tableset):
    """In quotes where ADQL wants them."""
    names = page_of(site).xpath("//*[@data-tree]//li/span[@class='name']/text()")

    assert len(names) == sum(len(table.columns) for table in tableset.tables())
    assert '"size"' in names


def test_examples_are_grouped_by_question_and_run(site):
    page = page_of(site)
    section = page.xpath("//section[@id='examples']")[0]

    assert section.xpath(".//summary/text()")[0].strip() == "Where does it come from?"
    assert site.get(section.xpath(".//a[.='Run']/@href")[0]).status_code == 200
    assert site.get(section.xpath(".//a[.='Edit']/@href")[0]).status_code == 200


def test_during_maintenance_nothing_runs_and_the_page_states_why(settings, database, tableset):
    maintenance.announce(database, "New disks.", datetime.now(UTC), None)
    try:
        client = create_app(settings, database, tableset).test_client()
        page = page_of(client)
    finally:
        maintenance.end(database)

    assert [each.get("disabled") is not None for each in page.xpath("//form[.//textarea]//button")] == [
        True
    ] * 2
    assert "New disks." in page.xpath("string(//form//button/@title)")


def test_a_form_proves_its_page_if_there_are_accounts(sample_settings, tableset):
    """Without accounts no proof is needed, because there are no passwords."""
    with open_database(replace(sample_settings, accounts=True)) as database:
        client = create_app(replace(sample_settings, accounts=True), database, tableset).test_client()
        assert page_of(client).xpath("//input[@name='TOKEN']/@value") == [""]
