from dataclasses import replace

import pytest

from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.errors import AdqlError, DatabaseUnavailable, ParameterError, QueryError, TooLarge
from provtap.query import run
from provtap.query.request import QueryRequest

QUERY = "SELECT schema_name FROM tap_schema.schemas ORDER BY schema_name"


@pytest.fixture(scope="module")
def settings(server, template):
    """Settings of one database for all tests of this file, which only read."""
    with server.copy(template) as copied:
        yield copied


@pytest.fixture(scope="module")
def database(settings):
    with open_database(settings) as opened:
        yield opened


@pytest.fixture
def nowhere():
    """A database that can't be reached: whatever asks it fails."""
    with open_database(Settings(database_url="host=/nonexistent dbname=provtap")) as database:
        yield database


def csv(database, tableset, settings, **request):
    asked = QueryRequest(**{"query": QUERY, "responseformat": "csv"} | request)
    return b"".join(run(asked, tableset, database, settings).body)


def test_a_result_has_its_columns_and_media_type(database, tableset, settings):
    result = run(QueryRequest(query=QUERY), tableset, database, settings)

    assert [c.name for c in result.columns] == ["schema_name"]
    assert result.media_type == "application/x-votable+xml"
    assert b"".join(result.body).count(b"<TR>") == 4


def test_maxrec_is_the_default_when_absent(database, tableset, settings):
    """TAP-13."""
    assert csv(database, tableset, replace(settings, maxrec=2)).split() == [
        b"schema_name",
        b"ivoa",
        b"provenance",
    ]


def test_the_document_has_the_request_and_its_limits(database, tableset, settings):
    """DALI-5; a user must see which limit cut a result."""
    body = b"".join(run(QueryRequest(query=QUERY), tableset, database, replace(settings, maxrec=1)).body)

    assert b'<INFO name="QUERY" value="SELECT schema_name' in body
    assert b'<INFO name="MAXREC" value="1">The default of this service' in body


def test_a_limit_that_lowers_maxrec_is_reported(database, tableset, settings):
    """TAP-13."""
    result = run(QueryRequest(query=QUERY, maxrec=9), tableset, database, replace(settings, maxrec_limit=2))

    assert b'<INFO name="MAXREC" value="2">The limit of this service.' in b"".join(result.body)


@pytest.mark.parametrize(
    "request_, error",
    [
        (QueryRequest(query="SELECT nothing FROM provenance.activity"), AdqlError),
        (QueryRequest(query=QUERY, lang="SQL"), ParameterError),
        (QueryRequest(query=QUERY, responseformat="hdf5"), ParameterError),
        (QueryRequest(query=QUERY.ljust(2_000_000)), TooLarge),
    ],
)
def test_nothing_invalid_reaches_the_database(nowhere, tableset, settings, request_, error):
    """Design, section 3: a connection is taken only once the query is known to be valid."""
    with pytest.raises(error):
        run(request_, tableset, nowhere, settings)


def test_maxrec_0_is_answered_without_the_database(nowhere, tableset, settings):
    """TAP-15: the columns, no rows; the query is checked but not run."""
    assert csv(nowhere, tableset, settings, maxrec=0) == b"schema_name\n"


def test_maxrec_0_still_checks_the_query(nowhere, tableset, settings):
    """TAP-15."""
    with pytest.raises(AdqlError):
        csv(nowhere, tableset, settings, maxrec=0, query="SELECT nothing FROM provenance.activity")


def test_an_unavailable_database(nowhere, tableset, settings):
    """ERR-1: the error comes before anything is sent."""
    with pytest.raises(DatabaseUnavailable):
        run(QueryRequest(query=QUERY), tableset, nowhere, settings)


def test_errors_of_the_first_rows_come_before_the_result(database, tableset, settings):
    """ERR-1: an early failure can still be a 400."""
    request = QueryRequest(query="SELECT 1 / (column_index - column_index) FROM tap_schema.columns")

    with pytest.raises(QueryError, match="divides by zero"):
        run(request, tableset, database, settings)


def test_a_body_that_is_not_read_can_be_closed(database, tableset, settings):
    """A client may leave before the first byte; its query must not live on."""
    result = run(QueryRequest(query=QUERY), tableset, database, settings)
    result.body.close()

    assert csv(database, tableset, settings).startswith(b"schema_name\n")


@pytest.mark.parametrize(
    "given, maxrec", [(["10"], 10), ([" 10 "], 10), (["+5"], 5), (["0"], 0), ([""], None), ([], None)]
)
def test_maxrec_spellings(given, maxrec):
    """TAP-13."""
    assert QueryRequest.from_parameters({"QUERY": [QUERY], "MAXREC": given}).maxrec == maxrec


@pytest.mark.parametrize("text", ["-1", "1.0", "1e3", "0x1", "٣", "1 0", "9" * 5000])
def test_an_invalid_number_of_rows(text):
    """TAP-13."""
    with pytest.raises(ParameterError, match="MAXREC must be a whole number"):
        QueryRequest.from_parameters({"QUERY": [QUERY], "MAXREC": [text]})


def test_parameters_become_a_request():
    """TAP-8, TAP-11, TAP-17."""
    given = {
        "QUERY": [QUERY],
        "LANG": ["ADQL-2.1"],
        "FORMAT": ["csv"],
        "MAXREC": ["7"],
        "RUNID": ["r"],
        "X": ["y"],
    }

    assert QueryRequest.from_parameters(given) == QueryRequest(
        query=QUERY, lang="ADQL-2.1", responseformat="csv", maxrec=7, run_id="r"
    )


def test_a_strict_service_refuses_extensions(database, tableset, settings):
    """PROVTAP_ADQL_STRICT, for validators."""
    query = "SELECT TOP 1 (SELECT COUNT(*) FROM TAP_SCHEMA.keys) AS n FROM TAP_SCHEMA.schemas"

    assert csv(database, tableset, settings, query=query).startswith(b"n")
    with pytest.raises(AdqlError, match="A subquery as a value is an extension of ADQL 2.1"):
        csv(database, tableset, replace(settings, adql_strict=True), query=query)
