"""Lineage as a tree of lines for a terminal."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from provtap.provsap.graph import Edge, Graph, Key
from provtap.provsap.labels import Labels
from provtap.provsap.request import Direction

Children = Mapping[Key, list[tuple[str, Key]]]


def tree_lines(graph: Graph, direction: Direction) -> Iterator[str]:
    """Yield one line for each node, indented by its path; a node is followed only at its first occurrence.

    `(cycle)` marks a node that is its own ancestor, `(above)` one with its lines further up, `…` one with
    further relations. There is no recursion, so that any depth is possible.
    """
    labels = Labels(graph)
    children = _children(graph.edges(), direction)
    shown: set[Key] = set()
    for root in sorted(graph.roots & graph.nodes.keys()):
        path: list[Key] = []
        waiting = [("", "", "", root)]  # indentation, branch, role, node
        while waiting:
            before, branch, role, key = waiting.pop()
            del path[_depth(before, branch) :]
            mark = "(cycle)" if key in path else "(above)" if key in shown and children.get(key) else ""
            more = " …" if graph.nodes[key].truncated and not mark else ""
            yield " ".join(
                part for part in (f"{before}{branch}{_text(key, role, labels)}{more}", mark) if part
            )
            if not mark:
                shown.add(key)
                path.append(key)
                waiting += reversed(list(_below(before, branch, children.get(key, []))))


def _children(edges: Iterator[Edge], direction: Direction) -> Children:
    """Return the children of each node in the direction of the tree, with their roles."""
    back = direction is Direction.BACK
    children: defaultdict[Key, list[tuple[str, Key]]] = defaultdict(list)
    for relation, subject, object_, role in edges:
        upward = relation in {"wasAssociatedWith", "wasAttributedTo"}
        start, end = (subject, object_) if back or upward else (object_, subject)
        children[start].append((role or "", end))
    for found in children.values():
        found.sort()
    return children


def _below(before: str, branch: str, children: list[tuple[str, Key]]) -> Iterator[tuple[str, str, str, Key]]:
    inner = before + {"": "", "├─ ": "│  ", "└─ ": "   "}[branch]
    for number, (role, key) in enumerate(children, 1):
        yield inner, "└─ " if number == len(children) else "├─ ", role, key


def _depth(before: str, branch: str) -> int:
    """Return the depth of a line, from its indentation of three characters for each level."""
    return (len(before) + len(branch)) // 3


def _text(key: Key, role: str, labels: Labels) -> str:
    label = labels.label(key).replace("\n", " ")
    return " ".join(part for part in (f"[{role}]" if role else "", label, f"<{key.id}>") if part)
