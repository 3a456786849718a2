"""Answers as of a date after undo, reingest, withdrawals and redelivery; their limits."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from provtap.database.connect import open_database
from provtap.database.scratch import scratch
from provtap.errors import Busy, DatabaseUnavailable, NotFound, ProvtapError, TooLarge
from provtap.history import retrieve
from provtap.history.answer import one_answer
from provtap.ingest import describe, ingest_content, load_sql
from provtap.ingest.rebuild import reingest, undo
from tests.history.conftest import all_of, asked
from tests.ingest.logs import SAMPLES, documents, empty, rows

SCRIPT = """\
INSERT INTO provenance.activity (a_id, a_name) VALUES ('urn:x:sql', 'by hand');
INSERT INTO provenance.entity (e_id) VALUES ('urn:x:in'), ('urn:x:table');
INSERT INTO provenance.used (u_activity_id, u_entity_id) VALUES ('urn:x:sql', 'urn:x:in');
INSERT INTO provenance.wasgeneratedby (wgb_entity_id, wgb_activity_id) VALUES ('urn:x:table', 'urn:x:sql');
"""


def step(activity, used, made, **members):
    """Return a document in which *activity* made *made* from *used*."""
    return {
        "Activity": [{"id": activity} | members],
        "DatasetEntity": [{"id": used}, {"id": made}],
        "Used": [{"activity": activity, "entity": used}],
        "WasGeneratedBy": [{"activity": activity, "entity": made}],
    }


def withdrawal(entity, verb="withdraw", **members):
    document = {
        "agent": {"id": "urn:x:maria", "name": "Maria"},
        "time": "2026-02-01T00:00:00Z",
        verb: [entity],
    }
    if verb == "withdraw":
        document |= {"kind": "defective", "reason": "The lamp failed."}
    return {"provtap_withdrawal": 1} | document | members


def answers(calendar, requests):
    return [calendar.answer(request) for request in requests]


def history(calendar, contents, requests):
    """Take *contents*, and return the answers to *requests* on each day."""
    then = []
    for content in contents:
        if calendar.take(content) is not None:
            then.append(answers(calendar, requests))
    return then


def as_of(calendar, requests, days):
    return [[calendar.answer(request, day) for request in requests] for day in range(days)]


@pytest.fixture
def contents():
    paths = random.Random(7).sample([*documents(), *SAMPLES], 25)
    return [path.read_bytes() for path in [*SAMPLES[:4], *paths]]


def test_a_reingest_and_a_redelivered_document_change_no_earlier_answer(calendar, contents):
    taken = [content for content in contents[:8] if calendar.take(content) is not None]
    requests = all_of(random.Random(1).sample(calendar.ids(), 4))
    before = as_of(calendar, requests, calendar.days)
    for content in taken:
        assert calendar.take(content) is None
    reingest(calendar.database, calendar.settings)

    assert as_of(calendar, requests, calendar.days) == before


def test_an_undone_document_is_missing_also_as_of_an_earlier_date(calendar, contents):
    """Its content is not kept, which the answer says."""
    taken = [content for content in contents[:6] if calendar.take(content) is not None]
    requests = all_of(random.Random(2).sample(calendar.ids(), 5))
    empty(calendar.database)
    calendar.days = 0
    without = history(calendar, [taken[0], *taken[2:]], requests)
    empty(calendar.database)
    calendar.days = 0
    numbers = [calendar.take(content) for content in taken]
    undo(numbers[1], calendar.database, calendar.settings)

    assert as_of(calendar, requests, calendar.days) == [without[0], *without]


def test_withdrawals_are_known_from_their_arrival_on(calendar):
    """Also to what was made from the withdrawn thing, behind the depth of the answer."""
    steps = [
        step("urn:x:a", "urn:x:0", "urn:x:1"),
        step("urn:x:b", "urn:x:1", "urn:x:2"),
        withdrawal("urn:x:0", successor="urn:x:9"),
        {"DatasetEntity": [{"id": "urn:x:9", "name": "better.fits"}]},
        withdrawal("urn:x:0", "reinstate", time="2026-02-02T00:00:00Z"),
        step("urn:x:c", "urn:x:2", "urn:x:3"),
    ]
    requests = [
        asked("urn:x:2", depth="1"),
        asked("urn:x:2", depth="ALL"),
        asked("urn:x:0", direction="FORTH"),
    ]
    then = history(calendar, steps, requests)

    assert b"affectedBy" in then[2][0]
    assert b"affectedBy" not in then[1][0] + then[4][0]
    assert as_of(calendar, requests, len(steps)) == then


def test_files_are_found_by_the_places_at_which_they_were_then(calendar):
    """Who read a place is told by what was written there before, whenever that arrived."""

    def wrote(activity, minute):
        time = f"2026-01-01T10:{minute:02}:00Z"
        return {
            "Activity": [{"id": activity, "startTime": time, "endTime": time}],
            "WasGeneratedBy": [{"activity": activity, "location": "/data/a.fits", "role": "out"}],
        }

    read = {
        "Activity": [{"id": "urn:x:reader", "startTime": "2026-01-01T11:00:00Z"}],
        "Used": [{"activity": "urn:x:reader", "location": "/data/a.fits"}],
        "WasGeneratedBy": [{"activity": "urn:x:reader", "location": "/data/b.fits"}],
    }
    names = ("urn:x:reader", "/data/b.fits", "/data/a.fits")
    requests = [asked(name, depth="ALL", direction=way) for name in names for way in ("BACK", "FORTH")]
    then = history(
        calendar, [read, wrote("urn:x:w1", 10), wrote("urn:x:w3", 30), wrote("urn:x:w2", 20)], requests
    )

    assert len({day[0] for day in then}) == 3
    assert as_of(calendar, requests, 4) == then


def test_an_sql_script_counts_from_its_arrival_on(calendar, tmp_path):
    (tmp_path / "job.sql").write_text(SCRIPT)
    requests = [asked("urn:x:table", depth="ALL"), asked("urn:x:in", depth="ALL", direction="FORTH")]
    first = history(calendar, [step("urn:x:a", "urn:x:0", "urn:x:in")], requests)
    [report] = load_sql([tmp_path / "job.sql"], calendar.database, calendar.settings)
    calendar.tick(report.ingestion)
    then = [*first, answers(calendar, requests)]
    then += history(calendar, [step("urn:x:z", "urn:x:00", "urn:x:0")], requests)

    assert as_of(calendar, requests, 3) == then


def test_programs_have_the_descriptions_of_today(calendar, tmp_path):
    """Sets of descriptions are no documents, and their earlier versions are not kept."""
    (tmp_path / "set.yaml").write_text(
        "format: 1\nname: tools\nversion: 1\nagents: []\nentities: []\n"
        "activities: [{name: reduce, versions: ['1'], description: Reduces.}]\n"
    )
    content = step("urn:x:a", "urn:x:0", "urn:x:1", name="reduce") | {
        "ActivityDescription": [{"id": "urn:x:d", "name": "reduce", "version": "1"}]
    }
    content["Activity"][0]["activityDescription"] = "urn:x:d"
    calendar.take(content)
    describe([tmp_path / "set.yaml"], calendar.database, calendar.settings)

    answer = calendar.answer(asked("urn:x:a"), 0)
    assert b"Reduces." in answer
    assert answer == calendar.answer(asked("urn:x:a"))


def test_what_came_later_is_named_with_its_first_day(calendar, tableset):
    calendar.take(step("urn:x:a", "urn:x:0", "urn:x:1"))
    calendar.take(step("urn:x:b", "urn:x:1", "urn:x:2"))

    def look(id_, time):
        request = replace(asked(id_), asof=time)
        return retrieve(request, calendar.database, tableset, calendar.settings)

    with pytest.raises(NotFound, match=r"urn:x:2 as of 2026-01-01.* arrived on 2026-01-02"):
        look("urn:x:2", calendar.time(0))
    with pytest.raises(NotFound, match=r"The store was empty on 2025-12-31.* first document .* 2026-01-01"):
        look("urn:x:1", calendar.time(-1))
    with pytest.raises(NotFound, match="urn:x:never"):
        look("urn:x:never", calendar.time(1))


def test_the_documents_of_one_answer_are_limited(calendar, tableset):
    """A file that a thousand runs used costs no thousand documents, unless these runs are asked for."""
    for number in range(12):
        calendar.take(step(f"urn:x:run{number}", "urn:x:flat", f"urn:x:{number}"))
    few = replace(calendar.settings, asof_documents=3)
    small = replace(calendar.settings, asof_bytes=100)
    now = calendar.time(calendar.days)

    def look(settings, **parameters):
        request = replace(asked("urn:x:flat", **parameters), asof=now)
        return retrieve(request, calendar.database, tableset, settings)

    assert len(look(few, depth="ALL").nodes) == 1
    with pytest.raises(TooLarge, match="more than 3 documents"):
        look(few, direction="FORTH")
    with pytest.raises(TooLarge, match="more than 100 bytes"):
        look(small)


def test_one_answer_at_a_time_is_prepared(calendar, tableset):
    """Another one waits for its turn, not longer than for a connection."""
    calendar.take(step("urn:x:a", "urn:x:0", "urn:x:1"))
    impatient = replace(calendar.settings, connection_wait=0.05)
    request = replace(asked("urn:x:1"), asof=calendar.time(0))

    with one_answer(impatient), pytest.raises(Busy):
        retrieve(request, calendar.database, tableset, impatient)
    assert len(retrieve(request, calendar.database, tableset, impatient).nodes) == 2


def test_nothing_stays_in_the_scratch_database(calendar):
    calendar.take(step("urn:x:a", "urn:x:0", "urn:x:1"))
    calendar.answer(asked("urn:x:1"), 0)

    place = scratch(calendar.database)
    assert rows(place, "SELECT count(*) FROM provenance.entity") == [(0,)]
    place.writer.close()


def test_a_store_from_before_says_that_it_needs_a_reingest(calendar):
    number = calendar.take(step("urn:x:a", "urn:x:0", "urn:x:1"))
    with calendar.database.session() as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM provtap.mention; INSERT INTO provtap.mention_gap VALUES (%s)", [number])
    with pytest.raises(ProvtapError, match="provtap reingest"):
        calendar.answer(asked("urn:x:1"), 0)
    reingest(calendar.database, calendar.settings)

    assert calendar.answer(asked("urn:x:1"), 0) == calendar.answer(asked("urn:x:1"))


def test_a_service_without_scratch_database_says_so(server, template, tableset):
    with server.copy(template) as settings, open_database(settings) as database:
        ingest_content(json.dumps(step("urn:x:a", "urn:x:0", "urn:x:1")).encode(), "x", database, settings)
        request = replace(asked("urn:x:1"), asof=datetime.now(UTC).replace(tzinfo=None))

        with pytest.raises(DatabaseUnavailable, match="not set up for answers as of a date"):
            retrieve(request, database, tableset, settings)
