"""CHAR(n): blanks at the end do not count in comparisons (SQL-92, section 8.2), but are there otherwise."""

import pytest

from tests.adql.lab import value

PADDED = "CAST(k_text AS CHAR(5))"


@pytest.mark.parametrize(
    "condition",
    [
        f"{PADDED} = 'one'",
        f"'one  ' = {PADDED}",
        f"{PADDED} = 'one             '",
        f"{PADDED} = k_text",
        f"{PADDED} = CAST('one' AS CHAR(9))",
        f"NOT {PADDED} <> 'one'",
        f"{PADDED} <= 'one' AND {PADDED} >= 'one'",
        f"NOT ({PADDED} > 'one' OR {PADDED} < 'one')",
        f"{PADDED} BETWEEN 'one' AND 'one'",
        f"k_text BETWEEN {PADDED} AND {PADDED}",
        f"{PADDED} IN ('two', 'one')",
        f"k_text IN ('two', {PADDED})",
        f"NOT {PADDED} NOT IN ('one')",
        f"{PADDED} IN (SELECT k_text FROM kinds)",
        f"k_text IN (SELECT {PADDED} FROM kinds)",
        f"k_text IN (SELECT {PADDED} FROM kinds UNION SELECT CAST('x' AS CHAR(5)) FROM kinds)",
        f"k_text IN (SELECT {PADDED} FROM kinds GROUP BY {PADDED})",
        f"CASE {PADDED} WHEN 'one' THEN 1 END = 1",
        f"NULLIF({PADDED}, 'one') IS NULL",
        f"NULLIF({PADDED}, 'two') || '.' = 'one  .'",
        f"LOWER({PADDED}) = 'one'",
        f"COALESCE({PADDED}, {PADDED}, 'x') = 'one'",
        f"CASE WHEN 1 = 1 THEN {PADDED} END = 'one'",
        f"{PADDED} || 'x' = 'one  x'",
        f"{PADDED} || 'x ' = 'one  x'",
        f"CAST({PADDED} AS VARCHAR) = 'one  '",
        f"CAST({PADDED} AS VARCHAR) <> 'one'",
        f"{PADDED} LIKE 'one  ' AND {PADDED} NOT LIKE 'one'",
        "CAST(k_text AS VARCHAR(5)) = 'one' AND k_text <> 'one '",
    ],
)
def test_the_shorter_text_is_padded_beside_a_char(ask, condition):
    """`CAST(c AS CHAR(5)) = 'one'` was false for 'one'."""
    assert ask(f"SELECT k_short FROM kinds WHERE k_short = 1 AND {condition}") == [(1,)]


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT x FROM (SELECT {PADDED} AS x FROM kinds) AS t WHERE x = 'one'",
        f"WITH w AS (SELECT {PADDED} AS x FROM kinds) SELECT x FROM w WHERE x = 'one'",
        f"SELECT k_text FROM (SELECT {PADDED} AS x FROM kinds) AS t JOIN kinds ON x = k_text WHERE x = 'one'",
        f"SELECT y FROM (SELECT {PADDED} AS k_text, 1 AS y FROM kinds) AS t NATURAL JOIN kinds"
        " WHERE k_short = 1",
        f"SELECT {PADDED} FROM kinds GROUP BY {PADDED} HAVING {PADDED} = 'one'",
        f"SELECT MAX({PADDED}) FROM kinds WHERE k_short = 1 HAVING MAX({PADDED}) = 'one'",
        f"SELECT x FROM (SELECT {PADDED} AS x FROM kinds UNION SELECT {PADDED} FROM kinds) AS t"
        " WHERE x = 'one'",
        f"SELECT 1 AS x FROM kinds AS k FULL JOIN (SELECT {PADDED} AS x FROM kinds) AS t ON x = k_text"
        " WHERE k_text = 'one'",
    ],
)
def test_a_column_made_by_such_a_cast_is_padded_too(ask, text):
    """Whatever subquery it comes from."""
    assert len(ask(text)) == 1


def test_the_blanks_are_there_in_results(ask):
    """ADQL 2.1, section 4.6: the value has exactly n characters."""
    assert value(ask, PADDED) == "one  "
    assert value(ask, f"({PADDED}) || '.'") == "one  ."
