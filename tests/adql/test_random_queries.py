"""Queries that nobody wrote: what the translator lets through, PostgreSQL must understand."""

import psycopg2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provtap.adql import translate
from provtap.errors import AdqlError
from tests.adql.lab import LAB, SQL

COLUMNS = [
    "k_short",
    "k.k_int",
    "k_long",
    "k_float",
    "k_double",
    "k_text",
    "k_time",
    "k_flag",
    "k_array",
    "o.k_int",
]
LITERALS = ["1", "2.5", "3e0", "9999999999", "99999999999999999999", "'a'", "'2026-01-01'", "NULL"]
LEAVES = st.sampled_from(COLUMNS + LITERALS)
TABLES = st.sampled_from(
    ["kinds AS k, lab.other AS o", "kinds AS k LEFT JOIN lab.other AS o ON k.k_int = o.k_int"]
    + ["kinds k FULL JOIN lab.other o USING (k_int)", "lab.other o NATURAL RIGHT JOIN kinds k"]
    + ["(SELECT * FROM kinds) AS k JOIN (SELECT k_int FROM lab.other GROUP BY k_int) AS o ON 1 = 1"]
)


def _larger_value(values):
    binary = st.tuples(values, st.sampled_from(["+", "-", "*", "||"]), values).map(
        lambda t: f"({' '.join(t)})"
    )
    unary = st.tuples(
        st.sampled_from(["-", "+", "ABS", "ROUND", "MIN", "MAX", "COUNT", "SUM", "AVG"]), values
    )
    return binary | unary.map(lambda t: f"{t[0]}({t[1]})")


VALUES = st.recursive(LEAVES, _larger_value, max_leaves=4)
PREDICATES = (
    st.tuples(VALUES, st.sampled_from(["=", "<>", "<", ">="]), VALUES).map(" ".join)
    | st.tuples(VALUES, VALUES, VALUES).map(lambda t: f"{t[0]} BETWEEN {t[1]} AND {t[2]}")
    | st.tuples(VALUES, VALUES, VALUES).map(lambda t: f"{t[0]} NOT IN ({t[1]}, {t[2]})")
    | st.tuples(VALUES, VALUES).map(lambda t: f"{t[0]} LIKE {t[1]}")
    | st.tuples(VALUES, VALUES).map(lambda t: f"{t[0]} IN (SELECT {t[1]} FROM kinds AS i)")
    | VALUES.map(lambda value: f"{value} IS NULL")
    | VALUES.map(lambda value: f"EXISTS (SELECT 1 FROM lab.other AS i WHERE i.k_int = {value})")
)
CONDITIONS = st.recursive(
    PREDICATES,
    lambda inner: st.tuples(inner, st.sampled_from(["AND", "OR", "AND NOT"]), inner).map(
        lambda t: f"({t[0]}) {t[1]} ({t[2]})"
    ),
    max_leaves=3,
)


def clause(word, content):
    """Return a strategy of a clause that may be missing."""
    return st.just("") | content.map(lambda text: f" {word} {text}")


LISTS = st.lists(VALUES, min_size=1, max_size=3).map(", ".join)
QUERIES = st.builds(
    "SELECT {}{} FROM {}{}{}{}{}".format,
    st.sampled_from(["", "", "DISTINCT ", "TOP 3 "]),
    LISTS,
    TABLES,
    clause("WHERE", CONDITIONS),
    clause("GROUP BY", LISTS),
    clause("HAVING", CONDITIONS),
    clause("ORDER BY", LISTS),
)


@pytest.fixture(scope="module")
def cursor(server):
    """A cursor on a database with the lab's tables, empty."""
    url = server.create()
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as opened:
        opened.execute(SQL)
        yield opened
    connection.close()
    server.drop(url)


@settings(max_examples=200, deadline=None)
@given(QUERIES)
def test_postgresql_understands_whatever_is_translated(cursor, text):
    """D5: PostgreSQL must never be the one to reject a query for its names or types."""
    try:
        statement = translate(text, LAB)
    except AdqlError:
        return
    cursor.execute(f"EXPLAIN {statement.copy_sql(1)}")

    assert cursor.fetchall()
