"""The executable specification against the queries written for it, and the mutants made of them."""

import re
from itertools import islice, product

import pytest
from lark import Token, Tree

from provtap.errors import AdqlError
from tests.adql.grammar import ADQL, accepts, constructs, corpus, queries, reserved_words
from tests.adql.mutate import disagreements, mutants

pytestmark = pytest.mark.exhaustive

ACCEPTED = corpus("accepted")
REJECTED = corpus("rejected")
WORDS = [word for word in reserved_words() if word != "END-EXEC"]  # which no rule could take for a name
GEOMETRY = {"a": "a", "p": "POINT(1, 2)", "c": "1"}  # a column, which may be either; a point; a coordinate


def condition(text: str) -> Tree[Token]:
    """Return the tree of a search condition."""
    return next(ADQL.parse(f"SELECT a FROM t WHERE {text}").find_data("where_clause")).children[0]


def value(text: str) -> Tree[Token]:
    """Return the tree of a value expression."""
    return next(ADQL.parse(f"SELECT {text} FROM t").find_data("select_item")).children[0]


@pytest.mark.parametrize("construct", constructs())
def test_queries_have_their_verdict(construct):
    """Accepted queries are in the language, rejected ones outside of it (ADQL 2.1, "BNF grammar")."""
    assert [query for query in queries(construct, "accepted") if not accepts(query)] == []
    assert [query for query in queries(construct, "rejected") if accepts(query)] == []


def test_corpus_is_read_whole():
    """Each query is in the corpus only once, so that it has one verdict."""
    all_queries = [query for _, query in ACCEPTED + REJECTED]

    assert len(all_queries) == len(set(all_queries))
    assert len(ACCEPTED) >= 300
    assert len(REJECTED) >= 200


def test_corpus_has_every_token_of_the_grammar():
    """No keyword, function or literal of the grammar is without an accepted query."""
    seen = {token.type for token in ADQL.lex("\n".join(query for _, query in ACCEPTED))}

    assert {terminal.name for terminal in ADQL.terminals} - set(ADQL.ignore_tokens) - seen == set()


def test_corpus_has_every_rule_of_the_grammar():
    """No construct of the grammar is without an accepted query."""
    seen = {node.data for _, query in ACCEPTED for node in ADQL.parse(query).iter_subtrees()}
    named = {rule.alias or rule.origin.name for rule in ADQL.rules}

    assert {name for name in named if not name.startswith("_")} - seen == set()


def test_all_words_of_the_standard_are_reserved():
    """SQL reserves 226 words, ADQL 41 more (ADQL 2.1, "Keywords")."""
    assert len(set(reserved_words())) == 267


def test_a_reserved_word_can_not_be_a_name():
    """A reserved word names nothing, in whatever case, unless it is quoted (ADQL 2.1, "Keywords")."""
    as_names = [
        text
        for word in WORDS
        for text in (
            f"SELECT a AS {word} FROM t",
            f"SELECT t.{word.lower()} FROM t",
            f"SELECT a FROM {word.title()}",
        )
    ]
    quoted = [f'SELECT a AS "{word}" FROM "{word.lower()}"' for word in WORDS]

    assert [text for text in as_names if accepts(text)] == []
    assert [text for text in quoted if not accepts(text)] == []


def test_a_longer_word_is_a_name():
    """A name may begin or end with a reserved word."""
    longer = [f"SELECT {word}_, {word}1, x{word} FROM {word.lower()}x" for word in WORDS]

    assert [text for text in longer if not accepts(text)] == []


@pytest.mark.parametrize("blank", [" ", "\t", "\n", "\r", "\r\n", "\f", "\v", "-- comment\n", "--\r"])
def test_blanks_and_comments_separate_tokens(blank):
    """White space is that of SQL-92, and a comment stands wherever a blank can."""
    assert accepts(f"{blank}SELECT{blank}a{blank}FROM{blank}t{blank};{blank}")


@pytest.mark.parametrize("blank", ["\u00a0", "\u2003", "\u2028", "\u3000", "\ufeff", "\u0085", "\x1c", "\0"])
def test_other_blanks_are_rejected(blank):
    """Outside quotes and comments a query is ASCII."""
    assert not accepts(f"SELECT{blank}a FROM t")
    assert not accepts(f"SELECT a{blank} FROM t")
    assert accepts(f"SELECT '{blank}' AS \"{blank}\" FROM t -- {blank}x")


@pytest.mark.parametrize(
    "query", ["\u017fELECT a FROM t", "SELECT a FROM t WHERE a LI\u212aE 'x'", "SELECT \u0131 FROM t"]
)
def test_only_ascii_letters_fold_to_keywords(query):
    """Letters that Unicode takes for s, k and i in another case are not those letters."""
    assert not accepts(query)


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("a = 1 OR b = 2 AND c = 3", "or"),
        ("a = 1 AND b = 2 OR c = 3", "or"),
        ("NOT a = 1 AND b = 2", "and"),
        ("(a = 1 OR b = 2) AND c = 3", "and"),
        ("a BETWEEN 1 AND 2 AND b = 3", "and"),
        ("a BETWEEN 1 AND 2", "between"),
    ],
)
def test_conditions_bind_as_in_sql(text, root):
    """NOT binds tighter than AND, AND tighter than OR; BETWEEN keeps its own AND."""
    assert condition(text).data == root


@pytest.mark.parametrize(
    ("text", "root", "left"),
    [
        ("a + b * c", "sum", "column"),
        ("a * b + c", "sum", "product"),
        ("a - b - c", "sum", "sum"),
        ("a / b * c", "product", "product"),
        ("-a * b", "product", "signed"),
        ("-(a * b)", "signed", "product"),
        ("(a + b) * c", "product", "sum"),
    ],
)
def test_operators_bind_as_in_arithmetic(text, root, left):
    """Signs bind tighter than products, these tighter than sums; equal ones from left to right."""
    tree = value(text)

    assert (tree.data, tree.children[0].data) == (root, left)


@pytest.mark.parametrize(
    ("text", "root", "left"),
    [
        ("SELECT a FROM t UNION SELECT a FROM u INTERSECT SELECT a FROM v", "union", "select"),
        ("SELECT a FROM t INTERSECT SELECT a FROM u UNION SELECT a FROM v", "union", "intersect"),
        ("SELECT a FROM t EXCEPT SELECT a FROM u UNION SELECT a FROM v", "union", "except"),
        ("SELECT a FROM t UNION SELECT a FROM u EXCEPT SELECT a FROM v", "except", "union"),
        ("SELECT a FROM t EXCEPT (SELECT a FROM u UNION SELECT a FROM v)", "except", "select"),
    ],
)
def test_intersect_binds_tightest(text, root, left):
    """INTERSECT comes first, UNION and EXCEPT from left to right (ADQL 2.1, "Set operators")."""
    tree = ADQL.parse(text).children[1].children[0]

    assert (tree.data, tree.children[0].data) == (root, left)


@pytest.mark.parametrize(
    ("function", "forms"),
    [
        ("POINT", "[ac]{2}"),
        ("CIRCLE", "[ac]{3}|[ap][ac]"),
        ("BOX", "[ac]{4}|[ap][ac]{2}"),
        ("DISTANCE", "[ac]{4}|[ap]{2}"),
        ("POLYGON", "([ac]{2}){3,}|[ap]{3,}"),
    ],
)
@pytest.mark.parametrize("number", range(1, 8))
def test_geometry_takes_points_or_coordinates(function, forms, number):
    """Every form of each function is accepted, and no mixture of two (ADQL 2.1, "Geometrical functions")."""
    wrong = []
    for kinds in map("".join, product("acp", repeat=number)):
        arguments = ", ".join(GEOMETRY[kind] for kind in kinds)
        if accepts(f"SELECT {function}({arguments}) FROM t") != bool(re.fullmatch(forms, kinds)):
            wrong.append(arguments)

    assert wrong == []


def test_the_tree_has_positions():
    """All nodes have their line and column, counted from 1."""
    column = next(ADQL.parse("SELECT *\n  FROM t WHERE b = 1").find_data("column"))

    assert (column.meta.line, column.meta.column, column.meta.end_column) == (2, 16, 17)


def test_grammar_agrees_with_itself():
    """A parser that is the grammar has no disagreement with it."""

    def parse(text):
        if not accepts(text):
            raise AdqlError("not ADQL")

    assert disagreements(parse, 300, seed=1) == []


def test_lenient_parser_is_found_out():
    """A query that a parser accepts and the grammar rejects is reported."""
    found = disagreements(len, 100, seed=1)

    assert found
    assert not any(accepts(text) for text in found)


def test_strict_parser_is_found_out():
    """A query that a parser rejects and the grammar accepts is reported."""

    def parse(text):
        raise AdqlError("not ADQL")

    found = disagreements(parse, 100, seed=1)

    assert found
    assert all(accepts(text) for text in found)


def test_the_crash_of_a_parser_shows_the_query():
    """Other exceptions than AdqlError are not a disagreement."""

    def parse(text):
        raise RecursionError

    with pytest.raises(RecursionError) as crash:
        disagreements(parse, 1, seed=1)

    assert crash.value.__notes__ == [f"while parsing {next(mutants(seed=1))!r}"]


def test_mutants_are_the_same_for_the_same_seed():
    """A disagreement can be found again."""
    assert list(islice(mutants(7), 50)) == list(islice(mutants(7), 50))
    assert list(islice(mutants(7), 50)) != list(islice(mutants(8), 50))
