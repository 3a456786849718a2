"""Nested queries in PostgreSQL's planner: only parts that would grow too much are planned separately."""

import re

import pytest

from provtap.adql import translate
from provtap.adql.plan.extents import LOOKED_UP
from provtap.errors import AdqlError
from tests.adql.lab import fetch


def nested(levels, layer, core="SELECT e_id AS x FROM provenance.entity"):
    """Return *core* in so many layers."""
    for _ in range(levels):
        core = layer.replace("@", core)
    return core


@pytest.mark.parametrize(
    "layer",
    [
        "SELECT x || x AS x FROM (@) AS t",
        "SELECT x || x AS x FROM (@) AS t WHERE x = 'a'",
        "SELECT CASE x WHEN 'a' THEN x ELSE x END AS x FROM (@) AS t",
        "SELECT x || x AS x, COUNT(*) AS n FROM (@) AS t GROUP BY x HAVING x || x <> 'a'",
        "SELECT TOP 5 x || x AS x FROM (@) AS t JOIN used ON u_role = x || x",
        "SELECT LOWER(x) || UPPER(x) AS x FROM (@) AS t UNION ALL SELECT 'a' FROM provenance.entity",
        "SELECT x FROM (@) AS t FULL JOIN (SELECT e_id AS x FROM entity) AS u USING (x)",
        "SELECT x || x AS x FROM (@) AS t WHERE x IN (x, 'a', x)",
        "SELECT x || x AS x FROM (@) AS t WHERE EXISTS (SELECT 1 FROM used WHERE u_role = x || x)",
    ],
)
def test_sixty_levels_are_planned_as_fast_as_they_are_written(reader, tableset, layer):
    """2 to the power of 60 columns would be planned without fences; the deadline only tells of a hang."""
    levels = 45 if "FULL" in layer else 60  # of tables there are two a level, and ids of them 100
    sql = translate(nested(levels, layer), tableset).sql

    assert fetch(reader, f"SET LOCAL statement_timeout = '10s'; EXPLAIN {sql}")
    assert 0 < sql.count("AS MATERIALIZED") < levels


def test_common_tables_grow_as_derived_ones_do(reader, tableset):
    """PostgreSQL pulls up what stands in WITH, too, if it is used once."""
    layers = "".join(f", w{n} AS (SELECT x || x AS x FROM w{n - 1})" for n in range(1, 60))
    text = f"WITH w0 AS (SELECT e_id AS x FROM provenance.entity){layers} SELECT x FROM w59"
    sql = translate(text, tableset).sql

    assert fetch(reader, f"SET LOCAL statement_timeout = '10s'; EXPLAIN {sql}")
    assert 0 < sql.count("MATERIALIZED") < 60


@pytest.mark.parametrize(
    "text",
    [
        "SELECT x FROM (SELECT e_id AS x, e_name AS n FROM entity) AS t WHERE x = 'a'",
        "SELECT x || x || x FROM (SELECT e_id AS x FROM entity) AS t WHERE x = 'a'",
        "SELECT * FROM (SELECT * FROM (SELECT * FROM entity) AS t) AS u WHERE e_id = 'a' AND e_name <> 'b'",
        "WITH w AS (SELECT e_id AS x, LOWER(e_name) AS y FROM entity) SELECT y || y FROM w WHERE x = 'a'",
        "SELECT x, COUNT(*) FROM (SELECT e_id AS x FROM entity) AS t WHERE x = 'a' GROUP BY x",
        "SELECT x FROM (SELECT e_id AS x FROM entity UNION ALL SELECT u_role FROM used) AS t WHERE x = 'a'",
    ],
)
def test_a_condition_outside_of_a_derived_table_uses_the_index_inside(reader, tableset, text):
    """A fence round each derived table would make these sequential scans: 52 ms instead of 0.1."""
    sql = translate(text, tableset).sql
    plan = "\n".join(row[0] for row in fetch(reader, f"SET LOCAL enable_seqscan = off; EXPLAIN {sql}"))

    assert "MATERIALIZED" not in sql
    assert re.search(r"Index.* using .* on entity", plan)
    assert "Seq Scan" not in plan


def test_a_lineage_finds_its_seeds_through_a_derived_table(reader, tableset):
    """Design D10: a walk starts at the things that the query asks about."""
    text = (
        "SELECT l_ancestor_id FROM provenance.lineage AS l"
        " JOIN (SELECT e_id AS x, e_name AS n FROM (SELECT * FROM entity) AS e) AS t ON l_descendant_id = x"
        " WHERE n = 'a'"
    )
    sql = translate(text, tableset).sql

    assert "_fenced" not in sql
    assert re.search(r"""FROM \(SELECT [^()]* FROM t\d_rows\)|"c2" = 'a'""", sql)


def test_only_the_table_that_grows_is_fenced(tableset):
    """Beside it, a condition still passes."""
    layer = "SELECT x || x AS x FROM (@) AS t"
    text = f"SELECT a.x, b.x || b.x FROM (SELECT e_id AS x FROM entity) AS a, ({nested(11, layer)}) AS b"
    sql = translate(text, tableset).sql

    assert sql.count("AS MATERIALIZED") == 1


def test_tables_of_derived_tables_are_joined_by_themselves_if_they_are_many(tableset):
    """PostgreSQL takes 4 s and 700 MB for the joins of 60 levels."""
    layer = "SELECT t.x FROM (@) AS t JOIN used ON u_role = t.x"

    assert "MATERIALIZED" not in translate(nested(8, layer), tableset).sql
    assert translate(nested(60, layer), tableset).sql.count("AS MATERIALIZED") == 5


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 FROM used AS t0" + "".join(f" JOIN used AS t{n} USING (u_role)" for n in range(1, 33)),
        "SELECT 1 FROM " + ", ".join(f"used AS t{n}" for n in range(33)),
        "SELECT 1 FROM used WHERE " + " AND ".join(["u_role IN (SELECT u_role FROM used)"] * 32),
        nested(32, "SELECT u_role FROM used WHERE u_role IN (@)", "SELECT u_role FROM used"),
        "SELECT 1 FROM used AS t WHERE "
        + " AND ".join(["NOT EXISTS (SELECT 1 FROM used WHERE u_role = t.u_role)"] * 32),
    ],
)
def test_more_tables_than_can_be_planned_are_refused(tableset, text):
    """As many that are equal in one column take a second; the time and memory grow with the cube of them."""
    with pytest.raises(AdqlError, match=r"This SELECT joins 33 tables; the limit is 32\..*\(line 1"):
        translate(text, tableset)


def columns(number, value="e_id"):
    """Return so many output columns."""
    return ", ".join(f"{value} AS c{n}" for n in range(number))


@pytest.mark.parametrize(
    "text, words",
    [
        (
            nested(30, "SELECT * FROM (@) AS t", f"SELECT {columns(1_600)} FROM entity"),
            "This query has more than 250000 columns",
        ),
        (
            f"WITH w AS (SELECT {columns(1_600)} FROM entity) SELECT 1 FROM w AS t0"
            + "".join(f" JOIN w AS t{n} ON t{n}.c1 = t0.c1" for n in range(1, 8)),
            "This JOIN has 11200 columns; the limit is 10000.",
        ),
        (
            f"WITH w AS (SELECT {columns(201)} FROM entity) SELECT 1 FROM w AS t NATURAL FULL JOIN w AS u",
            "This SELECT joins on 201 equalities of columns; the limit is 200.",
        ),
    ],
)
def test_more_columns_than_can_be_planned_are_refused(tableset, text, words):
    """60 levels of 1 600 columns take 760 MB; NATURAL JOINs by 1 600 two minutes, which nothing ends."""
    with pytest.raises(AdqlError, match=words) as caught:
        translate(text, tableset)
    assert caught.value.line == 1


def test_columns_that_are_subqueries_count_as_such(tableset):
    """Each use of `eo_agents` is a subquery to plan: a quarter of a megabyte."""
    text = "SELECT 1 FROM entity_origin WHERE " + " OR ".join(["eo_agents = 'a'"] * 1_300)

    with pytest.raises(AdqlError, match="more than 250000 columns, constants and operators"):
        translate(text, tableset)
    assert translate(text.replace("eo_agents", "eo_role"), tableset)


def test_each_column_of_a_view_that_is_a_subquery_is_known(reader):
    """What counts more than a column is what the views look up for each row."""
    views = fetch(
        reader,
        "SELECT pg_get_viewdef(c.oid) FROM pg_class AS c"
        " WHERE relkind = 'v' AND relnamespace = 'provext'::regnamespace",
    )
    columns = [
        column
        for (text,) in views
        for column in re.split(
            r",\n    (?:(?! )|(?=    CASE))", text.partition("\n   FROM ")[0].removeprefix(" SELECT")
        )
    ]
    assert {c.rpartition(" AS ")[2] for c in columns if "SELECT" in c} == set(LOOKED_UP)
