"""Grid jobs: local paths that stand for one stored file."""

from pathlib import Path

import pytest

from provtap.errors import DocumentError
from provtap.ingest import read_location_map, rebuild
from tests.ingest.logs import activity_id, file, rows, run, tables

USED = "SELECT u_activity_id, u_entity_id FROM provenance.used WHERE u_role = 'data'"
WRITTEN = "SELECT wgb_activity_id, wgb_entity_id FROM provenance.wasgeneratedby WHERE wgb_role = 'data'"


@pytest.fixture
def catalogue(tmp_path):
    """Return the places of a catalogue with these lines: `catalogue("path,lfn", ...)`."""

    def catalogue(*lines, maps=()):
        path = tmp_path / "catalogue.csv"
        path.write_text("\n".join(lines))
        return read_location_map(maps, path)

    return catalogue


@pytest.mark.parametrize("reverse", [False, True])
def test_catalogues_join_two_jobs(tell, database, catalogue, reverse):
    """Two local paths under one logical name are one file, whichever job is told first (INGEST-d2)."""
    made = catalogue(
        "path,lfn,guid,size,checksum", "/job1/out.h5,/vo/out.h5,ABC-1,10,0cc175b9c0f1b6a831c399e269772661"
    )
    read = catalogue("path,lfn", "/job2/in.h5,/vo/out.h5")
    jobs = [
        lambda: tell(run(1, 1, 2, output=[file("/job1/out.h5")]), site="a", location_map=made),
        lambda: tell(run(2, 3, 4, input=[file("/job2/in.h5")]), site="b", location_map=read),
    ]
    for job in reversed(jobs) if reverse else jobs:
        job()
    [(producer, product)], [(reader, used)] = rows(database, WRITTEN), rows(database, USED)

    assert (producer, reader, used) == (activity_id(1), activity_id(2), product)
    names = (
        f"SELECT al_kind, al_value FROM provext.alias WHERE al_entity_id = '{product}' AND al_kind <> 'id'"
    )
    assert set(rows(database, names)) == {
        ("guid", "ABC-1"),
        ("lfn", "/vo/out.h5"),
        ("path", "lfn:/vo/out.h5"),
    }
    assert rows(database, "SELECT h_algorithm, h_size FROM provext.hash") == [("md5", 10)]
    assert set(rows(database, "SELECT loc_url, loc_storage FROM provext.location")) == {
        ("/job1/out.h5", "a"),
        ("lfn:/vo/out.h5", "lfn:"),
    }


def test_a_map_names_whole_directories(tell, database):
    """The longest prefix counts; the same URI is one place at all sites (INGEST-d2)."""
    here = read_location_map(["/data=https://x.org/no", "/data/prod=https://x.org/prod"], None)
    there = read_location_map(["/mnt=https://x.org/prod"], None)
    tell(run(1, 1, 2, output=[file("/data/prod/a.h5")]), site="a", location_map=here)
    tell(run(2, 3, 4, input=[file("/mnt/a.h5")]), site="b", location_map=there)

    assert rows(database, USED)[0][1] == rows(database, WRITTEN)[0][1]


def test_equal_basenames_are_two_files(tell, database, catalogue):
    """A file is known by its whole path, never by its name (INGEST-b4, 9)."""
    location_map = catalogue("path,id", "/job1/a/out.h5,/vo/a/out.h5", "/job1/b/out.h5,/vo/b/out.h5")
    tell(run(1, 1, 2, output=[file("/job1/a/out.h5"), file("/job1/b/out.h5")]), location_map=location_map)
    tell(
        run(2, 3, 4, input=[file("/vo2/out.h5")]),
        location_map=catalogue("path,id", "/vo2/out.h5,/vo/b/out.h5"),
    )
    [(_, used)] = rows(database, USED)

    assert rows(database, f"SELECT e_location FROM provenance.entity WHERE e_id = '{used}'") == [
        ("/job1/b/out.h5",)
    ]


def test_a_guid_of_two_files_is_reported(tell, database, catalogue):
    """A GUID is a name, and names may be given again (INGEST-d3)."""
    reports = [
        tell(
            run(number, number, number + 1, output=[file(f"/{number}")]),
            location_map=catalogue("path,id,guid", f"/{number},/vo/{number},SAME"),
        )
        for number in (1, 2)
    ]

    assert reports[0].warnings == ()
    [warning] = reports[1].warnings
    assert warning.startswith("guid SAME is the name of both urn:uuid:")
    assert rows(
        database, "SELECT count(DISTINCT al_entity_id) FROM provext.alias WHERE al_kind = 'guid'"
    ) == [(2,)]


def test_the_same_document_and_catalogue_again_change_nothing(tell, database, catalogue):
    step, location_map = run(1, 1, 2, output=[file("/a")]), catalogue("path,id", "/a,/vo/a")
    tell(step, location_map=location_map)
    before = tables(database)

    assert tell(step, location_map=location_map).known
    assert tables(database) == before


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a,b", "1,2"], "the columns path and id"),
        (["path,id", ",x"], "line 2: path and id must not be empty"),
        (["path,id,size", "a,b,-1"], "line 2: '-1' is not a size in bytes"),
        (["path,id,checksum", "a,b,xyz"], "line 2: 'xyz' is not a checksum"),
        (["path,id", "a,b", "a,c"], "line 3: a appears twice"),
        (["path,id", '"a'], "cannot be read as CSV"),
        ([], "the columns path and id"),
    ],
)
def test_bad_catalogues_are_refused_at_their_line(catalogue, lines, message):
    with pytest.raises(DocumentError, match=message):
        catalogue(*lines)


@pytest.mark.parametrize("option", ["/data", "=x", "/data="])
def test_bad_maps_are_refused(option):
    with pytest.raises(DocumentError, match="map must be PREFIX=URI"):
        read_location_map([option], None)


CWL = Path(__file__).parents[1] / "data" / "cwl_steps"
STEPS = sorted(CWL.iterdir())


@pytest.mark.parametrize("steps", [STEPS, STEPS[::-1]], ids=["in order", "reversed"])
def test_steps_of_a_workflow_run_are_joined_by_names(take, database, settings, steps):
    """The engine stages a file for each step in another folder; the new name is told as a location."""
    for step in steps:
        take(step, location_map=read_location_map((), None, "night 7"))

    assert rows(
        database,
        "SELECT maker.a_name, user_.a_name FROM provenance.used"
        "  JOIN provenance.wasgeneratedby ON wgb_entity_id = u_entity_id"
        "  JOIN provenance.activity AS maker ON maker.a_id = wgb_activity_id"
        "  JOIN provenance.activity AS user_ ON user_.a_id = u_activity_id"
        " WHERE u_role = 'reconstructor'",
    ) == [("ctapipe-train-energy-regressor", "ctapipe-apply-models")]
    assert rows(
        database, "SELECT loc_url FROM provext.location WHERE loc_url LIKE 'workflow-run:%energy.pkl'"
    ) == [("workflow-run:night%207/energy.pkl",)]
    assert rebuild.reingest(database, settings).changes == ()


def test_two_runs_of_a_workflow_are_not_joined(take, database):
    for number, step in enumerate(STEPS):
        take(step, location_map=read_location_map((), None, f"run {number}"))

    joined = "SELECT count(*)::int FROM provenance.used JOIN provenance.wasgeneratedby"
    assert rows(database, f"{joined} ON wgb_entity_id = u_entity_id WHERE u_role = 'reconstructor'") == [(0,)]


@pytest.mark.parametrize(
    "path, name",
    [
        ("/tmp/x9f/energy.pkl", "workflow-run:7/energy.pkl"),
        ("/var/lib/cwl/stg0f3c1a52-77b0/a.h5", "workflow-run:7/a.h5"),
        ("/scratch/stg0f3c1a52-77b0/a.h5", "workflow-run:7/a.h5"),
        ("/data/raw.fits", None),
        ("s3://bucket/tmp/a", None),
    ],
)
def test_only_temporary_folders_are_those_of_a_workflow_run(path, name):
    assert read_location_map((), None, "7").name(path) == name
