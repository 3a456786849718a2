"""Finds the nodes of a graph that are on cycles."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np


def on_cycles(earlier: bytes, later: bytes) -> list[int]:
    """Return the nodes on cycles of a graph whose edges lead from *earlier* to *later*.

    Nodes are concatenated big-endian integers of 64 bits. Nodes that no cycle leads to, or that lead to no
    cycle, are removed first: in a correct store none are left, whatever its size.
    """
    ends = [np.frombuffer(end, ">i8").astype("i8") for end in (earlier, later)]
    names, edges = np.unique(np.concatenate(ends), return_inverse=True)
    left = np.ones(len(names), bool)
    tails, heads = np.split(edges, 2)
    for before, after in ((tails, heads), (heads, tails)):
        _peel(left, before, after)
    if not left.any():
        return []
    places = np.cumsum(left) - 1
    remaining = left[tails] & left[heads]
    following: list[list[int]] = [[] for _ in range(int(left.sum()))]
    for tail, head in zip(places[tails[remaining]].tolist(), places[heads[remaining]].tolist(), strict=True):
        following[tail].append(head)
    nodes = names[left].tolist()
    return sorted(nodes[at] for component in _components(following) if len(component) > 1 for at in component)


def _peel(left: Any, before: Any, after: Any) -> None:
    """Remove from *left* the nodes without predecessor in it, layer by layer (Kahn 1962)."""
    remaining = left[before] & left[after]
    before, after = before[remaining], after[remaining]
    order = np.argsort(before, kind="stable")
    after = after[order]
    starts = np.searchsorted(before[order], np.arange(len(left) + 1))
    waits_for = np.bincount(after, minlength=len(left))
    layer = np.flatnonzero(left & (waits_for == 0))
    while len(layer):
        left[layer] = False
        reached = np.concatenate([after[starts[node] : starts[node + 1]] for node in layer])
        np.subtract.at(waits_for, reached, 1)
        candidates = np.unique(reached)
        layer = candidates[(waits_for[candidates] == 0) & left[candidates]]


def _components(following: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Yield the strongly connected components (Tarjan 1972), without recursion."""
    number: dict[int, int] = {}
    least: dict[int, int] = {}
    open_: dict[int, None] = {}  # ordered by number
    path: list[tuple[int, Iterator[int]]] = []
    for root in range(len(following)):
        todo = [] if root in number else [root]
        while todo or path:
            if todo:
                node = todo.pop()
                number[node] = least[node] = len(number)
                open_[node] = None
                path.append((node, iter(following[node])))
            node, rest = path[-1]
            for next_ in rest:
                if next_ not in number:
                    todo.append(next_)
                    break
                if next_ in open_:
                    least[node] = min(least[node], number[next_])
            else:
                path.pop()
                if path:
                    least[path[-1][0]] = min(least[path[-1][0]], least[node])
                if least[node] == number[node]:
                    component = []
                    while node in open_:
                        component.append(open_.popitem()[0])
                    yield component
