"""Folding: what stands in the same relations to the same things is one node of a picture, with a number."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from itertools import count
from typing import NamedTuple

from provtap.provsap.graph import Edge, Graph, Key

SHOWN = 5
"""So many alike are still drawn one by one."""

Look = Callable[[Key], Hashable]
"""What must be the same of things that are folded."""


class Tie(NamedTuple):
    """A relation of a node to one that is nearer to what was asked for."""

    relation: str
    role: str | None
    ahead: bool
    """Whether it leads to the nearer one."""
    other: Key


Ties = Mapping[Key, list[Tie]]
Place = Callable[[Key, Mapping[Key, int]], Hashable]
"""Where a node stands, given the numbers of nearer nodes."""


def fold(graph: Graph, look: Look) -> dict[Key, Key]:
    """Return for each node the one that stands for it: the first of those that it is folded with.

    Alike are nodes that look the same (*look*) and have the same relations, in the same roles, to alike
    nodes nearer to what was asked for: of a merge of 500 files, the files are alike, and so are the 500
    activities that made them. What was asked for is never folded.
    """
    ties = _ties(graph)
    return _leaders(_numbers(graph, look, _beside(ties, lambda tie: tie.role)))


def fold_over_roles(graph: Graph, look: Look) -> dict[Key, Key]:
    """Return the same, but so that roles don't matter where there are many of them in one place."""
    ties = _ties(graph)
    places = _numbers(graph, look, _beside(ties, lambda tie: None))
    roles: defaultdict[Hashable, set[str | None]] = defaultdict(set)
    for tie in (tie for near in ties.values() for tie in near):
        roles[tie.relation, tie.ahead, places[tie.other]].add(tie.role)

    def role(tie: Tie) -> str | None:
        return tie.role if len(roles[tie.relation, tie.ahead, places[tie.other]]) <= SHOWN else None

    return _leaders(_numbers(graph, look, _beside(ties, role)))


def fold_anywhere(graph: Graph, look: Look) -> dict[Key, Key]:
    """Return the same for nodes that look the same and have the same relations, to whatever they are.

    A long chain of runs and of their files becomes two nodes, each made by way of the other.
    """
    ties = _ties(graph)
    return _leaders(
        _numbers(
            graph, look, lambda key, _: frozenset((tie.relation, tie.ahead) for tie in ties.get(key, ()))
        )
    )


def _ties(graph: Graph) -> Ties:
    ties: defaultdict[Key, list[Tie]] = defaultdict(list)
    for relation, subject, object_, role in graph.edges():
        farther = graph.nodes[subject].depth - graph.nodes[object_].depth
        if farther > 0:
            ties[subject].append(Tie(relation, role, True, object_))
        elif farther < 0:
            ties[object_].append(Tie(relation, role, False, subject))
    return ties


def _beside(ties: Ties, role: Callable[[Tie], str | None]) -> Place:
    """Return the place that is made of the relations to alike nodes."""
    return lambda key, alike: frozenset(
        (tie.relation, role(tie), tie.ahead, alike[tie.other]) for tie in ties.get(key, ())
    )


def _numbers(graph: Graph, look: Look, place: Place) -> dict[Key, int]:
    """Return a number for each node; those that are alike have the same."""
    numbers: defaultdict[Hashable, int] = defaultdict(count().__next__)
    alike: dict[Key, int] = {}
    for key in graph.nodes:  # the nearest first
        alike[key] = numbers[key if key in graph.roots else (key.kind, look(key), place(key, alike))]
    return alike


def _leaders(alike: Mapping[Key, int]) -> dict[Key, Key]:
    groups: defaultdict[int, list[Key]] = defaultdict(list)
    for key, number in alike.items():
        groups[number].append(key)
    return {key: group[0] if len(group) > SHOWN else key for group in groups.values() for key in group}


def folded_edges(edges: Iterable[Edge], leader: Mapping[Key, Key]) -> Iterator[tuple[Edge, list[str]]]:
    """Yield the relations between what is drawn, and the roles of each.

    A relation in several roles is one for each of them, unless they are more than could be read.
    """
    roles: defaultdict[Edge, dict[str | None, None]] = defaultdict(dict)
    for edge in edges:
        drawn = Edge(edge.relation, leader[edge.subject], leader[edge.object])
        roles[drawn][edge.role] = None
    for edge, given in roles.items():
        if len(given) > SHOWN:
            yield edge, [role for role in given if role is not None]
        else:
            yield from ((edge, [role] if role else []) for role in given)
