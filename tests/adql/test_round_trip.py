"""A query that is parsed, printed and parsed again has the same tree (except positions)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provtap.adql import parse
from provtap.errors import AdqlError
from tests.adql import printer
from tests.adql.grammar import constructs, queries
from tests.adql.mutate import mutants


@pytest.mark.parametrize("construct", constructs())
def test_a_query_survives_the_round_trip(construct):
    """D4: the tree has all information of the text."""
    for query in queries(construct, "accepted"):
        tree = parse(query)

        assert parse(printer.query(tree)) == tree, query


def is_query(text):
    try:
        return bool(parse(text))
    except AdqlError:
        return False


@given(st.integers(0, 10**9))
def test_a_mutant_that_is_a_query_survives_the_round_trip(seed):
    """D4, on random queries."""
    tree = parse(next(filter(is_query, mutants(seed))))

    assert parse(printer.query(tree)) == tree
