"""What this service takes beyond ADQL 2.1, because published queries use it."""

from datetime import UTC, date, datetime

import psycopg2
import pytest

from provtap.adql import parse, translate
from provtap.adql.syntax.extensions import Extension
from provtap.database.failures import query_failure
from provtap.errors import AdqlError
from tests.adql.grammar import corpus, queries
from tests.adql.lab import LAB, fetch, value


def names(text):
    """Return the names of the output columns."""
    return [column.name for column in translate(text, LAB).columns]


def refusal(text):
    """Return what is wrong with a query."""
    with pytest.raises(AdqlError) as caught:
        translate(text, LAB)
    return str(caught.value)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("SELECT *, k_int + 1 AS n FROM lab.other", ["k_int", "n"]),
        ("SELECT k_int + 1 AS n, * FROM lab.other", ["n", "k_int"]),
        ("SELECT TOP 1 *, DISTANCE(s_point, POINT(1, 2)) AS d FROM sky ORDER BY d", None),
        ("SELECT *, o.*, * FROM lab.other AS o", ["k_int"] * 3),
        ("SELECT 1 AS a, *, 2 AS b FROM lab.other AS o NATURAL JOIN lab.other AS p", ["a", "k_int", "b"]),
        ("SELECT x FROM (SELECT *, k_int AS x FROM lab.other) AS t", ["x"]),
    ],
)
def test_an_asterisk_stands_beside_other_columns(ask, text, expected):
    """Gaia's, Rubin's and ESO's examples: `SELECT *, expression`."""
    assert ask(text)
    assert expected is None or names(text) == expected


@pytest.mark.parametrize(
    "text, rows",
    [
        (
            "SELECT k_short / 2 AS half, COUNT(*) AS n FROM kinds GROUP BY half ORDER BY half",
            [(0, 1), (1, 2)],
        ),
        ("SELECT LOWER(k_text) AS t FROM kinds WHERE k_short < 2 GROUP BY T", [("one",)]),
        ('SELECT k_short AS "a B" FROM kinds WHERE k_short < 2 GROUP BY "a B"', [(1,)]),
        ("SELECT k_short AS a, k_short AS a FROM kinds WHERE k_short < 2 GROUP BY a", [(1, 1)]),
        # the column of the table goes before
        ("SELECT k_short AS k_int, COUNT(*) FROM kinds WHERE k_short < 2 GROUP BY k_int, k_short", [(1, 1)]),
        ("SELECT 7 AS seven, COUNT(*) FROM kinds GROUP BY seven", [(7, 3)]),
        # a name of an outer query does not
        (
            "SELECT k_short FROM kinds WHERE k_short < 2 AND EXISTS"
            " (SELECT o.k_int AS k_text FROM lab.other AS o GROUP BY k_text)",
            [(1,)],
        ),
        (
            "SELECT CASE WHEN k_short < 3 THEN 'low' ELSE 'high' END AS c, MAX(k_short) FROM kinds GROUP BY c"
            " ORDER BY c",
            [("high", 3), ("low", 2)],
        ),
    ],
)
def test_an_output_column_is_grouped_by_under_its_name(ask, text, rows):
    """As in PostgreSQL: a column of a table of this SELECT first, then an output column."""
    assert ask(text) == rows


@pytest.mark.parametrize(
    "text, words",
    [
        ("SELECT k_short AS k_int FROM kinds GROUP BY k_int", "k_short has several values in a group."),
        (
            "SELECT COUNT(*) AS n FROM kinds GROUP BY n",
            "COUNT cannot be used in GROUP BY. (line 1, column 8)",
        ),
        ("SELECT k_int AS a, k_long AS a FROM kinds GROUP BY a", "Several output columns have the name a."),
        (
            "SELECT k_int AS a FROM kinds GROUP BY a + 1",
            "a is an output column; only GROUP BY and ORDER BY",
        ),
        ("SELECT k_int AS a FROM kinds GROUP BY kinds.a", "Unknown column a in lab.kinds."),
        ("SELECT 1 AS a FROM kinds GROUP BY b", "Unknown column b in lab.kinds."),
        ("SELECT *, COUNT(*) FROM kinds", "k_short has several values in a group."),
    ],
)
def test_a_name_of_an_output_column_in_an_expression_is_reported(text, words):
    """In expressions, a name is a column of a table."""
    assert words in refusal(text)


def test_two_tables_of_one_name_are_named():
    """The message was "a may mean a and a"."""
    message = refusal("SELECT a.k_int FROM kinds AS a, lab.other AS a WHERE a.k_int = 1")

    assert message.startswith("Two tables of this query have the name a. (line 1, column 33)")
    assert "may mean" not in message
    joined = refusal("SELECT 1 FROM kinds AS a JOIN lab.other AS a ON a.k_int = a.k_int")
    assert joined.startswith("Two tables of this query have the name a.") and "may mean" not in joined


@pytest.mark.parametrize(
    "expression, datatype, cell",
    [
        ("CASE WHEN 1 = 1 THEN k_int ELSE k_double END", "double", "10"),
        ("CASE WHEN 1 = 2 THEN k_int ELSE k_double END", "double", "1.5"),
        ("CASE k_int WHEN 10 THEN k_short WHEN 20 THEN k_long END", "long", "1"),
        ("COALESCE(k_int, k_long)", "long", "10"),
        ("COALESCE(k_int, 2.5)", "double", "10"),
        ("COALESCE(k_short, 40000)", "int", "1"),
        ("COALESCE(k_short, 4)", "short", "1"),
        ("COALESCE(k_float, 2.5)", "float", "0.5"),
        ("COALESCE(NULLIF(k_int, 10), k_float)", "double", "0.5"),
        ("COALESCE(k_int + 16777207, k_float)", "double", "16777217"),
        ("COALESCE(NULL, k_int, k_double)", "double", "10"),
        ("NULLIF(k_int, k_double)", "int", "10"),
    ],
)
def test_numbers_of_several_types_get_a_common_type(ask, expression, datatype, cell):
    """PostgreSQL would make a real of an integer and a real: 16777217 would become 16777216."""
    (column,) = translate(f"SELECT {expression} FROM kinds", LAB).columns

    assert column.datatype == datatype
    assert float(value(ask, expression)) == float(cell)


# Subqueries as values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, rows",
    [
        (
            "SELECT k_short, (SELECT MAX(k_int) FROM lab.other) AS m FROM kinds WHERE k_short < 3",
            [(1, 30), (2, 30)],
        ),
        (
            "SELECT k_short, (SELECT o.k_int FROM lab.other AS o WHERE o.k_int = k.k_int) FROM kinds AS k"
            " ORDER BY k_short",
            [(1, 10), (2, None), (3, None)],
        ),
        ("SELECT k_short FROM kinds WHERE k_int = (SELECT MIN(k_int) FROM lab.other)", [(1,)]),
        ("SELECT k_short FROM kinds WHERE (SELECT MAX(k_int) FROM lab.other) - 10 <= k_int", [(2,)]),
        (
            "SELECT k_short FROM kinds WHERE k_int BETWEEN 1 AND (SELECT 10 FROM lab.other WHERE k_int = 30)",
            [(1,)],
        ),
        ("SELECT k_short FROM kinds WHERE k_int IN ((SELECT MIN(k_int) FROM lab.other), 20)", [(1,), (2,)]),
        (
            "SELECT k_short FROM kinds WHERE k_int IN (((SELECT MIN(k_int) FROM lab.other) UNION"
            " (SELECT 20 AS n FROM sky)))"
            " ORDER BY 1",
            [(1,), (2,)],
        ),
        (
            "SELECT k_short FROM kinds AS k ORDER BY (SELECT o.k_int FROM lab.other AS o WHERE"
            " o.k_int = k.k_int),"
            " k_short DESC",
            [(1,), (3,), (2,)],
        ),
        ("SELECT COUNT(*) FROM kinds GROUP BY (SELECT 1 FROM lab.other WHERE k_int = 10)", [(3,)]),
        (
            "SELECT k_short, COUNT(*) FROM kinds GROUP BY k_short HAVING k_short = (SELECT TOP 1"
            " s_id FROM sky WHERE s_id"
            " = k_short AND s_id = 2)",
            [(2, 1)],
        ),
        ("SELECT SUM((SELECT MAX(s_id) FROM sky WHERE s_id <= k_short)) FROM kinds", [(6,)]),
        (
            "SELECT k.k_short FROM kinds AS k JOIN lab.other AS o ON o.k_int = (SELECT MAX(k_int) FROM"
            " lab.other) AND"
            " k.k_short = 1",
            [(1,)],
        ),
        (
            "SELECT COALESCE((SELECT k_int FROM lab.other WHERE 1 = 2), 7) FROM kinds WHERE k_short = 1",
            [(7,)],
        ),
        ("SELECT (SELECT 'a' FROM sky WHERE s_id = 1) || k_text FROM kinds WHERE k_short = 1", [("aone",)]),
        (
            "WITH q AS (SELECT (SELECT MAX(s_id) FROM sky) AS m FROM kinds) SELECT DISTINCT m,"
            " (SELECT COUNT(*) FROM q)"
            " AS n FROM q",
            [(3, 3)],
        ),
        (
            "SELECT s_id FROM sky WHERE 1 = CONTAINS(POINT(s_ra, s_dec), CIRCLE((SELECT s_ra FROM sky"
            " WHERE s_id = 2), 22,"
            " 1))",
            [(2,)],
        ),
        ("SELECT k_flag FROM kinds WHERE k_flag = (SELECT k_flag FROM kinds WHERE k_short = 1)", [("true",)]),
    ],
)
def test_a_subquery_is_a_value(ask, text, rows):
    """UDF-3: of one row, in any clause, correlated or not; NULL where it has no row."""
    assert ask(text) == rows


def test_the_value_of_a_subquery_has_the_metadata_of_its_column():
    """TAP 1.1: as for a column itself."""
    text = (
        "SELECT (SELECT MAX(k_int) FROM kinds) AS m, (SELECT k_time FROM kinds), (SELECT s_point FROM sky),"
        " (SELECT NULL FROM sky) FROM sky"
    )
    longest, time, point, null = translate(text, LAB).columns

    assert (longest.name, longest.datatype, longest.unit, longest.ucd) == (
        "m",
        "int",
        "s",
        "time.duration;stat.max",
    )
    assert (time.name, time.xtype, time.ucd) == ("column_2", "timestamp", "time.start")
    assert (point.arraysize, point.xtype, point.unit) == ("2", "point", "deg")
    assert (null.datatype, null.arraysize) == ("char", "*")


@pytest.mark.parametrize(
    "text, words",
    [
        (
            "SELECT (SELECT k_int, k_short FROM kinds) FROM sky",
            "must have one column; this one has 2. (line 1, column 9)",
        ),
        (
            "SELECT 1 + (SELECT k_text FROM kinds) FROM sky",
            "Arithmetic needs numbers; this is text. (line 1, column 13)",
        ),
        (
            "SELECT 1 FROM sky WHERE s_id = (SELECT k_text FROM kinds)",
            "s_id is a number, but this expression is text",
        ),
        (
            "SELECT (SELECT k_nt FROM kinds) FROM sky",
            "Unknown column k_nt in lab.kinds, lab.sky. (line 1, column 16)",
        ),
        (
            "SELECT k_int, (SELECT s_id FROM sky WHERE s_id = k_short) FROM kinds GROUP BY k_int",
            "k_short has several values in a group. (line 1, column 16)",
        ),
        ("SELECT (SELECT MAX(k_short) FROM sky) FROM kinds", "MAX uses only columns of the outer query."),
        (
            "SELECT DISTINCT k_int FROM kinds ORDER BY (SELECT 1 FROM sky)",
            "ORDER BY accepts only output columns.",
        ),
        ("SELECT s_id FROM sky WHERE s_id = (SELECT TOP 1 q.s_id FROM q)", "Unknown table q."),
    ],
)
def test_a_subquery_with_several_columns_is_no_value(text, words):
    """Each with its place."""
    assert words in refusal(text)


def test_a_value_of_several_rows_is_one_sentence(lab):
    """PostgreSQL is the one to see it."""
    with pytest.raises(psycopg2.errors.CardinalityViolation) as caught:
        fetch(lab, translate("SELECT (SELECT k_int FROM lab.other) FROM sky", LAB).sql)

    assert str(query_failure(caught.value, overdue=False)).startswith(
        "A subquery used as a value returned more than one row."
    )


def test_subqueries_in_subqueries_do_not_double():
    """PostgreSQL plans the first operand of BETWEEN twice."""
    value = "s_id"
    for _ in range(12):
        value = f"(SELECT MAX(s_id) FROM sky WHERE {value} BETWEEN 1 AND 2)"

    assert translate(f"SELECT s_id FROM sky WHERE {value} BETWEEN 1 AND 2", LAB).sql.count("BETWEEN") == 1


# Texts and times ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression, result",
    [
        ("SUBSTRING(k_text FROM 2 FOR 1)", "n"),
        ("SUBSTRING(k_text, 2)", "ne"),
        ("SUBSTRING(k_text FROM k_short + 1)", "ne"),
        ("SUBSTRING(k_text, -1, 3)", "o"),
        ("SUBSTRING(k_text, 9)", ""),
        ("CHAR_LENGTH(k_text)", "3"),
        ("character_length(k_text || 'äö')", "5"),
        ("LENGTH(CAST(k_text AS CHAR(5)))", "5"),
        ("Length('') + 1", "1"),
    ],
)
def test_texts_are_cut_and_counted(ask, expression, result):
    """SQL-92, sections 6.6 and 6.7."""
    assert value(ask, expression) == result


def test_length_is_a_name_as_well():
    """It is no reserved word of ADQL 2.1."""
    assert names("SELECT k_int AS length FROM kinds ORDER BY length") == ["length"]


@pytest.mark.parametrize(
    "text, words",
    [
        (
            "SELECT SUBSTRING(k_text, 1.5) FROM kinds",
            "SUBSTRING takes a whole number here; this is a number.",
        ),
        (
            "SELECT SUBSTRING(k_int, 1) FROM kinds",
            "SUBSTRING takes a text here; this is a number. (line 1, column 18)",
        ),
        ("SELECT LENGTH(k_int) FROM kinds", "CHAR_LENGTH takes a text here; this is a number."),
        (
            "SELECT 1 FROM kinds WHERE k_text LIKE 'a' ESCAPE '!!'",
            "ESCAPE takes one character. (line 1, column 50)",
        ),
        (
            "SELECT 1 FROM kinds WHERE k_text LIKE 'a!!!' ESCAPE '!'",
            "pattern ends with its ESCAPE character. (line 1",
        ),
        ("SELECT 1 FROM kinds WHERE k_flag = 'yes'", "k_flag is a truth value, but 'yes' is text"),
        ("SELECT 1 FROM kinds WHERE k_int = 'true'", "k_int is a number, but 'true' is text"),
        ("SELECT CURRENT_TIMESTAMP - 1 FROM kinds", "Arithmetic needs numbers; this is a timestamp."),
        ("SELECT k_int, COUNT(*) FROM kinds GROUP BY 2", "COUNT cannot be used in GROUP BY."),
        ("SELECT k_int, COUNT(*) FROM kinds GROUP BY 3", "GROUP BY 3: the query has only 2 output columns."),
        ("SELECT * FROM kinds GROUP BY 1", "GROUP BY cannot count the columns of an asterisk"),
        ("SELECT k_int FROM kinds GROUP BY 'a'", "GROUP BY accepts columns and expressions, not literals."),
    ],
)
def test_misuse_is_refused(text, words):
    """Each with its place."""
    assert words in refusal(text)


@pytest.mark.parametrize(
    "condition, shorts",
    [
        ("k_text LIKE 'two!%' ESCAPE '!'", [2]),
        ("k_text LIKE 'tw!o_' ESCAPE '!'", [2]),
        ("k_text NOT LIKE '%!%%' ESCAPE '!'", [1]),
        ("k_text ILIKE 'TWO''%' ESCAPE ''''", [2]),
        ("k_text LIKE 'two\\%' ESCAPE '\\'", [2]),
        ("k_flag = 'True'", [1]),
        ("'FALSE' = k_flag", [2]),
        ("k_flag IN ('true', 0)", [1, 2]),
        ("k_flag <> 'true'", [2]),
        (
            "k_time < CURRENT_DATE OR k_time >= CURRENT_TIMESTAMP OR k_time BETWEEN CURRENT_DATE AND"
            " CURRENT_TIMESTAMP",
            [1, 2],
        ),
    ],
)
def test_conditions_beyond_adql_choose_rows(ask, condition, shorts):
    """UDF-3."""
    assert [row for (row,) in ask(f"SELECT k_short FROM kinds WHERE {condition} ORDER BY 1")] == shorts


def test_the_time_is_that_of_the_query_in_utc(ask):
    """DALI 1.1: a timestamp with a T."""
    before = datetime.now(UTC).replace(tzinfo=None)
    ((now, today),) = ask("SELECT CURRENT_TIMESTAMP, CURRENT_DATE FROM kinds WHERE k_short = 1")
    after = datetime.now(UTC).replace(tzinfo=None)

    assert before <= datetime.fromisoformat(now) <= after
    assert today[10:] == "T00:00:00" and before.date() <= date.fromisoformat(today[:10]) <= after.date()


def test_a_cross_join_has_all_pairs(ask):
    """As a comma, but it binds like a join."""
    assert ask("SELECT COUNT(*) FROM kinds CROSS JOIN sky") == [(9,)]
    assert ask("SELECT COUNT(*) FROM kinds AS k CROSS JOIN sky JOIN lab.other AS o ON o.k_int = k.k_int") == [
        (3,)
    ]
    assert ask("SELECT COUNT(*) FROM (kinds CROSS JOIN sky) LEFT JOIN lab.other USING (k_int)") == [(9,)]


@pytest.mark.parametrize("terms", ["1", "2, 1", "half, 1"])
def test_groups_are_by_position_too(ask, terms):
    """UDF-3."""
    text = f"SELECT k_short / 2 AS half, k_short / 3 AS third, COUNT(*) FROM kinds GROUP BY {terms}"
    text = text.replace("k_short / 3", "0") if "2" not in terms else text

    assert len(ask(text)) in {2, 3}


# Strict ----------------------------------------------------------------------------------------------

USES = {
    Extension.ASTERISK: "SELECT *, k_int FROM kinds",
    Extension.CASE: "SELECT CASE WHEN k_int = 1 THEN 2 END FROM kinds",
    Extension.CHAR_LENGTH: "SELECT LENGTH(k_text) FROM kinds",
    Extension.CROSS_JOIN: "SELECT k_int FROM kinds CROSS JOIN sky",
    Extension.CURRENT_TIMESTAMP: "SELECT CURRENT_DATE FROM kinds",
    Extension.ESCAPE: "SELECT k_int FROM kinds WHERE k_text LIKE 'a' ESCAPE '!'",
    Extension.GROUP_BY_OUTPUT: "SELECT k_int AS n FROM kinds GROUP BY n",
    Extension.IN_ONE_VALUE: "SELECT k_int FROM kinds WHERE k_int IN (1)",
    Extension.IS_NULL: "SELECT k_int FROM kinds WHERE k_int + 1 IS NULL",
    Extension.NULL_SYSTEM: "SELECT POINT(NULL, 1, 2) FROM kinds",
    Extension.NULLIF: "SELECT NULLIF(k_int, 1) FROM kinds",
    Extension.SUBQUERY: "SELECT (SELECT MAX(s_id) FROM sky) FROM kinds",
    Extension.SUBSTRING: "SELECT SUBSTRING(k_text, 1) FROM kinds",
    Extension.TRUTH: "SELECT k_int FROM kinds WHERE k_flag = 'True'",
}


@pytest.mark.parametrize("extension", Extension, ids=lambda extension: extension.name)
def test_a_strict_service_refuses_each_extension(extension):
    """UDF-4, PROVTAP_ADQL_STRICT: one sentence that names the extension, and its place."""
    assert translate(USES[extension], LAB)
    with pytest.raises(AdqlError) as caught:
        translate(USES[extension], LAB, strict=True)

    named = extension.form[0].upper() + extension.form[1:]
    assert caught.value.message == f"{named} is an extension of ADQL 2.1; this service is set to accept none."
    assert caught.value.line == 1


def test_a_strict_service_accepts_standard_adql():
    """Of the corpus, all but the file of extensions, and the queries elsewhere that use one."""
    refused = {"extensions": 0}
    for construct, query in corpus("accepted"):
        try:
            parse(query, strict=True)
        except AdqlError as error:
            assert "is an extension of ADQL 2.1" in error.message, query
            refused[construct] = refused.get(construct, 0) + 1

    assert refused["extensions"] == len(queries("extensions", "accepted")) - 1  # of columns called length
    assert sum(refused.values()) < len(corpus("accepted")) / 4
    parse("SELECT a FROM t WHERE a IN ((SELECT b FROM u))", strict=True)
