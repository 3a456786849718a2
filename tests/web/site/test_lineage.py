import json

import pytest
from lxml import etree

from provtap.addresses import lineage
from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.web import create_app
from tests.conftest import Server
from tests.provsap.stores import write_store
from tests.web.site.conftest import BROWSER

HOSTILE = "../<b>\"'&%2F?#"
FILES = 15


@pytest.fixture(scope="module")
def site(server: Server, template: Settings, tableset):
    """A browser on a store where two products were merged from 15 files, which 15 runs made; one failed."""
    runs = [f"run {n:02}" for n in range(FILES)]
    with server.copy(template) as settings, open_database(settings) as database:
        write_store(
            database,
            used=[
                *((run, "flat", "Flat-field") for run in runs),
                *((run, f"raw {run}", "DL0/Event") for run in runs),
                *(("merge", f"file {run}", "to merge") for run in runs),
                ("later", HOSTILE, "in"),
            ],
            wasgeneratedby=[
                *((f"file {run}", run, "DL1/Event") for run in runs),
                (HOSTILE, "merge", "DL2/Event"),
                ("last", "later", "out"),
            ],
            wasassociatedwith=[("merge", "Ana")],
        )
        with database.transaction() as transaction:
            transaction.execute(
                "UPDATE provenance.activity SET a_name = 'process', a_starttime = timestamp '2026-01-01'"
                " + right(a_id, 2)::integer * interval '1 hour' WHERE a_id LIKE 'run %'"
            )
            transaction.execute(
                "INSERT INTO provext.run (r_activity_id, r_status, r_exitcode)"
                " SELECT a_id, CASE WHEN a_id = 'run 03' THEN 'error' ELSE 'completed' END, 1"
                " FROM provenance.activity WHERE a_id LIKE 'run %'"
            )
        client = create_app(settings, database, tableset).test_client()
        client.environ_base["HTTP_ACCEPT"] = BROWSER["Accept"]
        yield client


def html(site, **choice):
    response = site.get(lineage(HOSTILE, **choice))
    assert response.status_code == 200
    return etree.HTML(response.data)


def graph(site, **choice):
    return site.get(lineage(HOSTILE, format="json", **choice)).json


def said(tree) -> str:
    return tree.xpath("string(//*[@data-said])")


def test_similar_things_are_one_shape_and_all_are_listed(site):
    tree = html(site)
    listed = tree.xpath("//aside//details/ol/li[@data-node]")

    assert said(tree) == "48 things, drawn as 9"
    assert (
        len(tree.xpath("//*[contains(@class, 'lineage')]//*[starts-with(@class, 'n ')]")) == len(listed) == 9
    )
    assert len(tree.xpath("//aside//details//details/ol/li/a[starts-with(@href, '/activity/run')]")) == 14


def test_every_link_of_the_picture_and_the_list_leads_to_a_page(site):
    """site.md, section 6: each node leads to a page."""
    tree = html(site, agents=1, direction="both")
    links = set(tree.xpath("//main//a/@href")) - {"#n1"}

    assert len(links) > 60
    for link in links:
        quick = {"Accept": "application/json"}
        assert link.startswith("#") or "format=" in link or site.get(link, headers=quick).status_code == 200


def test_a_group_unfolds_into_as_many_shapes_as_it_has_members(site):
    group = next(node for node in graph(site)["states"][""]["nodes"] if node["id"].startswith("group:raw"))
    opened = graph(site, open=group["id"])["states"][""]["nodes"]

    assert group["count"] == 14
    assert len(opened) == 9 + 14 - 1
    assert "Fold again" in site.get(lineage(HOSTILE, open=group["id"])).text


def test_filters_dim_and_hide_nothing(site):
    tree = html(site, status="error")
    dim = tree.xpath(
        "//*[contains(@class, 'lineage')]//*[starts-with(@class, 'n ') and contains(@class, 'dim')]"
    )

    assert said(tree) == "4 of 9 match"
    assert len(dim) == 5
    assert tree.xpath("//select[@name='status']/option[@selected]/@value") == ["error"]
    assert said(html(site, role="Flat-field")) == "3 of 9 match"
    assert said(html(site, program="process", role="DL1/Event")) == "4 of 9 match"


def test_the_form_keeps_the_parameters_of_links(site):
    """Without scripts the filters are a form."""
    form = html(site, direction="both", by="time", agents=1).find(".//form[@action='/lineage']")
    hidden = {each.get("name"): each.get("value") for each in form.findall(".//input[@type='hidden']")}

    assert hidden == {"id": HOSTILE, "direction": "both", "by": "time", "agents": "1"}
    assert site.get("/lineage", query_string=hidden | {"status": "error", "role": ""}).status_code == 200


def test_direction_depth_and_people_change_the_walk(site):
    assert said(html(site, direction="forth")) == "3 things, drawn as 3"
    assert said(html(site, direction="both")) == "50 things, drawn as 11"
    assert said(html(site, depth=2)) == "17 things, drawn as 3"
    assert said(html(site, depth=2, agents=1)) == "18 things, drawn as 4"


def test_the_graph_for_programs_has_places_arrows_and_members(site):
    """The format of the interactive graph: places of both layouts, relations counted."""
    told = graph(site)
    state = told["states"][""]
    nodes = {node["id"]: node for node in state["nodes"]}
    merged = next(edge for edge in state["edges"] if edge[0] == "merge" and edge[1].startswith("group:"))

    assert told["all"] == 48
    assert nodes[HOSTILE]["here"] is True
    assert all(
        {"x", "y", "w", "h", "tx", "ty", "kind", "text", "facts"} <= node.keys() for node in nodes.values()
    )
    assert merged[2:] == ["to merge", 14, False]
    assert {"id": "run 00", "name": "process"} in told["members"]["group:run 00"]
    assert ["Origin", "from outside"] in nodes["flat"]["facts"]
    assert [node["id"] for node in nodes.values() if node["bad"]] == ["run 03"]


def test_by_time_later_things_are_farther_right(site):
    nodes = {node["id"]: node for node in graph(site)["states"][""]["nodes"]}
    tree = html(site, by="time")

    assert nodes["flat"]["tx"] < nodes["group:run 00"]["tx"] < nodes["run 03"]["tx"]
    assert tree.xpath("//*[@class='ticks']/*[local-name()='text']/text()")[0] == "1 Jan 00:00"


@pytest.mark.parametrize("form", ["svg", "png", "dot", "provn", "xml", "jsonld", "vot", "prov-json"])
def test_each_form_is_one_of_the_service(site, form):
    response = site.get(lineage(HOSTILE, format=form))

    assert response.status_code == 200
    assert len(response.data) > 1000


def test_prov_is_that_of_provsap(site):
    asked = {"ID": HOSTILE, "DEPTH": "ALL", "RESPONSEFORMAT": "PROV-N"}

    assert site.get(lineage(HOSTILE, format="provn")).data == site.get("/provsap", query_string=asked).data


def test_a_suffix_and_another_name_are_understood(site):
    assert site.get("/lineage/flat.svg").content_type == "image/svg+xml"
    assert json.loads(site.get("/lineage/flat.json").data)["all"] == 1
    assert site.get("/lineage/Ana").location == "/agent/Ana"
    assert site.get("/lineage/nothing").status_code == 404


@pytest.mark.parametrize("wrong", ["direction=up", "by=size", "depth=-1", "agents=2", "format=gif"])
def test_wrong_choices_are_refused(site, wrong):
    assert site.get(f"/lineage/flat?{wrong}").status_code == 400


def test_a_single_thing_reports_that_nothing_is_recorded(site):
    assert "Nothing is recorded of where it came from." in site.get("/lineage/flat").text


def test_a_long_walk_stops_with_a_notice(site, monkeypatch):
    from provtap.web.site import lineage as page

    monkeypatch.setattr(page, "THINGS", 10)

    assert "there are more" in html(site).xpath("string(//*[@role='status'])")
