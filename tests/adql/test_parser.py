"""What is ADQL 2.1 and what is not (BNF; digest sections 2 and 3)."""

import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provtap.adql import parse
from provtap.adql.syntax.reserved import RESERVED
from provtap.errors import AdqlError


def refusal(text):
    with pytest.raises(AdqlError) as caught:
        parse(text)
    return str(caught.value)


@pytest.mark.parametrize(
    "text, words",
    [
        ("SELECT time FROM t", "time is a reserved word of ADQL; expected a column or an expression."),
        ("SELECT a AS Value FROM t", 'write it as "value" in double quotes'),
        ("SELECT a AS distance FROM t", 'write it as "distance" in double quotes'),
        ("SELECT FROM t", "Expected a column or an expression, found FROM. (line 1, column 8)"),
        ("SELECT a", "Expected FROM, found the end of the query. (line 1, column 9)"),
        ("SELECT a FROM t LIMIT 5", "ADQL has no LIMIT. (line 1, column 17) Write SELECT TOP 5."),
        ("SELECT a FROM t JOIN u", "This JOIN needs ON or USING."),
        (
            "SELECT ABS(SELECT a FROM t) FROM t",
            "A subquery as an argument needs brackets of its own: ((SELECT",
        ),
        ("SELECT LEFT(a, 3) FROM t", "Write SUBSTRING(text, 1, length)."),
        (
            "SELECT a FROM t WHERE (a, b) IN (SELECT c, d FROM u)",
            "ADQL has no rows as values: compare column",
        ),
        ("SELECT a FROM t WHERE a IS NOT 'x'", "Write <> to compare with a value."),
        (
            "SELECT a FROM t WHERE a > CURRENT_TIMESTAMP - INTERVAL '1 day'",
            "ivo_to_mjd(CURRENT_TIMESTAMP) - 1.",
        ),
        ("SELECT a FROM t CROSS u", "Expected JOIN, found u. (line 1, column 23)"),
        ("SELECT a FROM t WHERE a LIKE 'x' ESCAPE b", "Expected a text in single quotes, found b."),
        ("SELECT SUBSTRING(a) FROM t", "SUBSTRING takes a text, a start and, optionally, a length."),
        ("SELECT a FROM t WHERE a", "Expected a condition, found a value. (line 1, column 23)"),
        ("SELECT a + (b = 1) FROM t", "In ADQL a condition is not a value. (line 1, column 15)"),
        ("SELECT sqr(a) FROM t", "Unknown function sqr. (line 1, column 8) Did you mean SQRT?"),
        ("SELECT a FROM (SELECT a FROM t)", "A subquery used as a table needs a name."),
        ("SELECT a FROM t WHERE a = ANY (SELECT b FROM u)", "Write IN (SELECT ...) or EXISTS (SELECT ...)."),
        (
            "SELECT a FROM t WHERE a REGEXP 'x'",
            "ADQL has no REGEXP. (line 1, column 25) Write 1 = gavo_match(",
        ),
        ("SELECT a FROM t WHERE NOT a SIMILAR TO 'x'", "ADQL has no SIMILAR."),
        ("SELECT a FROM t WHERE a BETWEEN SYMMETRIC 2 AND 1", "Write the smaller bound before AND."),
        ("SELECT a FROM t WHERE a IS NOT DISTINCT FROM b", "a = b OR a IS NULL AND b IS NULL"),
        ("SELECT a FROM t, LATERAL (SELECT b FROM u) AS v", "Join the subquery with ON."),
        ("SELECT TOP (5) a FROM t", "Write TOP n without brackets."),
        ("SELECT DISTINCT ON (a) b FROM t", "GROUP BY the columns that must differ"),
        ("SELECT a AS 'x' FROM t", 'Write texts in single quotes, names in double quotes: "x".'),
        (
            "DESCRIBE t",
            "A query starts with SELECT or WITH, not with DESCRIBE. (line 1, column 1) TAP_SCHEMA.tables",
        ),
        ("EXPLAIN SELECT a FROM t", "A query starts with SELECT or WITH, not with EXPLAIN."),
        ("SELECT EXTRACT(YEAR FROM a) FROM t", "Compare timestamps"),
        ("SELECT GREATEST(a, b) FROM t", "Write CASE WHEN a > b THEN a ELSE b END."),
        ("SELECT MEDIAN(a) FROM t", "The set functions are COUNT, SUM, AVG, MIN, MAX."),
        ("SELECT scisql_angSep(a, b, 1, 2) FROM t", "Write DISTANCE(lon1, lat1, lon2, lat2)"),
        ("SELECT scisql_nanojanskyToAbMag(a) FROM t", "The capabilities of the service list its functions."),
        ("SELECT gaia_healpix_index(8, a) FROM t", "Unknown function gaia_healpix_index. (line 1, column 8)"),
        ("SELECT CEIL(a) FROM t", "Write CEILING(x)."),
        ("SELECT a FROM t ORDER BY a UNION SELECT a FROM u", "Expected the end of the query, found UNION."),
        (
            "SELECT a FROM (WITH x AS (SELECT a FROM t) SELECT a FROM x) AS y",
            "WITH is only allowed at the beginning",
        ),
        ("WITH x (b) AS (SELECT a FROM t) SELECT a FROM x", "A common table has no list of column names."),
        (
            "SELECT CAST(a AS FLOAT) FROM t",
            "CAST cannot convert to FLOAT. (line 1, column 18) Write CAST(... AS DOUBLE",
        ),
        (
            "SELECT CAST(a AS DOUBLE) FROM t",
            "CAST cannot convert to DOUBLE. (line 1, column 18) Write CAST(... AS DOUBLE",
        ),
        ("SELECT CAST(a AS INT) FROM t", "Write CAST(... AS INTEGER)."),
        ("SELECT CAST(a AS TEXT) FROM t", "Write CAST(... AS VARCHAR)."),
        ("SELECT CAST(a AS DATETIME) FROM t", "Write CAST(... AS TIMESTAMP)."),
        ("SELECT CAST(a AS BOOLEAN) FROM t", "Write CAST(... AS SMALLINT)."),
        ("SELECT CAST(a AS JSON) FROM t", "It can convert to SMALLINT, INTEGER, BIGINT,"),
        ("SELECT a || NULL FROM t", "|| joins texts; this is NULL. (line 1, column 13)"),
        ("SELECT POINT(1, 2) || 'a' FROM t", "|| joins texts; this is a geometry."),
        ("SELECT 1 + b || c FROM t", "Arithmetic needs numbers; this is text joined by ||."),
        ("SELECT SUM(*) FROM t", "SUM takes one value; only COUNT takes *."),
        (
            "SELECT CIRCLE('ICRS', 1) FROM t",
            "CIRCLE takes a longitude, a latitude and a radius, or a point and",
        ),
        ("SELECT ROUND(a, b) FROM t", "ROUND takes a number and, optionally, a number of decimals"),
        ("SELECT a FROM t WHERE MOD(a) = 1", "MOD takes two numbers. (line 1, column 23)"),
        ("SELECT a.b.c.d.e FROM t", "at most 4 parts (catalogue, schema, table, column), not 5."),
        ("SELECT a FROM t ORDER BY a LIMIT 5", "ADQL has no LIMIT. (line 1, column 28) Write SELECT TOP n."),
        ("SELECT a FROM t WHERE a == 1", "found =. (line 1, column 26) Write a single = for equality."),
        ("SELECT a, FROM t", "found FROM. (line 1, column 11) Is the comma before it superfluous?"),
        ("SELECT a FROM t WHERE a = 'it's'", "found s. (line 1, column 31) Write a quote inside a text"),
        ("SELECT TOP 5 DISTINCT a FROM t", "Write DISTINCT before TOP."),
        ("SELECT a FROM t WHERE (a = 1", "This bracket is not closed. (line 1, column 23)"),
        (
            "SELECT a FROM t WHERE CONTAINS(p, q)",
            "Expected a condition, found a value. (line 1, column 23) Compare its result with 1 or 0.",
        ),
        ("SELECT MAX(a, b) FROM t", "MAX takes one value."),
        ("SELECT a AS order FROM t", "order is a reserved word of ADQL; expected a name."),
        (
            "WITH RECURSIVE x AS (SELECT a FROM t) SELECT a FROM x",
            "ADQL has no RECURSIVE. (line 1, column 6) Use provenance.lin",
        ),
        ("SELECT a FORM t", "Expected FROM, found t. (line 1, column 15) Did you mean FROM instead of FORM?"),
        ("SELECT a FROM t WEHRE a = 1", "found a. (line 1, column 23) Did you mean WHERE instead of WEHRE?"),
        (
            "SELECT a FROM t x JION u y ON x.a = y.a",
            "found JION. (line 1, column 19) Did you mean JOIN instead of JION?",
        ),
        ("SELECT a FROM t ODER BY a", "found BY. (line 1, column 22) Did you mean ORDER instead of ODER?"),
        ("SELECT a FROM t WHERE a >= ALL (SELECT a FROM u)", "ADQL has no comparison with ALL: write NOT EX"),
        ("SELECT a FROM t MINUS SELECT a FROM u", "ADQL has no MINUS. (line 1, column 17) Write EXCEPT."),
        ("SELECT a FROM t UNION DISTINCT SELECT a FROM u", "UNION without ALL removes duplicate rows."),
        ("SELECT COUNT(a) OVER (ORDER BY a) FROM t", "ADQL has no OVER. (line 1, column 17)"),
        ("SELECT a FROM t ORDER BY a NULLS LAST", "NULL is sorted last, with DESC first."),
        (
            "SELECT a FROM t, WHERE a = 1",
            "found WHERE. (line 1, column 18) Is the comma before it superfluous",
        ),
        (
            "SELECT a FROM t AS where",
            "where is a reserved word of ADQL; expected a name. (line 1, column 20)",
        ),
        (
            "SELECT a FROM (SELECT b FROM u ORDER BY b WHERE b = 1) AS t",
            "The order is FROM, WHERE, GROUP BY,",
        ),
        ("SELECT a FROM t TOP 5", "found TOP. (line 1, column 17) Write TOP after SELECT or SELECT DIST"),
        ("SELECT a FROM t, u ON t.a = u.a", "found ON. (line 1, column 20) ON belongs to a JOIN."),
        ("SELECT a FROM t OFFSET 5 ORDER BY a", "The order is FROM, WHERE, GROUP BY, HAVING, ORDER BY, OFF"),
        ("SELECT a INTO b FROM t", "Queries can only read; they cannot use INTO."),
        (
            "SELECT a FROM t WHERE a > DATE '2026-01-01'",
            "Write a timestamp as a plain text, '2026-01-31T12:00:00'.",
        ),
        ("SELECT a FROM t WHERE a = :b", "A colon has no meaning in ADQL. (line 1, column 27)"),
        ("WITH x AS SELECT a FROM t SELECT a FROM x", "Expected (, found SELECT. (line 1, column 11)"),
        ("SELECT CONCAT(a, b) FROM t", "Unknown function CONCAT. (line 1, column 8) Join texts with ||."),
        ("SELECT IFNULL(a, b) FROM t", "Unknown function IFNULL. (line 1, column 8) Write COALESCE(a, b)."),
        ("DELETE FROM t", "Queries can only read; they cannot use DELETE."),
    ],
)
def test_a_syntax_error_names_the_expected_token(text, words):
    """Design section 2, errors: what is wrong, where, and the way out."""
    assert words in refusal(text)


def test_chains_of_any_length_are_one_node():
    """Length costs no depth: 5 000 conditions are one AND."""
    condition = parse("SELECT a FROM t WHERE " + " AND ".join(["a = 1"] * 5_000)).body.where

    assert len(condition.operands) == 5_000


def test_and_binds_tighter_than_or_and_not_tightest():
    """BNF, <search_condition>, <boolean_term>, <boolean_factor>."""
    condition = parse("SELECT a FROM t WHERE a = 1 OR NOT b = 2 AND c = 3").body.where

    assert condition.operator == "OR"
    assert condition.operands[1].operator == "AND"
    assert condition.operands[1].operands[0].operand.operator == "="


def test_multiplication_binds_tighter_than_addition():
    """BNF, <numeric_value_expression>, <term>."""
    value = parse("SELECT a - b * c + d FROM t").body.items[0].value

    assert value.operators == ("-", "+")
    assert value.operands[1].operators == ("*",)


@pytest.mark.parametrize("opening, closing", [("(", ")"), ("abs(", ")"), ("(SELECT a FROM ", ") AS x")])
def test_a_hundred_levels_are_enough_and_more_are_refused(opening, closing):
    """Design section 4, limits: nesting 100 levels."""
    start, core = ("SELECT a FROM ", "t") if "SELECT" in opening else ("SELECT ", "a")
    end = "" if "SELECT" in opening else " FROM t"

    assert parse(start + opening * 100 + core + closing * 100 + end)
    assert "nested more than 100 levels" in refusal(start + opening * 10_000)


def test_no_hint_is_better_than_a_wrong_one():
    """WHERE comes neither too late here nor is it a name."""
    assert refusal("SELECT a FROM t JOIN WHERE a = 1") == "Expected a name, found WHERE. (line 1, column 22)"


@pytest.mark.parametrize(
    "text",
    ["SELECT a FROM t WHERE " + "a=1 AND " * 5_001 + "a=1"]
    + ["SELECT a FROM t WHERE a IN (" + "b," * 5_000 + "1)", "SELECT " + "a," * 5_000 + "a FROM t"]
    + ["SELECT a FROM t" + ", t" * 5_000, "SELECT a FROM t" + " JOIN t USING (a)" * 5_001]
    + ["SELECT a" + "||'b'" * 5_000 + " FROM t"],
)
def test_longer_chains_are_refused(text):
    """Design section 4, limits: 5 000 members of a chain."""
    assert "has more than 5000 members." in refusal(text)


@pytest.mark.parametrize(
    "value",
    ["1+" * 100_000 + "1", "a" + "*a" * 2_501, "(" * 51 + "a" + ("+a" * 50 + ")") * 51]
    + ["(1+" * 90 + "CASE WHEN a" + "+a" * 2_500 + "=1 THEN 1 END" + ")" * 90],
)
def test_arithmetic_that_is_too_deep_for_postgresql_is_refused(value):
    """Design section 4, limits: 2 500 operations on top of each other, in brackets or not."""
    assert "more than 2500 nested arithmetic operations" in refusal(f"SELECT {value} FROM t")


def test_arithmetic_side_by_side_is_not_deep():
    """Only operations on the results of others count."""
    assert parse("SELECT a FROM t WHERE (" + " OR ".join(["a + b + c = 1"] * 2_000) + ")").body.where


def test_import_does_not_change_the_process():
    """How deep Python may call is a limit of the whole process: only who parses a query raises it."""
    deep = f"SELECT {'(' * 90}1{')' * 90} FROM t"
    code = f"import sys, provtap.adql; print(sys.getrecursionlimit()); provtap.adql.parse({deep!r})"

    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert made.stdout == "1000\n"


def test_nesting_needs_no_deep_thread():
    """A worker thread of the web server parses what the main thread parses."""
    found = []
    text = "SELECT a FROM t WHERE " + "NOT (a = 1 OR (" * 50 + "a = 2" + "))" * 50
    thread = threading.Thread(target=lambda: found.append(parse(text)))
    thread.start()
    thread.join()

    assert found


SOUP = st.sampled_from(
    sorted(RESERVED) + list("().,*+-/=<>;") + ["||", "<>", "a", "t", '"q"', "'s'", "1", "2.5", "1e3", "ivo_x"]
)


@given(st.lists(SOUP, max_size=40))
def test_any_soup_of_words_is_a_query_or_a_clear_refusal(words):
    """Nothing but AdqlError leaves the parser."""
    try:
        assert parse(" ".join(words)).body.items
    except AdqlError as refused:
        assert refused.message.endswith(".")


@given(st.lists(SOUP, max_size=20))
def test_a_query_with_soup_in_it_is_a_query_or_a_clear_refusal(words):
    """The same past the first words, where more rules meet."""
    try:
        assert parse(f"SELECT a FROM t WHERE {' '.join(words)}").body.items
    except AdqlError as refused:
        assert refused.line is not None
