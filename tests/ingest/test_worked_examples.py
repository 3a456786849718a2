"""The worked examples in the comments of merge.sql and usages.sql are what the statements do."""

from datetime import datetime

from provtap.ingest.model.records import Activity, Entity, External, Rank, Reading, RecordSet, Writing
from provtap.ingest.store import usages
from provtap.ingest.store.counts import Counts
from provtap.ingest.store.loader import load
from provtap.ingest.store.merge import add, join
from provtap.ingest.store.staging import Stage, rows_of
from tests.ingest.logs import rows

BEGIN = f"""INSERT INTO provext.ingestion (in_source, in_format, in_sha256, in_new, in_updated, in_unchanged)
            VALUES ('a', 'records', '{"0" * 64}', 0, 0, 0) RETURNING in_id"""


def store(transaction, *records):
    """Load *records* as one document of statements."""
    load(transaction, [RecordSet(None, "0" * 64, records)], transaction.one(BEGIN).in_id)


def writing(activity, entity, hour):
    """Return that *activity* wrote *entity* to /a."""
    time = datetime(2026, 1, 1, hour)
    return Writing(
        activity_id=activity, entity_id=entity, storage="s", url="/a", time=time, external_id="x:/a"
    )


def reading(url):
    """Return that the activity r read what was at *url* at 12:00, and the file without producer there."""
    time = datetime(2026, 1, 1, 12)
    yield Reading(activity_id="r", role="in", storage="s", url=url, time=time, external_id=f"x:{url}")
    yield External(id=f"x:{url}", location=url, rank=Rank.MENTION)


def test_join(database):
    """Claims of one rank are merged and replace a less trusted one; what they contradict is reported."""
    given = [
        Entity(id="e1", rank=Rank.STATEMENT, name="b.fits"),
        Entity(id="e1", rank=Rank.STATEMENT, name="a.fits", value="7"),
    ]
    counts = Counts()
    with database.transaction() as transaction:
        store(transaction, Entity(id="e1", rank=Rank.MENTION, name="old"))
        join(transaction, Entity, Stage(transaction, rows_of(given))[Entity], counts)

    assert (counts.new, counts.updated, counts.unchanged, counts.stubs) == (0, 1, 0, 0)
    assert counts.conflicts == ["e1 has two values of e_name; a.fits was kept"]
    assert rows(database, "SELECT e_id, e_class, e_name, e_value FROM provenance.entity") == [
        ("e1", "ValueEntity", "a.fits", "7")
    ]
    assert rows(database, "SELECT t_id, t_rank, t_claimant FROM provtap.trust") == [("e1", 2, "")]


def test_resolve_readings(database):
    """A later writing takes over a reading; what nobody wrote becomes a file without producer."""
    counts = Counts()
    with database.transaction() as transaction:
        store(
            transaction,
            *(Activity(id=id_) for id_ in ("w1", "w2", "r")),
            *(Entity(id=id_) for id_ in ("e1", "e2")),
            writing("w1", "e1", 10),
            *reading("/a"),
        )
        given = rows_of([writing("w2", "e2", 11), *reading("/b")])
        stage = Stage(transaction, given)
        add(transaction, Writing, stage[Writing])
        usages.add_readings(transaction, given[Reading], stage[Reading], Counts())
        usages.resolve(transaction, stage, counts)

    assert (counts.new, counts.updated, counts.stubs) == (3, 1, 1)
    assert rows(database, "SELECT u_activity_id, u_entity_id, u_role FROM provenance.used ORDER BY 2") == [
        ("r", "e2", "in"),
        ("r", "x:/b", "in"),
    ]
    assert rows(database, "SELECT rd_url, rd_entity_id FROM provtap.reading ORDER BY 1") == [
        ("/a", "e2"),
        ("/b", "x:/b"),
    ]
    assert rows(database, "SELECT loc_entity_id, loc_url FROM provext.location") == [("x:/b", "/b")]
