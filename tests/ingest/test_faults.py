"""Small documents that were once ingested incorrectly."""

from pathlib import Path

from tests.ingest.logs import rows, tables

FAULTS = Path(__file__).parents[1] / "data" / "faults"


def test_inner_run_has_the_product(take, database):
    """Not the workflow around it, whatever their ids and order."""
    take(FAULTS / "two_generators.provn")

    assert rows(database, "SELECT wgb_activity_id FROM provenance.wasgeneratedby") == [
        ("http://example.org/b_step",)
    ]


def test_percent_signs_are_kept(take, database):
    """What was exported is the same when it comes back."""
    take(FAULTS / "percent.json")
    before = tables(database)

    assert take(FAULTS / "percent_exported.json").new == 0
    assert tables(database) == before


def test_true_is_one(take):
    take(FAULTS / "bool.json")

    assert take(FAULTS / "bool.provn").conflicts == ()


def test_unfinished_record_of_a_product_has_no_status(take, database):
    take(FAULTS / "prov_from_h5.json")
    assert rows(database, "SELECT count(*)::int FROM provext.run") == [(0,)]

    assert take(FAULTS / "prov_from_h5_list.json").new == 0


def test_step_that_read_a_staged_file_is_reported(take):
    """Its chain would end silently."""
    take(FAULTS.parent / "cwl_steps" / "cwl_step1.provenance.log")

    [warning] = take(FAULTS.parent / "cwl_steps" / "cwl_step2.provenance.log").warnings
    assert "/tmp/cwl/stg2/energy.pkl in a temporary folder of a workflow engine" in warning
