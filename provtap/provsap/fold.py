"""Folding: similar things with the same relations to similar things become one node.

This is colour refinement: things begin with a colour for their own properties, and each round separates
things whose neighbours have different colours. In a merge of 500 files, the files end with the same colour,
and so do the 500 runs that made them, except the run that failed and its file.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping
from itertools import count
from typing import NamedTuple

from provtap.provsap.graph import Edge, Graph, Key

LEAST = 3
"""Minimum number of similar things that are folded."""
SHOWN = 5
"""Maximum roles in one place that are distinguished; more count as one."""
ALL = -1
"""Rounds until nothing changes."""

Look = Callable[[Key], Hashable]
"""The properties that must be equal for folded things."""
Colours = dict[Key, int]


class Tie(NamedTuple):
    """A relation of a thing to another one."""

    relation: str
    role: str | None
    ahead: bool
    """Whether its arrow in PROV leads to the other thing."""
    other: Key


Role = Callable[[Tie], str | None]
"""The role of a tie, if it distinguishes things."""


class Folding:
    """The ways to fold one graph, from exactly to roughly similar things."""

    def __init__(self, graph: Graph, apart: Container[str] = ()) -> None:
        """Prepare the graph; the roots, and things with ids in *apart*, are not folded."""
        self._graph = graph
        self._apart = apart
        self._ties: defaultdict[Key, list[Tie]] = defaultdict(list)
        for relation, subject, object_, role in graph.edges():
            self._ties[subject].append(Tie(relation, role, True, object_))
            self._ties[object_].append(Tie(relation, role, False, subject))

    def exact(self, look: Look, most: int) -> dict[Key, Key]:
        """Return the representative of each thing: the nearest of the things that it is folded with.

        Folding ends early after finding more than *most* groups.
        """
        return _leaders(self._refined(look, lambda tie: tie.role, ALL, most))

    def over_roles(self, look: Look, most: int) -> dict[Key, Key]:
        """Return the representatives, ignoring roles if there are many in one place."""
        places = self._refined(look, lambda tie: None, ALL, most)
        roles: defaultdict[Hashable, set[str | None]] = defaultdict(set)
        for tie in (tie for ties in self._ties.values() for tie in ties):
            roles[tie.relation, tie.ahead, places[tie.other]].add(tie.role)

        def role(tie: Tie) -> str | None:
            return tie.role if len(roles[tie.relation, tie.ahead, places[tie.other]]) <= SHOWN else None

        return _leaders(self._refined(look, role, ALL, most))

    def anywhere(self, look: Look, rounds: int) -> dict[Key, Key]:
        """Return the representatives, comparing only neighbours up to *rounds* relations away.

        A long chain of runs and files becomes two nodes, with relations in both directions.
        """
        return _leaders(self._refined(look, lambda tie: None, rounds, len(self._graph.nodes)))

    def _refined(self, look: Look, role: Role, rounds: int, most: int) -> Colours:
        """Return the colours after *rounds* rounds, or when nothing changes any more.

        Only things whose neighbours have new colours are examined again; others still match their colour.
        """
        colours, number = self._first_colours(look)
        classes: defaultdict[int, set[Key]] = defaultdict(set)
        for key, colour in colours.items():
            classes[colour].add(key)
        affected = list(colours)
        while affected and rounds and number <= most:
            rounds -= 1
            changed: dict[Key, int] = {}
            for colour, split in self._splits(affected, colours, classes, role):
                for part in split:
                    classes[number] = set(part)
                    classes[colour] -= classes[number]
                    changed |= dict.fromkeys(part, number)
                    number += 1
            colours |= changed
            affected = list(dict.fromkeys(tie.other for key in changed for tie in self._ties.get(key, ())))
        return colours

    def _splits(
        self, affected: Iterable[Key], colours: Colours, classes: Mapping[int, set[Key]], role: Role
    ) -> Iterator[tuple[int, list[list[Key]]]]:
        """Yield each colour whose things now differ, and the things that get another one."""
        concerned: defaultdict[int, list[Key]] = defaultdict(list)
        for key in affected:
            concerned[colours[key]].append(key)
        found: list[tuple[int, list[list[Key]]]] = []
        for colour, keys in concerned.items():
            parts: defaultdict[Hashable, list[Key]] = defaultdict(list)
            for key in keys:
                parts[self._signature(key, colours, role)].append(key)
            rest = classes[colour].difference(keys)
            sizes = {signature: len(part) for signature, part in parts.items()}
            if rest:
                like_before = self._signature(next(iter(rest)), colours, role)
                sizes[like_before] = sizes.get(like_before, 0) + len(rest)
            if len(sizes) > 1:
                stays = like_before if rest else max(sizes, key=lambda signature: sizes[signature])
                found.append((colour, [part for signature, part in parts.items() if signature != stays]))
        yield from found  # based on the old colours, whatever the caller changes

    def _signature(self, key: Key, colours: Colours, role: Role) -> Hashable:
        return frozenset(
            (tie.relation, tie.ahead, role(tie), colours[tie.other]) for tie in self._ties.get(key, ())
        )

    def _first_colours(self, look: Look) -> tuple[Colours, int]:
        """Return the colours of things by their own properties, and their number."""
        numbers: defaultdict[Hashable, int] = defaultdict(count().__next__)
        alone = {key for key in self._graph.nodes if key in self._graph.roots or key.id in self._apart}
        colours = {key: numbers[key if key in alone else (key.kind, look(key))] for key in self._graph.nodes}
        return colours, len(numbers)


def _leaders(alike: Mapping[Key, int]) -> dict[Key, Key]:
    groups: defaultdict[int, list[Key]] = defaultdict(list)
    for key, number in alike.items():
        groups[number].append(key)
    return {key: group[0] if len(group) >= LEAST else key for group in groups.values() for key in group}


class Bundle(NamedTuple):
    """Relations that are drawn as one arrow."""

    edge: Edge
    roles: list[str]
    relations: int
    """Number of relations."""


def folded_edges(edges: Iterable[Edge], leader: Mapping[Key, Key]) -> Iterator[Bundle]:
    """Yield the relations between drawn things.

    Relations with several roles are one for each role, unless there are too many to read.
    """
    counts: defaultdict[Edge, Counter[str | None]] = defaultdict(Counter)
    for edge in edges:
        drawn = Edge(edge.relation, leader[edge.subject], leader[edge.object])
        counts[drawn][edge.role] += 1
    for edge, roles in counts.items():
        if len(roles) > SHOWN:
            yield Bundle(edge, [role for role in roles if role is not None], roles.total())
        else:
            yield from (Bundle(edge, [role] if role else [], number) for role, number in roles.items())
