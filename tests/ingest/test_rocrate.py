"""Workflow Run RO-Crates: runs, their nesting, files and values."""

import json
import zipfile
from pathlib import Path

import pytest

from provtap.errors import DocumentError, NoProvenance
from provtap.ingest import ingest_content
from tests.ingest.logs import rows, tables

DATA = Path(__file__).parents[1] / "data" / "rocrate"
NESTED = DATA / "runcrate_nested" / "ro-crate-metadata.json"
MAKERS = """SELECT e_name, a_name
  FROM provenance.entity JOIN provenance.wasgeneratedby ON wgb_entity_id = e_id
  JOIN provenance.activity ON a_id = wgb_activity_id ORDER BY 1, 2"""


@pytest.fixture
def crate(database, settings):
    """Ingest a crate of some things: `crate({...}, ...)`."""

    def crate(*things, context="https://w3id.org/ro/crate/1.1/context", **options):
        root = {"@id": "ro-crate-metadata.json", "@type": "CreativeWork", "about": {"@id": "./"}}
        content = json.dumps({"@context": context, "@graph": [root, *things]})
        return ingest_content(content.encode(), "crate", database, settings, **options)

    return crate


def action(id="#run", **members):
    return {"@id": id, "@type": "CreateAction", "name": "run"} | members


def test_product_belongs_to_the_step(take, database):
    take(NESTED)

    assert rows(database, MAKERS) == [
        ("a.txt", "plot"),
        ("b.txt", "plot"),
        ("raw1_cal.txt", "reduce"),
        ("raw2_cal.txt", "reduce_2"),
        ("stack.txt", "merge"),
    ]


def test_steps_are_steps_of_their_workflow(take, database):
    take(NESTED)

    assert rows(
        database,
        "SELECT step.a_name, whole.a_name FROM provenance.wasinformedby"
        "  JOIN provenance.activity AS step ON step.a_id = wib_informed_id"
        "  JOIN provenance.activity AS whole ON whole.a_id = wib_informant_id ORDER BY 1",
    ) == [
        ("merge", "night"),
        ("night", "Run of workflow/packed.cwl#main"),
        ("plot", "Run of workflow/packed.cwl#main"),
        ("reduce", "night"),
        ("reduce_2", "night"),
    ]


@pytest.mark.parametrize("top", ["", "crate/"], ids=["at the top", "in a folder"])
def test_zip_is_the_same_document(take, tmp_path, top):
    with zipfile.ZipFile(tmp_path / "crate.zip", "w") as file:
        file.write(NESTED, f"{top}ro-crate-metadata.json")
        file.writestr(f"{top}data/large.bin", bytes(100))
    take(NESTED)

    assert take(tmp_path / "crate.zip").known


def test_crate_published_again_is_the_same_runs(crate, database):
    """Another licence, title or order makes no other run."""
    run = action(object=[{"@id": "a"}], result={"@id": "b"}, instrument={"@id": "#tool"})
    files = [{"@id": "a", "@type": "File"}, {"@id": "b", "@type": "File"}, {"@id": "#tool", "name": "t"}]
    crate(run, *files)
    before = tables(database)
    crate({"@id": "./", "@type": "Dataset", "license": "CC0"}, *files[::-1], run)

    now = tables(database)
    assert [row[2] for row in now.pop("provext.rights")] == ["CC0"] * 2
    assert now.items() <= before.items()


@pytest.mark.parametrize(
    "given, status",
    [
        ("http://schema.org/CompletedActionStatus", "completed"),
        ("FailedActionStatus", "error"),
        ({"@id": "https://schema.org/FailedActionStatus"}, "error"),
        (None, None),
        ("x", None),
    ],
)
def test_status_in_all_its_forms(crate, database, given, status):
    crate(action(actionStatus=given))

    assert rows(database, "SELECT r_status FROM provext.run") == ([(status,)] if status else [])


def test_single_values_and_lists_are_equivalent(crate, database):
    """Flat JSON-LD: a value, a reference, or a list of either."""
    crate(
        action(object={"@id": "a"}, result=[{"@id": "b"}], agent=[{"@id": "#me"}]),
        {"@id": "a", "@type": ["File", "SoftwareSourceCode"]},
        {"@id": "b", "@type": "File", "contentSize": 12, "sha256": "AB" * 32},
        {"@id": "#me", "@type": "Person", "name": "Maria"},
    )

    assert rows(database, "SELECT h_digest, h_size FROM provext.hash") == [("ab" * 32, 12)]
    assert rows(database, "SELECT ag_name FROM provenance.agent") == [("Maria",)]


def test_file_at_a_uri_is_one_in_all_crates(crate, database):
    url = "https://example.org/flat.fits"
    for name in ("one", "two"):
        crate(action(f"#{name}", object={"@id": url}), {"@id": url, "@type": "File"})

    assert rows(database, "SELECT count(*)::int FROM provenance.entity") == [(1,)]
    assert rows(database, "SELECT count(*)::int FROM provenance.used") == [(2,)]


def test_values_are_parameters_and_generated_values(crate, database):
    crate(
        action(object=[{"@id": "#gain"}], result={"@id": "#seeing"}, error="disk full"),
        {"@id": "#gain", "@type": "PropertyValue", "name": "gain", "value": 2},
        {"@id": "#seeing", "@type": "PropertyValue", "name": "seeing", "value": "0.8"},
    )

    assert rows(database, "SELECT p_name, p_value FROM provenance.parameter") == [("gain", "2")]
    assert rows(database, "SELECT e_name, e_value FROM provenance.entity ORDER BY 1") == [
        ("error", "disk full"),
        ("seeing", "0.8"),
    ]


def test_file_that_is_used_and_generated_is_used(crate, database):
    report = crate(action(object={"@id": "a"}, result={"@id": "a"}), {"@id": "a", "@type": "File"})

    assert "only the usage was stored" in report.warnings[0]
    assert rows(database, "SELECT count(*)::int FROM provenance.wasgeneratedby") == [(0,)]


def test_end_before_the_start_is_left_out(crate, database):
    report = crate(action(startTime="2026-03-02", endTime="2026-03-01T00:00:00Z"))

    assert "the end was ignored" in report.warnings[0]
    assert rows(database, "SELECT a_endtime FROM provenance.activity") == [(None,)]


def test_crate_without_a_run_is_refused(crate):
    with pytest.raises(NoProvenance, match="no record of a run"):
        crate({"@id": "a", "@type": "File"})


def test_wrong_time_is_refused(crate):
    with pytest.raises(DocumentError, match="startTime is not a time"):
        crate(action(startTime="noon"))
