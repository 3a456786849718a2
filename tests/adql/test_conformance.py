"""The parser against the conformance corpus, and against the grammar on mutated queries."""

from itertools import product

import pytest

from provtap.adql import parse
from provtap.errors import AdqlError
from tests.adql.grammar import accepts, clauses, constructs, corpus, queries
from tests.adql.mutate import disagreements

pytestmark = pytest.mark.exhaustive

HEADS = ["SELECT", "SELECT a FROM t WHERE", "SELECT a FROM", "SELECT ABS(a) ||", "SELECT a FROM t UNION"]
WORDS = [
    "(",
    ")",
    "a",
    "1",
    "'s'",
    "NULL",
    "+",
    "||",
    "=",
    "AND",
    "NOT",
    "SELECT a FROM t",
    "JOIN",
    "*",
    "AS",
]


def is_parsed(text):
    try:
        parse(text)
    except AdqlError:
        return False
    return True


@pytest.mark.parametrize("construct", constructs())
def test_valid_adql_of_the_standard_is_parsed(construct):
    """ADQL 2.1, the clause at the head of queries/<construct>.adql."""
    assert [query for query in queries(construct, "accepted") if not is_parsed(query)] == []


@pytest.mark.parametrize("construct", constructs())
def test_invalid_adql_is_refused_with_its_position(construct):
    """ADQL 2.1, the clause at the head of queries/<construct>.adql."""
    for query in queries(construct, "rejected"):
        with pytest.raises(AdqlError) as caught:
            parse(query)
            pytest.fail(f"{query} is parsed")

        assert caught.value.line is not None, query
        assert caught.value.message.endswith("."), query


def test_each_construct_of_the_corpus_names_its_clause():
    """Issue 3: each query with verdict and the clause it tests."""
    assert len(corpus("accepted") + corpus("rejected")) >= 400
    assert all("ADQL 2.1" in clause for clause in clauses().values())


@pytest.mark.parametrize("seed", range(4))
def test_parser_and_grammar_agree_on_mutants(seed):
    """D4: a mutation test holds the parser and the executable specification together."""
    assert disagreements(parse, 5_000, seed) == []


@pytest.mark.parametrize("head", HEADS)
def test_parser_and_grammar_agree_on_all_short_texts(head):
    """D4: every text of up to three of these words, after the words that lead to where rules meet."""
    texts = [
        f"{head} {' '.join(words)} FROM t" if head.endswith(("SELECT", "||")) else f"{head} {' '.join(words)}"
        for length in range(4)
        for words in product(WORDS, repeat=length)
    ]

    assert [text for text in texts if is_parsed(text) != accepts(text)] == []
