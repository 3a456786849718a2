"""Folding: what stands in the same relations to the same things is one node of a picture, with a number."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from itertools import count

from provtap.provsap.graph import Edge, Graph, Key

SHOWN = 5
"""So many alike are still drawn one by one."""


def fold(graph: Graph, look: Callable[[Key], Hashable]) -> dict[Key, Key]:
    """Return for each node the one that stands for it: the first of those that it is folded with.

    Alike are nodes that look the same (*look*) and have the same relations, in the same roles, to alike
    nodes nearer to what was asked for: of a merge of 500 files, the files are alike, and so are the 500
    activities that made them. What was asked for is never folded.
    """
    nearer = _nearer(graph)
    numbers: defaultdict[Hashable, int] = defaultdict(count().__next__)
    alike: dict[Key, int] = {}
    for key in graph.nodes:  # the nearest first
        ties = frozenset((relation, role, out, alike[other]) for relation, role, out, other in nearer[key])
        alike[key] = numbers[key if key in graph.roots else (key.kind, look(key), ties)]
    return _leaders(alike)


def _nearer(graph: Graph) -> Mapping[Key, list[tuple[str, str | None, bool, Key]]]:
    """Return the relations of each node to nearer ones, and whether they lead there or come from there."""
    nearer: defaultdict[Key, list[tuple[str, str | None, bool, Key]]] = defaultdict(list)
    for relation, subject, object_, role in graph.edges():
        ahead = graph.nodes[subject].depth - graph.nodes[object_].depth
        if ahead > 0:
            nearer[subject].append((relation, role, True, object_))
        elif ahead < 0:
            nearer[object_].append((relation, role, False, subject))
    return nearer


def _leaders(alike: Mapping[Key, int]) -> dict[Key, Key]:
    groups: defaultdict[int, list[Key]] = defaultdict(list)
    for key, number in alike.items():
        groups[number].append(key)
    return {key: group[0] if len(group) > SHOWN else key for group in groups.values() for key in group}


def folded_edges(edges: Iterable[Edge], leader: Mapping[Key, Key]) -> list[Edge]:
    """Return the relations between what is drawn, each once."""
    drawn = (e._replace(subject=leader[e.subject], object=leader[e.object]) for e in edges)
    return list(dict.fromkeys(drawn))
