"""The columns of a result with links to ProvSAP, and that the links work as described."""

import pytest

from provtap.adql import translate
from provtap.provsap import ProvsapRequest
from provtap.provsap.formats import FORMATS
from provtap.provsap.request import PARAMETERS
from provtap.query.links import DATALINK_ID, DATALINK_TYPE, datalink, provenance_links, result_links


def links(query, tableset):
    return list(provenance_links(translate(query, tableset).columns, "https://x.org/prov"))


def linked(query, tableset):
    """Return the numbers of the columns that lead on: each to a page, to tables and to a picture."""
    return [link.column for link in links(query, tableset)][::3]


@pytest.mark.parametrize(
    "query, columns",
    [
        ("SELECT e_id, e_name FROM provenance.entity", [0]),
        ("SELECT e_name, e_id AS file FROM provenance.entity", [1]),
        ("SELECT e.* FROM (SELECT a_id AS x, a_name FROM provenance.activity) AS e", [0]),
        ("SELECT ag_id FROM provenance.agent", [0]),
        ("SELECT u_activity_id, u_entity_id, u_role, u_usagedescription_id FROM provenance.used", [0, 1]),
        ("SELECT wat_entity_id, wat_agent_id FROM provenance.wasattributedto", [0, 1]),
        ("SELECT r_activity_id, r_status FROM provext.run", [0]),
        ("SELECT eo_entity_id, eo_activity_id, eo_agent_id, eo_agents FROM provext.entity_origin", [0, 1, 2]),
        ("SELECT e_id FROM provenance.entity UNION SELECT a_id FROM provenance.activity", [0]),
    ],
)
def test_ids_of_the_model_and_keys_to_them_lead_to_provsap(tableset, query, columns):
    """VOT-14: by utype or published key, whatever the column is called."""
    assert linked(query, tableset) == columns


@pytest.mark.parametrize(
    "query",
    [
        "SELECT e_name, e_entitydescription_id FROM provenance.entity",
        "SELECT e_id || 'x' AS e_id, LOWER(e_id) AS lower_id, COUNT(e_id) AS n FROM provenance.entity"
        " GROUP BY e_id",
        "SELECT p_id FROM provenance.parameter",
        "SELECT table_name FROM tap_schema.tables",
    ],
)
def test_other_columns_lead_nowhere(tableset, query):
    """What is made of an id, or names what ProvSAP has no node for, is no id of a node."""
    assert linked(query, tableset) == []


def test_every_key_to_a_node_leads_there(tableset):
    """Also those of tables that are published later."""
    for table in tableset.tables():
        for key in table.keys:
            if key.target_table in {"provenance.entity", "provenance.activity", "provenance.agent"}:
                [column] = [c for c in table.columns if c.name == key.columns[0][0]]
                assert list(provenance_links([column], "")), column.name


def test_provsap_takes_all_that_a_link_offers(tableset):
    """Each way of its parameters, and what is said of the media type."""
    query = "SELECT e_id, wat_agent_id FROM provenance.entity JOIN provenance.wasattributedto ON 1 = 1"
    media_types = {form.name: form.mime for form in FORMATS}
    offered = set()

    for link in (link for link in links(query, tableset) if link.key != "page"):
        for parameter in link.parameters:
            assert parameter.name in PARAMETERS
            assert parameter.value in {*parameter.options, ""}
            for option in parameter.options:
                ProvsapRequest.from_parameters({"ID": ["x"], parameter.name: [option]})
        [form] = [p for p in link.parameters if p.name == "RESPONSEFORMAT"]
        assert media_types[form.value] == link.content_type
        offered.update(form.options)
    # A tree is for terminals, and does not go both ways; a crate is a file to publish.
    assert offered == media_types.keys() - {"PROV-TREE", "RO-CRATE"}


def test_only_agents_are_followed(tableset):
    """An agent alone would not be worth a click."""
    _, entity, _, _, agent, _ = links(
        "SELECT e_id, wat_agent_id FROM provenance.entity JOIN provenance.wasattributedto ON 1 = 1", tableset
    )

    assert [p.value for p in agent.parameters if p.name == "AGENT"] == ["1"]
    assert [p for p in entity.parameters if p.name == "AGENT"] == []


def test_the_page_of_a_thing_comes_first(tableset):
    """TOPCAT opens the first service of a table for a row, here in a browser; it takes the id as `id`."""
    query = "SELECT e_id, u_activity_id FROM provenance.entity JOIN provenance.used ON u_entity_id = e_id"
    pages = links(query, tableset)[::3]

    assert [(p.value, p.parameter, p.content_type, p.column) for p in pages] == [
        ("https://x.org/prov/entity", "id", "text/html", 0),
        ("https://x.org/prov/activity", "id", "text/html", 1),
    ]


@pytest.mark.parametrize(
    "query, column",
    [
        ("SELECT e_name, e_id FROM provenance.entity", 1),
        ("SELECT u_activity_id, u_entity_id AS file FROM provenance.used", 1),
        ("SELECT l_descendant_id, l_ancestor_id FROM provenance.lineage", 0),
        ("SELECT obs_id, obs_publisher_did AS did FROM ivoa.obscore", 1),
        ("SELECT pr_entity_id, pr_publisher_did FROM provext.product", 1),
        ("SELECT a_id FROM provenance.activity", None),
        ("SELECT LOWER(e_id) AS e_id FROM provenance.entity", None),
    ],
)
def test_one_column_leads_to_datalink(tableset, query, column):
    """LINK-7: one descriptor a result, since pyvo takes the first: a publisher's identifier, or an entity."""
    columns = translate(query, tableset).columns
    found = list(datalink(columns, "https://x.org/prov"))

    assert [link.column for link in found] == ([] if column is None else [column])
    assert {(link.value, link.standard_id, link.content_type, link.parameter) for link in found} <= {
        ("https://x.org/prov/links", DATALINK_ID, DATALINK_TYPE, "ID")
    }
    assert [link for link in result_links(columns, "https://x.org/prov") if link.key == "links"] == found
