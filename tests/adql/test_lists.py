"""IN with as many values as the text of a query can hold."""

import random

import pytest

from provtap.adql import parse, translate
from provtap.adql.syntax import tree as nodes
from provtap.adql.syntax.lexer import TEXT_LIMIT, tokens
from provtap.errors import AdqlError
from tests.adql.grammar import accepts
from tests.adql.lab import LAB, fetch

TEXTS = ["'one'", "''", "'it''s'", "'a\"b\\c'", "'{}'", "'NULL'", "'two%'", "'ä\n,'"]


def texts(count, *more):
    """Return so many members of a list, and some more."""
    return [f"'urn:id:{number}'" for number in range(count)] + list(more)


def ids(lab, condition, table="kinds"):
    """Return the numbers of the rows that a condition chooses."""
    sql = translate(f"SELECT k_short FROM {table} WHERE {condition} ORDER BY k_short", LAB).sql
    return [row for (row,) in fetch(lab, sql)]


@pytest.mark.parametrize(
    "column, members",
    [
        ("k_text", texts(150, *TEXTS)),
        ("k_text || ''", texts(150, *TEXTS)),
        ("CAST(k_text AS CHAR(5))", texts(150, "'one  '", "'two%'")),  # blanks at the end do not count
        ("k_int", list(map(str, range(-120, 11)))),
        ("k_double", ["1", *map(str, range(120))]),
        (
            "k_short",
            [*map(str, range(2, 130)), "9223372036854775807", "-9223372036854775808", "99999999999999999999"],
        ),
        ("k_long", ["9000000000000000000", *map(str, range(120))]),
        ("k_time", ["'2026-01-01 12:00:00'", *["'2026-01-02'"] * 120]),
        ("k_flag", [*["1"] * 120]),
    ],
)
@pytest.mark.parametrize("negated", ["", "NOT "])
def test_a_long_list_means_what_its_members_mean(lab, column, members, negated):
    """As shorter lists of the same members do, joined by OR or AND."""
    parts = [f"{column} {negated}IN ({', '.join(members[n : n + 50])})" for n in range(0, len(members), 50)]
    condition = f"{column} {negated}IN ({', '.join(members)})"

    assert ids(lab, condition) == ids(lab, f" {'AND' if negated else 'OR'} ".join(parts))
    assert (" ANY (" in translate(f"SELECT 1 FROM kinds WHERE {condition}", LAB).sql) <= (not negated)


@pytest.mark.parametrize("members", [texts(40_000, *TEXTS), [str(number % 10) for number in range(400_000)]])
def test_a_list_may_be_as_long_as_the_text(lab, members):
    """A tenth of a second or less, where each member as a token of its own takes one and a half."""
    column = "k_text" if members[0][0] == "'" else "k_short"
    condition = f"{column} IN ({','.join(members)})"

    assert len(condition.encode()) > 0.55 * TEXT_LIMIT
    assert len(list(tokens(f"SELECT a FROM t WHERE {condition}"))) == 11
    assert ids(lab, condition) == ([1, 2] if column == "k_text" else [1, 2, 3])


def test_a_text_that_is_too_long_names_the_way_out():
    """A list beyond that is an upload."""
    for text in (f"SELECT a FROM t WHERE b IN ({','.join(texts(90_000))})", f"SELECT a{' ' * TEXT_LIMIT}"):
        with pytest.raises(AdqlError, match="Upload a long list as a table"):
            parse(text)
    with pytest.raises(AdqlError, match="more than 5000 members. .* Upload a long list as a table"):
        parse(f"SELECT a FROM t WHERE b IN ({','.join(texts(5_000, 'NULL'))})")


@pytest.mark.parametrize(
    "members, words",
    [
        (texts(200, "NULL", "k_text"), None),
        (texts(200, "1"), "text, but 1 is a number: they cannot be compared."),
        (
            [*map(str, range(200))],
            "k_text is text, but 0 is a number: they cannot be compared. (line 2, column 3)",
        ),
        (texts(200, "'a' || 'b'"), None),
        (texts(200, ""), "Expected a column or an expression, found )."),
        (texts(200, "'open"), "This text has no closing quote. (line 2, column"),
        (["-- why\n'a'", *texts(200)], None),
    ],
)
def test_other_lists_are_read_member_by_member(members, words):
    """With the places of their errors."""
    query = f"SELECT k_int FROM kinds WHERE k_text\n  IN ({', '.join(members)})"
    if words is None:
        assert " IN (" in translate(query, LAB).sql
        return
    with pytest.raises(AdqlError) as caught:
        translate(query, LAB)

    assert words in str(caught.value)


def test_places_behind_a_long_list_are_right():
    """Lines within it count."""
    query = "SELECT k_int FROM kinds WHERE k_text IN (" + ",\n".join(texts(200)) + ")\nAND k_nt = 1"

    with pytest.raises(AdqlError, match=r"Unknown column k_nt in lab.kinds. \(line 201, column 5\)"):
        translate(query, LAB)


def test_the_grammar_agrees_on_long_lists():
    """D4: with a member, or a character, that is wrong."""
    rng = random.Random(1)
    for _ in range(200):
        members = rng.choice(
            [texts(110), [str(number) for number in range(110)], [f" {n}\n" for n in range(-9, 110)]]
        )
        at = rng.randrange(len(members))
        members[at] = rng.choice(
            ["", "1", "''", "'it''s'", "a", "NULL", "1.5", "- 1", "--1", "'", "(1)", "-- x\n1", "+1"]
        )
        text = f"SELECT a FROM t WHERE b IN ({','.join(members)}{rng.choice(['', ')', ' )', ',', '))'])}"

        assert accepts(text) == is_parsed(text), text


def is_parsed(text):
    try:
        return isinstance(parse(text), nodes.Query)
    except AdqlError:
        return False


def test_a_lineage_starts_from_a_long_list(reader, tableset):
    """The seeds are the members, written once."""
    query = f"SELECT l_ancestor_id FROM lineage WHERE l_descendant_id IN ({','.join(texts(5_000))})"
    sql = translate(query, tableset).sql

    assert sql.count("urn:id:4999") == 1
    assert fetch(reader, sql) == []
