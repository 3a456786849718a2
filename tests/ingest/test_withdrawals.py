"""Withdrawals: archived as documents, ended by others, with one notice each."""

import json
from threading import Event, Thread

import pytest

from provtap.adql import translate
from provtap.errors import DocumentError, NotFound, ParameterError
from provtap.ingest import ingest_content, load_sql
from provtap.ingest.rebuild import reingest, undo
from provtap.ingest.withdrawals import Agent, Selection, reinstate, withdraw

MARIA = Agent("urn:x:maria", "Maria")


def chain(*steps):
    """Return a document of records: each step is (activity, used entities, generated entities)."""
    return {
        "Activity": [{"id": activity} for activity, _, _ in steps],
        "DatasetEntity": [{"id": each} for _, used, made in steps for each in (*used, *made)],
        "Used": [{"activity": a, "entity": each} for a, used, _ in steps for each in used],
        "WasGeneratedBy": [{"activity": a, "entity": each} for a, _, made in steps for each in made],
    }


@pytest.fixture
def record(database, settings):
    """Store a document of records."""

    def record(document, source="told"):
        content = json.dumps(document).encode()
        return ingest_content(content, source, database, settings, format="records")

    return record


@pytest.fixture
def act(database, settings, tableset):
    """Withdraw or reinstate things by their names, or by a query."""

    def act(function, *names, query=None, confirmed=False, **options):
        selection = Selection(names=names, query=query, confirmed=confirmed)
        if function is withdraw:
            options = {"reason": "The lamp failed."} | options
        return function(selection, database, tableset, settings, agent=MARIA, **options)

    return act


@pytest.fixture
def notices(database):
    def notices():
        with database.transaction() as transaction:
            return [
                tuple(row)
                for row in transaction.rows(
                    "SELECT n_event, n_entity_id FROM provext.notice ORDER BY n_number"
                )
            ]

    return notices


@pytest.fixture
def ended(database):
    def ended():
        with database.transaction() as transaction:
            return {
                row.e_id
                for row in transaction.rows(
                    "SELECT e_id FROM provenance.entity WHERE e_invalidatedattime IS NOT NULL"
                )
            }

    return ended


FLAT = chain(
    ("urn:calibrate", ["urn:raw"], ["urn:flat"]),
    ("urn:reduce", ["urn:flat", "urn:sky"], ["urn:image"]),
    ("urn:stack", ["urn:image"], ["urn:stacked"]),
    ("urn:other", ["urn:raw"], ["urn:bias"]),
)


def test_a_withdrawal_ends_its_entity_and_is_noted_for_all_descendants(record, act, notices, ended):
    record(FLAT)

    report = act(withdraw, "urn:flat", kind="superseded", successor="urn:bias")

    assert (report.entities, report.affected) == (("urn:flat",), 2)
    assert ended() == {"urn:flat"}
    assert notices() == [("withdrawn", "urn:flat"), ("affected", "urn:image"), ("affected", "urn:stacked")]


def test_reinstating_ends_it_and_takes_the_notices_back(record, act, notices, ended):
    record(FLAT)
    act(withdraw, "urn:flat")

    report = act(reinstate, "urn:flat", reason="It was the other lamp.")

    assert (report.entities, report.affected) == (("urn:flat",), 2)
    assert ended() == set()
    assert notices()[3:] == [("reinstated", "urn:flat"), ("cleared", "urn:image"), ("cleared", "urn:stacked")]


def test_an_end_from_other_documents_remains_after_the_withdrawal(record, act, database):
    record(FLAT)
    record({"Invalidation": [{"entity": "urn:flat", "time": "2026-05-01T00:00:00"}]})
    act(withdraw, "urn:flat", since="2026-02-01T00:00:00")
    record(
        {"DatasetEntity": [{"id": "urn:flat", "name": "flat.fits", "generatedAtTime": "2026-01-01T00:00:00"}]}
    )
    times = [_end(database)]
    act(reinstate, "urn:flat")
    times.append(_end(database))

    assert [time[:10] for time in times] == ["2026-02-01", "2026-05-01"]


def _end(database):
    with database.transaction() as transaction:
        [row] = transaction.rows("SELECT e_invalidatedattime FROM provenance.entity WHERE e_id = 'urn:flat'")
        return row.e_invalidatedattime.isoformat()


def test_later_records_are_noted_once(record, act, notices):
    """Also where the middle of a chain arrives after its end."""
    record(chain(("urn:calibrate", ["urn:raw"], ["urn:flat"]), ("urn:stack", ["urn:image"], ["urn:stacked"])))
    act(withdraw, "urn:flat")
    assert notices() == [("withdrawn", "urn:flat")]

    record(chain(("urn:reduce", ["urn:flat"], ["urn:image"])))
    record(chain(("urn:reduce2", ["urn:flat"], ["urn:image2"])))

    assert notices()[1:] == [
        ("affected", "urn:image"),
        ("affected", "urn:stacked"),
        ("affected", "urn:image2"),
    ]


def test_notices_are_numbered_as_they_become_visible(record, notices, act, database, settings):
    """A transaction that began first holds the others up: its smaller number is not passed over."""
    record(FLAT)
    act(withdraw, "urn:flat")
    began, may_end = Event(), Event()

    def slowly(transaction, report):
        began.set()
        assert may_end.wait(30)

    def store(name, **options):
        content = json.dumps(chain((f"urn:run:{name}", ["urn:flat"], [f"urn:{name}"]))).encode()
        ingest_content(content, name, database, settings, format="records", **options)

    first = Thread(target=store, args=("slow",), kwargs={"finish": slowly})
    first.start()
    assert began.wait(30)
    second = Thread(target=store, args=("fast",))
    second.start()
    second.join(0.5)
    held_up, seen = second.is_alive(), notices()[3:]
    may_end.set()
    for each in (first, second):
        each.join(30)

    assert (held_up, seen) == (True, [])
    assert notices()[3:] == [("affected", "urn:slow"), ("affected", "urn:fast")]


def test_one_withdrawal_of_several_entities_notes_each_thing_once(record, act, notices):
    record(FLAT)

    act(withdraw, "urn:flat", "urn:image")
    assert notices() == [("withdrawn", "urn:flat"), ("withdrawn", "urn:image"), ("affected", "urn:stacked")]

    act(reinstate, "urn:image")
    assert notices()[3:] == [("reinstated", "urn:image"), ("affected", "urn:image")]

    act(reinstate, "urn:flat")
    assert notices()[5:] == [("reinstated", "urn:flat"), ("cleared", "urn:image"), ("cleared", "urn:stacked")]


def test_reingest_keeps_a_withdrawal_and_adds_no_notices(record, act, notices, ended, database, settings):
    record(FLAT)
    act(withdraw, "urn:flat")
    act(withdraw, "urn:sky")
    act(reinstate, "urn:sky")
    before = notices()

    assert reingest(database, settings).changes == ()
    assert ended() == {"urn:flat"}
    assert notices() == before


def test_undo_of_its_document_ends_it(record, act, notices, ended, database, settings):
    record(FLAT)
    report = act(withdraw, "urn:flat")

    undo(report.ingestion, database, settings)

    assert ended() == set()
    assert notices()[3:] == [("reinstated", "urn:flat"), ("cleared", "urn:image"), ("cleared", "urn:stacked")]


def test_undoing_the_document_of_a_withdrawn_entity_keeps_the_withdrawal(
    record, act, ended, database, settings
):
    report = record(FLAT)
    act(withdraw, "urn:flat")

    undo(report.ingestion, database, settings)

    assert ended() == {"urn:flat"}


@pytest.mark.parametrize(
    ("what", "options", "message"),
    [
        (["urn:flatt"], {}, "Nothing has the name urn:flatt."),
        (["urn:flat", "urn:nothing"], {}, "Nothing has the name urn:nothing."),
        (["urn:reduce"], {}, "urn:reduce is an activity: only entities can be withdrawn."),
        (["urn:bias"], {}, "urn:bias is already withdrawn."),
        (["urn:flat", "urn:bias"], {}, "urn:bias is already withdrawn."),
        (["urn:flat"], {"kind": "defect"}, "The kind of a withdrawal cannot be 'defect'."),
        (["urn:flat"], {"reason": "  "}, "A withdrawal needs a reason of at most 10000 bytes."),
        (["urn:flat"], {"since": "soon"}, "The time since when it is withdrawn is not a time"),
        (["urn:flat"], {"since": "9000-01-01"}, "is in the future"),
        (["urn:flat"], {"successor": "urn:flat"}, "urn:flat cannot be the successor of itself."),
        (["urn:flat"], {"successor": "urn:bias"}, "The successor urn:bias is itself withdrawn."),
        (["urn:flat"], {"successor": "urn:none"}, "Nothing has the name urn:none."),
        ([], {}, "Give either ids or a query that selects them."),
        ([], {"query": "SELECT e_id FROM entity"}, "The query selects 6 entities."),
        ([], {"query": "SELECT e_id FROM entity WHERE e_id = 'x'"}, "The query selects nothing."),
        (
            [],
            {"query": "SELECT l_distance FROM lineage"},
            "The first column of the query, l_distance, has no ids.",
        ),
    ],
)
def test_an_impossible_withdrawal_changes_nothing(record, act, notices, what, options, message):
    record(FLAT)
    act(withdraw, "urn:bias")
    before = notices()

    with pytest.raises((NotFound, ParameterError)) as error:
        act(withdraw, *what, **options)
    assert message in str(error.value)
    assert notices() == before


def test_only_withdrawn_entities_can_be_reinstated(record, act, notices):
    record(FLAT)
    act(withdraw, "urn:bias")

    with pytest.raises(ParameterError, match="urn:flat is not withdrawn, and 1 more"):
        act(reinstate, "urn:bias", "urn:flat", "urn:raw")
    assert notices() == [("withdrawn", "urn:bias")]


def test_a_query_selects_entities_to_withdraw(record, act, ended):
    record(FLAT)
    query = "SELECT e_id, e_name FROM entity WHERE e_id LIKE 'urn:s%'"

    act(withdraw, query=query, confirmed=True)
    act(withdraw, query="SELECT e_id FROM entity WHERE e_id = 'urn:flat'")

    assert ended() == {"urn:sky", "urn:stacked", "urn:flat"}


def test_a_dry_run_reports_the_number_of_affected_entities(record, act, notices):
    record(FLAT)

    assert act(withdraw, "urn:flat", dry_run=True).affected == 2
    assert notices() == []


def test_a_withdrawal_that_follows_another_ends_it(record, database, settings):
    """Documents of withdrawals may come from anywhere, in any order."""
    record(FLAT)
    documents = [
        {
            "provtap_withdrawal": 1,
            "withdraw": ["urn:flat"],
            "kind": kind,
            "reason": "r",
            "time": f"2026-11-0{day}T00:00:00",
            "agent": {"id": "urn:x:maria"},
        }
        for day, kind in ((1, "lost"), (2, "embargoed"))
    ]
    for document in reversed(documents):
        ingest_content(json.dumps(document).encode(), "doc", database, settings)

    with database.transaction() as transaction:
        rows = transaction.rows("SELECT w_kind, w_until::text FROM provext.withdrawal ORDER BY w_time")
    assert [tuple(row) for row in rows] == [("lost", "2026-11-02 00:00:00"), ("embargoed", None)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"provtap_withdrawal": 2}, r"\$\.provtap_withdrawal is 2; supported is 1"),
        ({"reinstate": ["x"]}, "must have either withdraw or reinstate"),
        ({"withdraw": []}, r"\$\.withdraw names nothing"),
        ({"withdraw": [1]}, r"\$\.withdraw\[0\] must be a text"),
        ({"kind": "defectiv"}, "Did you mean defective"),
        ({"time": None}, r"\$\.time is missing"),
        ({"agent": {}}, r"\$\.agent\.id is missing"),
    ],
)
def test_documents_of_withdrawals_are_checked(database, settings, change, message):
    document = {
        "provtap_withdrawal": 1,
        "withdraw": ["urn:flat"],
        "kind": "lost",
        "reason": "r",
        "time": "2026-11-01",
        "agent": {"id": "urn:x:maria"},
    }
    with pytest.raises(DocumentError, match=message):
        ingest_content(json.dumps(document | change).encode(), "doc", database, settings)


def test_scripts_add_notices_and_do_not_undo_a_withdrawal(
    record, act, notices, ended, database, settings, tmp_path
):
    record(FLAT)
    act(withdraw, "urn:flat")
    script = tmp_path / "more.sql"
    script.write_text(
        "INSERT INTO provenance.entity (e_id, e_class) VALUES ('urn:new', 'DatasetEntity');\n"
        "INSERT INTO provenance.entity (e_id, e_class) VALUES ('urn:flat', 'DatasetEntity');\n"
        "INSERT INTO provenance.wasderivedfrom VALUES ('urn:new', 'urn:image');\n"
    )
    load_sql([script], database, settings)

    assert notices()[3:] == [("affected", "urn:new")]
    assert ended() == {"urn:flat"}
    script.write_text("INSERT INTO provext.withdrawal VALUES ('a');\n")
    with pytest.raises(DocumentError, match="provext.withdrawal is written by ProvTAP itself"):
        load_sql([script], database, settings)


@pytest.fixture
def ask(database, tableset):
    def ask(adql):
        with database.reading(60) as transaction:
            return sorted(map(tuple, transaction.rows(translate(adql, tableset).sql)))

    return ask


def test_affected_lists_entities_made_from_withdrawn_ones(record, act, ask):
    record(FLAT)
    assert ask("SELECT af_entity_id FROM affected") == []
    act(withdraw, "urn:flat", kind="superseded", successor="urn:bias", since="2026-03-01")
    act(withdraw, "urn:sky")

    columns = "af_entity_id, af_distance, af_kind, af_successor_id, af_replaced"
    assert ask(f"SELECT {columns} FROM provext.affected WHERE af_withdrawn_id = 'urn:flat'") == [
        ("urn:image", 1, "superseded", "urn:bias", 0),
        ("urn:stacked", 2, "superseded", "urn:bias", 0),
    ]
    of_one = "SELECT af_withdrawn_id, af_distance FROM affected WHERE af_entity_id = 'urn:stacked'"
    assert ask(of_one) == [("urn:flat", 2), ("urn:sky", 2)]
    assert ask("SELECT e_id, af_withdrawn_id FROM entity LEFT JOIN affected ON af_entity_id = e_id") == [
        ("urn:bias", None),
        ("urn:flat", None),
        ("urn:image", "urn:flat"),
        ("urn:image", "urn:sky"),
        ("urn:raw", None),
        ("urn:sky", None),
        ("urn:stacked", "urn:flat"),
        ("urn:stacked", "urn:sky"),
    ]
    act(reinstate, "urn:sky")
    assert ask(of_one) == [("urn:flat", 2)]


def test_affected_shows_replaced_entities(record, act, ask):
    """A later file of the same name counts, unless it was made from the same withdrawn thing."""
    record(FLAT)
    record(chain(("urn:again", ["urn:flat"], ["urn:image2"]), ("urn:better", ["urn:sky"], ["urn:stacked2"])))
    days = {"image": 1, "stacked": 2, "image2": 3, "stacked2": 4}
    record(
        {
            "DatasetEntity": [
                {"id": f"urn:{id_}", "name": id_.rstrip("2"), "generatedAtTime": f"2026-11-0{day}"}
                for id_, day in days.items()
            ]
        }
    )
    act(withdraw, "urn:flat")

    assert ask("SELECT af_entity_id, af_replaced FROM affected") == [
        ("urn:image", 0),
        ("urn:image2", 0),
        ("urn:stacked", 1),
    ]
