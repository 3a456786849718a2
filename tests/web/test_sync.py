import csv
import io
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import quote

import pytest

from provtap.database.connect import open_database
from provtap.results.formats import FORMATS
from provtap.web import create_app
from tests.results.tables import read
from tests.web.conftest import query_status

QUERY = "SELECT schema_name, description FROM tap_schema.schemas ORDER BY schema_name"
SCHEMAS = ["ivoa", "provenance", "provext", "tap_schema"]


def names(response):
    """Return the first column of a VOTable."""
    table = read(response.data).get_first_table().to_table()
    return [str(name) for name in table.columns[0]]


@pytest.mark.parametrize("mime", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_post_takes_both_kinds_of_body(client, mime):
    """TAP-6."""
    response = client.post("/tap/sync", data={"LANG": "ADQL", "QUERY": QUERY}, content_type=mime)

    assert response.status_code == 200
    assert names(response) == SCHEMAS


def test_get_answers_like_post(client):
    """TAP-6."""
    assert names(client.get("/tap/sync", query_string={"LANG": "ADQL", "QUERY": QUERY})) == SCHEMAS


def test_parameters_of_url_and_body_are_combined(client):
    """TAP-6."""
    response = client.post("/tap/sync?LANG=ADQL&maxrec=1", data={"QUERY": QUERY})

    assert names(response) == SCHEMAS[:1]


def test_votable_is_the_default(client):
    """TAP-11, VOT-12."""
    response = client.get("/tap/sync", query_string={"QUERY": QUERY})

    assert response.content_type == "application/x-votable+xml"


@pytest.mark.parametrize("parameter", ["RESPONSEFORMAT", "FORMAT", "format"])
@pytest.mark.parametrize("offered", FORMATS, ids=[f.mime for f in FORMATS])
def test_a_media_type_is_answered_with_itself(client, parameter, offered):
    """DALI-6, TAP-11."""
    response = client.get("/tap/sync", query_string={"QUERY": QUERY, parameter: offered.mime})

    assert response.content_type.removesuffix(";charset=utf-8") == offered.mime.removesuffix(";charset=utf-8")


def test_responseformat_wins_over_format(client):
    """TAP-11."""
    asked = {"QUERY": QUERY, "FORMAT": "csv", "RESPONSEFORMAT": "tsv"}

    assert (
        client.get("/tap/sync", query_string=asked).content_type == "text/tab-separated-values;charset=utf-8"
    )


def test_csv(client):
    """DALI-7."""
    text = client.get("/tap/sync", query_string={"QUERY": QUERY, "FORMAT": "csv"}).text

    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["schema_name"] for row in rows] == SCHEMAS


def test_fields_are_those_of_the_tables(client):
    """TAP-18, SCH-13."""
    response = client.get(
        "/tap/sync", query_string={"QUERY": "SELECT a_starttime AS began FROM provenance.activity"}
    )

    field = read(response.data).get_first_table().fields[0]
    assert (field.name, field.xtype, field.utype) == ("began", "timestamp", "voprov:Activity.startTime")


@pytest.mark.parametrize(
    "maxrec, rows, status", [("4", 4, ["OK"]), ("2", 2, ["OK", "OVERFLOW"]), ("0", 0, ["OK", "OVERFLOW"])]
)
def test_maxrec_cuts_rows_and_reports_overflow(client, maxrec, rows, status):
    """TAP-13, TAP-14, TAP-15: reported only if rows were cut, after the table."""
    response = client.post("/tap/sync", data={"QUERY": QUERY, "MAXREC": maxrec})

    assert names(response) == SCHEMAS[:rows]
    assert [value for value, _ in query_status(response)] == status


@pytest.mark.parametrize("top, maxrec, status", [(2, 3, ["OK"]), (3, 2, ["OK", "OVERFLOW"]), (2, 2, ["OK"])])
def test_top_does_not_report_overflow(client, top, maxrec, status):
    """TAP-14: only MAXREC cuts, TOP is part of the query."""
    response = client.get(
        "/tap/sync", query_string={"QUERY": QUERY.replace("SELECT", f"SELECT TOP {top}"), "MAXREC": maxrec}
    )

    assert len(names(response)) == min(top, maxrec)
    assert [value for value, _ in query_status(response)] == status


@pytest.mark.parametrize("maxrec, rows", [(None, 2), ("1", 1), ("3", 3), ("999999999999", 3)])
def test_maxrec_has_a_default_and_a_limit(small_client, maxrec, rows):
    """TAP-13: more than the limit is lowered without an error."""
    asked = {"QUERY": "SELECT column_name FROM tap_schema.columns"} | ({"MAXREC": maxrec} if maxrec else {})

    assert len(names(small_client.get("/tap/sync", query_string=asked))) == rows


@pytest.mark.parametrize("lang", ["ADQL", "ADQL-2.0", "ADQL-2.1", "adql", None])
def test_languages(client, lang):
    """TAP-8."""
    asked = {"QUERY": QUERY} | ({"LANG": lang} if lang else {})

    assert client.get("/tap/sync", query_string=asked).status_code == 200


@pytest.mark.parametrize(
    "changed, reason",
    [
        ({"LANG": "OOBLECK"}, "The query language 'OOBLECK' is unknown."),
        ({"MAXREC": "-1"}, "MAXREC must be a whole number of rows"),
        ({"MAXREC": "1.5"}, "MAXREC must be a whole number of rows"),
        ({"MAXREC": "ten"}, "MAXREC must be a whole number of rows"),
        ({"FORMAT": "hdf5"}, "RESPONSEFORMAT 'hdf5' is not supported."),
        ({"QUERY": ""}, "QUERY is missing."),
        ({"QUERY": "DUFF QUERY"}, "A query starts with SELECT or WITH, not with DUFF."),
        ({"QUERY": "SELECT a_nam FROM provenance.activity"}, "Did you mean a_name?"),
        ({"QUERY": "SELECT 1 / (column_index - column_index) FROM tap_schema.columns"}, "divides by zero"),
        ({"UPLOAD": "t,param:t"}, "The upload t refers to the file 't', which is not in the request."),
        ({"UPLOAD": "t"}, "UPLOAD 't' is not a pair of a name and a URI."),
    ],
)
def test_user_errors_are_votables_with_status_400(client, changed, reason):
    """ERR-1, ERR-2, TAP-7 to TAP-13, C6."""
    response = client.post("/tap/sync", data={"QUERY": QUERY, "LANG": "ADQL"} | changed)

    assert (response.status_code, response.content_type) == (400, "application/x-votable+xml")
    [(status, text)] = query_status(response)
    assert status == "ERROR"
    assert reason in text


@pytest.mark.parametrize(
    "asked, name",
    [
        ({}, "schemas.vot"),
        ({"FORMAT": "csv"}, "schemas.csv"),
        ({"FORMAT": "fits"}, "schemas.fits"),
        ({"RUNID": "my run"}, "my_run.vot"),
        ({"RUNID": '../../"é\r\nSet-Cookie: a=b'}, "Set-Cookie_a_b.vot"),
        ({"RUNID": "été"}, "t.vot"),
        ({"RUNID": "日本"}, "schemas.vot"),
        ({"QUERY": "SELECT n FROM (SELECT schema_name AS n FROM tap_schema.schemas) AS q"}, "schemas.vot"),
        (
            {"QUERY": "WITH q AS (SELECT schema_name AS n FROM tap_schema.schemas) SELECT n FROM q"},
            "result.vot",
        ),
    ],
)
def test_a_file_gets_a_name(client, asked, name):
    """RFC 6266: after RUNID, else the first table of the query; safe for every file system."""
    response = client.post("/tap/sync", data={"QUERY": QUERY} | asked)

    assert response.headers["Content-Disposition"] == f'inline; filename="{name}"'


def test_missing_query(client):
    """TAP-9."""
    assert query_status(client.get("/tap/sync"))[0][0] == "ERROR"


@pytest.mark.parametrize("name", ["LANG", "QUERY", "MAXREC", "RESPONSEFORMAT", "FORMAT", "RUNID"])
def test_single_valued_parameters_can_not_repeat(client, name):
    """TAP-5: also not as one in the URL and one in the body, nor in another case."""
    response = client.post(f"/tap/sync?{name}=1", data={"Query": QUERY} | {name.title(): "2"})

    assert response.status_code == 400
    assert f"{name} was given 2 times" in query_status(response)[0][1]


def test_a_parameter_may_repeat_its_value(client):
    """TAP-5: astroquery sends FORMAT and format."""
    given = {"QUERY": QUERY, "FORMAT": "csv", "format": "csv", "Lang": "ADQL"}
    response = client.post("/tap/sync?LANG=ADQL", data=given)

    assert (response.status_code, response.mimetype) == (200, "text/csv")


@pytest.mark.parametrize(
    "further", [{"REQUEST": "doQuery"}, {"VERSION": "1.0"}, {"DUMMY": "x"}, {"runid": "r1"}]
)
def test_further_parameters_change_nothing(client, further):
    """TAP-4, TAP-10, TAP-17."""
    assert names(client.post("/tap/sync", data={"QUERY": QUERY} | further)) == SCHEMAS


@pytest.mark.parametrize("mime", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_query_may_be_as_long_as_the_limit(small_client, mime):
    """UPL-8: bytes of the query count, not of its encoding."""
    query = QUERY + " " * (1_000 - len(QUERY) - 5) + "--%%%"

    assert small_client.post("/tap/sync", data={"QUERY": query}, content_type=mime).status_code == 200


@pytest.mark.parametrize("mime", ["application/x-www-form-urlencoded", "multipart/form-data"])
@pytest.mark.parametrize("size", [1_001, 100_000])
def test_a_longer_query_is_refused(small_client, mime, size):
    """ERR-1: 413, still a VOTable."""
    response = small_client.post("/tap/sync", data={"QUERY": QUERY.ljust(size)}, content_type=mime)

    assert response.status_code == 413
    assert query_status(response)[0][0] == "ERROR"


def test_head_has_the_media_type(client):
    """HTTP-1."""
    response = client.head("/tap/sync", query_string={"QUERY": QUERY, "FORMAT": "csv"})

    assert (response.status_code, response.content_type, response.data) == (
        200,
        "text/csv;header=present;charset=utf-8",
        b"",
    )


@pytest.mark.parametrize("form", ["votable", "csv", "json", "fits"])
def test_a_small_result_has_its_length(client, form):
    """RFC 9110, section 8.6: clients show how far they are, and know where it ends."""
    response = client.get("/tap/sync", query_string={"QUERY": QUERY, "FORMAT": form})

    assert response.content_length == len(response.data)
    assert not response.is_streamed


def test_a_large_result_is_a_stream(client):
    """Design, section 3: it is sent as it comes."""
    query = "SELECT a.column_name FROM tap_schema.columns AS a, tap_schema.columns AS b"
    response = client.get("/tap/sync", query_string={"QUERY": query, "FORMAT": "csv"})

    assert response.content_length is None
    assert response.data.count(b"\n") == 10_001


def test_a_failure_among_the_first_rows_is_an_error_document(client):
    """ERR-1: with any format, nothing was sent before."""
    query = "SELECT 1 / (column_index - 3) AS n FROM tap_schema.columns ORDER BY column_index"
    response = client.get("/tap/sync", query_string={"QUERY": query, "FORMAT": "csv"})

    assert response.status_code == 400
    assert query_status(response)[0][0] == "ERROR"


def test_an_unavailable_database_is_503(cut_off_client):
    """ERR-1: with the time after which to try again."""
    response = cut_off_client.get("/tap/sync", query_string={"QUERY": QUERY})

    assert (response.status_code, response.headers["Retry-After"]) == (503, "10")
    assert query_status(response)[0][0] == "ERROR"


def test_who_asks_much_leaves_room_for_others(settings, database, tableset):
    """FL-4: however many queries of one client run, those of another are answered meanwhile."""
    narrow = replace(settings, read_connections=2, connection_wait=1.0, sync_duration=2.5)
    tables = ", ".join(f"tap_schema.columns AS {name}" for name in "abcde")
    with open_database(narrow) as opened, ThreadPoolExecutor(2) as threads:
        client = create_app(narrow, opened, tableset).test_client()

        def ask(address, query):
            return client.get("/tap/sync?QUERY=" + quote(query), environ_overrides={"REMOTE_ADDR": address})

        for _ in range(2):
            threads.submit(ask, "192.0.2.1", f"SELECT COUNT(*) AS n FROM {tables}")
        time.sleep(0.3)
        answers = [ask("192.0.2.2", QUERY) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
