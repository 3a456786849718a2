"""The conditions of a query, each alone."""

import pytest

from provtap.adql import translate
from provtap.adql.syntax.alone import conditions


@pytest.mark.parametrize(
    "where, parts",
    [
        ("e_id = 'a' AND e_name = 'b'", ["e_id = 'a'", "e_name = 'b'"]),
        (
            "(e_id = 'a' OR e_id = 'b')\n  AND e_name = 'x AND y'",
            ["(e_id = 'a' OR e_id = 'b')", "e_name = 'x AND y'"],
        ),
        ("e_id BETWEEN 'a' AND 'b' AND e_name = 'c'", ["e_id BETWEEN 'a' AND 'b'", "e_name = 'c'"]),
        (
            "CASE WHEN e_id = 'a' AND e_name = 'b' THEN 1 ELSE 2 END = 1 AND e_id = 'c' ORDER BY e_id",
            ["CASE WHEN e_id = 'a' AND e_name = 'b' THEN 1 ELSE 2 END = 1", "e_id = 'c'"],
        ),
        (
            "NOT e_id = 'a' AND EXISTS (SELECT 1 AS o FROM provenance.used WHERE u_role = 'x' AND 1 = 1)",
            [
                "NOT e_id = 'a'",
                "EXISTS (SELECT 1 AS o FROM provenance.used WHERE u_role = 'x' AND 1 = 1)",
            ],
        ),
        (
            "e_id = 'a' -- AND not this\nAND e_name = 'b' -- nor this",
            ["e_id = 'a' -- AND not this", "e_name = 'b'"],
        ),
        ("e_id = 'a'", []),
        ("e_id = 'a' AND e_name = 'b' OR e_name = 'c'", []),
        ("e_id = 'a' AND e_name = 'b' UNION SELECT u_entity_id FROM provenance.used", []),
    ],
)
def test_each_condition_alone_is_a_query(where, parts, tableset):
    found = conditions(f"SELECT e_id FROM provenance.entity WHERE {where}")

    assert [condition.text.removesuffix("-- nor this").strip() for condition in found] == parts
    for condition in found:
        translate(condition.query, tableset)


@pytest.mark.parametrize(
    "text", ["SELECT", "SELECT 'a", "WHERE AND", "SELECT a FROM t WHERE AND AND", ")", ""]
)
def test_an_invalid_query_has_no_conditions(text):
    assert all(not condition.text for condition in conditions(text))
