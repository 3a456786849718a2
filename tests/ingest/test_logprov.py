"""Logs of logprov: sessions, activities and files, however short their ids are."""

from pathlib import Path

import pytest

from provtap.errors import DocumentError
from tests.ingest.logs import rows, tables

LOG = Path("tests/data/prov_test.log")
TIME = "2026-01-01T00:00:0{}"


@pytest.fixture
def log(take, tmp_path):
    """Take in the lines of a log: `log({...}, {...})`."""

    def log(*records, name="a.log"):
        path = tmp_path / name
        path.write_text(
            "DEBUG other\n" + "".join(f"INFO _PROV_{TIME.format(0)}_PROV_{r!r}\n" for r in records)
        )
        return take(path)

    return log


def session(number=1, start=0):
    return {"session_id": number, "startTime": TIME.format(start), "system": {}, "definitions": {}}


def begin(id, start, number=1, name="step"):
    return {
        "activity_id": id,
        "name": name,
        "startTime": TIME.format(start),
        "in_session": number,
        "agent_name": "me",
    }


def told(id, location, digest="88dd"):
    return {"entity_id": id, "location": location, "type": "File", "hash": digest, "hash_type": "sha1"}


def test_the_tutorial_loads(take, database):
    """All lines of a real log; again: nothing changes (INGEST-c1)."""
    report = take(LOG)
    before = tables(database)
    counts = """SELECT (SELECT count(*) FROM provenance.activity),
                       (SELECT count(*) FROM provenance.parameter),
                       (SELECT count(*) FROM provenance.wasgeneratedby), count(*)
                  FROM provenance.used WHERE u_role NOT IN ('node', 'environment')"""

    assert (report.format, report.activities, report.warnings) == ("logprov", 11, ())
    assert rows(database, counts) == [(11, 11, 14, 11)]
    assert take(LOG).known
    assert tables(database) == before


def test_two_copies_of_a_file_are_two_entities(log, database):
    """Equal content does not make two files one (INGEST-c1, d2)."""
    log(
        session(),
        begin("a", 1),
        told("file:88dd", "/1.txt"),
        {"activity_id": "a", "generated_id": "file:88dd", "generated_role": "out"},
        begin("b", 2),
        {"location": "/1.txt", "type": "File", "file:88dd": "file:88dd"},
        {"activity_id": "b", "used_id": "file:88dd", "used_role": "in"},
        told("file:88dd", "/2.txt"),
        {"activity_id": "b", "generated_id": "file:88dd", "generated_role": "out"},
    )
    used = """SELECT e_location, u_activity_id <> wgb_activity_id
                FROM provenance.used JOIN provenance.entity ON e_id = u_entity_id
                JOIN provenance.wasgeneratedby ON wgb_entity_id = e_id"""

    assert rows(database, "SELECT e_location FROM provenance.entity ORDER BY 1") == [("/1.txt",), ("/2.txt",)]
    assert rows(database, used) == [("/1.txt", True)]
    assert rows(database, "SELECT count(*), count(DISTINCT h_digest) FROM provext.hash") == [(2, 1)]


def test_short_ids_of_one_session_may_be_equal(log, database):
    """Six digits of a UUID repeat after some thousand activities (INGEST-c1)."""
    log(
        session(),
        begin("a8a459", 1),
        {"activity_id": "a8a459", "endTime": TIME.format(2)},
        begin("a8a459", 3),
    )
    query = "SELECT to_char(a_starttime, 'SS'), to_char(a_endtime, 'SS') FROM provenance.activity ORDER BY 1"

    assert rows(database, query) == [("01", "02"), ("03", None)]


def test_sessions_of_two_processes_may_be_equal(log, database):
    """A session id is an address in memory (INGEST-c1)."""
    value = {"entity_id": 2**65, "value": "1", "type": "PythonObject"}
    for start in (1, 2):
        used = {"activity_id": "a", "used_id": 2**65, "used_role": "x"}
        log(session(start=start), begin("a", start), value, used, name=f"{start}.log")

    assert rows(database, "SELECT count(*) FROM provenance.activity") == [(2,)]
    assert rows(database, "SELECT count(*) FROM provenance.entity WHERE e_class = 'ValueEntity'") == [(2,)]


def test_lines_of_two_sessions_may_alternate(log, database):
    """Most lines name an activity only: they belong to the session in which it began (INGEST-c1)."""
    report = log(
        session(1), begin("aa", 1, number=1), session(2, start=2), begin("bb", 3, number=2),
        {"activity_id": "aa", "endTime": TIME.format(4)}, {"activity_id": "bb", "endTime": TIME.format(5)},
    )  # fmt: skip
    ends = rows(database, "SELECT a_endtime::text FROM provenance.activity ORDER BY 1")

    assert report.warnings == ()
    assert ends == [("2026-01-01 00:00:04",), ("2026-01-01 00:00:05",)]


def test_a_restarted_session_is_another_one(log, database):
    """Two processes with one memory layout have one session id, and ids of things alike (INGEST-c1)."""
    thing = {"entity_id": 7, "location": "x", "value": "1", "type": "PythonObject"}
    made = {"activity_id": "aa", "generated_id": 7, "generated_role": "x"}
    log(session(1), begin("aa", 1), thing, made, session(1, start=5), begin("aa", 6), thing, made)

    assert rows(database, "SELECT count(*) FROM provenance.wasgeneratedby") == [(2,)]


def test_an_incomplete_last_line_is_reported(take, database, tmp_path):
    """The log is still written; the whole one completes the store later."""
    path = tmp_path / "a.log"
    lines = [f"_PROV_{TIME.format(0)}_PROV_{told!r}" for told in (session(), begin("aa", 1), begin("bb", 2))]
    path.write_text("\r\n".join(lines)[:-30])
    report = take(path)

    assert report.warnings == ("line 3 is incomplete: it is kept in the document only",)
    assert rows(database, "SELECT count(*) FROM provenance.activity") == [(1,)]
    path.write_text("\r\n".join(lines))
    assert take(path).warnings == ()
    assert rows(database, "SELECT count(*) FROM provenance.activity") == [(2,)]


def test_members_and_progenitors_are_relations(log, database):
    """Collections and derivations (INGEST-c1)."""
    log(session(), {"entity_id": 1, "member_id": 2}, {"entity_id": 3, "progenitor_id": 2})

    assert rows(database, "SELECT count(*) FROM provenance.hadmember") == [(1,)]
    assert rows(database, "SELECT count(*) FROM provenance.wasderivedfrom") == [(1,)]


def test_a_longer_log_completes_the_store(log, database):
    """A log is read while its session still runs (INGEST-d9)."""
    log(session(), begin("a", 1))
    report = log(session(), begin("a", 1), {"activity_id": "a", "endTime": TIME.format(2)})

    assert (report.new, report.updated) == (0, 1)
    assert rows(database, "SELECT to_char(a_endtime, 'SS') FROM provenance.activity") == [("02",)]


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("nan", "nan"),
        ("(1, None, True)", "[1, null, true]"),
        ("PosixPath('/a')", "PosixPath('/a')"),
        ('[array([1, 2]), "it\'s"]', '["array([1, 2])","it\'s"]'),
        ("[<Camera at 0x7f>, '<b>']", '["<Camera at 0x7f>","<b>"]'),
        ("open('x')", "open('x')"),
    ],
)
def test_a_value_that_is_not_a_literal_is_kept_as_text(take, database, tmp_path, written, stored):
    """Logprov writes the repr of any object (INGEST-c1); one of them costs no other line of the log."""
    path = tmp_path / "a.log"
    lines = [
        repr(session()),
        repr(begin("a", 1)),
        f"{{'activity_id': 'a', 'parameters': {{'p': {written}}}}}",
    ]
    path.write_text("".join(f"_PROV_2026-01-01T00:00:00_PROV_{line}\n" for line in lines))
    take(path)

    told = rows(database, "SELECT p_name, p_value FROM provenance.parameter")
    assert [(name, "".join(value.split())) for name, value in told] == [("p", "".join(stored.split()))]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("{'a': }", r"this is not a dictionary of plain values. \(line 2, column 1\)"),
        ("{'a': 1", "this is not a dictionary of plain values"),
        ("{'a': '\\x00'}", "a text contains a character that cannot be stored"),
        ("{'a': " + "[" * 150 + "]" * 150 + "}", "nested too deeply|no dictionary"),
        ("{'activity_id': 'a'}", "line 2 does not belong to a session"),
        ("{'session_id': 1, 'startTime': 5}", "line 2.startTime must be a text or null"),
    ],
)
def test_bad_lines_are_refused_at_their_place(take, database, tmp_path, record, message):
    path = tmp_path / "a.log"
    path.write_text(f"x\n_PROV_2026-01-01T00:00:00_PROV_{record}\n")
    with pytest.raises(DocumentError, match=message):
        take(path)

    assert not any(tables(database).values())


@pytest.mark.parametrize("text", ["\ud800", "\x00"])
@pytest.mark.parametrize("place", ["key", "value"])
def test_unstorable_text_is_refused_with_its_line(log, text, place):
    """Half a surrogate pair and U+0000, also in a key."""
    parameters = {text: 1} if place == "key" else {"a": text}

    with pytest.raises(DocumentError, match=r"a text contains a character that cannot be stored. \(line 2"):
        log(session() | {"definitions": parameters})


def test_a_log_without_a_line_of_logprov_is_refused(take, tmp_path):
    path = tmp_path / "other.log"
    path.write_text("DEBUG nothing\n")

    with pytest.raises(DocumentError, match="no line of the log was written by logprov"):
        take(path, format="logprov")
