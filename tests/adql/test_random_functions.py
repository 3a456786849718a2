"""Random calls: PostgreSQL must accept all calls that the translator accepts."""

import psycopg2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provtap.adql import translate
from provtap.errors import AdqlError
from tests.adql.lab import LAB

LEAVES = st.sampled_from(
    ["k_short", "k_int", "k_long", "k_float", "k_double", "k_text", "k_time", "k_flag", "k_array", "s_ra"]
    + ["s_point", "s_circle", "1", "2.5", "3e0", "-7", "NULL", "'a'", "'5'", "'2026-01-01'", "'1 2'", "''"]
    + ["9999999999", "99999999999999999999", "1e300", "COUNT(*)", "PI()", "RAND()"]
)
TYPES = ["SMALLINT", "INTEGER", "BIGINT", "REAL", "DOUBLE PRECISION", "CHAR", "CHAR(3)", "VARCHAR(5)"]
UNARY = (
    ["ABS({})", "LOG({})", "ROUND({}, 1)", "LOWER({})", "UPPER({})", "COORD1({})", "COORD2({})", "-{}"]
    + ["prov_number({})", "ivo_to_mjd({})", "ivo_to_jd({})", "MAX({})", "SUM({})", "IN_UNIT({}, 'h')"]
    + ["IN_UNIT({}, 'rad')", "COALESCE({})", "({})", "CAST({} AS TIMESTAMP)", "CAST({} AS POINT)"]
    + [f"CAST({{}} AS {type_})" for type_ in TYPES]
)
BINARY = (
    ["{} + {}", "{} / {}", "{} || {}", "COALESCE({}, {})", "NULLIF({}, {})", "POINT({}, {})", "MOD({}, {})"]
    + ["CASE WHEN {} = {} THEN 1 ELSE 0 END", "CASE WHEN 1 = 1 THEN {} ELSE {} END", "CIRCLE({}, {})"]
    + ["CASE {} WHEN {} THEN 'a' END", "DISTANCE({}, {})", "CONTAINS({}, {})", "INTERSECTS({}, {})"]
    + ["ivo_hasword({}, {})", "ivo_nocasematch({}, {})", "ivo_hashlist_has({}, {})", "ivo_string_agg({}, {})"]
    + ["CASE WHEN {} IN ({}, 1, NULL) THEN 1 END", "CASE WHEN {0} NOT IN ({1}, {0}) THEN 'a' ELSE '' END"]
    + ["CASE WHEN {} BETWEEN {} AND NULL THEN 1 END", "CASE WHEN {0} NOT BETWEEN {1} AND {1} THEN 1 END"]
    + ["CASE WHEN {} ILIKE {} THEN 1 END", "CASE WHEN CONTAINS({}, {}) = 1 THEN 1 END"]
    + ["ivo_interval_overlaps({0}, {1}, {0}, {1})", "DISTANCE({0}, {1}, {1}, {0})", "CIRCLE({0}, {1}, {0})"]
)


def _larger(values):
    unary = st.builds(lambda form, x: form.format(x), st.sampled_from(UNARY), values)
    return unary | st.builds(lambda form, x, y: form.format(x, y), st.sampled_from(BINARY), values, values)


VALUES = st.recursive(LEAVES, _larger, max_leaves=4)
CLAUSES = st.sampled_from(
    [
        "SELECT {} FROM kinds, sky",
        "SELECT DISTINCT {} FROM kinds, sky",
        "SELECT 1 FROM kinds, sky ORDER BY {}",
    ]
    + ["SELECT 1 FROM kinds, sky WHERE {} IS NULL", "SELECT COUNT(*) FROM kinds, sky GROUP BY {}"]
    + ["SELECT q.v FROM (SELECT {} AS v FROM kinds, sky) AS q", "SELECT 1 FROM kinds, sky WHERE 1 = {}"]
)
WHILE_IT_RUNS = ("22", "54")
"""Classes of SQLSTATE that tell of values and limits: constants are computed when a query is planned."""


@pytest.mark.parametrize(
    "form",
    ["CASE WHEN {} BETWEEN 0 AND 1 THEN 1 END", "CASE WHEN {} NOT IN (k_int, k_short) THEN 1 END"]
    + ["CASE WHEN 1 = gavo_match(CAST({} AS VARCHAR), 'a') THEN 1 END", "ivo_interval_overlaps({}, 1, 2, 3)"]
    + ["prov_number(CAST({} AS VARCHAR) || '')", "DISTANCE({}, 1, 2, 3)", "COORD1(POINT({}, 1))"]
    + ["CONTAINS(POINT(1, {}), CIRCLE(1, 2, 3))", "CASE {} WHEN k_int THEN 2 END", "NULLIF({}, 1)"],
)
def test_nested_calls_grow_no_faster_than_their_text(lab, form):
    """Where each level doubles its argument, here or in PostgreSQL, 30 of them fill any memory."""
    value = "k_int"
    for _ in range(30):
        value = form.format(value)
    sql = translate(f"SELECT {value} FROM kinds", LAB).sql
    with lab, lab.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}")

        assert len(sql) < 400 * 30


@settings(max_examples=300, deadline=None)
@given(CLAUSES, VALUES)
def test_postgresql_accepts_all_translated_queries(lab, clause, value):
    """D5: PostgreSQL must never be the one to reject a query for its names or types."""
    try:
        statement = translate(clause.format(value), LAB)
    except AdqlError:
        return
    with lab, lab.cursor() as cursor:
        try:
            cursor.execute(f"PREPARE p AS {statement.copy_sql(1)}")
            cursor.execute("DEALLOCATE p")
        except psycopg2.Error as error:
            assert error.pgcode.startswith(WHILE_IT_RUNS), error
            lab.rollback()
