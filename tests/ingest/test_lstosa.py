"""Logs and PROV-JSON of lstosa: files are known by their places, steps by their session."""

from pathlib import Path

import pytest

from provtap.errors import DocumentError
from tests.ingest.logs import rows, tables

DATA = Path(__file__).parents[1] / "data" / "lstosa"
RUN_WISE = ("calibration_to_dl2_17000_prov.log", "calibration_to_dl2_17000_prov.json")
PATH = """WITH RECURSIVE path AS (
    SELECT e_id FROM provenance.entity WHERE e_name = '{}'
     UNION
    SELECT u_entity_id FROM path JOIN provenance.wasgeneratedby ON wgb_entity_id = e_id
      JOIN provenance.used ON u_activity_id = wgb_activity_id)
SELECT DISTINCT e_name FROM path JOIN provenance.entity USING (e_id)"""


def ancestors(database, name):
    return {name for (name,) in rows(database, PATH.format(name))}


@pytest.fixture
def log(take, tmp_path):
    """Ingest a log of lines: `log({...}, {...})`."""

    def log(*lines, name="a.log", **options):
        path = tmp_path / name
        path.write_text(
            "".join(f"INFO provLogger __PROV__2026-03-01T00:00:00__PROV__{line!r}\n" for line in lines)
        )
        return take(path, **options)

    return log


def step(id="aaaaaa", start=1, session="1", name="dl1"):
    return {"activity_id": id, "name": name, "startTime": f"2026-03-01T00:00:0{start}", "in_session": session}


def file(id, path, **members):
    return {"entity_id": id, "name": "File", "filepath": path, "type": "File", "contentType": "x"} | members


def test_end_of_the_chain_leads_to_the_raw_files(take, database):
    """Steps join by what they wrote and read; dl1ab reads the file that it rewrites in another folder."""
    take(DATA / "prov.log")

    assert {
        "LST-1.1.Run17000.0001.fits.fz",
        "LST-1.1.Run16989.fits.fz",
        "dl1_LST-1.Run17000.0001.h5",
        "calibration_filters_52.Run16990.0000.h5",
    } <= ancestors(database, "dl2_LST-1.Run17000.0001.h5")


@pytest.mark.parametrize("first, second", [RUN_WISE, RUN_WISE[::-1]], ids=["log first", "json first"])
def test_log_and_json_of_a_run_have_the_same_records(take, database, first, second):
    take(DATA / first)
    one = tables(database)["provenance.used"]
    take(DATA / second)

    assert tables(database)["provenance.used"] == one
    assert {"R0Collection", "drs4_pedestal.Run16989.0000.h5"} <= ancestors(database, "DL1CheckCollection")
    assert rows(database, "SELECT e_id FROM provenance.entity WHERE e_id LIKE 'id:%'") == []


def test_the_stored_records_of_a_step(take, database):
    take(DATA / "prov.log")

    assert rows(
        database,
        "SELECT DISTINCT ag_name, waw_role, ad_version, cf_location, r_status, r_host"
        " FROM provenance.activity"
        " JOIN provenance.wasassociatedwith ON waw_activity_id = a_id"
        " JOIN provenance.agent ON ag_id = waw_agent_id"
        " JOIN provenance.activitydescription ON ad_id = a_activitydescription_id"
        " JOIN provenance.configfile ON cf_activity_id = a_id JOIN provext.run ON r_activity_id = a_id",
    ) == [("lstanalyzer", "Operator", "v0.11.3", "/home/lstanalyzer/osa/sequencer.cfg", None, "cp01")]
    assert rows(
        database,
        "SELECT e_name, ed_name, ed_contenttype FROM provenance.entity JOIN provenance.entitydescription"
        " ON ed_id = e_entitydescription_id WHERE ed_name = 'PedestalFile'",
    ) == [("drs4_pedestal.Run16989.0000.h5", "PedestalFile", "application/x-hdf")]
    assert rows(database, "SELECT count(*)::int FROM provext.hash") == [(0,)]


def test_equal_digits_in_two_sessions_are_two_steps(log, database):
    log(step(session="1"), step(session="2"), step(session="2", start=2))
    log(step(session="1"), name="b.log", site="elsewhere")

    assert rows(database, "SELECT count(*)::int FROM provenance.activity") == [(4,)]


def test_description_of_a_file_may_come_after_its_use(log, database):
    """Parallel jobs write one log: a file is described anywhere in it."""
    log(step(), {"activity_id": "aaaaaa", "used_id": "f", "used_role": "in"}, file("f", "/data/a.h5"))

    assert rows(database, "SELECT e_location FROM provenance.entity") == [("/data/a.h5",)]


def test_lines_may_be_out_of_order(log, database):
    """Parallel jobs write one log."""
    report = log({"activity_id": "aaaaaa", "used_id": "f"}, file("f", "/data/a.h5"), step())

    assert report.warnings == ()
    assert rows(database, "SELECT count(*)::int FROM provenance.used") == [(1,)]


def test_a_line_about_an_unknown_step_is_reported(log):
    report = log(step(), {"activity_id": "bbbbbb", "used_id": "f"})

    assert "is about the step bbbbbb, which was not started" in report.warnings[0]


def test_derivation_of_another_file_is_not_believed(log, database):
    report = log(
        step(),
        file("a", "/1/a.h5"),
        file("b", "/2/b.h5"),
        {"activity_id": "aaaaaa", "generated_id": "a"},
        {"activity_id": "aaaaaa", "generated_id": "b"},
        {"entity_id": "b", "progenitor_id": "a"},
    )

    assert rows(database, "SELECT count(*)::int FROM provenance.wasderivedfrom") == [(0,)]
    assert report.warnings == (
        "1 derivations are kept in the document only: they relate files that are not described or have"
        " different names",
    )


def test_end_before_start_is_left_out(log, database):
    report = log(step(start=5), {"activity_id": "aaaaaa", "endTime": "2026-03-01T00:00:01"})

    assert "the end was ignored" in report.warnings[0]
    assert rows(database, "SELECT a_endtime FROM provenance.activity") == [(None,)]


def test_last_line_may_break_off(take, database, tmp_path):
    path = tmp_path / "a.log"
    path.write_bytes((DATA / "prov.log").read_bytes()[:9000])
    report = take(path)

    assert "is incomplete" in report.warnings[-1]


@pytest.mark.parametrize(
    "content, message",
    [
        ("__PROV__2026-01-01__PROV__{'a': open('x')\n__PROV__2026-01-01__PROV__{}", "line 1"),
        ("__PROV__2026-01-01T00:00:00__PROV__{'entity_id': 'x'}", "no line of the log is a step of lstosa"),
        ("{'activity_id': 'a', 'name': 'x', 'startTime': 'noon'}", "startTime is not a time"),
    ],
)
def test_log_that_can_not_be_read_is_refused(take, tmp_path, content, message):
    path = tmp_path / "a.log"
    path.write_text(content)

    with pytest.raises(DocumentError, match=message):
        take(path)


def test_prov_json_without_a_session_has_ids_of_its_own(take, database, tmp_path):
    """Short ids in the namespace `id:` mean nothing outside their document."""
    for number in (1, 2):
        path = tmp_path / f"{number}.json"
        path.write_text(
            f'{{"prefix": {{"id": "id:"}}, "activity": {{"id:abc": {{"prov:label": "{number}"}}}}}}'
        )
        take(path)

    assert rows(database, "SELECT count(*)::int FROM provenance.activity WHERE a_id LIKE 'urn:uuid:%'") == [
        (2,)
    ]
