"""The walk, against networkx on random graphs, and at its limits."""

import tracemalloc
from dataclasses import replace

import networkx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provtap.database.connect import Database
from provtap.errors import NotFound, QueryTimeout, TooLarge
from provtap.provsap import retrieve
from provtap.provsap.graph import ENDS, Key
from tests.ingest.logs import empty
from tests.provsap.conftest import DL2, asked
from tests.provsap.stores import COLLECTIONS, LOOPS, as_networkx, ids, write_store

ENTITIES = [f"e:{n}" for n in range(7)]
ACTIVITIES = [f"a:{n}" for n in range(4)]


def pairs(left, right, key=lambda pair: pair):
    return st.lists(st.tuples(st.sampled_from(left), st.sampled_from(right)), max_size=12, unique_by=key)


def apart(given):
    return [(one, other) for one, other in given if one != other]


GRAPHS = st.fixed_dictionaries(
    {
        "used": pairs(ACTIVITIES, ENTITIES),
        "wasgeneratedby": pairs(ENTITIES, ACTIVITIES, lambda pair: pair[0]),  # by one activity only
        "wasderivedfrom": pairs(ENTITIES, ENTITIES).map(apart),
        "wasinformedby": pairs(ACTIVITIES, ACTIVITIES).map(apart),
    }
)


def stored(database, graph, collections=()):
    """Store *graph* alone, and return it for networkx."""
    empty(database)
    present = {table: rows for table, rows in graph.items() if rows}
    write_store(database, collections=collections, **present)
    with database.transaction() as transaction:
        if "e:0" not in collections and not any(
            pair[0] == "e:0" or pair[1] == "e:0" for rows in present.values() for pair in rows
        ):
            transaction.copy("provenance.entity", ["e_id"], [("e:0",)])
    directed = networkx.DiGraph([pair for rows in present.values() for pair in rows])
    directed.add_node("e:0")
    return directed


@pytest.mark.parametrize("direction", ["BACK", "FORTH"])
@given(graph=GRAPHS, depth=st.integers(0, 6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reach_and_depth_are_those_of_networkx(database: Database, look, direction, graph, depth):
    """Section 2: each node once, at its least depth, also on cycles."""
    directed = stored(database, graph)
    way = directed if direction == "BACK" else directed.reverse()

    found = look("e:0", depth=depth, direction=direction)

    expected = networkx.single_source_shortest_path_length(way, "e:0", cutoff=depth)
    assert {key.id: node.depth for key, node in found.nodes.items()} == dict(expected)
    inside = directed.subgraph(expected)
    assert {(e.subject.id, e.object.id) for e in found.edges()} == set(inside.edges)
    leads_out = {node for node in expected if set(way[node]) - set(expected)}
    assert {key.id for key, node in found.nodes.items() if node.truncated} == leads_out


@given(graph=GRAPHS, depth=st.integers(0, 6))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_directions_are_the_union_of_the_two(database: Database, look, graph, depth):
    directed = stored(database, graph)

    found = look("e:0", depth=depth, direction="BOTH")

    back = networkx.single_source_shortest_path_length(directed, "e:0", cutoff=depth)
    forth = networkx.single_source_shortest_path_length(directed.reverse(), "e:0", cutoff=depth)
    assert ids(found) == set(back) | set(forth)


@given(graph=GRAPHS, end=st.sampled_from(ENTITIES[1:] + ACTIVITIES))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_to_gives_every_node_on_a_way_and_no_other(database: Database, look, graph, end):
    directed = stored(database, graph)

    if end not in directed or not networkx.has_path(directed, "e:0", end):
        with pytest.raises(NotFound, match="No path of"):
            look("e:0", depth="ALL", to=end)
    else:
        between = networkx.descendants(directed, "e:0") & networkx.ancestors(directed, end)
        assert ids(look("e:0", depth="ALL", to=end)) == between | {"e:0", end}


AGENTS = ["e:1", "g:1", "g:2"]  # one of them is called as an entity is
ALL = st.fixed_dictionaries(
    {
        "used": pairs(ACTIVITIES, ENTITIES),
        "wasgeneratedby": pairs(ENTITIES, ACTIVITIES, lambda pair: pair[0]),
        "wasderivedfrom": pairs(ENTITIES, ENTITIES).map(apart),
        "wasinformedby": pairs(ACTIVITIES, ACTIVITIES).map(apart),
        "hadmember": pairs(ENTITIES[:3], ENTITIES),  # also of itself
        "wasattributedto": pairs(ENTITIES, AGENTS),
        "wasassociatedwith": pairs(ACTIVITIES, AGENTS),
    }
)
FLAGS = st.fixed_dictionaries(dict.fromkeys(["members", "steps", "agent", "agents"], st.integers(0, 1)))


def rules(graph, way, asked):
    """Return the steps that a walk this *way* may take, as section 2 has them."""
    ends = {table: tuple(ENDS[table].values()) for table in graph}
    followed = {
        "wasattributedto": (asked["agents"], asked["agents"] and asked["agent"]),
        "wasassociatedwith": (asked["agents"], asked["agents"] and asked["agent"]),
        "hadmember": (asked["members"], True),  # from the collection; from the member
        "wasinformedby": (way == "BACK", way == "FORTH" or asked["steps"]),
    }
    steps = networkx.DiGraph()
    for table, rows in graph.items():
        to_object, to_subject = followed.get(table, (way == "BACK", way == "FORTH"))
        for one, other in rows:
            subject, object_ = Key(ends[table][0], one), Key(ends[table][1], other)
            steps.add_nodes_from([subject, object_])
            steps.add_edges_from([(subject, object_)] if to_object else [])
            steps.add_edges_from([(object_, subject)] if to_subject else [])
    return steps


@given(graph=ALL, depth=st.integers(0, 6), direction=st.sampled_from(["BACK", "FORTH", "BOTH"]), flags=FLAGS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_parameter_opens_its_relations_and_no_other(
    database: Database, look, graph, depth, direction, flags
):
    """Section 2: ways back and forth don't mix; collections and agents are upward on both."""
    graph = graph | {"used": sorted({*graph["used"], ("a:0", "e:6")})}  # so that a:0 is there
    stored(database, graph, ENTITIES[:3])
    root = Key("activity", "a:0")

    found = look("a:0", depth=depth, direction=direction, **flags)

    expected, leads_out = {}, set()
    walks = [rules(graph, way, flags) for way in (["BACK", "FORTH"] if direction == "BOTH" else [direction])]
    met = [networkx.single_source_shortest_path_length(steps, root, cutoff=depth) for steps in walks]
    for key, at in (item for each in met for item in each.items()):
        expected[key] = min(at, expected.get(key, at))
    for steps, each in zip(walks, met, strict=True):
        leads_out |= {key for key, at in each.items() if at == depth and set(steps[key]) - set(expected)}
    assert {key: node.depth for key, node in found.nodes.items()} == expected
    assert {key for key, node in found.nodes.items() if node.truncated} == leads_out


def test_a_path_longer_than_depth_is_not_found(database, look):
    write_store(database, used=[("a:1", "e:2")], wasgeneratedby=[("e:1", "a:1")])

    assert ids(look("e:1", depth=2, to="e:2")) == {"e:1", "a:1", "e:2"}
    with pytest.raises(NotFound, match="No path of 1 relations leads back to e:2"):
        look("e:1", depth=1, to="e:2")


def test_the_draft_s_example_counts_a_derivation_as_one_relation(database, look):
    """Section 2: E1 is reached over wasDerivedFrom though it is 4 relations away by activities."""
    write_store(
        database,
        wasgeneratedby=[("e:6", "a:2"), ("e:3", "a:1")],
        used=[("a:2", "e:3"), ("a:1", "e:1")],
        wasderivedfrom=[("e:6", "e:1")],
    )

    assert look("e:6", depth=2).nodes[Key("entity", "e:1")].depth == 1


def test_collections_are_upward_and_members_only_on_request(database, look):
    """Section 2: entity to collection whatever the direction; MEMBERS for the way down."""
    write_store(database, collections=["c"], hadmember=[("c", "e:1"), ("c", "e:2")])

    assert ids(look("e:1", direction="FORTH")) == {"e:1", "c"}
    assert ids(look("c", direction="BACK")) == {"c"}
    assert ids(look("c", members=1)) == {"c", "e:1", "e:2"}


def test_an_agent_ends_the_walk_unless_agent_is_set(database, look):
    """Section 2: a request for an agent alone returns just the agent."""
    write_store(database, wasattributedto=[("e:1", "g"), ("e:2", "g")])

    assert ids(look("e:1", depth="ALL")) == {"e:1", "g"}
    assert ids(look("g", depth="ALL")) == {"g"}
    assert ids(look("g", agent=1)) == {"g", "e:1", "e:2"}
    assert ids(look("e:1", agents=0)) == {"e:1"}


def test_steps_are_followed_on_request(database, look):
    """Section 1: activityFlow is not in ProvenanceDM 1.0; steps are what the activity informed."""
    write_store(database, wasinformedby=[("step", "flow")])

    assert ids(look("flow")) == {"flow"}
    assert ids(look("flow", steps=1)) == {"flow", "step"}


def test_an_id_of_an_entity_and_of_an_agent_means_both(database, look):
    write_store(database, wasattributedto=[("x", "y"), ("z", "x")])

    assert set(look("x", depth=0).nodes) == {Key("entity", "x"), Key("agent", "x")}


@pytest.mark.parametrize(
    "name",
    [
        "/data/a file.h5",
        "a%20b",
        "'; DROP TABLE x; --",
        "ü→\U0001f52d",
        "{}",
        "%s",
        "a\\b",
        '"',
        "<&>",
        "\t",
        "é",
    ],
)
def test_any_id_and_any_alias_is_found(database, look, name):
    write_store(database, used=[("activity", name)])
    with database.transaction() as transaction:
        transaction.copy(
            "provext.alias", ["al_entity_id", "al_kind", "al_value"], [(name, "path", f"alias {name}")]
        )

    assert ids(look("activity")) == {"activity", name}
    assert ids(look(f"alias {name}")) == {name}


def test_unknown_ids_are_listed_or_an_error_if_all_are_unknown(database, look):
    """Section 1, ID: an error only if none is known."""
    write_store(database, used=[("a:1", "e:1")])

    assert look("e:1", "nothing").unknown == ("nothing",)
    with pytest.raises(NotFound, match="Nothing has the name nothing, nobody"):
        look("nothing", "nobody")


@pytest.mark.parametrize("name", ["step2_a.dl2.h5", "conf.yaml"])
def test_a_path_leads_to_the_current_file(sample, name):
    """An alias of kind path; the location of a file that nobody is known to have written."""
    [row] = sample(f"/cta/provwork/run/{name}", depth=0).of("entity")

    assert row.e_name == name


def test_an_activity_carries_its_configuration_wherever_it_is(sample):
    """Section 2: uniform, also for an activity at the edge of the answer."""
    graph = sample(DL2, depth=3)

    assert {row.p_activity_id for row in graph.of("parameter")} == {row.a_id for row in graph.of("activity")}
    assert graph.of("activitydescription")
    assert not sample(DL2, configuration=0).of("parameter")


@pytest.mark.parametrize("descriptions, tables", [(0, 0), (1, 1), (2, 6)])
def test_descriptions_come_in_three_amounts(sample, descriptions, tables):
    found = sample(DL2, depth=2, descriptions=descriptions)

    assert sum(1 for name in found.tables if name.endswith("description")) == tables


@pytest.mark.parametrize("depth", range(5))
def test_circles_are_walked_once(database, look, depth):
    """Each thing at its least depth; nothing is its own neighbour's neighbour for ever."""
    write_store(database, COLLECTIONS, **LOOPS)
    found = look("log", depth=depth, agents=0)

    directed = networkx.DiGraph(
        row[:2]
        for name in ("used", "wasgeneratedby", "wasderivedfrom", "wasinformedby")
        for row in LOOPS[name]
    )
    directed.add_edges_from((member, collection) for collection, member in LOOPS["hadmember"])  # upward
    expected = networkx.single_source_shortest_path_length(directed, "log", cutoff=depth)
    assert {key.id: node.depth for key, node in found.nodes.items()} == expected


def test_memory_does_not_grow_with_omitted_nodes(database, look):
    """Of an entity with 100 000 inputs, as much is held as of one with 5 000."""
    for inputs in (5_000, 100_000):
        write_store(
            database,
            wasgeneratedby=[(f"out {inputs}", f"merge {inputs}")],
            used=[(f"merge {inputs}", f"in {inputs}:{n}") for n in range(inputs)],
        )
    peaks = []
    for inputs in (5_000, 100_000):
        tracemalloc.start()
        graph = look(f"out {inputs}", depth="ALL", nodes=1_000)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

        assert len(graph.nodes) == 1_000
    assert peaks[1] < 1.2 * peaks[0]


def test_an_entity_with_100_000_inputs(database, look):
    """The limit gives the same nodes whatever the order of rows; the one with more behind it is marked."""
    inputs = [("merge", f"in:{n:06}") for n in reversed(range(100_000))]
    write_store(database, wasgeneratedby=[("out", "merge")], used=inputs)

    cut = look("out", depth="ALL", nodes=10)

    assert ids(cut) == {"out", "merge", *(f"in:{n:06}" for n in range(8))}
    assert [node.key.id for node in cut.nodes.values() if node.truncated == "limit"] == ["merge"]
    assert len(look("out", depth="ALL").nodes) == 100_002


def test_a_stopped_walk_leaves_the_connection_usable(database, settings, tableset):
    write_store(database, used=[("merge", f"in:{n}") for n in range(50_000)])
    hasty = replace(settings, sync_duration=0.001, read_connections=1)

    with pytest.raises(QueryTimeout):
        retrieve(asked("merge"), database, tableset, hasty)
    assert len(retrieve(asked("merge", depth=0), database, tableset, settings).nodes) == 1


def test_too_many_rows_for_memory_are_refused(database, look):
    write_store(database, used=[("run", "e")])
    with database.transaction() as transaction:
        rows = [(f"p{n}", "run", f"name {n}", "1") for n in range(30)]
        transaction.copy("provenance.parameter", ["p_id", "p_activity_id", "p_name", "p_value"], rows)

    with pytest.raises(TooLarge, match="the limit was reached in parameter.* CONFIGURATION=0"):
        look("run", nodes=2)
    assert len(look("run", nodes=2, configuration=0).nodes) == 2


def test_a_graph_of_just_the_limit_is_not_truncated(database, look):
    write_store(database, used=[("a:1", "e:1"), ("a:1", "e:2")])

    assert [node.truncated for node in look("a:1", nodes=3).nodes.values()] == [None] * 3
    assert [node.truncated for node in look("a:1", nodes=2).nodes.values()] == ["limit", None]


def test_a_chain_20_000_deep_is_walked_to_its_end(database, look):
    """Design, section 3; a depth that ends on the way says so."""
    chain = [f"e:{n:05}" for n in range(20_001)]
    write_store(database, wasderivedfrom=list(zip(chain, chain[1:], strict=False)))

    whole = look("e:00000", depth="ALL").nodes
    assert [(node.depth, node.truncated) for node in whole.values()] == [(n, None) for n in range(20_001)]
    part = look("e:00000", depth=18_000).nodes
    assert [key.id for key, node in part.items() if node.truncated == "depth"] == ["e:18000"]


def test_the_answer_of_the_sample_is_connected(sample):
    """Section 2: every relation has both of its ends, and the roots reach everything."""
    graph = sample(DL2, depth="ALL", direction="BOTH")

    assert networkx.is_weakly_connected(as_networkx(graph))


def test_things_without_location_are_not_context(database, look):
    """A W3C entity needs no location (PROV-DM, 5.1.1): without context all of a chain of them is there."""
    write_store(
        database,
        used=[("bake", "dough", "in"), ("bake", "kitchen", "environment")],
        wasgeneratedby=[("bread", "bake")],
        wasderivedfrom=[("dough", "flour")],
    )

    assert ids(look("bread", depth="ALL", context=0)) == {"bread", "bake", "dough", "flour"}
    assert ids(look("bread", depth="ALL", context=1)) == {"bread", "bake", "dough", "flour", "kitchen"}
    assert ids(look("kitchen", depth="ALL", context=0)) == {"kitchen"}


@pytest.mark.parametrize(("type_", "there"), [("Context", set()), ("Main", {"kitchen"})])
def test_a_described_usage_is_context_by_its_type_alone(database, look, type_, there):
    """ProvenanceDM 1.0, UsageDescription.type: whatever the role is called."""
    write_store(database, used=[("bake", "kitchen", "environment"), ("bake", "dough", "in")])
    with database.transaction() as transaction:
        transaction.execute("INSERT INTO provenance.activitydescription (ad_id, ad_name) VALUES ('d', 'd')")
        transaction.execute(
            """INSERT INTO provenance.usagedescription (ud_id, ud_activitydescription_id, ud_role, ud_type)
               VALUES ('u', 'd', 'environment', %(type)s)""",
            type=type_,
        )
        transaction.execute("UPDATE provenance.activity SET a_activitydescription_id = 'd'")
        transaction.execute(
            "UPDATE provenance.used SET u_usagedescription_id = 'u' WHERE u_role = 'environment'"
        )

    assert ids(look("bake", context=0)) == {"bake", "dough"} | there


def test_context_of_one_run_that_is_input_of_another_is_kept(database, look):
    write_store(
        database,
        used=[("bake", "kitchen", "environment"), ("clean", "kitchen", "in")],
        wasinformedby=[("bake", "clean")],
    )

    assert "kitchen" in ids(look("bake", depth="ALL", context=0))
