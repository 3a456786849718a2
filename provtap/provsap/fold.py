"""Folding: things that are alike, and stand in the same relations to things that are alike, are one node.

This is colour refinement: things begin with the colour of what they are, and each round tells those apart
whose neighbours have different colours. Of a merge of 500 files the files end with one colour, and so do the
500 runs that made them, but for the run that failed, and its file.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping
from itertools import count
from typing import NamedTuple

from provtap.provsap.graph import Edge, Graph, Key

LEAST = 3
"""So many alike are one node."""
SHOWN = 5
"""Roles in one place that are kept apart; more of them count as one."""
ALL = -1
"""As many rounds as it takes."""

Look = Callable[[Key], Hashable]
"""What must be the same of things that are folded."""
Colours = dict[Key, int]


class Tie(NamedTuple):
    """A relation of a thing to another one."""

    relation: str
    role: str | None
    ahead: bool
    """Whether it leads to the other one, as PROV draws it."""
    other: Key


Role = Callable[[Tie], str | None]
"""The role of a tie, as far as it tells things apart."""


class Folding:
    """The ways to fold one graph, from what is exactly alike to what is roughly alike."""

    def __init__(self, graph: Graph, apart: Container[str] = ()) -> None:
        """Keep the roots, and things whose ids are in *apart*, for themselves."""
        self._graph = graph
        self._apart = apart
        self._ties: defaultdict[Key, list[Tie]] = defaultdict(list)
        for relation, subject, object_, role in graph.edges():
            self._ties[subject].append(Tie(relation, role, True, object_))
            self._ties[object_].append(Tie(relation, role, False, subject))

    def exact(self, look: Look, most: int) -> dict[Key, Key]:
        """Return for each thing the one that stands for it: the nearest one of those that it is folded with.

        Folding ends early when it has found more than *most* groups of like things.
        """
        return _leaders(self._refined(look, lambda tie: tie.role, ALL, most))

    def over_roles(self, look: Look, most: int) -> dict[Key, Key]:
        """Return the same, but so that roles don't matter where there are many of them in one place."""
        places = self._refined(look, lambda tie: None, ALL, most)
        roles: defaultdict[Hashable, set[str | None]] = defaultdict(set)
        for tie in (tie for ties in self._ties.values() for tie in ties):
            roles[tie.relation, tie.ahead, places[tie.other]].add(tie.role)

        def role(tie: Tie) -> str | None:
            return tie.role if len(roles[tie.relation, tie.ahead, places[tie.other]]) <= SHOWN else None

        return _leaders(self._refined(look, role, ALL, most))

    def anywhere(self, look: Look, rounds: int) -> dict[Key, Key]:
        """Return the same for things of which only neighbours as near as *rounds* are compared.

        A long chain of runs and of their files becomes two nodes, each made by way of the other.
        """
        return _leaders(self._refined(look, lambda tie: None, rounds, len(self._graph.nodes)))

    def _refined(self, look: Look, role: Role, rounds: int, most: int) -> Colours:
        """Return colours that *rounds* rounds tell apart, or as many as it takes until nothing changes.

        Only things whose neighbours have new colours are looked at again: all others still are what those of
        their colour were.
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
        """Yield each colour whose things differ by now, and those that get another one."""
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
        yield from found  # by the colours of before, whatever the caller changes

    def _signature(self, key: Key, colours: Colours, role: Role) -> Hashable:
        return frozenset(
            (tie.relation, tie.ahead, role(tie), colours[tie.other]) for tie in self._ties.get(key, ())
        )

    def _first_colours(self, look: Look) -> tuple[Colours, int]:
        """Return the colours of what things are by themselves, and their number."""
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
    """Relations that are drawn as one."""

    edge: Edge
    roles: list[str]
    relations: int
    """How many there are."""


def folded_edges(edges: Iterable[Edge], leader: Mapping[Key, Key]) -> Iterator[Bundle]:
    """Yield the relations between what is drawn.

    A relation in several roles is one for each of them, unless they are more than could be read.
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
