"""The tables are determined by the archived documents, so they can be rebuilt, also without one document."""

import contextlib
import json
import random

import pytest

from provtap.errors import DocumentError, NotFound
from provtap.ingest import LocationMap, describe, ingest_content, load_sql, read_location_map, rebuild
from provtap.ingest.model import identity
from tests.ingest.logs import SAMPLES, documents, empty, file, header, rows, run, tables, write_log
from tests.ingest.test_sql_file import DESCRIPTIONS, JOB

RECORDS = b'{"Entity": [{"id": "urn:x:e"}], "Agent": [{"id": "urn:x:a", "name": "A"}]}'


@pytest.fixture
def again(database, settings):
    """Rebuild the tables, and return the differences."""
    return lambda **options: rebuild.reingest(database, settings, **options)


@pytest.fixture
def undo(database, settings):
    return lambda number, **options: rebuild.undo(number, database, settings, **options)


def private(database):
    """What the loader remembers, but for numbers that tell when something came."""
    return {
        name: sorted(map(repr, rows(database, f"SELECT * FROM provtap.{name}")))
        for name in ("trust", "record", "writing", "environment", "invalidation", "told_description")
    }


def test_all_tables_are_rebuilt(database):
    """No table of what documents tell is forgotten when one is added to the schema."""
    known = {*rebuild.PUBLISHED, *rebuild.REMEMBERED, "provtap.total", "provtap.day"}
    known |= {"provext.ingestion", "provext.notice"}  # what happened stays told
    kept = ("document", "document_piece", "places", "migration", "description_set", "described_activity",
            "observation")  # fmt: skip
    found = rows(
        database,
        "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('provenance', 'provext')"
        " UNION SELECT 'provtap.' || tablename FROM pg_tables WHERE schemaname = 'provtap'"
        " AND tablename NOT IN ('token', 'maintenance', 'metadata_change', 'answered_request',"
        " 'forgotten_document', 'backup', 'quota')",
    )

    assert {name for (name,) in found} - {f"provtap.{name}" for name in kept} == known


def test_a_rebuild_does_not_change_samples_and_descriptions(take, database, settings, again):
    """Nothing is lost: all rows are determined by the archived documents (INGEST-d8)."""
    describe([DESCRIPTIONS], database, settings)
    for path in SAMPLES:
        take(path)
    before, remembered = tables(database), private(database)
    rebuilt = again()

    assert (rebuilt.documents, rebuilt.changes) == (len(SAMPLES), ())
    assert (tables(database), private(database)) == (before, remembered)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_rebuild_does_not_change_documents_of_any_format(take, database, settings, again, tmp_path, seed):
    """Logs, PROV in all notations, headers, records of the API and scripts, in any order."""
    (tmp_path / "job.sql").write_text(JOB)
    (tmp_path / "records.json").write_bytes(RECORDS)
    paths = [*documents(), tmp_path / "records.json", *SAMPLES[:4]]
    loaded = 0
    for path in random.Random(seed).sample(paths, len(paths)):
        with contextlib.suppress(DocumentError):
            take(path)
            loaded += 1
    load_sql([tmp_path / "job.sql"], database, settings)
    before, remembered = tables(database), private(database)
    rebuilt = again()

    assert loaded > 20
    assert rebuilt.changes == ()
    assert (tables(database), private(database)) == (before, remembered)


def test_places_are_kept(take, database, settings, again, tmp_path):
    """A document that was read with --map and --catalogue is read with them once more (INGEST-d2)."""
    catalogue = tmp_path / "job.csv"
    catalogue.write_text("path,lfn,guid\n/scratch/out.h5,/vo/out.h5,0f3c\n")
    location_map = read_location_map(["/scratch=root://se"], catalogue)
    log = write_log(tmp_path / "a.log", run(1, output=[file("/scratch/out.h5"), file("/scratch/b.h5")]))
    take(log, location_map=location_map, site="my site")
    before = tables(database)

    assert LocationMap.of(location_map.content()) == location_map
    assert again().changes == ()
    assert tables(database) == before
    assert rows(database, "SELECT al_value FROM provext.alias WHERE al_kind = 'lfn'") == [("/vo/out.h5",)]


def test_a_document_that_can_not_be_read_any_more_is_named(take, database, again):
    """All stays as it was (INGEST-d8)."""
    take(SAMPLES[0])
    before = tables(database)
    with database.transaction() as transaction:
        transaction.execute("UPDATE provtap.document SET doc_content = '[5'")
    with pytest.raises(DocumentError) as caught:
        again()

    assert str(caught.value).startswith(f"{SAMPLES[0]} (ingestion ")
    assert "this is not JSON" in str(caught.value)
    assert tables(database) == before


def test_missing_location_maps_are_reported(take, again, database, tmp_path):
    take(write_log(tmp_path / "a.log", run(1)), location_map=read_location_map(["/a=root://b"], None))
    with database.transaction() as transaction:
        transaction.execute("DELETE FROM provtap.places")
    with pytest.raises(DocumentError, match="was read with a --map or --catalogue that was not stored"):
        again()


def test_a_dry_run_of_a_rebuild_reports_differences_and_changes_nothing(take, database, again):
    take(SAMPLES[0])
    with database.transaction() as transaction:
        transaction.execute("DELETE FROM provext.hash; UPDATE provenance.entity SET e_comment = 'by hand'")
    before = tables(database)
    told = again(dry_run=True)

    assert {change.table for change in told.changes} >= {"provenance.entity"}
    assert all(change.gone == change.new > 0 for change in told.changes if change.table[-6:] == "entity")
    assert tables(database) == before
    assert again().changes == told.changes
    assert rows(database, "SELECT count(*) FROM provenance.entity WHERE e_comment = 'by hand'") == [(0,)]


@pytest.mark.parametrize("seed", range(4))
def test_undoing_is_never_having_ingested(take, database, undo, tmp_path, seed):
    """Records from other documents are kept, and their claims are used again (INGEST-d1, d4, d9)."""
    chance = random.Random(seed)
    paths = chance.sample([*SAMPLES, *documents()], 12)
    paths += [
        write_log(
            tmp_path / f"{n}.log",
            run(n, n, n + 1, output=[file("/a", "out", header(1, n))], input=[file("/b", "in")]),
            run(n + 10, n, n + 1, output=[file("/b")]),
        )
        for n in range(3)
    ]
    taken = {}
    for path in paths:
        with contextlib.suppress(DocumentError):
            taken[path] = take(path).ingestion
    gone = chance.choice(list(taken))
    undo(taken[gone])
    left = tables(database)
    ids = rows(database, "SELECT in_id FROM provext.ingestion WHERE in_undone IS NOT NULL")
    empty(database)
    for path in taken:
        if path != gone:
            take(path)

    assert ids == [(taken[gone],)]
    assert left == tables(database)


def test_an_undone_document_can_be_ingested_again(take, database, undo):
    first = take(SAMPLES[0])
    full = tables(database)
    undo(first.ingestion)

    assert not any(tables(database).values())
    assert not take(SAMPLES[0]).known
    assert tables(database) == full


def test_undoing_twice_is_reported(take, undo):
    number = take(SAMPLES[0]).ingestion
    undo(number)
    with pytest.raises(NotFound, match=f"Ingestion {number} has already been undone"):
        undo(number)
    with pytest.raises(NotFound, match="Ingestion 4711 does not exist"):
        undo(4711)


def test_a_document_needed_by_others_can_not_be_undone(database, settings, undo):
    """The sentence names who needs it; nothing is changed."""

    def tell(source, **records):
        content = json.dumps(records).encode()
        return ingest_content(content, source, database, settings).ingestion

    id_ = identity.activity_description("tool", "1")
    described = tell("first", ActivityDescription=[{"id": id_, "name": "tool", "version": "1"}])
    tell("second", Activity=[{"id": "run:1", "activityDescription": id_}])
    before = tables(database)
    with pytest.raises(DocumentError, match=f"^second: there is no activity description {id_}"):
        undo(described)

    assert tables(database) == before


def test_stubs_are_counted_and_kept(tell, database):
    """A thing that is only referred to (INGEST-d9)."""
    report = tell(run(1, input=[file("/raw", "in", header(7, 8))]), run(2, input=[file("/cal")]))

    assert report.stubs == 2
    assert rows(database, "SELECT in_stubs, in_conflicts FROM provext.ingestion") == [(2, 0)]
