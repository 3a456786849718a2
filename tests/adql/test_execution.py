"""The results of translated queries in PostgreSQL are those required by ADQL."""

import pytest

from provtap.adql import translate
from tests.adql.lab import LAB, fetch


def value(ask, expression):
    """Return the value of an expression over one row, as text."""
    ((cell,),) = ask(f"SELECT {expression} FROM kinds WHERE k_short = 1")
    return None if cell is None else str(cell)


@pytest.mark.parametrize(
    "expression, result",
    [("ABS(-3)", "3"), ("CEILING(1.2)", "2"), ("FLOOR(-1.2)", "-2"), ("EXP(0)", "1"), ("SQRT(16)", "4")]
    + [("LOG(EXP(2))", "2"), ("LOG10(1000)", "3"), ("POWER(2, 10)", "1024"), ("POWER(4, -0.5)", "0.5")]
    + [("MOD(5, 3)", "2"), ("MOD(5, -3)", "2"), ("MOD(-5.5, 2)", "-1.5"), ("PI()", "3.141592653589793")]
    + [("ROUND(2.5)", "3"), ("ROUND(-2.5)", "-3"), ("ROUND(2.345, 2)", "2.35"), ("ROUND(1250, -2)", "1300")]
    + [("TRUNCATE(2.9)", "2"), ("TRUNCATE(-2.987, 2)", "-2.98"), ("TRUNCATE(1299, -2)", "1200")]
    + [("DEGREES(PI())", "180"), ("RADIANS(180)", "3.141592653589793"), ("ATAN2(0, -1)", "3.141592653589793")]
    + [
        ("SIN(0)", "0"),
        ("COS(0)", "1"),
        ("TAN(0)", "0"),
        ("ASIN(0)", "0"),
        ("ACOS(1)", "0"),
        ("ATAN(0)", "0"),
    ]
    + [
        ("ROUND(COT(PI() / 4), 12)", "1"),
        ("ABS(NULL)", None),
        ("FLOOR(RAND())", "0"),
        ("FLOOR(RAND(7))", "0"),
    ]
    + [("ABS(k_int)", "10"), ("MOD(k_long, 7)", "2"), ("ROUND(k_double)", "2")],
)
def test_functions_have_the_values_of_adql(ask, expression, result):
    """ADQL 2.1, section 2.3; digest section 3."""
    assert value(ask, expression) == result


def test_rand_differs_by_row_and_lies_below_one(ask):
    """ADQL 2.1, section 2.3: between 0.0 and 1.0."""
    numbers = [float(cell) for (cell,) in ask("SELECT RAND() FROM kinds")]

    assert len(set(numbers)) == 3
    assert all(0 <= number < 1 for number in numbers)


@pytest.mark.parametrize(
    "expression, result",
    [("1 + 2 * 3", "7"), ("(1 + 2) * 3", "9"), ("10 - 3 - 2", "5"), ("12 / 2 / 3", "2"), ("2 - -1", "3")]
    + [("1 / 2", "0"), ("-7 / 2", "-3"), ("1.0 / 2", "0.5"), ("1 / 2e0", "0.5"), ("0.1 + 0.2", "0.3")]
    + [("-(-1)", "1"), ("+k_int", "10"), ("- k_int * 2", "-20"), ("k_short / 2", "0"), ("1e3", "1000")]
    + [("'it''s'", "it's"), ("'a\\b'", "a\\b"), ("'100%'", "100%"), ("NULL", None), ("'ü€'", "ü€")]
    + [("k_text || '-' || k_int", "one-10"), ("k_time || ''", "2026-01-01T12:00:00"), ("'a' || (NULL)", None)]
    + [("9223372036854775807", "9223372036854775807"), ("9223372036854775808", "9.223372036854776e+18")],
)
def test_expressions_have_the_value_adql_gives_them(ask, expression, result):
    """ADQL 2.1, sections 2.1.4 and 2.2; digest section 3: integer division is PostgreSQL's."""
    assert value(ask, expression) == result


@pytest.mark.parametrize(
    "condition, rows",
    [("k_int = 10", [1]), ("k_int <> 10", [2]), ("k_int != 10", [2]), ("k_int IS NULL", [3])]
    + [("k_int IS NOT NULL", [1, 2]), ("NOT k_int = 10", [2]), ("k_int = NULL", []), ("NOT (k_int > 5)", [])]
    + [
        ("k_int > 5 AND k_short < 2 OR k_short = 3", [1, 3]),
        ("k_int > 5 AND (k_short < 2 OR k_short = 3)", [1]),
    ]
    + [
        ("k_short BETWEEN 2 AND 3", [2, 3]),
        ("k_short NOT BETWEEN 2 AND 3", [1]),
        ("k_int IN (10, 20)", [1, 2]),
    ]
    + [("k_int NOT IN (10)", [2]), ("k_short IN (SELECT MAX(k_short) FROM kinds)", [3])]
    + [("k_int NOT IN (SELECT k_int FROM lab.other)", [2])]
    + [("EXISTS (SELECT 1 FROM lab.other o WHERE o.k_int = kinds.k_int)", [1])]
    + [("NOT EXISTS (SELECT 1 FROM lab.other WHERE other.k_int = kinds.k_int)", [2, 3])]
    + [
        ("k_text LIKE 'o_e'", [1]),
        ("k_text LIKE 'O%'", []),
        ("k_text LIKE '%\\%'", []),
        ("k_text LIKE '%o%'", [1, 2]),
    ]
    + [
        ("k_text NOT LIKE 'o%'", [2]),
        ("k_text = 'one'", [1]),
        ("k_double > 1e0", [1, 2]),
        ("k_float = 0.5", [1]),
    ]
    + [("k_time >= '2026-06-01'", [2]), ("k_time = '2026-06-01T00:00:00.250Z'", [2])]
    + [("k_time BETWEEN '2026-01-01' AND '2026-02-01 00:00:00'", [1]), ("'2026-03-01' < k_time", [2])]
    + [("k_time IN ('2026-01-01T12:00:00', '2026-01-02')", [1]), ("'x' = 'x' AND k_short = 1", [1])],
)
def test_conditions_choose_the_rows_of_adql(ask, condition, rows):
    """ADQL 2.1, section 2.2: comparison, BETWEEN, IN, EXISTS, LIKE without escape character, NULL."""
    found = ask(f"SELECT k_short FROM kinds WHERE {condition} ORDER BY k_short")

    assert [row[0] for row in found] == rows


@pytest.mark.parametrize(
    "text, rows",
    [
        ("SELECT a.k_int FROM lab.other a, kinds b WHERE a.k_int = b.k_int", [(10,)]),
        ("SELECT k_int, k_short FROM lab.other JOIN kinds USING (k_int)", [(10, 1)]),
        (
            "SELECT k_int, k_short FROM lab.other LEFT JOIN kinds USING (k_int) ORDER BY 1",
            [(10, 1), (30, None)],
        ),
        (
            "SELECT k_int, k_short FROM lab.other RIGHT JOIN kinds USING (k_int) ORDER BY k_short",
            [(10, 1), (20, 2), (None, 3)],
        ),
        (
            "SELECT k_int, k_short FROM lab.other FULL JOIN kinds USING (k_int) WHERE k_int > 0 ORDER BY 1",
            [(10, 1), (20, 2), (30, None)],
        ),
        ("SELECT k_int, k_short FROM lab.other NATURAL JOIN kinds", [(10, 1)]),
        (
            "SELECT 1 FROM lab.other o FULL JOIN kinds k ON o.k_int = k.k_int AND k.k_short > 1",
            5,
        ),
        ("SELECT 1 FROM lab.other NATURAL JOIN odd", 2),
        (
            "SELECT a.k_int FROM lab.other a LEFT JOIN (kinds b JOIN lab.other c ON b.k_int = c.k_int)"
            " ON a.k_int = b.k_int WHERE b.k_int IS NULL",
            [(30,)],
        ),
        (
            "SELECT q.n FROM (SELECT k_short + 1 AS n FROM kinds) AS q WHERE q.n > 2 ORDER BY n DESC",
            [(4,), (3,)],
        ),
        (
            'SELECT SIZE1.s, "Twice", TWICE FROM (SELECT "size" AS s, "Twice", twice FROM odd) AS size1',
            [(7, 2, 1)],
        ),
        ('SELECT "a b" || "q""q" AS x, startTime FROM odd', [("34", "2026-01-01T00:00:00")]),
    ],
)
def test_joins_and_derived_tables_have_the_rows_of_adql(ask, text, rows):
    """ADQL 2.1, section 2.2; digest section 2: USING merges columns, NATURAL too."""
    found = ask(text)

    assert (len(found) if isinstance(rows, int) else found) == rows


@pytest.mark.parametrize(
    "text, rows",
    [
        ("SELECT COUNT(*), COUNT(k_int), MIN(k_int), MAX(k_text) FROM kinds", [(3, 2, 10, "two%")]),
        ("SELECT SUM(k_int), AVG(k_int), SUM(k_short), AVG(k_short) FROM kinds", [(30, "15", 6, "2")]),
        ("SELECT COUNT(DISTINCT k_short - k_short), SUM(k_float) FROM kinds", [(1, "+Inf")]),
        ("SELECT MAX(k_time) FROM kinds", [("2026-06-01T00:00:00.25",)]),
        ("SELECT SUM(k_short) / 4 FROM kinds", [(1,)]),
        ("SELECT COUNT(*) FROM kinds WHERE k_short > 9", [(0,)]),
        (
            "SELECT k_short / 2 AS h, COUNT(*) AS n FROM kinds GROUP BY k_short / 2 ORDER BY n DESC, 1",
            [(1, 2), (0, 1)],
        ),
        ("SELECT k_short / 2 FROM kinds GROUP BY k_short / 2 HAVING COUNT(*) > 1", [(1,)]),
        ("SELECT MIN('a'), MAX(0.5), COUNT(NULL), MIN(NULL) FROM kinds", [("a", "0.5", 0, None)]),
        ("SELECT DISTINCT k_short / 2 AS h FROM kinds ORDER BY h", [(0,), (1,)]),
        ("SELECT 1 FROM kinds HAVING COUNT(*) = 3", [(1,)]),
        (
            "SELECT k_short - k_int - 1 FROM kinds GROUP BY k_short - k_int ORDER BY 1",
            [(-19,), (-10,), (None,)],
        ),
        ("SELECT k_short * 2 / 3 + 1 AS n FROM kinds GROUP BY k_short * 2 ORDER BY n", [(1,), (2,), (3,)]),
        (
            "SELECT COUNT(*) FROM kinds GROUP BY ivo_hasword(k_text, 'one')"
            " HAVING ivo_hasword(k_text, 'one') = 1 OR 0 = ivo_hasword(k_text, 'one')",
            [(1,), (1,)],
        ),
        (
            "SELECT CASE WHEN gavo_match('o', k_text) = 1 THEN 'yes' END AS c, COUNT(*) FROM kinds"
            " GROUP BY gavo_match('o', k_text) ORDER BY c",
            [("yes", 2), (None, 1)],
        ),
        (
            "SELECT COUNT(*) FROM sky GROUP BY DISTANCE(s_ra, s_dec, 10, 20)"
            " HAVING DISTANCE(s_ra, s_dec, 10, 20) < 1",
            [(1,)],
        ),
    ],
)
def test_groups_have_the_values_of_adql(ask, text, rows):
    """ADQL 2.1, section 2.2; digest section 3, result types."""
    assert ask(text) == rows


@pytest.mark.parametrize(
    "text, rows",
    [
        ("SELECT TOP 2 k_short FROM kinds ORDER BY k_short DESC", [3, 2]),
        ("SELECT TOP 0 k_short FROM kinds", []),
        ("SELECT TOP 99999999999999999999 k_short FROM kinds ORDER BY 1", [1, 2, 3]),
        ("SELECT k_short FROM kinds ORDER BY k_short OFFSET 2", [3]),
        ("SELECT TOP 1 k_short FROM kinds ORDER BY k_short OFFSET 1", [2]),
        ("SELECT k_short FROM kinds ORDER BY k_short OFFSET 99999999999999999999", []),
        ("SELECT k_short AS n FROM kinds ORDER BY -n", [3, 2, 1]),
        ("SELECT k_short FROM kinds ORDER BY kinds.k_text, 'x'", [1, 2, 3]),
        ("SELECT k_short FROM kinds GROUP BY k_short, -1 ORDER BY -1, -(-(2)), k_short", [1, 2, 3]),
        ("(SELECT TOP 2 k_short FROM kinds ORDER BY k_short DESC) ORDER BY k_short", [2, 3]),
        (
            "SELECT k_short FROM kinds k WHERE k_short IN (SELECT TOP 1 k_short FROM kinds ORDER BY 1 DESC)",
            [3],
        ),
    ],
)
def test_order_top_and_offset_choose_the_rows_of_adql(ask, text, rows):
    """ADQL 2.1, sections 2.2 and 4.9: OFFSET after ORDER BY and before TOP."""
    assert [row[0] for row in ask(text)] == rows


def test_copy_gives_one_row_more_than_maxrec(ask):
    """TAP 1.1, section 2.7.4: an additional row reveals an overflow; TOP below MAXREC has none."""
    assert len(ask("SELECT k_int FROM kinds", maxrec=1)) == 2
    assert len(ask("SELECT TOP 1 k_int FROM kinds", maxrec=1)) == 1


def test_cells_have_the_form_of_dali(ask):
    """MAP-7 and VOT-7: T in timestamps, +Inf, -Inf and NaN for numbers."""
    found = ask("SELECT k_float, k_double, k_time FROM kinds ORDER BY k_short")

    assert found[0] == ("0.5", "1.5", "2026-01-01T12:00:00")
    assert found[1] == ("+Inf", "NaN", "2026-06-01T00:00:00.25")
    assert found[2] == (None, "-Inf", None)


SENT = {"short": "smallint", "int": "integer", "long": "bigint", "float": "real"} | {
    "double": "double precision",
    "char": "text",
}


@pytest.mark.parametrize(
    "items",
    [
        "k_short, k_int, k_long, k_float, k_double, k_text",
        "k_short + k_short, k_short * k_int, k_int - k_long",
    ]
    + ["k_float + k_float, k_float * 2, k_int / 2.0, -k_short, 2147483648, 1e3, NULL, 'a'"]
    + ["SUM(k_short), SUM(k_long), SUM(k_float), AVG(k_int), MIN(k_short), MAX(k_double), COUNT(*), MIN(1.5)"]
    + ["ABS(k_int), ROUND(k_float), MOD(k_int, 3), PI(), RAND(), k_text || k_int"],
)
def test_the_type_declared_is_the_type_sent(lab, items):
    """D5: every output column is cast to the type of its FIELD."""
    statement = translate(f"SELECT {items} FROM kinds WHERE k_short = 1", LAB)
    types = ", ".join(f"pg_typeof(c{n})::text" for n in range(1, len(statement.columns) + 1))
    (sent,) = fetch(lab, f"SELECT {types} FROM ({statement.sql}) AS q")

    assert list(sent) == [SENT[column.datatype] for column in statement.columns]


def test_timestamps_and_select_only_types_are_sent_unchanged(lab):
    """D5; digest section 3: no operator applies to a boolean or an array, but they can be selected."""
    (sent,) = fetch(lab, translate("SELECT k_time, k_flag, k_array FROM kinds WHERE k_short = 1", LAB).sql)

    assert sent[0].isoformat() == "2026-01-01T12:00:00"
    assert sent[1:] == (True, [1.0, 2.0])


@pytest.mark.parametrize(
    "text",
    ["SELECT " + "k_short + " * 2_500 + "1 FROM kinds", "SELECT 'a'" + " || k_text" * 4_999 + " FROM kinds"]
    + ["SELECT 1 FROM kinds WHERE " + " OR ".join(["k_short = 9"] * 5_000)]
    + ["SELECT 1 FROM kinds WHERE k_short IN (" + ", ".join(["9"] * 5_000) + ")"]
    + ["SELECT " + ", ".join(["k_short"] * 1_600) + " FROM kinds ORDER BY k_short"]
    + ["SELECT 1 FROM kinds WHERE " + "EXISTS (SELECT 1 FROM kinds WHERE " * 100 + "1 = 1" + ")" * 100],
)
def test_postgresql_runs_queries_at_the_limits(ask, text):
    """Design section 4, limits: no query within them runs into PostgreSQL's stack or column limit."""
    assert len(ask(text)) <= 3


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE lab.kinds; --", "\\'; SELECT 1 --", "$$x$$", "%s %(a)s", "E'\\n'", "\u2019"]
)
def test_a_text_literal_remains_a_text(ask, name):
    """COPY takes no parameters: the one quoting function must hold."""
    quoted = "'" + name.replace("'", "''") + "'"

    assert value(ask, quoted) == name
