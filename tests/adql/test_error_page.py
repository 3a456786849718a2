"""The page about errors shows the actual messages."""

import re

import pytest

from provtap.adql import translate
from provtap.adql.plan import extents, lengths, literals
from provtap.adql.semantics import casts, joins, selects
from provtap.adql.syntax import cursor, lexer
from provtap.adql.syntax import values as value_rules
from provtap.errors import AdqlError
from tests.documents import ROOT

PAGE = (ROOT / "docs/reference/adql-errors.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```adql\n((?:[^`].*\n)+)```\n\n> (.*)$", PAGE, re.MULTILINE)


def test_the_page_shows_ten_wrong_queries():
    """Issue 3, "Must show"."""
    assert len(EXAMPLES) == PAGE.count("```adql") >= 10


@pytest.mark.parametrize("query, message", EXAMPLES)
def test_the_page_shows_the_actual_messages(tableset, query, message):
    """Issue 3, part 7: one sentence, line and column, the nearest name, the hint."""
    with pytest.raises(AdqlError) as caught:
        translate(query, tableset)

    assert str(caught.value) == message


def test_the_limits_shown_are_those_kept():
    """Design section 4, limits: all published."""
    shown = [int(number) for number in re.findall(r"^\|.*\| (\d+) \|$", PAGE, re.MULTILINE)]

    assert shown == [
        lexer.TEXT_LIMIT,
        lexer.TOKEN_LIMIT,
        cursor.NESTING_LIMIT,
        cursor.CHAIN_LIMIT,
        value_rules.ARITHMETIC_LIMIT,
        joins.TABLE_LIMIT,
        extents.JOIN_LIMIT,
        joins.COLUMN_LIMIT,
        extents.LINK_LIMIT,
        joins.LINEAGE_LIMIT,
        selects.OUTPUT_LIMIT,
        extents.SIZE_LIMIT,
        casts.LENGTH_LIMIT,
        lengths.CHARACTER_LIMIT,
        lengths.JOINED_LIMIT,
        literals.DIGITS_LIMIT,
    ]
