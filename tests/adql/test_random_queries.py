"""Random queries: PostgreSQL must accept all queries that the translator accepts."""

import psycopg2
from hypothesis import given, settings
from hypothesis import strategies as st

from provtap.adql import translate
from provtap.errors import AdqlError
from tests.adql.lab import LAB, fetch
from tests.adql.writer import Writer


def is_understood(connection, sql):
    """Return whether PostgreSQL can plan *sql*; it may compute constants then, and fail at one of them."""
    try:
        return bool(fetch(connection, f"EXPLAIN {sql}"))
    except psycopg2.DataError:
        return True


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_postgresql_accepts_all_translated_queries(lab, seed):
    """D5: PostgreSQL must never be the one to reject a query for its names or types."""
    try:
        statement = translate(Writer(seed).whole(), LAB)
    except AdqlError as refused:
        assert refused.line is not None
    else:
        assert is_understood(lab, statement.copy_sql(1))


def test_many_of_the_random_queries_are_right():
    """The test above is about queries that are translated: one of eight at least."""
    right = 0
    for seed in range(400):
        try:
            right += bool(translate(Writer(seed).whole(), LAB))
        except AdqlError:
            continue

    assert right > 50
