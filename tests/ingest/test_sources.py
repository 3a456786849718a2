"""What documents of observatories and workflow engines say, however often and in any order they come."""

import random
from pathlib import Path

import pytest

from provtap.ingest import ingest_all, rebuild
from provtap.ingest.documents.document import read_content
from provtap.ingest.documents.files import files
from tests.ingest.logs import empty, rows, tables

DATA = Path(__file__).parents[1] / "data"
COUNTS = {
    "activities": "provenance.activity",
    "entities": "provenance.entity",
    "used": "provenance.used",
    "generated": "provenance.wasgeneratedby",
    "parameters": "provenance.parameter",
    "derived": "provenance.wasderivedfrom",
}
SOURCES = {
    "ctao_datamodel/dl0_tel_short.fits": (1, 1, 0, 1, 1, 0),
    "ctao_datamodel/dl1_event_short_inputs.fits": (1, 4, 3, 1, 1, 0),
    "ctao_datamodel/dl1_event_nested.json": (1, 4, 3, 1, 1, 0),
    "ctao_datamodel/dl1_event_rucio_flat.json": (1, 4, 3, 1, 1, 0),
    "ctao_datamodel/dl1_calibration_hierarch.fits": (1, 2, 1, 1, 1, 0),
    "ctao_datamodel/ctao_sdc_dl3_v1.fits": (1, 2, 1, 1, 1, 0),
    "ctao_datamodel/ctao_product_2_1_0.fits": (1, 3, 2, 1, 1, 0),
    "ctao_datamodel": (5, 10, 7, 5, 5, 0),
    "ctapipe_hdf5": (1, 3, 2, 1, 1, 0),
    "lstosa/prov.log": (10, 35, 39, 20, 2, 2),
    "lstosa/calibration_to_dl2_17000_prov.log": (6, 26, 20, 12, 1, 0),
    "lstosa/calibration_to_dl2_17000_prov.json": (6, 26, 20, 12, 1, 0),
    "cwlprov/two_steps.cwlprov.provn": (3, 4, 5, 2, 0, 0),
    "cwlprov/ctao_wms_gaussian.cwlprov.provn": (3, 12, 10, 5, 2, 0),
    "cwlprov/nested_scatter_ro": (6, 13, 16, 7, 4, 0),
    "cwlprov/failed_step_ro": (3, 4, 5, 2, 1, 0),
    "rubin/preliminary_visit_image.fits": (1, 3, 2, 1, 0, 0),
    "rubin/source_catalog.ecsv": (1, 3, 2, 1, 0, 0),
    "rubin/minimal_inputs.fits": (1, 3, 2, 1, 0, 0),
    "rubin/too_many_inputs.fits": (1, 1, 0, 1, 0, 0),
    "rubin/provenance_report.json": (2, 0, 0, 0, 6, 0),
    "rubin/raw_no_quantum.fits": (0, 1, 0, 0, 0, 0),
    "km3net": (2, 2, 1, 1, 1, 0),
    "caom2": (1, 3, 2, 1, 0, 0),
    "jwst": (1, 4, 3, 1, 4, 0),
    "rocrate/process_example": (1, 2, 1, 1, 0, 0),
    "rocrate/galaxy_workflow_example": (1, 3, 1, 2, 1, 0),
    "rocrate/cwltool_provenance_example": (3, 3, 3, 2, 2, 0),
    "rocrate/nf_prov_draft": (4, 6, 0, 6, 7, 0),
    "rocrate/snakemake_run": (1, 8, 4, 4, 0, 0),
    "rocrate/streamflow_run": (4, 6, 14, 3, 16, 0),
    "rocrate/runcrate_nested": (6, 8, 13, 5, 4, 0),
    "rocrate/runcrate_failed_step": (3, 4, 5, 2, 1, 0),
    "rocrate/resource_usage": (4, 0, 0, 0, 0, 0),
    "rocrate/export_minimal": (1, 2, 1, 1, 1, 0),
    "openlineage/night_dag.ndjson": (4, 6, 4, 4, 1, 0),
    "openlineage/dbt_failed_run.json": (4, 6, 2, 4, 0, 0),
}
FOLDERS = (
    *("rubin", "jwst", "rocrate", "openlineage", "ctao_datamodel", "ctapipe_hdf5", "lstosa", "cwlprov"),
    *("km3net", "caom2", "prov_o"),
)


@pytest.fixture
def ingest_paths(database, settings):
    """Ingest files and folders; none of them may be refused."""

    def ingest_paths(*paths):
        summary = ingest_all(paths, database, settings)
        assert summary.problems == []
        return summary

    return ingest_paths


@pytest.mark.parametrize("source", SOURCES)
def test_sources_yield_their_records(ingest_paths, database, source):
    ingest_paths(DATA / source)
    counted = [rows(database, f"SELECT count(*)::int FROM {table}")[0][0] for table in COUNTS.values()]

    assert dict(zip(COUNTS, counted, strict=True)) == dict(zip(COUNTS, SOURCES[source], strict=True))


@pytest.mark.parametrize("folder", FOLDERS)
def test_order_and_repetition_change_nothing(ingest_paths, database, settings, folder):
    """The documents of one source in any order, twice, or read again from the archive (INGEST-d8, d9)."""
    ingest_paths(DATA / folder)
    first = tables(database)
    again = ingest_paths(DATA / folder)
    assert all(report.known for report in again.reports)
    assert rebuild.reingest(database, settings).changes == ()
    assert tables(database) == first

    paths = sorted(file.path for file in files([DATA / folder]))
    for seed in range(3):
        empty(database)
        ingest_paths(*random.Random(seed).sample(paths, len(paths)))
        assert tables(database) == first


@pytest.mark.parametrize("source", [each for each in SOURCES if each.endswith(".json")])
def test_byte_order_mark_changes_no_format(settings, source):
    """Editors of Windows write one."""
    content = (DATA / source).read_bytes()
    plain = read_content(content, "x", settings)

    assert read_content(b"\xef\xbb\xbf\r\n" + content, "x", settings).format == plain.format
