"""CWLProv of cwltool: one document, or a research object as a folder, as a zip and in single documents."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from provtap.errors import DocumentError, NoProvenance, TooLarge
from provtap.ingest import ingest_all
from provtap.ingest.documents.document import read, read_content
from tests.ingest.logs import empty, rows, tables

DATA = Path(__file__).parents[1] / "data" / "cwlprov"
NESTED = DATA / "nested_scatter_ro"
PROVENANCE = NESTED / "metadata" / "provenance"
LOOSE = sorted(PROVENANCE.glob("*.json"))
MAKERS = """SELECT e_name, a_name
  FROM provenance.entity JOIN provenance.wasgeneratedby ON wgb_entity_id = e_id
  JOIN provenance.activity ON a_id = wgb_activity_id WHERE e_class = 'DatasetEntity' ORDER BY 1, 2"""
USERS = """SELECT a_name, e_name
  FROM provenance.used JOIN provenance.activity ON a_id = u_activity_id
  JOIN provenance.entity ON e_id = u_entity_id WHERE e_class = 'DatasetEntity' ORDER BY 1, 2"""
SEPARATE = ("provext.ingestion", "provext.statistic", "provtap.document", "provtap.trust")


@pytest.fixture
def research_object(tmp_path):
    """A copy of the research object of nested workflows that may be changed."""
    return Path(shutil.copytree(NESTED, tmp_path / "ro"))


def zipped(folder, path, top=""):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for each in sorted(folder.rglob("*")):
            file.write(each, f"{top}{each.relative_to(folder)}")
    return path


def test_product_belongs_to_the_step_and_not_to_the_workflow(take, database):
    """A product claimed by a step and its enclosing workflows belongs to the step (D16)."""
    report = take(NESTED)

    assert rows(database, MAKERS) == [
        ("a.txt", "plot"),
        ("b.txt", "plot"),
        ("raw1_cal.txt", "reduce"),
        ("raw2_cal.txt", "reduce_2"),
        ("stack.txt", "merge"),
    ]
    assert report.warnings == ()


def test_file_from_outside_is_one_at_all_its_uses(take, database):
    """At each use cwltool gives it a new UUID: content and name count."""
    take(NESTED)

    assert rows(database, "SELECT count(*)::int FROM provenance.entity WHERE e_name = 'calib.txt'") == [(1,)]
    assert ("reduce", "calib.txt") in rows(database, USERS)
    assert ("reduce_2", "calib.txt") in rows(database, USERS)


@pytest.mark.parametrize("top", ["", "night/"], ids=["at the top", "in a folder"])
def test_zip_is_the_same_document_as_the_folder(take, database, tmp_path, top):
    first = take(NESTED)
    again = take(zipped(NESTED, tmp_path / "ro.zip", top))

    assert not first.known
    assert again.known


@pytest.mark.parametrize("notation", ["json", "provn", "xml"])
def test_all_notations_have_the_same_records(take, database, research_object, notation):
    take(NESTED)
    expected = rows(database, MAKERS), rows(database, USERS)
    empty(database)
    for path in (research_object / "metadata" / "provenance").iterdir():
        if path.suffix != f".{notation}":
            path.unlink()
    take(research_object)

    assert (rows(database, MAKERS), rows(database, USERS)) == expected


@pytest.mark.parametrize("order", [LOOSE, LOOSE[::-1]], ids=["primary first", "primary last"])
def test_single_documents_in_any_order(take, database, order):
    """Each workflow has a document of its own; those of one research object say what it says as a whole."""
    take(NESTED)
    expected = rows(database, MAKERS), rows(database, USERS)
    empty(database)
    reports = [take(path) for path in order]

    assert (rows(database, MAKERS), rows(database, USERS)) == expected
    assert [report.warnings for report in reports] == [(), ()]


def test_whole_and_single_documents_in_one_store(take, database):
    """Who ingested the folder, and one of its documents again, changes nothing."""
    take(NESTED)
    before = tables(database)
    for path in LOOSE:
        take(path)

    assert {name for name in before if tables(database)[name] != before[name]} <= {*SEPARATE}


def test_folder_of_research_objects(database, settings):
    """Of a research object nothing but its documents is read, and nothing of it is reported."""
    summary = ingest_all([DATA], database, settings)

    assert summary.problems == []
    assert summary.passed_over == []
    assert len(summary.reports) == 4


def test_failed_step_has_no_status(take, database):
    """CWLProv does not record the status of a step."""
    take(DATA / "failed_step_ro")

    assert ("part.txt", "bad") in rows(database, MAKERS)
    assert rows(database, "SELECT count(*)::int FROM provext.run") == [(0,)]


@pytest.mark.parametrize(
    "change, message",
    [
        (
            lambda folder: shutil.rmtree(folder / "metadata" / "provenance"),
            "has no metadata/provenance/primary",
        ),
        (lambda folder: cut(folder, 300), r"primary: this is not JSON"),
    ],
)
def test_damaged_research_object_is_refused(take, research_object, change, message):
    change(research_object)

    with pytest.raises(DocumentError, match=message):
        take(research_object)


def cut(folder, length):
    path = folder / "metadata" / "provenance" / "primary.cwlprov.json"
    path.write_bytes(path.read_bytes()[:length])


def test_zip_without_provenance_is_refused(tmp_path, settings):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.txt").write_text("x")
    path = zipped(tmp_path / "a", tmp_path / "a.zip")

    with pytest.raises(NoProvenance, match="this zip has no ro-crate-metadata.json"):
        read(path, settings)
    with pytest.raises(NoProvenance, match="this zip has no ro-crate-metadata.json"):
        read_content(path.read_bytes(), "x", settings)


def test_zip_that_unpacks_to_too_much_is_refused(tmp_path, research_object, settings):
    """A zip of zeros is small: the limit applies to the unpacked size."""
    path = research_object / "metadata" / "provenance" / "primary.cwlprov.json"
    path.write_bytes(b" " * (settings.document_bytes + 1))
    bomb = zipped(research_object, tmp_path / "bomb.zip")

    with pytest.raises(TooLarge):
        read_content(bomb.read_bytes(), "bomb", settings)


def test_manifest_of_another_kind_is_a_folder_like_any_other(research_object, database, settings):
    manifest = research_object / "metadata" / "manifest.json"
    manifest.write_text(json.dumps({"conformsTo": "https://example.org"}))
    summary = ingest_all([research_object], database, settings)

    assert len(summary.passed_over) > 0


def test_a_workflow_without_steps_is_reported(take, tmp_path):
    """What cwltool 3.3 writes of a workflow that it ran with --parallel."""
    content = {
        "prefix": {"wfprov": "http://purl.org/wf4ever/wfprov#", "cwlprov": "https://w3id.org/cwl/prov#"},
        "activity": {
            "urn:uuid:5e99c201-9493-49f8-a55f-3b3d2fb6a9a9": {
                "prov:type": {"$": "wfprov:WorkflowRun", "type": "prov:QUALIFIED_NAME"},
                "prov:label": "Run of workflow/packed.cwl#main/main/night",
            }
        },
    }
    path = tmp_path / "primary.cwlprov.json"
    path.write_text(json.dumps(content))

    assert take(path).warnings == (
        "the workflow night has no steps: cwltool does not record those that it runs with --parallel",
    )
