"""Files that were read as copies are joined with their originals by checksum, and marked as copies."""

import json

import pytest

from provtap.ingest import load_sql
from provtap.ingest.documents.locations import LocationMap
from tests.ingest.logs import activity_id, empty, file, rows, run, tables, uuid_of

SHA1 = "6b896a6708995a073c151fd6b88252fba34fac1d"
OTHER = "8b3ffcb5d8082e3078dbbaa4e829cb29dbc3c588"
EMPTY = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
STAGED = "/tmp/x/stg0a1af6c3-9f1a-4e28-856d-190658c10859"
COPIES = """
    SELECT c.e_location, o.e_location FROM provext.copy
      JOIN provenance.entity AS c ON c.e_id = cp_entity_id
      JOIN provenance.entity AS o ON o.e_id = cp_original_id
      JOIN provenance.wasderivedfrom ON wdf_generatedentity_id = c.e_id AND wdf_usedentity_id = o.e_id
     ORDER BY 1, 2
"""


def command(number, used=(), generated=(), start=0, end=None):
    """Return a record of `provtap run`, from second *start* to *end*."""
    time = "2026-01-01T00:00:{:02}Z".format
    return {
        "provtap_run": 1,
        "id": uuid_of("command", number),
        "name": f"tool-{number}",
        "start": time(start),
        "end": time(start + 1 if end is None else end),
        "used": list(used),
        "generated": list(generated),
    }


def content(path, digest=SHA1, size=7):
    return {"path": path, "size": size, "checksums": {"sha1": digest}}


@pytest.fixture
def hand_in(take, tmp_path):
    """Take in the record of one run of a command."""

    def hand_in(record, **options):
        path = tmp_path / f"{record['name']}.json"
        path.write_text(json.dumps(record))
        return take(path, **options)

    return hand_in


def test_checksum_of_a_used_file_is_stored(hand_in, database):
    hand_in(command(1, used=[content("/raw.fits")]))

    assert rows(database, "SELECT h_algorithm, h_digest, h_size::int FROM provext.hash") == [
        ("sha1", SHA1, 7)
    ]


@pytest.mark.parametrize("turned", [False, True])
def test_copy_is_joined_in_any_order(hand_in, database, turned):
    """A step read, in a temporary folder, what another one had made."""
    records = [
        command(1, generated=[content("/data/e.pkl")]),
        command(2, used=[content(f"{STAGED}/e.pkl")], start=5),
    ]
    warnings = [
        warning for record in sorted(records, key=str, reverse=turned) for warning in hand_in(record).warnings
    ]

    assert rows(database, COPIES) == [(f"{STAGED}/e.pkl", "/data/e.pkl")]
    assert any("has the sha1 of" in warning for warning in warnings)


def test_copy_in_the_lineage(hand_in, database):
    hand_in(command(1, used=[content("/raw.fits", OTHER)], generated=[content("/data/e.pkl")]))
    hand_in(command(2, used=[content(f"{STAGED}/e.pkl")], generated=[content("/end", "00" * 20)], start=5))
    made = "WITH RECURSIVE l(id) AS (SELECT e_id FROM provenance.entity WHERE e_location = '/end' UNION "
    step = """SELECT coalesce(u_entity_id, wdf_usedentity_id) FROM l
                LEFT JOIN provenance.wasgeneratedby ON wgb_entity_id = id
                LEFT JOIN provenance.used ON u_activity_id = wgb_activity_id
                LEFT JOIN provenance.wasderivedfrom ON wdf_generatedentity_id = id)"""

    found = rows(
        database, f"{made}{step} SELECT e_location FROM l JOIN provenance.entity ON e_id = id ORDER BY 1"
    )

    assert found == [("/data/e.pkl",), ("/end",), ("/raw.fits",), (f"{STAGED}/e.pkl",)]


def test_second_pass_adds_nothing(hand_in, database):
    records = [command(1, generated=[content("/a")]), command(2, used=[content("/b")], start=5)]
    for record in records:
        hand_in(record)
    before = tables(database)
    again = [hand_in(record) for record in records]

    assert [report.new for report in again] == [0, 0]
    assert tables(database) == before


def test_a_later_file_is_not_an_original(hand_in, database):
    """A file made after the reading can't have been read."""
    hand_in(command(1, used=[content("/b")], start=2))
    hand_in(command(2, generated=[content("/a")], start=5))

    assert rows(database, COPIES) == []


def test_empty_files_are_not_copies(hand_in, database):
    hand_in(command(1, generated=[{"path": "/a", "checksums": {"sha1": EMPTY}}]))
    hand_in(command(2, used=[content("/b", EMPTY, None)], start=5))

    assert rows(database, COPIES) == []


def test_equal_products_of_two_runs_are_not_copies(hand_in, database):
    hand_in(command(1, generated=[content("/a")]))
    hand_in(command(2, generated=[content("/b")], start=5))

    assert rows(database, COPIES) == []


def test_an_original_with_the_same_name_is_preferred(hand_in, database):
    """Then the latest; the join moves when such a file becomes known."""
    hand_in(command(3, used=[content("/stage/e.pkl")], start=20))
    hand_in(command(1, generated=[content("/a/first")], start=1))
    assert rows(database, COPIES) == [("/stage/e.pkl", "/a/first")]

    hand_in(command(2, generated=[content("/a/second")], start=5))
    assert rows(database, COPIES) == [("/stage/e.pkl", "/a/second")]

    hand_in(command(4, generated=[content("/a/e.pkl")], start=3))
    assert rows(database, COPIES) == [("/stage/e.pkl", "/a/e.pkl")]
    assert rows(database, "SELECT count(*)::int FROM provenance.wasderivedfrom") == [(1,)]


@pytest.mark.parametrize("turned", [False, True])
def test_a_generated_file_is_not_a_copy(hand_in, database, turned):
    """Once it is known who wrote the file that was read, no checksum is needed."""
    records = [
        command(1, generated=[content("/a")], start=1),
        command(2, used=[content("/b")], start=20),
        command(3, generated=[content("/b")], start=5),
    ]
    for record in sorted(records, key=str, reverse=turned):
        hand_in(record)
    found = tables(database)

    assert rows(database, COPIES) == []
    assert rows(database, "SELECT count(*)::int FROM provenance.wasderivedfrom") == [(0,)]

    empty(database)
    for record in records:
        hand_in(record)
    assert tables(database) == found


@pytest.mark.parametrize("first", ["derivation", "copy"])
def test_a_recorded_derivation_is_kept(hand_in, take, database, tmp_path, first):
    """A derivation stated in a document is not removed with the checksum that supports it."""
    read, made = command(2, used=[content("/b")], start=5), command(1, generated=[content("/a")])
    for record in (read, made):
        hand_in(record)
    ids = dict(rows(database, "SELECT e_location, e_id FROM provenance.entity"))
    stated = tmp_path / "stated.provn"
    stated.write_text(
        f"document\nprefix u <urn:>\nwasDerivedFrom('{ids['/b']}', '{ids['/a']}')\nendDocument".replace(
            "'urn:", "u:"
        ).replace("'", "")
    )
    if first == "derivation":
        empty(database)
        take(stated)
        hand_in(read)
        hand_in(made)
    else:
        take(stated)

    assert rows(database, "SELECT count(*)::int FROM provenance.wasderivedfrom") == [(1,)]
    assert rows(database, "SELECT count(*)::int FROM provext.copy") == [(0,)]


def test_staged_file_that_matches_nothing(tell):
    """Otherwise the chain would end silently: the paths of engines are random (digest 4.6)."""
    report = tell(run(1, input=[file(f"{STAGED}/energy.pkl"), file("/data/raw.fits")]))

    [warning] = report.warnings
    assert warning.startswith(f"{activity_id(1)} read {STAGED}/energy.pkl in a temporary folder")
    assert "--workflow-run" in warning


def test_a_staged_file_of_a_given_workflow_run(tell):
    """Names within the run are no places in a temporary folder."""
    report = tell(
        run(1, input=[file(f"{STAGED}/energy.pkl")]), location_map=LocationMap(workflow_run="night")
    )

    assert report.warnings == ()


def test_checksum_of_a_file_with_another_name(hand_in, database):
    """A path that stands for a logical name has the checksum there."""
    hand_in(command(1, used=[content("/job/in.h5")]), location_map=LocationMap((("/job/", "lfn:/vo/"),)))

    found = "SELECT e_location, h_digest FROM provext.hash JOIN provenance.entity ON e_id = h_entity_id"
    assert rows(database, found) == [("lfn:/vo/in.h5", SHA1)]


@pytest.mark.parametrize("first", ["script", "record"])
def test_checksum_of_a_script(hand_in, database, settings, tmp_path, first):
    """Checksums in an SQL script join copies, too."""
    script = tmp_path / "copies.sql"
    script.write_text(f"""
        INSERT INTO provenance.entity (e_id, e_class, e_location) VALUES ('urn:x:b', 'DatasetEntity', '/b');
        INSERT INTO provext.hash (h_entity_id, h_algorithm, h_digest) VALUES ('urn:x:b', 'sha1', '{SHA1}');
    """)
    steps = {
        "script": lambda: load_sql([script], database, settings),
        "record": lambda: hand_in(command(1, generated=[content("/a")])),
    }
    for step in sorted(steps, key=lambda name: name != first):
        steps[step]()

    assert rows(database, COPIES) == [("/b", "/a")]
