"""ADQL beside the SQL that one would write by hand, on the sample logs: both have the same answer."""

from dataclasses import replace
from decimal import Decimal
from importlib.resources import as_file, files
from pathlib import Path

import psycopg2
import pytest

from provtap.adql import translate
from provtap.database.connect import open_database
from provtap.ingest import describe, ingest_all

PAIRS = [
    block
    for path in sorted((Path(__file__).parent / "answers").glob("*.sql"))
    for block in path.read_text(encoding="utf-8").strip().split("\n\n")
]
CLOSURE = """
CREATE TEMPORARY TABLE closure AS
WITH RECURSIVE step (d, a) AS (
    SELECT wgb_entity_id, u_entity_id FROM provenance.wasgeneratedby
    JOIN provenance.used ON u_activity_id = wgb_activity_id
    UNION SELECT wdf_generatedentity_id, wdf_usedentity_id FROM provenance.wasderivedfrom
), path (d, a, n) AS (
    SELECT d, a, 1 FROM step
    UNION SELECT path.d, step.a, n + 1 FROM path JOIN step ON step.d = path.a WHERE n < 10
)
SELECT d, a, min(n) AS n FROM path WHERE d <> a GROUP BY d, a
"""


@pytest.fixture(scope="module")
def samples(server, template):
    """A cursor on a store with the sample logs, and with each descendant, ancestor and distance."""
    url = server.create(psycopg2.extensions.parse_dsn(template.database_url)["dbname"])
    settings = replace(template, database_url=url)
    with open_database(settings) as database, as_file(files("provtap.ingest") / "samples") as logs:
        list(describe(sorted(logs.glob("*.yaml")), database, settings))
        ingest_all(sorted(logs.glob("*.log")), database, settings)
    connection = psycopg2.connect(url, options="-c jit=off")
    with connection.cursor() as cursor:
        cursor.execute(CLOSURE)
        yield cursor
    connection.close()
    server.drop(url)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.partition("\n")[0].removeprefix("-- "))
def test_the_answer_is_that_of_sql_written_by_hand(samples, tableset, pair):
    """D5; digest sections 2, 3 and 8: translation to PostgreSQL does not change the meaning of a query."""
    adql, _, sql = pair.partition("\n")[2].partition(";\n")
    is_ordered = "ORDER BY" in adql.rpartition(")")[2]

    answer = rows(samples, translate(adql, tableset).sql, is_ordered)

    assert answer == rows(samples, sql, is_ordered)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT i, l_ancestor_id FROM (SELECT TOP 30 e_id AS i FROM entity ORDER BY RAND()) AS s"
        " LEFT JOIN lineage ON l_descendant_id = i",
        "SELECT i, l_ancestor_id FROM (SELECT e_id AS i FROM entity WHERE RAND() < 0.3) AS s"
        " LEFT JOIN lineage ON l_descendant_id = i",
        "SELECT e_id, l_ancestor_id FROM entity LEFT JOIN lineage ON l_descendant_id = e_id"
        " WHERE e_id IN (SELECT TOP 30 e_id FROM entity ORDER BY RAND())",
        "WITH s AS (SELECT TOP 30 e_id AS i FROM entity ORDER BY RAND())"
        " SELECT i, l_ancestor_id FROM s LEFT JOIN lineage ON l_descendant_id = i",
    ],
)
def test_a_random_sample_is_drawn_once(samples, tableset, query):
    """D10: a walk starts at the rows that the query shows, also where these are others each time."""
    samples.execute(translate(query, tableset).sql)
    found = set(samples)
    samples.execute("SELECT e_id, a FROM provenance.entity LEFT JOIN closure ON d = e_id")

    sample = {entity for entity, _ in found}
    assert 10 < len(sample) < 60
    assert found == {(entity, ancestor) for entity, ancestor in samples if entity in sample}


def rows(cursor, sql, is_ordered):
    """Return the rows, in an order of their own if the query gives none; numbers to twelve digits."""
    cursor.execute(sql)
    found = [tuple(map(shown, row)) for row in cursor]
    return found if is_ordered else sorted(found, key=repr)


def shown(value):
    return f"{float(value):.12g}" if isinstance(value, int | float | Decimal) else value
