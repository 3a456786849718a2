"""The virtual tables of lineage, against networkx on random graphs: every way to bind them, every answer."""

import os
import random
import re
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import networkx
import psycopg2
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from psycopg2.extras import execute_values

from provtap.adql import translate
from provtap.adql.plan.tree import UploadedTable
from provtap.errors import AdqlError
from provtap.tableset import Column, Schema, Tableset
from tests.adql.lineage_writer import random_query

FORMS = [
    line
    for line in Path(__file__).with_name("lineage.adql").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
ENTITIES = [f"e:{n}" for n in range(9)]
ACTIVITIES = [f"a:{n}" for n in range(5)]
CLASSES = ["DatasetEntity", "Entity", "Entity"]
KINDS = {"main": "Main", "calibration": "Calibration", "plain": None}


def pairs(left, right, most, key=lambda pair: pair):
    return st.lists(st.tuples(st.sampled_from(left), st.sampled_from(right)), max_size=most, unique_by=key)


def apart(given):
    return [(one, other) for one, other in given if one != other]


GRAPHS = st.fixed_dictionaries(
    {
        "datasets": st.sets(st.sampled_from(ENTITIES)),
        "used": st.lists(
            st.tuples(
                st.sampled_from(ACTIVITIES), st.sampled_from(ENTITIES), st.sampled_from([*KINDS, None])
            ),
            max_size=14,
            unique=True,
        ),
        "wasgeneratedby": pairs(ENTITIES, ACTIVITIES, 9, lambda pair: pair[0]),  # by one activity only
        "wasderivedfrom": pairs(ENTITIES, ENTITIES, 4).map(apart),
        "wasinformedby": pairs(ACTIVITIES, ACTIVITIES, 4).map(apart),
    }
)


def edges(graph):
    """Yield (descendant, ancestor, whether main) of one step between entities, as design D10 has it."""
    generator = dict(graph["wasgeneratedby"])
    for later, activity in generator.items():
        for user, earlier, role in graph["used"]:
            if user == activity:
                yield later, earlier, is_main(graph, earlier, role)
    for later, earlier in graph["wasderivedfrom"]:
        yield later, earlier, earlier in graph["datasets"]


def activity_edges(graph):
    """Yield the steps between activities, and those over entities that were derived from each other."""
    generator = dict(graph["wasgeneratedby"])
    for user, used, role in graph["used"]:
        yield user, ("used", used), is_main(graph, used, role), 0
    for entity, activity in generator.items():
        yield ("used", entity), activity, True, 1
    for later, earlier in graph["wasderivedfrom"]:
        yield ("used", later), ("used", earlier), earlier in graph["datasets"], 1
    for later, earlier in graph["wasinformedby"]:
        yield later, earlier, False, 1


def is_main(graph, entity, role):
    return entity in graph["datasets"] if role is None else KINDS[role] == "Main"


def closure(nodes, steps):
    """Return the rows of a lineage by networkx: descendant, ancestor, distance, main."""
    every, main = networkx.DiGraph(), networkx.DiGraph()
    for directed in (every, main):
        directed.add_nodes_from(nodes)
    for later, earlier, is_main_step, weight in steps:
        every.add_edge(later, earlier, weight=weight)
        if is_main_step:
            main.add_edge(later, earlier)
    rows = []
    for node in nodes:
        mains = networkx.descendants(main, node)
        distances = networkx.single_source_dijkstra_path_length(every, node)
        rows += [(node, o, d, int(o in mains)) for o, d in distances.items() if o in nodes and o != node]
    return rows


CREATE = """
CREATE TABLE provenance.lineage (
    l_descendant_id text COLLATE "C", l_ancestor_id text COLLATE "C", l_distance integer, l_main integer);
CREATE TABLE provenance.activity_lineage (
    acl_descendant_id text COLLATE "C", acl_ancestor_id text COLLATE "C", acl_distance integer,
    acl_main integer);
INSERT INTO provenance.activitydescription (ad_id, ad_name) VALUES ('ad', 'tool');
"""
ROWS = {
    "entity (e_id, e_class, e_name)": lambda g: [
        (e, "DatasetEntity" if e in g["datasets"] else "Entity", ("even", "odd")[n % 2])
        for n, e in enumerate(ENTITIES)
    ],
    "activity (a_id, a_name, a_activitydescription_id)": lambda g: [
        (a, f"tool{n % 2}", "ad") for n, a in enumerate(ACTIVITIES)
    ],
    "used (u_activity_id, u_entity_id, u_role, u_usagedescription_id)": lambda g: [
        (a, e, role, role) for a, e, role in g["used"]
    ],
    "wasgeneratedby (wgb_entity_id, wgb_activity_id)": lambda g: g["wasgeneratedby"],
    "wasderivedfrom": lambda g: g["wasderivedfrom"],
    "wasinformedby": lambda g: g["wasinformedby"],
    "lineage": lambda g: closure(ENTITIES, ((*edge, 1) for edge in edges(g))),
    "activity_lineage": lambda g: closure(ACTIVITIES, activity_edges(g)),
}


@pytest.fixture(scope="module")
def store(server, template):
    """A cursor on a store of its own, in which the lineages are tables as well."""
    url = server.create(psycopg2.extensions.parse_dsn(template.database_url)["dbname"])
    connection = psycopg2.connect(url, options="-c jit=off")
    with connection, connection.cursor() as cursor:
        cursor.execute(CREATE)
        kinds = [(role, "ad", role, type_) for role, type_ in KINDS.items()]
        execute_values(
            cursor,
            "INSERT INTO provenance.usagedescription"
            " (ud_id, ud_activitydescription_id, ud_role, ud_type) VALUES %s",
            kinds,
        )
    with connection.cursor() as cursor:
        yield cursor
    connection.close()
    server.drop(url)


MINE = UploadedTable(
    schema_name="tap_upload",
    name="mine",
    columns=(
        Column(name="i", datatype="char", arraysize="*"),
        Column(name="a", datatype="char", arraysize="*"),
        Column(name="n", datatype="int"),
    ),
    arrays=('{"e:1","e:2","e:3"}', '{"a:0","a:1",NULL}', "{1,2,3}"),
)


@pytest.fixture(scope="module")
def request_tables(tableset, tables) -> tuple[Tableset, Tableset]:
    """The tableset of a request with an upload, and the same with the virtual tables real."""
    upload = Schema(name="tap_upload", tables=(MINE,))
    return Tableset((*tableset.schemas, upload)), Tableset((*tables.schemas, upload))


@pytest.fixture(scope="module")
def tables(tableset) -> Tableset:
    """The tableset in which the virtual tables are said to be real."""
    schemas = tuple(
        replace(s, tables=tuple(replace(t, table_type="table") for t in s.tables)) for s in tableset.schemas
    )
    return Tableset(schemas)


@given(
    graph=GRAPHS,
    chosen=st.fixed_dictionaries(
        {
            "e": st.sampled_from(ENTITIES),
            "f": st.sampled_from(ENTITIES),
            "a": st.sampled_from(ACTIVITIES),
            "n": st.integers(0, 4),
        }
    ),
)
@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_every_form_of_binding_gives_the_rows_of_networkx(store, tableset, tables, graph, chosen):
    """D10: reachability, least distance and main path, both ways, on graphs with cycles and diamonds."""
    with filled(store, graph):
        for form in FORMS:
            text = form.format(**chosen)
            assert answer(store, text, tableset) == answer(store, expected_text(text), tables), text


EXAMPLE = """
INSERT INTO provenance.entity (e_id, e_name)
VALUES ('older', 'older'), ('raw', 'raw'), ('cal', 'cal'), ('flat', 'flat 7');
INSERT INTO provenance.activity (a_id, a_name) VALUES ('a0', 'a'), ('a1', 'a'), ('a2', 'a');
INSERT INTO provenance.used (u_activity_id, u_entity_id) VALUES ('a0', 'older'), ('a1', 'raw'), ('a2', 'cal');
INSERT INTO provenance.wasgeneratedby (wgb_entity_id, wgb_activity_id)
VALUES ('raw', 'a0'), ('cal', 'a1'), ('flat', 'a2');
"""


def test_worked_example_of_the_rewriting(store, tableset):
    """The query, the walk and the answer are those in the docstring of `provtap.adql.lineage.rewrite`."""
    text = """SELECT e.e_name, l.l_ancestor_id, l.l_distance
        FROM entity AS e JOIN lineage AS l ON l.l_descendant_id = e.e_id
        WHERE e.e_name LIKE 'flat%' AND l.l_distance <= 2"""
    sql = translate(text, tableset).sql
    start = sql.index("(WITH RECURSIVE") + 1
    shared, walk = sql[: sql.index(" SELECT t1.", sql.index("generate_series"))], sql[start:]
    walk = walk[: walk.index(" SELECT start AS")].replace("WITH RECURSIVE", f"{shared},", 1)
    walk = walk.replace("WITH", "WITH RECURSIVE", 1)
    try:
        store.execute(EXAMPLE)
        store.execute(f"{walk} SELECT start, id, kind, extract(day FROM zero)::int FROM t2_walk")
        steps = store.fetchall()
        found = answer(store, text, tableset)
    finally:
        store.connection.rollback()

    assert [step[1:] for step in steps] == [
        ("flat", 0, 0),
        ("a2", 1, -30),
        ("cal", 0, -60),
        ("a1", 1, -90),
        ("raw", 0, -120),
    ]
    assert found == [("flat 7", "cal", 1), ("flat 7", "raw", 2)]


RANDOM_GRAPHS = int(os.environ.get("LINEAGE_GRAPHS", "10"))
"""Each is asked 40 random queries; LINEAGE_GRAPHS=300 makes a long run of it."""
NESTED_LOOPS = "; ".join(f"SET LOCAL enable_{way} = off" for way in ("hashjoin", "mergejoin", "material"))
"""With these, PostgreSQL runs subqueries again where it can."""


@pytest.mark.parametrize("seed", range(0, 40 * RANDOM_GRAPHS, 40))
def test_lineages_behave_like_tables_in_any_query(store, request_tables, seed):
    """D10: the answer is that of tables with all pairs, for one outcome of each volatile subquery."""
    virtual, real = request_tables
    with filled(store, random_graph(seed)):
        if seed % 80:
            store.execute(NESTED_LOOPS)
        for number in range(40):
            query = random_query(seed + number)
            found = answer(store, query.text, virtual)
            assert any(answer(store, text, real) == found for text in query.outcomes()), query.text


def random_graph(seed):
    """Return a graph with many paths, most of them from or to e:1, e:2 and e:3."""
    chance = random.Random(seed)

    def some(left, right, most):
        return [(chance.choice(left), chance.choice(right)) for _ in range(chance.randint(0, most))]

    used = [(*pair, chance.choice([*KINDS, None])) for pair in some(ACTIVITIES, ENTITIES, 8)]
    made = chance.sample(ENTITIES, chance.randint(5, 9))
    return {
        "datasets": set(chance.sample(ENTITIES, 4)),
        "used": sorted({*used, *((a, f"e:{n}", None) for n, a in enumerate(ACTIVITIES))}, key=repr),
        "wasgeneratedby": [(entity, chance.choice(ACTIVITIES)) for entity in made],
        "wasderivedfrom": sorted(set(apart(some(ENTITIES, ENTITIES, 4)))),
        "wasinformedby": sorted(set(apart(some(ACTIVITIES, ACTIVITIES, 4)))),
    }


@contextmanager
def filled(store, graph):
    """Fill the store with a graph, for a while."""
    try:
        for table, rows in ROWS.items():
            if found := rows(graph):
                execute_values(store, f"INSERT INTO provenance.{table} VALUES %s", found)
        yield
    finally:
        store.connection.rollback()


SET_TEST = re.compile(r"prov_derived_from\((.*?), (.*?)\)")


def expected_text(text):
    """Return a query in which the function for a set test is what it stands for."""
    test = r"EXISTS (SELECT 1 FROM lineage WHERE l_descendant_id = \1 AND l_ancestor_id = \2)"
    return SET_TEST.sub(f"CASE WHEN {test} THEN 1 ELSE 0 END", text)


def answer(cursor, text, tableset):
    cursor.execute(translate(text, tableset).sql)
    return sorted(cursor.fetchall(), key=repr)


@pytest.fixture
def large(store):
    """A cursor to write a large graph with, of which nothing stays."""
    yield store
    store.connection.rollback()


# What is evaluated once -------------------------------------------------------------------------------------

STAR = {
    "datasets": set(),
    "used": [("a:0", "e:0", None)],
    "wasgeneratedby": [(entity, "a:0") for entity in ENTITIES[1:]],
    "wasderivedfrom": [],
    "wasinformedby": [],
}
"""Eight entities, each with one ancestor, e:0."""
ANY_OF_EIGHT = "SELECT TOP 1 e_id AS i FROM entity WHERE e_id <> 'e:0' ORDER BY RAND()"
OF_ONE_ROW = (
    f"""
WITH w AS (SELECT e_id FROM entity) SELECT l.* FROM lineage AS l JOIN w ON w.e_id = l.l_descendant_id
 WHERE w.e_id IN ({ANY_OF_EIGHT})
WITH w AS (SELECT e_id FROM entity) SELECT l.* FROM lineage AS l JOIN w ON w.e_id = l.l_descendant_id
 AND w.e_id IN ({ANY_OF_EIGHT})
WITH w AS ({ANY_OF_EIGHT}) SELECT l.* FROM lineage AS l JOIN w ON w.i = l.l_descendant_id
WITH w AS ({ANY_OF_EIGHT}) SELECT l.* FROM lineage AS l, w, w AS v WHERE w.i = l.l_descendant_id AND v.i = w.i
WITH w AS ({ANY_OF_EIGHT}), v AS (SELECT i FROM w)
 SELECT l.* FROM lineage AS l JOIN w ON w.i = l.l_descendant_id JOIN v ON v.i = l.l_descendant_id
SELECT l.* FROM lineage AS l JOIN ({ANY_OF_EIGHT}) AS d ON d.i = l.l_descendant_id
SELECT l.* FROM ({ANY_OF_EIGHT}) AS d LEFT JOIN lineage AS l ON d.i = l.l_descendant_id WHERE l.l_main = 0
SELECT e.e_id FROM entity AS e LEFT JOIN lineage AS l ON e.e_id = l.l_descendant_id
 AND l.l_descendant_id IN ({ANY_OF_EIGHT}) WHERE l.l_distance = 1
SELECT l.* FROM lineage AS l WHERE l.l_descendant_id IN ({ANY_OF_EIGHT})
SELECT l.* FROM lineage AS l JOIN entity AS e ON e.e_id = l.l_descendant_id WHERE e.e_id IN ({ANY_OF_EIGHT})
SELECT l.* FROM lineage AS l JOIN tap_upload.mine AS m ON m.i = l.l_descendant_id
 WHERE m.i IN (SELECT TOP 1 i FROM tap_upload.mine ORDER BY RAND())
SELECT l.* FROM lineage AS l JOIN lineage AS k ON k.l_ancestor_id = l.l_ancestor_id
 WHERE k.l_descendant_id IN ({ANY_OF_EIGHT}) AND l.l_descendant_id = k.l_descendant_id
SELECT e.e_id FROM entity AS e WHERE EXISTS (
 SELECT 1 FROM lineage AS l WHERE l.l_descendant_id IN ({ANY_OF_EIGHT}) AND l.l_descendant_id = e.e_id)
SELECT e.e_id FROM entity AS e WHERE e.e_id IN ({ANY_OF_EIGHT}) AND EXISTS (
 SELECT 1 FROM lineage AS l WHERE l.l_descendant_id = e.e_id)
SELECT e.e_id FROM entity AS e JOIN ({ANY_OF_EIGHT}) AS d ON d.i = e.e_id WHERE EXISTS (
 SELECT 1 FROM lineage AS l JOIN entity AS f ON f.e_id = l.l_descendant_id WHERE f.e_id = e.e_id)
SELECT e.e_id FROM entity AS e WHERE e.e_id = 'e:1' AND EXISTS (SELECT 1 FROM lineage AS l
 JOIN (SELECT TOP 1 x.e_id AS i FROM entity AS x WHERE x.e_id <> 'e:0' AND x.e_id >= e.e_id
 ORDER BY RAND()) AS d ON d.i = l.l_descendant_id)
SELECT l_descendant_id FROM lineage GROUP BY l_descendant_id HAVING l_descendant_id IN ({ANY_OF_EIGHT})
SELECT l_descendant_id FROM lineage INTERSECT ({ANY_OF_EIGHT})
""".replace("\n ", " ")
    .strip()
    .splitlines()
)
"""Queries that have exactly one row, whichever of the eight is chosen."""


@pytest.mark.parametrize("text", OF_ONE_ROW)
def test_a_volatile_subquery_is_evaluated_once(store, request_tables, text):
    """A choice by RAND is the same for where the walk starts and for the rows of the result."""
    with filled(store, STAR):
        store.execute(NESTED_LOOPS)
        counts = [len(answer(store, text, request_tables[0])) for _ in range(12)]

    assert counts == [1] * 12


HALF = "= CASE WHEN RAND() < 0.5 THEN {0} ELSE '' END"
"""What is true for half of the rows."""


@pytest.mark.parametrize(
    "text, low, high",
    [
        ("SELECT l.* FROM lineage AS l WHERE l.l_ancestor_id = 'root' AND l.l_ancestor_id {0}", 400, 600),
        (
            "SELECT l.* FROM lineage AS l JOIN entity AS t ON t.e_id = l.l_descendant_id"
            " WHERE t.e_id LIKE 'c%' AND t.e_id {1}",
            400,
            600,
        ),
        (
            "WITH w AS (SELECT e_id FROM entity) SELECT l.* FROM lineage AS l"
            " JOIN w AS t ON t.e_id = l.l_descendant_id WHERE t.e_id LIKE 'c%' AND t.e_id {1}",
            400,
            600,
        ),
        ("SELECT e_id FROM entity WHERE e_id LIKE 'c%' AND RAND() BETWEEN 0.3 AND 0.7", 300, 500),
    ],
)
def test_a_volatile_condition_is_evaluated_once_for_each_row(large, tableset, text, low, high):
    """Not once for all pairs of an ancestor, and not twice; PostgreSQL's own BETWEEN would do it twice."""
    large.execute(
        """
        INSERT INTO provenance.entity (e_id) SELECT 'c' || n FROM generate_series(1, 1000) AS n
         UNION ALL SELECT 'root';
        INSERT INTO provenance.wasderivedfrom SELECT 'c' || n, 'root' FROM generate_series(1, 1000) AS n;
        """
    )
    query = text.format(HALF.format("l.l_ancestor_id"), HALF.format("t.e_id"))

    assert low < len(answer(large, query, tableset)) < high


def test_an_ancestor_chosen_at_random_is_chosen_once(store, tableset):
    """An argument of prov_derived_from is no condition on each entity."""
    text = "SELECT e_id FROM entity WHERE prov_derived_from(e_id, {}) = 1"
    choice = text.format("CASE WHEN RAND() < 0.5 THEN 'e:0' ELSE 'e:1' END")
    with filled(store, STAR):
        outcomes = [answer(store, text.format(f"'{entity}'"), tableset) for entity in ENTITIES[:2]]

        assert all(answer(store, choice, tableset) in outcomes for _ in range(12))


@pytest.mark.parametrize(
    "subquery",
    [
        "SELECT TOP 1 e_id FROM entity ORDER BY e_id",
        "SELECT e_id FROM entity OFFSET 1",
        "SELECT e_id FROM entity UNION SELECT e_name FROM entity OFFSET 1",
        "SELECT e_id FROM entity WHERE RAND() < 0.5",
        "SELECT ivo_string_agg(e_id, ',') FROM entity",
        "SELECT CAST(SUM(0.1) AS VARCHAR) FROM entity",
    ],
)
def test_volatile_parts_beside_a_lineage_become_tables_of_with(tableset, subquery):
    """Which rows, in which order, is PostgreSQL's choice each time; elsewhere it is left alone."""
    beside = f"SELECT * FROM lineage WHERE l_descendant_id IN ({subquery})"
    alone = f"SELECT * FROM entity WHERE e_id IN ({subquery})"

    assert "q_v1 AS MATERIALIZED" in translate(beside, tableset).sql
    assert "MATERIALIZED" not in translate(alone, tableset).sql


@pytest.mark.parametrize(
    "condition",
    [
        "o.l_distance BETWEEN i.l_distance - 9 AND 1",
        "o.l_distance <= 1",
        "1 >= o.l_distance",
        "o.l_distance = 2",
        "o.l_main = 1 AND i.l_main IN (0, 1)",
        "o.l_main = 1",
    ],
)
def test_a_bound_on_an_outer_lineage_does_not_bound_the_inner_one(store, tableset, tables, condition):
    """A column is that of a certain table, although both tables are lineages."""
    text = (
        "SELECT o.l_descendant_id, o.l_ancestor_id FROM lineage AS o WHERE EXISTS (SELECT 1 FROM lineage AS i"
        f" WHERE i.l_descendant_id = o.l_ancestor_id AND i.l_distance >= 1 AND {condition})"
    )
    chain = {
        "datasets": {"e:0", "e:1", "e:3"},
        "used": [(f"a:{n}", f"e:{n}", None) for n in range(5)],
        "wasgeneratedby": [(f"e:{n + 1}", f"a:{n}") for n in range(5)],
        "wasderivedfrom": [],
        "wasinformedby": [],
    }
    with filled(store, chain):
        expected = answer(store, text, tables)

        assert expected
        assert answer(store, text, tableset) == expected
        for_far = text.replace("i.l_distance >= 1", "i.l_distance = 2")
        assert answer(store, for_far, tableset) == answer(store, for_far, tables)


# What a query becomes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query, starts",
    [
        ("SELECT * FROM lineage WHERE l_descendant_id = 'x'", "back"),
        ("SELECT * FROM lineage WHERE l_ancestor_id IN ('x', 'y')", "forth"),
        ("SELECT * FROM lineage WHERE l_ancestor_id = 'x' AND l_descendant_id LIKE 'y%'", "forth"),
        ("SELECT * FROM lineage", "back"),
        ("SELECT l.* FROM lineage AS l JOIN entity AS e ON e.e_id = l.l_ancestor_id", "back"),
        (
            "SELECT l.* FROM lineage AS l JOIN entity AS e ON e.e_id = l.l_ancestor_id WHERE e.e_name = 'x'",
            "forth",
        ),
        (
            "SELECT l.* FROM lineage AS l JOIN entity AS e ON e.e_id = l.l_ancestor_id"
            " JOIN entity AS d ON d.e_id = l.l_descendant_id WHERE e.e_name = 'x' AND d.e_class = 'y'",
            "fewer",
        ),
        (
            "SELECT e.e_id FROM entity AS e WHERE EXISTS (SELECT 1 FROM lineage AS l JOIN entity AS b"
            " ON b.e_id = l.l_ancestor_id WHERE l.l_descendant_id = e.e_id AND b.e_name = 'x')",
            "forth",
        ),
        (
            "SELECT a.* FROM lineage AS a JOIN lineage AS b ON b.l_ancestor_id = a.l_descendant_id"
            " WHERE b.l_descendant_id = 'x'",
            "back, back",
        ),
    ],
)
def test_a_walk_starts_at_the_end_with_most_conditions(tableset, query, starts):
    """D10: constants before conditions on joined tables, these before columns of outer queries."""
    sql = translate(query, tableset).sql

    assert ", ".join(ways(sql)) == starts


def ways(sql):
    """Return the way of each walk: by which column activities are looked up."""
    if "_choice" in sql:
        return ["fewer"]
    return [
        {"wgb_entity_id": "back", "wgb_activity_id": "forth"}[column]
        for column in re.findall(r"FROM provenance.wasgeneratedby WHERE t\d+_walk.kind = . AND (\w+) =", sql)
    ]


def test_unused_columns_are_not_computed(tableset):
    """D10: neither distance nor main path costs anything where nobody wants it."""
    sql = translate("SELECT l_ancestor_id FROM lineage WHERE l_descendant_id = 'x'", tableset).sql

    assert "interval" not in sql
    assert "usagedescription" not in sql


def test_a_bound_on_the_distance_ends_the_walk_unless_a_main_path_may_be_longer(tableset):
    """D10: l_main = 1 if any path is all main, however long."""
    near = "SELECT l_ancestor_id FROM lineage WHERE l_descendant_id = 'x' AND l_distance <= 2"

    assert "> -120)" in translate(near, tableset).sql
    assert "> -120 OR t1_walk.main)" in translate(f"{near} AND l_main = 1", tableset).sql


def test_tables_that_give_the_seeds_are_searched_once(tableset):
    """A selection that no index serves must not cost twice."""
    query = (
        "SELECT e.e_name, l.l_ancestor_id FROM entity AS e JOIN lineage AS l ON l.l_descendant_id = e.e_id"
        " WHERE e.e_comment LIKE '%flat%'"
    )

    assert translate(query, tableset).sql.count("e_comment") == 1


def test_nested_lineages_do_not_double_with_each_level(tableset):
    """A short query must not become a long one: each level is written once."""
    query = "SELECT l_ancestor_id FROM lineage WHERE l_descendant_id = 'x'"
    lengths = []
    for _ in range(8):
        query = f"SELECT l_ancestor_id FROM lineage WHERE l_descendant_id IN ({query})"
        lengths.append(len(translate(query, tableset).sql))

    assert lengths[-1] < 10 * lengths[0]


def test_a_query_may_use_ten_lineages(tableset):
    """Each is a walk of its own; the sentence tells the limit and the place."""
    tables = ", ".join(f"lineage AS l{n}" for n in range(11))

    with pytest.raises(AdqlError, match=r"follows lineage more than 10 times\. \(line 1, column"):
        translate(f"SELECT COUNT(*) FROM {tables}", tableset)


# Size -------------------------------------------------------------------------------------------------------


def test_a_chain_of_twenty_thousand_steps_is_followed_to_its_end(large, tableset):
    """Issue 4, "Faults and limits": right distance at any depth."""
    large.execute(
        """
        INSERT INTO provenance.entity (e_id) SELECT 'c' || n FROM generate_series(0, 20000) AS n;
        INSERT INTO provenance.activity (a_id) SELECT 'r' || n FROM generate_series(1, 20000) AS n;
        INSERT INTO provenance.used (u_activity_id, u_entity_id)
        SELECT 'r' || n, 'c' || n - 1 FROM generate_series(1, 20000) AS n;
        INSERT INTO provenance.wasgeneratedby (wgb_entity_id, wgb_activity_id)
        SELECT 'c' || n, 'r' || n FROM generate_series(1, 20000) AS n;
        """
    )
    query = "SELECT l_distance FROM lineage WHERE l_descendant_id = 'c20000' AND l_ancestor_id = 'c0'"

    assert answer(large, query, tableset) == [(20_000,)]


def test_an_entity_of_a_hundred_thousand_inputs_has_them_all(large, tableset):
    """Issue 4, "Faults and limits"."""
    large.execute(
        """
        INSERT INTO provenance.entity (e_id) SELECT 'i' || n FROM generate_series(1, 100000) AS n
         UNION ALL SELECT 'merged' UNION ALL SELECT 'again';
        INSERT INTO provenance.activity (a_id) VALUES ('merge'), ('copy');
        INSERT INTO provenance.used (u_activity_id, u_entity_id)
        SELECT 'merge', 'i' || n FROM generate_series(1, 100000) AS n UNION ALL SELECT 'copy', 'merged';
        INSERT INTO provenance.wasgeneratedby (wgb_entity_id, wgb_activity_id)
        VALUES ('merged', 'merge'), ('again', 'copy');
        """
    )
    query = "SELECT COUNT(*), MAX(l_distance) FROM lineage WHERE l_descendant_id = 'again'"

    assert answer(large, query, tableset) == [(100_001, 2)]


@pytest.mark.parametrize(
    "odd", ["it''s", '"', "\\", "%_", "a b\nc", "é\u20ac\U0001f52d", "{0}", "$1", "--", ";"]
)
def test_ids_may_contain_any_character(large, tableset, odd):
    """Issue 4, "Faults and limits": ids are compared, never run."""
    large.execute("INSERT INTO provenance.entity (e_id) VALUES (%s), ('y')", [odd.replace("''", "'")])
    large.execute("INSERT INTO provenance.wasderivedfrom VALUES ('y', %s)", [odd.replace("''", "'")])

    assert answer(large, f"SELECT l_descendant_id FROM lineage WHERE l_ancestor_id = '{odd}'", tableset) == [
        ("y",)
    ]
    assert answer(large, f"SELECT e_id FROM entity WHERE prov_derived_from(e_id, '{odd}') = 1", tableset) == [
        ("y",)
    ]
