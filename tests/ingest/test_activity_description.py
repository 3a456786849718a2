"""ActivityDescription VOTables, as OPUS has them for its jobs."""

from pathlib import Path

import pytest

from provtap.errors import DocumentError
from tests.ingest.logs import empty, rows, tables
from tests.ingest.prov import document

JOBS = sorted(Path("tests/data/opus").iterdir())
JOB = '<VOTABLE><RESOURCE utype="voprov:ActivityDescription"{}</RESOURCE></VOTABLE>'


def test_a_job_is_described(take, database):
    """Parameters, roles, contact (INGEST-c2)."""
    take(JOBS[1])

    assert rows(database, "SELECT ad_name, ad_version, ad_type FROM provenance.activitydescription") == [
        ("test_activity_2", "1", "test")
    ]
    parameters = "SELECT pd_name, pd_valuetype, pd_default FROM provenance.parameterdescription"
    assert rows(database, parameters) == [("text", "char;*", "!")]
    assert rows(database, "SELECT ud_role, ud_description FROM provenance.usagedescription") == [
        ("input", "Input entity for test job 2")
    ]
    kinds = """SELECT gd_role, ed_contenttype FROM provenance.generationdescription
                 JOIN provenance.generationdescription_entitydescription
                   ON gded_generationdescription_id = gd_id
                 JOIN provenance.entitydescription ON ed_id = gded_entitydescription_id"""
    assert rows(database, kinds) == [("output", "text/plain")]
    assert rows(database, "SELECT ag_name, ag_email, rel_role FROM provenance.agent, provext.relation") == [
        ("opus-admin", "admin@opus", "contact")
    ]


def test_jobs_in_any_order_and_again(take, database):
    """A second pass adds nothing (INGEST-d8)."""
    for path in JOBS:
        take(path)
    expected = tables(database)
    assert all(take(path).known for path in JOBS)
    empty(database)
    for path in reversed(JOBS):
        take(path)

    assert tables(database) == expected


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_description_and_activity_meet(take, database, tmp_path, order):
    """An activity is described by name and version, whichever comes first (INGEST-d7)."""
    said = tmp_path / "said.json"
    said.write_text(
        document(
            activityDescription={"ex:d": {"voprov:name": "test_activity_2", "voprov:version": "1"}},
            isDescribedBy={"_:r": {"voprov:described": "ex:a", "voprov:descriptor": "ex:d"}},
            activity={"ex:a": {}},
        )
    )
    documents = [said, JOBS[1]]
    for at in order:
        take(documents[at])
    described = """SELECT ad_type FROM provenance.activity
                     JOIN provenance.activitydescription ON ad_id = a_activitydescription_id"""

    assert rows(database, described) == [("test",)]


def test_limits_and_options_of_a_parameter(take, database, tmp_path):
    path = tmp_path / "job.xml"
    values = '<VALUES><MIN value="1"/><MAX value="9"/><OPTION value="1"/><OPTION value="2"/></VALUES>'
    param = f'<PARAM name="n" datatype="int" unit="s" ucd="time">{values}</PARAM>'
    path.write_text(JOB.format(f' name="j"><GROUP name="InputParams">{param}</GROUP>'))
    take(path)
    query = "SELECT pd_min, pd_max, pd_options, pd_unit, pd_ucd FROM provenance.parameterdescription"

    assert rows(database, query) == [("1", "9", '["1", "2"]', "s", "time")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (JOB.format(">"), "RESOURCE in line 1 has no name"),
        (JOB.format(' name="j"><GROUP name="InputParams"><PARAM/></GROUP>'), "PARAM in line 1 has no name"),
        (JOB.format(f' name="{"x" * 1001}">'), "has a value of more than 1000 bytes"),
        ("<VOTABLE><RESOURCE name='voprov:ActivityDescription'/></VOTABLE>", "no RESOURCE .* has the utype"),
        (JOB.format(' name="j"><GROUP'), "this is not XML"),
    ],
)
def test_bad_descriptions_are_refused(take, database, tmp_path, content, message):
    path = tmp_path / "job.xml"
    path.write_text(content)
    with pytest.raises(DocumentError, match=message):
        take(path)

    assert not any(tables(database).values())
