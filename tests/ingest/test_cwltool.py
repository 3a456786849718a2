"""Three runs of one workflow by cwltool itself: their lineage is the same, with all steps (D16)."""

import shutil
import subprocess
from pathlib import Path

import pytest

from provtap.adql import translate
from provtap.metadata import load
from tests.ingest.logs import empty, rows
from tests.workflows import program

WORKFLOW = Path(__file__).parents[1] / "data" / "workflows" / "night.cwl"
LINEAGE = """SELECT a.e_name AS ancestor, l_distance
  FROM lineage JOIN entity AS d ON d.e_id = l_descendant_id JOIN entity AS a ON a.e_id = l_ancestor_id
 WHERE d.e_name = 'report.txt' AND a.e_class = 'DatasetEntity' ORDER BY l_distance, ancestor"""
STEPS = """SELECT step.a_name, whole.a_name FROM provenance.wasinformedby
  JOIN provenance.activity AS step ON step.a_id = wib_informed_id
  JOIN provenance.activity AS whole ON whole.a_id = wib_informant_id ORDER BY 1"""


@pytest.fixture(scope="module")
def research_objects(tmp_path_factory):
    """Three runs of a scattered workflow within another one."""
    cwltool = program("cwltool")
    directory = tmp_path_factory.mktemp("cwl")
    for name in ("raw1", "raw2", "flat"):
        (directory / f"{name}.txt").write_text(f"{name}\n")
    raws = ", ".join(f"{{class: File, path: {name}.txt}}" for name in ("raw1", "raw2"))
    (directory / "job.yml").write_text(f"raws: [{raws}]\nflat: {{class: File, path: flat.txt}}\n")
    for number in range(3):
        subprocess.run(
            [
                *(cwltool, "--quiet", "--provenance", f"ro{number}"),
                *("--outdir", f"out{number}", WORKFLOW.absolute(), "job.yml"),
            ],
            cwd=directory,
            check=True,
            capture_output=True,
        )
    return [directory / f"ro{number}" for number in range(3)]


@pytest.fixture
def lineage(take, database):
    """The lineage of the last product and the steps, of one research object."""

    def lineage(path):
        empty(database)
        take(path)
        return rows(database, translate(LINEAGE, load()).sql), rows(database, STEPS)

    return lineage


def test_three_runs_have_one_lineage(research_objects, lineage):
    ancestors, steps = lineage(research_objects[0])

    assert ancestors == [
        ("stack.txt", 1),
        ("raw1_cal.txt", 2),
        ("raw2_cal.txt", 2),
        ("flat.txt", 3),
        ("raw1.txt", 3),
        ("raw2.txt", 3),
    ]
    assert steps == [
        ("calibrating", "night"),
        ("calibrating_2", "night"),
        ("counting", "main"),
        ("night", "main"),
        ("stacking", "night"),
    ]
    assert [lineage(path) for path in research_objects[1:]] == [(ancestors, steps)] * 2


@pytest.mark.parametrize("notation", ["json", "provn", "xml", "ttl", "nt", "jsonld"])
def test_all_notations_of_cwltool_have_the_same_records(research_objects, lineage, tmp_path, notation):
    """Those of PROV-O are read by rdflib."""
    expected = lineage(research_objects[0])
    copy = Path(shutil.copytree(research_objects[0], tmp_path / "ro"))
    for path in (copy / "metadata" / "provenance").iterdir():
        if path.suffix != f".{notation}":
            path.unlink()

    assert lineage(copy) == expected
