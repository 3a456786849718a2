"""Folding: things with equal properties and equal neighbours."""

from collections import namedtuple

from hypothesis import given
from hypothesis import strategies as st

from provtap.provsap.fold import ALL, Folding
from provtap.provsap.graph import Graph, Key, Node

Used = namedtuple("Used", "u_activity_id u_entity_id u_role")
NUMBERS = st.integers(0, 7)
USES = st.lists(st.tuples(NUMBERS, NUMBERS, st.sampled_from(["in", "flat", None])), max_size=25)


def graph(uses, roots=()):
    """Return a graph of activities and entities, each called by its number."""
    keys = [Key(kind, str(number)) for kind in ("activity", "entity") for number in range(8)]
    rows = [Used(str(activity), str(entity), role) for activity, entity, role in uses]
    return Graph({key: Node(key, 0) for key in keys}, frozenset(roots), {}, {"used": rows})


def refined_by_definition(of, look):
    """Return the coarsest partition in which things that are alike have alike neighbours."""
    colours = {key: (key.kind, look(key)) for key in of.nodes}
    for _ in of.nodes:
        ties = {key: set() for key in of.nodes}
        for relation, subject, object_, role in of.edges():
            ties[subject].add((relation, True, role, colours[object_]))
            ties[object_].add((relation, False, role, colours[subject]))
        seen = {}
        colours = {key: seen.setdefault((colours[key], frozenset(ties[key])), len(seen)) for key in of.nodes}
    return partition(colours)


def partition(colours):
    classes = {}
    for key, colour in colours.items():
        classes.setdefault(colour, set()).add(key)
    return {frozenset(keys) for keys in classes.values()}


@given(USES, st.sets(NUMBERS))
def test_things_are_distinguished_by_colour_refinement(uses, failed):
    """The fast algorithm agrees with the definition."""
    of = graph(uses)

    def look(key):
        return key.kind == "activity" and int(key.id) in failed

    colours = Folding(of)._refined(look, lambda tie: tie.role, ALL, len(of.nodes))

    assert partition(colours) == refined_by_definition(of, look)


def test_roots_and_separate_things_are_not_folded():
    of = graph([], roots=[Key("entity", "3")])
    leader = Folding(of, apart={"5"}).exact(lambda key: None, 100)

    assert {
        key.id for key, first in leader.items() if first != Key("entity", "0") and key.kind == "entity"
    } == {
        "3",
        "5",
    }


def test_two_similar_things_are_not_folded():
    of = graph([(0, 0, "flat"), (0, 1, "flat"), (1, 2, "in"), (1, 3, "in"), (1, 4, "in")])
    leader = Folding(of).exact(lambda key: None, 100)

    assert leader[Key("entity", "1")] == Key("entity", "1")
    assert leader[Key("entity", "4")] == Key("entity", "2")
