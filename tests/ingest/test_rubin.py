"""Rubin: keywords of the butler in headers, and its provenance report with all attempts."""

import json
from pathlib import Path

import pytest

from provtap.errors import DocumentError
from provtap.ingest import ingest_content
from tests.ingest.logs import rows

DATA = Path(__file__).parents[1] / "data" / "rubin"
QUANTUM = "07f21e33-8c7f-5022-bf08-4d4f87ba1eb7"


@pytest.fixture
def tell(database, settings):
    """Ingest a JSON document."""
    return lambda content: ingest_content(json.dumps(content).encode(), "x", database, settings)


def report(**members):
    quantum = {"quantum_id": QUANTUM, "data_id": {"visit": 1}, "attempts": []} | members
    return {"isr": {"SUCCESSFUL": {"None": [quantum]}}}


def test_product_and_its_inputs(take, database):
    take(DATA / "preliminary_visit_image.fits")

    assert rows(
        database,
        "SELECT e_name, a_name, wgb_role FROM provenance.entity"
        "  JOIN provenance.wasgeneratedby ON wgb_entity_id = e_id"
        "  JOIN provenance.activity ON a_id = wgb_activity_id",
    ) == [
        (
            "preliminary_visit_image detector=10, instrument=LSSTCam, visit=2026050100001",
            "quantum of preliminary_visit_image",
            "preliminary_visit_image",
        )
    ]
    assert rows(database, "SELECT u_role FROM provenance.used ORDER BY 1") == [("bias",), ("raw",)]
    assert rows(database, "SELECT al_value FROM provext.alias WHERE al_kind = 'run'") == [
        ("LSSTCam/runs/DRP/1",)
    ]


def test_quantum_has_all_its_products(take, database):
    """A table has dots for blanks in the keywords; the report gives the quantum the name of its task."""
    for name in ("preliminary_visit_image.fits", "source_catalog.ecsv", "provenance_report.json"):
        take(DATA / name)

    made = "SELECT count(*)::int, max(a_name) FROM provenance.wasgeneratedby JOIN provenance.activity"
    assert rows(database, f"{made} ON a_id = wgb_activity_id") == [(2, "calibrateImage")]


def test_inputs_missing_in_the_header_are_reported(take):
    report = take(DATA / "too_many_inputs.fits")

    assert "has 2 inputs, but its header names 0" in report.warnings[0]


@pytest.mark.parametrize("start", ["LSST BUTLER ", "HIERARCH LSST BUTLER ", "lsst.butler."])
def test_keywords_in_all_their_forms(tell, database, start):
    keywords = {"ID": QUANTUM, "N_INPUTS": 1, "INPUT 0 ID": "f390429a-92d1-5692-aef9-f904c5a28277"}
    separated = {f"{start}{key.replace(' ', start[-1])}": value for key, value in keywords.items()}
    tell({"url": "/a.fits", "form": "fits", "keywords": separated})

    assert rows(database, "SELECT count(*)::int FROM provenance.wasderivedfrom") == [(1,)]


def test_an_id_that_is_not_a_uuid_is_refused(tell):
    with pytest.raises(DocumentError, match="LSST BUTLER QUANTUM is not a UUID"):
        tell({"keywords": {"LSST BUTLER ID": QUANTUM, "LSST BUTLER QUANTUM": "7"}, "form": "fits"})


def test_attempts_are_published(take, database):
    take(DATA / "provenance_report.json")

    assert rows(
        database,
        "SELECT at_number, at_status, at_caveats, at_exception, at_cputime, at_memory::int, r_status"
        "  FROM provext.attempt JOIN provext.run ON r_activity_id = at_activity_id"
        f" WHERE at_activity_id = 'urn:uuid:{QUANTUM}' ORDER BY 1",
    ) == [
        (0, "error", None, "lsst.pipe.tasks.NoPsfStarsToStarsMatchError", 11.0, 1234567, "completed"),
        (1, "completed", "ANY_OUTPUTS_MISSING UNPROCESSABLE_DATA", None, 11.0, 1234567, "completed"),
    ]


@pytest.mark.parametrize(
    "attempts, status", [([], None), ([{"attempt": 0, "status": 0}], "blocked"), ([{"attempt": 3}], None)]
)
def test_status_of_the_last_attempt(tell, database, attempts, status):
    tell(report(attempts=attempts))

    assert rows(database, "SELECT r_status FROM provext.run") == [(status,)]


def test_a_quantum_without_attempts_has_the_status_of_the_report(tell, database):
    [quantum] = report()["isr"]["SUCCESSFUL"]["None"]
    tell({"isr": {"BLOCKED": {"None": [quantum]}}})

    assert rows(database, "SELECT r_status FROM provext.run") == [("blocked",)]
