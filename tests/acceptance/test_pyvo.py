"""pyvo against a live service, as astronomers use it."""

import csv
import gc
import io
import json

import pytest
import pyvo
import requests
from astropy.table import Table
from pyvo.dal.adhoc import DatalinkQuery
from pyvo.dal.exceptions import DALOverflowWarning, DALQueryError

ORIGIN = """
    SELECT e_name, a_name, a_starttime
    FROM provenance.entity
    JOIN provenance.wasgeneratedby ON wgb_entity_id = e_id
    JOIN provenance.activity ON a_id = wgb_activity_id
    ORDER BY a_starttime, e_name
"""


@pytest.fixture
def tap(tap_url):
    with requests.Session() as session:
        yield pyvo.dal.TAPService(tap_url, session=session)


def test_a_real_question_is_answered(tap):
    """PV-6, PV-7: which activity generated each file, and when."""
    rows = tap.search(ORIGIN).to_table()

    assert len(rows) > 20
    assert {"ctapipe-process", "ctapipe-merge"} <= set(rows["a_name"])
    assert all("T" in time for time in rows["a_starttime"])


def test_columns_carry_their_metadata(tap):
    """TAP-18: pyvo shows UCD, utype and description of a column."""
    column = tap.search("SELECT a_starttime FROM provenance.activity").getdesc("a_starttime")

    assert (column.utype, column.xtype) == ("voprov:Activity.startTime", "timestamp")
    assert column.ucd and column.description


def test_nulls_are_masked(tap):
    """VOT-7: no number, text or time represents null."""
    rows = tap.search(
        "SELECT a_activitydescription_id, r_exitcode FROM provenance.activity"
        " LEFT JOIN provext.run ON r_activity_id = a_name"
    ).to_table()

    assert rows["r_exitcode"].mask.all()


@pytest.mark.parametrize("maxrec", [1, 5])
def test_maxrec(tap, maxrec):
    """TAP-13, TAP-14: pyvo sees that the result is cut."""
    result = tap.search(ORIGIN, maxrec=maxrec)

    assert len(result) == maxrec
    assert result.query_status == "OVERFLOW"


def test_overflow_by_the_limit_warns(tap):
    """PV-7: the user is warned of a result that was not cut by the requested number."""
    with pytest.warns(DALOverflowWarning):
        result = tap.search("SELECT a.column_name FROM tap_schema.columns AS a, tap_schema.columns AS b")

    assert len(result) == tap.maxrec


def test_an_error_reaches_the_user(tap):
    """PV-7, ERR-2: with its position and the nearest name."""
    with pytest.raises(DALQueryError, match=r"(?s)a_starttim .*line 1, column 8.*a_starttime"):
        tap.search("SELECT a_starttim FROM provenance.activity")


def test_limits_are_known(tap, settings):
    """PV-3."""
    assert (tap.maxrec, tap.hardlimit) == (settings.maxrec, settings.maxrec_limit)


def test_tables_are_known(tap, tableset):
    """PV-4."""
    assert set(tap.tables.keys()) == {t.qualified_name for t in tableset.tables()}
    assert "a_starttime" in {c.name for c in tap.tables["provenance.activity"].columns}


@pytest.mark.parametrize("form", ["votable/b2", "votable/b"])
def test_binary_is_the_same_table(tap, form):
    """VOT-8 to VOT-11: pyvo reads the same values, whatever the serialization."""
    query = f"SELECT * FROM ({ORIGIN.partition('ORDER')[0]}) AS q ORDER BY a_starttime, e_name"
    plain = tap.search(query).to_table()

    binary = tap.run_sync(query, responseformat=form).to_table()

    assert len(plain) > 20
    assert [list(row) for row in binary] == [list(row) for row in plain]


@pytest.mark.parametrize("form", ["text/csv", "tsv", "votable/td", "text/xml"])
def test_other_formats(tap, form):
    """DALI-6: pyvo passes RESPONSEFORMAT on."""
    query = tap.create_query("SELECT TOP 2 a_id FROM provenance.activity", RESPONSEFORMAT=form)

    assert b"urn:uuid:" in query.execute_raw()


def test_a_query_of_100_kb(tap):
    """UPL-8: long queries, such as lists of identifiers, go through."""
    ids = ", ".join(f"'urn:uuid:{n:036d}'" for n in range(2_000))

    assert len(tap.search(f"SELECT a_id FROM provenance.activity WHERE a_id IN ({ids})")) == 0


def provsap(row, service, **parameters):
    return DatalinkQuery.from_resource(row, service, **parameters)


def test_a_row_leads_to_its_provenance(tap):
    """VOT-14: pyvo finds the service in the result, and calls it for a row."""
    results = tap.search("SELECT e_name, e_id AS file FROM provenance.entity WHERE e_name = 'step2_a.dl2.h5'")
    _, tables, *_ = results.iter_adhocservices()

    nodes = provsap(results[0], tables, depth=2).execute().to_table()

    assert results[0]["file"] in nodes["id"]
    assert {"entity", "activity"} <= set(nodes["kind"])
    assert max(nodes["depth"]) == 2


def test_all_declared_options_can_be_chosen(tap):
    """The parameters of the descriptors; also a picture."""
    results = tap.search("SELECT r_activity_id FROM provext.run WHERE r_status = 'interrupted'")
    tables = results.get_adhocservice_by_ivoid("ivo://ivoa.net/std/ProvenanceDM#ProvSAP")
    picture = results.get_adhocservice_by_id("service_picture_r_activity_id")

    document = provsap(results[0], tables, responseformat="PROV-JSON").execute_raw()
    drawn = provsap(results[0], picture, direction="FORTH", responseformat="PROV-PNG").execute_raw()

    assert f"uuid:{results[0]['r_activity_id'][9:]}" in json.loads(document)["activity"]
    assert drawn.startswith(b"\x89PNG")


def test_columns_of_a_result_keep_their_names(tap):
    """Astropy does not use an ID for references as the name of a column."""
    results = tap.search("SELECT u_entity_id, u_activity_id AS run, u_role FROM provenance.used")
    buffer = io.BytesIO()
    results.votable.to_xml(buffer)
    buffer.seek(0)

    assert results.to_table().colnames == ["u_entity_id", "run", "u_role"]
    assert Table.read(buffer, format="votable").colnames == ["u_entity_id", "run", "u_role"]


@pytest.mark.parametrize(
    "columns, names",
    [
        ("a.e_id, b.e_id, a.e_name", ["e_id", "e_id_2", "e_name"]),
        ('a.e_id AS "my id", b.e_id AS "e_id_2", a.e_id, b.e_id', ["my_id", "e_id_2", "e_id", "e_id_3"]),
        ("a.*, b.*", None),
    ],
)
def test_a_self_join_keeps_its_names_in_astropy(tap_url, columns, names):
    """VOT-4: astropy calls columns by their IDs, which services refer to, and counts equal names."""
    query = (
        f"SELECT TOP 3 {columns} FROM provenance.entity AS a JOIN provenance.entity AS b ON a.e_id = b.e_id"
    )
    for form in ("votable", "votable/b2"):
        asked = {"QUERY": query, "LANG": "ADQL", "RESPONSEFORMAT": form}
        reply = requests.post(f"{tap_url}/sync", data=asked, timeout=60)
        table = Table.read(io.BytesIO(reply.content), format="votable")

        half = len(table.colnames) // 2
        assert table.colnames == (
            names or [*table.colnames[:half], *(f"{n}_2" for n in table.colnames[:half])]
        )
        assert len(table) == 3


@pytest.mark.parametrize("form", ["csv", "tsv", "text/csv;header=absent", "text/xml", "text", "html"])
def test_texts_declare_utf_8(tap_url, form):
    """RFC 9110, section 8.3: Python's requests takes a text without a charset for Latin-1."""
    query = "SELECT TOP 1 'Größe µ' AS x FROM tap_schema.schemas"
    asked = {"QUERY": query, "LANG": "ADQL", "RESPONSEFORMAT": form}
    reply = requests.get(f"{tap_url}/sync", params=asked, timeout=60)

    assert reply.encoding == "utf-8"
    assert "Größe µ" in reply.text
    if form == "csv":  # as pandas.read_csv(StringIO(reply.text)) would
        assert list(csv.DictReader(io.StringIO(reply.text))) == [{"x": "Größe µ"}]


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # see test_jobs.py
def test_the_base_url_may_end_in_a_slash(tap_url, tableset):
    """FL-3: pyvo appends `/sync` to it, and so on."""
    with requests.Session() as session:
        tap = pyvo.dal.TAPService(f"{tap_url}/", session=session)

        assert len(tap.search(ORIGIN, maxrec=3)) == 3
        assert len(tap.run_async(ORIGIN, maxrec=3)) == 3
        assert len(tap.tables) == len(list(tableset.tables()))
        assert tap.maxrec > 0
    gc.collect()  # now, while the filter is in force
