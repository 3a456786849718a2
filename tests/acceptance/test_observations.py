"""Observations through pyvo: from the sky to provenance, as an astronomer asks it of a live service.

Of the observations that docs/how-to/obscore.md shows, 1001 and 1002 are within a degree of the Crab Nebula,
and 1003 is elsewhere; 1001 and 1003 were made from step1_a.dl1.h5, over one run and over two.
"""

import pytest
import pyvo
import requests

CALIBRATION = "urn:uuid:b05bdc2b-23e6-4a68-90f4-3da4e7866fee"  # step1_a.dl1.h5
STANDING_ON_IT = f"""
    SELECT pr_publisher_did FROM provext.product
    JOIN provenance.lineage ON l_descendant_id = pr_entity_id
    WHERE l_ancestor_id = '{CALIBRATION}'"""


@pytest.fixture(scope="module")
def service(tap_url):
    return pyvo.dal.TAPService(tap_url)


@pytest.mark.parametrize(
    "where, runs",
    [
        ("1 = CONTAINS(POINT(s_ra, s_dec), CIRCLE(83.63, 22.01, 2))", ["1002"]),
        ("DISTANCE(POINT(83.63, 22.01), POINT(s_ra, s_dec)) < 2", ["1002"]),
        ("1 = CONTAINS(POINT(s_ra, s_dec), CIRCLE(83.63, 22.01, 180))", ["1002"]),
        ("1 = CONTAINS(POINT(s_ra, s_dec), CIRCLE(83.63, 22.01, 0.4))", []),
    ],
)
def test_products_that_do_not_stand_on_a_calibration(service, where, runs):
    """Exactly the planted rows, near the position and not made from it."""
    query = (
        f"SELECT obs_id FROM ivoa.obscore WHERE dataproduct_type = 'event' AND {where}"
        f" AND obs_publisher_did NOT IN ({STANDING_ON_IT})"
    )

    assert list(service.search(query)["obs_id"]) == runs


def test_products_that_stand_on_a_calibration(service):
    found = service.search(
        f"SELECT obs_id FROM ivoa.obscore WHERE obs_publisher_did IN ({STANDING_ON_IT}) ORDER BY obs_id"
    )

    assert list(found["obs_id"]) == ["1001", "1003"]


def test_both_tables_are_joined_one_to_one(service):
    """OBS-7: NATURAL JOIN, since they have only the DID in common."""
    numbers = [
        service.search(f"SELECT COUNT(*) AS n FROM {tables}")["n"][0]
        for tables in ("ivoa.obscore", "ivoa.obscore_hea", "ivoa.obscore NATURAL JOIN ivoa.obscore_hea")
    ]

    assert numbers == [3, 3, 3]


def test_the_last_step_of_an_observation(service):
    """LAST-3."""
    [row] = service.search(
        "SELECT ls_entity_name, ls_program, ls_doi, ls_rights_uri FROM ivoa.obscore"
        " JOIN provext.product ON pr_publisher_did = obs_publisher_did"
        " JOIN provext.last_step ON ls_entity_id = pr_entity_id WHERE obs_id = '1003'"
    )

    assert (row["ls_entity_name"], row["ls_program"]) == ("merged1.dl2.h5", "ctapipe-merge")


def test_a_did_is_a_name_of_its_entity(live, service):
    """OBS-9: ProvSAP and the pages take it, and results of ObsCore say so."""
    did = "ivo://example.org/runs?1003"
    document = requests.get(f"{live.url}/provsap", params={"ID": did, "RESPONSEFORMAT": "PROV-JSON"})
    page = requests.get(f"{live.url}/entity", params={"id": did}, headers={"Accept": "text/html"})
    result = service.search("SELECT obs_publisher_did FROM ivoa.obscore")

    assert "merged1.dl2.h5" in document.text
    assert "merged1.dl2.h5" in page.text
    assert did in page.text
    assert f"{live.url}/provsap" in {
        param.value for resource in result.votable.resources for param in resource.params
    }


def test_the_data_model_is_declared(service, live):
    """OBS-1: clients look for it."""
    models = requests.get(f"{live.url}/tap/capabilities").text

    assert 'ivo-id="ivo://ivoa.net/std/ObsCore#core-1.1"' in models
