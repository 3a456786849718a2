"""Events of OpenLineage: those of a run become one activity, in any order and repeatedly."""

import json
import random
from pathlib import Path

import pytest

from provtap.errors import DocumentError, NoProvenance
from provtap.ingest import ingest_content
from tests.ingest.logs import empty, rows, tables

DATA = Path(__file__).parents[1] / "data" / "openlineage"
LINES = (DATA / "night_dag.ndjson").read_bytes().splitlines()
EVENTS = [line for line in LINES if "run" in json.loads(line)]
RUN = "13f58008-0bdc-59a9-aaff-ae8e0b8364a7"
RUNS = """SELECT a_name, r_status, a_starttime::text, a_endtime::text FROM provenance.activity
            JOIN provext.run ON r_activity_id = a_id ORDER BY 1"""


@pytest.fixture
def tell(database, settings):
    """Ingest one document of events: `tell({...})`."""

    def tell(*events):
        content = b"\n".join(
            each if isinstance(each, bytes) else json.dumps(each).encode() for each in events
        )
        return ingest_content(content, "events", database, settings)

    return tell


def event(kind="START", seconds=0, run=RUN, **members):
    return {
        **{"eventType": kind, "eventTime": f"2026-05-01T22:00:{seconds:02}Z", "producer": "x"},
        **{"run": {"runId": run}, "job": {"namespace": "n", "name": "j"}},
        **members,
    }


def dataset(name):
    return {"namespace": "file", "name": name}


def test_runs_and_how_they_ended(tell, database):
    tell(*EVENTS)

    assert rows(database, RUNS) == [
        ("night_dag", "error", "2026-05-01 22:00:00", "2026-05-01 22:00:44"),
        ("night_dag.quality", "error", "2026-05-01 22:00:41", "2026-05-01 22:00:43"),
        ("night_dag.reduce", "completed", "2026-05-01 22:00:05", "2026-05-01 22:00:20"),
        ("night_dag.stack", "completed", "2026-05-01 22:00:25", "2026-05-01 22:00:40"),
    ]
    assert rows(
        database,
        "SELECT maker.a_name, user_.a_name FROM provenance.used"
        "  JOIN provenance.wasgeneratedby ON wgb_entity_id = u_entity_id"
        "  JOIN provenance.activity AS maker ON maker.a_id = wgb_activity_id"
        "  JOIN provenance.activity AS user_ ON user_.a_id = u_activity_id ORDER BY 1",
    ) == [("night_dag.reduce", "night_dag.stack"), ("night_dag.stack", "night_dag.quality")]


@pytest.mark.parametrize("seed", range(4))
def test_single_events_in_any_order_equal_the_whole_file(tell, database, seed):
    """A transport repeats events, and does not keep their order."""
    tell(*EVENTS)
    whole = tables(database)
    empty(database)
    for each in random.Random(seed).sample([*EVENTS, *EVENTS[:3]], len(EVENTS) + 3):
        tell(each)

    assert tables(database) == whole


def test_array_is_like_lines(tell, database):
    tell(*EVENTS)
    whole = tables(database)
    empty(database)
    tell(b"[" + b",".join(EVENTS) + b"]")

    assert tables(database) == whole


@pytest.mark.parametrize("order", [1, -1])
def test_late_start_does_not_undo_the_end(tell, database, order):
    for each in [event("START"), event("RUNNING", 5), event("COMPLETE", 9)][::order]:
        tell(each)

    [(_, status, start, end)] = rows(database, RUNS)
    assert (status, start, end) == ("completed", "2026-05-01 22:00:00", "2026-05-01 22:00:09")


def test_run_that_has_not_ended_is_running(tell, database):
    tell(event("START"))

    assert rows(database, RUNS) == [("j", "running", "2026-05-01 22:00:00", None)]


def test_end_before_the_start_is_left_out(tell, database):
    """Clocks of two hosts differ (G7)."""
    tell(event("START", 30))
    report = tell(event("COMPLETE", 10))

    assert "the end was ignored" in report.conflicts[0]
    assert rows(database, RUNS) == [("j", "completed", "2026-05-01 22:00:30", None)]


def test_dataset_changed_in_place_is_read_before_it_is_written(tell, database):
    other = "23f58008-0bdc-59a9-aaff-ae8e0b8364a7"
    tell(event("COMPLETE", 1, outputs=[dataset("/t")]))
    tell(event("COMPLETE", 9, other, inputs=[dataset("/t")], outputs=[dataset("/t")]))

    assert rows(
        database,
        "SELECT u_activity_id, wgb_activity_id FROM provenance.used"
        "  JOIN provenance.wasgeneratedby ON wgb_entity_id = u_entity_id",
    ) == [(f"urn:uuid:{other}", f"urn:uuid:{RUN}")]


@pytest.mark.parametrize(
    "content, message",
    [
        (event(run="x"), "run.runId is not a UUID"),
        (event("PAUSE"), "eventType is 'PAUSE'"),
        ({"eventType": "START", "eventTime": "2026-05-01T22:00:00Z", "job": {"name": "x"}}, "run is missing"),
        (event() | {"eventTime": "noon"}, "eventTime is not a time"),
        (event() | {"job": {}}, "job.name is missing"),
    ],
)
def test_event_that_is_wrong_is_refused(tell, content, message):
    with pytest.raises(DocumentError, match=message):
        tell(content)


def test_an_event_about_a_dataset_alone_stores_nothing(tell):
    with pytest.raises(NoProvenance):
        tell({"eventTime": "2026-05-01T22:00:00Z", "producer": "x", "dataset": dataset("/t")})


def test_an_event_about_a_dataset_among_others_is_reported(tell):
    report = tell(event(), {"eventTime": "2026-05-01T22:00:00Z", "producer": "x", "dataset": dataset("/t")})

    assert report.warnings == ("1 events do not belong to a run: they are kept in the document only",)
