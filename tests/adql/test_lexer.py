"""Words and positions (ADQL 2.1, section 2.1; digest section 1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provtap.adql import published_name
from provtap.adql.syntax.lexer import tokens
from provtap.adql.syntax.reserved import RESERVED
from provtap.errors import AdqlError


def words(text):
    return [(token.type, token.text) for token in tokens(text)][:-1]


def error(text):
    with pytest.raises(AdqlError) as caught:
        list(tokens(text))
    return caught.value


def test_reserved_words_are_known_in_any_case():
    """ADQL 2.1, section 2.1.2: keywords ignore case."""
    assert words("SeLeCt ObjName")[0] == ("SELECT", "SeLeCt")
    assert words("SeLeCt ObjName")[1] == ("identifier", "ObjName")


def test_there_are_266_reserved_words():
    """ADQL 2.1, section 2.1.2: 41 of ADQL and 226 of SQL, less END-EXEC, which is no identifier."""
    assert len(RESERVED) == 266


@pytest.mark.parametrize(
    "text, kind",
    [("12", "integer"), ("12.", "decimal"), ("12.3", "decimal"), (".5", "decimal")]
    + [("1e5", "approximate"), ("1.E-5", "approximate"), (".5e+10", "approximate")],
)
def test_numbers_have_three_forms(text, kind):
    """ADQL 2.1 BNF, <unsigned_numeric_literal>: exact with or without a dot, approximate."""
    assert words(text) == [(kind, text)]


def test_a_byte_order_mark_is_passed_over():
    """Windows editors put an invisible one at the start of a text; positions do not count it."""
    assert words("\ufeffa") == [("identifier", "a")]
    assert error("\ufeffa !").column == 3


@pytest.mark.parametrize("text", ["89x", "2desc", "1.2.3", "0x1F", "1e", "1_000"])
def test_a_number_glued_to_a_word_is_refused(text):
    """Digest section 1, [?] number glued to a word: SQL-92 wants a separator."""
    assert "is not a number" in error(text).message


def test_quotes_are_doubled_within_quotes():
    """ADQL 2.1, sections 2.1.3 and 2.1.4: doubling is the only escape, a backslash is a character."""
    assert words("""'it''s \\' "a""b" """) == [("string", "it's \\"), ("delimited", 'a"b')]


def test_unicode_stands_within_quotes_only():
    """ADQL 2.1, section 2.1.1: outside of quotes, ASCII."""
    assert words("'λ' \"µ\"") == [("string", "λ"), ("delimited", "µ")]
    assert error("SELECT λ").column == 8


def test_a_comment_ends_with_its_line_or_the_text():
    """ADQL 2.1, section 2.1.5: two hyphens start a comment wherever a blank may stand."""
    assert words("a--1\nb -- c") == [("identifier", "a"), ("identifier", "b")]


def test_positions_count_lines_and_characters_from_one():
    """The error message of an IDE's kind: line and column, over line ends inside of texts too."""
    positions = [tuple(token.at) for token in tokens("a 'x\ny' b\r\n  c")]

    assert positions == [(1, 1), (1, 3), (2, 4), (3, 3), (3, 4)]


@pytest.mark.parametrize(
    "text, column, part",
    [
        ("SELECT 'abc", 8, "no closing quote"),
        ('SELECT "abc', 8, "no closing quote"),
        ('SELECT ""', 8, "empty"),
        ("SELECT /* x */ a", 8, "two hyphens"),
        ("SELECT “a”", 8, "typographic quotation mark"),
        ("SELECT\u00a0a", 7, "invisible character U+00A0, NO-BREAK SPACE, is not allowed in ADQL"),
        ("SELECT\u200ba", 7, "invisible character U+200B, ZERO WIDTH SPACE, is not allowed in ADQL"),
        ("a \ufeff", 3, "invisible character U+FEFF, ZERO WIDTH NO-BREAK SPACE,"),
        ("a\u00ad", 2, "SOFT HYPHEN, is not allowed in ADQL. (line 1, column 2) Delete it"),
        ("a \x07", 3, "invisible character U+0007, a control character,"),
        ("a \u2265 b", 3, "Write >=."),
        ("5 \u2212 3", 3, "Write -."),
        ("a \uff1d b", 3, "Write =."),
        ("SELECT \u0430", 8, "U+0430, CYRILLIC SMALL LETTER A"),
        ("a[1]", 2, "an item of an array"),
        ("FROM 2mass", 6, 'As a name, write it as "2mass" in double quotes.'),
        ("BY 2desc", 4, "Put a blank between a number and a word."),
        ("0x1F", 1, "write 31."),
        ("1_000", 1, "Write 1000."),
        ("a % 2", 3, "MOD(x, y)"),
        ("_a", 1, "underscore"),
        ("a # b", 3, "two hyphens"),
        ("a \N{SNOWMAN} b", 3, "U+2603, SNOWMAN) is not allowed"),
        ("a::text", 2, "CAST(value AS type)"),
        ("a ~ 'x'", 3, "gavo_match"),
        ("a && b", 3, "Write AND"),
    ],
)
def test_an_invalid_token_is_named_with_its_position(text, column, part):
    """Digest section 1, [X]: not ADQL, with a way out where there is one."""
    refused = error(text)

    assert (refused.line, refused.column) == (1, column)
    assert part in str(refused)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "text, part",
    [("a" * 1_000_001, "1000000 bytes"), ("'" + "λ" * 600_000 + "'", "1000000 bytes")]
    + [("a," * 100_001, "200000 words"), ("'\0'", "NUL"), ("'\ud800'", "Unicode")],
)
def test_texts_over_a_limit_are_refused(text, part):
    """Design section 4, limits: 1 MB and 200 000 tokens; PostgreSQL has neither NUL nor lone surrogates."""
    assert part in error(text).message


@pytest.mark.exhaustive
@given(st.text())
def test_any_text_is_tokens_or_a_clear_refusal(text):
    """Nothing but AdqlError leaves the lexer."""
    try:
        assert list(tokens(text))[-1].type == "end"
    except AdqlError as refused:
        assert refused.message.endswith(".")


@pytest.mark.parametrize(
    "name, published",
    [("a_id", "a_id"), ("startTime", "startTime"), ("size", '"size"'), ("a b", '"a b"')]
    + [('q"q', '"q""q"'), ("_x", '"_x"'), ("name", "name"), ("Value", '"Value"')],
)
def test_published_names_have_quotes_where_adql_needs_them(name, published):
    """SCH-4 and SCH-5: reserved and irregular names stand in quotes in TAP_SCHEMA."""
    assert published_name(name) == published
