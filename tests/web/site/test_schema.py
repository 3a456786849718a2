"""The pages of the published tables."""

import pytest
from lxml import etree

from provtap.metadata import load, published_table

NAMES = [published_table(table.qualified_name) for table in load().tables()]


def page_of(site, name):
    response = site.get(f"/schema/{name}")
    assert response.status_code == 200
    return etree.HTML(response.text)


def test_every_table_is_listed_by_schema(site):
    page = etree.HTML(site.get("/schema").text)

    assert page.xpath("//tbody//a/text()") == NAMES
    assert all(site.get(link).status_code == 200 for link in page.xpath("//p//a/@href") if "schema/" in link)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_a_table_has_its_columns_and_a_query_that_runs(site, tableset, name):
    [table] = [t for t in tableset.tables() if published_table(t.qualified_name) == name]
    page = page_of(site, name)
    [columns] = page.xpath(f"//div[@aria-label='Columns of {name}']")
    links = page.xpath("//a[.='Run']/@href")

    assert len(columns.xpath(".//tbody/tr")) == len(table.columns)
    assert len(columns.xpath(".//b")) == sum(column.principal for column in table.columns)
    assert links
    assert site.get(links[0]).status_code == 200


def test_a_column_is_explained(site):
    page = page_of(site, "provext.run")
    row = " ".join(page.xpath("//tr[@id='r_duration']")[0].itertext())

    assert all(word in row for word in ("double", "[s]", "time.duration", "Time that the run took"))


def test_keys_are_links_in_both_directions(site):
    there = page_of(site, "provenance.used").xpath("//div[starts-with(@aria-label, 'Joins')]//tr")
    back = page_of(site, "provenance.entity").xpath("//div[starts-with(@aria-label, 'Joins')]//tr")

    assert "provenance.entity u_entity_id = e_id" in [
        " ".join(row.xpath("td[position()<3]//text()")) for row in there
    ]
    assert "provenance.used e_id = u_entity_id" in [
        " ".join(row.xpath("td[position()<3]//text()")) for row in back
    ]


def test_programs_get_the_same_as_json(site):
    all_of_them, one = (
        site.get(path).get_json() for path in ("/schema.json", "/schema/provenance.used.json")
    )

    assert [t["name"] for s in all_of_them["schemas"] for t in s["tables"]] == NAMES
    assert one["name"] == "provenance.used"
    assert one["columns"][0]["description"]


@pytest.mark.parametrize(
    "name, hint", [("provenance.entty", "provenance.entity"), ("x" * 5_000, "are listed at")]
)
def test_a_table_that_is_not_published_is_not_found(site, name, hint):
    response = site.get(f"/schema/{name}")

    assert response.status_code == 404
    assert hint in response.text


def test_a_program_that_accepts_json_gets_it(site):
    response = site.get("/schema/provenance.used", headers={"Accept": "application/json"})

    assert response.get_json() == site.get("/schema/provenance.used?format=json").get_json()
