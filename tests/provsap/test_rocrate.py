"""RO-Crates: their required content, and that our reader finds the stored records in them."""

import json

import pytest

from provtap.ingest.model.records import (
    Activity,
    ActivityDescription,
    Agent,
    Entity,
    Parameter,
    Reading,
    Run,
    WasAssociatedWith,
    WasGeneratedBy,
)
from provtap.ingest.readers import rocrate
from provtap.provsap import write
from tests.provsap.conftest import DL2, asked
from tests.provsap.crates import DIGEST, ORCID, everything, store_records, withdraw_product
from tests.provsap.stores import COLLECTIONS, LOOPS, write_store


def crate(graph):
    return write(graph, asked("x", responseformat="ro-crate"), "http://example.org")


def things(content):
    """Return the things of a crate by their ids, each of which is there once."""
    listed = json.loads(content)["@graph"]
    found = {thing["@id"]: thing for thing in listed}
    assert len(found) == len(listed)
    return found


def references(value):
    match value:
        case {"@id": id, **rest} if not rest:
            yield id
        case dict():
            for each in value.values():
                yield from references(each)
        case list():
            for each in value:
                yield from references(each)


@pytest.fixture
def of_sample(sample):
    return things(crate(sample(DL2, depth="ALL")))


def test_the_root_has_the_required_properties(of_sample):
    """Process Run Crate 0.5 and RO-Crate 1.1, as roc-validator 0.13 checks them."""
    descriptor, root = of_sample["ro-crate-metadata.json"], of_sample["./"]

    assert descriptor["about"] == {"@id": "./"}
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert {"name", "description", "datePublished", "license", "mentions"} <= root.keys()
    assert of_sample[root["conformsTo"]["@id"]]["@type"] == "CreativeWork"
    assert "File" not in {thing["@type"] for thing in of_sample.values()}


def test_every_action_has_an_instrument(of_sample):
    actions = [thing for thing in of_sample.values() if thing["@type"] == "CreateAction"]

    assert len(actions) == 2
    for action in actions:
        instrument = of_sample[action["instrument"]["@id"]]
        assert (instrument["@type"], instrument["name"]) == ("SoftwareApplication", "ctapipe-process")
        assert instrument["softwareVersion"]
        assert action["actionStatus"] == "http://schema.org/CompletedActionStatus"
        assert action["startTime"].endswith("+00:00")


def test_all_references_have_a_target(database, look):
    write_store(database, COLLECTIONS, **LOOPS)
    found = things(crate(look("log", depth="ALL", direction="BOTH", members=1, agent=1)))

    named = {id for thing in found.values() for value in thing.values() for id in references(value)}
    assert named - found.keys() == {"https://w3id.org/ro/crate/1.1"}


def test_licence_and_publisher_are_those_of_the_service(sample):
    request, graph = asked("x", responseformat="ro-crate"), sample(DL2, depth="ALL")
    terms = {"publisher": "Observatory", "licence": "https://x.org/CC-BY"}
    found = things(write(graph, request, "http://example.org", **terms))

    assert found["./"]["license"] == {"@id": "https://x.org/CC-BY"}
    assert found["https://x.org/CC-BY"]["@type"] == "CreativeWork"
    assert found[found["./"]["publisher"]["@id"]]["name"] == "Observatory"
    assert "#license" not in found


def test_withdrawn_things_and_what_was_made_of_them_are_marked(database, settings, tableset, look):
    store_records(everything(), database, settings)
    withdraw_product("urn:x:raw", database, settings, tableset)
    found = things(crate(look("urn:x:product", depth="ALL", responseformat="ro-crate")))

    assert found["urn:x:raw"]["creativeWorkStatus"] == "withdrawn (defective): The lamp failed."
    assert found["urn:x:product"]["creativeWorkStatus"] == "made from something withdrawn"
    assert "creativeWorkStatus" not in found["urn:x:lamp"]


def test_checksums_licences_and_persistent_ids_are_in_the_crate(database, settings, look):
    store_records(everything(), database, settings)
    found = things(crate(look("urn:x:product", depth="ALL", responseformat="ro-crate")))

    raw, maria = found["urn:x:raw"], found["urn:x:maria"]
    assert (raw["sha256"], raw["contentSize"]) == (DIGEST, "12")
    assert raw["identifier"] == "https://doi.org/10.5281/zenodo.1"
    assert found[raw["license"]["@id"]] == {
        "@id": "https://x.org/CC-BY",
        "@type": "CreativeWork",
        "name": "CC BY",
    }
    assert (maria["@type"], maria["identifier"]) == ("Person", ORCID)
    assert found[maria["affiliation"]["@id"]]["name"] == "Observatory"
    assert found[raw["exampleOfWork"]["@id"]]["name"] == "raw"


def test_same_graph_is_the_same_crate(sample):
    """The same provenance gives the same crate on another day."""
    assert crate(sample(DL2, depth="ALL")) == crate(sample(DL2, depth="ALL"))


def test_our_reader_finds_the_stored_records(sample):
    graph = sample(DL2, depth="ALL")
    [records] = rocrate.read(crate(graph), "site")
    found = {
        kind: [each for each in records.records if type(each) is kind]
        for kind in (Activity, ActivityDescription, Agent, Entity, Parameter, Reading, Run, WasGeneratedBy)
    }

    def ids(kind):
        return {key.id for key in graph.nodes if key.kind == kind}

    assert {each.id for each in found[Activity]} == ids("activity")
    assert {each.id for each in found[Agent]} == {row.waw_agent_id for row in graph.of("wasassociatedwith")}
    assert {(each.activity_id, each.name, each.value) for each in found[Parameter]} >= {
        (row.p_activity_id, row.p_name, row.p_value) for row in graph.of("parameter")
    }
    files = {row.e_id for row in graph.of("entity") if row.e_class != "ValueEntity"}
    used = {(row.u_activity_id, row.u_entity_id) for row in graph.of("used") if row.u_entity_id in files}
    made = {
        (row.wgb_activity_id, row.wgb_entity_id)
        for row in graph.of("wasgeneratedby")
        if row.wgb_entity_id in files
    }
    assert {(each.activity_id, each.entity_id) for each in found[Reading]} >= used
    assert {(each.activity_id, each.entity_id) for each in found[WasGeneratedBy]} >= made
    assert {each.status for each in found[Run]} == {"completed"}
    assert WasAssociatedWith in {type(each) for each in records.records}
