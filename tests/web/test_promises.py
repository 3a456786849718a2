"""All declared capabilities, tested over HTTP one by one."""

import re
from dataclasses import replace

import pytest
from lxml import etree

from provtap.config import Settings
from provtap.web import create_app
from provtap.web.capabilities import capabilities_document
from tests.web.conftest import query_status

TABLE = "tap_schema.columns"
FEATURES = {
    "POINT": "SELECT POINT(1, 2) AS x FROM {}",
    "CIRCLE": "SELECT CIRCLE(1, 2, 3) AS x FROM {}",
    "DISTANCE": "SELECT DISTANCE(1, 2, 3, 4) AS x FROM {}",
    "COORD1": "SELECT COORD1(POINT(1, 2)) AS x FROM {}",
    "COORD2": "SELECT COORD2(POINT(1, 2)) AS x FROM {}",
    "CONTAINS": "SELECT * FROM {} WHERE 1 = CONTAINS(POINT(1, 2), CIRCLE(1, 2, 3))",
    "INTERSECTS": "SELECT * FROM {} WHERE 1 = INTERSECTS(CIRCLE(1, 2, 3), CIRCLE(1, 2, 3))",
    "LOWER": "SELECT LOWER(table_name) AS x FROM {}",
    "UPPER": "SELECT UPPER(table_name) AS x FROM {}",
    "ILIKE": "SELECT * FROM {} WHERE table_name ILIKE 'TAP%'",
    "UNION": "SELECT table_name FROM {0} UNION SELECT table_name FROM {0}",
    "EXCEPT": "SELECT table_name FROM {} EXCEPT SELECT schema_name FROM tap_schema.schemas",
    "INTERSECT": "SELECT table_name FROM {0} INTERSECT SELECT table_name FROM {0}",
    "WITH": "WITH t AS (SELECT table_name FROM {}) SELECT table_name FROM t",
    "CAST": "SELECT CAST('1' AS INTEGER) AS x FROM {}",
    "IN_UNIT": "SELECT IN_UNIT(r_duration, 'h') AS x FROM provext.run",
    "OFFSET": "SELECT table_name FROM {} ORDER BY table_name OFFSET 3",
    "COALESCE": "SELECT COALESCE(unit, 'none') AS x FROM {}",
}
"""A query for each feature of the language: a feature that has none here may not be declared."""
VALUES = {
    "VARCHAR": "'x'",
    "INTEGER": "1",
    "DOUBLE PRECISION": "1.5",
    "TIMESTAMP": "CAST('2020-01-01T00:00:00' AS TIMESTAMP)",
}


@pytest.fixture(scope="module")
def tap(tableset):
    """The capability of TAP, as lxml reads it."""
    document = capabilities_document("http://x.org/tap", Settings(declare_coalesce=True), tableset)
    return etree.fromstring(document).find("capability[@standardID='ivo://ivoa.net/std/TAP']")


def forms(tap, wanted):
    """Return the forms declared as user defined functions, or all the others."""
    return [
        form.text
        for features in tap.iter("languageFeatures")
        if features.get("type").endswith("-udf") == wanted
        for form in features.iter("form")
    ]


def answer(client, query, **parameters):
    return client.post("/tap/sync", data={"QUERY": query} | parameters)


def test_every_declared_feature_works(client, tap):
    """REG-7: declare only what works."""
    told = {form: query_status(answer(client, FEATURES[form].format(TABLE))) for form in forms(tap, False)}

    assert {form for form, status in told.items() if status != [("OK", None)]} == set()
    assert set(told) == set(FEATURES)


def test_all_declared_functions_accept_their_declared_arguments(client, tap):
    """REG-8."""
    told = {form: query_status(answer(client, call(form))) for form in forms(tap, True)}

    assert {form: status for form, status in told.items() if status != [("OK", None)]} == {}
    assert len(told) > 5


def call(form):
    """Return a query that calls a function by its declared form."""
    name, arguments = re.fullmatch(r"(\w+)\((.*)\) -> .*", form).groups()
    types = [argument.partition(" ")[2] for argument in arguments.split(", ")]
    return f"SELECT {name}({', '.join(VALUES[kind] for kind in types)}) AS x FROM {TABLE}"


def test_all_declared_formats_are_available_by_all_their_names(client, tap):
    """REG-9, DALI-6: what is asked for by its media type is answered with that very type."""
    for offered in tap.iter("outputFormat"):
        mime, *aliases = [element.text for element in offered]
        types = {
            answer(client, f"SELECT table_name FROM {TABLE}", RESPONSEFORMAT=name).content_type
            for name in (mime, *aliases)
        }
        assert {type_.removesuffix(";charset=utf-8") for type_ in types} == {
            mime.removesuffix(";charset=utf-8")
        }


def test_all_declared_versions_of_the_language_are_accepted(client, tap):
    """REG-6."""
    versions = [version.text for version in tap.iter("version")]

    assert versions
    for version in versions:
        status = query_status(answer(client, f"SELECT table_name FROM {TABLE}", LANG=f"ADQL-{version}"))
        assert status == [("OK", None)]


def test_the_output_limits_are_the_ones_that_cut(settings, database, tableset):
    """REG-12, TAP-13."""
    small = replace(settings, maxrec=2, maxrec_limit=5)
    client = create_app(small, database, tableset).test_client()
    root = etree.fromstring(client.get("/tap/capabilities").data)
    default, hard = (int(root.findtext(f".//outputLimit/{name}")) for name in ("default", "hard"))
    query = f"SELECT table_name FROM {TABLE}"

    assert answer(client, query).data.count(b"<TR>") == default
    assert answer(client, query, MAXREC=10**9).data.count(b"<TR>") == hard


def test_the_limit_of_time_is_the_one_that_ends_a_query(settings, database, tableset):
    """REG-12: that of jobs is declared; tests of the worker hold it to that. Of /sync, documents tell."""
    limits = replace(settings, sync_duration=1, async_duration=2, async_duration_limit=3)
    hasty = create_app(limits, database, tableset).test_client()
    root = etree.fromstring(hasty.get("/tap/capabilities").data)
    endless = "SELECT COUNT(*) AS n FROM " + ", ".join(f"{TABLE} AS {name}" for name in "abcde")

    assert root.findtext(".//executionDuration/default") == "2"
    assert root.findtext(".//executionDuration/hard") == "3"
    assert query_status(answer(hasty, endless)) == [("ERROR", "The query was stopped at its time limit.")]
